/* SPDX-License-Identifier: Apache-2.0 */
/* A step that updates many variables: slices of all their elements, cut by their shapes alone. */
#include "array/shape.h"
#include "base/status.h"
#include "kernel/slices.h"
#include "plan/sweep.h"

enum {
    SLICE_OPERATIONS = 65536, /* a shorter slice is not worth a thread */
    LINE = 64                 /* elements: slices begin at whole cache lines of a variable */
};

typedef struct member {
    const void *state;
    int64_t count; /* elements */
    int64_t line;  /* of its first element, among the lines of all */
} member;

typedef struct state {
    const tare_element_update *update;
    int32_t count, inputs; /* updates; inputs of each */
    int64_t lines, slices;
    member *members;
} state;

typedef struct job {
    const tare_run *run;
    const state *of;
} job;

/* part: the running step, which stands for the update's own part of it. */
static void update_member(const job *j, tare_run *part, int32_t u, int64_t begin, int64_t end) {
    part->inputs = j->run->inputs + u * j->of->inputs;
    part->state = j->of->members[u].state;
    j->of->update->run(part, begin, end);
}

/* The update that a line belongs to. */
static int32_t member_at(const state *of, int64_t line) {
    int32_t low = 0, high = of->count - 1;
    while (low < high) {
        const int32_t middle = low + (high - low + 1) / 2;
        if (of->members[middle].line <= line)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static void sweep_slice(void *context, int64_t slice) {
    const job *j = context;
    int64_t line = tare_slice_begin(j->of->lines, j->of->slices, slice);
    const int64_t end = tare_slice_begin(j->of->lines, j->of->slices, slice + 1);
    tare_run part = *j->run;
    for (int32_t u = member_at(j->of, line); u < j->of->count && line < end; u++) {
        const member *m = &j->of->members[u];
        const int64_t first = (line - m->line) * LINE, last = (end - m->line) * LINE;
        if (first < m->count) update_member(j, &part, u, first, tare_least(last, m->count));
        line = m->line + tare_quotient_up(m->count, LINE);
    }
}

static tare_status sweep_run(const tare_run *run) {
    const state *of = run->state;
    job j = {run, of};
    if (of->slices > 1) {
        tare_pool_run(run->pool, of->slices, sweep_slice, &j);
        return TARE_OK;
    }
    tare_run part = *run;
    for (int32_t u = 0; u < of->count; u++) update_member(&j, &part, u, 0, of->members[u].count);
    return TARE_OK;
}

/* Variables are read and written, what else there is is read. */
static int64_t bytes_of(const tare_op_def *def, const tare_type *inputs, int32_t count) {
    int64_t bytes = 0;
    for (int32_t i = 0; i < count; i++)
        bytes += tare_shape_count(inputs[i].shape) * (int64_t)tare_dtype_size(inputs[i].dtype) *
                 (1 + (i < 32 && (def->writes >> i & 1U)));
    return bytes;
}

tare_status tare_sweep_prepare(tare_prepare *prepare) {
    const tare_sweep *from = prepare->options;
    state *of = tare_arena_allocate(prepare->arena, sizeof *of);
    if (!of) return tare_fail_memory(prepare->error);
    *of = (state){from->def->can->updates, from->count, from->inputs, 0, 1, NULL};
    of->members = tare_arena_allocate_array(prepare->arena, from->count, sizeof *of->members);
    if (!of->members) return tare_fail_memory(prepare->error);
    for (int32_t u = 0; u < from->count; u++) {
        tare_prepare part = *prepare;
        part.op = from->def->name;
        part.options = from->options[u];
        part.input_count = from->inputs;
        part.inputs = prepare->inputs + u * from->inputs;
        TARE_TRY(from->def->prepare(&part));
        const int64_t count = tare_shape_count(part.inputs[0].shape);
        of->members[u] = (member){part.state, count, of->lines};
        of->lines += tare_quotient_up(count, LINE);
        prepare->bytes += bytes_of(from->def, part.inputs, from->inputs);
    }
    of->slices = tare_slice_count(of->lines, LINE * of->update->cost, SLICE_OPERATIONS);
    prepare->state = of;
    prepare->run = sweep_run;
    return TARE_OK;
}
