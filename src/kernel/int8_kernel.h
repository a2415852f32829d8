/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What products of whole numbers need from an instruction set: micro-kernels that make one tile of
 * y, and the form of x that they read. One table per instruction set, all compiled from
 * int8_kernel.inc.h.
 *
 * A step multiplies 4 bytes of x by 4 bytes for each column: four numbers of 8 bits, or two of 16.
 *
 *     panel   [PANEL_FACTS][width] int32, then [stretch][step][width] of 4 bytes each
 *     sum     bias + sum over stretches and steps of x w
 *     y       (multiplier sum / 2^31 + round) / 2^shift      least..most, to the bit of tare_scaled
 */
#ifndef TARE_SRC_KERNEL_INT8_KERNEL_H
#define TARE_SRC_KERNEL_INT8_KERNEL_H

#include "kernel/int8_others.h"
#include "kernel/int8_product.h"
#include "kernel/isa.h"

#include <stdbool.h>

#define TARE_INT8_MOST_ROWS      14
#define TARE_INT8_DEPTHWISE_ROWS 8
#define TARE_INT8_BOUNDED        32000 /* with y_zero they fit 16 bits */

/* Rows at the head of a panel. bias: with what x stands off its zero. round: half of 2^shift, and
 * y_zero 2^shift. shift: to the right. */
enum {
    TARE_INT8_BIAS,
    TARE_INT8_MULTIPLIER,
    TARE_INT8_ROUND,
    TARE_INT8_SHIFT,
    TARE_INT8_PANEL_FACTS
};

/*
 * Results [rows, columns] of neighbouring pixels. The numbers of pixel i begin at a + i a_stride +
 * offsets[stretch]. Depthwise, a column reads its own number there and a stretch is one step.
 */
typedef struct tare_int8_tile {
    const char *a;
    const int64_t *offsets; /* in bytes, like a_stride */
    int64_t stretches, steps, a_stride;
    const int32_t *panel;
    int8_t *y;
    int64_t y_stride, columns;   /* columns: 1 .. width of the micro-kernel */
    int32_t y_zero, least, most; /* y_zero: where `round` does not hold it */
    bool halves_up;              /* else away from 0; with numbers of 2 bytes only */
    bool plain;                  /* every column has a shift to the right and sums below 2^30 */
    bool bounded;                /* and results below TARE_INT8_BOUNDED before they are clamped */
} tare_int8_tile;

typedef void (*tare_int8_tile_function)(const tare_int8_tile *tile);

/*
 * y = y_zero + y (x' + z'), where x' = (x - x_zero) 2^19 and z' is the same of z where both scales
 * are alike, else (z - z_zero) 2^20 scaled. A factor is one for all, as of a panel's columns.
 * x x_share + z z_share + offset, in float32, is y in 65536ths, with 1/2 and what it may be wrong
 * by added.
 */
typedef struct tare_int8_factor {
    int32_t multiplier, round, shift;
} tare_int8_factor;
typedef struct tare_int8_sum {
    int32_t x_zero, z_zero, least, most;
    bool alike, halves_up; /* halves_up: of y, where least leaves no result below y_zero */
    tare_int8_factor z, y;
    float x_share, z_share, offset;
    int32_t wrong; /* in 65536ths; 0 where float32 does not do */
} tare_int8_sum;

/* A window's average is that of so many numbers, 1 .. TARE_INT8_MOST_AVERAGED. */
#define TARE_INT8_MOST_AVERAGED 65000
typedef struct tare_int8_window {
    int32_t numbers, least, most;
    bool halves_up;
} tare_int8_window;

typedef struct tare_int8_kernel {
    tare_isa isa;
    int rows, lanes; /* of the tallest tile; columns in a vector, the wide tiles have two */
    int bytes;       /* of a number of x: 1, x - least; or 2, x - x_zero */
    int32_t least;   /* INT8_MIN where numbers of 1 byte are unsigned, else 0 */
    /* [0]: one vector wide, [1]: two; then rows - 1. */
    tare_int8_tile_function tile[2][TARE_INT8_MOST_ROWS];
    tare_int8_tile_function depthwise[TARE_INT8_DEPTHWISE_ROWS]; /* one vector wide */
    /* As that of tare_ceiling_loops, of products of whole numbers. */
    double (*multiply_add)(int64_t rounds);
    void (*take)(void *to, const int8_t *from, int64_t count, int32_t minus);
    void (*fill)(void *to, int64_t count, int32_t number);
    void (*add)(const tare_int8_sum *sum, int64_t count, const int8_t *x, const int8_t *z,
                int8_t *y);                                         /* y may be x or z */
    void (*raise)(int8_t *y, const int8_t *x, int64_t count);       /* y = max(y, x) */
    void (*collect)(int32_t *sums, const int8_t *x, int64_t count); /* sums += x */
    void (*look_up)(int8_t *y, const int8_t *x, const int8_t table[256], int64_t count);
    void (*average)(const tare_int8_window *window, const int32_t *sums, int64_t count, int8_t *y);
} tare_int8_kernel;

extern const tare_int8_kernel tare_int8_kernel_baseline;
#if defined(__x86_64__)
extern const tare_int8_kernel tare_int8_kernel_avx2, tare_int8_kernel_avx512vnni;
#elif defined(__aarch64__)
extern const tare_int8_kernel tare_int8_kernel_dotprod;
#endif

/* The best one within an instruction set that the processor has. */
const tare_int8_kernel *tare_int8_kernel_of(tare_isa isa);
/* The same for a product: weights of another zero than 0 need one whose numbers have 2 bytes, which
 * rounds halves up too. */
const tare_int8_kernel *tare_int8_kernel_for(tare_isa isa, const tare_int8_product *p);

/* How a product's sums are cut, and where its weights stand: behind a head of 64 bytes, group by
 * group, panels of two vectors, the last of one where that is enough. */
typedef struct tare_int8_form {
    bool depthwise;                 /* a filter for each channel, one group of columns */
    bool merged;                    /* taps of a row side by side are one stretch */
    int64_t groups, columns, depth; /* of a group: results, numbers of a pixel */
    int64_t stretches, run, steps;  /* numbers and steps of a stretch */
    int64_t width, panels;          /* columns of a panel; panels of a group */
    int64_t column, group;          /* int32 of one column, of a group */
} tare_int8_form;
tare_int8_form tare_int8_form_of(const tare_int8_kernel *kernel, const tare_int8_product *p);

/* What x is stored less, and what a head says. */
static inline int32_t tare_int8_minus(const tare_int8_kernel *kernel, int32_t x_zero) {
    return kernel->bytes == 1 ? kernel->least : x_zero;
}
typedef struct tare_int8_head {
    bool plain, bounded; /* as of a tile */
} tare_int8_head;
enum { TARE_INT8_HEAD = 64 };

/* With a given table. */
int64_t tare_int8_packed_bytes_with(const tare_int8_kernel *kernel, const tare_int8_product *p);
void tare_int8_pack_with(const tare_int8_kernel *kernel, const tare_int8_product *p,
                         const tare_int8_weights *weights, void *packed);
int64_t tare_int8_product_scratch_with(const tare_int8_kernel *kernel, const tare_int8_product *p);
void tare_int8_product_run_with(const tare_int8_kernel *kernel, const tare_int8_product *p,
                                const int8_t *x, const void *packed, int8_t *y, void *scratch,
                                tare_pool *pool);

void tare_int8_pool_run_with(const tare_int8_kernel *kernel, const tare_int8_pool *p,
                             const int8_t *x, int8_t *y, tare_pool *pool);
void tare_int8_mean_run_with(const tare_int8_kernel *kernel, const tare_int8_mean *m,
                             const int8_t *x, int8_t *y, tare_pool *pool);
void tare_int8_add_run_with(const tare_int8_kernel *kernel, const tare_int8_add *a, const int8_t *x,
                            const int8_t *z, int8_t *y, tare_pool *pool);

#endif
