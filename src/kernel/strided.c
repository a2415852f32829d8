/* SPDX-License-Identifier: Apache-2.0 */
/* Strided copies: neighbouring axes are joined, rows copied whole where they lie side by side, and
 * transposes walked in blocks that fit the nearest cache. */
#include "kernel/strided.h"

#include <string.h>

#include "kernel/slices.h"

enum { SLICE_ELEMENTS = 32768, TRANSPOSE_BLOCK = 16 };

void tare_strided_contiguous(int rank, const int64_t *extents, int64_t *strides) {
    int64_t step = 1;
    for (int d = rank - 1; d >= 0; d--) {
        strides[d] = step;
        step *= extents[d];
    }
}

static void join_axes(tare_strided *c) {
    int kept = 0;
    for (int d = 0; d < c->rank; d++) {
        const int64_t extent = c->extents[d];
        if (extent == 1) continue;
        if (kept > 0 && c->from[kept - 1] == c->from[d] * extent &&
            c->to[kept - 1] == c->to[d] * extent) {
            c->extents[kept - 1] *= extent;
            c->from[kept - 1] = c->from[d];
            c->to[kept - 1] = c->to[d];
            continue;
        }
        c->extents[kept] = extent;
        c->from[kept] = c->from[d];
        c->to[kept] = c->to[d];
        kept++;
    }
    c->rank = kept;
}

/* Puts the axis that is read side by side next to last, where the last one is not. */
static void find_transpose(tare_strided *c) {
    const int last = c->rank - 1;
    if (last < 1 || c->to[last] != 1 || c->from[last] == 1 || c->from[last] == 0) return;
    for (int d = last - 1; d >= 0; d--) {
        if (c->from[d] != 1) continue;
        for (int e = d; e < last - 1; e++) {
            const int64_t extent = c->extents[e], from = c->from[e], to = c->to[e];
            c->extents[e] = c->extents[e + 1], c->from[e] = c->from[e + 1], c->to[e] = c->to[e + 1];
            c->extents[e + 1] = extent, c->from[e + 1] = from, c->to[e + 1] = to;
        }
        c->transposes = true;
        return;
    }
}

void tare_strided_plan(tare_strided *c) {
    join_axes(c);
    c->transposes = false;
    find_transpose(c);
    c->rows = 1;
    const int inner = c->transposes ? 2 : 1;
    int64_t inner_count = 1;
    for (int d = 0; d < c->rank; d++) {
        if (d < c->rank - inner)
            c->rows *= c->extents[d];
        else
            inner_count *= c->extents[d];
    }
    c->slices = tare_slice_count(c->rows, inner_count + 8, SLICE_ELEMENTS);
}

/* One row for one element size. */
#define ROW(TYPE)                                                                                  \
    do {                                                                                           \
        const TYPE *in = (const TYPE *)from;                                                       \
        TYPE *out = (TYPE *)to;                                                                    \
        for (int64_t i = 0; i < n; i++) out[i * to_stride] = in[i * from_stride];                  \
    } while (0)

static void copy_row(size_t size, const char *from, int64_t from_stride, char *to,
                     int64_t to_stride, int64_t n) {
    if (from_stride == 1 && to_stride == 1) {
        memcpy(to, from, (size_t)n * size);
        return;
    }
    if (from_stride == 0 && to_stride == 1) {
        tare_fill(to, from, size, n);
        return;
    }
    if (size == 4)
        ROW(uint32_t);
    else if (size == 8)
        ROW(uint64_t);
    else if (size == 2)
        ROW(uint16_t);
    else
        ROW(uint8_t);
}

void tare_fill(void *y, const void *element, size_t size, int64_t count) {
    if (count < 1) return;
    const size_t bytes = (size_t)count * size;
    char *to = y;
    memmove(to, element, size);
    for (size_t done = size; done < bytes;) {
        const size_t more = done < bytes - done ? done : bytes - done;
        memcpy(to + done, to, more);
        done += more;
    }
}

/* The last two axes, of which one is read and the other written side by side. */
static void transpose(const tare_strided *c, const char *from, char *to) {
    const int d = c->rank - 2;
    const int64_t rows = c->extents[d], columns = c->extents[d + 1], size = (int64_t)c->size;
    for (int64_t i = 0; i < rows; i += TRANSPOSE_BLOCK) {
        const int64_t end = i + TRANSPOSE_BLOCK < rows ? i + TRANSPOSE_BLOCK : rows;
        for (int64_t j = 0; j < columns; j += TRANSPOSE_BLOCK) {
            const int64_t wide =
                columns - j < TRANSPOSE_BLOCK ? columns - j : (int64_t)TRANSPOSE_BLOCK;
            for (int64_t k = i; k < end; k++)
                copy_row(c->size, from + (k * c->from[d] + j * c->from[d + 1]) * size,
                         c->from[d + 1], to + (k * c->to[d] + j) * size, 1, wide);
        }
    }
}

typedef struct strided_job {
    const tare_strided *copy;
    const char *x;
    char *y;
} strided_job;

static void copy_slice(void *context, int64_t slice) {
    const strided_job *job = context;
    const tare_strided *c = job->copy;
    const int outer = c->rank - (c->transposes ? 2 : 1);
    const int64_t size = (int64_t)c->size, end = tare_slice_begin(c->rows, c->slices, slice + 1);
    int64_t row = tare_slice_begin(c->rows, c->slices, slice), rest = row;
    int64_t at[TARE_STRIDED_RANK], from = c->from_start, to = c->to_start;
    for (int d = outer - 1; d >= 0; d--) {
        at[d] = rest % c->extents[d];
        rest /= c->extents[d];
        from += at[d] * c->from[d];
        to += at[d] * c->to[d];
    }
    for (; row < end; row++) {
        if (c->transposes)
            transpose(c, job->x + from * size, job->y + to * size);
        else if (c->rank == 0)
            copy_row(c->size, job->x + from * size, 1, job->y + to * size, 1, 1);
        else
            copy_row(c->size, job->x + from * size, c->from[c->rank - 1], job->y + to * size,
                     c->to[c->rank - 1], c->extents[c->rank - 1]);
        for (int d = outer - 1; d >= 0; d--) {
            from += c->from[d];
            to += c->to[d];
            if (++at[d] < c->extents[d]) break;
            from -= at[d] * c->from[d];
            to -= at[d] * c->to[d];
            at[d] = 0;
        }
    }
}

void tare_strided_run(const tare_strided *copy, const void *x, void *y, tare_pool *pool) {
    for (int d = 0; d < copy->rank; d++)
        if (copy->extents[d] == 0) return;
    strided_job job = {copy, x, y};
    tare_pool_run(pool, copy->slices, copy_slice, &job);
}
