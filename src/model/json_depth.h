/* SPDX-License-Identifier: Apache-2.0 */
/* How deep JSON is nested, asked before jansson, which reads nested values by recursion. */
#ifndef TARE_SRC_MODEL_JSON_DEPTH_H
#define TARE_SRC_MODEL_JSON_DEPTH_H

#include <stddef.h>
#include <stdint.h>

/* Place of the first bracket outside of strings that opens more than `deepest` levels; -1: none. */
int64_t tare_json_too_deep(const char *text, size_t bytes, int deepest);

#endif
