/* SPDX-License-Identifier: Apache-2.0 */
/* The table of workloads, one line each, and what carries a workload out. */
#include "workload.h"

#include "batches.h"
#include "bn_alone.h"
#include "chain1x1.h"
#include "machine.h"
#include "quantised.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOSS_EVERY      1000 /* steps */
#define LONGEST_SETTING 100

static tare_status check_question(bench_work *work, tare_error *error);

/* Name, network and recipe, batch, modes, threads, microseconds?, same start?, batches. A step
 * of seed is too short to be shared among threads. */
/* clang-format off */
static const bench_workload workloads[] = {
    {"seed", "question", "default", QUESTION_BATCH, "train,infer", "1", true, true,
     bench_load_question, .check = check_question},
    {"mlp_bn", "mlp_bn", "d2l", 128, "train,infer", "1,2", false, false, bench_load_fashion_mnist, .check = NULL},
    {"lenet_bn", "lenet_bn", "d2l", 256, "train,infer,int8", "1,2", false, false, bench_load_fashion_mnist, .check = NULL},
    {"resnet20", "resnet20", "cifar", 128, "train,infer,int8", "1,2", false, false, bench_load_synthetic, .check = NULL},
    {"resnet20_batch1", "resnet20", "cifar", 1, "infer,int8", "1,2", false, false, bench_load_synthetic, .check = NULL},
    {"conv3d", "conv3d", "large", 8, "train", "1,2", false, false, bench_load_synthetic, .check = NULL},
    {"heatmap", "heatmap", "plain", 32, "train,infer", "1,2", false, false, bench_load_synthetic, .check = NULL},
    {"resnet50", "resnet50", "imagenet", 16, "train,infer,int8", "2", false, false, bench_load_synthetic, .check = NULL},
    {"resnet50_batch1", "resnet50", "imagenet", 1, "infer,int8", "2", false, false, bench_load_synthetic, .check = NULL},
    {"bn_alone", NULL, NULL, 32, "train", "1,2", false, false, bench_load_synthetic, .build = bench_build_bn_alone},
    {"bn_alone_small", NULL, NULL, 128, "train", "1,2", false, false, bench_load_synthetic, .build = bench_build_bn_alone},
    {"chain1x1", NULL, NULL, 32, "train", "1,2", false, false, bench_load_synthetic, .build = bench_build_chain1x1, .ours = true},
};
/* clang-format on */

const char *bench_workload_name(size_t i) {
    return i < sizeof workloads / sizeof *workloads ? workloads[i].name : NULL;
}

const bench_workload *bench_workload_named(const char *name) {
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        if (strcmp(workloads[i].name, name) == 0) return &workloads[i];
    return NULL;
}

/* ---------------------------------------------------------------------------------- the network */

static const tare_recipe *find_recipe(const bench_workload *workload) {
    const tare_recipe *recipe;
    for (size_t i = 0; (recipe = tare_zoo_recipe(workload->network, i)) != NULL; i++)
        if (strcmp(recipe->name, workload->recipe) == 0) return recipe;
    return NULL;
}

static bool has_option(const tare_option_table *table, const char *name) {
    for (const tare_option *option = table->options; option->name != NULL; option++)
        if (strcmp(option->name, name) == 0) return true;
    return false;
}

/* Sets those of the recipe's options that are the network's; the others are for fitting. */
static tare_status apply_recipe(const char *settings, const tare_option_table *table, void *options,
                                tare_error *error) {
    while (*settings != '\0') {
        const size_t length = strcspn(settings, ",");
        char text[LONGEST_SETTING];
        if (length >= sizeof text)
            return bench_fail(error, TARE_ERROR_FORMAT, "a setting of the recipe is too long: %s",
                              settings);
        memcpy(text, settings, length);
        text[length] = '\0';
        char *equals = strchr(text, '=');
        if (equals == NULL)
            return bench_fail(error, TARE_ERROR_FORMAT, "a recipe has settings a=1,b=2, not %s",
                              settings);
        *equals = '\0';
        if (has_option(table, text)) {
            const tare_status status = tare_option_parse(table, options, text, equals + 1, error);
            if (status != TARE_OK) return status;
        }
        settings += length + (settings[length] == ',');
    }
    return TARE_OK;
}

/* Without batch normalisation, where the network has that choice. */
static tare_status leave_out_bn(const char *name, const tare_option_table *table, void *options,
                                tare_error *error) {
    if (has_option(table, "batch_norm"))
        return tare_option_parse(table, options, "batch_norm", "false", error);
    return bench_fail(error, TARE_ERROR_NAME, "%s cannot do without batch normalisation", name);
}

static tare_status build_from_zoo(bench_work *work, bool no_bn, tare_error *error) {
    const char *name = work->workload->network;
    const tare_option_table *table = tare_zoo_option_table(name);
    const tare_recipe *recipe = find_recipe(work->workload);
    if (table == NULL || recipe == NULL)
        return bench_fail(error, TARE_ERROR_NAME, "the zoo has no network %s with a recipe %s",
                          name, work->workload->recipe);
    void *options = malloc(table->size);
    if (options == NULL) return bench_fail_memory(error);
    table->set_defaults(options);
    tare_status status = apply_recipe(recipe->settings, table, options, error);
    if (status == TARE_OK && no_bn) status = leave_out_bn(name, table, options, error);
    if (status == TARE_OK)
        status = tare_zoo_build(work->graph, name, options, &work->network, error);
    free(options);
    return status;
}

static tare_status build(bench_work *work, bool no_bn, tare_error *error) {
    const bench_workload *workload = work->workload;
    work->graph = tare_graph_new();
    if (work->graph == NULL) return bench_fail_memory(error);
    tare_graph_set_seed(work->graph, 1);
    work->network.struct_size = sizeof work->network;
    return workload->build == NULL ? build_from_zoo(work, no_bn, error)
                                   : workload->build(work, no_bn, error);
}

static tare_status open_session(bench_work *work, int64_t threads, tare_error *error) {
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.threads = threads;
    const tare_status status = tare_session_new_with(work->graph, &options, &work->session, error);
    if (status != TARE_OK) return status;
    if (tare_session_initialize(work->session) == TARE_OK) return TARE_OK;
    *error = *tare_session_error(work->session);
    return error->status;
}

static tare_status make_results(bench_work *work, tare_error *error) {
    tare_shape output = tare_tensor_shape(work->network.logits);
    output.extents[0] = work->batch;
    work->yes = tare_array_bool(true);
    work->loss = tare_array_float(0);
    if (work->yes == NULL || work->loss == NULL ||
        (!work->training && tare_array_new(TARE_FLOAT32, output, NULL, &work->output) != TARE_OK))
        return bench_fail_memory(error);
    return TARE_OK;
}

tare_status bench_work_begin(bench_work *work, const bench_workload *workload,
                             const bench_setup *setup, tare_error *error) {
    work->workload = workload;
    work->training = setup->training;
    work->int8 = setup->int8;
    work->loss_at_1000 = NAN;
    work->batch = setup->batch > 0 ? setup->batch : workload->batch;
    tare_status status = build(work, setup->no_bn, error);
    const double begin = bench_seconds();
    if (status == TARE_OK) status = workload->load(work, setup->folder, error);
    work->data_seconds = bench_seconds() - begin;
    if (status == TARE_OK) status = make_results(work, error);
    if (status == TARE_OK) status = open_session(work, setup->threads, error);
    if (status == TARE_OK && work->int8)
        status = bench_quantise(work, setup->threads, setup->model, error);
    return status;
}

void bench_work_end(bench_work *work) {
    tare_session_free(work->session);
    tare_graph_free(work->graph);
    for (int64_t i = 0; work->batches != NULL && i < work->batch_count; i++) {
        tare_array_free(work->batches[i].inputs);
        tare_array_free(work->batches[i].labels);
    }
    free(work->batches);
    tare_array_free(work->all_inputs);
    tare_array_free(work->all_labels);
    tare_array_free(work->yes);
    tare_array_free(work->loss);
    tare_array_free(work->output);
    free(work->losses);
    *work = (bench_work){.workload = NULL};
}

/* ---------------------------------------------------------------------------------------- steps */

tare_status bench_work_reserve(bench_work *work, int64_t count, tare_error *error) {
    const size_t capacity = work->loss_count + (size_t)(count / LOSS_EVERY) + 2;
    if (capacity <= work->loss_capacity) return TARE_OK;
    bench_loss *losses = realloc(work->losses, capacity * sizeof *losses);
    if (losses == NULL) return bench_fail_memory(error);
    work->losses = losses;
    work->loss_capacity = capacity;
    return TARE_OK;
}

static const bench_batch *next_batch(bench_work *work) {
    return &work->batches[work->steps++ % work->batch_count];
}

static tare_status train(bench_work *work, int64_t count) {
    const tare_network *network = &work->network;
    tare_feed feeds[] = {
        {network->inputs, NULL}, {network->labels, NULL}, {network->training, work->yes}};
    const tare_tensor fetches[] = {network->train, network->loss};
    tare_array *results[] = {NULL, work->loss};
    for (int64_t i = 0; i < count; i++) {
        const bench_batch *batch = next_batch(work);
        const bool look = work->steps % LOSS_EVERY == 0 || i + 1 == count;
        feeds[0].array = batch->inputs;
        feeds[1].array = batch->labels;
        const tare_status status =
            tare_session_run(work->session, feeds, 3, fetches, look ? 2 : 1, results);
        if (status != TARE_OK) return status;
        if (look && work->loss_count < work->loss_capacity)
            work->losses[work->loss_count++] =
                (bench_loss){work->steps, (float)tare_array_number(work->loss, 0)};
    }
    return TARE_OK;
}

static tare_status infer(bench_work *work, int64_t count) {
    tare_feed feeds[] = {{work->network.inputs, NULL}};
    const tare_tensor fetches[] = {work->network.logits};
    tare_array *results[] = {work->output};
    for (int64_t i = 0; i < count; i++) {
        feeds[0].array = next_batch(work)->inputs;
        const tare_status status = tare_session_run(work->session, feeds, 1, fetches, 1, results);
        if (status != TARE_OK) return status;
    }
    return TARE_OK;
}

tare_status bench_work_run(bench_work *work, int64_t count, tare_error *error) {
    const tare_status status = work->training ? train(work, count) : infer(work, count);
    if (status != TARE_OK) *error = *tare_session_error(work->session);
    return status;
}

/* ------------------------------------------------------------------------------------- checking */

static tare_status check_finite(const bench_work *work, tare_error *error) {
    for (size_t i = 0; i < work->loss_count; i++)
        if (!isfinite(work->losses[i].value))
            return bench_fail(error, TARE_ERROR_STATE, "the loss of step %lld is not finite",
                              (long long)work->losses[i].step);
    for (int64_t i = 0; i < tare_array_count(work->output); i++)
        if (!isfinite(tare_array_number(work->output, i)))
            return bench_fail(error, TARE_ERROR_STATE, "output %lld of step %lld is not finite",
                              (long long)i, (long long)work->steps);
    return TARE_OK;
}

/*
 * How far floats may stray from doubles, in parts of (size + .001). Over 20 million steps the loss
 * of this network in plain floats strayed .00006 from that in doubles.
 */
#define TOLERANCE 5e-4

static tare_status compare(const char *what, int64_t step, double got, double wanted,
                           tare_error *error) {
    if (fabs(got - wanted) <= TOLERANCE * (fabs(wanted) + 1e-3)) return TARE_OK;
    return bench_fail(error, TARE_ERROR_STATE,
                      "the %s of step %lld is %.9g; a plain computation gives %.9g", what,
                      (long long)step, got, wanted);
}

static const float *batch_numbers(const bench_work *work, const tare_array *all, int64_t step) {
    const float *numbers = tare_array_const_data(all);
    return numbers + (step % work->batch_count) * QUESTION_BATCH;
}

/* Brings the plain computation to where the session is. */
static tare_status check_question(bench_work *work, tare_error *error) {
    for (size_t i = 0; i < work->loss_count; i++) {
        double wanted = 0;
        for (; work->checked_steps < work->losses[i].step; work->checked_steps++)
            wanted = question_reference_train(
                &work->reference, batch_numbers(work, work->all_inputs, work->checked_steps),
                batch_numbers(work, work->all_labels, work->checked_steps));
        const tare_status status =
            compare("loss", work->losses[i].step, (double)work->losses[i].value, wanted, error);
        if (status != TARE_OK) return status;
    }
    if (work->training || work->steps == 0) return TARE_OK;
    const float *x = batch_numbers(work, work->all_inputs, work->steps - 1);
    for (int i = 0; i < QUESTION_BATCH; i++) {
        const tare_status status =
            compare("output", work->steps, tare_array_number(work->output, i),
                    question_reference_infer(&work->reference, x[i]), error);
        if (status != TARE_OK) return status;
    }
    return TARE_OK;
}

tare_status bench_work_check(bench_work *work, tare_error *error) {
    tare_status status = check_finite(work, error);
    if (status == TARE_OK && work->workload->check != NULL)
        status = work->workload->check(work, error);
    for (size_t i = 0; work->workload->same_start && i < work->loss_count; i++)
        if (work->losses[i].step == LOSS_EVERY) work->loss_at_1000 = (double)work->losses[i].value;
    work->loss_count = 0;
    return status;
}
