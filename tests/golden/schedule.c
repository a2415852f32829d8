/* SPDX-License-Identifier: Apache-2.0 */
/* Learning-rate schedules of group optimizer: run/in/step -> run/out/rate, a run per step. */
#include "golden.h"

#include <string.h>

/* Options of one schedule by TensorFlow's names, read by the field lists of the public header. */
typedef struct schedule_call {
    golden_case *c;
    tare_tensor rate, step;
} schedule_call;

static bool read_options(const schedule_call *call, const tare_option_table *table, void *options) {
    return golden_set_options(call->c, table, options, json_object_get(call->c->spec, "options"),
                              "learning_rate");
}

/* A function that reads the options of one struct and calls the builder that takes it. */
#define SCHEDULE(function, type, DEFAULTS, builder)                                                \
    static tare_tensor function(const schedule_call *call) {                                       \
        type options = {DEFAULTS};                                                                 \
        const tare_option_table table = {sizeof options, function##_fields, NULL};                 \
        if (!read_options(call, &table, &options)) return TARE_NULL;                               \
        return builder(call->rate, call->step, &options);                                          \
    }

#define GOLDEN_STRUCT tare_decay_options
static const tare_option decay_fields[] = {TARE_DECAY_FIELDS(GOLDEN_FIELD) GOLDEN_LAST_FIELD};
#define exponential_fields  decay_fields
#define inverse_time_fields decay_fields
#define natural_exp_fields  decay_fields
SCHEDULE(exponential, tare_decay_options, TARE_DECAY_DEFAULTS, tare_exponential_decay_with)
SCHEDULE(inverse_time, tare_decay_options, TARE_DECAY_DEFAULTS, tare_inverse_time_decay_with)
SCHEDULE(natural_exp, tare_decay_options, TARE_DECAY_DEFAULTS, tare_natural_exp_decay_with)
#undef GOLDEN_STRUCT

#define GOLDEN_STRUCT tare_polynomial_decay_options
static const tare_option polynomial_fields[] = {TARE_POLYNOMIAL_DECAY_FIELDS(GOLDEN_FIELD)
                                                    GOLDEN_LAST_FIELD};
SCHEDULE(polynomial, tare_polynomial_decay_options, TARE_POLYNOMIAL_DECAY_DEFAULTS,
         tare_polynomial_decay_with)
#undef GOLDEN_STRUCT

#define GOLDEN_STRUCT tare_cosine_decay_options
static const tare_option cosine_fields[] = {TARE_COSINE_DECAY_FIELDS(GOLDEN_FIELD)
                                                GOLDEN_LAST_FIELD};
SCHEDULE(cosine, tare_cosine_decay_options, TARE_COSINE_DECAY_DEFAULTS, tare_cosine_decay_with)
#undef GOLDEN_STRUCT

#define GOLDEN_STRUCT tare_cosine_decay_restarts_options
static const tare_option restarts_fields[] = {TARE_COSINE_DECAY_RESTARTS_FIELDS(GOLDEN_FIELD)
                                                  GOLDEN_LAST_FIELD};
SCHEDULE(restarts, tare_cosine_decay_restarts_options, TARE_COSINE_DECAY_RESTARTS_DEFAULTS,
         tare_cosine_decay_restarts_with)
#undef GOLDEN_STRUCT

#define GOLDEN_STRUCT tare_linear_cosine_decay_options
static const tare_option linear_fields[] = {TARE_LINEAR_COSINE_DECAY_FIELDS(GOLDEN_FIELD)
                                                GOLDEN_LAST_FIELD};
SCHEDULE(linear, tare_linear_cosine_decay_options, TARE_LINEAR_COSINE_DECAY_DEFAULTS,
         tare_linear_cosine_decay_with)
#undef GOLDEN_STRUCT

static tare_tensor piecewise(const schedule_call *call) {
    const json_t *options = json_object_get(call->c->spec, "options");
    const json_t *at = json_object_get(options, "boundaries");
    const json_t *rates = json_object_get(options, "values");
    double boundaries[16], values[16];
    size_t count = json_array_size(at);
    if (count > 15 || json_array_size(rates) != count + 1) return TARE_NULL;
    for (size_t i = 0; i < count; i++) boundaries[i] = json_number_value(json_array_get(at, i));
    for (size_t i = 0; i <= count; i++) values[i] = json_number_value(json_array_get(rates, i));
    return tare_piecewise_constant_with(call->step, boundaries, values, count, NULL);
}

static const struct {
    const char *path;
    tare_tensor (*build)(const schedule_call *call);
} schedules[] = {
    {"train.exponential_decay", exponential}, {"train.inverse_time_decay", inverse_time},
    {"train.natural_exp_decay", natural_exp}, {"train.polynomial_decay", polynomial},
    {"train.cosine_decay", cosine},           {"train.cosine_decay_restarts", restarts},
    {"train.linear_cosine_decay", linear},    {"train.piecewise_constant", piecewise},
};

/* The rate at every step asked for, gathered in one array. */
static tare_array *rates_at(golden_case *c, tare_tensor step, tare_tensor rate) {
    const tare_array *at = golden_array(c, "run", "in", "step");
    tare_array *rates = NULL;
    if (!at || tare_array_new(TARE_FLOAT32, tare_array_shape(at), NULL, &rates)) return NULL;
    golden_keep(c, rates);
    for (int64_t i = 0; i < tare_array_count(at); i++) {
        int64_t number = (int64_t)tare_array_number(at, i);
        tare_array *fed = NULL, *value = NULL;
        if (tare_array_copy_of(TARE_INT64, TARE_SCALAR, &number, &fed)) return NULL;
        const tare_feed feed = {step, fed};
        bool fine =
            golden_ok(c, tare_session_run(c->session, &feed, 1, &rate, 1, &value), "schedule");
        tare_array_free(fed);
        if (!fine) return NULL;
        if (tare_array_dtype(value) != TARE_FLOAT32) golden_fail(c, "the rate is not float32");
        tare_array_set_number(rates, i, tare_array_number(value, 0));
    }
    return rates;
}

void golden_schedule(golden_case *c) {
    const char *path = golden_text(c->spec, "op", "");
    size_t i = 0, count = sizeof schedules / sizeof *schedules;
    while (i < count && strcmp(schedules[i].path, path)) i++;
    if (i == count) {
        golden_lack(c, path);
        return;
    }
    const json_t *options = json_object_get(c->spec, "options");
    schedule_call call = {.c = c, .rate = tare_number(golden_real(options, "learning_rate", 0))};
    call.step = tare_placeholder_with(c->graph, TARE_INT64, TARE_SCALAR, NULL);
    tare_tensor rate = schedules[i].build(&call);
    if (!golden_built(c, path) || !golden_open_session(c)) return;
    const tare_array *rates = rates_at(c, call.step, rate);
    if (rates) golden_judge(c, "run", "out", "rate", rates);
}
