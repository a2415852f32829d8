/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ten classes of 28 x 28 pixels, drawn here, so that training can be shown without any file.
 *
 * A class is a drawing of six soft blobs. An image is its class's drawing, moved by up to two
 * pixels each way, of varying strength, under a weaker drawing of another class and noise:
 *
 *     pixel = 255 clip(s D_c(x - u, y - v) + t D_o(x, y) + n)
 *     D(x, y) = sum_k a_k / (1 + d_k^2 / w_k^2)^2
 *
 * with s in .5 to 1, t in 0 to .45, n within .25, d_k the distance to blob k. No function of
 * libm is called, so every machine draws the same bytes. Drawings depend on the seed alone;
 * training and test images are different streams of the same classes.
 */
#include "base/memory.h"
#include "base/status.h"
#include "data/drawn.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 10, BLOBS = 6, MOVE = 2 };
#define DRAWING_STREAM UINT64_C(0x64726177)

typedef struct blob {
    double x, y, width, strength;
} blob;

/* One class on a canvas with a margin, so that it can be moved. */
enum { CANVAS = SIDE + 2 * MOVE };
typedef struct drawings {
    float pixels[CLASSES][CANVAS][CANVAS];
} drawings;

static void draw_class(const tare_random *random, int class, drawings *all) {
    double numbers[4 * BLOBS];
    tare_random_fill_uniform(random, (int64_t) class * 4 * BLOBS, 4 * BLOBS, 0, 1, numbers);
    blob blobs[BLOBS];
    for (int k = 0; k < BLOBS; k++)
        blobs[k] = (blob){.x = MOVE + 5 + 18 * numbers[4 * k],
                          .y = MOVE + 5 + 18 * numbers[4 * k + 1],
                          .width = 2 + 3 * numbers[4 * k + 2],
                          .strength = .4 + .5 * numbers[4 * k + 3]};
    for (int y = 0; y < CANVAS; y++) {
        for (int x = 0; x < CANVAS; x++) {
            double sum = 0;
            for (int k = 0; k < BLOBS; k++) {
                const double dx = x - blobs[k].x, dy = y - blobs[k].y;
                const double q = 1 + (dx * dx + dy * dy) / (blobs[k].width * blobs[k].width);
                sum += blobs[k].strength / (q * q);
            }
            all->pixels[class][y][x] = (float)sum;
        }
    }
}

/* What one image is made of: seven numbers in [0, 1), then one for each pixel. */
enum { FACTS = 7, NUMBERS = FACTS + PIXELS };

static int whole_below(double number, int limit) { return (int)(number * limit); }

static void draw_image(const void *context, const double *numbers, void *input, void *label) {
    const drawings *all = context;
    uint8_t *pixels = input;
    const int class = whole_below(numbers[0], CLASSES);
    const int other = (class + 1 + whole_below(numbers[1], CLASSES - 1)) % CLASSES;
    const int u = whole_below(numbers[2], 2 * MOVE + 1), v = whole_below(numbers[3], 2 * MOVE + 1);
    const double s = .5 + .5 * numbers[4], t = .45 * numbers[5];
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            const double noise = .5 * numbers[FACTS + y * SIDE + x] - .25;
            double level = s * (double)all->pixels[class][y + v][x + u] +
                           t * (double)all->pixels[other][y + MOVE][x + MOVE] + noise;
            if (level < 0) level = 0;
            if (level > 1) level = 1;
            pixels[y * SIDE + x] = (uint8_t)(255 * level + .5);
        }
    }
    *(uint8_t *)label = (uint8_t) class;
}

static tare_status load(const char *location, const tare_dataset_options *options,
                        tare_dataset **dataset, tare_error *error) {
    (void)location;
    drawings *all = tare_allocate(NULL, sizeof *all);
    if (all == NULL) return tare_fail_memory(error);
    const tare_random random = {.key = tare_random_key((uint64_t)options->seed, DRAWING_STREAM)};
    for (int class = 0; class < CLASSES; class ++) draw_class(&random, class, all);
    const tare_drawn drawn = {.name = "synthetic",
                              .training_count = 60000,
                              .test_count = 10000,
                              .input_dtype = TARE_UINT8,
                              .label_dtype = TARE_UINT8,
                              .input_shape = TARE_SHAPE(SIDE, SIDE),
                              .label_shape = TARE_SCALAR,
                              .numbers = NUMBERS,
                              .draw = draw_image,
                              .context = all};
    const tare_status status = tare_dataset_draw(&drawn, options, dataset, error);
    tare_release(NULL, all, sizeof *all);
    return status;
}

const tare_source tare_source_synthetic = {
    .name = "synthetic",
    .help = "60000 + 10000 images drawn from a seed, 28 x 28, 10 classes; needs no file",
    .load = load,
};
