/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a normalisation as riders: channel_moments looks on while the layer before makes x,
 * and normalise makes y while the layer behind reads it, or in a pass that others ride on. Kernels
 * and formulas: kernel/normalisation_riders.h.
 */
#include "base/status.h"
#include "kernel/normalisation_riders.h"
#include "op/normalisation.h"
#include "op/pointwise_riding.h"
#include "op/rules.h"

typedef struct riding_step {
    int64_t pixels, channels, slices;
    double epsilon;
    bool rectified;
} riding_step;

static bool rides(const tare_lower *node) {
    const tare_normalisation_step_options *options = node->options;
    const tare_channels view = {options->outer, options->channels, options->inner};
    return tare_rides_by_pixel(node, 0) && !options->activation && tare_normalisation_rides(&view);
}

static tare_status prepare_riding(tare_prepare *prepare, int64_t slices, int64_t scratch) {
    const tare_normalisation_step_options *options = prepare->options;
    const riding_step state = {options->outer, options->channels, slices, options->epsilon,
                               options->rectified};
    prepare->scratch_bytes = scratch;
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- channel_moments */

static tare_status moments_prepare(tare_prepare *prepare, int64_t slices) {
    const tare_normalisation_step_options *options = prepare->options;
    return prepare_riding(prepare, slices, tare_moments_rider_scratch(options->channels, slices));
}

static tare_finisher moments_finisher(const tare_run *run, float *numbers) {
    const riding_step *s = run->state;
    return tare_moments_rider_begin(s->channels, s->slices, numbers, run->scratch);
}

static void moments_end(const tare_run *run) {
    const tare_moments_f32 moments = {
        run->outputs[TARE_MOMENTS_MEAN], run->outputs[TARE_MOMENTS_VARIANCE],
        run->outputs[TARE_MOMENTS_LOW], run->outputs[TARE_MOMENTS_UNBIASED]};
    tare_moments_rider_end(run->scratch, &moments);
}

const tare_rider tare_channel_moments_rider = {
    .rides = rides, .prepare = moments_prepare, .finisher = moments_finisher, .end = moments_end};

/* ---- normalise */

static tare_status normalise_prepare(tare_prepare *prepare, int64_t slices) {
    const tare_normalisation_step_options *options = prepare->options;
    return prepare_riding(prepare, slices, tare_normalise_rider_scratch(options->channels));
}

static tare_reader normalise_reader(const tare_run *run) {
    const riding_step *s = run->state;
    const tare_normalisation_f32 by = {run->inputs[TARE_NORMALISE_MEAN],
                                       run->inputs[TARE_NORMALISE_VARIANCE],
                                       run->inputs[TARE_NORMALISE_LOW],
                                       run->inputs[TARE_NORMALISE_GAMMA],
                                       run->inputs[TARE_NORMALISE_BETA],
                                       s->epsilon,
                                       s->rectified,
                                       NULL};
    return tare_normalise_rider_begin(s->channels, &by, run->inputs[TARE_NORMALISE_X],
                                      run->scratch);
}

/* The convolution and its filter gradient: y is then never stored. */
const tare_rider tare_normalise_rider = {.reads = true,
                                         .most_hosts = 2,
                                         .rides = rides,
                                         .prepare = normalise_prepare,
                                         .reader = normalise_reader};

static bool normalise_carries(const tare_lower *node, uint32_t reads) {
    return reads == 0 && tare_is_worth_riding(node, node->inputs[TARE_NORMALISE_X]) && rides(node);
}

static tare_status host_prepare(tare_prepare *prepare, uint32_t reads, int64_t *slices) {
    (void)reads;
    *slices = tare_pass_over_output(prepare).slices;
    prepare->in_place = TARE_NORMALISE_X;
    return normalise_prepare(prepare, *slices);
}

static void host_run(const tare_run *run, const tare_carried *carried) {
    const riding_step *s = run->state;
    const tare_reader make = normalise_reader(run);
    const tare_pixel_pass pass = {s->pixels, s->channels, s->slices};
    tare_pixel_pass_run(&pass, &make, &carried->finisher, run->outputs[0], run->pool);
}

const tare_host tare_normalise_host = {.finishes = true,
                                       .changes = tare_lets_change,
                                       .carries = normalise_carries,
                                       .prepare = host_prepare,
                                       .run = host_run};
