/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Summaries: what a run tells about its tensors, as records that summary.h describes. No gradient
 * flows. The tag of a record is the node's name, after the family and a slash if there is one.
 *
 * Source: TensorFlow r1.15, core/kernels/summary_op.cc and summary_image_op.cc.
 */
#include "op/summary.h"

#include "kernel/cast.h"
#include "kernel/image_bytes.h"
#include "op/rules.h"

#include <string.h>

#define MOST_PIXELS ((int64_t)1 << 29)

#define TARE_TABLE_STRUCT tare_summary_node_options
TARE_OPTION_TABLE(static, node_table, TARE_SUMMARY_NODE_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_summary_image_node_options
TARE_OPTION_TABLE(static, image_table, TARE_SUMMARY_IMAGE_NODE_FIELDS);
#undef TARE_TABLE_STRUCT

/* ------------------------------------------------------------------------------- their shapes */

/* Length of the tag. */
static int64_t tag_length(const char *family, const char *node) {
    return (int64_t)(family ? strlen(family) + 1 : 0) + (int64_t)strlen(node);
}

/* Output 0 is a record with so long a payload; bytes -1: not known yet. */
static tare_status infer_record(tare_infer *infer, const char *family, int64_t payload_bytes) {
    int64_t bytes = TARE_ANY;
    if (payload_bytes >= 0) {
        bytes = tare_summary_record_bytes(tag_length(family, infer->node), payload_bytes);
        if (bytes < 0)
            return tare_infer_refuse(infer, TARE_ERROR_SHAPE, "more bytes than can be counted",
                                     "fewer");
    }
    infer->outputs[0] = (tare_type){TARE_UINT8, TARE_SHAPE(bytes)};
    return TARE_OK;
}

static bool is_counted(tare_dtype dtype, const void *unused) {
    (void)unused;
    return tare_histogram_counts(dtype);
}

static bool is_picture(tare_dtype dtype, const void *unused) {
    (void)unused;
    return tare_image_takes(dtype);
}

static tare_status scalar_infer(tare_infer *infer) {
    const tare_summary_node_options *options = infer->options;
    TARE_TRY(tare_infer_dtype(infer, 0, "x", is_counted, NULL));
    TARE_TRY(tare_infer_rank(infer, 0, 0, "x"));
    return infer_record(infer, options->family, sizeof(double));
}

static tare_status histogram_infer(tare_infer *infer) {
    const tare_summary_node_options *options = infer->options;
    TARE_TRY(tare_infer_dtype(infer, 0, "x", is_counted, NULL));
    return infer_record(infer, options->family, sizeof(tare_histogram));
}

/* What a batch of that shape gives; all extents known. */
static tare_summary_images images_of(const tare_summary_image_node_options *options, tare_shape x) {
    return (tare_summary_images){
        .count = x.extents[0] < options->max_outputs ? x.extents[0] : options->max_outputs,
        .height = x.extents[1],
        .width = x.extents[2],
        .channels = x.extents[3],
        .numbered = options->max_outputs > 1};
}

static tare_status check_image(tare_infer *infer, tare_shape x) {
    const int64_t channels = x.extents[3];
    if (channels >= 0 && channels != 1 && channels != 3 && channels != 4)
        return tare_infer_refuse_shape(infer, 0, "x", "1, 3 or 4 channels");
    int64_t pixels = 0;
    if (x.extents[1] >= 0 && x.extents[2] >= 0 &&
        (!tare_multiply_sizes(x.extents[1], x.extents[2], &pixels) || pixels >= MOST_PIXELS))
        return tare_infer_refuse_shape(infer, 0, "x", "images of fewer than 2^29 pixels");
    return TARE_OK;
}

static tare_status image_infer(tare_infer *infer) {
    const tare_summary_image_node_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    char got[64];
    TARE_TRY(tare_infer_dtype(infer, 0, "x", is_picture, NULL));
    TARE_TRY(tare_infer_rank(infer, 0, 4, "x"));
    if (options->max_outputs < 1) {
        tare_print(got, sizeof got, "max_outputs %lld", (long long)options->max_outputs);
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "1 or more");
    }
    if (x.rank == TARE_UNKNOWN_RANK) return infer_record(infer, options->family, -1);
    TARE_TRY(check_image(infer, x));
    if (!tare_shape_known(x)) return infer_record(infer, options->family, -1);
    const tare_summary_images images = images_of(options, x);
    int64_t bytes = images.height * images.width * images.channels; /* below 2^31 */
    if (!tare_multiply_sizes(bytes, images.count, &bytes) ||
        !tare_add_sizes(bytes, (int64_t)sizeof images, &bytes))
        return tare_infer_refuse_shape(infer, 0, "x", "fewer or smaller images");
    return infer_record(infer, options->family, bytes);
}

static tare_status merge_infer(tare_infer *infer) {
    int64_t bytes = 0;
    for (int32_t i = 0; i < infer->input_count; i++) {
        const tare_type *type = &infer->inputs[i];
        if (type->dtype != TARE_UINT8 || type->shape.rank != 1)
            return tare_infer_refuse(infer, TARE_ERROR_TYPE, "a tensor that is no summary",
                                     "results of summary ops");
        const int64_t more = type->shape.extents[0];
        if (more < 0 || !tare_add_sizes(bytes, more, &bytes)) {
            bytes = TARE_ANY;
            break;
        }
    }
    infer->outputs[0] = (tare_type){TARE_UINT8, TARE_SHAPE(bytes)};
    return TARE_OK;
}

/* ---------------------------------------------------------------------------------- the steps */

typedef struct recording {
    const char *tag, *op, *node;
    tare_dtype dtype;
    int64_t count;              /* numbers of x */
    const double *limits;       /* of a histogram's buckets */
    tare_summary_images images; /* of an image */
    int64_t payload_bytes;
} recording;

static tare_status scalar_step(const tare_run *run) {
    const recording *r = run->state;
    float number = 0;
    if (r->dtype == TARE_FLOAT32)
        memcpy(&number, run->inputs[0], sizeof number);
    else
        tare_cast_loop_of(r->dtype, TARE_FLOAT32)(run->inputs[0], &number, 1, 0);
    double *payload =
        tare_summary_begin(run->outputs[0], TARE_SUMMARY_SCALAR, r->tag, r->payload_bytes);
    *payload = (double)number;
    return TARE_OK;
}

static tare_status histogram_step(const tare_run *run) {
    const recording *r = run->state;
    tare_histogram *histogram =
        tare_summary_begin(run->outputs[0], TARE_SUMMARY_HISTOGRAM, r->tag, r->payload_bytes);
    tare_histogram_clear(histogram);
    const int64_t place =
        tare_histogram_add(histogram, r->limits, r->dtype, run->inputs[0], r->count);
    if (place == r->count) return TARE_OK;
    char got[96];
    tare_print(got, sizeof got, "a number that is not finite at place %lld of %lld",
               (long long)place, (long long)r->count);
    return tare_fail_at(run->error, TARE_ERROR_ARGUMENT, r->op, r->node, got,
                        "finite numbers to count");
}

static tare_status image_step(const tare_run *run) {
    const recording *r = run->state;
    tare_summary_images *images =
        tare_summary_begin(run->outputs[0], TARE_SUMMARY_IMAGES, r->tag, r->payload_bytes);
    *images = r->images;
    const int64_t pixels = images->height * images->width;
    const size_t numbers = (size_t)(pixels * images->channels);
    const size_t bytes = numbers * tare_dtype_size(r->dtype);
    for (int64_t i = 0; i < images->count; i++)
        tare_image_bytes(r->dtype, (const char *)run->inputs[0] + (size_t)i * bytes, pixels,
                         images->channels, (uint8_t *)(images + 1) + (size_t)i * numbers);
    return TARE_OK;
}

static const char *make_tag(tare_arena *arena, const char *family, const char *node) {
    const size_t size = (size_t)tag_length(family, node) + 1;
    char *tag = tare_arena_allocate(arena, size);
    if (tag) tare_print(tag, size, "%s%s%s", family ? family : "", family ? "/" : "", node);
    return tag;
}

static tare_status prepare_record(tare_prepare *prepare, const char *family, recording r) {
    r.tag = make_tag(prepare->arena, family, prepare->node);
    r.op = prepare->op;
    r.node = tare_arena_text(prepare->arena, prepare->node);
    r.dtype = prepare->inputs[0].dtype;
    r.count = tare_input_count(prepare, 0);
    if (!r.tag || !r.node) return tare_fail_memory(prepare->error);
    return tare_prepare_state(prepare, &r, sizeof r);
}

static tare_status scalar_prepare(tare_prepare *prepare) {
    const tare_summary_node_options *options = prepare->options;
    return prepare_record(prepare, options->family, (recording){.payload_bytes = sizeof(double)});
}

static tare_status histogram_prepare(tare_prepare *prepare) {
    const tare_summary_node_options *options = prepare->options;
    double *limits =
        tare_arena_allocate_array(prepare->arena, TARE_HISTOGRAM_BUCKETS, sizeof *limits);
    if (!limits) return tare_fail_memory(prepare->error);
    tare_histogram_limits(limits);
    return prepare_record(prepare, options->family,
                          (recording){.limits = limits, .payload_bytes = sizeof(tare_histogram)});
}

static tare_status image_prepare(tare_prepare *prepare) {
    const tare_summary_image_node_options *options = prepare->options;
    const tare_summary_images images = images_of(options, prepare->inputs[0].shape);
    const int64_t pixels = images.count * images.height * images.width * images.channels;
    return prepare_record(
        prepare, options->family,
        (recording){.images = images, .payload_bytes = (int64_t)sizeof images + pixels});
}

typedef struct merging {
    int32_t count;
    size_t bytes[]; /* of each input */
} merging;

static tare_status merge_step(const tare_run *run) {
    const merging *m = run->state;
    char *to = run->outputs[0];
    for (int32_t i = 0; i < m->count; i++) {
        memcpy(to, run->inputs[i], m->bytes[i]);
        to += m->bytes[i];
    }
    return TARE_OK;
}

static tare_status merge_prepare(tare_prepare *prepare) {
    merging *m = tare_arena_allocate(prepare->arena,
                                     sizeof *m + (size_t)prepare->input_count * sizeof *m->bytes);
    if (!m) return tare_fail_memory(prepare->error);
    m->count = prepare->input_count;
    for (int32_t i = 0; i < m->count; i++) m->bytes[i] = tare_input_bytes(prepare, i);
    prepare->state = m;
    return TARE_OK;
}

/* ----------------------------------------------------------------------------------- examples */

enum { TEST = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example scalar_examples[] = {
    {"[]", "", 0, 0, NULL, TEST},        {"float64[]", "family=losses", 0, 0, NULL, TEST},
    {"int64[]", "", 0, 9, NULL, TEST},   {"[2]", "", 0, 0, "rank", 0},
    {"bool[]", "", 0, 0, "of dtype", 0}, {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example histogram_examples[] = {
    {"[]", "", 0, 0, NULL, TEST},         {"[3,5]", "", 0, 0, NULL, TEST},
    {"int8[300]", "", -9, 9, NULL, TEST}, {"float64[0]", "", 0, 0, NULL, TEST},
    {"bool[2]", "", 0, 0, "of dtype", 0}, {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example image_examples[] = {
    {"[2,3,5,1]", "", 0, 0, NULL, TEST},
    {"float64[4,3,5,3]", "max_outputs=1", 0, 0, NULL, TEST},
    {"uint8[4,3,5,4]", "", 0, 9, NULL, TEST},
    {"[0,3,5,1]", "", 0, 0, NULL, TEST},
    {"[2,0,5,1]", "", 0, 0, NULL, TEST},
    {"[2,3,5,2]", "", 0, 0, "1, 3 or 4 channels", 0},
    {"[2,3,5]", "", 0, 0, "rank", 0},
    {"int32[2,3,5,1]", "", 0, 9, "of dtype", 0},
    {"[2,3,5,1]", "max_outputs=0", 0, 0, "1 or more", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example merge_examples[] = {{"uint8[24] uint8[8]", "", 0, 9, NULL, TEST},
                                              {"uint8[24]", "", 0, 9, NULL, TEST},
                                              {"uint8[2,8]", "", 0, 9, "no summary", 0},
                                              {"[8] [8]", "", 0, 0, "no summary", 0},
                                              {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_summary_ops[] = {
    [TARE_SUMMARY_OP_SCALAR] = {.name = "summary_scalar",
                                .node_name = "ScalarSummary",
                                .table = &node_table,
                                .min_inputs = 1,
                                .max_inputs = 1,
                                .output_count = 1,
                                .flags = TARE_OP_NOT_FEEDABLE,
                                .infer = scalar_infer,
                                .prepare = scalar_prepare,
                                .run = scalar_step,
                                .examples = scalar_examples},
    [TARE_SUMMARY_OP_HISTOGRAM] = {.name = "summary_histogram",
                                   .node_name = "HistogramSummary",
                                   .table = &node_table,
                                   .min_inputs = 1,
                                   .max_inputs = 1,
                                   .output_count = 1,
                                   .flags = TARE_OP_NOT_FEEDABLE | TARE_OP_CAN_FAIL,
                                   .infer = histogram_infer,
                                   .prepare = histogram_prepare,
                                   .run = histogram_step,
                                   .examples = histogram_examples},
    [TARE_SUMMARY_OP_IMAGE] = {.name = "summary_image",
                               .node_name = "ImageSummary",
                               .table = &image_table,
                               .min_inputs = 1,
                               .max_inputs = 1,
                               .output_count = 1,
                               .flags = TARE_OP_NOT_FEEDABLE,
                               .infer = image_infer,
                               .prepare = image_prepare,
                               .run = image_step,
                               .examples = image_examples},
    [TARE_SUMMARY_OP_MERGE] = {.name = "summary_merge",
                               .node_name = "MergeSummary",
                               .min_inputs = 1,
                               .max_inputs = -1,
                               .output_count = 1,
                               .flags = TARE_OP_NOT_FEEDABLE,
                               .infer = merge_infer,
                               .prepare = merge_prepare,
                               .run = merge_step,
                               .examples = merge_examples},
    {.name = NULL},
};
