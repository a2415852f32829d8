/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare action3d: videos told apart by their motion, with batch normalisation from primitives and
 * with the layer, step by step the same; what becomes of it when the primitives' averages are never
 * updated; and what is left when motion is taken away.
 */
#include "array/shape.h"
#include "base/status.h"
#include "cli/say.h"
#include "data/frames.h"
#include "study/network.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* clang-format off */
#define TARE_ACTION3D_STUDY_FIELDS(field)                                                         \
    field(text, data, "moving", "data set or .npz of videos 8 x 16 x 16 of up to 4 classes")      \
    field(integer, videos, 4096, "to train on; 0: all there are")                                 \
    field(integer, test_videos, 1024, "held out; 0: all there are")                               \
    field(integer, steps, 20, "steps that both forms of batch normalisation are compared over")
/* clang-format on */
TARE_OPTIONS(action3d_study_options, TARE_ACTION3D_STUDY_FIELDS);
#define TARE_TABLE_STRUCT action3d_study_options
TARE_OPTION_TABLE(static, own_table, TARE_ACTION3D_STUDY_FIELDS);

#define CLASSES 4

enum { TRAINING_LOSS, TEST_LOSS, ACCURACY, SPEED, COLUMNS };
static const tare_study_column columns[COLUMNS + 1] = {
    [TRAINING_LOSS] = {"training_loss", "training loss"},
    [TEST_LOSS] = {"test_loss", "test loss"},
    [ACCURACY] = {"test_accuracy", "accuracy"},
    [SPEED] = {"videos_per_second", NULL}};

typedef struct variant {
    const char *name, *settings;
    const char *begin; /* settings of the form whose first weights it gets; NULL: its own */
    bool motionless;
    bool reordered; /* its videos' frames are, as order says */
    tare_frames_order order;
} variant;

/* Other orders of frames in training and in the test. */
enum { TRAINING_SEED, TEST_SEED };

typedef struct job {
    tare_study study;
    action3d_study_options options;
    tare_study_data data;
} job;

/* -------------------------------------------------------------------------------- one variant */

static tare_status add_row(job *j, const variant *v, const tare_workshop *workshop,
                           const tare_study_data *data, const tare_fit_result *result) {
    double values[COLUMNS];
    TARE_TRY(tare_study_measure(&j->study, workshop, data->test, false, &values[TEST_LOSS],
                                &values[ACCURACY]));
    /* Last: to compute anything in training mode moves the averages of what is made by hand. */
    TARE_TRY(tare_study_training_loss(&j->study, workshop, data, &values[TRAINING_LOSS]));
    values[SPEED] = result->seconds > 0 ? (double)result->images / result->seconds : (double)NAN;
    return tare_study_row_add(&j->study, v->name, values);
}

/* Numbers of averages that were made by hand. */
typedef struct averages {
    int64_t all, zero; /* zero: still exactly as they began */
} averages;

static tare_status count_averages(job *j, const tare_workshop *workshop, averages *found) {
    const tare_graph *graph = workshop->graph;
    const size_t count = tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t i = 0; i < count; i++) {
        const char *name =
            tare_tensor_name(tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, i));
        tare_array *value = NULL;
        if (strstr(name, "/ExponentialMovingAverage") == NULL) continue;
        if (tare_session_get(workshop->session, name, &value) != TARE_OK)
            return tare_study_session_failed(&j->study, workshop->session);
        found->all += tare_array_count(value);
        for (int64_t k = 0; k < tare_array_count(value); k++)
            found->zero += tare_array_number(value, k) == 0;
        tare_array_free(value);
    }
    return TARE_OK;
}

/* What training in the mode of training does not show: averages that nothing ever moved. */
static tare_status find_averages(job *j, const variant *v, const averages *found) {
    const double *values = j->study.rows.items[j->study.rows.count - 1].values;
    char training[TARE_NUMBER_TEXT], test[TARE_NUMBER_TEXT];
    if (found->all == 0 || found->zero < found->all) return TARE_OK;
    return tare_study_find(&j->study, v->name, "never-updated",
                           "after training all %" PRId64 " averages are exactly 0: nothing that "
                           "was run needs their update. Loss %s by the batch's statistics, %s held "
                           "out by these. Cure: a control dependency of the moments on the update, "
                           "as in by-hand",
                           found->all, tare_study_number(training, values[TRAINING_LOSS]),
                           tare_study_number(test, values[TEST_LOSS]));
}

/* The share of the most frequent class. */
static double chance(const tare_dataset *examples) {
    int64_t counts[CLASSES] = {0}, most = 0;
    const int64_t count = tare_dataset_count(examples);
    for (int64_t i = 0; i < count; i++) {
        const int64_t of_class = ++counts[tare_dataset_label(examples, i)];
        if (of_class > most) most = of_class;
    }
    return (double)most / (double)count;
}

static tare_status find_chance(job *j, const variant *v, const tare_study_data *data) {
    const double accuracy = j->study.rows.items[j->study.rows.count - 1].values[ACCURACY];
    const double by_chance = chance(data->test);
    const bool told = accuracy > by_chance + tare_study_noise(data->test, by_chance);
    char right[TARE_NUMBER_TEXT], most[TARE_NUMBER_TEXT];
    return tare_study_find(&j->study, v->name, told ? "without-motion" : "at-chance",
                           "without motion %s of the videos held out are told right, the most "
                           "frequent class has %s of them",
                           tare_study_number(right, accuracy), tare_study_number(most, by_chance));
}

static tare_status train_in(job *j, const variant *v, const tare_study_data *data,
                            tare_workshop *workshop) {
    tare_fit_result result;
    TARE_TRY(tare_study_open(&j->study, "action3d", v->settings, data, workshop));
    if (v->begin != NULL) TARE_TRY(tare_study_begin_as(&j->study, v->begin, data, workshop));
    TARE_TRY(tare_study_train(&j->study, v->name, workshop, data, &result));
    if (j->study.stopped) return TARE_OK;
    averages found = {0, 0};
    TARE_TRY(count_averages(j, workshop, &found)); /* first: to measure may move them */
    TARE_TRY(add_row(j, v, workshop, data, &result));
    TARE_TRY(find_averages(j, v, &found));
    return v->motionless ? find_chance(j, v, data) : TARE_OK;
}

static tare_status train(job *j, const variant *v, const tare_study_data *data) {
    tare_workshop workshop = {.name = NULL};
    const tare_status status = train_in(j, v, data, &workshop);
    tare_workshop_end(&workshop);
    return status;
}

static tare_status run_variant(job *j, const variant *v) {
    if (!v->reordered) return train(j, v, &j->data);
    tare_study_data data = {.name = v->name};
    tare_error *error = &j->study.error;
    tare_status status =
        tare_frames_reorder(j->data.training, v->order, TRAINING_SEED, &data.training, error);
    if (status == TARE_OK)
        status = tare_frames_reorder(j->data.test, v->order, TEST_SEED, &data.test, error);
    if (status == TARE_OK) status = train(j, v, &data);
    tare_study_data_end(&data);
    return status;
}

/* --------------------------------------------------------------------- primitives and layer */

#define COMPARED_SETTINGS                                                                          \
    "double_precision=true,optimizer=sgd,schedule=constant,learning_rate=0.005"
#define COMPARED_BATCH 2
#define AGREEMENT      1e-5 /* relative */
#define AGREEMENT_TEXT "1e-05"
#define PAIR           "by-hand and layer"

typedef struct pair {
    tare_workshop sides[2]; /* from primitives, and with the layer */
    tare_array *yes;
    double loss, logits; /* greatest differences found, of the greatest size */
} pair;

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
            return tare_study_session_failed(&j->study, side->session);
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
            return tare_study_session_failed(&j->study, side->session);
    }
    p->logits = difference(logits[0], logits[1]);
    return TARE_OK;
}

static tare_status compare_steps(job *j, pair *p) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = COMPARED_BATCH;
    tare_batches *batches = NULL;
    tare_batch batch;
    TARE_TRY(tare_batches_new_with(j->data.training, &options, &batches, &j->study.error));
    const int64_t count = tare_batches_count(batches);
    tare_status status = TARE_OK;
    for (int64_t i = 0; status == TARE_OK && i < j->options.steps; i++) {
        status = tare_batches_get(batches, i / count, i % count, &batch);
        if (status == TARE_OK) status = step(j, p, &batch);
    }
    if (status == TARE_OK) status = infer(j, p, &batch);
    tare_batches_free(batches);
    return status;
}

/*
 * By plain gradient descent: Adam's first steps are as long as the rate whatever the gradient, so
 * that the last bit of one near 0 would decide the sign of a whole step. In double precision, for
 * in single precision rounding puts, in every other run, the input of one relu of millions on the
 * other side of 0, and from there on the two go ways of their own, as any two runs that are rounded
 * differently do. In small batches, since that is slow.
 */
static tare_status open_pair(job *j, pair *p) {
    p->yes = tare_array_bool(true);
    if (p->yes == NULL) return tare_fail_memory(&j->study.error);
    TARE_TRY(tare_study_open(&j->study, "action3d", "norm=by-hand," COMPARED_SETTINGS, &j->data,
                             &p->sides[0]));
    TARE_TRY(tare_study_open(&j->study, "action3d", "norm=layer," COMPARED_SETTINGS, &j->data,
                             &p->sides[1]));
    return tare_study_copy_weights(&j->study, &p->sides[0], &p->sides[1]);
}

static tare_status find_same(job *j, const pair *p) {
    char loss[TARE_NUMBER_TEXT], logits[TARE_NUMBER_TEXT];
    const bool same = p->loss <= AGREEMENT && p->logits <= AGREEMENT; /* NaN: no */
    if (same)
        return tare_study_find(&j->study, PAIR, "same-numbers",
                               "from the same weights, %" PRId64 " steps of gradient descent on "
                               "the same videos, in double precision: all losses, and the logits "
                               "of inference after them, agree to " AGREEMENT_TEXT,
                               j->options.steps);
    return tare_study_find(&j->study, PAIR, "other-numbers",
                           "from the same weights, %" PRId64 " steps of gradient descent on the "
                           "same videos, in double precision: losses differ by up to %s of their "
                           "size, the logits of inference after them by %s",
                           j->options.steps, tare_study_number(loss, p->loss),
                           tare_study_number(logits, p->logits));
}

static tare_status compare(job *j) {
    pair p = {.yes = NULL};
    tare_status status = open_pair(j, &p);
    if (status == TARE_OK) status = compare_steps(j, &p);
    for (int i = 0; i < 2; i++) tare_workshop_end(&p.sides[i]);
    tare_array_free(p.yes);
    return status == TARE_OK ? find_same(j, &p) : status;
}

/* --------------------------------------------------------------------------------- the study */

#define BY_HAND "norm=by-hand,summaries=true"
static const variant variants[] = {
    {.name = "by-hand", .settings = BY_HAND},
    {.name = "layer", .settings = "norm=layer", .begin = BY_HAND},
    {.name = "no-updates", .settings = "norm=no-updates", .begin = BY_HAND},
    {"shuffled-frames", "norm=by-hand", NULL, true, true, TARE_FRAMES_SHUFFLED},
    {"one-frame", "norm=by-hand", NULL, true, true, TARE_FRAMES_ONE},
    {.name = "linear-mean-frame", .settings = "model=linear", .motionless = true},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

/* Frames, height and width must be where the network has them, a last axis of one channel may be
 * missing: as many numbers in another order would be another thing. */
static tare_status check_videos(job *j, const tare_dataset *videos, const char *what) {
    static const int64_t wanted[] = {8, 16, 16, 1};
    const tare_shape shape = tare_dataset_input_shape(videos);
    char got[TARE_SHAPE_TEXT + 64], text[TARE_SHAPE_TEXT];
    bool fits = shape.rank == 3 || shape.rank == 4;
    for (int i = 0; fits && i < shape.rank; i++) fits = shape.extents[i] == wanted[i];
    if (fits && tare_dataset_classes(videos) > 0) return TARE_OK;
    tare_print(got, sizeof got, "%s videos of shape %s%s", what, tare_shape_text(text, shape),
               tare_dataset_classes(videos) > 0 ? "" : " with targets instead of classes");
    return tare_fail_at(&j->study.error, TARE_ERROR_SHAPE, "action3d", j->data.name, got,
                        "[8, 16, 16] or [8, 16, 16, 1] (frames, height, width, channels) and a "
                        "class for each");
}

static tare_status run_all(job *j) {
    const tare_data_request request = {.data = j->options.data, .limit = j->options.videos};
    TARE_TRY(tare_study_load(&j->study, request, j->options.test_videos, &j->data));
    TARE_TRY(check_videos(j, j->data.training, "training"));
    TARE_TRY(check_videos(j, j->data.test, "test"));
    for (int i = 0; i < VARIANTS && !j->study.stopped; i++) TARE_TRY(run_variant(j, &variants[i]));
    return j->options.steps > 0 && !j->study.stopped ? compare(j) : TARE_OK;
}

static int check(const action3d_study_options *own) {
    if (own->videos < 0 || own->test_videos < 0 || own->steps < 0)
        return tare_say_misuse("--videos, --test-videos and --steps: need 0 or more");
    return -1;
}

static int run(int count, char **texts) {
    job j = {.data.name = NULL};
    own_table.set_defaults(&j.options);
    tare_study_begin(&j.study, &tare_command_action3d, columns);
    j.study.options.epochs = 6;
    j.study.options.batch = 32;
    j.study.options.learning_rate = 5e-3;
    const tare_option_group own = {"Options of this study", &own_table, &j.options, NULL};
    int status = tare_study_parse(&j.study, own, count, texts);
    if (status < 0) status = check(&j.options);
    if (status < 0) status = tare_study_end(&j.study, run_all(&j));
    tare_study_data_end(&j.data);
    return status;
}

const tare_command tare_command_action3d = {
    .name = "action3d",
    .summary = "study: videos by 3-D convolution, batch norm from primitives next to the layer",
    .usage = "[options]",
    .examples =
        "  tare action3d                                all of it, a minute or two\n"
        "  tare action3d --videos 1024 --epochs 2       smaller\n"
        "  tare action3d --save models --log runs       keep weights, and curves for TensorBoard\n"
        "  tare action3d --save models --resume         go on from there\n"
        "  tare train action3d --summaries --log runs   the network alone, all its variables "
        "shown\n",
    .run = run,
};
