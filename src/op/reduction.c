/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that reduce axes. */
#include "op/reduction.h"

tare_status tare_reduction_step(const tare_run *run) {
    tare_reduction_run(run->state, run->inputs[0], run->outputs[0], run->scratch, run->pool);
    return TARE_OK;
}

tare_status tare_prepare_reduction(tare_prepare *prepare, tare_reduce which, int rank,
                                   const int64_t *extents, uint32_t mask, double divisor) {
    tare_reduction reduction;
    if (!tare_reduction_plan(&reduction, which, prepare->inputs[0].dtype, rank, extents, mask,
                             divisor))
        return tare_fail_at(prepare->error, TARE_ERROR_UNSUPPORTED, prepare->op, prepare->node,
                            "a dtype without this reduction", "");
    prepare->scratch_bytes = reduction.scratch_bytes;
    prepare->run = tare_reduction_step;
    return tare_prepare_state(prepare, &reduction, sizeof reduction);
}

tare_shape tare_reduced_shape(tare_shape shape, uint32_t mask, bool keepdims) {
    tare_shape reduced = {.rank = 0};
    for (int d = 0; d < shape.rank; d++) {
        if (!(mask >> d & 1))
            reduced.extents[reduced.rank++] = shape.extents[d];
        else if (keepdims)
            reduced.extents[reduced.rank++] = 1;
    }
    return reduced;
}
