/* SPDX-License-Identifier: Apache-2.0 */
/* Why a layer of an int8 model loses what it does, in words. */
#include "norm/median.h"
#include "norm/noise.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { WEIGHTS = 1, DIGITS = 3 };
#define APART 4 /* times the median: a channel that stands out */

/* Greatest |w| by channel of an operator's weights; NULL: no memory. */
static double *peaks_of(const tare_noise_report *report, const tare_tflite_operator *op,
                        int64_t *count) {
    const tare_tflite_array *weights = &report->from->tensors[op->inputs[WEIGHTS]];
    const tare_tflite_channels channels = tare_tflite_channels_of(op->kind, weights);
    double *peaks = tare_arena_allocate_array(report->arena, channels.count + 1, sizeof *peaks);
    *count = channels.count;
    for (int64_t i = 0; peaks && i < tare_tflite_value_count(weights); i++) {
        double *peak = &peaks[i / channels.span % channels.count];
        *peak = fmax(*peak, fabs(tare_tflite_value(weights, i)));
    }
    return peaks;
}

/* " (gamma / sigma 25.1, the median 0.8)" */
static void add_scale(const tare_noise_report *report, const char *weights, int64_t channel,
                      tare_text *text) {
    char number[TARE_NUMBER_TEXT];
    for (size_t i = 0; i < tare_folding_count(report->folding); i++) {
        const tare_folded_layer *layer = tare_folding_layer(report->folding, i);
        if (!layer->product || layer->before || strcmp(layer->weights, weights) != 0) continue;
        double *scales =
            tare_arena_allocate_array(report->arena, layer->channel_count + 1, sizeof *scales);
        if (!scales || channel >= layer->channel_count) return;
        for (int64_t c = 0; c < layer->channel_count; c++)
            scales[c] = fabs(layer->channels[c].scale);
        tare_text_format(text, " (gamma / sigma %s",
                         tare_significant_text(number, scales[channel], DIGITS));
        const double middle = tare_median(report->arena, scales, layer->channel_count);
        tare_text_format(text, ", the median %s)", tare_significant_text(number, middle, DIGITS));
        return;
    }
}

static void add_weights(const tare_noise_report *report, const tare_noise *layer, tare_text *text) {
    const tare_tflite_operator *op = &report->from->operators[layer->op];
    const int64_t scales = report->to->tensors[op->inputs[WEIGHTS]].told.scale_count;
    int64_t channels = 0, widest = 0;
    char number[TARE_NUMBER_TEXT];
    const double *peaks = peaks_of(report, op, &channels);
    if (!peaks) return;
    for (int64_t c = 0; c < channels; c++)
        if (peaks[c] > peaks[widest]) widest = c;
    const double middle = tare_median(report->arena, peaks, channels);
    if (scales > 1 || !(peaks[widest] > APART * middle)) {
        tare_text_format(text, "its weights '%s' are rounded to %s", layer->weights,
                         scales > 1 ? "255 steps a channel" : "255 steps for all channels");
        return;
    }
    tare_text_format(text, "all channels of '%s' have one scale, and channel %" PRId64,
                     layer->weights, widest);
    add_scale(report, layer->weights, widest, text);
    tare_text_format(text, " reaches %s", tare_significant_text(number, peaks[widest], DIGITS));
    tare_text_format(text, " where the median reaches %s",
                     tare_significant_text(number, middle, DIGITS));
}

static void add_clipping(const tare_noise *layer, tare_text *text) {
    char a[TARE_NUMBER_TEXT], b[TARE_NUMBER_TEXT];
    const double percent = 100 * (double)layer->clipped / (double)layer->count;
    tare_text_format(text, "%s %% of its numbers are clipped",
                     tare_significant_text(a, percent, DIGITS));
    tare_text_format(text, ": they lie beyond %s to %s",
                     tare_significant_text(a, layer->min, DIGITS),
                     tare_significant_text(b, layer->max, DIGITS));
}

static void add_rounding(const tare_noise *layer, tare_text *text) {
    char a[TARE_NUMBER_TEXT], b[TARE_NUMBER_TEXT];
    const double typical = sqrt(layer->signal / (double)layer->count);
    tare_text_format(text, "its range %s to %s", tare_significant_text(a, layer->min, DIGITS),
                     tare_significant_text(b, layer->max, DIGITS));
    tare_text_format(text, " is wide for numbers of %s (root mean square)",
                     tare_significant_text(a, typical, DIGITS));
}

void tare_noise_reason(const tare_noise_report *report, const tare_noise *layer, tare_text *text) {
    const double others = fmax(layer->rounding, layer->weighing);
    if (layer->clipping > others)
        add_clipping(layer, text);
    else if (layer->op >= 0 && layer->weighing > layer->rounding)
        add_weights(report, layer, text);
    else
        add_rounding(layer, text);
}
