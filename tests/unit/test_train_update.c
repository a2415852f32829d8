/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Update rules: every kernel against its formula written once more for one element in double, for
 * odd sizes, any number of threads, gradients that are the variable itself, and NaN.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "kernel/update.h"

/* ------------------------------------------------------------------------- the truth */

/* One element: w, its slots a, b, c; gradient g; the rule's numbers n. */
typedef struct element {
    double w, slots[3];
} element;

typedef void (*truth_function)(element *e, double g, const double *n);

static double sign_of(double x) { return (x > 0) - (x < 0); }

static void gradient_descent(element *e, double g, const double *n) { e->w -= n[0] * g; }

static void momentum(element *e, double g, const double *n) {
    e->slots[0] = n[1] * e->slots[0] + g;
    e->w -= n[0] * e->slots[0];
}

static void momentum_nesterov(element *e, double g, const double *n) {
    e->slots[0] = n[1] * e->slots[0] + g;
    e->w -= n[0] * (g + n[1] * e->slots[0]);
}

static double adam_moments(element *e, double g, const double *n) {
    e->slots[0] = n[3] * e->slots[0] + (1 - n[3]) * g;
    e->slots[1] = n[4] * e->slots[1] + (1 - n[4]) * g * g;
    return n[2] * sqrt(1 - n[1]) / (1 - n[0]);
}

static void adam(element *e, double g, const double *n) {
    const double rate = adam_moments(e, g, n);
    e->w -= rate * e->slots[0] / (sqrt(e->slots[1]) + n[5]);
}

static void adam_nesterov(element *e, double g, const double *n) {
    const double rate = adam_moments(e, g, n);
    e->w -= rate * (n[3] * e->slots[0] + (1 - n[3]) * g) / (sqrt(e->slots[1]) + n[5]);
}

static void adam_amsgrad(element *e, double g, const double *n) {
    const double rate = adam_moments(e, g, n);
    e->slots[2] = fmax(e->slots[2], e->slots[1]);
    e->w -= rate * e->slots[0] / (sqrt(e->slots[2]) + n[5]);
}

static void adamax(element *e, double g, const double *n) {
    e->slots[0] = n[2] * e->slots[0] + (1 - n[2]) * g;
    e->slots[1] = fmax(n[3] * e->slots[1], fabs(g));
    e->w -= n[1] / (1 - n[0]) * e->slots[0] / (e->slots[1] + n[4]);
}

static void rmsprop(element *e, double g, const double *n) {
    e->slots[0] = n[1] * e->slots[0] + (1 - n[1]) * g * g;
    e->slots[1] = n[2] * e->slots[1] + n[0] * g / sqrt(e->slots[0] + n[3]);
    e->w -= e->slots[1];
}

static void rmsprop_centered(element *e, double g, const double *n) {
    e->slots[0] = n[1] * e->slots[0] + (1 - n[1]) * g * g;
    e->slots[1] = n[1] * e->slots[1] + (1 - n[1]) * g;
    const double variance = e->slots[0] - e->slots[1] * e->slots[1];
    e->slots[2] = n[2] * e->slots[2] + n[0] * g / sqrt(variance + n[3]);
    e->w -= e->slots[2];
}

static void adagrad(element *e, double g, const double *n) {
    e->slots[0] += g * g;
    e->w -= n[0] * g / sqrt(e->slots[0]);
}

static void adadelta(element *e, double g, const double *n) {
    e->slots[0] = n[1] * e->slots[0] + (1 - n[1]) * g * g;
    const double step = g * sqrt((e->slots[1] + n[2]) / (e->slots[0] + n[2]));
    e->slots[1] = n[1] * e->slots[1] + (1 - n[1]) * step * step;
    e->w -= n[0] * step;
}

static double shrink(double x, double rate, const double *n) {
    return sign_of(x) * fmax(fabs(x) - rate * n[1], 0) / (1 + rate * n[2]);
}

static void proximal_gradient_descent(element *e, double g, const double *n) {
    e->w = shrink(e->w - n[0] * g, n[0], n);
}

static void proximal_adagrad(element *e, double g, const double *n) {
    e->slots[0] += g * g;
    const double rate = n[0] / sqrt(e->slots[0]);
    e->w = shrink(e->w - rate * g, rate, n);
}

static void ftrl(element *e, double g, const double *n) {
    const double sum = e->slots[0] + g * g, power = pow(sum, -n[4]);
    e->slots[1] += g + 2 * n[3] * e->w - (power - pow(e->slots[0], -n[4])) / n[0] * e->w;
    e->slots[0] = sum;
    const double left = sign_of(e->slots[1]) * n[1] - e->slots[1];
    e->w = fabs(e->slots[1]) > n[1] ? left / (power / n[0] + 2 * n[2]) : 0;
}

static void add_sign(element *e, double g, const double *n) {
    e->slots[0] = n[3] * e->slots[0] + (1 - n[3]) * g;
    e->w -= n[0] * (n[1] + n[2] * sign_of(g) * sign_of(e->slots[0])) * g;
}

static void power_sign(element *e, double g, const double *n) {
    e->slots[0] = n[3] * e->slots[0] + (1 - n[3]) * g;
    e->w -= n[0] * exp(n[1] * n[2] * sign_of(g) * sign_of(e->slots[0])) * g;
}

static const struct {
    const char *rule;
    truth_function truth;
    double numbers[TARE_UPDATE_MOST_NUMBERS];
} rules[] = {
    {"gradient_descent", gradient_descent, {.1}},
    {"momentum", momentum, {.1, .9}},
    {"momentum_nesterov", momentum_nesterov, {.1, .9}},
    {"adam", adam, {.81, .998001, .01, .9, .999, 1e-8}},
    {"adam_nesterov", adam_nesterov, {.81, .998001, .01, .9, .999, 1e-8}},
    {"adam_amsgrad", adam_amsgrad, {.81, .998001, .01, .9, .999, 1e-8}},
    {"adamax", adamax, {.81, .01, .9, .999, 1e-8}},
    {"rmsprop", rmsprop, {.01, .9, .5, 1e-3}},
    {"rmsprop_centered", rmsprop_centered, {.01, .9, .5, 1e-3}},
    {"adagrad", adagrad, {.1}},
    {"adadelta", adadelta, {.1, .95, 1e-4}},
    {"proximal_gradient_descent", proximal_gradient_descent, {.1, 0, .2}},
    {"proximal_gradient_descent", proximal_gradient_descent, {.1, .5, .2}},
    {"proximal_adagrad", proximal_adagrad, {.1, .5, .2}},
    {"ftrl", ftrl, {.1, 0, 0, 0, -.5}},
    {"ftrl", ftrl, {.1, .3, .05, .1, -.5}},
    {"ftrl", ftrl, {.1, .3, .05, .1, -.7}},
    {"add_sign", add_sign, {.1, 1, .9, .9}},
    {"power_sign", power_sign, {.1, .7, .9, .9}},
};
enum { RULES = sizeof rules / sizeof *rules };

static double absolute(double x) { return fabs(x); }

/* ------------------------------------------------------------------------- the data */

/* Arrays of doubles: w, gradient, three slots that an optimiser could have come to. */
typedef struct data {
    int64_t count;
    double *w, *g, *slots[3];
} data;

static double *draw(int64_t count, uint64_t stream, double (*map)(double)) {
    double *numbers = malloc((size_t)count * sizeof *numbers + 1);
    assert_non_null(numbers);
    const tare_random random = {42, stream};
    tare_random_fill_normal(&random, 0, count, 0, 1, numbers);
    for (int64_t i = 0; i < count; i++)
        numbers[i] = (double)(float)(map ? map(numbers[i]) : numbers[i]);
    return numbers;
}

static data make_data(int64_t count) {
    data d = {count, draw(count, 1, NULL), draw(count, 2, NULL), {NULL}};
    for (int64_t i = 0; i < count; i += 8) d.g[i] = 0;
    for (uint64_t s = 0; s < 3; s++) d.slots[s] = draw(count, 3 + s, absolute);
    /* The first slot exceeds the second's square: of a mean square and a mean this must hold. */
    for (int64_t i = 0; i < count; i++)
        d.slots[0][i] = (double)(float)(d.slots[0][i] + d.slots[1][i] * d.slots[1][i]);
    return d;
}

static void free_data(data *d) {
    free(d->w);
    free(d->g);
    for (int s = 0; s < 3; s++) free(d->slots[s]);
}

/* ------------------------------------------------------------------------- one update, both types
 */

typedef struct arrays {
    size_t size; /* of an element */
    int64_t count;
    void *w, *g, *slots[3];
} arrays;

static void *convert(const double *numbers, int64_t count, size_t size) {
    void *out = malloc((size_t)count * size + 1);
    assert_non_null(out);
    for (int64_t i = 0; i < count; i++) {
        if (size == sizeof(float))
            ((float *)out)[i] = (float)numbers[i];
        else
            ((double *)out)[i] = numbers[i];
    }
    return out;
}

static arrays convert_data(const data *d, size_t size) {
    arrays a = {
        size, d->count, convert(d->w, d->count, size), convert(d->g, d->count, size), {NULL}};
    for (int s = 0; s < 3; s++) a.slots[s] = convert(d->slots[s], d->count, size);
    return a;
}

static void free_arrays(arrays *a) {
    free(a->w);
    free(a->g);
    for (int s = 0; s < 3; s++) free(a->slots[s]);
}

static double at(const void *numbers, size_t size, int64_t i) {
    return size == sizeof(float) ? (double)((const float *)numbers)[i]
                                 : ((const double *)numbers)[i];
}

static void update_with(const tare_update_rule *rule, tare_update_function function,
                        const double *numbers, arrays *a, tare_pool *pool) {
    tare_update u = {.variable = a->w, .gradient = a->g, .count = a->count};
    for (int s = 0; s < 3; s++) u.slots[s] = a->slots[s];
    for (int n = 0; n < TARE_UPDATE_MOST_NUMBERS; n++)
        u.numbers[n] = a->size == sizeof(float) ? (double)(float)numbers[n] : numbers[n];
    tare_update_run(rule, function, &u, pool);
}

static void update_arrays(const tare_update_rule *rule, const double *numbers, arrays *a,
                          tare_pool *pool) {
    const bool single = a->size == sizeof(float);
    update_with(rule, single ? tare_update_function_f32(rule) : rule->f64, numbers, a, pool);
}

/* The truth with the numbers as they are rounded for the type. */
static element true_element(int r, const data *d, int64_t i, size_t size) {
    double numbers[TARE_UPDATE_MOST_NUMBERS];
    for (int n = 0; n < TARE_UPDATE_MOST_NUMBERS; n++)
        numbers[n] =
            size == sizeof(float) ? (double)(float)rules[r].numbers[n] : rules[r].numbers[n];
    element e = {d->w[i], {d->slots[0][i], d->slots[1][i], d->slots[2][i]}};
    rules[r].truth(&e, d->g[i], numbers);
    return e;
}

static void check_rule(int r, int64_t count, size_t size, double tolerance) {
    const tare_update_rule *rule = tare_update_rule_named(rules[r].rule);
    assert_non_null(rule);
    data d = make_data(count);
    arrays a = convert_data(&d, size);
    update_arrays(rule, rules[r].numbers, &a, NULL);
    for (int64_t i = 0; i < count; i++) {
        const element e = true_element(r, &d, i, size);
        for (int s = -1; s < rule->slots; s++) {
            const double got = at(s < 0 ? a.w : a.slots[s], size, i);
            const double wanted = s < 0 ? e.w : e.slots[s];
            if (!(fabs(got - wanted) <= tolerance * (1 + fabs(wanted))))
                fail_msg("%s, element %lld of %lld, slot %d: got %.9g, wanted %.9g", rule->name,
                         (long long)i, (long long)count, s, got, wanted);
        }
    }
    free_arrays(&a);
    free_data(&d);
}

static void every_rule_has_its_formula(void **state) {
    (void)state;
    static const int64_t counts[] = {0, 1, 7, 64, 333};
    for (int r = 0; r < RULES; r++) {
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            check_rule(r, counts[c], sizeof(float), 2e-5);
            check_rule(r, counts[c], sizeof(double), 1e-13);
        }
    }
}

static void every_rule_of_the_table_is_tested(void **state) {
    (void)state;
    for (const tare_update_rule *rule = tare_update_rules; rule->name; rule++) {
        bool tested = false;
        for (int r = 0; r < RULES; r++) tested |= strcmp(rules[r].rule, rule->name) == 0;
        if (!tested) fail_msg("%s has no truth here", rule->name);
        assert_ptr_equal(tare_update_rule_named(rule->name), rule);
    }
    assert_null(tare_update_rule_named("nothing"));
}

static void threads_change_no_bit(void **state) {
    (void)state;
    static const int threads[] = {2, 3, 4, 7};
    data d = make_data(200003);
    for (int r = 0; r < RULES; r++) {
        const tare_update_rule *rule = tare_update_rule_named(rules[r].rule);
        arrays alone = convert_data(&d, sizeof(float));
        update_arrays(rule, rules[r].numbers, &alone, NULL);
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            tare_pool *pool = NULL;
            assert_int_equal(tare_pool_new(NULL, threads[t], NULL, NULL, &pool, NULL), TARE_OK);
            arrays shared = convert_data(&d, sizeof(float));
            update_arrays(rule, rules[r].numbers, &shared, pool);
            assert_memory_equal(shared.w, alone.w, (size_t)d.count * sizeof(float));
            for (int s = 0; s < rule->slots; s++)
                assert_memory_equal(shared.slots[s], alone.slots[s],
                                    (size_t)d.count * sizeof(float));
            free_arrays(&shared);
            tare_pool_free(pool);
        }
        free_arrays(&alone);
    }
    free_data(&d);
}

static void the_fastest_functions_change_no_bit(void **state) {
    (void)state;
    static const int64_t counts[] = {0, 1, 7, 64, 333};
    for (int r = 0; r < RULES; r++) {
        const tare_update_rule *rule = tare_update_rule_named(rules[r].rule);
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            data d = make_data(counts[c]);
            const size_t bytes = (size_t)d.count * sizeof(float);
            arrays plain = convert_data(&d, sizeof(float)), fast = convert_data(&d, sizeof(float));
            update_with(rule, rule->f32, rules[r].numbers, &plain, NULL);
            update_with(rule, tare_update_function_f32(rule), rules[r].numbers, &fast, NULL);
            assert_memory_equal(fast.w, plain.w, bytes);
            for (int s = 0; s < rule->slots; s++)
                assert_memory_equal(fast.slots[s], plain.slots[s], bytes);
            free_arrays(&plain);
            free_arrays(&fast);
            free_data(&d);
        }
    }
}

/* The gradient of sum(w^2) / 2 is w: an optimiser may be handed the variable's own memory. */
static void a_gradient_may_be_the_variable(void **state) {
    (void)state;
    data d = make_data(101);
    for (int r = 0; r < RULES; r++) {
        const tare_update_rule *rule = tare_update_rule_named(rules[r].rule);
        arrays apart = convert_data(&d, sizeof(float)), same = convert_data(&d, sizeof(float));
        memcpy(apart.g, apart.w, (size_t)d.count * sizeof(float));
        free(same.g);
        same.g = same.w;
        update_arrays(rule, rules[r].numbers, &apart, NULL);
        update_arrays(rule, rules[r].numbers, &same, NULL);
        assert_memory_equal(same.w, apart.w, (size_t)d.count * sizeof(float));
        same.g = NULL;
        free_arrays(&apart);
        free_arrays(&same);
    }
    free_data(&d);
}

static void a_nan_gradient_is_not_lost(void **state) {
    (void)state;
    data d = make_data(19);
    for (int r = 0; r < RULES; r++) {
        const tare_update_rule *rule = tare_update_rule_named(rules[r].rule);
        arrays a = convert_data(&d, sizeof(float));
        ((float *)a.g)[11] = NAN;
        update_arrays(rule, rules[r].numbers, &a, NULL);
        for (int64_t i = 0; i < d.count; i++)
            if (isnan(((float *)a.w)[i]) != (i == 11))
                fail_msg("%s: element %lld is %g", rule->name, (long long)i,
                         (double)((float *)a.w)[i]);
        free_arrays(&a);
    }
    free_data(&d);
}

/* ------------------------------------------------------------------------- constraints */

static double column_norm(const double *x, int64_t rows, int64_t columns, int64_t column) {
    double sum = 0;
    for (int64_t row = 0; row < rows; row++)
        sum += x[row * columns + column] * x[row * columns + column];
    return sqrt(sum);
}

static double true_constrained(tare_constraint_rule rule, const double *x, int64_t rows,
                               int64_t columns, int64_t i) {
    const double norm = column_norm(x, rows, columns, i % columns);
    if (rule == TARE_CONSTRAINT_NON_NEGATIVE) return x[i] > 0 ? x[i] : 0;
    if (rule == TARE_CONSTRAINT_UNIT_NORM) return x[i] / (norm + 1e-7);
    return x[i] * fmin(norm, 2) / (norm + 1e-7);
}

static void check_constraint(tare_constraint_rule rule, int64_t rows, int64_t columns, size_t size,
                             double tolerance) {
    double *x = draw(rows * columns, 9, NULL);
    void *y = convert(x, rows * columns, size);
    const tare_constraint_use use = {rule, 2, rows, columns, y};
    (size == sizeof(float) ? tare_constrain_f32 : tare_constrain_f64)(&use, NULL);
    for (int64_t i = 0; i < rows * columns; i++) {
        const double wanted = true_constrained(rule, x, rows, columns, i), got = at(y, size, i);
        if (!(fabs(got - wanted) <= tolerance))
            fail_msg("constraint %d, [%lld, %lld], %lld: got %.9g, wanted %.9g", (int)rule,
                     (long long)rows, (long long)columns, (long long)i, got, wanted);
    }
    free(x);
    free(y);
}

static void every_constraint_has_its_formula(void **state) {
    (void)state;
    static const int64_t shapes[][2] = {{1, 1}, {5, 3}, {1, 130}, {40, 67}, {7, 0}, {0, 0}};
    for (int rule = TARE_CONSTRAINT_NON_NEGATIVE; rule <= TARE_CONSTRAINT_MAX_NORM; rule++) {
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            check_constraint((tare_constraint_rule)rule, shapes[s][0], shapes[s][1], sizeof(float),
                             1e-6);
            check_constraint((tare_constraint_rule)rule, shapes[s][0], shapes[s][1], sizeof(double),
                             1e-14);
        }
    }
}

static void constraints_keep_nan_and_share_out_without_a_change(void **state) {
    (void)state;
    enum { ROWS = 200, COLUMNS = 1501 };
    double *x = draw(ROWS * COLUMNS, 9, NULL);
    x[3 * COLUMNS + 70] = NAN;
    tare_pool *pool = NULL;
    assert_int_equal(tare_pool_new(NULL, 3, NULL, NULL, &pool, NULL), TARE_OK);
    for (int rule = TARE_CONSTRAINT_NON_NEGATIVE; rule <= TARE_CONSTRAINT_MAX_NORM; rule++) {
        float *alone = convert(x, ROWS * COLUMNS, sizeof(float));
        float *shared = convert(x, ROWS * COLUMNS, sizeof(float));
        tare_constraint_use use = {(tare_constraint_rule)rule, 2, ROWS, COLUMNS, alone};
        tare_constrain_f32(&use, NULL);
        use.x = shared;
        tare_constrain_f32(&use, pool);
        assert_memory_equal(alone, shared, ROWS * COLUMNS * sizeof(float));
        assert_true(isnan(alone[3 * COLUMNS + 70]));
        assert_true(!isnan(alone[3 * COLUMNS + 71]));
        free(alone);
        free(shared);
    }
    tare_pool_free(pool);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_its_formula),
        cmocka_unit_test(every_rule_of_the_table_is_tested),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(the_fastest_functions_change_no_bit),
        cmocka_unit_test(a_gradient_may_be_the_variable),
        cmocka_unit_test(a_nan_gradient_is_not_lost),
        cmocka_unit_test(every_constraint_has_its_formula),
        cmocka_unit_test(constraints_keep_nan_and_share_out_without_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
