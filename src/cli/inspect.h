/* SPDX-License-Identifier: Apache-2.0 */
/* What `tare inspect` shows: networks, files of arrays, .tflite models, event files. */
#ifndef TARE_SRC_CLI_INSPECT_H
#define TARE_SRC_CLI_INSPECT_H

#include "cli/workshop.h"
#include "report/json.h"

/* clang-format off */
#define TARE_INSPECT_FIELDS(field)                                                                \
    field(choice, graph, 0, "print the graph instead: as text or for Graphviz")                   \
    field(boolean, plan, false, "print the steps that a run compiles to: bytes, operations")      \
    field(choice, mode, 0, "of the plan")                                                         \
    field(integer, batch, 1, "examples in a batch of the plan")                                   \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(boolean, numbers, false, "of a file: least, greatest, mean")          \
    field(boolean, json, false, "print JSON")
/* clang-format on */
TARE_OPTIONS(tare_inspect_options, TARE_INSPECT_FIELDS);
#define TARE_GRAPH_WORDS "none,text,dot"
#define TARE_MODE_WORDS  "infer,train"
enum { TARE_GRAPH_NONE, TARE_GRAPH_TEXT, TARE_GRAPH_DOT };
enum { TARE_MODE_INFER, TARE_MODE_TRAIN };

/* All return an exit status; the last one asks the file what it is. */
int tare_inspect_network(tare_workshop *workshop, const tare_inspect_options *options);
int tare_inspect_tflite(const char *path, const tare_inspect_options *options);
int tare_inspect_plan(tare_workshop *workshop, const tare_inspect_options *options); /* built */
int tare_inspect_events(const char *path, const tare_inspect_options *options);
int tare_inspect_file(const char *path, const tare_inspect_options *options);

#endif
