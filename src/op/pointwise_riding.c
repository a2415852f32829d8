/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise ops as riders that change results, and as hosts: by the loops of their own steps. */
#include "op/pointwise_riding.h"

#include "array/shape.h"
#include "op/elementwise.h"

enum { LEAST = 4096 }; /* numbers below which a pass of its own costs nothing */

bool tare_is_worth_riding(const tare_lower *node, tare_value value) {
    const tare_type *type = node->type(node, value);
    return type->dtype == TARE_FLOAT32 && type->shape.rank > 0 &&
           tare_shape_count(type->shape) >= LEAST;
}

bool tare_lets_change(const tare_lower *node) {
    (void)node;
    return true;
}

tare_pixel_pass tare_pass_over_output(const tare_prepare *prepare) {
    const tare_shape shape = prepare->outputs[0].shape;
    const int64_t channels = shape.extents[shape.rank - 1];
    return tare_pixel_pass_over(tare_output_count(prepare, 0) / channels, channels);
}

/* What the op's own prepare makes, and the channels of what it is to change. */
typedef struct riding_step {
    const void *pass;
    tare_pixel_pass pixels;
} riding_step;

static tare_status prepare_riding(tare_prepare *prepare) {
    TARE_TRY(tare_op_find(prepare->op)->prepare(prepare));
    const riding_step state = {prepare->state, tare_pass_over_output(prepare)};
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- riders that change results */

typedef struct change change;
struct change {
    void (*make)(const change *c, int64_t at, int64_t count);
    const void *pass;
    int64_t channels;
    float *numbers;
    const float *left, *right; /* numbers, where they are the host's */
};

static tare_status change_prepare(tare_prepare *prepare, int64_t slices) {
    (void)slices;
    TARE_TRY(prepare_riding(prepare));
    prepare->scratch_bytes = sizeof(change);
    return TARE_OK;
}

static void change_results(void *context, const tare_finished *f) {
    const change *c = context;
    if (f->stride == c->channels) {
        c->make(c, f->offset, f->pixels * c->channels);
        return;
    }
    for (int64_t i = 0; i < f->pixels; i++) c->make(c, f->offset + i * f->stride, c->channels);
}

static void make_unary(const change *c, int64_t at, int64_t count) {
    const tare_unary_pass *pass = c->pass;
    pass->loop(c->numbers + at, c->numbers + at, count, pass->parameter);
}

static void make_binary(const change *c, int64_t at, int64_t count) {
    const tare_binary_pass *pass = c->pass;
    pass->loops->both(c->left + at, c->right + at, c->numbers + at, count, pass->parameter);
}

static bool unary_rides(const tare_lower *node) {
    const tare_type *x = node->type(node, node->inputs[0]);
    return x->dtype == TARE_FLOAT32 && x->shape.rank > 0;
}

static bool binary_rides(const tare_lower *node) {
    return node->input_count == 2 && unary_rides(node) &&
           tare_shape_same(node->type(node, node->inputs[0])->shape,
                           node->type(node, node->inputs[1])->shape);
}

static tare_finisher unary_finisher(const tare_run *run, float *numbers) {
    const riding_step *s = run->state;
    change *c = run->scratch;
    *c = (change){
        .make = make_unary, .pass = s->pass, .channels = s->pixels.channels, .numbers = numbers};
    return (tare_finisher){.finish = change_results, .context = c};
}

/* The input that is not given is what the host makes. */
static tare_finisher binary_finisher(const tare_run *run, float *numbers) {
    const riding_step *s = run->state;
    const float *left = run->inputs[0], *right = run->inputs[1];
    change *c = run->scratch;
    *c = (change){make_binary,           s->pass,
                  s->pixels.channels,    numbers,
                  left ? left : numbers, right ? right : numbers};
    return (tare_finisher){change_results, c, {left ? left : right}};
}

const tare_rider tare_unary_rider = {
    .changes = true, .rides = unary_rides, .prepare = change_prepare, .finisher = unary_finisher};
const tare_rider tare_first_rider = {
    .changes = true, .rides = binary_rides, .prepare = change_prepare, .finisher = binary_finisher};
const tare_rider tare_either_rider = {.changes = true,
                                      .either = true,
                                      .rides = binary_rides,
                                      .prepare = change_prepare,
                                      .finisher = binary_finisher};

/* ---- hosts */

static bool binary_carries(const tare_lower *node, uint32_t reads) {
    return reads == 0 && tare_is_worth_riding(node, node->inputs[0]) && binary_rides(node);
}

static tare_status host_prepare(tare_prepare *prepare, uint32_t reads, int64_t *slices) {
    (void)reads;
    TARE_TRY(prepare_riding(prepare));
    *slices = ((const riding_step *)prepare->state)->pixels.slices;
    return TARE_OK;
}

typedef struct pair {
    const riding_step *step;
    const float *left, *right;
} pair;

static void read_pair(const void *context, int64_t offset, int64_t pixels, float *to,
                      int64_t stride) {
    const pair *p = context;
    const tare_binary_pass *pass = p->step->pass;
    pass->loops->both(p->left + offset, p->right + offset, to, pixels * stride, pass->parameter);
}

static void binary_run(const tare_run *run, const tare_carried *carried) {
    const pair p = {run->state, run->inputs[0], run->inputs[1]};
    const tare_reader make = {.read = read_pair, .context = &p};
    tare_pixel_pass_run(&p.step->pixels, &make, &carried->finisher, run->outputs[0], run->pool);
}

const tare_host tare_binary_host = {.finishes = true,
                                    .changes = tare_lets_change,
                                    .carries = binary_carries,
                                    .prepare = host_prepare,
                                    .run = binary_run};
