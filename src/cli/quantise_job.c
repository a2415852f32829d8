/* SPDX-License-Identifier: Apache-2.0 */
/* The work in hand of tare quantise: a model or a checkpoint opened, folded, pictured, let go. */
#include "base/memory.h"
#include "base/status.h"
#include "cli/quantise.h"
#include "cli/say.h"
#include "norm/weight_ranges.h"

static int open_checkpoint(tare_quantise_job *j) {
    if (tare_safetensors_open(j->path, &j->file, &j->error) != TARE_OK)
        return tare_say_error(&j->error);
    const int status =
        tare_workshop_recall(&j->workshop, j->file, j->path, j->options.network, &j->error);
    if (status >= 0) return status;
    if (tare_workshop_restore(&j->workshop, j->path, j->options.threads, &j->error) != TARE_OK)
        return tare_say_error(&j->error);
    return -1;
}

int tare_quantise_open(tare_quantise_job *j) {
    if (!tare_is_tflite(j->path)) return open_checkpoint(j);
    return tare_tflite_open(j->path, &j->model, &j->error) == TARE_OK ? -1
                                                                      : tare_say_error(&j->error);
}

tare_status tare_quantise_fold(tare_quantise_job *j) {
    if (j->model != NULL) return TARE_OK;
    return tare_folded_model(&j->workshop, &j->folding, &j->model, &j->error);
}

void tare_quantise_end(tare_quantise_job *j) {
    const size_t bytes = (j->count + 1) * sizeof *j->ranges;
    if (j->ranges != NULL) tare_release(NULL, j->ranges, bytes);
    if (j->seen != NULL) tare_release(NULL, j->seen, bytes);
    tare_tflite_close(j->model);
    tare_tflite_close(j->quantised);
    tare_folding_free(j->folding);
    tare_workshop_end(&j->workshop);
    tare_dataset_free(j->examples);
    tare_safetensors_close(j->file);
}

tare_status tare_quantise_plot(tare_quantise_job *j) {
    tare_weight_ranges ranges = {.count = 0};
    const char *name = j->file != NULL ? j->workshop.name : j->path;
    if (j->options.plot == NULL) return TARE_OK;
    tare_status status = tare_weight_ranges_find(&ranges, j->model, j->folding, &j->error);
    if (status == TARE_OK)
        status = tare_weight_ranges_save(&ranges, name, j->options.plot, &j->error);
    tare_weight_ranges_end(&ranges);
    return status;
}
