/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Update rules: w variable, g gradient, the other names are slots; hyperparameters in the order of
 * tare_update.numbers stand behind each name.
 *
 *     gradient_descent (rate)           w -= rate g
 *     momentum (rate, mu)               a = mu a + g; w -= rate a
 *     momentum_nesterov                 a = mu a + g; w -= rate g + rate mu a
 *     adam (power1, power2, rate, beta1, beta2, epsilon)
 *                                       m += (g - m) (1 - beta1); v += (g^2 - v) (1 - beta2)
 *                                       r = rate sqrt(1 - power2) / (1 - power1)
 *                                       w -= r m / (sqrt(v) + epsilon)
 *     adam_nesterov                     w -= r (g (1 - beta1) + beta1 m) / (sqrt(v) + epsilon)
 *     adam_amsgrad                      h = max(h, v); w -= r m / (sqrt(h) + epsilon)
 *     adamax (power1, rate, beta1, beta2, epsilon)
 *                                       m as above; v = max(beta2 v, |g|)
 *                                       w -= rate / (1 - power1) m / (v + epsilon)
 *     rmsprop (rate, rho, mu, epsilon)  s += (g^2 - s) (1 - rho)
 *                                       p = mu p + rate g / sqrt(s + epsilon); w -= p
 *     rmsprop_centered                  d += (g - d) (1 - rho)
 *                                       p = mu p + rate g / sqrt(s - d^2 + epsilon); w -= p
 *     adagrad (rate)                    s += g^2; w -= rate g / sqrt(s)
 *     adadelta (rate, rho, epsilon)     s = rho s + (1 - rho) g^2
 *                                       u = g sqrt(t + epsilon) / sqrt(s + epsilon)
 *                                       t = rho t + (1 - rho) u^2; w -= rate u
 *     proximal_gradient_descent (rate, l1, l2)
 *                                       w = shrink(w - rate g, rate)
 *                                       shrink(x, r) = sign(x) max(|x| - r l1, 0) / (1 + r l2)
 *     proximal_adagrad (rate, l1, l2)   s += g^2; r = rate / sqrt(s); w = shrink(w - r g, r)
 *     ftrl (rate, l1, l2, shrinkage, power)
 *                                       n = s + g^2; p = -power
 *                                       z += g + 2 shrinkage w - (n^p - s^p) / rate w; s = n
 *                                       w = |z| > l1 ? (sign(z) l1 - z) / (n^p / rate + 2 l2) : 0
 *     add_sign (rate, alpha, decay, beta)
 *                                       m = beta m + (1 - beta) g
 *                                       w -= rate (alpha + decay sign(g) sign(m)) g
 *     power_sign (rate, log base, decay, beta)
 *                                       m as above; w -= rate e^(log base decay sign(g) sign(m)) g
 *
 * Constraints, over the rows (axis 0) of every column:
 *     non-negative                      w where w >= 0, else 0
 *     unit norm                         w / (|w| + 1e-7)
 *     max norm                          w min(|w|, most) / (|w| + 1e-7)
 *
 * All arithmetic is in the variable's type and in TensorFlow's order.
 *
 * Source: TensorFlow r1.15, core/kernels/training_ops.cc; python/keras/constraints.py.
 */
#include "kernel/update.h"

#include <math.h>
#include <string.h>

#include "kernel/isa.h"
#include "kernel/slices.h"
#include "kernel/update_loop.h"

enum {
    SLICE_OPERATIONS = 65536, /* a slice shorter than some ten microseconds is not worth a thread */
    COLUMN_BLOCK = 64
};

#define NORM_EPSILON 1e-7

#define NUMBER     float
#define NAMED(f)   f##_f32
#define MATH(name) name##f
#include "kernel/update.inc.h"
#undef NUMBER
#undef NAMED
#undef MATH

#define NUMBER     double
#define NAMED(f)   f##_f64
#define MATH(name) name
#include "kernel/update.inc.h"

#define RULE(name, slots, numbers, cost) {#name, slots, numbers, cost, name##_f32, name##_f64},

const tare_update_rule tare_update_rules[] = {
    TARE_UPDATE_RULES(RULE){NULL, 0, 0, 0, NULL, NULL},
};

const tare_update_rule *tare_update_rule_named(const char *name) {
    const tare_update_rule *rule = tare_update_rules;
    while (rule->name && strcmp(rule->name, name) != 0) rule++;
    return rule->name ? rule : NULL;
}

tare_update_function tare_update_function_f32(const tare_update_rule *rule) {
#if defined(__x86_64__)
    const tare_update_frequent *wide = &tare_update_frequent_avx2;
    const struct {
        tare_update_function plain, wide;
    } frequent[] = {{gradient_descent_f32, wide->gradient_descent},
                    {momentum_f32, wide->momentum},
                    {momentum_nesterov_f32, wide->momentum_nesterov},
                    {adam_f32, wide->adam}};
    for (size_t i = 0; i < sizeof frequent / sizeof *frequent; i++)
        if (rule->f32 == frequent[i].plain && tare_isa_used() >= TARE_ISA_AVX2)
            return frequent[i].wide;
#endif
    return rule->f32;
}

typedef struct update_job {
    tare_update_function function;
    const tare_update *update;
    int64_t slices;
} update_job;

static void update_slice(void *context, int64_t slice) {
    const update_job *job = context;
    const int64_t count = job->update->count;
    job->function(job->update, tare_slice_begin(count, job->slices, slice),
                  tare_slice_begin(count, job->slices, slice + 1));
}

void tare_update_run(const tare_update_rule *rule, tare_update_function function,
                     const tare_update *update, tare_pool *pool) {
    update_job job = {function, update,
                      tare_slice_count(update->count, rule->cost, SLICE_OPERATIONS)};
    if (job.slices == 1)
        function(update, 0, update->count);
    else
        tare_pool_run(pool, job.slices, update_slice, &job);
}

/* -------------------------------------------------------------------------- constraints */

typedef void (*constrain_function)(const tare_constraint_use *use, int64_t begin, int64_t end);

typedef struct constraint_job {
    constrain_function function;
    const tare_constraint_use *use;
    int64_t items, slices;
} constraint_job;

static void constraint_slice(void *context, int64_t slice) {
    const constraint_job *job = context;
    job->function(job->use, tare_slice_begin(job->items, job->slices, slice),
                  tare_slice_begin(job->items, job->slices, slice + 1));
}

/* Slices of elements, or of whole columns where a norm is taken. */
static void constrain(const tare_constraint_use *use, constrain_function elements,
                      constrain_function columns, tare_pool *pool) {
    const bool by_element = use->rule == TARE_CONSTRAINT_NON_NEGATIVE;
    const int64_t items = by_element ? use->rows * use->columns : use->columns;
    const int64_t cost = by_element ? 1 : 4 * use->rows;
    constraint_job job = {by_element ? elements : columns, use, items,
                          tare_slice_count(items, cost, SLICE_OPERATIONS)};
    tare_pool_run(pool, job.slices, constraint_slice, &job);
}

void tare_constrain_f32(const tare_constraint_use *use, tare_pool *pool) {
    constrain(use, constrain_elements_f32, constrain_columns_f32, pool);
}

void tare_constrain_f64(const tare_constraint_use *use, tare_pool *pool) {
    constrain(use, constrain_elements_f64, constrain_columns_f64, pool);
}
