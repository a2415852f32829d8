/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Micro-kernels of whole-number products for one instruction set; included once by each of
 * int8_kernel_*.c, which are compiled with that instruction set's flags and define
 *
 *     LANES   int32 numbers in a vector
 *     ROWS    rows of the tallest tile
 *     KERNEL  the table's name
 *     ISA     its tare_isa
 *     NUMBER  of x: uint8_t, int8_t or int16_t
 *     vector                    of LANES int32
 *     spread(from)              optional, with SPREAD: the same 4 bytes in every lane
 *     dot(sum, x, w)            sum + products of the numbers in each 4 bytes
 *     widen(from), bytes_at(from)  LANES neighbouring numbers of x or bytes, one in each 4 bytes
 *     factors, factors_of(multiplier, round, shift)
 *     scaled(number, factors, halves_up)   (multiplier number / 2^31 + round) / 2^shift, both
 * rounded down, 1 less before the second where halves go away from 0 and number < 0
 *     bounds, bounds_of(least, most)
 *     place(to, y, bounds, count)  the first `count` numbers of a vector, within bounds, as bytes
 *     optional, with ESTIMATES: results that are certain but now and then, and cost less
 *     line, line_of(multipliers, shifts, y_zero), line_at(number, line, halves_up, rest),
 * LINE_WRONG plane_at(sum, x, z, rest)  of a tare_int8_sum is_certain(rest, wrong)    whether all
 * are that rest was told of place_2x2, place_1x4       four vectors, two rows of two and one row
 *
 * Sums stay in registers until a tile is done; the way from them to y is shared by all heights and
 * goes by the stack.
 */
#include "kernel/ceiling.h"
#include "kernel/fixed_point.h"
#include "kernel/int8_kernel.h"
#include "kernel/rows.h"

typedef int32_t loose_number __attribute__((aligned(1), may_alias));
typedef int32_t loose_vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline vector load(const int32_t *from) { return *(const loose_vector *)from; }
static inline void store(int32_t *to, vector value) { *(loose_vector *)to = value; }
#if !defined(SPREAD)
static inline vector spread(const char *from) {
    return (vector){0} + *(const loose_number *)(const void *)from;
}
#endif

/* ---- from sums to results */

static inline __attribute__((always_inline)) void
finish_plain(const tare_int8_tile *tile, int rows, int width, const int32_t *sums, bool halves_up) {
    const bounds within = bounds_of(tile->least, tile->most);
    for (int64_t j = 0; j < tile->columns; j += LANES) {
        const int32_t *facts = tile->panel + j;
        const factors by = factors_of(load(facts + TARE_INT8_MULTIPLIER * width),
                                      load(facts + TARE_INT8_ROUND * width),
                                      load(facts + TARE_INT8_SHIFT * width));
        for (int i = 0; i < rows; i++)
            place(tile->y + i * tile->y_stride + j,
                  scaled(load(sums + i * width + j), &by, halves_up), &within, tile->columns - j);
    }
}

#if defined(ESTIMATES)
/* As finish_plain, of bounded tiles of whole vectors; false: some result is not certain, and what
 * is placed means nothing. */
static inline __attribute__((always_inline)) bool finish_estimated(const tare_int8_tile *tile,
                                                                   int rows, int width,
                                                                   const int32_t *sums,
                                                                   bool halves_up) {
    const bounds within = bounds_of(tile->least, tile->most);
    const int64_t stride = tile->y_stride, columns = tile->columns;
    const int32_t *multipliers = tile->panel + TARE_INT8_MULTIPLIER * width,
                  *shifts = tile->panel + TARE_INT8_SHIFT * width;
    line by[2];
    vector rest = (vector){0} - 1;
    for (int k = 0; k < 2 && k * LANES < width; k++)
        by[k] = line_of(load(multipliers + k * LANES), load(shifts + k * LANES), tile->y_zero);
    /* Four vectors at a time: the same columns of `step` rows, or of half as many with two each. */
    const int step = columns == 2 * LANES ? 2 : 4;
    int i = 0;
    for (const int32_t *row = sums; i + step <= rows; i += step, row += 4 * LANES) {
        int8_t *y = tile->y + i * stride;
        const vector four[4] = {line_at(load(row), &by[0], halves_up, &rest),
                                line_at(load(row + LANES), &by[step == 2], halves_up, &rest),
                                line_at(load(row + 2 * LANES), &by[0], halves_up, &rest),
                                line_at(load(row + 3 * LANES), &by[step == 2], halves_up, &rest)};
        if (step == 2)
            place_2x2(y, stride, four, &within);
        else
            place_4x1(y, stride, four, &within);
    }
    for (; i < rows; i++)
        for (int k = 0; k * LANES < columns; k++)
            place(tile->y + i * stride + k * LANES,
                  line_at(load(sums + i * width + k * LANES), &by[k], halves_up, &rest) >> 16,
                  &within, columns - k * LANES);
    return is_certain(rest, LINE_WRONG);
}
#endif

static __attribute__((noinline)) void finish(const tare_int8_tile *tile, int rows, int width,
                                             const int32_t *sums) {
    const int32_t *multipliers = tile->panel + TARE_INT8_MULTIPLIER * width;
    const int32_t *shifts = tile->panel + TARE_INT8_SHIFT * width;
    /* How halves below 0 go is nothing to results that end at 0 or above. */
    const bool up = tile->halves_up || tile->least >= tile->y_zero;
#if defined(ESTIMATES)
    if (tile->bounded && tile->columns == width &&
        (up ? finish_estimated(tile, rows, width, sums, true)
            : finish_estimated(tile, rows, width, sums, false)))
        return;
#endif
    if (tile->plain) {
        if (up)
            finish_plain(tile, rows, width, sums, true);
        else
            finish_plain(tile, rows, width, sums, false);
        return;
    }
    for (int i = 0; i < rows; i++) {
        for (int64_t j = 0; j < tile->columns; j++) {
            const tare_multiplier by = {multipliers[j], -shifts[j]};
            const int32_t sum = sums[i * width + j];
            const int32_t number = tile->halves_up ? tare_scaled_up(sum, by) : tare_scaled(sum, by);
            const int32_t y = tare_saturate_32((int64_t)number + tile->y_zero);
            tile->y[i * tile->y_stride + j] = (int8_t)tare_clamp_32(y, tile->least, tile->most);
        }
    }
}

/* ---- tiles */

#define BEGIN_1(i) vector sum_##i = bias_0;
#define BEGIN_2(i) vector sum_##i = bias_0, right_##i = bias_1;
#define ADD_1(i)   sum_##i = dot(sum_##i, spread(a + (i)*stride), w_0);
#define ADD_2(i)                                                                                   \
    {                                                                                              \
        const vector x = spread(a + (i)*stride);                                                   \
        sum_##i = dot(sum_##i, x, w_0);                                                            \
        right_##i = dot(right_##i, x, w_1);                                                        \
    }
#define STAGE_1(i) store(sums + (i)*LANES, sum_##i);
#define STAGE_2(i)                                                                                 \
    store(sums + (i)*2 * LANES, sum_##i);                                                          \
    store(sums + (i)*2 * LANES + LANES, right_##i);
#define BIAS_1  const vector bias_0 = load(tile->panel)
#define BIAS_2  BIAS_1, bias_1 = load(tile->panel + LANES)
#define FETCH_1 const vector w_0 = load(w)
#define FETCH_2 FETCH_1, w_1 = load(w + LANES)

#define DEFINE_TILE(rows, vectors)                                                                 \
    static void tile_##rows##_##vectors(const tare_int8_tile *tile) {                              \
        const int64_t stride = tile->a_stride;                                                     \
        const int32_t *w = tile->panel + TARE_INT8_PANEL_FACTS * (vectors)*LANES;                  \
        BIAS_##vectors;                                                                            \
        ROWS_##rows(BEGIN_##vectors);                                                              \
        for (int64_t s = 0; s < tile->stretches; s++) {                                            \
            const char *a = tile->a + tile->offsets[s];                                            \
            for (int64_t step = tile->steps; step > 0; step--) {                                   \
                FETCH_##vectors;                                                                   \
                ROWS_##rows(ADD_##vectors);                                                        \
                a += sizeof(int32_t);                                                              \
                w += (vectors)*LANES;                                                              \
            }                                                                                      \
        }                                                                                          \
        int32_t sums[(rows) * (vectors)*LANES] __attribute__((aligned(64)));                       \
        ROWS_##rows(STAGE_##vectors);                                                              \
        finish(tile, (rows), (vectors)*LANES, sums);                                               \
    }

#define ADD_OWN(i) sum_##i = dot(sum_##i, widen(a + (i)*stride), w_0);
#define DEFINE_DEPTHWISE(rows)                                                                     \
    static void depthwise_##rows(const tare_int8_tile *tile) {                                     \
        const int64_t stride = tile->a_stride;                                                     \
        const int32_t *w = tile->panel + TARE_INT8_PANEL_FACTS * LANES;                            \
        BIAS_1;                                                                                    \
        ROWS_##rows(BEGIN_1);                                                                      \
        for (int64_t s = 0; s < tile->stretches; s++) {                                            \
            const char *a = tile->a + tile->offsets[s];                                            \
            FETCH_1;                                                                               \
            ROWS_##rows(ADD_OWN);                                                                  \
            w += LANES;                                                                            \
        }                                                                                          \
        int32_t sums[(rows)*LANES] __attribute__((aligned(64)));                                   \
        ROWS_##rows(STAGE_1);                                                                      \
        finish(tile, (rows), LANES, sums);                                                         \
    }

#define DEFINE_TILES(rows)                                                                         \
    DEFINE_TILE(rows, 1)                                                                           \
    DEFINE_TILE(rows, 2)

DEFINE_TILES(1)
DEFINE_TILES(2)
DEFINE_TILES(3)
DEFINE_TILES(4)
DEFINE_TILES(5)
DEFINE_TILES(6)
#if ROWS >= 12
DEFINE_TILES(7)
DEFINE_TILES(8)
DEFINE_TILES(9)
DEFINE_TILES(10)
DEFINE_TILES(11)
DEFINE_TILES(12)
#endif
#if ROWS >= 14
DEFINE_TILES(13)
DEFINE_TILES(14)
#endif
DEFINE_DEPTHWISE(1)
DEFINE_DEPTHWISE(2)
DEFINE_DEPTHWISE(3)
DEFINE_DEPTHWISE(4)
DEFINE_DEPTHWISE(5)
DEFINE_DEPTHWISE(6)
DEFINE_DEPTHWISE(7)
DEFINE_DEPTHWISE(8)

#define LIST_6(vectors)                                                                            \
    tile_1_##vectors, tile_2_##vectors, tile_3_##vectors, tile_4_##vectors, tile_5_##vectors,      \
        tile_6_##vectors
#define LIST_12(vectors)                                                                           \
    LIST_6(vectors), tile_7_##vectors, tile_8_##vectors, tile_9_##vectors, tile_10_##vectors,      \
        tile_11_##vectors, tile_12_##vectors
#define LIST_14(vectors)      LIST_12(vectors), tile_13_##vectors, tile_14_##vectors
#define LIST__(rows, vectors) LIST_##rows(vectors)
#define LIST_(rows, vectors)  LIST__(rows, vectors)

/* ---- the ceiling: sums as many as hide the latency, all of 0 */

#define REST(i)                                                                                    \
    vector sum_##i = {0};                                                                          \
    TARE_IN_REGISTER(sum_##i);
#define DOT(i)                                                                                     \
    sum_##i = dot(sum_##i, x, w);                                                                  \
    TARE_IN_REGISTER(x);
#define KEEP(i) TARE_IN_REGISTER(sum_##i);

static double multiply_add(int64_t rounds) {
    const int sums = 10, products = sizeof(int32_t) / sizeof(NUMBER);
    vector x = {0}, w = {0};
    TARE_IN_REGISTER(x);
    TARE_IN_REGISTER(w);
    ROWS_10(REST)
    for (int64_t i = 0; i < rounds; i++) {
        ROWS_10(DOT)
    }
    ROWS_10(KEEP)
    return 2.0 * sums * products * LANES * (double)rounds;
}

/* ---- x as tiles read it */

static void take(void *to, const int8_t *from, int64_t count, int32_t minus) {
    NUMBER *numbers = to;
    for (int64_t i = 0; i < count; i++) numbers[i] = (NUMBER)(from[i] - minus);
}

static void fill(void *to, int64_t count, int32_t number) {
    NUMBER *numbers = to;
    for (int64_t i = 0; i < count; i++) numbers[i] = (NUMBER)number;
}

/* ---- sums of two tensors */

typedef struct adding {
    factors z, y;
    bounds within;
    int32_t x_zero, z_zero;
} adding;

static inline __attribute__((always_inline)) vector sum_of(const adding *by, vector x, vector z,
                                                           bool alike, bool halves_up) {
    if (alike)
        return scaled((x + z - by->x_zero - by->z_zero) << (TARE_INT8_ADD_BITS - 1), &by->y, false);
    const vector first = (x - by->x_zero) << (TARE_INT8_ADD_BITS - 1);
    const vector second = scaled((z - by->z_zero) << TARE_INT8_ADD_BITS, &by->z, false);
    return scaled(first + second, &by->y, halves_up);
}

static inline __attribute__((always_inline)) void add_all(const adding *by, int64_t count,
                                                          const int8_t *x, const int8_t *z,
                                                          int8_t *y, bool alike, bool halves_up) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        place(y + i, sum_of(by, bytes_at(x + i), bytes_at(z + i), alike, halves_up), &by->within,
              LANES);
    if (i == count) return;
    int8_t last[2][LANES] = {{0}};
    for (int64_t k = 0; i + k < count; k++) {
        last[0][k] = x[i + k];
        last[1][k] = z[i + k];
    }
    place(y + i, sum_of(by, bytes_at(last[0]), bytes_at(last[1]), alike, halves_up), &by->within,
          count - i);
}

static factors factors_for_all(const tare_int8_factor *f) {
    return factors_of((vector){0} + f->multiplier, (vector){0} + f->round, (vector){0} + f->shift);
}

static __attribute__((noinline)) void add_scaled(const tare_int8_sum *sum, int64_t count,
                                                 const int8_t *x, const int8_t *z, int8_t *y) {
    const adding by = {.z = factors_for_all(&sum->z),
                       .y = factors_for_all(&sum->y),
                       .within = bounds_of(sum->least, sum->most),
                       .x_zero = sum->x_zero,
                       .z_zero = sum->z_zero};
    if (sum->alike)
        add_all(&by, count, x, z, y, true, false);
    else if (sum->halves_up)
        add_all(&by, count, x, z, y, false, true);
    else
        add_all(&by, count, x, z, y, false, false);
}

#if defined(ESTIMATES)
#define ADD add_estimated
static void add_estimated(const tare_int8_sum *sum, int64_t count, const int8_t *x, const int8_t *z,
                          int8_t *y) {
    const tare_int8_sum s = *sum;
    const bounds within = bounds_of(s.least, s.most);
    const int64_t block = 4 * LANES;
    int64_t i = 0;
    for (; i + block <= count && s.wrong > 0; i += block) {
        vector four[4], rest = (vector){0} - 1;
        for (int k = 0; k < 4; k++)
            four[k] = plane_at(&s, bytes_at(x + i + k * LANES), bytes_at(z + i + k * LANES), &rest);
        if (is_certain(rest, s.wrong))
            place_1x4(y + i, four, &within);
        else
            add_scaled(sum, block, x + i, z + i, y + i);
    }
    add_scaled(sum, count - i, x + i, z + i, y + i);
}
#else
#define ADD add_scaled
#endif

/* ---- windows of pools and means, a row of channels at a time */

static void raise(int8_t *y, const int8_t *x, int64_t count) {
    for (int64_t i = 0; i < count; i++) y[i] = x[i] > y[i] ? x[i] : y[i];
}

static void collect(int32_t *sums, const int8_t *x, int64_t count) {
    for (int64_t i = 0; i < count; i++) sums[i] += x[i];
}

#if !defined(LOOK_UP)
static void look_up(int8_t *y, const int8_t *x, const int8_t table[256], int64_t count) {
    for (int64_t i = 0; i < count; i++) y[i] = table[x[i] - INT8_MIN];
}
#endif

/* Quotients of whole numbers below 2^24 are whole in float32 only where they are. */
static void average(const tare_int8_window *window, const int32_t *restrict sums, int64_t count,
                    int8_t *restrict y) {
    const tare_int8_window w = *window;
    const float numbers = (float)w.numbers;
    const int32_t half = w.numbers / 2, shift = w.halves_up ? INT8_MIN : 0;
    const int32_t up = half - shift * w.numbers, below = w.halves_up ? up : -half;
    for (int64_t i = 0; i < count; i++) {
        const float nudged = (float)(sums[i] + (sums[i] > 0 ? up : below));
        y[i] = (int8_t)tare_clamp_32((int32_t)(nudged / numbers) + shift, w.least, w.most);
    }
}

const tare_int8_kernel KERNEL = {
    .isa = ISA,
    .rows = ROWS,
    .lanes = LANES,
    .bytes = sizeof(NUMBER),
    .least = (NUMBER)-1 < 0 ? 0 : INT8_MIN,
    .tile = {{LIST_(ROWS, 1)}, {LIST_(ROWS, 2)}},
    .depthwise = {depthwise_1, depthwise_2, depthwise_3, depthwise_4, depthwise_5, depthwise_6,
                  depthwise_7, depthwise_8},
    .multiply_add = multiply_add,
    .take = take,
    .fill = fill,
    .add = ADD,
    .raise = raise,
    .collect = collect,
    .look_up = look_up,
    .average = average,
};
