/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Normalisation as plain loops for one element type; included by normalisation_reference.c with
 *     NUMBER      the element type
 *     NAMED(f)    the name of function f for this type
 * Formulas: kernel/normalisation.h.
 */

/* Statistics of one channel with all their digits. */
typedef struct NAMED(exact) {
    double mean, inverse, scale, beta;
} NAMED(exact);

static NAMED(exact)
    NAMED(exact_of)(const NAMED(tare_normalisation) * by, int64_t channels, int64_t c) {
    const double mean = (double)by->mean[c] + (by->low ? (double)by->low[c] : 0);
    const double variance = (double)by->variance[c] + (by->low ? (double)by->low[channels + c] : 0);
    const double inverse = tare_inverse_deviation(variance, (double)(NUMBER)by->epsilon);
    return (NAMED(exact)){mean, inverse, by->gamma ? (double)by->gamma[c] * inverse : inverse,
                          by->beta ? (double)by->beta[c] : 0};
}

/* y before it is rectified. */
static NUMBER NAMED(affine)(const NAMED(exact) * e, NUMBER x) {
    return (NUMBER)(((double)x - e->mean) * e->scale + e->beta);
}

/* What of dy reaches the normalisation. */
static double NAMED(gated)(const NAMED(tare_normalisation) * by, const NAMED(exact) * e,
                           const NUMBER *dy, const NUMBER *x, int64_t at) {
    return !by->rectified || NAMED(affine)(e, x[at]) > 0 ? (double)dy[at] : 0;
}

static void NAMED(put)(NUMBER *into, int64_t c, double value) {
    if (into) into[c] = (NUMBER)value;
}

/* What rounding a value took from it. */
static void NAMED(put_low)(NUMBER *into, int64_t c, double value) {
    if (into) into[c] = (NUMBER)(value - (double)(NUMBER)value);
}

void NAMED(tare_channel_moments_reference)(const tare_channels *v, const NUMBER *x,
                                           const NAMED(tare_moments) * moments) {
    const double n = (double)v->outer * (double)v->inner;
    for (int64_t c = 0; c < v->channels; c++) {
        double sum = 0, squares = 0;
        for (int64_t o = 0; o < v->outer; o++)
            for (int64_t i = 0; i < v->inner; i++)
                sum += (double)x[(o * v->channels + c) * v->inner + i];
        const double mean = sum / n;
        for (int64_t o = 0; o < v->outer; o++) {
            for (int64_t i = 0; i < v->inner; i++) {
                const double d = (double)x[(o * v->channels + c) * v->inner + i] - mean;
                squares += d * d;
            }
        }
        NAMED(put)(moments->mean, c, mean);
        NAMED(put)(moments->variance, c, squares / n);
        NAMED(put)(moments->unbiased, c, n > 0 ? squares / (n > 1 ? n - 1 : 1) : mean);
        NAMED(put_low)(moments->low, c, mean);
        NAMED(put_low)(moments->low, v->channels + c, squares / n);
    }
}

/* Steps to the next number in C order, knowing its channel and its weight; false after the last. */
static bool NAMED(step)(const tare_weighing *how, int64_t *index, int64_t *channel,
                        int64_t *weight) {
    for (int axis = how->rank - 1; axis >= 0; axis--) {
        *channel += how->channel_steps[axis];
        *weight += how->weight_steps[axis];
        if (++index[axis] < how->extents[axis]) return true;
        *channel -= how->channel_steps[axis] * how->extents[axis];
        *weight -= how->weight_steps[axis] * how->extents[axis];
        index[axis] = 0;
    }
    return false;
}

void NAMED(tare_weighted_moments)(const tare_weighing *how, const NUMBER *x, const NUMBER *weights,
                                  double extra, NUMBER *mean, NUMBER *variance, double *scratch) {
    double *total = scratch, *sum = total + how->channels, *squares = sum + how->channels;
    int64_t index[8] = {0}, channel = 0, weight = 0, at = 0;
    bool any = true;
    for (int axis = 0; axis < how->rank; axis++) any = any && how->extents[axis] > 0;
    for (int64_t c = 0; c < how->channels; c++) {
        total[c] = extra;
        sum[c] = squares[c] = 0;
    }
    for (bool more = any; more; more = NAMED(step)(how, index, &channel, &weight)) {
        total[channel] += (double)weights[weight];
        sum[channel] += (double)weights[weight] * (double)x[at++];
    }
    for (int64_t c = 0; c < how->channels; c++) sum[c] /= total[c]; /* the mean from here on */
    at = 0;
    for (bool more = any; more; more = NAMED(step)(how, index, &channel, &weight)) {
        const double d = (double)x[at++] - sum[channel];
        squares[channel] += (double)weights[weight] * d * d;
    }
    for (int64_t c = 0; c < how->channels; c++) {
        NAMED(put)(mean, c, sum[c]);
        NAMED(put)(variance, c, squares[c] / total[c]);
    }
}

void NAMED(tare_shifted_sums)(const tare_channels *v, const NUMBER *x, const NUMBER *shift,
                              NUMBER *sum, NUMBER *squares) {
    const double by = shift ? (double)*shift : 0;
    for (int64_t c = 0; c < v->channels; c++) {
        double total = 0, total_squares = 0;
        for (int64_t o = 0; o < v->outer; o++) {
            for (int64_t i = 0; i < v->inner; i++) {
                const double d = (double)x[(o * v->channels + c) * v->inner + i] - by;
                total += d;
                total_squares += d * d;
            }
        }
        NAMED(put)(sum, c, total);
        NAMED(put)(squares, c, total_squares);
    }
}

void NAMED(tare_normalise_reference)(const tare_channels *v, const NAMED(tare_normalisation) * by,
                                     const NUMBER *x, NUMBER *y) {
    for (int64_t c = 0; c < v->channels; c++) {
        const NAMED(exact) e = NAMED(exact_of)(by, v->channels, c);
        for (int64_t o = 0; o < v->outer; o++) {
            for (int64_t i = 0; i < v->inner; i++) {
                const int64_t at = (o * v->channels + c) * v->inner + i;
                const NUMBER value = NAMED(affine)(&e, x[at]);
                y[at] = by->rectified && value < 0 ? 0 : value;
            }
        }
    }
}

void NAMED(tare_gradient_sums_reference)(const tare_channels *v,
                                         const NAMED(tare_normalisation) * by, const NUMBER *dy,
                                         const NUMBER *x, const NAMED(tare_sums) * sums) {
    const bool wants_dgamma = sums->dgamma || sums->low, empty = v->outer == 0 || v->inner == 0;
    for (int64_t c = 0; c < v->channels; c++) {
        const NAMED(exact) e = NAMED(exact_of)(by, v->channels, c);
        double sum = 0, product = 0;
        for (int64_t o = 0; o < v->outer; o++) {
            for (int64_t i = 0; i < v->inner; i++) {
                const int64_t at = (o * v->channels + c) * v->inner + i;
                const double d = NAMED(gated)(by, &e, dy, x, at);
                sum += d;
                if (wants_dgamma) product += d * ((double)x[at] - e.mean);
            }
        }
        /* Of no numbers at all the sum is 0, though their variance is NaN. */
        const double dgamma = empty ? 0 : product * e.inverse;
        NAMED(put)(sums->dgamma, c, dgamma);
        NAMED(put)(sums->dbeta, c, sum);
        NAMED(put_low)(sums->low, c, dgamma);
        if (sums->low) NAMED(put_low)(sums->low, v->channels + c, sum);
    }
}

/* Mean of dy, and of dy xhat times the inverse deviation: what is taken off dy. */
static void NAMED(exact_sums)(const tare_channels *v, const NAMED(tare_sums) * sums, int64_t c,
                              double inverse, double *offset, double *slope) {
    const double n = (double)v->outer * (double)v->inner;
    const double dgamma = (double)sums->dgamma[c] + (sums->low ? (double)sums->low[c] : 0);
    const double dbeta =
        (double)sums->dbeta[c] + (sums->low ? (double)sums->low[v->channels + c] : 0);
    *offset = dbeta / n;
    *slope = dgamma * inverse / n;
}

void NAMED(tare_normalise_gradient_reference)(const tare_channels *v,
                                              const NAMED(tare_normalisation) * by,
                                              const NUMBER *dy, const NUMBER *x,
                                              const NAMED(tare_sums) * sums, NUMBER *dx) {
    for (int64_t c = 0; c < v->channels; c++) {
        const NAMED(exact) e = NAMED(exact_of)(by, v->channels, c);
        double offset = 0, slope = 0;
        if (sums) NAMED(exact_sums)(v, sums, c, e.inverse, &offset, &slope);
        for (int64_t o = 0; o < v->outer; o++) {
            for (int64_t i = 0; i < v->inner; i++) {
                const int64_t at = (o * v->channels + c) * v->inner + i;
                const double less = sums ? offset + ((double)x[at] - e.mean) * slope : 0;
                dx[at] = (NUMBER)((NAMED(gated)(by, &e, dy, x, at) - less) * e.scale);
            }
        }
    }
}

void NAMED(tare_scale_and_shift)(int64_t channels, const NAMED(tare_normalisation) * by,
                                 NUMBER *scale, NUMBER *shift) {
    for (int64_t c = 0; c < channels; c++) {
        const NAMED(exact) e = NAMED(exact_of)(by, channels, c);
        const NUMBER factor = (NUMBER)e.scale, mean = (NUMBER)e.mean;
        NAMED(put)(scale, c, e.scale);
        /*
         * Rounded step by step as TensorFlow rounds beta - mean * inv (nn_impl.py): folding then
         * changes no digit that a TensorFlow program prints (test_cli_explain holds it).
         */
        NAMED(put)(shift, c, (double)((NUMBER)e.beta - mean * factor));
    }
}

NUMBER NAMED(tare_decay)(double momentum, tare_decay_rounding rounding) {
    /* In TensorFlow either is a float32 tensor first, whatever the variable's type. */
    if (rounding == TARE_DECAY_ROUNDED_FIRST) return (NUMBER)(1.0F - (float)momentum);
    return (NUMBER)(float)(1.0 - momentum);
}

void NAMED(tare_moving_average)(int64_t count, NUMBER *variable, const NUMBER *value,
                                NUMBER decay) {
    for (int64_t i = 0; i < count; i++) variable[i] -= (variable[i] - value[i]) * decay;
}

#undef NUMBER
#undef NAMED
