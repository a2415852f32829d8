/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of one fold. With scale = gamma / sqrt(variance + epsilon) and
 * shift = beta - mean scale, of kernel/normalisation:
 *
 *     product, layer     W' = W scale, b' = b scale + shift                   by the product's
 * output layer, product     W' = scale W, b' = b + sum over inputs and taps of shift W      by its
 * input
 *
 * Links between a product and the layer are affine maps as well, and join it:
 *
 *     (x v + u) scale + shift  =  x (v scale) + (u scale + shift)
 *
 * and so are those that follow it. They are left to multiply by 1 and to add 0, but for one that
 * adds the product's shift where it has no bias. The layer is left to do nothing: mean 0, variance
 * 1 - epsilon, gamma 1, beta 0, whose scale is 1 and whose shift is 0 to the bit. A product before
 * it without a bias leaves it the shift, as its beta or, where it has none, as its mean.
 */
#include "array/array.h"
#include "base/status.h"
#include "kernel/normalisation.h"
#include "norm/folding.h"
#include "op/batch_norm.h"

#include <math.h>

/* A variable and what it is to hold. */
typedef struct change {
    const tare_node *variable;
    tare_array *array;
} change;
enum { MOST_CHANGES = 6 + 2 * TARE_FOLD_MOST_LINKS };

/* The numbers as they are and as they will be; NULL where there is no such variable. */
typedef struct fold_arrays {
    const tare_array *mean, *variance, *gamma, *beta, *weights, *bias;
    const tare_array *links[TARE_FOLD_MOST_LINKS], *followers[TARE_FOLD_MOST_LINKS];
    tare_array *scale, *shift, *new_weights, *new_bias;
    double *sums; /* by output of a product after the layer */
    int64_t channels, outputs;
    double epsilon;
    change changes[MOST_CHANGES];
    int change_count;
} fold_arrays;

static const void *data_of(const tare_array *array) { return array ? array->data : NULL; }

/* One set of functions for each number type. */
#define FOLD(NUMBER, T)                                                                            \
    static void scale_and_shift_##T(const fold_arrays *n) {                                        \
        const tare_normalisation_##T by = {.mean = data_of(n->mean),                               \
                                           .variance = data_of(n->variance),                       \
                                           .gamma = data_of(n->gamma),                             \
                                           .beta = data_of(n->beta),                               \
                                           .epsilon = n->epsilon};                                 \
        tare_scale_and_shift_##T(n->channels, &by, n->scale->data, n->shift->data);                \
    }                                                                                              \
    static void fold_before_##T(const fold_arrays *n, const tare_product *form) {                  \
        tare_fold_weights_##T(n->weights->data, n->scale->data, &form->by_output,                  \
                              n->new_weights->data);                                               \
        tare_fold_bias_##T(data_of(n->bias), n->scale->data, n->shift->data, n->outputs,           \
                           n->new_bias->data);                                                     \
    }                                                                                              \
    static void fold_after_##T(const fold_arrays *n, const tare_product *form) {                   \
        const NUMBER *bias = data_of(n->bias);                                                     \
        NUMBER *sum = n->new_bias->data;                                                           \
        tare_fold_weights_##T(n->weights->data, n->scale->data, &form->by_input,                   \
                              n->new_weights->data);                                               \
        tare_fold_sums_##T(n->weights->data, n->shift->data, &form->by_input, &form->by_output,    \
                           n->sums);                                                               \
        for (int64_t i = 0; i < n->outputs; i++) sum[i] = (NUMBER)((double)bias[i] + n->sums[i]);  \
    }
FOLD(float, f32)
FOLD(double, f64)

typedef struct fold_functions {
    void (*scale_and_shift)(const fold_arrays *n);
    void (*fold[2])(const fold_arrays *n, const tare_product *form); /* layer after, layer before */
} fold_functions;
static const fold_functions narrow = {scale_and_shift_f32, {fold_before_f32, fold_after_f32}};
static const fold_functions wide = {scale_and_shift_f64, {fold_before_f64, fold_after_f64}};

/* ------------------------------------------------------------------------------------- variables
 */

static tare_status read_variable(tare_folding *f, const tare_node *variable,
                                 const tare_array **array) {
    const tare_session *session = f->session;
    *array = NULL;
    if (!variable) return TARE_OK;
    if (variable->id >= session->variables.count ||
        !session->variables.items[variable->id].initialized)
        return tare_fail_at(f->error, TARE_ERROR_UNINITIALIZED, "fold", variable->name,
                            "a variable without a value",
                            "tare_session_initialize or a checkpoint first");
    *array = session->variables.items[variable->id].array;
    return TARE_OK;
}

/* A variable will hold one number, or factor times an array's numbers. */
static tare_status plan_change(const tare_folding *f, fold_arrays *n, const tare_node *variable,
                               double number, const tare_array *numbers, double factor) {
    tare_array *array = NULL;
    if (!variable) return TARE_OK;
    if (tare_array_new(variable->outputs[0].dtype, variable->outputs[0].shape, &f->allocator,
                       &array) != TARE_OK)
        return tare_fail_memory(f->error);
    for (int64_t i = 0; i < array->count; i++)
        tare_array_set_number(array, i, numbers ? factor * tare_array_number(numbers, i) : number);
    n->changes[n->change_count++] = (change){variable, array};
    return TARE_OK;
}

/* All of a layer's changes are made, or none: the variables have their memory already. */
static tare_status make_changes(const tare_folding *f, const fold_arrays *n) {
    for (int i = 0; i < n->change_count; i++) {
        const change *c = &n->changes[i];
        const tare_status status = tare_session_set(f->session, c->variable->name, c->array);
        if (status == TARE_OK) continue;
        if (f->error) *f->error = *tare_session_error(f->session);
        return status;
    }
    return TARE_OK;
}

/* ----------------------------------------------------------------------------------- computing */

static tare_status read_all(tare_folding *f, const tare_fold_place *place, fold_arrays *n) {
    const tare_batch_norm_node_options *options = place->norm->options;
    n->epsilon = options->epsilon;
    TARE_TRY(read_variable(f, place->statistics.mean, &n->mean));
    TARE_TRY(read_variable(f, place->statistics.variance, &n->variance));
    TARE_TRY(read_variable(f, place->gamma, &n->gamma));
    TARE_TRY(read_variable(f, place->beta, &n->beta));
    TARE_TRY(read_variable(f, place->weights, &n->weights));
    TARE_TRY(read_variable(f, place->bias, &n->bias));
    for (int i = 0; i < place->link_count; i++)
        TARE_TRY(read_variable(f, place->links[i].variable, &n->links[i]));
    for (int i = 0; i < place->follower_count; i++)
        TARE_TRY(read_variable(f, place->followers[i].variable, &n->followers[i]));
    n->channels = n->variance->count;
    n->outputs = place->form.by_output.minor * place->form.by_output.major;
    return TARE_OK;
}

static bool make_arrays(const tare_folding *f, fold_arrays *n) {
    const tare_dtype dtype = n->weights->dtype;
    const tare_allocator *allocator = &f->allocator;
    n->sums = tare_arena_allocate_array(f->arena, n->outputs + 1, sizeof *n->sums);
    return n->sums &&
           tare_array_new(dtype, TARE_SHAPE(n->channels), allocator, &n->scale) == TARE_OK &&
           tare_array_new(dtype, TARE_SHAPE(n->channels), allocator, &n->shift) == TARE_OK &&
           tare_array_new(dtype, TARE_SHAPE(n->outputs), allocator, &n->new_bias) == TARE_OK &&
           tare_array_new(dtype, n->weights->shape, allocator, &n->new_weights) == TARE_OK;
}

static bool is_finite(const tare_array *array) {
    for (int64_t i = 0; i < array->count; i++)
        if (!isfinite(tare_array_number(array, i))) return false;
    return true;
}

/* ------------------------------------------------------------------------------------- together */

/* The map of the links, the layer behind them and its followers as one. */
static void join_links(const tare_fold_place *place, const fold_arrays *n) {
    for (int64_t c = 0; place->link_count + place->follower_count > 0 && c < n->channels; c++) {
        double scale = tare_array_number(n->scale, c), shift = tare_array_number(n->shift, c);
        for (int i = 0; i < place->link_count; i++) {
            const double number = tare_array_number(n->links[i], c);
            const tare_fold_deed deed = place->links[i].deed;
            if (deed == TARE_FOLD_MULTIPLY)
                scale *= number;
            else
                shift += (deed == TARE_FOLD_ADD ? scale : -scale) * number;
        }
        for (int i = 0; i < place->follower_count; i++) {
            const double number = tare_array_number(n->followers[i], c);
            const tare_fold_deed deed = place->followers[i].deed;
            scale *= deed == TARE_FOLD_MULTIPLY ? number : 1;
            shift *= deed == TARE_FOLD_MULTIPLY ? number : 1;
            if (deed != TARE_FOLD_MULTIPLY) shift += deed == TARE_FOLD_ADD ? number : -number;
        }
        tare_array_set_number(n->scale, c, scale);
        tare_array_set_number(n->shift, c, shift);
    }
}

/* The links will do nothing any more, but for the one that takes the shift. */
static tare_status plan_links(const tare_folding *f, const tare_fold_place *place, fold_arrays *n) {
    const tare_fold_link *taker = tare_fold_shift_link(place);
    for (int i = 0; i < place->link_count; i++) {
        const tare_fold_link *link = &place->links[i];
        const double sign = link->deed == TARE_FOLD_SUBTRACT ? -1 : 1;
        TARE_TRY(plan_change(f, n, link->variable, link->deed == TARE_FOLD_MULTIPLY,
                             link == taker ? n->new_bias : NULL, sign));
    }
    for (int i = 0; i < place->follower_count; i++)
        TARE_TRY(plan_change(f, n, place->followers[i].variable,
                             place->followers[i].deed == TARE_FOLD_MULTIPLY, NULL, 1));
    return TARE_OK;
}

/* The layer will do nothing any more, or add the shift alone. */
static tare_status plan_changes(const tare_folding *f, const tare_fold_place *place,
                                fold_arrays *n) {
    const bool keeps = !place->bias && !tare_fold_shift_link(place);
    const tare_array *as_beta = keeps && place->beta ? n->new_bias : NULL;
    const tare_array *as_mean = keeps && !place->beta ? n->new_bias : NULL;
    TARE_TRY(plan_links(f, place, n));
    TARE_TRY(plan_change(f, n, place->weights, 0, n->new_weights, 1));
    TARE_TRY(plan_change(f, n, place->bias, 0, n->new_bias, 1));
    TARE_TRY(plan_change(f, n, place->statistics.variance, 1 - n->epsilon, NULL, 1));
    TARE_TRY(plan_change(f, n, place->statistics.mean, 0, as_mean, -1));
    TARE_TRY(plan_change(f, n, place->gamma, 1, NULL, 1));
    return plan_change(f, n, place->beta, 0, as_beta, 1);
}

static tare_status fold(tare_folding *f, tare_fold_place *place, fold_arrays *n) {
    const fold_functions *functions = tare_fold_is_wide(place) ? &wide : &narrow;
    for (int i = 0; i < place->link_count; i++)
        if (place->links[i].norm && !place->links[i].norm->told.product) {
            place->told.product = NULL;
            place->told.reason = "another normalisation stands before it and stays";
            return TARE_OK;
        }
    functions->scale_and_shift(n);
    join_links(place, n);
    functions->fold[place->told.before](n, &place->form);
    if (!is_finite(n->new_weights) || !is_finite(n->new_bias)) {
        place->told.product = NULL;
        place->told.reason = "its statistics, gamma or beta make numbers that are not finite";
        return TARE_OK;
    }
    TARE_TRY(tare_fold_note_channels(f, place, n->scale, n->weights, n->new_weights));
    TARE_TRY(plan_changes(f, place, n));
    TARE_TRY(make_changes(f, n));
    f->folded++;
    return TARE_OK;
}

tare_status tare_fold_numbers(tare_folding *f, tare_fold_place *place) {
    fold_arrays n = {.mean = NULL};
    TARE_TRY(read_all(f, place, &n));
    const tare_status status = make_arrays(f, &n) ? fold(f, place, &n) : tare_fail_memory(f->error);
    tare_array_free(n.scale);
    tare_array_free(n.shift);
    tare_array_free(n.new_bias);
    tare_array_free(n.new_weights);
    for (int i = 0; i < n.change_count; i++) tare_array_free(n.changes[i].array);
    return status;
}
