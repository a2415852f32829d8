/* SPDX-License-Identifier: Apache-2.0 */
/* What optimisers do to a variable: one rule each, element by element. */
#ifndef TARE_SRC_KERNEL_UPDATE_H
#define TARE_SRC_KERNEL_UPDATE_H

#include "base/threads.h"

enum {
    TARE_UPDATE_MOST_SLOTS = 3,
    TARE_UPDATE_MOST_NUMBERS = 6 /* hyperparameters, powers among them */
};

/*
 * One update of `count` elements. variable and slots are changed; gradient may be the variable's
 * own memory. numbers: in the order of the rule's formula, each already rounded as TensorFlow
 * does; they are rounded once more to the variable's type.
 */
typedef struct tare_update {
    void *variable;
    const void *gradient;
    void *slots[TARE_UPDATE_MOST_SLOTS];
    double numbers[TARE_UPDATE_MOST_NUMBERS];
    int64_t count;
} tare_update;

/* Updates elements begin .. end - 1. */
typedef void (*tare_update_function)(const tare_update *update, int64_t begin, int64_t end);

typedef struct tare_update_rule {
    const char *name; /* "adam" */
    int slots, numbers;
    int cost; /* operations an element, roughly; decides how it is shared out to threads */
    tare_update_function f32, f64;
} tare_update_rule;

/* All rules, f(name, slots, numbers, cost); the formulas stand in update.c. */
#define TARE_UPDATE_RULES(f)                                                                       \
    f(gradient_descent, 0, 1, 2) f(momentum, 1, 2, 4) f(momentum_nesterov, 1, 2, 6)                \
        f(adam, 2, 6, 16) f(adam_nesterov, 2, 6, 18) f(adam_amsgrad, 3, 6, 18) f(adamax, 2, 5, 12) \
            f(rmsprop, 2, 4, 16) f(rmsprop_centered, 3, 4, 18) f(adagrad, 1, 1, 12)                \
                f(adadelta, 2, 3, 24) f(proximal_gradient_descent, 0, 3, 8)                        \
                    f(proximal_adagrad, 1, 3, 20) f(ftrl, 2, 5, 30) f(add_sign, 1, 4, 10)          \
                        f(power_sign, 1, 4, 30)

/* The same as a table, ended by one without a name. */
extern const tare_update_rule tare_update_rules[];
const tare_update_rule *tare_update_rule_named(const char *name); /* NULL: there is none */

/* The rule's f32, or what computes the same bits faster on this machine. */
tare_update_function tare_update_function_f32(const tare_update_rule *rule);

/* Updates all elements with one of the rule's functions. pool may be NULL. */
void tare_update_run(const tare_update_rule *rule, tare_update_function function,
                     const tare_update *update, tare_pool *pool);

typedef enum tare_constraint_rule {
    TARE_CONSTRAINT_NON_NEGATIVE,
    TARE_CONSTRAINT_UNIT_NORM,
    TARE_CONSTRAINT_MAX_NORM
} tare_constraint_rule;

/* What a constraint changes after an update: x has `rows` rows (axis 0) of `columns` elements. */
typedef struct tare_constraint_use {
    tare_constraint_rule rule;
    double most; /* of a maximum norm */
    int64_t rows, columns;
    void *x;
} tare_constraint_use;

void tare_constrain_f32(const tare_constraint_use *use, tare_pool *pool);
void tare_constrain_f64(const tare_constraint_use *use, tare_pool *pool);

#endif
