/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare fashion: MLP and LeNet on images of clothes, without batch normalisation, with the layer,
 * and with it written from scratch; one image predicted; batches of 2 to 256.
 */
#include "study/fashion.h"
#include "base/status.h"
#include "cli/say.h"

#include <inttypes.h>
#include <math.h>

#define TARE_TABLE_STRUCT tare_fashion_study_options
TARE_OPTION_TABLE(static, own_table, TARE_FASHION_STUDY_FIELDS);

typedef struct variant {
    const char *name, *settings;
    const char *begin; /* settings of the form whose first weights it gets; NULL: its own */
    tare_status (*find)(tare_fashion *f); /* beside the variant before; NULL: nothing */
} variant;

static const variant variants[] = {
    {"mlp", "model=mlp,norm=none", "model=mlp,norm=layer", NULL},
    {"mlp-bn", "model=mlp,norm=layer", NULL, tare_fashion_find_gain},
    {"mlp-bn-by-hand", "model=mlp,norm=by-hand", "model=mlp,norm=layer", tare_fashion_find_same},
    {"lenet", "model=lenet,norm=none", "model=lenet,norm=layer", NULL},
    {"lenet-bn", "model=lenet,norm=layer", NULL, tare_fashion_find_gain},
    {"lenet-bn-by-hand", "model=lenet,norm=by-hand", "model=lenet,norm=layer",
     tare_fashion_find_same},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static const tare_study_column columns[TARE_FASHION_COLUMNS + 1] = {
    [TARE_FASHION_TRAINING_LOSS] = {"training_loss", "training loss"},
    [TARE_FASHION_TEST_LOSS] = {"test_loss", "test loss"},
    [TARE_FASHION_ACCURACY] = {"test_accuracy", "accuracy"},
    [TARE_FASHION_TRAINING_MODE] = {"training_mode_accuracy", "in training mode"},
    [TARE_FASHION_BATCH] = {"batch", "batch"},
    [TARE_FASHION_SPEED] = {"images_per_second", NULL}};

/* -------------------------------------------------------------------------------- one variant */

static tare_status add_row(tare_fashion *f, const char *name, const tare_workshop *workshop,
                           const tare_fit_result *result) {
    tare_study *study = &f->study;
    double values[TARE_FASHION_COLUMNS] = {[TARE_FASHION_BATCH] = (double)study->options.batch};
    double loss_in_training_mode = 0;
    TARE_TRY(
        tare_study_training_loss(study, workshop, &f->data, &values[TARE_FASHION_TRAINING_LOSS]));
    TARE_TRY(tare_study_measure(study, workshop, f->data.test, false,
                                &values[TARE_FASHION_TEST_LOSS], &values[TARE_FASHION_ACCURACY]));
    TARE_TRY(tare_study_measure(study, workshop, f->data.test, true, &loss_in_training_mode,
                                &values[TARE_FASHION_TRAINING_MODE]));
    values[TARE_FASHION_SPEED] =
        result->seconds > 0 ? (double)result->images / result->seconds : (double)NAN;
    return tare_study_row_add(study, name, values);
}

static tare_status train(tare_fashion *f, const variant *v, tare_workshop *workshop) {
    tare_fit_result result;
    TARE_TRY(tare_study_open(&f->study, "fashion", v->settings, &f->data, workshop));
    if (v->begin != NULL) TARE_TRY(tare_study_begin_as(&f->study, v->begin, &f->data, workshop));
    TARE_TRY(tare_study_train(&f->study, v->name, workshop, &f->data, &result));
    return f->study.stopped ? TARE_OK : add_row(f, v->name, workshop, &result);
}

static tare_status run_variant(tare_fashion *f, const variant *v) {
    tare_workshop workshop = {.name = NULL};
    tare_status status = train(f, v, &workshop);
    const bool goes_on = status == TARE_OK && !f->study.stopped;
    if (goes_on) status = tare_fashion_find_image(f, v->name, &workshop);
    if (goes_on && status == TARE_OK && v->find != NULL) status = v->find(f);
    tare_workshop_end(&workshop);
    return status;
}

/* ----------------------------------------------------------------------------------- the sweep */

static const variant swept = {"lenet-bn", "model=lenet,norm=layer,momentum=0.9", NULL, NULL};
static const variant plain = {"lenet", "model=lenet,norm=none", "model=lenet,norm=layer", NULL};

static tare_status sweep_batch(tare_fashion *f, const variant *of, int64_t batch) {
    char name[48];
    variant v = *of;
    tare_workshop workshop = {.name = NULL};
    f->study.options.batch = batch;
    tare_print(name, sizeof name, "%s-batch-%" PRId64, of->name, batch);
    v.name = name;
    const tare_status status = train(f, &v, &workshop);
    tare_workshop_end(&workshop);
    return status;
}

static tare_status sweep_batches(tare_fashion *f) {
    int64_t batch = TARE_FASHION_LEAST_BATCH;
    TARE_TRY(sweep_batch(f, &plain, batch));
    for (; batch <= TARE_FASHION_MOST_BATCH && !f->study.stopped; batch *= 2)
        TARE_TRY(sweep_batch(f, &swept, batch));
    if (f->study.stopped) return TARE_OK;
    return tare_fashion_find_sweep(f, tare_dataset_count(f->data.training));
}

/* LeNet with the layer, in batches of 2 to 256, over the same examples, once; and without it in the
 * smallest batches, to tell what is batch normalisation's fault there. */
static tare_status sweep(tare_fashion *f) {
    const tare_study_options asked = f->study.options;
    tare_dataset *all = f->data.training, *part = NULL;
    const int64_t count = tare_dataset_count(all);
    TARE_TRY(tare_dataset_part(all, 0, f->options.sweep < count ? f->options.sweep : count, &part,
                               &f->study.error));
    f->data.training = part;
    f->study.options.epochs = 1;
    f->study.options.plot = NULL; /* its epochs are of other examples */
    const tare_status status = sweep_batches(f);
    f->study.options = asked;
    f->data.training = all;
    tare_dataset_free(part);
    return status;
}

/* --------------------------------------------------------------------------------- the study */

static tare_status check_data(tare_fashion *f) {
    char got[64], need[64];
    const int64_t count = tare_dataset_count(f->data.test);
    if (f->options.image < count) return TARE_OK;
    tare_print(got, sizeof got, "%" PRId64, f->options.image);
    tare_print(need, sizeof need, "a test image from 0 to %" PRId64, count - 1);
    return tare_fail_at(&f->study.error, TARE_ERROR_ARGUMENT, "fashion", "--image", got, need);
}

static tare_status run_all(tare_fashion *f) {
    const tare_data_request request = {
        .data = f->options.data, .label = "label", .limit = f->options.limit};
    TARE_TRY(tare_study_load(&f->study, request, f->options.test_limit, &f->data));
    TARE_TRY(check_data(f));
    for (int i = 0; i < VARIANTS && !f->study.stopped; i++) TARE_TRY(run_variant(f, &variants[i]));
    return f->options.sweep > 0 && !f->study.stopped ? sweep(f) : TARE_OK;
}

static int check(const tare_fashion_study_options *own) {
    if (own->limit < 0 || own->test_limit < 0 || own->sweep < 0 || own->image < 0)
        return tare_say_misuse("--limit, --test-limit, --image and --sweep: need 0 or more");
    return -1;
}

static int run(int count, char **texts) {
    tare_fashion f = {.data.name = NULL};
    own_table.set_defaults(&f.options);
    tare_study_begin(&f.study, &tare_command_fashion, columns);
    f.study.options.epochs = 3;
    f.study.options.batch = 128;
    f.study.options.learning_rate = 5e-3;
    const tare_option_group own = {"Options of this study", &own_table, &f.options, NULL};
    int status = tare_study_parse(&f.study, own, count, texts);
    if (status < 0) status = check(&f.options);
    if (status < 0) status = tare_study_end(&f.study, run_all(&f));
    tare_study_data_end(&f.data);
    return status;
}

const tare_command tare_command_fashion = {
    .name = "fashion",
    .summary = "study: MLP and LeNet without batch norm, with the layer, from scratch; batch sizes",
    .usage = "[options]",
    .examples = "  tare fashion                                 all of it, a minute or two\n"
                "  tare fashion --data synthetic --limit 4000   without any file, faster\n"
                "  tare fashion --image 7 --sweep 0             another image, no batch sizes\n"
                "  tare fashion --save models --resume          keeps checkpoints, goes on\n"
                "  tare fashion --plot curves.svg --log runs    learning curves, event files\n"
                "  tare train fashion --model mlp --norm by-hand\n"
                "                                               one variant by itself\n",
    .run = run,
};
