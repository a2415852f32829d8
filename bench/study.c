/* SPDX-License-Identifier: Apache-2.0 */
/* The table of studies. */
#include "study.h"

#include <string.h>

bench_study *bench_study_named(const char *name) {
    static const struct {
        const char *name;
        bench_study *study;
    } studies[] = {
        {"bn-cost", bench_study_bn_cost},
        {"scaling", bench_study_scaling},
    };
    for (size_t i = 0; i < sizeof studies / sizeof *studies; i++)
        if (strcmp(studies[i].name, name) == 0) return studies[i].study;
    return NULL;
}
