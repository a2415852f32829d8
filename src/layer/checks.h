/* SPDX-License-Identifier: Apache-2.0 */
/* What layers refuse alike, each with a sentence (sticky); true: it is fine. */
#ifndef TARE_SRC_LAYER_CHECKS_H
#define TARE_SRC_LAYER_CHECKS_H

#include "graph/graph.h"

#include <tare/layer.h>

/* layer: "layer_norm". Records what was got and needed; false. */
bool tare_layer_refuse(tare_graph *graph, const char *layer, tare_status status, const char *got,
                       const char *need);
bool tare_layer_input_is_floating(tare_graph *graph, const char *layer, tare_tensor x);
/* A rank of `least` up to `most`. */
bool tare_layer_input_has_rank(tare_graph *graph, const char *layer, tare_tensor x, int least,
                               int most);
bool tare_layer_channels_are_known(tare_graph *graph, const char *layer, tare_tensor x);
bool tare_layer_count_is_positive(tare_graph *graph, const char *layer, const char *what,
                                  int64_t count);
/* Channels last or first. */
bool tare_layer_data_format_fits(tare_graph *graph, const char *layer, int data_format);
/* The extent of the channels, which must be known. */
bool tare_layer_channels(tare_graph *graph, const char *layer, tare_tensor x, int data_format,
                         int64_t *channels);
/* One extent of at least 1, or `rank` of them, as `rank`. */
bool tare_layer_spatial(tare_graph *graph, const char *layer, const char *what, tare_list given,
                        int rank, tare_list *spatial);
/* Valid or same. */
bool tare_layer_padding_fits(tare_graph *graph, const char *layer, int padding);

#endif
