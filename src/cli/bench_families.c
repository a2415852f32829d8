/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the families of kernels that are timed, and their operands. */
#include "cli/bench_family.h"

static const tare_bench_family *const families[] = {
    &tare_bench_convolution, &tare_bench_int8,      &tare_bench_gemm,
    &tare_bench_elementwise, &tare_bench_reduction, &tare_bench_normalisation,
};
enum { FAMILIES = sizeof families / sizeof *families };

const tare_bench_family *tare_bench_family_at(size_t i) {
    return i < FAMILIES ? families[i] : NULL;
}

void *tare_bench_scratch(tare_arena *arena, int64_t bytes) {
    const size_t least = 256; /* from which on arenas align to 64 */
    return bytes < 0 ? NULL
                     : tare_arena_allocate(arena, (size_t)bytes < least ? least : (size_t)bytes);
}

float *tare_bench_numbers(tare_arena *arena, int64_t count) {
    int64_t bytes;
    if (!tare_multiply_sizes(count, (int64_t)sizeof(float), &bytes)) return NULL;
    float *numbers = tare_bench_scratch(arena, bytes);
    uint32_t state = 1;
    for (int64_t i = 0; numbers && i < count; i++) {
        state = state * 1664525u + 1013904223u; /* Numerical Recipes' generator */
        numbers[i] = (float)(state >> 8) / 8388608.0f - 1;
    }
    return numbers;
}
