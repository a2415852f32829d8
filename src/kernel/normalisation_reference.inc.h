/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Normalisation as plain loops for one element type; included by normalisation_reference.c with
 *     NUMBER      the element type
 *     NAMED(f)    the name of function f for this type
 * Formulas: kernel/normalisation.h.
 */

/* The share of x's mean that its rounded mean lacks. */
static double NAMED(residual_of)(const NAMED(tare_normalisation) * by, int64_t c) {
    return by->residual ? (double)by->residual[c] : 0.0;
}

static NUMBER NAMED(scale_of)(const NAMED(tare_normalisation) * by, int64_t c) {
    const NUMBER inverse = NAMED(tare_inverse_deviation)(by->variance[c], by->epsilon);
    return by->gamma ? by->gamma[c] * inverse : inverse;
}

static void NAMED(put)(NUMBER *into, int64_t c, double value) {
    if (into) into[c] = (NUMBER)value;
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
        NAMED(put)(moments->residual, c, mean - (double)(NUMBER)mean);
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
        const NUMBER mean = by->mean[c], scale = NAMED(scale_of)(by, c);
        const NUMBER beta = by->beta ? by->beta[c] : 0;
        const NUMBER shift = (NUMBER)((double)beta - NAMED(residual_of)(by, c) * (double)scale);
        for (int64_t o = 0; o < v->outer; o++) {
            for (int64_t i = 0; i < v->inner; i++) {
                const int64_t at = (o * v->channels + c) * v->inner + i;
                y[at] = (x[at] - mean) * scale + shift;
            }
        }
    }
}

void NAMED(tare_gradient_sums_reference)(const tare_channels *v,
                                         const NAMED(tare_normalisation) * by, const NUMBER *dy,
                                         const NUMBER *x, NUMBER *dgamma, NUMBER *dbeta) {
    for (int64_t c = 0; c < v->channels; c++) {
        const double mean = (double)by->mean[c] + NAMED(residual_of)(by, c);
        double sum = 0, product = 0;
        for (int64_t o = 0; o < v->outer; o++) {
            for (int64_t i = 0; i < v->inner; i++) {
                const int64_t at = (o * v->channels + c) * v->inner + i;
                sum += (double)dy[at];
                if (dgamma) product += (double)dy[at] * ((double)x[at] - mean);
            }
        }
        NAMED(put)(dbeta, c, sum);
        if (!dgamma) continue;
        const NUMBER inverse = NAMED(tare_inverse_deviation)(by->variance[c], by->epsilon);
        /* Of no numbers at all the sum is 0, though their variance is NaN. */
        const bool empty = v->outer == 0 || v->inner == 0;
        dgamma[c] = empty ? 0 : (NUMBER)(product * (double)inverse);
    }
}

void NAMED(tare_normalise_gradient_reference)(const tare_channels *v,
                                              const NAMED(tare_normalisation) * by,
                                              const NUMBER *dy, const NUMBER *x,
                                              const NUMBER *dgamma, const NUMBER *dbeta,
                                              NUMBER *dx) {
    const double n = (double)v->outer * (double)v->inner;
    for (int64_t c = 0; c < v->channels; c++) {
        const NUMBER scale = NAMED(scale_of)(by, c);
        const NUMBER inverse = NAMED(tare_inverse_deviation)(by->variance[c], by->epsilon);
        const double mean = (double)by->mean[c] + NAMED(residual_of)(by, c);
        const double offset = dbeta ? (double)dbeta[c] / n : 0;
        const double slope = dgamma ? (double)dgamma[c] * (double)inverse / n : 0;
        for (int64_t o = 0; o < v->outer; o++) {
            for (int64_t i = 0; i < v->inner; i++) {
                const int64_t at = (o * v->channels + c) * v->inner + i;
                const double batch = dgamma ? offset + ((double)x[at] - mean) * slope : 0;
                dx[at] = (NUMBER)(((double)dy[at] - batch) * (double)scale);
            }
        }
    }
}

void NAMED(tare_scale_and_shift)(int64_t channels, const NAMED(tare_normalisation) * by,
                                 NUMBER *scale, NUMBER *shift) {
    for (int64_t c = 0; c < channels; c++) {
        const NUMBER factor = NAMED(scale_of)(by, c);
        const NUMBER beta = by->beta ? by->beta[c] : 0;
        const double mean = (double)by->mean[c] + NAMED(residual_of)(by, c);
        if (scale) scale[c] = factor;
        /* Rounded as TensorFlow rounds beta - mean * inv (nn_impl.py), so that folding changes no
         * printed digit. */
        NAMED(put)(shift, c, (double)(NUMBER)(beta - (NUMBER)((NUMBER)mean * factor)));
    }
}

NUMBER NAMED(tare_decay)(double momentum, tare_decay_rounding rounding) {
    /* TensorFlow hands the fused op its momentum as a float32, whatever the variable's type. */
    if (rounding == TARE_DECAY_ROUNDED_FIRST) return (NUMBER)1 - (NUMBER)(float)momentum;
    return (NUMBER)(1.0 - momentum);
}

void NAMED(tare_moving_average)(int64_t count, NUMBER *variable, const NUMBER *value,
                                NUMBER decay) {
    for (int64_t i = 0; i < count; i++) variable[i] -= (variable[i] - value[i]) * decay;
}

#undef NUMBER
#undef NAMED
