/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise float32 loops for NEON. */
#if defined(__aarch64__)
#define TABLE tare_elementwise_neon
#include "kernel/elementwise_fast.inc.h"
#else
typedef int tare_elementwise_neon_is_for_arm;
#endif
