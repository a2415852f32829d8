/* SPDX-License-Identifier: Apache-2.0 */
/* A step that carries others: the host's kernel with what its riders read for it and look at. */
#include "base/status.h"
#include "plan/carry.h"

#include <assert.h>

typedef struct seat {
    const tare_rider *rider;
    int32_t host_input, first_input, first_output;
    const void *state;
    int64_t scratch_at;
} seat;

typedef struct ride {
    const tare_host *host;
    const void *state;
    int32_t inputs; /* of the host */
    int32_t count;
    seat seats[TARE_MOST_SEATS]; /* of riders */
} ride;

enum { MOST_INPUTS = 8 };

/* All that are told, in their order. */
typedef struct listeners {
    int32_t count;
    tare_finisher items[TARE_MOST_SEATS];
} listeners;

static void tell(void *context, const tare_finished *results) {
    const listeners *all = context;
    for (int32_t i = 0; i < all->count; i++) all->items[i].finish(all->items[i].context, results);
}

static tare_finisher together(listeners *all) {
    tare_finisher one = {.finish = tell, .context = all};
    int count = 0;
    for (int32_t i = 0; i < all->count; i++)
        for (int k = 0; k < TARE_MOST_BESIDE && all->items[i].beside[k]; k++)
            if (count < TARE_MOST_BESIDE) one.beside[count++] = all->items[i].beside[k];
    return one;
}

/* The rider's own part of a running step. */
static tare_run part_of(const tare_run *run, const seat *s) {
    tare_run part = *run;
    part.inputs += s->first_input;
    part.outputs += s->first_output;
    part.state = s->state;
    part.scratch = (char *)run->scratch + s->scratch_at;
    return part;
}

static tare_status ride_run(const tare_run *run) {
    const ride *r = run->state;
    tare_carried carried = {.finisher = {.finish = NULL}};
    listeners all = {.count = 0};
    void *inputs[MOST_INPUTS];
    for (int32_t i = 0; i < r->inputs; i++) inputs[i] = run->inputs[i];
    for (int32_t i = 0; i < r->count; i++) {
        const seat *s = &r->seats[i];
        const tare_run part = part_of(run, s);
        if (s->rider->reads) {
            carried.readers[s->host_input] = s->rider->reader(&part);
            inputs[s->host_input] = part.inputs[s->rider->input]; /* to be fetched ahead */
        } else {
            all.items[all.count++] = s->rider->finisher(&part, run->outputs[0]);
        }
    }
    if (all.count == 1) carried.finisher = all.items[0];
    if (all.count > 1) carried.finisher = together(&all);
    tare_run host = *run;
    host.inputs = inputs;
    host.state = r->state;
    r->host->run(&host, &carried);
    for (int32_t i = 0; i < r->count; i++) {
        const tare_run part = part_of(run, &r->seats[i]);
        if (r->seats[i].rider->end) r->seats[i].rider->end(&part);
    }
    return TARE_OK;
}

static int64_t whole_lines(int64_t bytes) {
    return (bytes + TARE_ALIGNMENT - 1) & ~(int64_t)(TARE_ALIGNMENT - 1);
}

/* What the node in a seat is told when it is prepared. */
static tare_prepare part_to_prepare(const tare_prepare *prepare, const tare_seat *s) {
    tare_prepare part = *prepare;
    part.op = s->def->name;
    part.options = s->options;
    part.input_count = s->input_count;
    part.output_count = s->output_count;
    part.inputs = s->inputs;
    part.outputs = s->outputs;
    part.wanted = prepare->wanted + s->first_output;
    return part;
}

tare_status tare_carry_prepare(tare_prepare *prepare) {
    const tare_carrying *of = prepare->options;
    ride *r = tare_arena_allocate(prepare->arena, sizeof *r);
    if (!r) return tare_fail_memory(prepare->error);
    tare_prepare host = part_to_prepare(prepare, &of->seats[0]);
    int64_t slices = 0;
    r->host = of->seats[0].def->can->host;
    r->inputs = of->seats[0].room;
    assert(r->inputs <= MOST_INPUTS);
    TARE_TRY(r->host->prepare(&host, of->reads, &slices));
    r->state = host.state;
    int64_t scratch = whole_lines(host.scratch_bytes);
    for (int32_t i = 1; i < of->count; i++) {
        const tare_seat *from = &of->seats[i];
        tare_prepare part = part_to_prepare(prepare, from);
        const tare_rider *rider = from->def->can->rider;
        TARE_TRY(rider->prepare(&part, slices));
        r->seats[r->count++] = (seat){
            rider, from->host_input, from->first_input, from->first_output, part.state, scratch};
        scratch += whole_lines(part.scratch_bytes);
    }
    prepare->state = r;
    prepare->scratch_bytes = scratch;
    prepare->in_place = host.in_place;
    prepare->flops = host.flops;
    prepare->run = ride_run;
    return TARE_OK;
}
