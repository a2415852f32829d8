/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Videos whose classes differ in motion and in nothing else: a spot visits the same eight places of
 * a circle, in one of four orders.
 *
 *     place at time t = (start + m t) mod 8,  m = 1, 7, 3 or 5 for classes 0 to 3
 *     frame(x, y) = texture(x, y) + noise + s / (1 + d^2 / 1.5^2)^2
 *
 * d is the distance to the spot. m has no divisor in common with 8, so every video holds every
 * place once: one frame alone, the mean frame, and the frames in a drawn order tell nothing.
 * Centre, radius (3 to 4 pixels), start and brightness s (.7 to 1) are drawn; noise lies within
 * .25 and is another in each frame; the texture stays.
 */
#include "data/drawn.h"

enum {
    FRAMES = 8,
    SIDE = 16,
    PIXELS = SIDE * SIDE,
    CLASSES = 4,
    FACTS = 6, /* class, start, centre, radius, brightness */
    NUMBERS = FACTS + PIXELS + FRAMES * PIXELS
};
#define TEXTURE .15
#define NOISE   .25
#define WIDTH   1.5

typedef struct spot {
    double x, y, light;
} spot;

static spot spot_at(const double *facts, int time) {
    static const int orders[CLASSES] = {1, 7, 3, 5};
    static const double around[FRAMES][2] = {{1, 0},  {.70710678118654752, .70710678118654752},
                                             {0, 1},  {-.70710678118654752, .70710678118654752},
                                             {-1, 0}, {-.70710678118654752, -.70710678118654752},
                                             {0, -1}, {.70710678118654752, -.70710678118654752}};
    const int start = (int)(facts[1] * FRAMES);
    const double *at = around[(start + orders[(int)(facts[0] * CLASSES)] * time) % FRAMES];
    const double radius = 3 + facts[4];
    return (spot){.x = 6 + 3 * facts[2] + radius * at[0],
                  .y = 6 + 3 * facts[3] + radius * at[1],
                  .light = .7 + .3 * facts[5]};
}

static double light_of(const spot *s, int x, int y) {
    const double dx = x - s->x, dy = y - s->y;
    const double q = 1 + (dx * dx + dy * dy) / (WIDTH * WIDTH);
    return s->light / (q * q);
}

static void draw(const void *context, const double *numbers, void *input, void *label) {
    (void)context;
    const double *texture = numbers + FACTS, *noise = texture + PIXELS;
    float *video = input;
    for (int t = 0; t < FRAMES; t++) {
        const spot s = spot_at(numbers, t);
        for (int i = 0; i < PIXELS; i++)
            video[t * PIXELS + i] =
                (float)(TEXTURE * texture[i] + NOISE * (2 * noise[t * PIXELS + i] - 1) +
                        light_of(&s, i % SIDE, i / SIDE));
    }
    *(int32_t *)label = (int32_t)(numbers[0] * CLASSES);
}

static tare_status load(const char *location, const tare_dataset_options *options,
                        tare_dataset **dataset, tare_error *error) {
    (void)location;
    const tare_drawn drawn = {.name = "moving",
                              .training_count = 4096,
                              .test_count = 1024,
                              .input_dtype = TARE_FLOAT32,
                              .label_dtype = TARE_INT32,
                              .input_shape = TARE_SHAPE(FRAMES, SIDE, SIDE, 1),
                              .label_shape = TARE_SCALAR,
                              .numbers = NUMBERS,
                              .draw = draw};
    return tare_dataset_draw(&drawn, options, dataset, error);
}

const tare_source tare_source_moving = {
    .name = "moving",
    .help =
        "videos of a spot on a circle, 8 x 16 x 16; 4 classes that differ only in motion; drawn",
    .load = load,
};
