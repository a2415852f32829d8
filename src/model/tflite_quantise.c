/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantising: the int8 model of a float one, or the uint8 one. least: -128, or 0.
 *
 *     activation   min..max widened to hold 0: scale = (max - min) / 255,
 *                  zero = round(least - min / scale), within least..least + 255
 *     weights      int8: scale = max |w| / 127, q = round(w / scale), within -127..127; zero 0
 *                  uint8: as an activation, q = round(zero + w / scale)
 *     bias         scale = scale of x * scale of weights, q = round(b / scale)
 *
 * Tensors that must share a scale (a pool's two ends) form a group, which has one range for all.
 *
 * Source  TensorFlow Lite 8-bit quantization specification; tensorflow/lite/tools/optimize/
 *         quantization_utils.cc; uint8: lite/kernels/internal/quantization_util.h,
 *         lite/toco/graph_transformations/quantize.cc; the sentence of what lacks:
 *         lite/toco/tooling_util.cc.
 */
#include "array/shape.h"
#include "base/bytes.h"
#include "base/status.h"
#include "base/text.h"
#include "model/tflite.h"

#include <math.h>
#include <string.h>

#define TARE_TABLE_STRUCT tare_tflite_quantise_options
TARE_OPTION_TABLE(static, quantise_table, TARE_TFLITE_QUANTISE_FIELDS);
#undef TARE_TABLE_STRUCT

/* The range of a group, or its fixed scale. */
typedef struct group {
    tare_tflite_range range;
    double scale; /* 0: from the range */
    int64_t zero;
} group;

typedef struct quantising {
    const tare_tflite *from;
    tare_tflite *to;
    const tare_tflite_range *ranges;
    tare_tflite_quantise_options options;
    int32_t *leader; /* by tensor: a member of its group; itself at the group's head */
    group *groups;   /* by tensor; of heads alone */
    tare_error *error;
} quantising;

static bool is_activation(const tare_tflite_array *array) {
    return array->told.dtype == TARE_FLOAT32 && !array->told.constant && array->produced;
}

static tare_status no_memory(const quantising *q) { return tare_fail_memory(q->error); }

/* -------------------------------------------------------------------------------------- what lacks
 */

/* "Array A, which is an input to the Conv operator producing the output array B, ..". */
static void add_lacking(tare_text *text, const char *input, const char *op, const char *output) {
    tare_text_format(
        text,
        "Array %s, which is an input to the %s operator producing the output array %s, is lacking "
        "min/max data, which is necessary for quantization. If accuracy matters, either target a "
        "non-quantized output format, or run quantized training with your model from a floating "
        "point checkpoint to change the input graph to contain min/max information. If you don't "
        "care about accuracy, you can pass --default_ranges_min= and --default_ranges_max= for "
        "easy experimentation.\n",
        input, op, output);
}

/* An operator whose result has a fixed scale needs no range for it. */
static bool has_fixed_scale(const tare_tflite *model, int32_t tensor) {
    for (int64_t i = 0; i < model->operator_count; i++) {
        const tare_tflite_operator *op = &model->operators[i];
        if (op->kind != NULL && op->kind->fixed_scale > 0 && op->outputs[0] == tensor) return true;
    }
    return false;
}

bool tare_tflite_lacks(const tare_tflite *model, const tare_tflite_range *ranges, int32_t tensor) {
    return tensor >= 0 && is_activation(&model->tensors[tensor]) && !ranges[tensor].known &&
           !has_fixed_scale(model, tensor);
}

static void add_operator(tare_text *text, const tare_tflite *model, const tare_tflite_range *ranges,
                         const tare_tflite_operator *op) {
    const char *output = model->tensors[op->outputs[0]].told.name;
    for (int64_t k = 0; k < op->input_count; k++)
        if (tare_tflite_lacks(model, ranges, op->inputs[k]))
            add_lacking(text, model->tensors[op->inputs[k]].told.name, op->kind->toco, output);
}

char *tare_tflite_lacking(const tare_tflite *model, const tare_tflite_range *ranges) {
    if (model == NULL || ranges == NULL) return NULL;
    tare_text text = {.allocator = &model->allocator};
    tare_text_add(&text, "");
    for (int64_t i = 0; i < model->operator_count; i++)
        if (model->operators[i].kind != NULL)
            add_operator(&text, model, ranges, &model->operators[i]);
    for (int64_t i = 0; i < model->output_count; i++)
        if (tare_tflite_lacks(model, ranges, model->outputs[i]))
            tare_text_format(&text,
                             "Array %s, which is an output of the model, is lacking min/max data, "
                             "which is necessary for quantization.\n",
                             model->tensors[model->outputs[i]].told.name);
    return tare_text_hand_out(&text);
}

static tare_status check_lacking(const quantising *q) {
    char *all = tare_tflite_lacking(q->from, q->ranges);
    if (all == NULL) return no_memory(q);
    const size_t length = strcspn(all, "\n");
    tare_status status = TARE_OK;
    if (length > 0) status = tare_fail(q->error, TARE_ERROR_STATE, "%.*s", (int)length, all);
    tare_text_free(all);
    return status;
}

/* -------------------------------------------------------------------------------------- groups */

static int32_t head_of(const quantising *q, int32_t tensor) {
    while (q->leader[tensor] != tensor) tensor = q->leader[tensor];
    return tensor;
}

static void widen(tare_tflite_range *all, tare_tflite_range range) {
    if (!range.known) return;
    if (!all->known || range.min < all->min) all->min = range.min;
    if (!all->known || range.max > all->max) all->max = range.max;
    all->known = true;
}

static void tie(quantising *q, const tare_tflite_operator *op) {
    const int32_t head = head_of(q, op->outputs[0]);
    for (int64_t i = 0; i < op->input_count; i++)
        if (op->inputs[i] >= 0 && is_activation(&q->from->tensors[op->inputs[i]]))
            q->leader[head_of(q, op->inputs[i])] = head;
}

static tare_status check_range(const quantising *q, int32_t tensor) {
    const tare_tflite_range *range = &q->ranges[tensor];
    char got[2 * TARE_NUMBER_TEXT + 32], min[TARE_NUMBER_TEXT], max[TARE_NUMBER_TEXT];
    if (!range->known) return TARE_OK;
    if (range->min <= range->max && isfinite(range->min) && isfinite(range->max)) return TARE_OK;
    tare_print(got, sizeof got, "min %s and max %s", tare_double_text(min, range->min),
               tare_double_text(max, range->max));
    return tare_fail_at(q->error, TARE_ERROR_ARGUMENT, "range", q->from->tensors[tensor].told.name,
                        got, "finite numbers, min no more than max");
}

static tare_status find_groups(quantising *q) {
    const tare_tflite *model = q->from;
    q->leader = tare_arena_allocate_array(q->to->arena, model->tensor_count + 1, sizeof *q->leader);
    q->groups = tare_arena_allocate_array(q->to->arena, model->tensor_count + 1, sizeof *q->groups);
    if (q->leader == NULL || q->groups == NULL) return no_memory(q);
    for (int32_t t = 0; t < model->tensor_count; t++) q->leader[t] = t;
    for (int64_t i = 0; i < model->operator_count; i++)
        if (model->operators[i].kind->same_scale) tie(q, &model->operators[i]);
    for (int64_t i = 0; i < model->operator_count; i++) {
        const tare_tflite_kind *kind = model->operators[i].kind;
        group *of = &q->groups[head_of(q, model->operators[i].outputs[0])];
        if (kind->fixed_scale <= 0) continue;
        of->scale = kind->fixed_scale;
        of->zero = q->options.uint8 ? kind->fixed_zero_uint8 : kind->fixed_zero;
    }
    for (int32_t t = 0; t < model->tensor_count; t++) {
        if (!is_activation(&model->tensors[t])) continue;
        TARE_TRY(check_range(q, t));
        widen(&q->groups[head_of(q, t)].range, q->ranges[t]);
    }
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------- tensors */

static tare_status set_scales(const quantising *q, tare_tflite_array *array, int64_t count,
                              float **scales) {
    *scales = tare_arena_allocate_array(q->to->arena, count, sizeof **scales);
    int64_t *zeros = tare_arena_allocate_array(q->to->arena, count, sizeof *zeros);
    if (*scales == NULL || zeros == NULL) return no_memory(q);
    array->told.scales = *scales;
    array->told.zero_points = zeros;
    array->told.scale_count = count;
    return TARE_OK;
}

static void set_type(tare_tflite_array *array, int64_t code) {
    array->type = code;
    array->told.dtype = tare_tflite_type(code, &array->told.type);
}

/* min..max widened to hold 0, over all 256 numbers. The scale is 0 where the range has no width. */
static void scale_of_range(const quantising *q, tare_tflite_range range, double *scale,
                           int64_t *zero) {
    const int64_t least = q->options.uint8 ? 0 : INT8_MIN, most = least + UINT8_MAX;
    const double min = range.min < 0 ? range.min : 0, max = range.max > 0 ? range.max : 0;
    *scale = (max - min) / UINT8_MAX;
    *zero = least;
    if (!((float)*scale > 0)) return;
    const double nearest = round((double)least - min / *scale);
    *zero = nearest > (double)most ? most : nearest < (double)least ? least : (int64_t)nearest;
}

static tare_status scale_of_group(const quantising *q, int32_t tensor, double *scale,
                                  int64_t *zero) {
    const group *of = &q->groups[head_of(q, tensor)];
    *scale = of->scale;
    *zero = of->zero;
    if (of->scale > 0) return TARE_OK;
    scale_of_range(q, of->range, scale, zero);
    if ((float)*scale > 0) return TARE_OK;
    return tare_fail_at(q->error, TARE_ERROR_ARGUMENT, "range", q->from->tensors[tensor].told.name,
                        "a range of no width", "numbers apart from 0");
}

static int64_t whole_type(const quantising *q) {
    return q->options.uint8 ? TARE_TFLITE_UINT8 : TARE_TFLITE_INT8;
}

static tare_status quantise_activation(const quantising *q, int32_t tensor) {
    tare_tflite_array *array = &q->to->tensors[tensor];
    double scale = 0;
    int64_t zero = 0;
    float *scales = NULL;
    TARE_TRY(scale_of_group(q, tensor, &scale, &zero));
    TARE_TRY(set_scales(q, array, 1, &scales));
    scales[0] = (float)scale;
    ((int64_t *)array->told.zero_points)[0] = zero;
    set_type(array, whole_type(q));
    return TARE_OK;
}

static float float_at(const unsigned char *data, int64_t i) {
    const uint32_t bits = tare_get_32(data + i * (int64_t)sizeof bits);
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Greatest absolute value by channel; inner: numbers that a step of the channel's axis spans. */
static tare_status find_peaks(const quantising *q, const tare_tflite_array *array, int64_t channels,
                              int64_t inner, double *peaks) {
    const int64_t count = array->data_bytes / (int64_t)sizeof(float);
    for (int64_t i = 0; i < count; i++) {
        const double size = fabs((double)float_at(array->data, i));
        const int64_t c = i / inner % channels;
        if (!isfinite(size))
            return tare_fail_at(q->error, TARE_ERROR_ARGUMENT, "weights", array->told.name,
                                "a number that is not finite", "finite numbers");
        if (size > peaks[c]) peaks[c] = size;
    }
    return TARE_OK;
}

/* Symmetric scales of the weights; a channel of zeros takes the whole tensor's. */
static void scales_of_peaks(const double *peaks, int64_t channels, float *scales) {
    double greatest = 0;
    for (int64_t c = 0; c < channels; c++) greatest = peaks[c] > greatest ? peaks[c] : greatest;
    if (!((float)(greatest / INT8_MAX) > 0)) greatest = INT8_MAX;
    for (int64_t c = 0; c < channels; c++) {
        scales[c] = (float)(peaks[c] / INT8_MAX);
        if (!(scales[c] > 0)) scales[c] = (float)(greatest / INT8_MAX);
    }
}

/* int8: symmetric, a scale for each channel or one for all. */
static tare_status quantise_symmetric(const quantising *q, const tare_tflite_array *from,
                                      int64_t channels, int64_t inner, tare_tflite_array *to) {
    const int64_t count = from->data_bytes / (int64_t)sizeof(float);
    double *peaks = tare_arena_allocate_array(q->to->arena, channels, sizeof *peaks);
    int8_t *numbers = tare_arena_allocate(q->to->arena, (size_t)count);
    float *scales = NULL;
    if (peaks == NULL || numbers == NULL) return no_memory(q);
    TARE_TRY(find_peaks(q, from, channels, inner, peaks));
    TARE_TRY(set_scales(q, to, channels, &scales));
    scales_of_peaks(peaks, channels, scales);
    for (int64_t i = 0; i < count; i++) {
        const double steps = round((double)float_at(from->data, i) / scales[i / inner % channels]);
        numbers[i] = (int8_t)(steps > INT8_MAX ? INT8_MAX : steps < -INT8_MAX ? -INT8_MAX : steps);
    }
    to->data = (const unsigned char *)numbers;
    return TARE_OK;
}

/* uint8: least and greatest, one scale for all. */
static tare_status quantise_asymmetric(const quantising *q, const tare_tflite_array *from,
                                       tare_tflite_array *to) {
    const int64_t count = from->data_bytes / (int64_t)sizeof(float);
    tare_tflite_range range = {.known = true};
    unsigned char *numbers = tare_arena_allocate(q->to->arena, (size_t)count);
    float *scales = NULL;
    double scale = 0, peak = 0;
    if (numbers == NULL) return no_memory(q);
    TARE_TRY(find_peaks(q, from, 1, count, &peak));
    for (int64_t i = 0; i < count; i++) {
        const double number = (double)float_at(from->data, i);
        if (number < range.min) range.min = number;
        if (number > range.max) range.max = number;
    }
    if (!((float)(peak / UINT8_MAX) > 0)) range.max = 1;
    TARE_TRY(set_scales(q, to, 1, &scales));
    int64_t *zero = (int64_t *)to->told.zero_points;
    scale_of_range(q, range, &scale, zero);
    scales[0] = (float)scale;
    for (int64_t i = 0; i < count; i++) {
        const double steps = round((double)*zero + (double)float_at(from->data, i) / scale);
        numbers[i] = (unsigned char)(steps > UINT8_MAX ? UINT8_MAX : steps > 0 ? steps : 0);
    }
    to->data = numbers;
    return TARE_OK;
}

static tare_status quantise_weights(const quantising *q, const tare_tflite_operator *op) {
    const tare_tflite_array *from = &q->from->tensors[op->inputs[op->kind->weights]];
    tare_tflite_array *to = &q->to->tensors[op->inputs[op->kind->weights]];
    const tare_shape shape = from->told.shape;
    const int axis = op->kind->channels;
    const bool each = op->kind->each_channel && q->options.per_channel && !q->options.uint8;
    if (to->type == whole_type(q)) return TARE_OK; /* shared, and made already */
    if (!from->told.constant || from->told.dtype != TARE_FLOAT32 || axis >= shape.rank ||
        from->data_bytes == 0)
        return tare_fail_at(q->error, TARE_ERROR_UNSUPPORTED, op->kind->name, from->told.name,
                            "weights that are no constant float32 numbers", "constant weights");
    int64_t inner = 1;
    for (int k = axis + 1; k < shape.rank; k++) inner *= shape.extents[k];
    if (q->options.uint8)
        TARE_TRY(quantise_asymmetric(q, from, to));
    else
        TARE_TRY(quantise_symmetric(q, from, each ? shape.extents[axis] : 1, inner, to));
    to->told.quantised = each ? axis : 0;
    to->data_bytes = from->data_bytes / (int64_t)sizeof(float);
    set_type(to, whole_type(q));
    return TARE_OK;
}

static tare_status quantise_bias(const quantising *q, const tare_tflite_operator *op) {
    if (op->input_count <= op->kind->bias || op->inputs[op->kind->bias] < 0) return TARE_OK;
    const tare_tflite_array *from = &q->from->tensors[op->inputs[op->kind->bias]];
    tare_tflite_array *to = &q->to->tensors[op->inputs[op->kind->bias]];
    const tare_tflite_tensor *x = &q->to->tensors[op->inputs[op->kind->x]].told;
    const tare_tflite_tensor *weights = &q->to->tensors[op->inputs[op->kind->weights]].told;
    const int64_t count = from->data_bytes / (int64_t)sizeof(float);
    const bool each = weights->scale_count > 1;
    if (!from->told.constant || to->told.dtype != TARE_FLOAT32 ||
        (each && count != weights->scale_count))
        return tare_fail_at(q->error, TARE_ERROR_UNSUPPORTED, op->kind->name, from->told.name,
                            "a bias that is shared or no constant float32 numbers",
                            "a constant bias of its own");
    unsigned char *numbers = tare_arena_allocate_array(q->to->arena, count, sizeof(int32_t));
    float *scales = NULL;
    if (numbers == NULL) return no_memory(q);
    TARE_TRY(set_scales(q, to, weights->scale_count, &scales));
    for (int64_t c = 0; c < weights->scale_count; c++)
        scales[c] = x->scales[0] * weights->scales[c];
    for (int64_t i = 0; i < count; i++) {
        double steps = round((double)float_at(from->data, i) / (double)scales[each ? i : 0]);
        if (!(steps > -INT32_MAX)) steps = -INT32_MAX;
        if (steps > INT32_MAX) steps = INT32_MAX;
        tare_put_32(numbers + i * (int64_t)sizeof(int32_t), (uint32_t)(int32_t)steps);
    }
    to->told.quantised = 0;
    to->data = numbers;
    to->data_bytes = count * (int64_t)sizeof(int32_t);
    set_type(to, TARE_TFLITE_INT32);
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------ together */

static const int32_t *copy_indices(tare_arena *arena, const int32_t *indices, int64_t count) {
    int32_t *made = tare_arena_allocate_array(arena, count + 1, sizeof *made);
    if (made != NULL && count > 0) memcpy(made, indices, (size_t)count * sizeof *made);
    return made;
}

static tare_status copy_tensor(const quantising *q, int64_t i) {
    tare_tflite_array *made = &q->to->tensors[i];
    *made = q->from->tensors[i];
    made->told.name = tare_arena_text(q->to->arena, made->told.name);
    unsigned char *data = tare_arena_allocate(q->to->arena, (size_t)made->data_bytes + 1);
    if (made->told.name == NULL || data == NULL) return no_memory(q);
    if (made->data_bytes > 0) memcpy(data, made->data, (size_t)made->data_bytes);
    if (made->told.constant) made->data = data;
    if (made->told.scale_count > 0)
        return tare_fail_at(q->error, TARE_ERROR_STATE, "quantise", made->told.name,
                            "a tensor that is quantised already", "a model of float numbers");
    return TARE_OK;
}

static tare_status refuse_operator(const quantising *q, const tare_tflite_operator *op) {
    const char *name = op->output_count > 0 ? q->from->tensors[op->outputs[0]].told.name : "";
    char got[96];
    if (op->kind != NULL)
        return tare_fail_at(q->error, TARE_ERROR_UNSUPPORTED, op->kind->name, name,
                            "an operator without an int8 form",
                            "one that has it; the float model runs as it is");
    tare_print(got, sizeof got, "an operator of kind %.40s%s%lld", op->custom ? op->custom : "",
               op->custom ? ", " : "", (long long)op->code);
    return tare_fail_at(q->error, TARE_ERROR_UNSUPPORTED, "quantise", name, got,
                        "one of those that Tare knows");
}

static tare_status copy_operator(const quantising *q, int64_t i) {
    tare_tflite_operator *made = &q->to->operators[i];
    *made = q->from->operators[i];
    if (made->kind == NULL || made->kind->int8_version == 0) return refuse_operator(q, made);
    made->version = q->options.uint8 ? 1 : made->kind->int8_version;
    made->inputs = copy_indices(q->to->arena, made->inputs, made->input_count);
    made->outputs = copy_indices(q->to->arena, made->outputs, made->output_count);
    return made->inputs != NULL && made->outputs != NULL ? TARE_OK : no_memory(q);
}

static tare_status copy_model(const quantising *q) {
    const tare_tflite *from = q->from;
    tare_tflite *to = q->to;
    to->version = from->version;
    to->tensor_count = from->tensor_count;
    to->operator_count = from->operator_count;
    to->input_count = from->input_count;
    to->output_count = from->output_count;
    to->tensors = tare_arena_allocate_array(to->arena, to->tensor_count + 1, sizeof *to->tensors);
    to->operators =
        tare_arena_allocate_array(to->arena, to->operator_count + 1, sizeof *to->operators);
    to->inputs = copy_indices(to->arena, from->inputs, from->input_count);
    to->outputs = copy_indices(to->arena, from->outputs, from->output_count);
    if (to->tensors == NULL || to->operators == NULL || to->inputs == NULL || to->outputs == NULL)
        return no_memory(q);
    for (int64_t i = 0; i < to->tensor_count; i++) TARE_TRY(copy_tensor(q, i));
    for (int64_t i = 0; i < to->operator_count; i++) TARE_TRY(copy_operator(q, i));
    return TARE_OK;
}

/* Whole numbers meet no float constants but weights and biases. */
static tare_status check_operands(const quantising *q, const tare_tflite_operator *op) {
    for (int64_t i = 0; i < op->input_count; i++) {
        const bool weighs =
            op->kind->has_weights && (i == op->kind->weights || i == op->kind->bias);
        if (op->inputs[i] < 0 || weighs) continue;
        const tare_tflite_tensor *told = &q->from->tensors[op->inputs[i]].told;
        if (told->constant && told->dtype == TARE_FLOAT32)
            return tare_fail_at(q->error, TARE_ERROR_UNSUPPORTED, op->kind->name, told->name,
                                "a constant float32 operand", "one that is computed");
    }
    return TARE_OK;
}

static tare_status quantise(quantising *q) {
    TARE_TRY(copy_model(q));
    for (int64_t i = 0; i < q->from->operator_count; i++)
        TARE_TRY(check_operands(q, &q->from->operators[i]));
    TARE_TRY(check_lacking(q));
    TARE_TRY(find_groups(q));
    for (int32_t t = 0; t < q->from->tensor_count; t++)
        if (is_activation(&q->from->tensors[t])) TARE_TRY(quantise_activation(q, t));
    for (int64_t i = 0; i < q->from->operator_count; i++) {
        const tare_tflite_operator *op = &q->from->operators[i];
        if (!op->kind->has_weights) continue;
        TARE_TRY(quantise_weights(q, op));
        TARE_TRY(quantise_bias(q, op));
    }
    return TARE_OK;
}

tare_status tare_tflite_quantise_with(const tare_tflite *model, const tare_tflite_range *ranges,
                                      const tare_tflite_quantise_options *options,
                                      tare_tflite **quantised, tare_error *error) {
    if (quantised != NULL) *quantised = NULL;
    if (model == NULL || ranges == NULL || quantised == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "tflite_quantise needs a model, ranges and a place for the result");
    quantising q = {.from = model, .ranges = ranges, .error = error};
    tare_options_adopt(&quantise_table, options, &q.options);
    q.to = tare_tflite_new(model->path);
    if (q.to == NULL) return tare_fail_memory(error);
    const tare_status status = quantise(&q);
    if (status == TARE_OK)
        *quantised = q.to;
    else
        tare_tflite_close(q.to);
    return status;
}
