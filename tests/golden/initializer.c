/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group initializer: fixed initialisers by value; random ones by limits and moments of a sample;
 * orthogonal ones by |W'W - gain^2 I|.
 */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "initializers.NAME" with TensorFlow's defaults. */
static bool find_kind(const char *name, tare_initializer *initializer) {
    const struct {
        const char *name;
        tare_initializer initializer;
    } kinds[] = {
        {"zeros", TARE_ZEROS},
        {"ones", TARE_ONES},
        {"constant", TARE_CONSTANT(0)},
        {"identity", TARE_IDENTITY(1)},
        {"orthogonal", TARE_ORTHOGONAL(1)},
        {"random_uniform", TARE_RANDOM_UNIFORM(0, 1)},
        {"random_normal", TARE_RANDOM_NORMAL(0, 1)},
        {"truncated_normal", TARE_TRUNCATED_NORMAL(0, 1)},
        {"variance_scaling",
         TARE_VARIANCE_SCALING(1, TARE_FAN_IN, TARE_DISTRIBUTION_TRUNCATED_NORMAL)},
        {"glorot_uniform", TARE_GLOROT_UNIFORM},
        {"glorot_normal", TARE_GLOROT_NORMAL},
        {"he_uniform", TARE_HE_UNIFORM},
        {"he_normal", TARE_HE_NORMAL},
        {"lecun_uniform", TARE_LECUN_UNIFORM},
        {"lecun_normal", TARE_LECUN_NORMAL},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name)) continue;
        *initializer = kinds[i].initializer;
        return true;
    }
    return false;
}

static int word_place(const char *word, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (!strcmp(words[i], word)) return i;
    return -1;
}

/* TensorFlow's arguments of initialisers. */
static bool set_argument(golden_case *c, tare_initializer *initializer, const char *name,
                         const json_t *value) {
    static const char *const fans[] = {"fan_in", "fan_out", "fan_avg"};
    static const char *const distributions[] = {"truncated_normal", "untruncated_normal",
                                                "uniform"};
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    if (golden_has_word("scale gain minval mean", name)) {
        initializer->a = json_number_value(value);
    } else if (golden_has_word("maxval stddev", name)) {
        initializer->b = json_number_value(value);
    } else if (!strcmp(name, "value") && json_is_array(value)) {
        initializer->array = golden_numbers(c, value, TARE_FLOAT32);
    } else if (!strcmp(name, "value")) {
        initializer->a = json_number_value(value);
    } else if (!strcmp(name, "mode") && word_place(text, fans, 3) >= 0) {
        initializer->fan = (tare_fan)word_place(text, fans, 3);
    } else if (!strcmp(name, "distribution") && word_place(text, distributions, 3) >= 0) {
        initializer->distribution = (tare_distribution)word_place(text, distributions, 3);
    } else {
        golden_fail(c, "option %s is unknown to the driver", name);
        return false;
    }
    return true;
}

/* A list of values fills the shape in C order. */
static void shape_values(golden_case *c, tare_initializer *initializer, tare_shape shape) {
    if (!initializer->array) return;
    tare_array *shaped = NULL;
    tare_status status =
        tare_array_copy_of(TARE_FLOAT32, shape, tare_array_const_data(initializer->array), &shaped);
    if (status != TARE_OK) golden_fail(c, "the list of values cannot be shaped");
    initializer->array = golden_keep(c, shaped);
}

/* `count` variables of that shape, initialised; false after a failure. */
static bool draw(golden_case *c, const tare_initializer *initializer, tare_shape shape,
                 int64_t count) {
    tare_variable_options options = {TARE_VARIABLE_DEFAULTS};
    options.initializer = *initializer;
    tare_graph_set_seed(c->graph, 1);
    for (int64_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "v%lld", (long long)i);
        tare_get_variable_with(c->graph, name, shape, &options);
    }
    return golden_built(c, "initialiser") && golden_open_session(c);
}

static tare_array *drawn(golden_case *c, int64_t i) {
    char name[32];
    tare_array *value = NULL;
    snprintf(name, sizeof name, "v%lld", (long long)i);
    golden_ok(c, tare_session_get(c->session, name, &value), name);
    return value;
}

/* Limits and moments of a sample. */
typedef struct sample {
    double low, high, sum, squares;
    int64_t count;
} sample;

static void add_to_sample(sample *s, const tare_array *values, double centre) {
    for (int64_t i = 0; i < tare_array_count(values); i++) {
        double value = tare_array_number(values, i), off = value - centre;
        if (!(value >= s->low)) s->low = value;
        if (!(value <= s->high)) s->high = value;
        s->sum += off;
        s->squares += off * off;
        s->count++;
    }
}

/* The index says a distribution and either limits or deviations. */
static void judge_sample(golden_case *c, const sample *s, double centre) {
    const json_t *spec = c->spec;
    double limit = golden_real(spec, "limit", NAN), cut = 2 * golden_real(spec, "parameter", NAN);
    double low = golden_real(spec, "low", -limit), high = golden_real(spec, "high", limit);
    double deviation = golden_real(spec, "stddev", (high - low) / sqrt(12));
    if (isnan(low)) low = centre - cut, high = centre + cut;
    double slack = 4e-7 * fmax(fabs(low), fabs(high)); /* the limits are rounded to float32 */
    if (!isnan(low) && !(s->low >= low - slack && s->high <= high + slack))
        golden_fail(c, "values reach from %g to %g, the limits are %g and %g", s->low, s->high, low,
                    high);
    double n = (double)s->count, mean = s->sum / n, seen = sqrt(s->squares / n - mean * mean);
    if (!(fabs(mean) < 5 * deviation / sqrt(n)))
        golden_fail(c, "mean %g of %lld values, wanted %g within %g", mean + centre,
                    (long long)s->count, centre, 5 * deviation / sqrt(n));
    if (!(fabs(seen / deviation - 1) <= 0.02))
        golden_fail(c, "deviation %g, wanted %g", seen, deviation);
    c->judgements += 3;
}

/* Fewer values than this would make the rule for the deviation a matter of luck. */
#define SAMPLE_AT_LEAST 20000

static void judge_random(golden_case *c, const tare_initializer *initializer, tare_shape shape) {
    const json_t *spec = c->spec;
    double centre = golden_real(spec, "mean", 0);
    centre += (golden_real(spec, "low", 0) + golden_real(spec, "high", 0)) / 2;
    int64_t each = 1, wanted = golden_integer(json_object_get(spec, "seen"), "count", 0);
    for (int32_t i = 0; i < shape.rank; i++) each *= shape.extents[i];
    if (wanted < SAMPLE_AT_LEAST) wanted = SAMPLE_AT_LEAST;
    int64_t count = (wanted + each - 1) / each;
    if (!draw(c, initializer, shape, count)) return;
    sample s = {.low = INFINITY, .high = -INFINITY};
    for (int64_t i = 0; i < count && !c->failures; i++) {
        tare_array *values = drawn(c, i);
        add_to_sample(&s, values, centre);
        tare_array_free(values);
    }
    if (!c->failures) judge_sample(c, &s, centre);
}

/* Rows or columns, whichever are fewer, are orthonormal times gain. */
static void judge_orthogonal(golden_case *c, tare_array *value, double gain) {
    tare_shape shape = tare_array_shape(value);
    int64_t columns = shape.extents[shape.rank - 1], rows = tare_array_count(value) / columns;
    int64_t few = rows < columns ? rows : columns, many = rows < columns ? columns : rows;
    int64_t step = rows < columns ? 1 : columns, next = rows < columns ? columns : 1;
    double worst = 0;
    for (int64_t i = 0; i < few; i++)
        for (int64_t j = 0; j < few; j++) {
            double sum = i == j ? -gain * gain : 0;
            for (int64_t k = 0; k < many; k++)
                sum += tare_array_number(value, i * next + k * step) *
                       tare_array_number(value, j * next + k * step);
            worst = fmax(worst, fabs(sum));
        }
    if (!(worst < 1e-5)) golden_fail(c, "|W'W - gain^2 I| = %g", worst);
    c->judgements++;
}

void golden_initializer(golden_case *c) {
    const char *path = golden_text(c->spec, "op", ""), *dot = strrchr(path, '.');
    tare_initializer initializer = TARE_ZEROS;
    if (!find_kind(dot ? dot + 1 : path, &initializer)) {
        golden_lack(c, path);
        return;
    }
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(c->spec, "options"), name,
                        value) if (!set_argument(c, &initializer, name, value)) return;
    tare_shape shape = golden_shape(json_object_get(c->spec, "shape"));
    shape_values(c, &initializer, shape);
    if (c->failures) return;
    if (json_object_get(c->spec, "distribution")) {
        judge_random(c, &initializer, shape);
    } else if (draw(c, &initializer, shape, 1)) {
        tare_array *one = golden_keep(c, drawn(c, 0));
        if (one && json_object_get(c->spec, "gain"))
            judge_orthogonal(c, one, golden_real(c->spec, "gain", 1));
        else if (one)
            golden_judge(c, "run", "out", "value", one);
    }
}
