/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a normalisation's gradient as riders: gradient_sums looks on while the layer behind
 * makes dy, and normalise_gradient makes dx while the layer before reads it. Kernels and formulas:
 * kernel/gradient_riders.h.
 */
#include "base/status.h"
#include "kernel/gradient_riders.h"
#include "op/normalisation.h"

enum { LEAST = 4096 }; /* numbers of dy below which a pass of its own costs nothing */

typedef struct riding_step {
    tare_channels view;
    double epsilon;
    bool rectified;
    int64_t slices;
} riding_step;

bool tare_rides_by_pixel(const tare_lower *node, int32_t input) {
    const tare_normalisation_step_options *options = node->options;
    const tare_type *type = node->type(node, node->inputs[input]);
    return type->dtype == TARE_FLOAT32 && options->inner == 1 && type->shape.rank > 0 &&
           type->shape.extents[type->shape.rank - 1] == options->channels;
}

/* Pixel by pixel, and x at hand. */
static bool rides_by(const tare_lower *node, int32_t dy, int32_t x) {
    const tare_normalisation_step_options *options = node->options;
    return tare_rides_by_pixel(node, dy) && options->outer * options->channels >= LEAST &&
           x < node->input_count && node->inputs[x] != TARE_NO_VALUE;
}

static tare_status prepare_riding(tare_prepare *prepare, int64_t slices, int64_t scratch) {
    const tare_normalisation_step_options *options = prepare->options;
    riding_step *state = tare_arena_allocate(prepare->arena, sizeof *state);
    if (!state) return tare_fail_memory(prepare->error);
    *state = (riding_step){.view = {options->outer, options->channels, options->inner},
                           .epsilon = options->epsilon,
                           .rectified = options->rectified,
                           .slices = slices};
    prepare->state = state;
    prepare->scratch_bytes = scratch;
    return TARE_OK;
}

/* ---- gradient_sums */

static bool sums_ride(const tare_lower *node) { return rides_by(node, TARE_SUMS_DY, TARE_SUMS_X); }

static tare_status sums_prepare(tare_prepare *prepare, int64_t slices) {
    const tare_normalisation_step_options *options = prepare->options;
    return prepare_riding(prepare, slices, tare_sums_rider_scratch(options->channels, slices));
}

static tare_finisher sums_finisher(const tare_run *run, float *numbers) {
    const riding_step *s = run->state;
    const tare_normalisation_f32 by = {.mean = run->inputs[TARE_SUMS_MEAN],
                                       .variance = run->inputs[TARE_SUMS_VARIANCE],
                                       .low = run->inputs[TARE_SUMS_LOW],
                                       .gamma = s->rectified ? run->inputs[TARE_SUMS_GAMMA] : NULL,
                                       .beta = s->rectified ? run->inputs[TARE_SUMS_BETA] : NULL,
                                       .epsilon = s->epsilon,
                                       .rectified = s->rectified};
    return tare_sums_rider_begin(s->view.channels, s->slices, &by, numbers,
                                 run->inputs[TARE_SUMS_X], run->scratch);
}

static void sums_end(const tare_run *run) {
    const tare_sums_f32 sums = {run->outputs[0], run->outputs[1], run->outputs[2]};
    tare_sums_rider_end(run->scratch, &sums);
}

const tare_rider tare_gradient_sums_rider = {.input = TARE_SUMS_DY,
                                             .rides = sums_ride,
                                             .prepare = sums_prepare,
                                             .finisher = sums_finisher,
                                             .end = sums_end};

/* ---- normalise_gradient */

bool tare_counts_sums(const tare_run *run) {
    const bool *training = run->inputs[TARE_GRADIENT_TRAINING];
    return run->inputs[TARE_GRADIENT_DGAMMA] && (!training || *training);
}

static bool gradient_rides(const tare_lower *node) {
    return rides_by(node, TARE_GRADIENT_DY, TARE_GRADIENT_X);
}

static tare_status gradient_prepare(tare_prepare *prepare, int64_t slices) {
    const tare_normalisation_step_options *options = prepare->options;
    prepare->in_place = TARE_GRADIENT_DY;
    return prepare_riding(prepare, slices, tare_gradient_rider_scratch(options->channels));
}

static tare_reader gradient_reader(const tare_run *run) {
    const riding_step *s = run->state;
    const tare_sums_f32 sums = {run->inputs[TARE_GRADIENT_DGAMMA], run->inputs[TARE_GRADIENT_DBETA],
                                run->inputs[TARE_GRADIENT_SUMS_LOW]};
    const tare_normalisation_f32 by = {.mean = run->inputs[TARE_GRADIENT_MEAN],
                                       .variance = run->inputs[TARE_GRADIENT_VARIANCE],
                                       .low = run->inputs[TARE_GRADIENT_LOW],
                                       .gamma = run->inputs[TARE_GRADIENT_GAMMA],
                                       .beta =
                                           s->rectified ? run->inputs[TARE_GRADIENT_BETA] : NULL,
                                       .epsilon = s->epsilon,
                                       .rectified = s->rectified};
    return tare_gradient_rider_begin(&s->view, &by, run->inputs[TARE_GRADIENT_DY],
                                     run->inputs[TARE_GRADIENT_X],
                                     tare_counts_sums(run) ? &sums : NULL, run->scratch);
}

const tare_rider tare_normalise_gradient_rider = {.input = TARE_GRADIENT_DY,
                                                  .reads = true,
                                                  .most_hosts = 1,
                                                  .rides = gradient_rides,
                                                  .prepare = gradient_prepare,
                                                  .reader = gradient_reader};
