/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders of axes. A permutation perm says of y that its axis k is axis perm[k] of x; lists hold
 * every axis of 0..count-1 once.
 */
#ifndef TARE_SRC_ARRAY_PERMUTATION_H
#define TARE_SRC_ARRAY_PERMUTATION_H

#include <tare/array.h>

/* The shape of y for an x of known rank. */
tare_shape tare_permuted_shape(tare_shape x, tare_list perm);
/* The one that leads from y back to x. */
tare_list tare_inverse_permutation(tare_list perm);
/* first, then second, as one. */
tare_list tare_joined_permutations(tare_list first, tare_list second);
bool tare_same_permutation(tare_list a, tare_list b);
/* No number of x changes its place: axes longer than 1 keep their order. */
bool tare_permutation_moves_nothing(tare_list perm, tare_shape x);

#endif
