/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An axis of a plot. Ticks are multiples of 1, 2 or 5 times a power of ten, four to ten of them; on
 * a logarithmic axis powers of ten, with 2 and 5 times them where there are few, every so many
 * where there are many.
 */
#include "report/plot_axis.h"

#include <math.h>

#define TICKS_WANTED 6
#define MARGIN       .05 /* of what is shown, where the numbers do not end at a tick */
#define LARGEST      1e300
#define LEAST_SPAN   1e-9 /* of the greatest magnitude: finer ticks have no different labels */
#define SMALLEST     1e-280

/* What is shown of a number. */
static double scaled(const tare_axis *axis, double number) {
    return axis->logarithmic ? log10(number) : number;
}

bool tare_axis_can_show(const tare_axis *axis, double number) {
    return fabs(number) <= LARGEST && (!axis->logarithmic || number >= 1 / LARGEST);
}

void tare_axis_show(tare_axis *axis, double number) {
    if (!tare_axis_can_show(axis, number)) return;
    const double value = scaled(axis, number);
    const bool first = axis->tick_count == 0; /* counts numbers until the axis is finished */
    if (first || value < axis->least) axis->least = value;
    if (first || value > axis->greatest) axis->greatest = value;
    axis->tick_count = 1;
}

static void add_tick(tare_axis *axis, double number) {
    if (axis->tick_count < TARE_AXIS_TICKS) axis->ticks[axis->tick_count++] = number;
}

/* multiple * 10^power, rounded once, so that its shortest text has no digits too many. */
static double decimal(double multiple, int power) {
    return power < 0 ? multiple / pow(10, -power) : multiple * pow(10, power);
}

/* Ticks at multiples of the step of 1, 2 or 5 that comes nearest to the number wanted. */
static void set_linear_ticks(tare_axis *axis, double least, double greatest) {
    const double rough = (greatest - least) / TICKS_WANTED;
    const int power = (int)floor(log10(rough));
    const double head = rough / pow(10, power);
    const double digit = head < 1.5 ? 1 : head < 3.5 ? 2 : head < 7.5 ? 5 : 10;
    const double step = decimal(digit, power);
    const double first = ceil(least / step - 1e-9);
    for (int i = 0; i < TARE_AXIS_TICKS; i++) {
        const double tick = decimal((first + i) * digit, power);
        if (tick > greatest + 1e-9 * step) break;
        add_tick(axis, tick);
    }
}

static void set_logarithmic_ticks(tare_axis *axis) {
    const int first = (int)floor(axis->least), last = (int)ceil(axis->greatest);
    const int every = 1 + (last - first) / (TARE_AXIS_TICKS / 2);
    const bool few = axis->greatest - axis->least < 3;
    static const double heads[] = {1, 2, 5};
    for (int power = first; power <= last; power += every) {
        for (int h = 0; h < (few ? 3 : 1); h++) {
            const double tick = decimal(heads[h], power);
            const double value = log10(tick);
            if (value >= axis->least && value <= axis->greatest) add_tick(axis, tick);
        }
    }
    if (axis->tick_count > 2) return;
    axis->tick_count = 0; /* less than a decade or so: ticks as on a linear axis */
    set_linear_ticks(axis, pow(10, axis->least), pow(10, axis->greatest));
}

/* A span of nothing becomes one around its number; others get a little room at both ends. */
static void widen(tare_axis *axis) {
    const double magnitude = fmax(fabs(axis->least), fabs(axis->greatest));
    const double span = axis->greatest - axis->least;
    double room = MARGIN * span;
    if (span <= fmax(LEAST_SPAN * magnitude, SMALLEST))
        room = axis->logarithmic || magnitude <= SMALLEST ? .5 : .1 * magnitude;
    /* A curve that is never negative, a loss say, stands on the axis. */
    const bool stands = !axis->logarithmic && axis->least >= 0 && axis->least <= room;
    axis->least = stands ? 0 : axis->least - room;
    axis->greatest += room;
}

void tare_axis_finish(tare_axis *axis, double begin, double end) {
    if (axis->tick_count == 0) axis->greatest = 1; /* nothing to show */
    axis->tick_count = 0;
    widen(axis);
    if (axis->logarithmic)
        set_logarithmic_ticks(axis);
    else
        set_linear_ticks(axis, axis->least, axis->greatest);
    axis->begin = begin;
    axis->end = end;
}

double tare_axis_place(const tare_axis *axis, double number) {
    const double share = (scaled(axis, number) - axis->least) / (axis->greatest - axis->least);
    return axis->begin + share * (axis->end - axis->begin);
}
