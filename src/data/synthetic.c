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
#include "array/array.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "base/text.h"
#include "data/dataset.h"

#include <inttypes.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 10, BLOBS = 6, MOVE = 2 };
#define DRAWING_STREAM UINT64_C(0x64726177)
#define IMAGE_STREAM   UINT64_C(0x696d616765)
#define TRAINING_COUNT 60000
#define TEST_COUNT     10000
#define MOST_EXAMPLES  ((int64_t)10000000)

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

/* Draws image i of the stream; returns its class. */
static int draw_image(const tare_random *random, int64_t i, const drawings *all, uint8_t *pixels) {
    double numbers[NUMBERS];
    tare_random_fill_uniform(random, i * NUMBERS, NUMBERS, 0, 1, numbers);
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
    return class;
}

static void draw_images(const tare_dataset_options *options, const drawings *all, int64_t count,
                        uint8_t *pixels, uint8_t *labels) {
    const tare_random random = {.key = tare_random_key((uint64_t)options->seed, IMAGE_STREAM),
                                .stream = options->test};
    for (int64_t i = 0; i < count; i++)
        labels[i] = (uint8_t)draw_image(&random, i, all, pixels + i * PIXELS);
}

static tare_status draw(const tare_dataset_options *options, int64_t count, tare_dataset **dataset,
                        tare_error *error) {
    tare_array *images = NULL, *labels = NULL;
    drawings *all = tare_allocate(NULL, sizeof *all);
    tare_status status = TARE_ERROR_MEMORY;
    if (all != NULL &&
        tare_array_new(TARE_UINT8, TARE_SHAPE(count, SIDE, SIDE), NULL, &images) == TARE_OK &&
        tare_array_new(TARE_UINT8, TARE_SHAPE(count), NULL, &labels) == TARE_OK) {
        const tare_random random = {.key =
                                        tare_random_key((uint64_t)options->seed, DRAWING_STREAM)};
        for (int class = 0; class < CLASSES; class ++) draw_class(&random, class, all);
        draw_images(options, all, count, images->data, labels->data);
        status = tare_dataset_new(images, labels, dataset, error);
    } else {
        (void)tare_fail_memory(error); /* status is that already */
    }
    tare_release(NULL, all, sizeof *all);
    tare_array_free(images);
    tare_array_free(labels);
    return status;
}

static tare_status load(const char *location, const tare_dataset_options *options,
                        tare_dataset **dataset, tare_error *error) {
    (void)location;
    int64_t count = options->count;
    if (count == 0) count = options->test ? TEST_COUNT : TRAINING_COUNT;
    if (count < 1 || count > MOST_EXAMPLES) {
        char got[TARE_NUMBER_TEXT], need[64];
        tare_print(got, sizeof got, "%" PRId64, count);
        tare_print(need, sizeof need, "1 to %" PRId64 " examples", MOST_EXAMPLES);
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "synthetic", "count", got, need);
    }
    return draw(options, count, dataset, error);
}

const tare_source tare_source_synthetic = {
    .name = "synthetic",
    .help = "60000 + 10000 images drawn from a seed, 28 x 28, 10 classes; needs no file",
    .load = load,
};
