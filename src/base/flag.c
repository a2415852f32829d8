/* SPDX-License-Identifier: Apache-2.0 */
/* A lock of one bit that never waits. */
#include "base/threads.h"

bool tare_flag_take(tare_flag *flag) {
    return __atomic_exchange_n(&flag->value, 1, __ATOMIC_ACQUIRE) == 0;
}

void tare_flag_give(tare_flag *flag) { __atomic_store_n(&flag->value, 0, __ATOMIC_RELEASE); }

bool tare_flag_read(const tare_flag *flag) {
    return __atomic_load_n(&flag->value, __ATOMIC_ACQUIRE) != 0;
}

void tare_flag_set(tare_flag *flag) { __atomic_store_n(&flag->value, 1, __ATOMIC_RELEASE); }
