/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processor can do at most: multiply-adds in registers, of floats and of whole numbers,
 * and copying. Every kernel's speed is told as a part of it.
 */
#ifndef TARE_SRC_KERNEL_CEILING_H
#define TARE_SRC_KERNEL_CEILING_H

#include "base/threads.h"
#include "kernel/isa.h"

/* The compiler may believe nothing about a vector, and keeps it in a register. */
#if defined(__x86_64__)
#define TARE_IN_REGISTER(value) __asm__ volatile("" : "+x"(value))
#elif defined(__aarch64__)
#define TARE_IN_REGISTER(value) __asm__ volatile("" : "+w"(value))
#else
#define TARE_IN_REGISTER(value) __asm__ volatile("" : "+m"(value))
#endif

/* The loops of one instruction set. */
typedef struct tare_ceiling_loops {
    /* `rounds` times a fixed number of independent multiply-adds, no memory; returns how many
     * operations that were, a multiply and an add counted as two. */
    double (*multiply_add)(int64_t rounds);
    void (*copy)(float *to, const float *from, int64_t count); /* with stores that fill the cache */
} tare_ceiling_loops;

extern const tare_ceiling_loops tare_ceiling_loops_baseline;
#if defined(__x86_64__)
extern const tare_ceiling_loops tare_ceiling_loops_avx2, tare_ceiling_loops_avx512;
#endif

/* One run of multiply-adds on all threads of the pool, `rounds` each; returns operations per
 * second. */
double tare_ceiling_multiply_add(int64_t rounds, tare_pool *pool);
/* The same of products of whole numbers, as their kernels make them. */
double tare_ceiling_int8(int64_t rounds, tare_pool *pool);
/* One copy of `count` numbers by all threads of the pool; returns bytes per second, read and
 * written. */
double tare_ceiling_copy(float *to, const float *from, int64_t count, tare_pool *pool);

#endif
