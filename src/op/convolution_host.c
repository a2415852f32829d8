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

/* ---- data gradient: inputs dy, filter, x for its shape */

/* With strides dy is read several times over, which is not worth making it each time. */
static bool data_carries_shape(const tare_convolution *c, bool reads) {
    const bool strides = c->stride[0] * c->stride[1] * c->stride[2] != 1;
    return !(reads && strides) && tare_convolution_data_riding(c, reads).possible;
}

static bool data_carries(const tare_lower *node, uint32_t reads) {
    const tare_convolution c = tare_convolution_of(
        node->options, node->type(node, node->inputs[2])->shape,
        node->type(node, node->inputs[1])->shape, node->type(node, node->inputs[0])->shape);
    return is_float(node) && data_carries_shape(&c, reads != 0);
}

static tare_status data_prepare(tare_prepare *prepare, uint32_t reads, int64_t *slices) {
    const tare_convolution c =
        tare_convolution_of(prepare->options, prepare->outputs[0].shape, prepare->inputs[1].shape,
                            prepare->inputs[0].shape);
    const tare_riding riding = tare_convolution_data_riding(&c, reads != 0);
    *slices = riding.slices;
    prepare->scratch_bytes = riding.scratch;
    prepare->flops = tare_convolution_flops(&c);
    return tare_prepare_state(prepare, &c, sizeof c);
}

static void data_run(const tare_run *run, const tare_carried *carried) {
    const tare_riders riders = {.reader = carried->readers[0], .finisher = carried->finisher};
    tare_convolution_data_riding_f32(run->state, run->inputs[0], run->inputs[1], run->outputs[0],
                                     &riders, run->scratch, run->pool);
}

const tare_host tare_convolution_data_host = {.reads = 1U << 0,
                                              .finishes = true,
                                              .carries = data_carries,
                                              .prepare = data_prepare,
                                              .run = data_run};

/* ---- filter gradient: inputs dy, x, filter for its shape */

enum { READS_DY = 1, READS_X = 2 };

static bool filter_carries(const tare_lower *node, uint32_t reads) {
    const tare_convolution c = tare_convolution_of(
        node->options, node->type(node, node->inputs[1])->shape,
        node->type(node, node->inputs[2])->shape, node->type(node, node->inputs[0])->shape);
    return is_float(node) &&
           tare_convolution_filter_riding(&c, reads & READS_X, reads & READS_DY).possible;
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
    const tare_filter_readers readers = {.x = carried->readers[1], .dy = carried->readers[0]};
    tare_convolution_filter_riding_f32(run->state, run->inputs[1], run->inputs[0], run->outputs[0],
                                       &readers, run->scratch, run->pool);
}

const tare_host tare_convolution_filter_host = {.reads = READS_DY | READS_X,
                                                .carries = filter_carries,
                                                .prepare = filter_prepare,
                                                .run = filter_run};
