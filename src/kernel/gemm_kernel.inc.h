/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Micro-kernels and packing for one instruction set; included once by each of gemm_avx512.c,
 * gemm_avx2.c and gemm_baseline.c, which are compiled with that instruction set's flags and define
 *
 *     LANES   float32 numbers in a vector
 *     ROWS    rows of the tallest tile
 *     KERNEL  the table's name
 *     ISA     its tare_isa
 *
 * A tile keeps rows x 2 vectors of sums in registers: 14 x 32 numbers in the 32 registers of
 * AVX-512, 6 x 16 in the 16 of AVX2, 12 x 8 in the 32 of NEON, where clang has not two to spare.
 * The sums are variables named by macro because clang 14 leaves an array of them on the stack.
 */
#include "kernel/gemm_kernel.h"
#include "kernel/rows.h"
#include "kernel/transpose.h"
#include "kernel/vector.inc.h"

typedef tare_quad quad;
typedef tare_loose_quad loose_quad;

/* ---- from registers to C */

/* What a tile is kept between: everything where it has no bounds. */
typedef struct bounds {
    vector low, high;
} bounds;

static inline bounds bounds_of(const tare_gemm_tile *tile) {
    const tare_ending *ending = tile->ending;
    const float infinity = __builtin_inff(), low = ending ? ending->low : -infinity;
    return (bounds){low - (vector){0}, (ending ? ending->high : infinity) - (vector){0}};
}

/* All that may come to a sum: the bias, what C has, the addend. */
static inline vector complete(const tare_gemm_tile *tile, vector sum, int64_t j, const float *c,
                              const float *addend, const bounds *kept) {
    if (tile->bias) sum += load(tile->bias + j);
    if (tile->accumulate) sum += load(c + j);
    if (addend) sum += load(addend + j);
    return clamp(sum, kept->low, kept->high);
}

/* A row of sums, whole vectors first; sums may be changed. */
static __attribute__((noinline)) void finish_row(const tare_gemm_tile *tile, float *sums, float *c,
                                                 const float *addend) {
    const bounds kept = bounds_of(tile);
    int64_t j = 0;
    for (; j + LANES <= tile->columns; j += LANES)
        store(c + j, complete(tile, load(sums + j), j, c, addend, &kept));
    if (j == tile->columns) return;
    for (int64_t i = j; i < tile->columns; i++) {
        if (tile->bias) sums[i] += tile->bias[i];
        if (tile->accumulate) sums[i] += c[i];
        if (addend) sums[i] += addend[i];
    }
    store(sums + j, clamp(load(sums + j), kept.low, kept.high));
    for (int64_t i = j; i < tile->columns; i++) c[i] = sums[i];
}

/* The end of a tile by way of the stack, out of line: narrower than its vectors; or whole, with
 * what few tiles have. */
static __attribute__((noinline)) void finish(const tare_gemm_tile *tile, int rows, int width,
                                             float *sums) {
    for (int i = 0; i < rows; i++) {
        const int64_t at = i * tile->ldc;
        finish_row(tile, sums + i * width, tile->c + at, tile->addend ? tile->addend + at : NULL);
    }
}

/* ---- tiles */

#define ZERO_1(i) vector sum_##i = {0};
#define ZERO_2(i) vector sum_##i = {0}, right_##i = {0};
#define ADD_1(i, number)                                                                           \
    {                                                                                              \
        const float factor = (number);                                                             \
        sum_##i += factor * b0;                                                                    \
    }
#define ADD_2(i, number)                                                                           \
    {                                                                                              \
        const float factor = (number);                                                             \
        sum_##i += factor * b0;                                                                    \
        right_##i += factor * b1;                                                                  \
    }
#define FETCH_1 const vector b0 = load(b)
#define FETCH_2 const vector b0 = load(b), b1 = load(b + LANES)

#define STAGE_1(i) store(sums + (i)*LANES, sum_##i);
#define STAGE_2(i)                                                                                 \
    store(sums + (i)*2 * LANES, sum_##i);                                                          \
    store(sums + (i)*2 * LANES + LANES, right_##i);
/* c and addend step from row to row: in registers, since a store could change what a tile says of
 * them. */
#define PLACE_1(i)                                                                                 \
    store(c, sum_##i);                                                                             \
    c += ldc;
#define PLACE_2(i)                                                                                 \
    store(c + LANES, right_##i);                                                                   \
    PLACE_1(i)
#define JOIN_1(i)                                                                                  \
    sum_##i += load(addend);                                                                       \
    addend += ldc;
#define JOIN_2(i)                                                                                  \
    right_##i += load(addend + LANES);                                                             \
    JOIN_1(i)
#define SHIFT_1(i) sum_##i += bias_0;
#define SHIFT_2(i)                                                                                 \
    SHIFT_1(i)                                                                                     \
    right_##i += bias_1;
#define CLAMP_1(i) sum_##i = clamp(sum_##i, kept.low, kept.high);
#define CLAMP_2(i)                                                                                 \
    CLAMP_1(i)                                                                                     \
    right_##i = clamp(right_##i, kept.low, kept.high);
#define BIAS_1 const vector bias_0 = load(tile->bias)
#define BIAS_2 BIAS_1, bias_1 = load(tile->bias + LANES)

#define JOIN_ROWS(rows, vectors, matrix)                                                           \
    {                                                                                              \
        const float *addend = (matrix);                                                            \
        ROWS_##rows(JOIN_##vectors)                                                                \
    }
#define COLLECT_ROWS(rows, vectors) JOIN_ROWS(rows, vectors, tile->c)
#define SHIFT_ROWS(rows, vectors)                                                                  \
    BIAS_##vectors;                                                                                \
    ROWS_##rows(SHIFT_##vectors);                                                                  \
    if (tile->addend) JOIN_ROWS(rows, vectors, tile->addend)                                       \
    if (tile->ending) {                                                                            \
        const bounds kept = bounds_of(tile);                                                       \
        ROWS_##rows(CLAMP_##vectors);                                                              \
    }

/* The common ends are made in registers; of bias and accumulation only the one that this kind of
 * tile is mostly made for, since each is half a kilobyte of code. */
#define END_TILE(rows, vectors, wants, QUICK, also)                                                \
    if (tile->columns < (vectors)*LANES || (also)) {                                               \
        float sums[(rows) * (vectors)*LANES];                                                      \
        ROWS_##rows(STAGE_##vectors);                                                              \
        finish(tile, (rows), (vectors)*LANES, sums);                                               \
    } else {                                                                                       \
        float *c = tile->c;                                                                        \
        const int64_t ldc = tile->ldc;                                                             \
        __asm__("" : "+r"(c)); /* else compilers keep all rows' from the prefetching on */         \
        if (wants) {                                                                               \
            QUICK(rows, vectors)                                                                   \
        }                                                                                          \
        ROWS_##rows(PLACE_##vectors);                                                              \
    }
#define END_PANEL_TILE(rows, vectors)                                                              \
    END_TILE(rows, vectors, tile->accumulate, COLLECT_ROWS, tile->bias || tile->ending)
#define END_ROWS_TILE(rows, vectors)                                                               \
    END_TILE(rows, vectors, tile->bias, SHIFT_ROWS,                                                \
             tile->accumulate || (tile->ending && !tile->bias))

#define PREFETCH_1(i)                                                                              \
    __builtin_prefetch(line, 1);                                                                   \
    line += tile->ldc;
#define PREFETCH_2(i)                                                                              \
    __builtin_prefetch(line + 16, 1);                                                              \
    PREFETCH_1(i)
#define PREFETCH_ROWS(rows, vectors)                                                               \
    const float *line = tile->c;                                                                   \
    ROWS_##rows(PREFETCH_##vectors)

#define EACH_SEGMENT                                                                               \
    const tare_gemm_segment whole = {0, 0}, *segment = tile->segments ? tile->segments : &whole;   \
    for (const tare_gemm_segment *end = segment + (tile->segments ? tile->segment_count : 1);      \
         segment < end; segment++)

/* The empty asm keeps compilers from making every loop twice, with and without it. */
#define BEGIN_FETCH                                                                                \
    const int64_t fetch_step = tile->fetch_step;                                                   \
    const char *fetch = tile->fetch;
#define FETCH_AHEAD                                                                                \
    __asm__("" : "+r"(fetch));                                                                     \
    if (fetch) {                                                                                   \
        __builtin_prefetch(fetch, 0, 2);                                                           \
        __builtin_prefetch(fetch + 64, 0, 2);                                                      \
        fetch += fetch_step;                                                                       \
    }

/* A by panel: the rows' numbers of one step stand side by side. Here and below, loops over steps
 * ask for more at their end, as they run fastest. */
#define PANEL_ADD_1(i) ADD_1(i, a[i])
#define PANEL_ADD_2(i) ADD_2(i, a[i])
#define DEFINE_BY_PANEL(rows, vectors)                                                             \
    static void panel_##rows##_##vectors(const tare_gemm_tile *tile) {                             \
        const int64_t a_stride = tile->a_stride, b_stride = tile->b_stride;                        \
        BEGIN_FETCH                                                                                \
        PREFETCH_ROWS(rows, vectors)                                                               \
        ROWS_##rows(ZERO_##vectors);                                                               \
        EACH_SEGMENT {                                                                             \
            const float *a = tile->a + segment->a, *b = tile->b + segment->b;                      \
            int64_t p = tile->k;                                                                   \
            if (p > 0) do {                                                                        \
                    FETCH_##vectors;                                                               \
                    FETCH_AHEAD                                                                    \
                    ROWS_##rows(PANEL_ADD_##vectors);                                              \
                    a += a_stride;                                                                 \
                    b += b_stride;                                                                 \
                } while (--p > 0);                                                                 \
        }                                                                                          \
        END_PANEL_TILE(rows, vectors)                                                              \
    }

/*
 * A by rows: the numbers of one step stand a_stride apart. Fourteen pointers do not fit the sixteen
 * integer registers, so rows are reached from every fifth with 0, 1, 2, 3 or 4 strides, which x86
 * adds for nothing (three strides take a register of their own). The empty asm keeps compilers from
 * splitting these sums into more pointers.
 */
#define ROW_OF(i)     ((i) < 5 ? a : (i) < 10 ? a5 : a10)
#define ROW_OFFSET(i) ((i) % 5 == 3 ? three : (i) % 5 * a_stride)
#define ROWS_ADD_1(i) ADD_1(i, ROW_OF(i)[ROW_OFFSET(i)])
#define ROWS_ADD_2(i) ADD_2(i, ROW_OF(i)[ROW_OFFSET(i)])
#define DEFINE_BY_ROWS(rows, vectors)                                                              \
    static void rows_##rows##_##vectors(const tare_gemm_tile *tile) {                              \
        const int64_t a_stride = tile->a_stride, b_stride = tile->b_stride;                        \
        BEGIN_FETCH                                                                                \
        int64_t three = 3 * a_stride;                                                              \
        PREFETCH_ROWS(rows, vectors)                                                               \
        ROWS_##rows(ZERO_##vectors);                                                               \
        EACH_SEGMENT {                                                                             \
            const float *a = tile->a + segment->a, *b = tile->b + segment->b;                      \
            const float *a5 = a + ((rows) > 5 ? 5 * a_stride : 0);                                 \
            const float *a10 = a + ((rows) > 10 ? 10 * a_stride : 0);                              \
            __asm__("" : "+r"(a5), "+r"(a10), "+r"(three));                                        \
            int64_t p = tile->k;                                                                   \
            if (p > 0) do {                                                                        \
                    FETCH_##vectors;                                                               \
                    FETCH_AHEAD                                                                    \
                    ROWS_##rows(ROWS_ADD_##vectors);                                               \
                    a++;                                                                           \
                    a5++;                                                                          \
                    a10++;                                                                         \
                    b += b_stride;                                                                 \
                } while (--p > 0);                                                                 \
        }                                                                                          \
        END_ROWS_TILE(rows, vectors)                                                               \
    }

/*
 * By dot: each row's sum lies in the lanes of a vector, what is left over after whole vectors in a
 * number beside it. Two columns at a time share what is loaded of the rows.
 */
#define DOT_ZERO_1(i)                                                                              \
    vector sum_##i = {0};                                                                          \
    float rest_##i = 0;
#define DOT_ZERO_2(i)                                                                              \
    DOT_ZERO_1(i)                                                                                  \
    vector right_##i = {0};                                                                        \
    float right_rest_##i = 0;
#define DOT_FETCH_1  const vector w = load(b)
#define DOT_FETCH_2  DOT_FETCH_1, w1 = load(b + b_stride)
#define DOT_ADD_1(i) sum_##i += w * load(ROW_OF(i) + ROW_OFFSET(i));
#define DOT_ADD_2(i)                                                                               \
    {                                                                                              \
        const vector row = load(ROW_OF(i) + ROW_OFFSET(i));                                        \
        sum_##i += w * row;                                                                        \
        right_##i += w1 * row;                                                                     \
    }
#define DOT_REST_1(i) rest_##i += *b * ROW_OF(i)[ROW_OFFSET(i)];
#define DOT_REST_2(i)                                                                              \
    DOT_REST_1(i)                                                                                  \
    right_rest_##i += b[b_stride] * ROW_OF(i)[ROW_OFFSET(i)];
#define DOT_KEEP_1(i)                                                                              \
    store(sums[0] + (i)*LANES, sum_##i);                                                           \
    rests[0][i] = rest_##i;
#define DOT_KEEP_2(i)                                                                              \
    DOT_KEEP_1(i)                                                                                  \
    store(sums[1] + (i)*LANES, right_##i);                                                         \
    rests[1][i] = right_rest_##i;

/* The sum of the fours of row i's vector; 0 past the last row. */
static inline quad fold(const float *sums, int i, int rows) {
    if (i >= rows) return (quad){0};
    sums += i * LANES;
    quad sum = *(const loose_quad *)sums;
#if LANES >= 8
    sum += *(const loose_quad *)(sums + 4);
#endif
#if LANES >= 16
    sum += *(const loose_quad *)(sums + 8);
    sum += *(const loose_quad *)(sums + 12);
#endif
    return sum;
}

/* c[i * ldc] = the sum of row i's lanes and its rest, four rows at a time. */
static __attribute__((noinline)) void finish_dots(const tare_gemm_tile *tile, int64_t column,
                                                  int rows, const float *sums, const float *rests) {
    const float bias = tile->bias ? tile->bias[column] : 0;
    for (int first = 0; first < rows; first += 4) {
        const quad folded[4] = {fold(sums, first, rows), fold(sums, first + 1, rows),
                                fold(sums, first + 2, rows), fold(sums, first + 3, rows)};
        quad lane[4];
        tare_transpose_quads(folded, lane);
        const quad sum = (lane[0] + lane[1]) + (lane[2] + lane[3]);
        for (int i = 0; i < 4 && first + i < rows; i++) {
            float *c = tile->c + (first + i) * tile->ldc + column;
            float value = sum[i] + rests[first + i];
            value = tile->accumulate ? *c + value : value + bias;
            if (tile->addend) value += tile->addend[(first + i) * tile->ldc + column];
            *c = tile->ending ? tare_clamp(tile->ending, value) : value;
        }
    }
}

#define DEFINE_DOT(rows, columns)                                                                  \
    static inline void dot_##rows##_##columns(const tare_gemm_tile *tile, int64_t column) {        \
        const int64_t a_stride = tile->a_stride, b_stride = tile->b_stride;                        \
        int64_t three = 3 * a_stride;                                                              \
        BEGIN_FETCH                                                                                \
        if (column > 0) fetch = NULL;                                                              \
        float sums[columns][(rows)*LANES], rests[columns][rows];                                   \
        ROWS_##rows(DOT_ZERO_##columns);                                                           \
        EACH_SEGMENT {                                                                             \
            const float *a = tile->a + segment->a;                                                 \
            const float *b = tile->b + segment->b + column * b_stride;                             \
            const float *a5 = a + ((rows) > 5 ? 5 * a_stride : 0), *const a10 = a;                 \
            __asm__("" : "+r"(a5), "+r"(three));                                                   \
            (void)a10;                                                                             \
            int64_t left = tile->k;                                                                \
            for (; left >= LANES; left -= LANES, a += LANES, a5 += LANES, b += LANES) {            \
                DOT_FETCH_##columns;                                                               \
                FETCH_AHEAD                                                                        \
                ROWS_##rows(DOT_ADD_##columns);                                                    \
            }                                                                                      \
            for (; left > 0; left--, a++, a5++, b++) {                                             \
                ROWS_##rows(DOT_REST_##columns);                                                   \
            }                                                                                      \
        }                                                                                          \
        ROWS_##rows(DOT_KEEP_##columns);                                                           \
        for (int j = 0; j < (columns); j++)                                                        \
            finish_dots(tile, column + j, (rows), sums[j], rests[j]);                              \
    }

/* So many sums in two columns stay in registers. */
#define FIT_TWICE(rows) (2 * (rows) + 3 <= (LANES == 16 ? 32 : 16))

#define DEFINE_BY_DOT(rows)                                                                        \
    DEFINE_DOT(rows, 1)                                                                            \
    DEFINE_DOT(rows, 2)                                                                            \
    static void dots_##rows(const tare_gemm_tile *tile) {                                          \
        int64_t column = 0;                                                                        \
        for (; FIT_TWICE(rows) && column + 2 <= tile->columns; column += 2)                        \
            dot_##rows##_2(tile, column);                                                          \
        for (; column < tile->columns; column++) dot_##rows##_1(tile, column);                     \
    }

#define DEFINE_TILES(rows)                                                                         \
    DEFINE_BY_PANEL(rows, 1)                                                                       \
    DEFINE_BY_PANEL(rows, 2)                                                                       \
    DEFINE_BY_ROWS(rows, 1)                                                                        \
    DEFINE_BY_ROWS(rows, 2)

#define LIST_6(prefix, vectors)                                                                    \
    prefix##_1_##vectors, prefix##_2_##vectors, prefix##_3_##vectors, prefix##_4_##vectors,        \
        prefix##_5_##vectors, prefix##_6_##vectors
#define LIST_8(prefix, vectors) LIST_6(prefix, vectors), prefix##_7_##vectors, prefix##_8_##vectors
#define LIST_12(prefix, vectors)                                                                   \
    LIST_8(prefix, vectors), prefix##_9_##vectors, prefix##_10_##vectors, prefix##_11_##vectors,   \
        prefix##_12_##vectors
#define LIST_14(prefix, vectors)                                                                   \
    LIST_12(prefix, vectors), prefix##_13_##vectors, prefix##_14_##vectors

DEFINE_TILES(1)
DEFINE_TILES(2)
DEFINE_TILES(3)
DEFINE_TILES(4)
DEFINE_TILES(5)
DEFINE_TILES(6)
#if ROWS >= 8
DEFINE_TILES(7)
DEFINE_TILES(8)
#endif
#if ROWS >= 12
DEFINE_TILES(9)
DEFINE_TILES(10)
DEFINE_TILES(11)
DEFINE_TILES(12)
#endif
#if ROWS >= 14
DEFINE_TILES(13)
DEFINE_TILES(14)
#endif

DEFINE_BY_DOT(1)
DEFINE_BY_DOT(2)
DEFINE_BY_DOT(3)
DEFINE_BY_DOT(4)
DEFINE_BY_DOT(5)
DEFINE_BY_DOT(6)
DEFINE_BY_DOT(7)
DEFINE_BY_DOT(8)

/* ---- packing */

/* The width is one or two vectors, a constant where this is called. */
static inline __attribute__((always_inline)) void
pack_full(float *packed, int64_t width, const float *from, int64_t stride, int64_t k) {
    for (int64_t p = 0; p < k; p++, packed += width, from += stride) {
        store(packed, load(from));
        if (width > LANES) store(packed + LANES, load(from + LANES));
    }
}

/* Fours of numbers, the last ones overlapping. */
static inline void copy_few(float *to, const float *from, int64_t count) {
    if (count >= 4) {
        for (int64_t i = 0; i + 4 < count; i += 4)
            *(loose_quad *)(to + i) = *(const loose_quad *)(from + i);
        *(loose_quad *)(to + count - 4) = *(const loose_quad *)(from + count - 4);
    } else {
        for (int64_t i = 0; i < count; i++) to[i] = from[i];
    }
}

static void pack(float *packed, int64_t width, const float *from, int64_t stride, int64_t have,
                 int64_t k) {
    if (have >= width && width == LANES) {
        pack_full(packed, LANES, from, stride, k);
    } else if (have >= width && width == 2 * LANES) {
        pack_full(packed, 2 * LANES, from, stride, k);
    } else {
        for (int64_t p = 0; p < k; p++, packed += width, from += stride) {
            for (int64_t i = 0; i < width; i += 4) *(loose_quad *)(packed + i) = (quad){0};
            copy_few(packed, from, have < width ? have : width);
        }
    }
}

/* packed[q * width + r] = row[r][q] for four q and four r. */
static inline __attribute__((always_inline)) void transpose_four(float *packed, int64_t width,
                                                                 const float *const row[4]) {
    quad column[4];
    tare_transpose_block(row, column);
    *(loose_quad *)packed = column[0];
    *(loose_quad *)(packed + width) = column[1];
    *(loose_quad *)(packed + 2 * width) = column[2];
    *(loose_quad *)(packed + 3 * width) = column[3];
}

/* packed[p * width + r] = row[r][p] for p < count and four r; with `before`, what stands before
 * them may be read and written again. */
static inline __attribute__((always_inline)) void pack_four_rows(float *packed, int64_t width,
                                                                 const float *r0, const float *r1,
                                                                 const float *r2, const float *r3,
                                                                 int64_t count, bool before) {
    const float *const row[4] = {r0, r1, r2, r3};
    int64_t p = 0;
    for (; p + 4 <= count; p += 4)
        transpose_four(packed + p * width, width,
                       (const float *const[4]){r0 + p, r1 + p, r2 + p, r3 + p});
    if (p < count && (before || count >= 4)) { /* the last four overlap the ones before */
        p = count - 4;
        transpose_four(packed + p * width, width,
                       (const float *const[4]){r0 + p, r1 + p, r2 + p, r3 + p});
        return;
    }
    for (; p < count; p++)
        for (int64_t r = 0; r < 4; r++) packed[p * width + r] = row[r][p];
}

/* Steps are taken sixteen at a time, a cache line of every row, so that no line is fetched twice.
 */
static void pack_transposed(float *packed, int64_t width, const float *from, int64_t stride,
                            int64_t have, int64_t k) {
    enum { CHUNK = 16 };
    for (int64_t begin = 0; begin < k; begin += CHUNK) {
        const int64_t end = begin + CHUNK < k ? begin + CHUNK : k;
        const float *row = from + begin;
        for (int64_t i = 0; i < width; i += 4) { /* past the last row, the last again */
            const float *next = row + (i + 1 < have) * stride;
            const float *third = next + (i + 2 < have) * stride;
            const float *fourth = third + (i + 3 < have) * stride;
            pack_four_rows(packed + begin * width + i, width, row, next, third, fourth, end - begin,
                           begin > 0);
            row = fourth + (i + 4 < have) * stride;
        }
    }
}

static void copy_block(float *to, int64_t to_stride, const float *from, int64_t from_stride,
                       int64_t rows, int64_t columns) {
    for (int64_t r = 0; r < rows; r++, to += to_stride, from += from_stride) {
        int64_t j = 0;
        for (; j + LANES <= columns; j += LANES) store(to + j, load(from + j));
        if (j < columns && columns >= LANES) /* the last vector overlaps the one before */
            store(to + columns - LANES, load(from + columns - LANES));
        else
            for (; j < columns; j++) to[j] = from[j];
    }
}

/* Adds a row. The last two vectors are read before either is stored, and may overlap: what they
 * share they find alike. */
static inline void add_row(float *to, const float *from, int64_t columns) {
    int64_t j = 0;
    for (; columns - j > 2 * LANES; j += LANES) store(to + j, load(to + j) + load(from + j));
    if (columns - j >= LANES) {
        const int64_t last = columns - LANES;
        const vector end = load(to + last) + load(from + last);
        store(to + j, load(to + j) + load(from + j));
        store(to + last, end);
        return;
    }
    for (; columns - j >= 4; j += 4) *(loose_quad *)(to + j) += *(const loose_quad *)(from + j);
    for (; j < columns; j++) to[j] += from[j];
}

static void add_block(float *to, int64_t to_stride, const float *from, int64_t from_stride,
                      int64_t rows, int64_t columns) {
    for (int64_t r = 0; r < rows; r++, to += to_stride, from += from_stride)
        add_row(to, from, columns);
}

/* ---- a vector times a matrix */

/* As many sums as `type` has lanes to y, from column j on. */
#define DEFINE_PUT(name, type, loose_type)                                                         \
    static inline void name(const tare_gemm_vector *product, int64_t j, type sum) {                \
        loose_type *const y = (loose_type *)(product->y + j);                                      \
        if (product->bias) sum += *(const loose_type *)(product->bias + j);                        \
        if (product->accumulate) sum += *y;                                                        \
        *y = sum;                                                                                  \
    }
DEFINE_PUT(put_vector, vector, loose_vector)
DEFINE_PUT(put_quad, quad, loose_quad)
DEFINE_PUT(put_single, float, float)

/* Eight vectors of columns side by side, so that a row is read in long pieces. */
static void columns_wide(const tare_gemm_vector *product, int64_t first) {
    vector s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, s4 = {0}, s5 = {0}, s6 = {0}, s7 = {0};
    const float *row = product->matrix + first;
    for (int64_t p = 0; p < product->k; p++, row += product->stride) {
        const float factor = product->v[p];
        s0 += factor * load(row);
        s1 += factor * load(row + LANES);
        s2 += factor * load(row + 2 * LANES);
        s3 += factor * load(row + 3 * LANES);
        s4 += factor * load(row + 4 * LANES);
        s5 += factor * load(row + 5 * LANES);
        s6 += factor * load(row + 6 * LANES);
        s7 += factor * load(row + 7 * LANES);
    }
    const vector sums[8] = {s0, s1, s2, s3, s4, s5, s6, s7};
    for (int i = 0; i < 8; i++) put_vector(product, first + i * LANES, sums[i]);
}

/* As many columns as `type` has lanes; four sums each, so that no addition waits for the one
 * before. */
#define DEFINE_COLUMNS(name, type, loose_type)                                                     \
    static type name(const tare_gemm_vector *product, int64_t first) {                             \
        type sum[4] = {(type){0}, (type){0}, (type){0}, (type){0}};                                \
        const float *row = product->matrix + first;                                                \
        const int64_t stride = product->stride;                                                    \
        int64_t p = 0;                                                                             \
        for (; p + 4 <= product->k; p += 4, row += 4 * stride)                                     \
            for (int i = 0; i < 4; i++)                                                            \
                sum[i] += product->v[p + i] * *(const loose_type *)(row + i * stride);             \
        for (; p < product->k; p++, row += stride)                                                 \
            sum[0] += product->v[p] * *(const loose_type *)row;                                    \
        return (sum[0] + sum[1]) + (sum[2] + sum[3]);                                              \
    }
DEFINE_COLUMNS(columns_vector, vector, loose_vector)
DEFINE_COLUMNS(columns_quad, quad, loose_quad)
DEFINE_COLUMNS(columns_single, float, float)

static void vector_matrix(const tare_gemm_vector *product) {
    int64_t j = 0;
    for (; j + 8 * LANES <= product->n; j += 8 * LANES) columns_wide(product, j);
    for (; j + LANES <= product->n; j += LANES) put_vector(product, j, columns_vector(product, j));
    for (; j + 4 <= product->n; j += 4) put_quad(product, j, columns_quad(product, j));
    for (; j < product->n; j++) put_single(product, j, columns_single(product, j));
}

static float dot(const float *x, const float *y, int64_t k) {
    vector s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    int64_t p = 0;
    for (; p + 4 * LANES <= k; p += 4 * LANES) {
        s0 += load(x + p) * load(y + p);
        s1 += load(x + p + LANES) * load(y + p + LANES);
        s2 += load(x + p + 2 * LANES) * load(y + p + 2 * LANES);
        s3 += load(x + p + 3 * LANES) * load(y + p + 3 * LANES);
    }
    for (; p + LANES <= k; p += LANES) s0 += load(x + p) * load(y + p);
    const vector lanes = (s0 + s1) + (s2 + s3);
    float sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += lanes[lane];
    for (; p < k; p++) sum += x[p] * y[p];
    return sum;
}

static void vector_transposed(const tare_gemm_vector *product) {
    for (int64_t j = 0; j < product->n; j++)
        put_single(product, j, dot(product->v, product->matrix + j * product->stride, product->k));
}

#define LIST__(rows, prefix, vectors) LIST_##rows(prefix, vectors)
#define LIST_(rows, prefix, vectors)  LIST__(rows, prefix, vectors)

const tare_gemm_kernel KERNEL = {
    .isa = ISA,
    .rows = ROWS,
    .lanes = LANES,
    .panel = (ROWS + 3) / 4 * 4,
    .by_panel = {{LIST_(ROWS, panel, 1)}, {LIST_(ROWS, panel, 2)}},
    .by_rows = {{LIST_(ROWS, rows, 1)}, {LIST_(ROWS, rows, 2)}},
    .by_dot = {dots_1, dots_2, dots_3, dots_4, dots_5, dots_6, dots_7, dots_8},
    .pack = pack,
    .pack_transposed = pack_transposed,
    .copy_block = copy_block,
    .add_block = add_block,
    .vector_matrix = vector_matrix,
    .vector_transposed = vector_transposed,
};
