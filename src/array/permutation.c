/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of axes. */
#include "array/permutation.h"

tare_shape tare_permuted_shape(tare_shape x, tare_list perm) {
    tare_shape y = {.rank = x.rank};
    for (int k = 0; k < perm.count; k++) y.extents[k] = x.extents[perm.values[k]];
    return y;
}

tare_list tare_inverse_permutation(tare_list perm) {
    tare_list inverse = {.count = perm.count};
    for (int k = 0; k < perm.count; k++) inverse.values[perm.values[k]] = k;
    return inverse;
}

tare_list tare_joined_permutations(tare_list first, tare_list second) {
    tare_list both = {.count = second.count};
    for (int k = 0; k < second.count; k++) both.values[k] = first.values[second.values[k]];
    return both;
}

bool tare_same_permutation(tare_list a, tare_list b) {
    bool same = a.count == b.count;
    for (int k = 0; same && k < a.count; k++) same = a.values[k] == b.values[k];
    return same;
}

bool tare_permutation_moves_nothing(tare_list perm, tare_shape x) {
    int64_t last = -1;
    for (int k = 0; k < perm.count; k++) {
        const int64_t axis = perm.values[k];
        if (x.extents[axis] == 1) continue;
        if (axis < last) return false;
        last = axis;
    }
    return true;
}
