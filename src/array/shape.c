/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes: printing, comparing, counting, merging, broadcasting. */
#include "array/shape.h"
#include "base/memory.h"
#include "base/text.h"

#include <string.h>

static void append_extent(char *buffer, int64_t extent, bool first) {
    const size_t used = strlen(buffer);
    const char *comma = first ? "" : ", ";
    if (extent == TARE_ANY)
        tare_print(buffer + used, TARE_SHAPE_TEXT - used, "%s?", comma);
    else
        tare_print(buffer + used, TARE_SHAPE_TEXT - used, "%s%lld", comma, (long long)extent);
}

/* Eight extents of 20 characters leave room. */
static char *close_list(char *buffer) {
    const size_t used = strlen(buffer);
    tare_print(buffer + used, TARE_SHAPE_TEXT - used, "]");
    return buffer;
}

char *tare_shape_text(char *buffer, tare_shape shape) {
    if (shape.rank < 0 || shape.rank > TARE_MAX_RANK)
        return tare_print(buffer, TARE_SHAPE_TEXT, "unknown rank");
    tare_print(buffer, TARE_SHAPE_TEXT, "[");
    for (int i = 0; i < shape.rank; i++) append_extent(buffer, shape.extents[i], i == 0);
    return close_list(buffer);
}

char *tare_list_text(char *buffer, tare_list list) {
    tare_print(buffer, TARE_SHAPE_TEXT, "[");
    for (int i = 0; i < list.count && i < TARE_MAX_RANK; i++) {
        const size_t used = strlen(buffer);
        tare_print(buffer + used, TARE_SHAPE_TEXT - used, "%s%lld", i == 0 ? "" : ", ",
                   (long long)list.values[i]);
    }
    return close_list(buffer);
}

static bool rank_known(tare_shape shape) { return shape.rank >= 0 && shape.rank <= TARE_MAX_RANK; }

bool tare_shape_known(tare_shape shape) {
    if (!rank_known(shape)) return false;
    for (int i = 0; i < shape.rank; i++)
        if (shape.extents[i] < 0) return false;
    return true;
}

bool tare_shape_same(tare_shape a, tare_shape b) {
    if (a.rank != b.rank) return false;
    if (!rank_known(a)) return true;
    for (int i = 0; i < a.rank; i++)
        if (a.extents[i] != b.extents[i]) return false;
    return true;
}

bool tare_shape_compatible(tare_shape a, tare_shape b) {
    tare_shape merged;
    return tare_shape_merge(a, b, &merged);
}

int64_t tare_shape_count(tare_shape shape) {
    if (!tare_shape_known(shape)) return -1;
    /* An extent of 0 makes the count 0, however large the others are. */
    for (int i = 0; i < shape.rank; i++)
        if (shape.extents[i] == 0) return 0;
    int64_t count = 1;
    for (int i = 0; i < shape.rank; i++)
        if (!tare_multiply_sizes(count, shape.extents[i], &count)) return -1;
    return count;
}

bool tare_shape_merge(tare_shape a, tare_shape b, tare_shape *merged) {
    if (!rank_known(a) || !rank_known(b)) {
        *merged = rank_known(a) ? a : b;
        return true;
    }
    if (a.rank != b.rank) return false;
    tare_shape both = a;
    for (int i = 0; i < a.rank; i++) {
        if (a.extents[i] == TARE_ANY)
            both.extents[i] = b.extents[i];
        else if (b.extents[i] != TARE_ANY && b.extents[i] != a.extents[i])
            return false;
    }
    *merged = both;
    return true;
}

/* One extent of a broadcast; false when the two do not fit. */
static bool broadcast_extent(int64_t a, int64_t b, int64_t *both) {
    if (a == b || b == 1) {
        *both = a;
    } else if (a == 1) {
        *both = b;
    } else if (a == TARE_ANY || b == TARE_ANY) {
        /* The unknown one must turn out to be 1 or the same; beside 0 TensorFlow stays in doubt. */
        const int64_t known = a == TARE_ANY ? b : a;
        *both = known > 1 ? known : TARE_ANY;
    } else {
        return false;
    }
    return true;
}

bool tare_shape_broadcast(tare_shape a, tare_shape b, tare_shape *both) {
    if (!rank_known(a) || !rank_known(b)) {
        *both = TARE_ANY_SHAPE;
        return true;
    }
    tare_shape made = {.rank = a.rank > b.rank ? a.rank : b.rank};
    for (int i = 1; i <= made.rank; i++) { /* from the last extent to the first */
        const int64_t left = i <= a.rank ? a.extents[a.rank - i] : 1;
        const int64_t right = i <= b.rank ? b.extents[b.rank - i] : 1;
        if (!broadcast_extent(left, right, &made.extents[made.rank - i])) return false;
    }
    *both = made;
    return true;
}

int tare_shape_axis(int64_t axis, int rank) {
    if (axis < -(int64_t)rank || axis >= rank) return -1;
    return (int)(axis < 0 ? axis + rank : axis);
}
