/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update rules that most networks are trained with, for one element type, with the macros of
 * update.inc.h; included by it, and by update_avx2.c, where they are compiled for longer vectors.
 */

static void NAMED(gradient_descent)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable;
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) w[i] -= gradient[i] * rate;
}

static void NAMED(momentum)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *a = u->slots[0];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], mu = (NUMBER)u->numbers[1];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER next = a[i] * mu + gradient[i];
        a[i] = next;
        w[i] -= next * rate;
    }
}

static void NAMED(momentum_nesterov)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *a = u->slots[0];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = (NUMBER)u->numbers[0], mu = (NUMBER)u->numbers[1];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i], next = a[i] * mu + g;
        a[i] = next;
        w[i] -= g * rate + next * mu * rate;
    }
}

/* The rate with both biases taken out: rate sqrt(1 - beta2^t) / (1 - beta1^t). */
static NUMBER NAMED(adam_rate)(const tare_update *u) {
    return (NUMBER)u->numbers[2] * MATH(sqrt)((NUMBER)1 - (NUMBER)u->numbers[1]) /
           ((NUMBER)1 - (NUMBER)u->numbers[0]);
}

static void NAMED(adam)(const tare_update *u, int64_t begin, int64_t end) {
    NUMBER *w = u->variable, *m = u->slots[0], *v = u->slots[1];
    const NUMBER *gradient = u->gradient;
    const NUMBER rate = NAMED(adam_rate)(u), epsilon = (NUMBER)u->numbers[5];
    const NUMBER new1 = (NUMBER)1 - (NUMBER)u->numbers[3], new2 = (NUMBER)1 - (NUMBER)u->numbers[4];
    INDEPENDENT
    for (int64_t i = begin; i < end; i++) {
        const NUMBER g = gradient[i];
        const NUMBER mean = m[i] + (g - m[i]) * new1, square = v[i] + (g * g - v[i]) * new2;
        m[i] = mean;
        v[i] = square;
        w[i] -= mean * rate / (MATH(sqrt)(square) + epsilon);
    }
}
