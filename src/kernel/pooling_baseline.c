/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling for any processor; of doubles for all of them. */
#define KERNEL tare_pooling_kernel_baseline
#define BYTES  16
#include "kernel/pooling_table.inc.h"

#define NUMBER   double
#define INTEGER  int64_t
#define NAMED(f) f##_f64
#include "kernel/pooling.inc.h"

const tare_pooling_slices tare_pooling_doubles = SLICES(f64);
