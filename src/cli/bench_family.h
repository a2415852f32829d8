/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `tare bench --kernels` times: families of kernels, each with shapes and with passes over
 * them. A family is one const struct and one line in the table of bench_families.c.
 */
#ifndef TARE_SRC_CLI_BENCH_FAMILY_H
#define TARE_SRC_CLI_BENCH_FAMILY_H

#include "base/memory.h"
#include "base/text.h"
#include "base/threads.h"
#include "kernel/convolution.h"

#define TARE_BENCH_PASSES 4

typedef struct tare_bench_family {
    const char *name;
    const char *passes[TARE_BENCH_PASSES]; /* "forward"; NULL from the last one on */
    bool is_memory_bound; /* told in bytes against copying, not in operations against multiply-adds
                           */
    bool is_whole;        /* against multiply-adds of whole numbers */
    int64_t shapes;
    void (*describe)(int64_t shape, int64_t batch, tare_text *text); /* batch 0: the shape's own */
    /* Operands and scratch from the arena; NULL: no memory. */
    void *(*open)(int64_t shape, int64_t batch, tare_arena *arena);
    /* Operations or bytes of one run; 0: this shape has no such pass. */
    double (*work)(const void *state, int pass);
    void (*run)(void *state, int pass, tare_pool *pool);
} tare_bench_family;

extern const tare_bench_family tare_bench_convolution, tare_bench_int8;
extern const tare_bench_family tare_bench_gemm;
extern const tare_bench_family tare_bench_elementwise;
extern const tare_bench_family tare_bench_reduction;
extern const tare_bench_family tare_bench_normalisation;

/* Shape i of those that convolutions have, floating or whole. */
#define TARE_BENCH_CONVOLUTIONS 43
tare_convolution tare_bench_convolution_of(int64_t i, int64_t batch);
void tare_bench_describe_convolution(int64_t i, int64_t batch, tare_text *text);

/* Family i, in order; NULL beyond the last. */
const tare_bench_family *tare_bench_family_at(size_t i);

/* `count` numbers of the arena, a fixed sequence in [-1, 1); NULL: no memory. */
float *tare_bench_numbers(tare_arena *arena, int64_t count);
/* Scratch of so many bytes, aligned to 64. */
void *tare_bench_scratch(tare_arena *arena, int64_t bytes);

#endif
