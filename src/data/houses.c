/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Houses and their prices, drawn here: columns of the kinds that such files have, on scales from 0
 * to 30000, some of them hardly ever filled in.
 *
 * A house stands in one of twelve neighbourhoods, each with its own wealth and age. Quality follows
 * wealth and year, and everything else follows these. The logarithm of the price is
 *
 *     11.9 + wealth + .7 ln(area / 1500) + .085 (quality - 6) + .12 ln(lot / 9500)
 *     + .035 (condition - 5) + .0016 (year - 1970) + .16 ln(1 + basement / 600)
 *     + .05 garage_cars + .04 fireplaces + .07 (kitchen, 0 to 3) - .1 without central air
 *     - .004 (age at sale) where it was never remodelled and is worse than average
 *     + .05 (quality - 6) ln(area / 1500) + noise
 *
 * with noise of deviation .08, and of .3 for one house in thirty. House i takes numbers
 * [i DRAWS, (i + 1) DRAWS) of the stream, so the first n houses are the same for every n.
 */
#include "base/random.h"
#include "base/status.h"
#include "data/data_frame.h"

#include <inttypes.h>
#include <math.h>

#define HOUSE_STREAM UINT64_C(0x686f75736573)
#define MOST_HOUSES  1000000
enum { DRAWS = 96 };

typedef struct neighborhood {
    const char *name;
    double share; /* of all houses, added up to here */
    double wealth;
    int year; /* about which it was built */
} neighborhood;

static const neighborhood neighborhoods[] = {
    {"Oldgate", .10, -.22, 1918}, {"Millrace", .18, -.15, 1932}, {"Brickyard", .24, -.18, 1946},
    {"Eastham", .36, -.05, 1955}, {"Northfield", .50, 0, 1963},  {"Saltmarsh", .54, -.1, 1970},
    {"Westmoor", .64, .03, 1974}, {"Orchard", .74, .06, 1988},   {"Fernbank", .83, .10, 1997},
    {"Lakeside", .90, .22, 1999}, {"Highview", .97, .17, 2004},  {"Crestline", 1, .33, 2003},
};

static const char *const grades[] = {"Fa", "TA", "Gd", "Ex"};
static const char *const styles[] = {"1Story", "2Story", "1.5Fin", "SLvl"};
static const char *const fences[] = {"MnPrv", "GdPrv", "GdWo"};

typedef struct house {
    const neighborhood *place;
    const char *zoning, *style, *fence, *garage; /* NULL: none */
    int quality, condition, year, remodeled, kitchen, heating, basement_grade, month, sold;
    int baths, bedrooms, fireplaces, cars;
    bool air;
    double area, lot, frontage, basement, garage_area, porch, pool,
        extra; /* frontage < 0: not said */
    double price;
} house;

/* The numbers of one house, taken one after the other. */
typedef struct dice {
    double numbers[DRAWS];
    int next;
} dice;

static double between(dice *d, double low, double high) {
    return low + (high - low) * d->numbers[d->next++];
}

static bool chance(dice *d, double probability) { return d->numbers[d->next++] < probability; }

/* Mean 0, deviation 1: near enough to normal, and no function of libm. */
static double bell(dice *d) {
    double sum = 0; /* of three with the variance 1/3 */
    for (int i = 0; i < 3; i++) sum += between(d, -1, 1);
    return sum;
}

static int whole_within(double number, int low, int high) {
    if (number < low) return low;
    return number > high ? high : (int)(number + .5);
}

static const neighborhood *draw_place(dice *d) {
    const double at = between(d, 0, 1);
    const neighborhood *place = neighborhoods;
    while (at >= place->share) place++; /* the last share is 1, which at never is */
    return place;
}

static void draw_building(dice *d, house *h) {
    const double wealth = h->place->wealth;
    h->year = whole_within(h->place->year + 9 * bell(d), 1875, 2010);
    h->sold = whole_within(between(d, 2005.5, 2010.5), 2006, 2010);
    if (h->year > h->sold) h->year = h->sold;
    h->month = whole_within(between(d, .5, 12.5), 1, 12);
    h->quality = whole_within(6 + 5 * wealth + (h->year - 1970) / 40. + .9 * bell(d), 1, 10);
    h->condition = whole_within(h->year > 1990 ? 5.1 + .3 * bell(d) : 5.6 + 1.1 * bell(d), 1, 9);
    h->remodeled = h->year;
    if (chance(d, .45)) h->remodeled = whole_within(between(d, h->year, h->sold), h->year, h->sold);
    h->style = styles[whole_within(between(d, -.5, 3.49), 0, 3)];
    h->area = 1480 * exp(.5 * wealth + .05 * (h->quality - 6) + .24 * bell(d));
    if (chance(d, .03)) h->area *= 1.6;
    h->bedrooms = whole_within(h->area / 520 + .5 * bell(d), 1, 8);
    h->baths = whole_within(h->area / 900 + (h->year > 1985 ? .5 : 0) + .3 * bell(d), 1, 4);
}

static void draw_inside(dice *d, house *h) {
    const double grade = (h->quality - 4) / 2.;
    h->kitchen = whole_within(grade + .4 * bell(d), 0, 3);
    h->heating = whole_within(grade + .6 + .6 * bell(d), 0, 3);
    h->air = !chance(d, h->year < 1940 ? .3 : .02);
    h->fireplaces = whole_within(h->area / 1900 - .3 + .6 * bell(d), 0, 3);
    h->basement = chance(d, .03) ? 0 : h->area * between(d, .45, .95);
    h->basement_grade = whole_within(grade + .3 + .5 * bell(d), 0, 3);
    h->cars = whole_within(1.3 + (h->year - 1965) / 40. + .6 * bell(d), 0, 3);
    h->garage_area = h->cars * between(d, 200, 300);
    h->garage = h->cars == 0 ? NULL : h->year > 1960 ? "Attchd" : "Detchd";
    if (h->garage != NULL && chance(d, .08)) h->garage = "BuiltIn";
}

static void draw_ground(dice *d, house *h) {
    const bool dense = h->place->year < 1950 && chance(d, .6);
    h->zoning = dense ? "RM" : chance(d, .06) ? "FV" : "RL";
    h->lot = 9300 * exp(.4 * h->place->wealth + .35 * bell(d)) * (dense ? .7 : 1);
    if (chance(d, .015)) h->lot *= 5;
    h->frontage = chance(d, .17) ? -1 : h->lot / between(d, 95, 165);
    h->porch = chance(d, .45) ? 0 : between(d, 20, 180);
    h->pool = chance(d, .012) ? between(d, 300, 800) : 0;
    h->fence = chance(d, .8) ? NULL : fences[whole_within(between(d, -.5, 2.49), 0, 2)];
    h->extra = chance(d, .03) ? between(d, 400, 30000) : 0;
}

static void draw_price(dice *d, house *h) {
    const double size = log(h->area / 1500);
    double price = 11.9 + h->place->wealth + .7 * size + .085 * (h->quality - 6);
    price += .12 * log(h->lot / 9500) + .035 * (h->condition - 5) + .0016 * (h->year - 1970);
    price += .16 * log(1 + h->basement / 600) + .05 * h->cars + .04 * h->fireplaces;
    price += .07 * h->kitchen - (h->air ? 0 : .1) + .05 * (h->quality - 6) * size;
    if (h->remodeled == h->year && h->condition < 5) price -= .004 * (h->sold - h->year);
    const double width = chance(d, 1 / 30.) ? .3 : .08;
    price += width * bell(d);
    h->price = 100 * floor(exp(price) / 100 + .5);
}

static void draw_house(const tare_random *random, int64_t i, house *h) {
    dice d = {.next = 0};
    tare_random_fill_uniform(random, i * DRAWS, DRAWS, 0, 1, d.numbers);
    *h = (house){.place = draw_place(&d)};
    draw_building(&d, h);
    draw_inside(&d, h);
    draw_ground(&d, h);
    draw_price(&d, h);
}

/* ------------------------------------------------------------------------------------- frame */

static const char *const columns[] = {
    "neighborhood",  "zoning",         "style",      "area",        "lot_area",
    "lot_frontage",  "quality",        "condition",  "year_built",  "year_remodeled",
    "basement_area", "basement_grade", "heating",    "central_air", "kitchen",
    "baths",         "bedrooms",       "fireplaces", "garage",      "garage_cars",
    "garage_area",   "porch_area",     "pool_area",  "fence",       "extras_value",
    "month_sold",    "year_sold",      "price",
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static bool add_number(tare_data_frame *frame, double number) {
    char text[TARE_NUMBER_TEXT];
    return tare_data_frame_add(frame, tare_fixed_text(text, number, 0));
}

/* In the order of the columns. */
static bool add_house(tare_data_frame *f, const house *h, int64_t i) {
    const char *const basement = h->basement > 0 ? grades[h->basement_grade] : NULL;
    bool added = tare_data_frame_add(f, h->place->name) && tare_data_frame_add(f, h->zoning) &&
                 tare_data_frame_add(f, h->style) && add_number(f, h->area) &&
                 add_number(f, h->lot);
    added = added && (h->frontage < 0 ? tare_data_frame_add(f, NULL) : add_number(f, h->frontage));
    added = added && add_number(f, h->quality) && add_number(f, h->condition) &&
            add_number(f, h->year) && add_number(f, h->remodeled) && add_number(f, h->basement) &&
            tare_data_frame_add(f, basement) && tare_data_frame_add(f, grades[h->heating]);
    added = added && tare_data_frame_add(f, h->air ? "Y" : "N") &&
            tare_data_frame_add(f, grades[h->kitchen]) && add_number(f, h->baths) &&
            add_number(f, h->bedrooms) && add_number(f, h->fireplaces);
    added = added && tare_data_frame_add(f, h->garage) && add_number(f, h->cars) &&
            add_number(f, h->garage_area) && add_number(f, h->porch) && add_number(f, h->pool) &&
            tare_data_frame_add(f, h->fence) && add_number(f, h->extra);
    return added && add_number(f, h->month) && add_number(f, h->sold) && add_number(f, h->price) &&
           tare_data_frame_end_row(f, i + 2);
}

static bool fill(tare_data_frame *frame, int64_t count, uint64_t seed) {
    const tare_random random = {.key = tare_random_key(seed, HOUSE_STREAM)};
    for (int i = 0; i < COLUMNS; i++)
        if (!tare_data_frame_add_column(frame, columns[i])) return false;
    for (int64_t i = 0; i < count; i++) {
        house h;
        draw_house(&random, i, &h);
        if (!add_house(frame, &h, i)) return false;
    }
    return true;
}

tare_status tare_data_frame_houses(int64_t count, uint64_t seed, tare_data_frame **frame,
                                   tare_error *error) {
    if (frame != NULL) *frame = NULL;
    if (frame == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "data_frame_houses needs a place for the frame");
    if (count < 1 || count > MOST_HOUSES) {
        char got[TARE_NUMBER_TEXT], need[64];
        tare_print(got, sizeof got, "%" PRId64, count);
        tare_print(need, sizeof need, "1 to %d houses", MOST_HOUSES);
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "data_frame_houses", "count", got, need);
    }
    tare_data_frame *made = NULL;
    tare_status status = tare_data_frame_begin("houses", &made, error);
    if (status == TARE_OK && !fill(made, count, seed)) status = tare_fail_memory(error);
    if (status == TARE_OK) {
        *frame = made;
    } else {
        tare_data_frame_free(made);
    }
    return status;
}
