/* SPDX-License-Identifier: Apache-2.0 */
/* Events as protocol buffers: a tree of messages in an arena, packed. */
#include "report/event_message.h"

#include "base/status.h"

#ifdef TARE_HAVE_PROTOBUF

#include "report/event_tree.h"

#include <string.h>

#define DT_STRING 7 /* TensorFlow's types.proto */

tare_status tare_event_message_ready(tare_error *error) {
    (void)error;
    return TARE_OK;
}

tare_status tare_message_pack(const ProtobufCMessage *message, tare_bytes *bytes,
                              tare_error *error) {
    const size_t size = protobuf_c_message_get_packed_size(message);
    if (size >= INT32_MAX)
        return tare_fail(error, TARE_ERROR_UNSUPPORTED,
                         "got an event of 2 GiB or more; needs one that protocol buffers can hold");
    if (!tare_vector_reserve(NULL, bytes, (int64_t)size)) return tare_fail_memory(error);
    bytes->count += (int64_t)protobuf_c_message_pack(message, bytes->items + bytes->count);
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------- values */

static Tare__Pb__Histogram *make_histogram(tare_arena *arena, const tare_event_histogram *from) {
    Tare__Pb__Histogram *made = tare_arena_allocate(arena, sizeof *made);
    if (made == NULL) return NULL;
    tare__pb__histogram__init(made);
    made->min = from->least;
    made->max = from->greatest;
    made->num = from->count;
    made->sum = from->sum;
    made->sum_squares = from->sum_squares;
    made->n_bucket_limit = made->n_bucket = from->buckets;
    made->bucket_limit = (double *)(uintptr_t)from->limits;
    made->bucket = (double *)(uintptr_t)from->counts;
    return made;
}

static Tare__Pb__Image *make_image(tare_arena *arena, const tare_event_image *from) {
    Tare__Pb__Image *made = tare_arena_allocate(arena, sizeof *made);
    if (made == NULL) return NULL;
    tare__pb__image__init(made);
    made->height = (int32_t)from->height;
    made->width = (int32_t)from->width;
    made->colorspace = (int32_t)from->channels;
    made->encoded.data = (uint8_t *)(uintptr_t)from->bytes;
    made->encoded.len = from->count;
    return made;
}

/* A text is a scalar tensor of strings, and the text plug-in's. */
static Tare__Pb__Tensor *make_text(tare_arena *arena, const char *text, Tare__Pb__Value *value) {
    Tare__Pb__Tensor *made = tare_arena_allocate(arena, sizeof *made);
    ProtobufCBinaryData *string = tare_arena_allocate(arena, sizeof *string);
    value->metadata = tare_arena_allocate(arena, sizeof *value->metadata);
    Tare__Pb__Plugin *plugin = tare_arena_allocate(arena, sizeof *plugin);
    Tare__Pb__Shape *shape = tare_arena_allocate(arena, sizeof *shape);
    if (!made || !string || !value->metadata || !plugin || !shape) return NULL;
    tare__pb__tensor__init(made);
    tare__pb__metadata__init(value->metadata);
    tare__pb__plugin__init(plugin);
    tare__pb__shape__init(shape);
    plugin->name = tare_message_text("text");
    value->metadata->plugin = plugin;
    string->data = (uint8_t *)tare_message_text(text);
    string->len = strlen(text);
    made->dtype = DT_STRING;
    made->shape = shape;
    made->n_string_value = 1;
    made->string_value = string;
    return made;
}

/* NULL: no memory. */
static Tare__Pb__Value *make_value(tare_arena *arena, const tare_event_value *from) {
    Tare__Pb__Value *made = tare_arena_allocate(arena, sizeof *made);
    if (made == NULL) return NULL;
    tare__pb__value__init(made);
    made->tag = tare_message_text(from->tag);
    if (from->kind == TARE_VALUE_SCALAR) {
        made->value_case = TARE__PB__VALUE__VALUE_SIMPLE_VALUE;
        made->simple_value = (float)from->number;
        return made;
    }
    if (from->kind == TARE_VALUE_HISTOGRAM) {
        made->value_case = TARE__PB__VALUE__VALUE_HISTOGRAM;
        made->histogram = make_histogram(arena, &from->histogram);
        return made->histogram == NULL ? NULL : made;
    }
    if (from->kind == TARE_VALUE_IMAGE) {
        made->value_case = TARE__PB__VALUE__VALUE_IMAGE;
        made->image = make_image(arena, &from->image);
        return made->image == NULL ? NULL : made;
    }
    made->value_case = TARE__PB__VALUE__VALUE_TENSOR;
    made->tensor = make_text(arena, from->text, made);
    return made->tensor == NULL ? NULL : made;
}

static Tare__Pb__Summary *make_summary(tare_arena *arena, const tare_event *event) {
    Tare__Pb__Summary *made = tare_arena_allocate(arena, sizeof *made);
    if (made == NULL) return NULL;
    tare__pb__summary__init(made);
    made->value =
        tare_arena_allocate_array(arena, (int64_t)event->value_count + 1, sizeof *made->value);
    if (made->value == NULL) return NULL;
    for (size_t i = 0; i < event->value_count; i++) {
        made->value[i] = make_value(arena, &event->values[i]);
        if (made->value[i] == NULL) return NULL;
    }
    made->n_value = event->value_count;
    return made;
}

/* -------------------------------------------------------------------------------------- events */

static Tare__Pb__SessionLog *make_session(tare_arena *arena, int32_t session) {
    Tare__Pb__SessionLog *made = tare_arena_allocate(arena, sizeof *made);
    if (made == NULL) return NULL;
    tare__pb__session_log__init(made);
    made->status = session;
    return made;
}

/* False: no memory. */
static bool fill_event(tare_arena *arena, const tare_event_draft *draft, Tare__Pb__Event *event) {
    tare__pb__event__init(event);
    event->wall_time = draft->event.wall_time;
    event->step = draft->event.step;
    if (draft->event.kind == TARE_EVENT_VERSION) {
        event->what_case = TARE__PB__EVENT__WHAT_FILE_VERSION;
        event->file_version = tare_message_text(draft->event.text);
        return true;
    }
    if (draft->event.kind == TARE_EVENT_GRAPH) {
        event->what_case = TARE__PB__EVENT__WHAT_GRAPH_DEF;
        event->graph_def.data = draft->graph->items;
        event->graph_def.len = (size_t)draft->graph->count;
        return true;
    }
    if (draft->event.kind == TARE_EVENT_SESSION) {
        event->what_case = TARE__PB__EVENT__WHAT_SESSION_LOG;
        event->session_log = make_session(arena, draft->session);
        return event->session_log != NULL;
    }
    event->what_case = TARE__PB__EVENT__WHAT_SUMMARY;
    event->summary = make_summary(arena, &draft->event);
    return event->summary != NULL;
}

tare_status tare_event_encode(const tare_event_draft *draft, tare_bytes *bytes, tare_error *error) {
    tare_arena *arena = tare_arena_new(NULL);
    if (arena == NULL) return tare_fail_memory(error);
    Tare__Pb__Event event;
    const tare_status status = fill_event(arena, draft, &event)
                                   ? tare_message_pack(&event.base, bytes, error)
                                   : tare_fail_memory(error);
    tare_arena_free(arena);
    return status;
}

#else

static tare_status not_built_in(tare_error *error) {
    return tare_fail(error, TARE_ERROR_UNSUPPORTED,
                     "this build has no protobuf-c, so it neither writes nor reads event files");
}

tare_status tare_event_message_ready(tare_error *error) { return not_built_in(error); }

tare_status tare_event_encode(const tare_event_draft *draft, tare_bytes *bytes, tare_error *error) {
    (void)draft, (void)bytes;
    return not_built_in(error);
}

tare_status tare_graph_encode(const tare_graph *graph, tare_bytes *bytes, tare_error *error) {
    (void)graph, (void)bytes;
    return not_built_in(error);
}

tare_status tare_event_decode(const char *path, int64_t offset, const void *data, size_t bytes,
                              tare_event_opened *opened, tare_error *error) {
    (void)path, (void)offset, (void)data, (void)bytes, (void)opened;
    return not_built_in(error);
}

void tare_event_release(tare_event_opened *opened) { (void)opened; }

#endif
