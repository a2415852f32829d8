/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling for any processor. */
#define KERNEL tare_pooling_kernel_baseline
#define BYTES  16
#include "kernel/pooling_table.inc.h"
