/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol buffers as events. Nothing in a message is believed: protobuf-c compares lengths with
 * the message's, its memory comes out of a purse that the message's length fills, and what a value
 * says of itself is compared with what it holds. Messages of this schema do not nest in themselves,
 * so their depth is bounded.
 */
#include "report/event_message.h"

#ifdef TARE_HAVE_PROTOBUF

#include "base/status.h"
#include "report/event_tree.h"

#include <string.h>

#define DT_FLOAT  1 /* TensorFlow's types.proto */
#define DT_DOUBLE 2
#define DT_STRING 7

/* ------------------------------------------------------------------------------------- memory */

#define PURSE_LEAST  ((int64_t)64 << 20)
#define PURSE_FACTOR 4
#define PURSE_COIN   ((int64_t)128) /* what a block costs beyond its bytes */

typedef struct purse {
    int64_t left;
    bool empty;     /* something could not be paid for */
    bool no_memory; /* something could be, and was not to be had */
} purse;

static void *purse_allocate(void *user, size_t bytes) {
    purse *p = user;
    const int64_t cost = bytes < INT64_MAX / 2 ? (int64_t)bytes + PURSE_COIN : INT64_MAX;
    p->empty |= cost > p->left;
    if (p->empty) return NULL;
    void *block = tare_allocate_sized(NULL, bytes);
    p->no_memory |= block == NULL;
    p->left -= cost;
    return block;
}

static void purse_free(void *user, void *block) {
    (void)user;
    tare_release_sized(NULL, block);
}

/* protobuf-c's allocator over ours; what it frees is not paid back. */
static ProtobufCAllocator allocator_of(purse *p) {
    return (ProtobufCAllocator){purse_allocate, purse_free, p};
}

static tare_status open_message(const ProtobufCMessageDescriptor *descriptor, const char *path,
                                int64_t offset, const void *data, size_t bytes,
                                ProtobufCMessage **message, tare_error *error) {
    int64_t allowed = PURSE_LEAST;
    if (bytes < INT64_MAX / PURSE_FACTOR) allowed += PURSE_FACTOR * (int64_t)bytes;
    purse p = {.left = allowed};
    ProtobufCAllocator allocator = allocator_of(&p);
    *message = protobuf_c_message_unpack(descriptor, &allocator, bytes, data);
    if (*message != NULL) return TARE_OK;
    if (p.no_memory) return tare_fail_memory(error);
    if (p.empty)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "the event at byte %lld wants far more memory than its %zu bytes "
                              "explain",
                              (long long)offset, bytes);
    return tare_fail_file(error, TARE_ERROR_FORMAT, path, "there is no event at byte %lld",
                          (long long)offset);
}

static void free_message(void *message) {
    if (message == NULL) return;
    purse p = {.left = 0};
    ProtobufCAllocator allocator = allocator_of(&p);
    protobuf_c_message_free_unpacked(message, &allocator);
}

/* ------------------------------------------------------------------------------------- values */

/* What an event is made from. */
typedef struct source {
    const char *path;
    int64_t offset;
    tare_arena *arena;
    tare_error *error;
} source;

static tare_status refuse(const source *s, const char *tag, const char *what) {
    return tare_fail_file(s->error, TARE_ERROR_FORMAT, s->path,
                          "'%.80s' of the event at byte %lld %s", tag, (long long)s->offset, what);
}

static tare_status take_histogram(const source *s, const Tare__Pb__Histogram *from,
                                  tare_event_value *value) {
    if (from->n_bucket != from->n_bucket_limit)
        return refuse(s, value->tag, "has not as many counts as limits");
    value->kind = TARE_VALUE_HISTOGRAM;
    value->histogram = (tare_event_histogram){.least = from->min,
                                              .greatest = from->max,
                                              .count = from->num,
                                              .sum = from->sum,
                                              .sum_squares = from->sum_squares,
                                              .buckets = from->n_bucket,
                                              .limits = from->bucket_limit,
                                              .counts = from->bucket};
    return TARE_OK;
}

static void take_image(const Tare__Pb__Image *from, tare_event_value *value) {
    value->kind = TARE_VALUE_IMAGE;
    value->image = (tare_event_image){.height = from->height,
                                      .width = from->width,
                                      .channels = from->colorspace,
                                      .bytes = from->encoded.data,
                                      .count = from->encoded.len};
}

/* The number that a tensor is: in a field of its type, or in the raw content. */
static bool take_number(const Tare__Pb__Tensor *from, double *number) {
    float single;
    if (from->dtype == DT_FLOAT && from->n_float_value == 1) {
        *number = (double)from->float_value[0];
        return true;
    }
    if (from->dtype == DT_DOUBLE && from->n_double_value == 1) {
        *number = from->double_value[0];
        return true;
    }
    if (from->dtype == DT_FLOAT && from->content.len == sizeof single) {
        memcpy(&single, from->content.data, sizeof single);
        *number = (double)single;
        return true;
    }
    if (from->dtype != DT_DOUBLE || from->content.len != sizeof *number) return false;
    memcpy(number, from->content.data, sizeof *number);
    return true;
}

/* A string as a text: protobuf-c ends bytes with no NUL. NULL: no memory. */
static const char *copy_text(tare_arena *arena, const ProtobufCBinaryData *string) {
    char *text = tare_arena_allocate(arena, string->len + 1);
    if (text != NULL && string->len > 0) memcpy(text, string->data, string->len);
    return text;
}

/* New-style values: tensors with the name of the plug-in that shows them. */
static tare_status take_tensor(const source *s, const Tare__Pb__Value *from,
                               tare_event_value *value) {
    const Tare__Pb__Plugin *plugin = from->metadata == NULL ? NULL : from->metadata->plugin;
    value->text = plugin == NULL ? "" : plugin->name;
    if (take_number(from->tensor, &value->number)) {
        value->kind = TARE_VALUE_SCALAR;
    } else if (from->tensor->dtype == DT_STRING && from->tensor->n_string_value == 1) {
        value->kind = TARE_VALUE_TEXT;
        value->text = copy_text(s->arena, from->tensor->string_value);
        if (value->text == NULL) return tare_fail_memory(s->error);
    }
    return TARE_OK;
}

static tare_status take_value(const source *s, const Tare__Pb__Value *from,
                              tare_event_value *value) {
    *value = (tare_event_value){.tag = from->tag, .kind = TARE_VALUE_OTHER, .text = ""};
    switch (from->value_case) {
    case TARE__PB__VALUE__VALUE_SIMPLE_VALUE:
        value->kind = TARE_VALUE_SCALAR;
        value->number = (double)from->simple_value;
        break;
    case TARE__PB__VALUE__VALUE_IMAGE:
        take_image(from->image, value);
        break;
    case TARE__PB__VALUE__VALUE_HISTOGRAM:
        return take_histogram(s, from->histogram, value);
    case TARE__PB__VALUE__VALUE_TENSOR:
        return take_tensor(s, from, value);
    default: /* sound, or what came later */
        break;
    }
    return TARE_OK;
}

static tare_status take_summary(const source *s, const Tare__Pb__Summary *from, tare_event *event) {
    tare_event_value *values =
        tare_arena_allocate_array(s->arena, (int64_t)from->n_value + 1, sizeof *values);
    if (values == NULL) return tare_fail_memory(s->error);
    for (size_t i = 0; i < from->n_value; i++) TARE_TRY(take_value(s, from->value[i], &values[i]));
    event->kind = TARE_EVENT_VALUES;
    event->values = values;
    event->value_count = from->n_value;
    return TARE_OK;
}

/* -------------------------------------------------------------------------------------- events */

/* The graph is opened for as long as its nodes are counted. */
static tare_status take_graph(const source *s, const ProtobufCBinaryData *from, tare_event *event) {
    ProtobufCMessage *message = NULL;
    TARE_TRY(open_message(&tare__pb__graph_nodes__descriptor, s->path, s->offset, from->data,
                          from->len, &message, s->error));
    event->kind = TARE_EVENT_GRAPH;
    event->nodes = (int64_t)((const Tare__Pb__GraphNodes *)message)->n_node;
    free_message(message);
    return TARE_OK;
}

static const char *session_word(int32_t status) {
    static const char *const words[] = {"", "start", "stop", "checkpoint"};
    return status >= 0 && status < 4 ? words[status] : "";
}

static tare_status take_event(const source *s, const Tare__Pb__Event *from, tare_event *event) {
    event->wall_time = from->wall_time;
    event->step = from->step;
    switch (from->what_case) {
    case TARE__PB__EVENT__WHAT_FILE_VERSION:
        event->kind = TARE_EVENT_VERSION;
        event->text = from->file_version;
        break;
    case TARE__PB__EVENT__WHAT_GRAPH_DEF:
        return take_graph(s, &from->graph_def, event);
    case TARE__PB__EVENT__WHAT_SUMMARY:
        return take_summary(s, from->summary, event);
    case TARE__PB__EVENT__WHAT_SESSION_LOG:
        event->kind = TARE_EVENT_SESSION;
        event->text = session_word(from->session_log->status);
        break;
    default: /* metadata of runs and graphs, logs */
        break;
    }
    return TARE_OK;
}

tare_status tare_event_decode(const char *path, int64_t offset, const void *data, size_t bytes,
                              tare_event_opened *opened, tare_error *error) {
    tare_event_release(opened);
    opened->arena = tare_arena_new(NULL);
    if (opened->arena == NULL) return tare_fail_memory(error);
    ProtobufCMessage *message = NULL;
    TARE_TRY(
        open_message(&tare__pb__event__descriptor, path, offset, data, bytes, &message, error));
    opened->message = message;
    opened->event = (tare_event){.kind = TARE_EVENT_OTHER, .text = ""};
    const source s = {path, offset, opened->arena, error};
    return take_event(&s, (const Tare__Pb__Event *)message, &opened->event);
}

void tare_event_release(tare_event_opened *opened) {
    free_message(opened->message);
    tare_arena_free(opened->arena);
    *opened = (tare_event_opened){.message = NULL};
}

#endif
