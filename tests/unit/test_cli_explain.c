/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tare explain question` run as a user runs it, with weights, data, momentum and steps drawn here,
 * against the same program written out in double below; then the numbers that the question printed;
 * then TensorFlow's own run of 200 steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#ifdef TARE_HAVE_JANSSON
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tare/array.h>

#define TARE TARE_BINARY_DIR "/tare"

enum { MOST_BATCH = 8, MOST_STEPS = 200 };

/* ------------------------------------------------- the program of the question in double */

typedef struct norm {
    double gamma, beta, mean, variance;     /* parameters and moving statistics */
    double x[MOST_BATCH], xhat[MOST_BATCH]; /* of the last training step */
    double batch_mean, batch_variance;
} norm;

typedef struct adam {
    double m, v;
} adam;

typedef struct program {
    double momentum, epsilon, rate;
    double w1, w2;
    norm one, two;
    adam slots[6];
    double beta1_power, beta2_power;
} program;

static void normalise(norm *n, const double *x, int count, double epsilon, double *y) {
    n->batch_mean = n->batch_variance = 0;
    for (int i = 0; i < count; i++) n->batch_mean += x[i] / count;
    for (int i = 0; i < count; i++)
        n->batch_variance += (x[i] - n->batch_mean) * (x[i] - n->batch_mean) / count;
    for (int i = 0; i < count; i++) {
        n->x[i] = x[i];
        n->xhat[i] = (x[i] - n->batch_mean) / sqrt(n->batch_variance + epsilon);
        y[i] = n->gamma * n->xhat[i] + n->beta;
    }
}

/* dx, and the gradients of gamma and beta. */
static void normalise_back(const norm *n, const double *dy, int count, double epsilon, double *dx,
                           double *dgamma, double *dbeta) {
    *dgamma = *dbeta = 0;
    for (int i = 0; i < count; i++) *dgamma += dy[i] * n->xhat[i], *dbeta += dy[i];
    for (int i = 0; i < count; i++)
        dx[i] = n->gamma / sqrt(n->batch_variance + epsilon) *
                (dy[i] - *dbeta / count - n->xhat[i] * *dgamma / count);
}

static void move(const program *p, double *weight, adam *slot, double gradient) {
    const double new1 = 1 - (double)0.9f, new2 = (double)(1 - 0.999f);
    const double rate = p->rate * sqrt(1 - p->beta2_power) / (1 - p->beta1_power);
    slot->m += (gradient - slot->m) * new1;
    slot->v += (gradient * gradient - slot->v) * new2;
    *weight -= slot->m * rate / (sqrt(slot->v) + 1e-8);
}

static void step(program *p, const double *x, const double *y, int count) {
    double hidden[MOST_BATCH], bn[MOST_BATCH], relu[MOST_BATCH], out[MOST_BATCH], pred[MOST_BATCH];
    double d[MOST_BATCH], dout[MOST_BATCH], dbn[MOST_BATCH], dhidden[MOST_BATCH], g[6] = {0};
    for (int i = 0; i < count; i++) hidden[i] = x[i] * p->w1;
    normalise(&p->one, hidden, count, p->epsilon, bn);
    for (int i = 0; i < count; i++) relu[i] = bn[i] > 0 ? bn[i] : 0, out[i] = relu[i] * p->w2;
    normalise(&p->two, out, count, p->epsilon, pred);
    for (int i = 0; i < count; i++) d[i] = 2 * (pred[i] - y[i]) / count;
    normalise_back(&p->two, d, count, p->epsilon, dout, &g[4], &g[5]);
    for (int i = 0; i < count; i++) {
        g[3] += dout[i] * relu[i];
        dbn[i] = bn[i] > 0 ? dout[i] * p->w2 : 0;
    }
    normalise_back(&p->one, dbn, count, p->epsilon, dhidden, &g[1], &g[2]);
    for (int i = 0; i < count; i++) g[0] += dhidden[i] * x[i];
    double *const weights[6] = {&p->w1, &p->one.gamma, &p->one.beta,
                                &p->w2, &p->two.gamma, &p->two.beta};
    for (int i = 0; i < 6; i++) move(p, weights[i], &p->slots[i], g[i]);
    p->beta1_power *= (double)0.9f;
    p->beta2_power *= (double)0.999f;
    norm *const norms[2] = {&p->one, &p->two};
    for (int i = 0; i < 2; i++) {
        norms[i]->mean = p->momentum * norms[i]->mean + (1 - p->momentum) * norms[i]->batch_mean;
        norms[i]->variance =
            p->momentum * norms[i]->variance + (1 - p->momentum) * norms[i]->batch_variance;
    }
}

static program start(double w1, double w2, double momentum, double rate) {
    return (program){.momentum = momentum,
                     .epsilon = (double)0.001f,
                     .rate = (double)(float)rate,
                     .w1 = w1,
                     .w2 = w2,
                     .one = {.gamma = 1, .variance = 1},
                     .two = {.gamma = 1, .variance = 1},
                     .beta1_power = (double)0.9f,
                     .beta2_power = (double)0.999f};
}

/* ---------------------------------------------------------------- running the command */

/* The output of a command, to be freed; fails the test when it does not exit with 0. */
static char *output_of(const char *command) {
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t length = 0, room = 1 << 22;
    char *text = malloc(room);
    assert_non_null(text);
    size_t got;
    while ((got = fread(text + length, 1, room - 1 - length, pipe)) > 0) length += got;
    text[length] = '\0';
    if (pclose(pipe) != 0) fail_msg("%.200s...: failed", command);
    return text;
}

static json_t *explain(const char *arguments) {
    const size_t room = strlen(arguments) + 512;
    char *command = malloc(room);
    assert_non_null(command);
    snprintf(command, room, "'%s' explain question --json %s", TARE, arguments);
    char *text = output_of(command);
    json_error_t error;
    json_t *root = json_loads(text, 0, &error);
    if (!root) fail_msg("%s at line %d", error.text, error.line);
    free(text);
    free(command);
    return root;
}

static json_t *layer_at(json_t *root, int64_t step, size_t layer) {
    json_t *run = step < 0 ? json_object_get(root, "inference")
                           : json_array_get(json_object_get(root, "steps"), (size_t)step);
    json_t *found = json_array_get(json_object_get(run, "layers"), layer);
    assert_non_null(found);
    return found;
}

static double number_of(json_t *object, const char *key) {
    json_t *number = json_array_get(json_object_get(object, key), 0);
    if (!json_is_number(number)) fail_msg("no number '%s'", key);
    return json_number_value(number);
}

static void assert_near(const char *what, double got, double wanted, double allowed) {
    if (!(fabs(got - wanted) <= allowed))
        fail_msg("%s: got %.9g, wanted %.9g, allowed %.3g", what, got, wanted, allowed);
}

static void compare_layer(json_t *root, int64_t at, size_t index, const norm *before,
                          const norm *after, double allowed) {
    json_t *layer = layer_at(root, at, index);
    json_t *updates = json_object_get(layer, "updates");
    assert_int_equal(json_array_size(updates), 2);
    json_t *mean = json_array_get(updates, 0), *variance = json_array_get(updates, 1);
    assert_near("batch mean", number_of(layer, "mean"), after->batch_mean, allowed);
    assert_near("batch variance", number_of(layer, "variance"), after->batch_variance, allowed);
    assert_near("moving mean before", number_of(mean, "before"), before->mean, allowed);
    assert_near("moving mean after", number_of(mean, "after"), after->mean, allowed);
    assert_near("moving variance before", number_of(variance, "before"), before->variance, allowed);
    assert_near("moving variance after", number_of(variance, "after"), after->variance, allowed);
    assert_near("gamma after", number_of(layer, "gamma_after"), after->gamma, allowed);
    assert_near("beta after", number_of(layer, "beta_after"), after->beta, allowed);
}

/* ------------------------------------------------------------------------------ tests */

static double draw(double low, double high) {
    return (double)(float)(low + (high - low) * ((double)rand() / RAND_MAX));
}

static void drawn_weights_data_momentum_and_steps_agree_with_double(void **state) {
    (void)state;
    const unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    srand(seed);
    for (int trial = 0; trial < 5; trial++) {
        double x[MOST_BATCH], y[MOST_BATCH];
        char arguments[4096];
        const int count = 3 + rand() % (MOST_BATCH - 3), steps = 1 + rand() % 4;
        const double w1 = draw(.4, 2), w2 = draw(.3, 1.5), momentum = (double)(float)draw(0, 1);
        int at = snprintf(arguments, sizeof arguments,
                          "--set hidden1/dense/kernel=%.9g --set output/dense/kernel=%.9g "
                          "--momentum %.9g --steps %d --x ",
                          w1, w2, momentum, steps);
        for (int i = 0; i < count; i++) {
            x[i] = draw(-1, 1);
            at += snprintf(arguments + at, sizeof arguments - (size_t)at, "%s%.9g", i ? "," : "",
                           x[i]);
        }
        at += snprintf(arguments + at, sizeof arguments - (size_t)at, " --y ");
        for (int i = 0; i < count; i++) {
            y[i] = draw(2, 5);
            at += snprintf(arguments + at, sizeof arguments - (size_t)at, "%s%.9g", i ? "," : "",
                           y[i]);
        }
        program p = start(w1, w2, momentum, 1e-3);
        json_t *root = explain(arguments);
        for (int s = 0; s < steps; s++) {
            const program before = p;
            step(&p, x, y, count);
            compare_layer(root, s, 0, &before.one, &p.one, 2e-5);
            compare_layer(root, s, 1, &before.two, &p.two, 2e-5);
        }
        assert_near("inference mean", number_of(layer_at(root, -1, 0), "mean"), p.one.mean, 2e-5);
        json_decref(root);
    }
}

/* The number behind a label at the start of a line: "  bn_1             [-0.40697935, 1.215785]" */
static void printed(const char *text, const char *label, double first, double second, double unit) {
    char wanted[64], *end = NULL;
    snprintf(wanted, sizeof wanted, "\n  %s ", label);
    const char *at = strstr(text, wanted);
    if (!at) fail_msg("no line '%s'", label);
    at += strlen(wanted);
    at += strspn(at, " [");
    assert_near(label, strtod(at, &end), first, unit * 1.0000001);
    if (*end == ',') assert_near(label, strtod(end + 1, NULL), second, unit * 10.000001);
}

static void the_question_prints_the_numbers_that_its_author_saw(void **state) {
    (void)state;
    char *text = output_of("'" TARE "' explain question");
    printed(text, "W", 1.404974, 0, 1e-6);
    printed(text, "hidden", 0, 1.404974, 1e-7);
    printed(text, "bn_1", -0.40697935, 1.215785, 1e-8);
    printed(text, "relu", 0, 1.215785, 1e-7);
    printed(text, "moving_mean", 0.3514931, 0, 1e-7);
    printed(text, "moving_variance", 0.74709475, 0, 1e-8);
    printed(text, "gamma", 0.999, 0, 1e-3);
    printed(text, "beta", -0.001, 0, 1e-3);
    assert_non_null(strstr(text, "moving_mean: 0.5 x 0 + 0.5 x 0.7029862 = 0.3514931"));
    assert_non_null(strstr(text, "(0 - 0.3514931) / sqrt(0.74709475 + 0.001) x 0.999"));
    free(text);
}

static int read_steps(tare_npz *npz, const char *what, char *into, size_t room) {
    int at = 0, steps = 0;
    for (; steps < MOST_STEPS; steps++) {
        char name[96];
        tare_array *array = NULL;
        snprintf(name, sizeof name, "batch_5_200_steps/step%d/in/%s", steps, what);
        if (tare_npz_read(npz, name, &array, NULL) != TARE_OK) break;
        for (int64_t i = 0; i < tare_array_count(array); i++)
            at += snprintf(into + at, room - (size_t)at, "%s%.9g", at ? "," : "",
                           tare_array_number(array, i));
        tare_array_free(array);
    }
    return steps;
}

/* Two hundred steps of TensorFlow's, data and all, through the command line. */
static void the_golden_run_of_200_steps_comes_out(void **state) {
    (void)state;
    const char *shared = getenv("TARE_SHARED");
    char path[1024];
    snprintf(path, sizeof path, "%s/golden/seed_program.npz",
             shared ? shared : TARE_SOURCE_DIR "/../shared");
    tare_npz *npz = NULL;
    if (tare_npz_open(path, &npz, NULL) != TARE_OK) {
        print_message("no golden data beside the sources: skipped\n");
        skip();
    }
    enum { ROOM = 1 << 16 };
    char *x = malloc(ROOM), *y = malloc(ROOM), *arguments = malloc(3 * ROOM);
    assert_true(x && y && arguments);
    const int steps = read_steps(npz, "x", x, ROOM);
    assert_int_equal(read_steps(npz, "y", y, ROOM), steps);
    assert_int_equal(steps, 200);
    snprintf(arguments, 3 * ROOM,
             "--set hidden1/dense/kernel=0.8 --set output/dense/kernel=0.9 --momentum 0.9 "
             "--learning-rate 0.01 --batch 5 --steps 200 --x %s --y %s",
             x, y);
    json_t *root = explain(arguments);
    static const int recorded[] = {0, 1, 2, 9, 49, 199};
    for (size_t r = 0; r < sizeof recorded / sizeof *recorded; r++) {
        for (size_t l = 0; l < 2; l++) {
            json_t *updates = json_object_get(layer_at(root, recorded[r], l), "updates");
            for (size_t u = 0; u < 2; u++) {
                char name[128];
                tare_array *want = NULL;
                snprintf(name, sizeof name,
                         "batch_5_200_steps/step%d/var/%s/batch_normalization/%s", recorded[r],
                         l ? "output" : "hidden1", u ? "moving_variance" : "moving_mean");
                assert_int_equal(tare_npz_read(npz, name, &want, NULL), TARE_OK);
                const double wanted = tare_array_number(want, 0);
                /* Float32 rounding over the steps so far; the golden driver holds the tight bounds.
                 */
                assert_near(name, number_of(json_array_get(updates, u), "after"), wanted,
                            1e-6 + 1e-4 * fabs(wanted));
                tare_array_free(want);
            }
        }
    }
    json_decref(root);
    tare_npz_close(npz);
    free(x);
    free(y);
    free(arguments);
}

int main(void) {
    /* The command takes the locale of the environment; the numbers written and read here are in
     * C's. */
    setlocale(LC_NUMERIC, "C");
    if (access(TARE, X_OK) != 0) {
        print_message("the command is not built: nothing to test\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drawn_weights_data_momentum_and_steps_agree_with_double),
        cmocka_unit_test(the_question_prints_the_numbers_that_its_author_saw),
        cmocka_unit_test(the_golden_run_of_200_steps_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void) {
    print_message("built without jansson: --json cannot be read here\n");
    return 0;
}
#endif
