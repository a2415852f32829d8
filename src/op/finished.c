/* SPDX-License-Identifier: Apache-2.0 */
/* What finished convolutions and finished matrix products share. */
#include "op/finished.h"

bool tare_finish_joins(const tare_lower *node, const tare_finish *finish, double *low,
                       double *high) {
    const bool clamped = isfinite(*low) || isfinite(*high);
    const bool added = tare_given_value(node, FINISHED_ADDEND) != TARE_NO_VALUE;
    if (clamped || (added && finish->addend != TARE_NO_VALUE)) return false;
    *low = finish->low;
    *high = finish->high;
    return true;
}

void tare_finished_inputs(const tare_lower *node, tare_value addend,
                          tare_value inputs[FINISHED_INPUTS]) {
    for (int i = 0; i < FINISHED_INPUTS; i++) inputs[i] = tare_given_value(node, i);
    if (addend != TARE_NO_VALUE) inputs[FINISHED_ADDEND] = addend;
}

void tare_prepare_finish(tare_prepare *prepare, double low, double high, tare_ending *ending) {
    *ending = (tare_ending){.low = (float)low, .high = (float)high};
    if (prepare->inputs[FINISHED_ADDEND].dtype != TARE_DTYPE_NONE)
        prepare->in_place = FINISHED_ADDEND;
}
