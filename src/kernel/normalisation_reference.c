/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisation as plain loops with sums in double, and what is small enough to need nothing else.
 */
#include "kernel/normalisation.h"

#define NUMBER   float
#define NAMED(f) f##_f32
#include "kernel/normalisation_reference.inc.h"

#define NUMBER   double
#define NAMED(f) f##_f64
#include "kernel/normalisation_reference.inc.h"
