/* SPDX-License-Identifier: Apache-2.0 */
/* A network of the zoo as a .tflite model, its batch normalisations folded. */
#include "cli/folded.h"
#include "base/status.h"

#include <string.h>

bool tare_is_tflite(const char *path) {
    const size_t length = strlen(path), tail = strlen(".tflite");
    return length >= tail && strcmp(path + length - tail, ".tflite") == 0;
}

static tare_status fold(tare_workshop *workshop, tare_folding **folding, tare_error *error) {
    if (workshop->quantised)
        TARE_TRY(tare_quantise_trained(workshop->session, &workshop->network, error));
    TARE_TRY(tare_fold(workshop->session, &workshop->network, NULL, folding, error, .examples = 0));
    const tare_folded_layer *layer;
    for (size_t i = 0; (layer = tare_folding_layer(*folding, i)) != NULL; i++)
        if (layer->product == NULL)
            return tare_fail(error, TARE_ERROR_UNSUPPORTED,
                             "batch normalisation '%s' cannot be folded, and .tflite has none: %s",
                             layer->name, layer->reason);
    return TARE_OK;
}

tare_status tare_folded_model(tare_workshop *workshop, tare_folding **folding, tare_tflite **model,
                              tare_error *error) {
    tare_folding *made = NULL;
    tare_status status = fold(workshop, &made, error);
    if (status == TARE_OK)
        status = tare_tflite_export(workshop->session, workshop->network.inputs,
                                    workshop->network.logits, model, error);
    if (folding != NULL)
        *folding = made;
    else
        tare_folding_free(made);
    return status;
}
