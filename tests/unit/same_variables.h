/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two sessions over graphs alike hold the same bits. */
#ifndef TARE_TESTS_UNIT_SAME_VARIABLES_H
#define TARE_TESTS_UNIT_SAME_VARIABLES_H

#include <tare/session.h>

static inline void assert_same_variables(const tare_graph *graph, tare_session *a,
                                         tare_session *b) {
    const size_t count = tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL);
    assert_true(count > 10);
    for (size_t i = 0; i < count; i++) {
        const char *name =
            tare_tensor_name(tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, i));
        tare_array *left = NULL, *right = NULL;
        assert_int_equal(tare_session_get(a, name, &left), TARE_OK);
        assert_int_equal(tare_session_get(b, name, &right), TARE_OK);
        assert_memory_equal(tare_array_const_data(left), tare_array_const_data(right),
                            tare_array_bytes(left));
        tare_array_free(left);
        tare_array_free(right);
    }
}

#endif
