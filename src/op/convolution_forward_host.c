/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The convolution as host of riders (graph/op.h): it tells of y and reads x by one. Kernels:
 * kernel/convolution_riders.h.
 */
#include "kernel/convolution_geometry.h"
#include "op/convolution.h"

enum { READS_X = 1 };

/* Inputs x, filter, bias?. */
static bool forward_carries(const tare_lower *node, uint32_t reads) {
    const tare_nn_conv_options *options = node->options;
    const tare_type *x = node->type(node, node->inputs[0]);
    const tare_infer infer = {.node = node->node, .error = node->error};
    tare_shape filter = node->type(node, node->inputs[1])->shape, y;
    if (x->dtype != TARE_FLOAT32 || options->data_format != TARE_NHWC ||
        tare_infer_convolution(&infer, options, x->shape, filter, &y) != TARE_OK)
        return false;
    const tare_convolution c = tare_convolution_of(options, x->shape, filter, y);
    const tare_riding riding = tare_convolution_forward_riding(&c, reads & READS_X);
    return riding.possible &&
           (!(reads & TARE_KEEPS(0)) || (riding.makes && tare_convolution_hides_passes(&c)));
}

static tare_status forward_prepare(tare_prepare *prepare, uint32_t reads, int64_t *slices) {
    const tare_convolution c =
        tare_convolution_of(prepare->options, prepare->inputs[0].shape, prepare->inputs[1].shape,
                            prepare->outputs[0].shape);
    const tare_riding riding = tare_convolution_forward_riding(&c, reads & READS_X);
    *slices = riding.slices;
    prepare->scratch_bytes = riding.scratch;
    prepare->flops = tare_convolution_flops(&c);
    return tare_prepare_state(prepare, &c, sizeof c);
}

static void forward_run(const tare_run *run, const tare_carried *carried) {
    const tare_riders riders = {
        .reader = carried->readers[0], .maker = carried->makers[0], .finisher = carried->finisher};
    tare_convolution_forward_riding_f32(run->state, run->inputs[0], run->inputs[1], run->inputs[2],
                                        run->outputs[0], &riders, run->scratch, run->pool);
}

const tare_host tare_convolution_forward_host = {.reads = READS_X | TARE_KEEPS(0),
                                                 .finishes = true,
                                                 .carries = forward_carries,
                                                 .prepare = forward_prepare,
                                                 .run = forward_run};
