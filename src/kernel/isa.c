/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction set of this machine, from CPUID, never above what TARE_ISA allows. */
#include "kernel/isa.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ISA_COUNT = 3 };

static const char *const names[ISA_COUNT] = {"baseline", "avx2", "avx512"};

static tare_isa supported(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return TARE_ISA_BASELINE;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq"))
        return TARE_ISA_AVX2;
    return TARE_ISA_AVX512;
#else
    return TARE_ISA_BASELINE;
#endif
}

static tare_isa allowed(void) {
    const char *wish = getenv("TARE_ISA");
    for (int isa = 0; wish && isa < ISA_COUNT; isa++)
        if (strcmp(wish, names[isa]) == 0) return (tare_isa)isa;
    return TARE_ISA_AVX512;
}

tare_isa tare_isa_supported(void) { return supported(); }

bool tare_isa_has_vnni(void) {
#if defined(__x86_64__)
    return supported() == TARE_ISA_AVX512 && __builtin_cpu_supports("avx512vnni");
#else
    return false;
#endif
}

tare_isa tare_isa_used(void) {
    /* 0 means not yet asked. Threads that ask at the same time find the same answer. */
    static atomic_int answer_plus_one;
    int known = atomic_load_explicit(&answer_plus_one, memory_order_relaxed);
    if (known == 0) {
        const tare_isa has = supported(), may = allowed();
        known = 1 + (int)(may < has ? may : has);
        atomic_store_explicit(&answer_plus_one, known, memory_order_relaxed);
    }
    return (tare_isa)(known - 1);
}

const char *tare_isa_name(tare_isa isa) {
    return (unsigned)isa < ISA_COUNT ? names[isa] : "unknown";
}
