/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network `question` in plain loops over doubles.
 *
 *     h = x kernel            n = (h - mean) / sqrt(variance + epsilon)            b = gamma n +
 * beta x -> layer 1 -> relu -> layer 2 -> prediction;  loss = mean((prediction - y)^2)
 *
 *     dgamma = sum(db n)      dbeta = sum(db)
 *     dn = db gamma           dh = (dn - mean(dn) - n mean(dn n)) / sqrt(variance + epsilon)
 *     moving -= (moving - of the batch) (1 - momentum)
 *
 * Sources  Ioffe and Szegedy 2015, arXiv:1502.03167; Kingma and Ba 2015, arXiv:1412.6980, in
 * TensorFlow's form: value -= rate sqrt(1 - d2^t) / (1 - d1^t) first / (sqrt(second) + 1e-8).
 */
#include "question_reference.h"

#include <math.h>

#define EPSILON      1e-3 /* batch normalisation's */
#define MOMENTUM     .5
#define RATE         1e-3
#define FIRST_DECAY  .9
#define SECOND_DECAY .999
#define ADAM_EPSILON 1e-8

/* What the backward pass needs of the forward pass of one layer. */
typedef struct layer_pass {
    double input[QUESTION_BATCH], normalised[QUESTION_BATCH], output[QUESTION_BATCH];
    double scale; /* 1 / sqrt(variance + epsilon) */
} layer_pass;

void question_reference_begin(question_reference *reference) {
    static const float kernels[QUESTION_LAYERS] = {1.4059724F, .13F};
    *reference = (question_reference){.first_power = 1, .second_power = 1};
    for (int i = 0; i < QUESTION_LAYERS; i++) {
        reference->layers[i].kernel.value = (double)kernels[i];
        reference->layers[i].gamma.value = 1;
        reference->layers[i].moving_variance = 1;
    }
}

/* pass->input is set. */
static void forward(question_layer *layer, layer_pass *pass) {
    double h[QUESTION_BATCH], mean = 0, variance = 0;
    for (int i = 0; i < QUESTION_BATCH; i++) {
        h[i] = pass->input[i] * layer->kernel.value;
        mean += h[i] / QUESTION_BATCH;
    }
    for (int i = 0; i < QUESTION_BATCH; i++)
        variance += (h[i] - mean) * (h[i] - mean) / QUESTION_BATCH;
    pass->scale = 1 / sqrt(variance + EPSILON);
    for (int i = 0; i < QUESTION_BATCH; i++) {
        pass->normalised[i] = (h[i] - mean) * pass->scale;
        pass->output[i] = layer->gamma.value * pass->normalised[i] + layer->beta.value;
    }
    layer->moving_mean -= (layer->moving_mean - mean) * (1 - MOMENTUM);
    layer->moving_variance -= (layer->moving_variance - variance) * (1 - MOMENTUM);
}

static void apply_adam(question_parameter *parameter, double gradient, double rate) {
    parameter->first += (gradient - parameter->first) * (1 - FIRST_DECAY);
    parameter->second += (gradient * gradient - parameter->second) * (1 - SECOND_DECAY);
    parameter->value -= rate * parameter->first / (sqrt(parameter->second) + ADAM_EPSILON);
}

/* gradient: of the layer's output, then of its input. Changes the parameters. */
static void backward(question_layer *layer, const layer_pass *pass, double rate,
                     double gradient[QUESTION_BATCH]) {
    double dgamma = 0, dbeta = 0, dkernel = 0;
    const double gamma = layer->gamma.value, kernel = layer->kernel.value;
    for (int i = 0; i < QUESTION_BATCH; i++) {
        dgamma += gradient[i] * pass->normalised[i];
        dbeta += gradient[i];
    }
    for (int i = 0; i < QUESTION_BATCH; i++) {
        const double centred =
            gradient[i] - dbeta / QUESTION_BATCH - pass->normalised[i] * dgamma / QUESTION_BATCH;
        const double dh = gamma * centred * pass->scale;
        dkernel += dh * pass->input[i];
        gradient[i] = dh * kernel;
    }
    apply_adam(&layer->kernel, dkernel, rate);
    apply_adam(&layer->gamma, dgamma, rate);
    apply_adam(&layer->beta, dbeta, rate);
}

double question_reference_train(question_reference *reference, const float x[QUESTION_BATCH],
                                const float y[QUESTION_BATCH]) {
    question_layer *hidden = &reference->layers[0], *output = &reference->layers[1];
    layer_pass first, second;
    for (int i = 0; i < QUESTION_BATCH; i++) first.input[i] = (double)x[i];
    forward(hidden, &first);
    for (int i = 0; i < QUESTION_BATCH; i++) second.input[i] = fmax(first.output[i], 0);
    forward(output, &second);

    double loss = 0, gradient[QUESTION_BATCH];
    for (int i = 0; i < QUESTION_BATCH; i++) {
        const double difference = second.output[i] - (double)y[i];
        loss += difference * difference / QUESTION_BATCH;
        gradient[i] = 2 * difference / QUESTION_BATCH;
    }
    reference->first_power *= FIRST_DECAY;
    reference->second_power *= SECOND_DECAY;
    const double rate = RATE * sqrt(1 - reference->second_power) / (1 - reference->first_power);
    backward(output, &second, rate, gradient);
    for (int i = 0; i < QUESTION_BATCH; i++)
        if (!(first.output[i] > 0)) gradient[i] = 0;
    backward(hidden, &first, rate, gradient);
    return loss;
}

double question_reference_infer(const question_reference *reference, float x) {
    double value = (double)x;
    for (int i = 0; i < QUESTION_LAYERS; i++) {
        const question_layer *layer = &reference->layers[i];
        if (i > 0) value = fmax(value, 0);
        value = (value * layer->kernel.value - layer->moving_mean) /
                    sqrt(layer->moving_variance + EPSILON) * layer->gamma.value +
                layer->beta.value;
    }
    return value;
}
