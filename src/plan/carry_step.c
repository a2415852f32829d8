/* SPDX-License-Identifier: Apache-2.0 */
/* A step that carries others: the host's kernel with what its riders read for it and look at. */
#include "base/status.h"
#include "kernel/pixel_pass.h"
#include "plan/carry.h"

#include <assert.h>

typedef struct seat {
    const tare_rider *rider;
    int32_t host_input, first_input, first_output;
    bool kept;
    const void *state;
    int64_t scratch_at, channels;
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

/* What makes an input of the host in memory: pixels, and what changes them. */
typedef struct making {
    tare_reader reader;
    tare_finisher finisher;
    listeners changers;
    int64_t channels;
    float *numbers;
} making;

static void make_pixels(const void *context, int64_t offset, int64_t pixels) {
    const making *m = context;
    const tare_finished part = {.offset = offset, .pixels = pixels};
    tare_pixel_pass_part(m->channels, &m->reader, &m->finisher, m->numbers, part);
}

static void put_beside(tare_maker *maker, const float *array) {
    int count = 0;
    while (count < TARE_MOST_BESIDE && maker->beside[count]) count++;
    if (count < TARE_MOST_BESIDE) maker->beside[count] = array;
}

/* One step of making an input: the first one reads, others change what it made. */
static void take_making(const seat *s, const tare_run *part, making *m, tare_maker *maker) {
    m->numbers = part->outputs[0];
    if (s->rider->reads) {
        m->reader = s->rider->reader(part);
        m->channels = s->channels;
        *maker = (tare_maker){.make = make_pixels, .context = m};
        put_beside(maker, part->inputs[s->rider->input]);
        put_beside(maker, m->reader.beside);
        return;
    }
    const tare_finisher change = s->rider->finisher(part, m->numbers);
    m->changers.items[m->changers.count++] = change;
    m->finisher = m->changers.count > 1 ? together(&m->changers) : change;
    put_beside(maker, change.beside[0]);
}

static tare_status ride_run(const tare_run *run) {
    const ride *r = run->state;
    tare_carried carried = {.finisher = {.finish = NULL}};
    listeners all = {.count = 0};
    making makings[TARE_HOST_INPUTS];
    void *inputs[MOST_INPUTS];
    for (int32_t i = 0; i < TARE_HOST_INPUTS; i++)
        makings[i].changers.count = 0, makings[i].finisher.finish = NULL;
    for (int32_t i = 0; i < r->inputs; i++) inputs[i] = run->inputs[i];
    for (int32_t i = 0; i < r->count; i++) {
        const seat *s = &r->seats[i];
        const tare_run part = part_of(run, s);
        if (s->kept) {
            take_making(s, &part, &makings[s->host_input], &carried.makers[s->host_input]);
            inputs[s->host_input] = part.outputs[0];
        } else if (s->rider->reads) {
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

static int64_t channels_of(const tare_seat *s) {
    const tare_shape shape = s->outputs[0].shape;
    return shape.rank > 0 ? shape.extents[shape.rank - 1] : 1;
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
        r->seats[r->count++] = (seat){.rider = rider,
                                      .host_input = from->host_input,
                                      .first_input = from->first_input,
                                      .first_output = from->first_output,
                                      .kept = from->kept,
                                      .state = part.state,
                                      .scratch_at = scratch,
                                      .channels = channels_of(from)};
        scratch += whole_lines(part.scratch_bytes);
        if (from->kept && rider->reads && part.in_place >= 0) {
            prepare->in_place = from->first_input + part.in_place;
            prepare->in_place_output = from->first_output;
        }
    }
    prepare->state = r;
    prepare->scratch_bytes = scratch;
    if (host.in_place >= 0) prepare->in_place = host.in_place, prepare->in_place_output = 0;
    prepare->flops = host.flops;
    prepare->run = ride_run;
    return TARE_OK;
}
