/* SPDX-License-Identifier: Apache-2.0 */
/* The network `question` worked out a second time, in plain loops over doubles: what a benchmark
 * holds the library's numbers against. */
#ifndef BENCH_QUESTION_REFERENCE_H
#define BENCH_QUESTION_REFERENCE_H

enum { QUESTION_BATCH = 2, QUESTION_LAYERS = 2 };

/* What the optimiser changes, and its two averages. */
typedef struct question_parameter {
    double value, first, second;
} question_parameter;

/* dense 1 without bias, then batch normalisation */
typedef struct question_layer {
    question_parameter kernel, gamma, beta;
    double moving_mean, moving_variance;
} question_layer;

typedef struct question_reference {
    question_layer layers[QUESTION_LAYERS];
    double first_power, second_power; /* Adam's decays to the power of the step */
} question_reference;

/* The state that a session begins with. */
void question_reference_begin(question_reference *reference);
/* One step of training on x and y; returns the loss before it. */
double question_reference_train(question_reference *reference, const float x[QUESTION_BATCH],
                                const float y[QUESTION_BATCH]);
/* The prediction for x in inference mode. */
double question_reference_infer(const question_reference *reference, float x);

#endif
