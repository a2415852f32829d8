/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gradients of a convolution as hosts of riders (graph/op.h): the data gradient tells of dx and
 * reads dy by one, the filter gradient reads dy and x. Kernels: kernel/convolution_riders.h.
 */
#include "op/convolution.h"

#include "kernel/convolution_geometry.h"

static bool is_float(const tare_lower *node) {
    return node->type(node, node->inputs[0])->dtype == TARE_FLOAT32;
}

enum { READS_DY = 1, READS_X = 2 };

enum {
    LEAST_WORK = 64
}; /* multiply-adds for each number, beside which its memory is not noticed */

bool tare_convolution_hides_passes(const tare_convolution *c) {
    const double numbers = (double)c->batch * (double)(tare_pixels(c->in) * c->channels +
                                                       tare_pixels(c->out) * c->filters);
    return tare_convolution_flops(c) >= 2. * LEAST_WORK * numbers;
}

/* ---- data gradient: inputs dy, filter, x for its shape */

/* With strides dy is read several times over, which is not worth making it each time. */
static bool data_carries_shape(const tare_convolution *c, uint32_t reads) {
    const bool strides = c->stride[0] * c->stride[1] * c->stride[2] != 1;
    const tare_riding riding = tare_convolution_data_riding(c, reads & READS_DY);
    if (reads & TARE_KEEPS(0)) return riding.makes && tare_convolution_hides_passes(c);
    return !((reads & READS_DY) && strides) && riding.possible;
}

static bool data_carries(const tare_lower *node, uint32_t reads) {
    const tare_convolution c = tare_convolution_of(
        node->options, node->type(node, node->inputs[2])->shape,
        node->type(node, node->inputs[1])->shape, node->type(node, node->inputs[0])->shape);
    return is_float(node) && data_carries_shape(&c, reads);
}

/* With strides its results come pixel by pixel. */
static bool data_changes(const tare_lower *node) {
    const tare_convolution c = tare_convolution_of(
        node->options, node->type(node, node->inputs[2])->shape,
        node->type(node, node->inputs[1])->shape, node->type(node, node->inputs[0])->shape);
    return c.stride[0] * c.stride[1] * c.stride[2] == 1;
}

static tare_status data_prepare(tare_prepare *prepare, uint32_t reads, int64_t *slices) {
    const tare_convolution c =
        tare_convolution_of(prepare->options, prepare->outputs[0].shape, prepare->inputs[1].shape,
                            prepare->inputs[0].shape);
    const tare_riding riding = tare_convolution_data_riding(&c, reads & READS_DY);
    *slices = riding.slices;
    prepare->scratch_bytes = riding.scratch;
    prepare->flops = tare_convolution_flops(&c);
    return tare_prepare_state(prepare, &c, sizeof c);
}

static void data_run(const tare_run *run, const tare_carried *carried) {
    const tare_riders riders = {
        .reader = carried->readers[0], .maker = carried->makers[0], .finisher = carried->finisher};
    tare_convolution_data_riding_f32(run->state, run->inputs[0], run->inputs[1], run->outputs[0],
                                     &riders, run->scratch, run->pool);
}

const tare_host tare_convolution_data_host = {.reads = READS_DY | TARE_KEEPS(0),
                                              .finishes = true,
                                              .changes = data_changes,
                                              .carries = data_carries,
                                              .prepare = data_prepare,
                                              .run = data_run};

/* ---- filter gradient: inputs dy, x, filter for its shape */

static bool filter_carries(const tare_lower *node, uint32_t reads) {
    const tare_convolution c = tare_convolution_of(
        node->options, node->type(node, node->inputs[1])->shape,
        node->type(node, node->inputs[2])->shape, node->type(node, node->inputs[0])->shape);
    const tare_riding riding =
        tare_convolution_filter_riding(&c, reads & READS_X, reads & READS_DY);
    const bool keeps = reads & TARE_KEEPS(0);
    return is_float(node) && riding.possible &&
           (!keeps || (riding.makes && tare_convolution_hides_passes(&c)));
}

static tare_status filter_prepare(tare_prepare *prepare, uint32_t reads, int64_t *slices) {
    const tare_convolution c =
        tare_convolution_of(prepare->options, prepare->inputs[1].shape, prepare->outputs[0].shape,
                            prepare->inputs[0].shape);
    const tare_riding riding =
        tare_convolution_filter_riding(&c, reads & READS_X, reads & READS_DY);
    *slices = riding.slices;
    prepare->scratch_bytes = riding.scratch;
    prepare->flops = tare_convolution_flops(&c);
    return tare_prepare_state(prepare, &c, sizeof c);
}

static void filter_run(const tare_run *run, const tare_carried *carried) {
    const tare_filter_readers readers = {
        .x = carried->readers[1], .dy = carried->readers[0], .dy_maker = carried->makers[0]};
    tare_convolution_filter_riding_f32(run->state, run->inputs[1], run->inputs[0], run->outputs[0],
                                       &readers, run->scratch, run->pool);
}

const tare_host tare_convolution_filter_host = {.reads = READS_DY | READS_X | TARE_KEEPS(0),
                                                .carries = filter_carries,
                                                .prepare = filter_prepare,
                                                .run = filter_run};
