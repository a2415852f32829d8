/* SPDX-License-Identifier: Apache-2.0 */
/* Building something while every allocation fails in turn: it ends in a status, nothing leaks. */
#ifndef TARE_TESTS_FAILING_BUILD_H
#define TARE_TESTS_FAILING_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_allocator.h"

#include <tare/graph.h>

static inline void check_building_without_memory(void (*build)(tare_graph *graph)) {
    failing_allocator memory;
    int64_t calls = 0;
    for (int64_t fail_at = 0; fail_at <= calls; fail_at++) {
        tare_graph *graph = tare_graph_new_with(failing_allocator_start(&memory, fail_at));
        if (graph) {
            build(graph);
            const tare_status status = tare_graph_status(graph);
            if (status != (fail_at ? TARE_ERROR_MEMORY : TARE_OK))
                fail_msg("allocation %d: %s", (int)fail_at, tare_message(graph));
            if (fail_at == 0) calls = memory.calls;
        }
        tare_graph_free(graph);
        assert_true(failing_allocator_is_clean(&memory));
    }
    assert_true(calls > 20);
}

#endif
