/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images with one target among distractors, and heat-maps that say where it is: what a regression
 * network with tiny labels is trained on.
 *
 *     image(x, y) = texture(x, y) + noise + s (target(x, y) + bar + cross + square)
 *     label(x, y) = .01 s exp(-d^2 / (2 1.5^2)),  d the distance to the target's centre
 *
 * The texture is smooth between random levels within .3, 8 pixels apart; noise has a deviation of
 * .2 (the sum of three uniform numbers within .2). s, from .5 to 1, is the brightness of all
 * four objects, which lie in four of nine cells: no pixel by itself tells the target. Labels are
 * .005 to .01 high. The target is a disc that fades, exp(-d^2 / (2 2^2)).
 */
#include "array/array.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/drawn.h"

#include <inttypes.h>

enum {
    DEFAULT_SIDE = 64,
    LEAST_SIDE = 24,
    MOST_SIDE = 1024,
    CELLS = 3, /* a side */
    OBJECTS = 4,
    TEXEL = 8,
    REACH = 4 /* half the extent of an object */
};
#define TEXTURE .3
#define NOISE   .2
#define HEIGHT  .01

/* exp(-1 / (2 sigma^2)) for sigma 1.5 and 2; its power d^2 is the Gaussian. */
#define LABEL_FALL  .80073740291680804
#define TARGET_FALL .88249690258459546

/* The random numbers of one example: brightness, cells, places, levels of the texture, noise. */
typedef struct layout {
    int side, levels; /* levels of the texture along a side */
    int cells_at, places_at, texture_at, noise_at, count;
} layout;

static layout layout_of(int side) {
    layout l = {.side = side, .levels = side / TEXEL + 2, .cells_at = 1};
    l.places_at = l.cells_at + OBJECTS;
    l.texture_at = l.places_at + 2 * OBJECTS;
    l.noise_at = l.texture_at + l.levels * l.levels;
    l.count = l.noise_at + 3 * side * side;
    return l;
}

static double power(double base, int exponent) {
    double result = 1;
    for (; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1) result *= base;
    return result;
}

typedef struct place {
    int x, y;
} place;

/* Four different cells of the nine, and a place in each that leaves room for the object. */
static void choose_places(const layout *l, const double *numbers, place places[OBJECTS]) {
    int cells[CELLS * CELLS];
    for (int i = 0; i < CELLS * CELLS; i++) cells[i] = i;
    const int cell = l->side / CELLS, room = cell - 2 * REACH > 0 ? cell - 2 * REACH : 1;
    for (int k = 0; k < OBJECTS; k++) {
        const int other = k + (int)(numbers[l->cells_at + k] * (CELLS * CELLS - k));
        const int chosen = cells[other];
        cells[other] = cells[k];
        const double *at = numbers + l->places_at + 2 * k;
        places[k] = (place){.x = chosen % CELLS * cell + REACH + (int)(at[0] * room),
                            .y = chosen / CELLS * cell + REACH + (int)(at[1] * room)};
    }
}

/* ------------------------------------------------------------------------------------ drawing */

static void add(float *image, int side, int x, int y, double light) {
    if (x >= 0 && x < side && y >= 0 && y < side) image[y * side + x] += (float)light;
}

static void draw_background(const layout *l, const double *numbers, float *image) {
    const double *levels = numbers + l->texture_at, *noise = numbers + l->noise_at;
    for (int y = 0; y < l->side; y++) {
        for (int x = 0; x < l->side; x++) {
            const double *at = levels + y / TEXEL * l->levels + x / TEXEL;
            const double u = (double)(x % TEXEL) / TEXEL, v = (double)(y % TEXEL) / TEXEL;
            const double upper = at[0] + u * (at[1] - at[0]);
            const double lower = at[l->levels] + u * (at[l->levels + 1] - at[l->levels]);
            const double level = upper + v * (lower - upper);
            const double *three = noise + 3 * (y * l->side + x);
            image[y * l->side + x] = (float)(TEXTURE * (2 * level - 1) +
                                             NOISE * (2 * (three[0] + three[1] + three[2]) - 3));
        }
    }
}

static void draw_disc(float *image, int side, place p, double light) {
    for (int v = -REACH; v <= REACH; v++)
        for (int u = -REACH; u <= REACH; u++)
            add(image, side, p.x + u, p.y + v, light * power(TARGET_FALL, u * u + v * v));
}

static void draw_bar(float *image, int side, place p, double light) {
    for (int u = -REACH; u <= REACH; u++)
        for (int v = 0; v < 2; v++) add(image, side, p.x + u, p.y + v, light);
}

static void draw_cross(float *image, int side, place p, double light) {
    for (int u = -REACH + 1; u < REACH; u++) {
        add(image, side, p.x + u, p.y + u, light);
        if (u != 0) add(image, side, p.x + u, p.y - u, light);
    }
}

/* Only the rim. */
static void draw_square(float *image, int side, place p, double light) {
    for (int u = -REACH + 1; u < REACH; u++) {
        add(image, side, p.x + u, p.y - REACH + 1, light);
        add(image, side, p.x + u, p.y + REACH - 1, light);
        if (u == -REACH + 1 || u == REACH - 1) continue;
        add(image, side, p.x - REACH + 1, p.y + u, light);
        add(image, side, p.x + REACH - 1, p.y + u, light);
    }
}

static void draw_label(float *label, int side, place p, double height) {
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            label[y * side + x] =
                (float)(height * power(LABEL_FALL, (x - p.x) * (x - p.x) + (y - p.y) * (y - p.y)));
}

static void draw(const void *context, const double *numbers, void *input, void *label) {
    const layout *l = context;
    place places[OBJECTS];
    const double light = .5 + .5 * numbers[0];
    choose_places(l, numbers, places);
    draw_background(l, numbers, input);
    draw_disc(input, l->side, places[0], light);
    draw_bar(input, l->side, places[1], light);
    draw_cross(input, l->side, places[2], light);
    draw_square(input, l->side, places[3], light);
    draw_label(label, l->side, places[0], HEIGHT * light);
}

static tare_status load(const char *location, const tare_dataset_options *options,
                        tare_dataset **dataset, tare_error *error) {
    (void)location;
    const int64_t side = options->size == 0 ? DEFAULT_SIDE : options->size;
    if (side < LEAST_SIDE || side > MOST_SIDE) {
        char got[TARE_NUMBER_TEXT];
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "heatmap", "size",
                            tare_print(got, sizeof got, "%" PRId64, side), "24 to 1024 pixels");
    }
    const layout l = layout_of((int)side);
    const tare_drawn drawn = {.name = "heatmap",
                              .training_count = 2048,
                              .test_count = 512,
                              .input_dtype = TARE_FLOAT32,
                              .label_dtype = TARE_FLOAT32,
                              .input_shape = TARE_SHAPE(side, side, 1),
                              .label_shape = TARE_SHAPE(side, side, 1),
                              .numbers = l.count,
                              .draw = draw,
                              .context = &l};
    return tare_dataset_draw(&drawn, options, dataset, error);
}

const tare_source tare_source_heatmap = {
    .name = "heatmap",
    .help = "one target among three distractors, and the heat-map of where it is; drawn, 64 x 64",
    .load = load,
};
