/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare channelwise: batch normalisation by hand, channel by channel, next to slim's layer. Where
 * they agree; then one network normalised in right and wrong ways, and what is wrong with each.
 */
#include "study/channelwise.h"
#include "base/status.h"
#include "cli/say.h"

#include <math.h>
#include <tare/batch_norm.h>

#define NETWORK "channelwise"
#define SMALL   4 /* examples in a small batch */

/* clang-format off */
#define TARE_CHANNELWISE_STUDY_FIELDS(field)                                                      \
    field(text, data, NULL, "data set or .npz of 28 x 28 images; Fashion-MNIST where installed")  \
    field(integer, limit, 10000, "train on the first N examples only; 0: on all")                 \
    field(integer, test_limit, 2000, "test on the first N examples only; 0: on all")
/* clang-format on */
TARE_OPTIONS(own_options, TARE_CHANNELWISE_STUDY_FIELDS);
#define TARE_TABLE_STRUCT own_options
TARE_OPTION_TABLE(static, own_table, TARE_CHANNELWISE_STUDY_FIELDS);
#undef TARE_TABLE_STRUCT

static const tare_study_column columns[] = {{"training_loss", "training loss"},
                                            {"inference_loss", "same, inference"},
                                            {"test_loss", "test loss"},
                                            {"test_accuracy", "accuracy"},
                                            {"accuracy_alone", "one by one"},
                                            {"accuracy_sorted", "sorted"},
                                            {NULL, NULL}};

typedef struct job {
    tare_study study;
    own_options own;
    tare_comparison comparison;
    tare_channelwise_data data;
    tare_channelwise_measures reference[2]; /* of axes 0, 1, 2; in small batches */
} job;

/* ----------------------------------------------------------------------------------- variants */

/* What is trained, in this order: those with axes 0, 1, 2 before what is held against them. */
typedef struct plan {
    const char *name, *settings;
    bool small; /* in batches of SMALL, at a rate that goes with it */
} plan;
static const plan plans[] = {
    {"axes-0-1-2", "norm=axes-0-1-2", false},
    {"axes-0-1-2-batch-4", "norm=axes-0-1-2", true},
    {"axes-0", "norm=axes-0", false},
    {"axes-0-batch-4", "norm=axes-0", true},
    {"axes-1-2", "norm=axes-1-2", false},
    {"no-gamma-beta", "norm=no-gamma-beta", false},
    {"no-moving", "norm=no-moving", false},
    {"slim", "norm=slim", false},
    {"slim-no-updates", "norm=slim-no-updates", false},
    {"slim-same", "norm=slim-same", false},
    {"instance", "norm=instance", false},
    {"layer", "norm=layer", false},
    {"group", "norm=group", false},
};

/* Measures it, adds its row and what is learned. */
static tare_status report(job *j, tare_channelwise_variant *v, bool small) {
    TARE_TRY(tare_channelwise_measure(&j->study, v, &j->data));
    const tare_channelwise_measures *m = &v->found;
    if (v->norm == TARE_CHANNELWISE_AXES_0_1_2 && v->steps > 0) j->reference[small] = *m;
    const double values[] = {m->training_loss, m->inference_loss, m->test_loss,
                             m->accuracy,      m->alone,          m->sorted};
    TARE_TRY(tare_study_row_add(&j->study, v->name, values));
    return tare_channelwise_judge(&j->study, v, &j->reference[small]);
}

/* The weight of the old value in the averages of a way to normalise. */
static double momentum_of(const tare_workshop *workshop) {
    const tare_slim_batch_norm_options slim = {TARE_SLIM_BATCH_NORM_DEFAULTS};
    const tare_channelwise_options *options = workshop->options;
    const bool by_slim =
        options->norm == TARE_CHANNELWISE_SLIM || options->norm == TARE_CHANNELWISE_SLIM_NO_UPDATES;
    return by_slim ? slim.decay : options->momentum;
}

/* A network that is open, as a variant. */
static tare_channelwise_variant describe(const job *j, const char *name,
                                         const tare_workshop *workshop) {
    const tare_channelwise_options *options = workshop->options;
    return (tare_channelwise_variant){.name = name,
                                      .norm = options->norm,
                                      .batch = j->study.options.batch,
                                      .steps = options->steps,
                                      .momentum = momentum_of(workshop),
                                      .workshop = workshop};
}

/* Row and findings of a network whose statistics are estimated once, now. */
static tare_status report_calibrated(job *j, const char *name, const tare_workshop *workshop) {
    tare_channelwise_variant v = describe(j, name, workshop);
    v.steps = 0;
    TARE_TRY(tare_channelwise_calibrate(&j->study, workshop, j->data.all.training, v.momentum));
    return report(j, &v, false);
}

/* Weights that were trained without running statistics, in the network that has some. */
static tare_status give_statistics(job *j, const tare_workshop *trained) {
    tare_workshop other = {.name = NULL};
    tare_status status =
        tare_study_open(&j->study, NETWORK, "norm=axes-0-1-2,momentum=0.999", &j->data.all, &other);
    if (status == TARE_OK) status = tare_study_copy_weights(&j->study, trained, &other);
    if (status == TARE_OK) status = report_calibrated(j, "no-moving-calibrated", &other);
    tare_workshop_end(&other);
    return status;
}

static tare_status run_network(job *j, const plan *p, const tare_workshop *workshop) {
    tare_fit_result result;
    tare_channelwise_variant v = describe(j, p->name, workshop);
    TARE_TRY(tare_study_train(&j->study, p->name, workshop, &j->data.all, &result));
    if (j->study.stopped) return TARE_OK;
    TARE_TRY(report(j, &v, p->small));
    if (v.norm == TARE_CHANNELWISE_NO_MOVING) return give_statistics(j, workshop);
    if (v.norm == TARE_CHANNELWISE_SLIM_NO_UPDATES)
        return report_calibrated(j, "slim-calibrated", workshop);
    return TARE_OK;
}

static tare_status run_plan(job *j, const plan *p) {
    tare_workshop workshop = {.name = NULL};
    tare_status status = tare_study_open(&j->study, NETWORK, p->settings, &j->data.all, &workshop);
    if (status == TARE_OK) status = run_network(j, p, &workshop);
    tare_workshop_end(&workshop);
    return status;
}

/* Adam's rate goes with the root of the batch. */
static tare_status run_small(job *j, const plan *p) {
    const tare_study_options usual = j->study.options;
    j->study.options.batch = SMALL;
    j->study.options.learning_rate *= sqrt((double)SMALL / (double)usual.batch);
    const tare_status status = run_plan(j, p);
    j->study.options = usual;
    return status;
}

static tare_status run_all(job *j) {
    for (size_t i = 0; i < sizeof plans / sizeof *plans && !j->study.stopped; i++)
        TARE_TRY(plans[i].small ? run_small(j, &plans[i]) : run_plan(j, &plans[i]));
    return j->study.stopped ? TARE_OK : tare_channelwise_conclude(&j->study);
}

/* ---------------------------------------------------------------------------- the command */

static tare_status work(job *j) {
    j->study.before = (tare_study_part){.add_text = tare_comparison_add_text,
                                        .add_json = tare_comparison_add_json,
                                        .user = &j->comparison};
    TARE_TRY(tare_comparison_make(&j->comparison, &j->study.error));
    const tare_data_request request = {
        .data = j->own.data, .label = "label", .limit = j->own.limit};
    TARE_TRY(tare_study_load(&j->study, request, j->own.test_limit, &j->data.all));
    TARE_TRY(tare_channelwise_data_derive(&j->study, &j->data));
    return run_all(j);
}

static int run(int count, char **texts) {
    job j = {.own.data = NULL};
    own_table.set_defaults(&j.own);
    tare_study_begin(&j.study, &tare_command_channelwise, columns);
    j.study.options.epochs = 3;
    j.study.options.batch = 64;
    j.study.options.learning_rate = 5e-3;
    const tare_option_group own = {"Options of this study", &own_table, &j.own, NULL};
    int status = tare_study_parse(&j.study, own, count, texts);
    if (status >= 0) return status;
    if (j.own.limit < 0 || j.own.test_limit < 0)
        return tare_say_misuse("--limit and --test-limit: need 0 or more");
    status = tare_study_end(&j.study, work(&j));
    tare_channelwise_data_end(&j.data);
    return status;
}

const tare_command tare_command_channelwise = {
    .name = "channelwise",
    .summary = "study: batch norm by hand next to slim's, and why it trains or tests badly",
    .usage = "[options]",
    .examples =
        "  tare channelwise                                     a minute, on Fashion-MNIST\n"
        "  tare channelwise --data synthetic --limit 2000       without any file, faster\n"
        "  tare channelwise --save runs --log runs              keep weights and curves\n"
        "  tare train channelwise --norm axes-0                 one variant by itself\n",
    .run = run,
};
