/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a network's run: its steps, what each reads, writes and computes, and totals. */
#include "base/status.h"
#include "cli/inspect.h"
#include "cli/say.h"
#include "session/session.h"

/* What a run of the network is given and asked for. */
typedef struct request {
    tare_array *arrays[3];
    tare_feed feeds[3];
    tare_tensor fetches[2];
    size_t feed_count, fetch_count;
} request;

/* Zeros of a placeholder's shape, its first extent being the batch. */
static tare_status zeros_for(tare_tensor placeholder, int64_t batch, tare_array **array) {
    tare_shape shape = tare_tensor_shape(placeholder);
    if (shape.rank > 0) shape.extents[0] = batch;
    return tare_array_new(tare_tensor_dtype(placeholder), shape, NULL, array);
}

static tare_status make_request(const tare_network *network, const tare_inspect_options *options,
                                request *r, tare_error *error) {
    const bool training = options->mode == TARE_MODE_TRAIN;
    r->arrays[2] = tare_array_bool(training);
    if (zeros_for(network->inputs, options->batch, &r->arrays[0]) != TARE_OK ||
        zeros_for(network->labels, options->batch, &r->arrays[1]) != TARE_OK ||
        r->arrays[2] == NULL)
        return tare_fail_memory(error);
    r->feeds[0] = (tare_feed){network->inputs, r->arrays[0]};
    r->feeds[1] = (tare_feed){network->training, r->arrays[2]};
    r->feeds[2] = (tare_feed){network->labels, r->arrays[1]};
    r->feed_count = training ? 3 : 2;
    r->fetches[0] = training ? network->train : network->logits;
    r->fetches[1] = network->loss;
    r->fetch_count = training ? 2 : 1;
    return TARE_OK;
}

/* ---- JSON */

static void add_outputs(tare_json *json, const tare_step *step) {
    tare_json_key(json, "outputs");
    tare_json_begin_array(json);
    for (int32_t o = 0; o < step->output_count; o++) {
        if (step->outputs[o].place == TARE_PLACE_NOWHERE) continue;
        tare_text place = {0};
        tare_slot_text(step->outputs[o], &place);
        tare_json_begin_object(json);
        tare_json_member_text(json, "dtype", tare_dtype_name(step->output_types[o].dtype));
        tare_json_member_shape(json, "shape", step->output_types[o].shape);
        tare_json_member_text(json, "place", place.data);
        tare_json_end_object(json);
        if (place.failed) json->text.failed = true;
        tare_text_clear(&place);
    }
    tare_json_end_array(json);
}

static void add_step(tare_json *json, const tare_plan *plan, int64_t index) {
    const tare_step *step = &plan->steps[index];
    tare_json_begin_object(json);
    tare_json_member_text(json, "op", step->op);
    tare_json_member_text(json, "node", step->name);
    if (step->gradient_of) tare_json_member_text(json, "gradient_of", step->gradient_of);
    tare_json_member_integer(json, "bytes", step->bytes);
    tare_json_member_double(json, "flops", step->flops);
    if (step->guard >= 0) tare_json_member_integer(json, "condition", step->guard);
    tare_json_member_boolean(json, "kept", index < plan->preamble_count);
    if (step->note) tare_json_member_text(json, "note", step->note);
    add_outputs(json, step);
    tare_json_end_object(json);
}

static void add_total(tare_json *json, const tare_plan_total *total) {
    tare_json_begin_object(json);
    if (total->op) tare_json_member_text(json, "op", total->op);
    tare_json_member_integer(json, "steps", total->steps);
    tare_json_member_integer(json, "bytes", total->bytes);
    tare_json_member_double(json, "flops", total->flops);
    tare_json_end_object(json);
}

static void add_totals(tare_json *json, const tare_plan *plan) {
    const size_t bytes = ((size_t)plan->step_count + 1) * sizeof(tare_plan_total);
    tare_plan_total *kinds = tare_allocate(NULL, bytes);
    if (!kinds) {
        json->text.failed = true;
        return;
    }
    const int64_t count = tare_plan_totals(plan, kinds);
    tare_json_key(json, "ops");
    tare_json_begin_array(json);
    for (int64_t i = 0; i < count; i++) add_total(json, &kinds[i]);
    tare_json_end_array(json);
    tare_json_key(json, "all");
    add_total(json, &kinds[count]);
    tare_release(NULL, kinds, bytes);
}

static void add_plan(tare_json *json, const char *network, const tare_inspect_options *options,
                     const tare_plan *plan) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "network", network);
    tare_json_member_text(json, "mode", options->mode == TARE_MODE_TRAIN ? "train" : "infer");
    tare_json_member_integer(json, "batch", options->batch);
    tare_json_member_integer(json, "arena_bytes", plan->arena_bytes);
    tare_json_member_integer(json, "kept_bytes", plan->persistent_bytes);
    tare_json_key(json, "steps");
    tare_json_begin_array(json);
    for (int64_t s = 0; s < plan->step_count; s++) add_step(json, plan, s);
    tare_json_end_array(json);
    add_totals(json, plan);
    tare_json_end_object(json);
    tare_text_add(&json->text, "\n");
}

/* ---- the command's part */

/* The plan as JSON or as text, which is `failed` when memory ran out. */
static tare_status write_plan(tare_session *session, const char *network,
                              const tare_inspect_options *options, const request *r,
                              tare_text *text) {
    tare_cached_plan *cached = NULL;
    TARE_TRY(tare_session_enter(session));
    const tare_status status =
        tare_session_plan(session, r->feeds, r->feed_count, r->fetches, r->fetch_count, &cached);
    if (status == TARE_OK && options->json) {
        tare_json json = {.depth = 0};
        add_plan(&json, network, options, cached->plan);
        *text = json.text;
    } else if (status == TARE_OK) {
        tare_plan_print(cached->plan, text);
    }
    return tare_session_leave(session, status);
}

int tare_inspect_plan(tare_workshop *workshop, const tare_inspect_options *options) {
    tare_error error = {0};
    request r = {.feed_count = 0};
    tare_text text = {0};
    tare_status status = tare_workshop_open(workshop, options->threads, &error);
    if (status == TARE_OK) status = make_request(&workshop->network, options, &r, &error);
    if (status == TARE_OK) {
        status = write_plan(workshop->session, workshop->name, options, &r, &text);
        if (status != TARE_OK) error = *tare_session_error(workshop->session);
    }
    for (int i = 0; i < 3; i++) tare_array_free(r.arrays[i]);
    if (status != TARE_OK) return tare_say_error(&error);
    if (!tare_say_text(&text)) return tare_say_failure("no memory");
    return TARE_EXIT_SUCCESS;
}
