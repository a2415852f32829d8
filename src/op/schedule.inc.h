/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learning-rate schedules for one element type; included by schedule.c with
 *     NUMBER        the element type
 *     NAMED(f)      the name of function f for this type
 *     MATH(f)       the function f of libm for this type
 *
 * Operations stand in TensorFlow's order, since each rounds. rate: the first one; step: the global
 * step; noise: a standard normal number where one is drawn.
 */

static NUMBER NAMED(quotient)(const tare_decay_options *o, NUMBER step) {
    const NUMBER quotient = step / (NUMBER)o->decay_steps;
    return o->staircase ? MATH(floor)(quotient) : quotient;
}

static NUMBER NAMED(exponential)(const void *options, NUMBER rate, NUMBER step, NUMBER noise) {
    (void)noise;
    const tare_decay_options *o = options;
    return rate * MATH(pow)((NUMBER)o->decay_rate, NAMED(quotient)(o, step));
}

static NUMBER NAMED(inverse_time)(const void *options, NUMBER rate, NUMBER step, NUMBER noise) {
    (void)noise;
    const tare_decay_options *o = options;
    return rate / (1 + (NUMBER)o->decay_rate * NAMED(quotient)(o, step));
}

static NUMBER NAMED(natural_exp)(const void *options, NUMBER rate, NUMBER step, NUMBER noise) {
    (void)noise;
    const tare_decay_options *o = options;
    return rate * MATH(pow)(MATH(exp)(-(NUMBER)o->decay_rate), NAMED(quotient)(o, step));
}

static NUMBER NAMED(polynomial)(const void *options, NUMBER rate, NUMBER step, NUMBER noise) {
    (void)noise;
    const tare_polynomial_decay_options *o = options;
    const NUMBER end = (NUMBER)o->end_learning_rate;
    NUMBER steps = (NUMBER)o->decay_steps;
    if (o->cycle)
        steps *= step == 0 ? 1 : MATH(ceil)(step / steps);
    else if (step > steps)
        step = steps;
    return (rate - end) * MATH(pow)(1 - step / steps, (NUMBER)o->power) + end;
}

/* (1 + cos(pi x)) / 2 */
static NUMBER NAMED(half_wave)(NUMBER x) {
    return (NUMBER).5 * (1 + MATH(cos)((NUMBER)3.14159265358979323846 * x));
}

static NUMBER NAMED(share_done)(NUMBER step, NUMBER steps) {
    return (step > steps ? steps : step) / steps;
}

static NUMBER NAMED(cosine)(const void *options, NUMBER rate, NUMBER step, NUMBER noise) {
    (void)noise;
    const tare_cosine_decay_options *o = options;
    const NUMBER alpha = (NUMBER)o->alpha;
    const NUMBER wave = NAMED(half_wave)(NAMED(share_done)(step, (NUMBER)o->decay_steps));
    return rate * ((1 - alpha) * wave + alpha);
}

/* Which period it is, and the share of it that is over; periods grow by the factor t_mul. */
static NUMBER NAMED(period)(NUMBER t_mul, NUMBER *done) {
    if (t_mul == 1) {
        const NUMBER period = MATH(floor)(*done);
        *done -= period;
        return period;
    }
    const NUMBER period = MATH(floor)(MATH(log)(1 - *done * (1 - t_mul)) / MATH(log)(t_mul));
    const NUMBER length = MATH(pow)(t_mul, period);
    *done = (*done - (1 - length) / (1 - t_mul)) / length;
    return period;
}

static NUMBER NAMED(cosine_restarts)(const void *options, NUMBER rate, NUMBER step, NUMBER noise) {
    (void)noise;
    const tare_cosine_decay_restarts_options *o = options;
    const NUMBER alpha = (NUMBER)o->alpha;
    NUMBER done = step / (NUMBER)o->first_decay_steps;
    const NUMBER period = NAMED(period)((NUMBER)o->t_mul, &done);
    const NUMBER height = (NUMBER).5 * MATH(pow)((NUMBER)o->m_mul, period);
    const NUMBER wave = height * (1 + MATH(cos)((NUMBER)3.14159265358979323846 * done));
    return rate * ((1 - alpha) * wave + alpha);
}

static NUMBER NAMED(linear_cosine)(const void *options, NUMBER rate, NUMBER step, NUMBER noise) {
    (void)noise;
    const tare_linear_cosine_decay_options *o = options;
    const NUMBER steps = (NUMBER)o->decay_steps, done = NAMED(share_done)(step, steps);
    const NUMBER line = (steps - (step > steps ? steps : step)) / steps;
    const NUMBER wave = NAMED(half_wave)(2 * (NUMBER)o->num_periods * done);
    return rate * (((NUMBER)o->alpha + line) * wave + (NUMBER)o->beta);
}

static NUMBER NAMED(noisy_linear_cosine)(const void *options, NUMBER rate, NUMBER step,
                                         NUMBER noise) {
    const tare_noisy_linear_cosine_decay_options *o = options;
    const NUMBER steps = (NUMBER)o->decay_steps;
    if (step > steps) step = steps;
    const NUMBER variance =
        (NUMBER)o->initial_variance / MATH(pow)(1 + step, (NUMBER)o->variance_decay);
    const NUMBER line = (steps - step) / steps + noise * MATH(sqrt)(variance);
    const NUMBER wave = NAMED(half_wave)(2 * (NUMBER)o->num_periods * (step / steps));
    return rate * (((NUMBER)o->alpha + line) * wave + (NUMBER)o->beta);
}
