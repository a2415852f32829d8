/* SPDX-License-Identifier: Apache-2.0 */
/* What a fold does to the weights, channel by channel: one scale may explode a range. */
#include "array/array.h"
#include "base/status.h"
#include "norm/folding.h"

#include <math.h>

static void widen(double *min, double *max, double number) {
    if (number < *min) *min = number;
    if (number > *max) *max = number;
}

tare_status tare_fold_note_channels(tare_folding *f, tare_fold_place *place,
                                    const tare_array *scale, const tare_array *before,
                                    const tare_array *after) {
    const tare_weights_view *view =
        place->told.before ? &place->form.by_input : &place->form.by_output;
    tare_folded_channel *channels =
        tare_arena_allocate_array(f->arena, scale->count + 1, sizeof *channels);
    if (!channels) return tare_fail_memory(f->error);
    for (int64_t c = 0; c < scale->count; c++)
        channels[c] = (tare_folded_channel){tare_array_number(scale, c), INFINITY, -INFINITY,
                                            INFINITY, -INFINITY};
    for (int64_t i = 0; i < before->count; i++) {
        tare_folded_channel *c = &channels[tare_weights_output(view, i)];
        widen(&c->before_min, &c->before_max, tare_array_number(before, i));
        widen(&c->after_min, &c->after_max, tare_array_number(after, i));
    }
    place->told.weights = place->weights->name;
    place->told.channels = channels;
    place->told.channel_count = scale->count;
    return TARE_OK;
}
