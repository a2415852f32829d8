/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an event file with all that the library can write, and tells on standard output, as JSON,
 * what TensorBoard's reader must find in it.
 *
 *     write FOLDER
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tare/tare.h>

enum { STEPS = 5, NUMBERS = 500, HEIGHT = 7, WIDTH = 5 };

static void check(tare_status status, const char *sentence) {
    if (status == TARE_OK) return;
    fprintf(stderr, "%s: %s\n", tare_status_name(status), sentence);
    exit(1);
}

/* Numbers of every magnitude and sign, zeros among them; the same on every machine. */
static void fill(float *numbers, int count, int step) {
    uint32_t state = 17u + (uint32_t)step;
    for (int i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        const float share = (float)(state >> 8) / 16777216.0f;
        numbers[i] = i % 50 == 0 ? 0 : ldexpf(share - .5f, i % 40 - 20);
    }
}

static void print_numbers(const char *key, const float *numbers, int count) {
    printf("\"%s\": [", key);
    for (int i = 0; i < count; i++) printf("%s%.17g", i ? ", " : "", (double)numbers[i]);
    printf("]");
}

/* What is watched in every step. */
typedef struct watched {
    tare_graph *graph;
    tare_session *session;
    tare_tensor numbers, picture, summary;
} watched;

static watched build(void) {
    watched w = {.graph = tare_graph_new()};
    w.numbers = tare_placeholder(w.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY), .name = "numbers");
    w.picture = tare_placeholder(w.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, HEIGHT, WIDTH, 3),
                                 .name = "picture");
    TARE_NAME_SCOPE (w.graph, "watched") {
        tare_summary_scalar("average", tare_reduce_mean(w.numbers));
        tare_summary_histogram("numbers", w.numbers);
        tare_summary_image("picture", w.picture, .max_outputs = 2);
    }
    w.summary = tare_summary_merge_all(w.graph);
    check(tare_graph_status(w.graph), tare_message(w.graph));
    check(tare_session_new(w.graph, &w.session), "a session");
    return w;
}

static void write_step(watched *w, tare_event_writer *writer, int step) {
    static float numbers[NUMBERS], picture[2 * HEIGHT * WIDTH * 3];
    tare_array *x = NULL, *y = NULL, *result = NULL;
    fill(numbers, NUMBERS, step);
    for (int i = 0; i < 2 * HEIGHT * WIDTH * 3; i++)
        picture[i] = (float)((i * 37 + step * 11) % 101) / 100.0f - (step % 2 ? .5f : 0);
    check(tare_array_over(TARE_FLOAT32, TARE_SHAPE(NUMBERS), numbers, &x), "numbers");
    check(tare_array_over(TARE_FLOAT32, TARE_SHAPE(2, HEIGHT, WIDTH, 3), picture, &y), "picture");
    check(tare_session_run(w->session, TARE_FEEDS({w->numbers, x}, {w->picture, y}),
                           TARE_FETCHES(w->summary), &result),
          tare_session_message(w->session));
    check(tare_event_writer_summary(writer, result, step), tare_event_writer_message(writer));
    check(tare_event_writer_scalar(writer, "by hand", sqrt(step), step),
          tare_event_writer_message(writer));
    printf("%s{\"step\": %d, ", step ? ",\n " : " ", step);
    print_numbers("numbers", numbers, NUMBERS);
    printf(", ");
    print_numbers("picture", picture, 2 * HEIGHT * WIDTH * 3);
    printf("}");
    tare_array_free(x);
    tare_array_free(y);
}

int main(int count, char **texts) {
    tare_error error = {.status = TARE_OK};
    tare_event_writer *writer = NULL;
    if (count != 2) return 2;
    watched w = build();
    check(tare_event_writer_new(texts[1], &writer, &error), error.message);
    check(tare_event_writer_graph(writer, w.graph), tare_event_writer_message(writer));
    check(tare_event_writer_text(writer, "note", "gamma *and* beta", 0),
          tare_event_writer_message(writer));
    printf("{\"height\": %d, \"width\": %d, \"nodes\": %lld, \"steps\": [\n", HEIGHT, WIDTH,
           (long long)tare_graph_size(w.graph));
    for (int step = 0; step < STEPS; step++) write_step(&w, writer, step);
    printf("]}\n");
    check(tare_event_writer_close(writer, &error), error.message);
    tare_session_free(w.session);
    tare_graph_free(w.graph);
    return 0;
}
