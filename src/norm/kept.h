/* SPDX-License-Identifier: Apache-2.0 */
/* What running a network in training mode may write, as it was before, to be written back. */
#ifndef TARE_SRC_NORM_KEPT_H
#define TARE_SRC_NORM_KEPT_H

#include "norm/doctor.h"

typedef struct tare_kept_variable {
    int32_t node;
    tare_array *array;
    tare_update_counts counts;
    bool initialized, given;
} tare_kept_variable;

typedef struct tare_kept_variables {
    tare_session *session;
    tare_kept_variable *items; /* in the arena of the patient */
    size_t count;
    uint64_t random_draws;
} tare_kept_variables;

/* Keeps all that averages write, and the statistics of the patient's layers. tare_kept_free must
 * follow in any case. */
tare_status tare_kept_take(tare_kept_variables *kept, const tare_patient *patient);
void tare_kept_put_back(const tare_kept_variables *kept);
void tare_kept_free(tare_kept_variables *kept);

#endif
