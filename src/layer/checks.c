/* SPDX-License-Identifier: Apache-2.0 */
/* What layers refuse alike. */
#include "layer/checks.h"

#include "array/shape.h"
#include "base/text.h"

bool tare_layer_refuse(tare_graph *graph, const char *layer, tare_status status, const char *got,
                       const char *need) {
    tare_build_fail(graph, status, layer, tare_graph_variable_scope(graph), got, need);
    return false;
}

bool tare_layer_input_is_floating(tare_graph *graph, const char *layer, tare_tensor x) {
    const tare_dtype dtype = tare_tensor_dtype(x);
    if (dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64) return true;
    char got[64];
    tare_print(got, sizeof got, "an input of dtype %s", tare_dtype_name(dtype));
    return tare_layer_refuse(graph, layer, TARE_ERROR_TYPE, got, "float32 or float64");
}

bool tare_layer_input_has_rank(tare_graph *graph, const char *layer, tare_tensor x, int least,
                               int most) {
    const tare_shape shape = tare_tensor_shape(x);
    if (shape.rank >= least && shape.rank <= most) return true;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32], need[64];
    tare_print(got, sizeof got, "an input of shape %s", tare_shape_text(text, shape));
    if (least == most)
        tare_print(need, sizeof need, "rank %d", least);
    else
        tare_print(need, sizeof need, "a rank of %d to %d", least, most);
    return tare_layer_refuse(graph, layer, TARE_ERROR_SHAPE, got, need);
}

bool tare_layer_channels_are_known(tare_graph *graph, const char *layer, tare_tensor x) {
    const tare_shape shape = tare_tensor_shape(x);
    if (shape.rank > 0 && shape.extents[shape.rank - 1] >= 0) return true;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32];
    tare_print(got, sizeof got, "an input of shape %s", tare_shape_text(text, shape));
    return tare_layer_refuse(graph, layer, TARE_ERROR_SHAPE, got,
                             "a last extent that is known, for the shape of the kernel");
}

bool tare_layer_count_is_positive(tare_graph *graph, const char *layer, const char *what,
                                  int64_t count) {
    if (count >= 1) return true;
    char got[64];
    tare_print(got, sizeof got, "%lld %s", (long long)count, what);
    return tare_layer_refuse(graph, layer, TARE_ERROR_ARGUMENT, got, "1 or more");
}

bool tare_layer_data_format_fits(tare_graph *graph, const char *layer, int data_format) {
    if (data_format == TARE_CHANNELS_LAST || data_format == TARE_CHANNELS_FIRST) return true;
    return tare_layer_refuse(graph, layer, TARE_ERROR_ARGUMENT, "a data_format that is none",
                             "channels last or channels first");
}

bool tare_layer_channels(tare_graph *graph, const char *layer, tare_tensor x, int data_format,
                         int64_t *channels) {
    const tare_shape shape = tare_tensor_shape(x);
    if (!tare_layer_data_format_fits(graph, layer, data_format)) return false;
    if (data_format == TARE_CHANNELS_LAST && !tare_layer_channels_are_known(graph, layer, x))
        return false;
    *channels = shape.extents[data_format == TARE_CHANNELS_FIRST ? 1 : shape.rank - 1];
    if (*channels >= 0) return true;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32];
    tare_print(got, sizeof got, "an input of shape %s", tare_shape_text(text, shape));
    return tare_layer_refuse(graph, layer, TARE_ERROR_SHAPE, got,
                             "a known extent of axis 1, the channels");
}

bool tare_layer_spatial(tare_graph *graph, const char *layer, const char *what, tare_list given,
                        int rank, tare_list *spatial) {
    bool fits = given.count == 1 || given.count == rank;
    *spatial = (tare_list){.count = rank};
    for (int i = 0; i < rank && fits; i++) {
        spatial->values[i] = given.values[given.count == 1 ? 0 : i];
        fits = spatial->values[i] >= 1;
    }
    if (fits) return true;
    static const char *const counts[] = {"one number", "one or two numbers",
                                         "one or three numbers"};
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32], need[64];
    tare_print(got, sizeof got, "%s %s", what, tare_list_text(text, given));
    tare_print(need, sizeof need, "%s of 1 or more", counts[rank - 1]);
    return tare_layer_refuse(graph, layer, TARE_ERROR_ARGUMENT, got, need);
}

bool tare_layer_padding_fits(tare_graph *graph, const char *layer, int padding) {
    if (padding == TARE_PADDING_VALID || padding == TARE_PADDING_SAME) return true;
    return tare_layer_refuse(graph, layer, TARE_ERROR_ARGUMENT, "another padding",
                             "valid or same; the op of tf.nn takes explicit numbers");
}
