/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Update rules for one element type; included by update.c with
 *     NUMBER        the element type
 *     NAMED(f)      the name of function f for this type
 *     MATH(f)       the function f of libm for this type
 *     INDEPENDENT   what tells the compiler that no turn of a loop needs another one's result
 *
 * Every loop loads all it needs of an element before it stores, so the gradient may be the
 * variable itself.
 */

/* 1, -1, or x itself when it is 0 or NaN. */
static inline NUMBER NAMED(sign)(NUMBER x) { return x > 0 ? (NUMBER)1 : x < 0 ? -(NUMBER)1 : x; }

static inline NUMBER NAMED(larger)(NUMBER a, NUMBER b) { return a > b ? a : b; }

#include "kernel/update_frequent.inc.h"

static void NAMED(adam_nesterov)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *m = u->slots[0], *v = u->slots[1];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = NAMED(adam_rate)(u), epsilon = (NUMBER)u->numbers[5],
                 beta1 = (NUMBER)u->numbers[3];
    const NUMBER new1 = (NUMBER)1 - beta1, new2 = (NUMBER)1 - (NUMBER)u->numbers[4];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i];
        const NUMBER mean = m[i] + (g - m[i]) * new1, square = v[i] + (g * g - v[i]) * new2;
        m[i] = mean;
        v[i] = square;
        w[i] -= (g * new1 + beta1 * mean) * rate / (MATH(sqrt)(square) + epsilon);
    }
}

static void NAMED(adam_amsgrad)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *m = u->slots[0], *v = u->slots[1], *largest = u->slots[2];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = NAMED(adam_rate)(u), epsilon = (NUMBER)u->numbers[5];
    const NUMBER new1 = (NUMBER)1 - (NUMBER)u->numbers[3], new2 = (NUMBER)1 - (NUMBER)u->numbers[4];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i];
        const NUMBER mean = m[i] + (g - m[i]) * new1, square = v[i] + (g * g - v[i]) * new2;
        const NUMBER most = NAMED(larger)(largest[i], square);
        m[i] = mean;
        v[i] = square;
        largest[i] = most;
        w[i] -= mean * rate / (MATH(sqrt)(most) + epsilon);
    }
}

static void NAMED(adamax)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *m = u->slots[0], *v = u->slots[1];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[1] / ((NUMBER)1 - (NUMBER)u->numbers[0]),
                 beta2 = (NUMBER)u->numbers[3], epsilon = (NUMBER)u->numbers[4];
    const NUMBER new1 = (NUMBER)1 - (NUMBER)u->numbers[2];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], size = MATH(fabs)(g);
        const NUMBER mean = m[i] + (g - m[i]) * new1, most = NAMED(larger)(beta2 * v[i], size);
        m[i] = mean;
        v[i] = most;
        w[i] -= rate * (mean / (most + epsilon));
    }
}

static void NAMED(rmsprop)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *squares = u->slots[0], *momentum = u->slots[1];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], mu = (NUMBER)u->numbers[2],
                 epsilon = (NUMBER)u->numbers[3], share = (NUMBER)1 - (NUMBER)u->numbers[1];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], square = squares[i] + (g * g - squares[i]) * share;
        const NUMBER step = momentum[i] * mu + g * rate / MATH(sqrt)(square + epsilon);
        squares[i] = square;
        momentum[i] = step;
        w[i] -= step;
    }
}

static void NAMED(rmsprop_centered)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *squares = u->slots[0], *means = u->slots[1], *momentum = u->slots[2];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], mu = (NUMBER)u->numbers[2],
                 epsilon = (NUMBER)u->numbers[3], share = (NUMBER)1 - (NUMBER)u->numbers[1];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], square = squares[i] + (g * g - squares[i]) * share;
        const NUMBER mean = means[i] + (g - means[i]) * share;
        const NUMBER variance = square - mean * mean + epsilon;
        const NUMBER step = momentum[i] * mu + g * rate / MATH(sqrt)(variance);
        squares[i] = square;
        means[i] = mean;
        momentum[i] = step;
        w[i] -= step;
    }
}

static void NAMED(adagrad)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *squares = u->slots[0];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], sum = squares[i] + g * g;
        squares[i] = sum;
        w[i] -= g * rate * ((NUMBER)1 / MATH(sqrt)(sum));
    }
}

static void NAMED(adadelta)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *squares = u->slots[0], *steps = u->slots[1];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], rho = (NUMBER)u->numbers[1],
                 epsilon = (NUMBER)u->numbers[2], share = (NUMBER)1 - rho;
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], square = squares[i] * rho + g * g * share;
        const NUMBER root = MATH(sqrt)(steps[i] + epsilon);
        const NUMBER step = root * ((NUMBER)1 / MATH(sqrt)(square + epsilon)) * g;
        squares[i] = square;
        steps[i] = steps[i] * rho + step * step * share;
        w[i] -= step * rate;
    }
}

/* x drawn towards 0 by a penalty: sign(x) max(|x| - rate l1, 0) / (1 + rate l2). */
static inline NUMBER NAMED(shrink)(NUMBER x, NUMBER rate, NUMBER l1, NUMBER l2) {
    const NUMBER left = MATH(fabs)(x) - rate * l1;
    const NUMBER shrunk = l1 > 0 ? NAMED(sign)(x) * NAMED(larger)(left, 0) : x;
    return shrunk / ((NUMBER)1 + l2 * rate);
}

static void NAMED(proximal_gradient_descent)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable;
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], l1 = (NUMBER)u->numbers[1],
                 l2 = (NUMBER)u->numbers[2];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++)
        w[i] = NAMED(shrink)(w[i] - gradient[i] * rate, rate, l1, l2);
}

static void NAMED(proximal_adagrad)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *squares = u->slots[0];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], l1 = (NUMBER)u->numbers[1],
                 l2 = (NUMBER)u->numbers[2];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], sum = squares[i] + g * g;
        const NUMBER own_rate = rate * ((NUMBER)1 / MATH(sqrt)(sum));
        squares[i] = sum;
        w[i] = NAMED(shrink)(w[i] - g * own_rate, own_rate, l1, l2);
    }
}

/* The weight that follows from the linear term and the sum of squares to the power p. */
static inline NUMBER NAMED(ftrl_weight)(NUMBER linear, NUMBER root, NUMBER rate, NUMBER l1,
                                        NUMBER l2) {
    const NUMBER quadratic = root / rate + 2 * l2;
    const NUMBER weight = (l1 * NAMED(sign)(linear) - linear) / quadratic;
    return MATH(fabs)(linear) <= l1 ? 0 : weight;
}

/* p = 1/2, the usual power, without pow. */
static void NAMED(ftrl_root)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *squares = u->slots[0], *linears = u->slots[1];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], l1 = (NUMBER)u->numbers[1],
                 l2 = (NUMBER)u->numbers[2], shrinkage = (NUMBER)u->numbers[3];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], sum = squares[i] + g * g, root = MATH(sqrt)(sum);
        const NUMBER change = (root - MATH(sqrt)(squares[i])) / rate * w[i];
        const NUMBER linear = linears[i] + (g + 2 * shrinkage * w[i] - change);
        squares[i] = sum;
        linears[i] = linear;
        w[i] = NAMED(ftrl_weight)(linear, root, rate, l1, l2);
    }
}

static void NAMED(ftrl)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *squares = u->slots[0], *linears = u->slots[1];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], l1 = (NUMBER)u->numbers[1],
                 l2 = (NUMBER)u->numbers[2], shrinkage = (NUMBER)u->numbers[3];
    const NUMBER power = -(NUMBER)u->numbers[4];
    if (power == (NUMBER).5) {
        NAMED(ftrl_root)(u, begin, end);
        return;
    }
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], sum = squares[i] + g * g, root = MATH(pow)(sum, power);
        const NUMBER change = (root - MATH(pow)(squares[i], power)) / rate * w[i];
        const NUMBER linear = linears[i] + (g + 2 * shrinkage * w[i] - change);
        squares[i] = sum;
        linears[i] = linear;
        w[i] = NAMED(ftrl_weight)(linear, root, rate, l1, l2);
    }
}

static void NAMED(add_sign)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *m = u->slots[0];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], alpha = (NUMBER)u->numbers[1],
                 decay = (NUMBER)u->numbers[2], beta = (NUMBER)u->numbers[3];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], mean = m[i] * beta + g * ((NUMBER)1 - beta);
        const NUMBER agreement = NAMED(sign)(g) * NAMED(sign)(mean);
        m[i] = mean;
        w[i] -= rate * (alpha + decay * agreement) * g;
    }
}

static void NAMED(power_sign)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *m = u->slots[0];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], log_base = (NUMBER)u->numbers[1],
                 decay = (NUMBER)u->numbers[2], beta = (NUMBER)u->numbers[3];
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], mean = m[i] * beta + g * ((NUMBER)1 - beta);
        const NUMBER agreement = NAMED(sign)(g) * NAMED(sign)(mean);
        m[i] = mean;
        w[i] -= rate * MATH(exp)(log_base * decay * agreement) * g;
    }
}

/* ------------------------------------------------------------------------- constraints */

static void NAMED(constrain_elements)(const tare_constraint_use *use, int64_t begin, int64_t end) {
    NUMBER *x = use->x;
    for (int64_t i = begin; i < end; i++) x[i] = x[i] < 0 ? 0 : x[i];
}

/* Scales one row as the norms of its columns ask for. */
static void NAMED(scale_row)(const tare_constraint_use *use, const NUMBER *norms, int64_t count,
                             NUMBER *x) {
    const NUMBER small = (NUMBER)NORM_EPSILON, most = (NUMBER)use->most;
    if (use->rule == TARE_CONSTRAINT_UNIT_NORM) {
        for (int64_t c = 0; c < count; c++) x[c] /= small + norms[c];
    } else {
        for (int64_t c = 0; c < count; c++)
            x[c] *= (norms[c] > most ? most : norms[c]) / (small + norms[c]);
    }
}

/* Blocks of columns, so that rows are read in order and the sums stay on the stack. */
static void NAMED(constrain_columns)(const tare_constraint_use *use, int64_t begin, int64_t end) {
    NUMBER norms[COLUMN_BLOCK];
    for (int64_t first = begin; first < end; first += COLUMN_BLOCK) {
        const int64_t count = end - first < COLUMN_BLOCK ? end - first : COLUMN_BLOCK;
        for (int64_t c = 0; c < count; c++) norms[c] = 0;
        for (int64_t row = 0; row < use->rows; row++) {
            const NUMBER *x = (const NUMBER *)use->x + row * use->columns + first;
            for (int64_t c = 0; c < count; c++) norms[c] += x[c] * x[c];
        }
        for (int64_t c = 0; c < count; c++) norms[c] = MATH(sqrt)(norms[c]);
        for (int64_t row = 0; row < use->rows; row++)
            NAMED(scale_row)(use, norms, count, (NUMBER *)use->x + row * use->columns + first);
    }
}
