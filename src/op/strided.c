/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that move numbers by strides. */
#include "op/strided.h"

tare_status tare_strided_step(const tare_run *run) {
    tare_strided_run(run->state, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

tare_status tare_prepare_strided(tare_prepare *prepare, tare_strided *copy) {
    copy->size = tare_dtype_size(prepare->outputs[0].dtype);
    tare_strided_plan(copy);
    prepare->run = tare_strided_step;
    return tare_prepare_state(prepare, copy, sizeof *copy);
}
