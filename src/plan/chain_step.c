/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step that does several elementwise ones block by block: each link is prepared for a block and
 * for what is left at the end, as if all were arrays of one axis. A row that is broadcast is
 * written out to a whole block first.
 */
#include "array/shape.h"
#include "base/status.h"
#include "kernel/slices.h"
#include "plan/chain.h"

#include <assert.h>
#include <string.h>

enum {
    SLICE_OPERATIONS = 32768, /* a shorter slice is not worth a thread */
    LINK_COST = 2,            /* operations an element, about */
    MOST_INPUTS = TARE_MOST_LINKS * TARE_LINK_INPUTS,
    MOST_PLACES = MOST_INPUTS + TARE_MOST_LINKS /* inputs; buffers, the result among them */
};

/* A link for blocks (0) and for the end (1). */
typedef struct stage {
    tare_step_function run[2];
    const void *state[2];
    int32_t inputs, input_places[TARE_LINK_INPUTS], output_place;
} stage;

/* Memory of which a block is at hand: an input, a buffer, or the result. */
typedef struct place {
    int64_t size;  /* bytes of an element */
    int64_t count; /* elements of an input */
    int64_t at;    /* in scratch: of a row written out, or of a slice's buffer; -1: not there */
    bool moves;    /* from block to block */
    bool is_free;  /* a buffer that nobody needs, while preparing */
} place;

typedef struct state {
    int32_t links, inputs, places; /* places: inputs first, then the result, then buffers */
    int64_t count, block, blocks, slices;
    int64_t rows_bytes, slice_bytes; /* scratch of all slices; of each */
    stage stages[TARE_MOST_LINKS];
    place all[MOST_PLACES];
} state;

/* ---- preparing */

static int64_t whole_lines(int64_t bytes) { return tare_round_up(bytes, TARE_ALIGNMENT); }

static void add_inputs(state *s, const tare_prepare *prepare) {
    s->inputs = prepare->input_count;
    for (int32_t i = 0; i < s->inputs; i++) {
        const tare_type *type = &prepare->inputs[i];
        place *p = &s->all[s->places++];
        *p = (place){.size = (int64_t)tare_dtype_size(type->dtype),
                     .count = tare_shape_count(type->shape),
                     .at = -1};
        p->moves = p->count == s->count;
        if (p->moves || p->count == 1) continue;
        p->at = s->rows_bytes;
        s->rows_bytes += whole_lines(p->size * s->block);
    }
    s->all[s->places++] = (place){.size = (int64_t)tare_dtype_size(prepare->outputs[0].dtype),
                                  .count = s->count,
                                  .at = -1,
                                  .moves = true};
}

static int32_t take_buffer(state *s, int64_t size) {
    for (int32_t p = s->inputs + 1; p < s->places; p++)
        if (s->all[p].is_free && s->all[p].size == size) {
            s->all[p].is_free = false;
            return p;
        }
    s->all[s->places] = (place){.size = size, .at = s->slice_bytes};
    s->slice_bytes += whole_lines(size * s->block);
    return s->places++;
}

/* Whether a link after `link` reads what link `made` made. */
static bool is_read_later(const tare_chain *chain, int32_t made, int32_t link) {
    for (int32_t l = link + 1; l < chain->count; l++)
        for (int32_t i = 0; i < chain->links[l].input_count; i++)
            if (chain->links[l].inputs[i] == made) return true;
    return false;
}

/* Where a link reads and writes: over an input that it alone still reads, where its kernel may. */
static void find_places(state *s, const tare_chain *chain, int32_t l, int32_t in_place) {
    const tare_link *link = &chain->links[l];
    stage *at = &s->stages[l];
    at->inputs = link->input_count;
    for (int32_t i = 0; i < link->input_count; i++)
        at->input_places[i] =
            link->inputs[i] < 0 ? -1 - link->inputs[i] : s->stages[link->inputs[i]].output_place;
    bool over = in_place >= 0 && link->inputs[in_place] >= 0 &&
                !is_read_later(chain, link->inputs[in_place], l);
    for (int32_t i = 0; over && i < link->input_count; i++)
        over = i == in_place || link->inputs[i] != link->inputs[in_place];
    if (l == chain->count - 1)
        at->output_place = s->inputs;
    else
        at->output_place = over ? at->input_places[in_place]
                                : take_buffer(s, (int64_t)tare_dtype_size(link->output));
    for (int32_t i = 0; i < link->input_count; i++)
        if (link->inputs[i] >= 0 && at->input_places[i] != at->output_place &&
            !is_read_later(chain, link->inputs[i], l))
            s->all[at->input_places[i]].is_free = true;
}

static tare_type flat(tare_dtype dtype, bool single, int64_t count) {
    tare_type type = {.dtype = dtype, .shape = {.rank = single ? 0 : 1}};
    if (!single) type.shape.extents[0] = count;
    return type;
}

/* The link as it is for so many elements in a row. */
static tare_status prepare_link(const tare_prepare *prepare, const tare_link *link, int64_t count,
                                stage *at, int which, int32_t *in_place) {
    tare_type inputs[TARE_LINK_INPUTS];
    for (int32_t i = 0; i < link->input_count; i++)
        inputs[i] = flat(link->dtypes[i], link->single[i], count);
    const tare_type output = flat(link->output, false, count);
    const bool wanted[1] = {true};
    tare_prepare part = *prepare;
    part.op = link->def->name;
    part.options = link->options;
    part.input_count = link->input_count;
    part.output_count = 1;
    part.inputs = inputs;
    part.outputs = &output;
    part.wanted = wanted;
    part.run = link->def->run;
    TARE_TRY(link->def->prepare(&part));
    assert(part.alias < 0 && part.scratch_bytes == 0);
    at->run[which] = part.run;
    at->state[which] = part.state;
    *in_place = part.in_place;
    return TARE_OK;
}

static tare_status chain_run(const tare_run *run);

tare_status tare_chain_prepare(tare_prepare *prepare) {
    const tare_chain *chain = prepare->options;
    state *s = tare_arena_allocate(prepare->arena, sizeof *s);
    if (!s) return tare_fail_memory(prepare->error);
    *s = (state){.links = chain->count, .count = tare_shape_count(prepare->outputs[0].shape)};
    s->block = chain->period * tare_greatest(TARE_CHAIN_BLOCK / chain->period, 1);
    s->blocks = tare_quotient_up(s->count, s->block);
    s->slices = tare_slice_count(s->blocks, s->block * s->links * LINK_COST, SLICE_OPERATIONS);
    add_inputs(s, prepare);
    const int64_t rest = s->count % s->block;
    int32_t in_place = -1;
    for (int32_t l = 0; l < s->links; l++) {
        const tare_link *link = &chain->links[l];
        stage *at = &s->stages[l];
        if (rest > 0) TARE_TRY(prepare_link(prepare, link, rest, at, 1, &in_place));
        TARE_TRY(prepare_link(prepare, link, s->block, at, 0, &in_place));
        find_places(s, chain, l, in_place);
    }
    /* The last link writes the result: over an input that it reads only where its kernel may. */
    const stage *last = &s->stages[s->links - 1];
    prepare->in_place = chain->over;
    for (int32_t i = 0; i < last->inputs; i++)
        if (last->input_places[i] == chain->over && i != in_place) prepare->in_place = -1;
    prepare->scratch_bytes = s->rows_bytes + s->slices * s->slice_bytes;
    prepare->state = s;
    prepare->run = chain_run;
    return TARE_OK;
}

/* ---- running */

typedef struct job {
    const tare_run *run;
    const state *of;
} job;

/* Where each place's block begins for a slice that begins with a block. */
static void find_addresses(const job *j, int64_t slice, int64_t block, char **at) {
    const state *s = j->of;
    char *scratch = j->run->scratch, *own = scratch + s->rows_bytes + slice * s->slice_bytes;
    for (int32_t p = 0; p < s->places; p++) {
        const place *it = &s->all[p];
        if (p > s->inputs)
            at[p] = own + it->at;
        else if (it->at >= 0)
            at[p] = scratch + it->at;
        else
            at[p] = p < s->inputs ? j->run->inputs[p] : j->run->outputs[0];
        if (it->moves) at[p] += block * s->block * it->size;
    }
}

static void run_block(const job *j, char *const *at, int which) {
    for (int32_t l = 0; l < j->of->links; l++) {
        const stage *link = &j->of->stages[l];
        void *inputs[TARE_LINK_INPUTS], *outputs[1] = {at[link->output_place]};
        for (int32_t i = 0; i < link->inputs; i++) inputs[i] = at[link->input_places[i]];
        const tare_run part = {.inputs = inputs,
                               .outputs = outputs,
                               .state = link->state[which],
                               .function = link->run[which],
                               .error = j->run->error};
        const tare_status status = part.function(&part);
        assert(status == TARE_OK);
        (void)status;
    }
}

static void chain_slice(void *context, int64_t slice) {
    const job *j = context;
    const state *s = j->of;
    int64_t block = tare_slice_begin(s->blocks, s->slices, slice);
    const int64_t end = tare_slice_begin(s->blocks, s->slices, slice + 1);
    char *at[MOST_PLACES];
    find_addresses(j, slice, block, at);
    for (; block < end; block++) {
        run_block(j, at, (block + 1) * s->block > s->count);
        for (int32_t p = 0; p <= s->inputs; p++)
            if (s->all[p].moves) at[p] += s->block * s->all[p].size;
    }
}

/* A row again and again, up to a whole block. */
static void write_rows(const tare_run *run, const state *s) {
    for (int32_t p = 0; p < s->inputs; p++) {
        const place *it = &s->all[p];
        const int64_t bytes = it->count * it->size;
        for (int64_t done = 0; it->at >= 0 && done < s->block * it->size; done += bytes)
            memcpy((char *)run->scratch + it->at + done, run->inputs[p], (size_t)bytes);
    }
}

static tare_status chain_run(const tare_run *run) {
    const state *s = run->state;
    job j = {run, s};
    write_rows(run, s);
    tare_pool_run(run->pool, s->slices, chain_slice, &j);
    return TARE_OK;
}
