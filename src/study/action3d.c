/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare action3d: videos told apart by their motion, with batch normalisation from primitives and
 * with the layer, step by step the same; and what is left when motion is taken away.
 */
#include "array/array.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "cli/say.h"
#include "study/network.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* clang-format off */
#define TARE_ACTION3D_STUDY_FIELDS(field)                                                         \
    field(integer, videos, 4096, "to train on")                                                   \
    field(integer, test_videos, 1024, "held out")                                                 \
    field(integer, steps, 20, "steps that both forms of batch normalisation are compared over")
/* clang-format on */
TARE_OPTIONS(own_options, TARE_ACTION3D_STUDY_FIELDS);
#define TARE_TABLE_STRUCT own_options
TARE_OPTION_TABLE(static, own_table, TARE_ACTION3D_STUDY_FIELDS);

enum { FRAMES = 8, PIXELS = 16 * 16 };

static const tare_study_column columns[] = {{"training_loss", "training loss"},
                                            {"test_loss", "test loss"},
                                            {"test_accuracy", "accuracy"},
                                            {"images_per_second", "videos/s"},
                                            {NULL, NULL}};

/* The order of a video's frames; numbers: FRAMES random ones in [0, 1). */
typedef void (*reorder)(const double *numbers, int order[FRAMES]);

typedef struct variant {
    const char *name, *settings;
    reorder frames; /* NULL: as they are */
} variant;

typedef struct job {
    tare_study study;
    own_options own;
    tare_study_data data;
} job;

/* --------------------------------------------------------------------- videos without motion */

static void shuffle(const double *numbers, int order[FRAMES]) {
    for (int i = 0; i < FRAMES; i++) order[i] = i;
    for (int i = FRAMES - 1; i > 0; i--) {
        const int other = (int)(numbers[i] * (i + 1)), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

static void freeze(const double *numbers, int order[FRAMES]) {
    const int one = (int)(numbers[0] * FRAMES);
    for (int i = 0; i < FRAMES; i++) order[i] = one;
}

static void move_frames(const tare_batch *from, reorder frames, bool test, float *to) {
    const tare_random random = {.key = tare_random_key(0, 0), .stream = test};
    const float *videos = tare_array_const_data(from->inputs);
    for (int64_t i = 0; i < from->count; i++) {
        double numbers[FRAMES];
        int order[FRAMES];
        tare_random_fill_uniform(&random, i * FRAMES, FRAMES, 0, 1, numbers);
        frames(numbers, order);
        for (int t = 0; t < FRAMES; t++)
            memcpy(to + (i * FRAMES + t) * PIXELS, videos + (i * FRAMES + order[t]) * PIXELS,
                   PIXELS * sizeof *to);
    }
}

/* The same videos with their frames in another order. */
static tare_status reordered(job *j, const tare_dataset *from, reorder frames, bool test,
                             tare_dataset **to) {
    tare_batches_options whole = {TARE_BATCHES_DEFAULTS};
    tare_batches *batches = NULL;
    tare_batch batch;
    tare_array *inputs = NULL;
    whole.batch = tare_dataset_count(from);
    whole.shuffle = false;
    tare_status status = tare_batches_new_with(from, &whole, &batches, &j->study.error);
    if (status == TARE_OK) status = tare_batches_get(batches, 0, 0, &batch);
    if (status == TARE_OK &&
        tare_array_new(TARE_FLOAT32, batch.inputs->shape, NULL, &inputs) != TARE_OK)
        status = tare_fail_memory(&j->study.error);
    if (status == TARE_OK) {
        move_frames(&batch, frames, test, inputs->data);
        status = tare_dataset_new(inputs, batch.labels, to, &j->study.error);
    }
    tare_array_free(inputs);
    tare_batches_free(batches);
    return status;
}

/* -------------------------------------------------------------------------------- one variant */

static tare_status add_row(job *j, const variant *v, const tare_workshop *workshop,
                           const tare_study_data *data, const tare_fit_result *result) {
    tare_evaluate_options options = {TARE_EVALUATE_DEFAULTS};
    tare_evaluation found = {.struct_size = sizeof found};
    TARE_TRY(tare_evaluate_with(workshop->session, &workshop->network, data->test, &options, &found,
                                &j->study.error));
    const double values[] = {result->loss, found.loss, (double)found.correct / (double)found.count,
                             result->seconds > 0 ? (double)result->images / result->seconds
                                                 : (double)NAN};
    return tare_study_row_add(&j->study, v->name, values);
}

static tare_status train(job *j, const variant *v, const tare_study_data *data) {
    tare_workshop workshop = {.name = NULL};
    tare_fit_result result;
    tare_status status = tare_study_open(&j->study, "action3d", v->settings, data, &workshop);
    if (status == TARE_OK) status = tare_study_train(&j->study, v->name, &workshop, data, &result);
    if (status == TARE_OK && !j->study.stopped) status = add_row(j, v, &workshop, data, &result);
    tare_workshop_end(&workshop);
    return status;
}

static tare_status run_variant(job *j, const variant *v) {
    if (v->frames == NULL) return train(j, v, &j->data);
    tare_study_data data = {.name = v->name};
    tare_status status = reordered(j, j->data.training, v->frames, false, &data.training);
    if (status == TARE_OK) status = reordered(j, j->data.test, v->frames, true, &data.test);
    if (status == TARE_OK) status = train(j, v, &data);
    tare_study_data_end(&data);
    return status;
}

/* --------------------------------------------------------------------- primitives and layer */

typedef struct pair {
    tare_workshop sides[2]; /* from primitives, and with the layer */
    tare_array *yes;
    double loss, logits; /* greatest differences found, of the greatest size */
} pair;

static tare_status fail(job *j, const tare_workshop *side) {
    j->study.error = *tare_session_error(side->session);
    return j->study.error.status;
}

/* Gives the second the first one's weights: what is trained stands in the same order in both. */
static tare_status copy_weights(job *j, const pair *p) {
    const tare_graph *from = p->sides[0].graph, *to = p->sides[1].graph; /* weights: same names */
    const size_t count = tare_collection_count(from, TARE_TRAINABLE_VARIABLES, NULL);
    for (size_t i = 0; i < count; i++) {
        const char *name =
            tare_tensor_name(tare_collection_item(from, TARE_TRAINABLE_VARIABLES, NULL, i));
        const bool first = tare_tensor_is_valid(tare_tensor_named(to, name)); /* of a norm: no */
        tare_array *value = NULL;
        if (!first) continue;
        if (tare_session_get(p->sides[0].session, name, &value) != TARE_OK)
            return fail(j, &p->sides[0]);
        const tare_status status = tare_session_set(p->sides[1].session, name, value);
        tare_array_free(value);
        if (status != TARE_OK) return fail(j, &p->sides[1]);
    }
    return TARE_OK;
}

/* The greatest difference of two arrays over the greatest size of the first. */
static double difference(const tare_array *a, const tare_array *b) {
    double most = 0, size = 0;
    for (int64_t i = 0; i < tare_array_count(a); i++) {
        most = fmax(most, fabs(tare_array_number(a, i) - tare_array_number(b, i)));
        size = fmax(size, fabs(tare_array_number(a, i)));
    }
    return size > 0 ? most / size : most;
}

/* One step of both on the same batch. */
static tare_status step(job *j, pair *p, const tare_batch *batch) {
    tare_array *losses[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
        const tare_workshop *side = &p->sides[i];
        const tare_network *n = &side->network;
        tare_array *results[] = {NULL, NULL};
        if (tare_session_run(side->session,
                             TARE_FEEDS({n->inputs, batch->inputs}, {n->labels, batch->labels},
                                        {n->training, p->yes}),
                             TARE_FETCHES(n->loss, n->train), results) != TARE_OK)
            return fail(j, side);
        losses[i] = results[0];
    }
    p->loss = fmax(p->loss, difference(losses[0], losses[1]));
    return TARE_OK;
}

/* Inference of both on the same batch. */
static tare_status infer(job *j, pair *p, const tare_batch *batch) {
    tare_array *logits[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
        const tare_workshop *side = &p->sides[i];
        if (tare_session_run(side->session, TARE_FEEDS({side->network.inputs, batch->inputs}),
                             TARE_FETCHES(side->network.logits), &logits[i]) != TARE_OK)
            return fail(j, side);
    }
    p->logits = difference(logits[0], logits[1]);
    return TARE_OK;
}

static tare_status compare_steps(job *j, pair *p) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = j->study.options.batch;
    tare_batches *batches = NULL;
    tare_batch batch;
    TARE_TRY(tare_batches_new_with(j->data.training, &options, &batches, &j->study.error));
    const int64_t count = tare_batches_count(batches);
    tare_status status = TARE_OK;
    for (int64_t i = 0; status == TARE_OK && i < j->own.steps; i++) {
        status = tare_batches_get(batches, i / count, i % count, &batch);
        if (status == TARE_OK) status = step(j, p, &batch);
    }
    if (status == TARE_OK) status = infer(j, p, &batch);
    tare_batches_free(batches);
    return status;
}

/* By plain gradient descent at a small rate: Adam's first steps are as long as the rate whatever
 * the gradient, so the last bit of one near 0 would decide the sign of a whole step. */
static tare_status open_pair(job *j, pair *p) {
    p->yes = tare_array_bool(true);
    if (p->yes == NULL) return tare_fail_memory(&j->study.error);
    TARE_TRY(tare_study_open(&j->study, "action3d",
                             "norm=by-hand,optimizer=sgd,schedule=constant,learning_rate=0.005",
                             &j->data, &p->sides[0]));
    TARE_TRY(tare_study_open(&j->study, "action3d",
                             "norm=layer,optimizer=sgd,schedule=constant,learning_rate=0.005",
                             &j->data, &p->sides[1]));
    return copy_weights(j, p);
}

static tare_status compare(job *j) {
    pair p = {.yes = NULL};
    char loss[TARE_NUMBER_TEXT], logits[TARE_NUMBER_TEXT];
    tare_status status = open_pair(j, &p);
    if (status == TARE_OK) status = compare_steps(j, &p);
    for (int i = 0; i < 2; i++) tare_workshop_end(&p.sides[i]);
    tare_array_free(p.yes);
    TARE_TRY(status);
    return tare_study_find(
        &j->study, "by-hand and layer", "same-numbers",
        "from the same weights, %" PRId64 " steps of gradient descent on the same batches: the "
        "losses differ by at most %s of their size, the logits of inference "
        "after them by %s",
        j->own.steps, tare_study_number(loss, p.loss), tare_study_number(logits, p.logits));
}

/* --------------------------------------------------------------------------------- the study */

static const variant variants[] = {
    {"by-hand", "norm=by-hand", NULL},
    {"layer", "norm=layer", NULL},
    {"shuffled-frames", "norm=by-hand", shuffle},
    {"one-frame", "norm=by-hand", freeze},
    {"linear-mean-frame", "model=linear", NULL},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static tare_status run_all(job *j) {
    const tare_data_request request = {.data = "moving", .limit = j->own.videos};
    TARE_TRY(tare_study_load(&j->study, request, j->own.test_videos, &j->data));
    for (int i = 0; i < VARIANTS && !j->study.stopped; i++) TARE_TRY(run_variant(j, &variants[i]));
    return j->own.steps > 0 && !j->study.stopped ? compare(j) : TARE_OK;
}

static int check(const own_options *own) {
    if (own->videos < 1 || own->test_videos < 1)
        return tare_say_misuse("--videos and --test-videos: need 1 or more");
    if (own->steps < 0) return tare_say_misuse("--steps: needs 0 or more");
    return -1;
}

static int run(int count, char **texts) {
    job j = {.data.name = NULL};
    own_table.set_defaults(&j.own);
    tare_study_begin(&j.study, &tare_command_action3d, columns);
    j.study.options.epochs = 6;
    j.study.options.batch = 32;
    j.study.options.learning_rate = 5e-3;
    const tare_option_group own = {"Options of this study", &own_table, &j.own, NULL};
    int status = tare_study_parse(&j.study, own, count, texts);
    if (status < 0) status = check(&j.own);
    if (status < 0) status = tare_study_end(&j.study, run_all(&j));
    tare_study_data_end(&j.data);
    return status;
}

const tare_command tare_command_action3d = {
    .name = "action3d",
    .summary = "study: videos by 3-D convolution, batch norm from primitives next to the layer",
    .usage = "[options]",
    .examples =
        "  tare action3d                                all of it, two minutes\n"
        "  tare action3d --videos 1024 --epochs 2       smaller\n"
        "  tare train action3d --summaries --log runs   the network alone, for TensorBoard\n",
    .run = run,
};
