/* SPDX-License-Identifier: Apache-2.0 */
/* The processor's ceilings with what every processor of the architecture has. */
#define LANES 4
#define TABLE tare_ceiling_loops_baseline
#include "kernel/ceiling.inc.h"
