/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product of all the other numbers of a group, exact with zeros, and its derivative:
 *
 *     y_k = prod over j != k of x_j
 *     z_k = sum over i != k of u_i  prod over j != i, k of x_j        (the derivative of sum u y)
 *
 * Both are one walk from each end: with x_j + u_j e, e^2 = 0, in place of x_j, the product of the
 * others is y_k + z_k e.
 */
#ifndef TARE_SRC_KERNEL_OTHERS_H
#define TARE_SRC_KERNEL_OTHERS_H

#include <tare/array.h>

/* Groups are what is left when the axes in mask are walked through. */
typedef struct tare_others {
    int rank;
    int64_t extents[TARE_MAX_RANK];
    uint32_t mask;
} tare_others;

int64_t tare_others_scratch(const tare_others *o); /* bytes */
/* u NULL: y, else z. */
void tare_others_f32(const tare_others *o, const float *x, const float *u, float *out,
                     void *scratch);
void tare_others_f64(const tare_others *o, const double *x, const double *u, double *out,
                     void *scratch);

#endif
