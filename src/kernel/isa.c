/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction set of this machine, from CPUID or Linux's auxiliary vector, never above what
 * TARE_ISA allows. */
#include "kernel/isa.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#if defined(__aarch64__)
static const char *const names[] = {"neon", "dotprod"};
#else
static const char *const names[] = {"baseline", "avx2", "avx512"};
#endif
enum { ISA_COUNT = sizeof names / sizeof *names };

static tare_isa supported(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return TARE_ISA_BASELINE;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq"))
        return TARE_ISA_AVX2;
    return TARE_ISA_AVX512;
#elif defined(__aarch64__) && defined(__linux__)
    return getauxval(AT_HWCAP) & HWCAP_ASIMDDP ? TARE_ISA_DOTPROD : TARE_ISA_BASELINE;
#else
    return TARE_ISA_BASELINE;
#endif
}

static tare_isa allowed(void) {
    const char *wish = getenv("TARE_ISA");
    if (wish && strcmp(wish, "baseline") == 0) return TARE_ISA_BASELINE;
    for (int isa = 0; wish && isa < ISA_COUNT; isa++)
        if (strcmp(wish, names[isa]) == 0) return (tare_isa)isa;
    return (tare_isa)(ISA_COUNT - 1);
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
    return (unsigned)isa < (unsigned)ISA_COUNT ? names[isa] : "unknown";
}
