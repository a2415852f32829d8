/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of plots: the SVG is read back as XML; ticks, lines, breaks, legends, escaping, hard cases.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/plot.h"
#include "report/plot_axis.h"
#include "report/xml.h"

/* ---------------------------------------------------------------------- a small reader of XML */

static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static const char *skip_entity(const char *at) {
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (int i = 0; i < 5; i++)
        if (strncmp(at, known[i], strlen(known[i])) == 0) return at + strlen(known[i]);
    fail_msg("a bare &: %.20s", at);
    return at;
}

/* Attributes up to > or />: name="value", value without <. */
static const char *skip_attributes(const char *at) {
    while (*at == ' ') {
        at++;
        assert_true(is_name(*at));
        while (is_name(*at)) at++;
        assert_true(at[0] == '=' && at[1] == '"');
        for (at += 2; *at != '"';) {
            assert_true(*at != '\0' && *at != '<');
            at = *at == '&' ? skip_entity(at) : at + 1;
        }
        at++;
    }
    return at;
}

/* Checks that elements nest, attributes are quoted and entities known. */
static void assert_is_xml(const char *text) {
    char open[16][32];
    int depth = 0, elements = 0;
    const char *at = text;
    while (*at != '\0') {
        if (*at == '&') {
            at = skip_entity(at);
        } else if (*at != '<') {
            assert_true(depth > 0 || *at == '\n');
            at++;
        } else if (at[1] == '/') {
            const size_t length = strcspn(at + 2, ">");
            assert_true(depth > 0);
            depth--;
            assert_int_equal(strlen(open[depth]), length);
            assert_memory_equal(at + 2, open[depth], length);
            at += length + 3;
        } else {
            size_t length = 0;
            at++;
            while (is_name(at[length])) length++;
            assert_true(depth < 16 && length > 0 && length < 32);
            memcpy(open[depth], at, length);
            open[depth++][length] = '\0';
            at = skip_attributes(at + length);
            if (*at == '/') depth--, at++;
            assert_int_equal(*at++, '>');
            elements++;
        }
    }
    assert_int_equal(depth, 0);
    assert_true(elements > 3);
}

static char *draw(const tare_plot *plot) {
    tare_text svg = {.allocator = NULL};
    tare_plot_svg(plot, &svg);
    assert_false(svg.failed);
    assert_is_xml(svg.data);
    assert_true(tare_is_utf8(svg.data, svg.length));
    assert_null(strstr(svg.data, "nan"));
    assert_null(strstr(svg.data, "inf"));
    assert_null(strstr(svg.data, "script"));
    return tare_text_hand_out(&svg);
}

static int count_of(const char *text, const char *part) {
    int count = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part)) count++;
    return count;
}

/* Points of the n-th path, read back; how many. */
static int read_path(const char *svg, int n, double *x, double *y, bool *moves, int most) {
    for (; n >= 0; n--) svg = strstr(svg, "<path d=\"") + 9;
    int count = 0;
    while (*svg == ' ') {
        assert_true(count < most);
        moves[count] = svg[1] == 'M';
        svg += 2;
        assert_true(tare_parse_double(&svg, &x[count]));
        assert_int_equal(*svg++, ' ');
        assert_true(tare_parse_double(&svg, &y[count]));
        count++;
    }
    assert_int_equal(*svg, '"');
    return count;
}

/* --------------------------------------------------------------------------------------- tests */

static void test_lines_stand_where_their_numbers_are(void **state) {
    (void)state;
    const double x[] = {0, 1, 2, 3, 4}, y[] = {4, 3, 2, 1, 0}, z[] = {0, 4, 0, 4, 0};
    const tare_plot_series series[] = {{"training", x, y, 5}, {"held back", x, z, 5}};
    const tare_plot plot = {.title = "loss",
                            .x_label = "epoch",
                            .y_label = "mean",
                            .series = series,
                            .series_count = 2};
    char *svg = draw(&plot);
    double px[8], py[8], qx[8], qy[8];
    bool moves[8];
    assert_int_equal(read_path(svg, 0, px, py, moves, 8), 5);
    assert_int_equal(read_path(svg, 1, qx, qy, moves, 8), 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(moves[i], i == 0);
        assert_true(px[i] == qx[i]);
        assert_true(i == 0 || fabs((px[i] - px[i - 1]) - (px[1] - px[0])) < .03);
        assert_true(fabs(qy[i] - (i % 2 ? py[0] : py[4])) < .03);
    }
    assert_true(px[4] > px[0] && py[4] > py[0]); /* y grows downwards in SVG */
    assert_non_null(strstr(svg, ">loss</text>"));
    assert_non_null(strstr(svg, ">epoch</text>"));
    assert_non_null(strstr(svg, ">mean</text>"));
    assert_non_null(strstr(svg, ">training</text>"));
    assert_non_null(strstr(svg, ">held back</text>"));
    assert_int_equal(count_of(svg, "<circle"), 10);
    tare_text_free(svg);
}

static void test_what_cannot_be_shown_breaks_the_line(void **state) {
    (void)state;
    const double x[] = {1, 2, 3, 4, 5, 6, 7};
    const double y[] = {1, 2, (double)NAN, 3, (double)INFINITY, -1, 2};
    const bool want[] = {true, false, true, true, false};
    const tare_plot_series series = {NULL, x, y, 7};
    tare_plot plot = {.series = &series, .series_count = 1};
    double px[8], py[8];
    bool moves[8];
    char *svg = draw(&plot);
    assert_int_equal(read_path(svg, 0, px, py, moves, 8), 5);
    for (int i = 0; i < 5; i++) assert_int_equal(moves[i], want[i]);
    tare_text_free(svg);
    plot.y_log = true; /* -1 has no place any more */
    svg = draw(&plot);
    assert_int_equal(read_path(svg, 0, px, py, moves, 8), 4);
    tare_text_free(svg);
}

static void test_a_logarithmic_axis_has_equal_decades(void **state) {
    (void)state;
    const double x[] = {1, 2, 3, 4}, y[] = {1, 10, 100, 1000};
    const tare_plot_series series = {"curve", x, y, 4};
    const tare_plot plot = {.y_log = true, .series = &series, .series_count = 1};
    double px[8], py[8];
    bool moves[8];
    char *svg = draw(&plot);
    assert_int_equal(read_path(svg, 0, px, py, moves, 8), 4);
    for (int i = 2; i < 4; i++) assert_true(fabs((py[i] - py[i - 1]) - (py[1] - py[0])) < .03);
    assert_non_null(strstr(svg, ">100</text>"));
    tare_text_free(svg);
}

static void test_text_of_any_kind_is_escaped(void **state) {
    (void)state;
    const double one[] = {1};
    const tare_plot_series series = {"a<b & \"c\" 'd' \x01\xff\xef\xbf\xbf", one, one, 1};
    const tare_plot plot = {.title = "</svg><script>",
                            .x_label = "Gr\xc3\xb6\xc3\x9f"
                                       "e",
                            .series = &series,
                            .series_count = 1};
    tare_text svg = {.allocator = NULL};
    tare_plot_svg(&plot, &svg);
    assert_is_xml(svg.data);
    assert_non_null(strstr(svg.data, "&lt;/svg&gt;&lt;script&gt;"));
    assert_non_null(strstr(svg.data, "a&lt;b &amp; &quot;c&quot; &#39;d&#39; "
                                     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</text>"));
    assert_non_null(strstr(svg.data, "Gr\xc3\xb6\xc3\x9f"
                                     "e"));
    tare_text_clear(&svg);
}

static void test_a_long_line_is_thinned_and_keeps_its_spikes(void **state) {
    (void)state;
    enum { COUNT = 300000, MOST = 4000 };
    double *x = malloc(COUNT * sizeof *x), *y = malloc(COUNT * sizeof *y);
    static double px[MOST], py[MOST];
    static bool moves[MOST];
    assert_true(x != NULL && y != NULL);
    for (int i = 0; i < COUNT; i++) {
        x[i] = i;
        y[i] = sin(i * 1e-4);
    }
    y[123456] = 9;
    y[234567] = (double)NAN; /* beside others of its stretch, which still count */
    const tare_plot_series series = {"noise", x, y, COUNT};
    const tare_plot plot = {.series = &series, .series_count = 1};
    char *svg = draw(&plot);
    assert_true(strlen(svg) < 60000);
    const int count = read_path(svg, 0, px, py, moves, MOST);
    double highest = py[0];
    int breaks = 0;
    for (int i = 0; i < count; i++) {
        if (py[i] < highest) highest = py[i];
        breaks += moves[i];
        assert_true(i == 0 || px[i] >= px[i - 1]);
    }
    assert_true(highest < 80); /* at the top */
    assert_int_equal(breaks, 1);
    assert_int_equal(count_of(svg, "<circle"), 0);
    tare_text_free(svg);
    free(x);
    free(y);
}

static void test_hard_cases_still_make_a_picture(void **state) {
    (void)state;
    const double same[] = {3, 3, 3}, huge[] = {-1e300, 0, 1e300}, beyond[] = {-DBL_MAX, 1, DBL_MAX};
    const double tiny[] = {1e-310, 2e-310, 3e-310}, close[] = {1e9, 1e9 + 1e-7, 1e9 + 2e-7};
    const double none[] = {(double)NAN, (double)NAN, (double)NAN}, zero[] = {0, 0, 0};
    const double negative[] = {-1, -2, -3}, near[] = {2.2, 2.3, 2.4};
    const double *const all[] = {same, huge, beyond, tiny, close, none, zero, negative, near};
    enum { CASES = sizeof all / sizeof *all };
    for (int a = 0; a < CASES; a++) {
        for (int b = 0; b < CASES; b++) {
            for (int logs = 0; logs < 4; logs++) {
                const tare_plot_series series = {"s", all[a], all[b], 3};
                tare_text_free(draw(&(tare_plot){
                    .x_log = logs & 1, .y_log = logs & 2, .series = &series, .series_count = 1}));
            }
        }
    }
    tare_text_free(draw(&(tare_plot){.width = 1, .height = 1}));
    const tare_plot_series empty = {"a label far longer than the picture is wide, and then some",
                                    NULL, NULL, 0};
    char *svg = draw(&(tare_plot){.series = &empty, .series_count = 1});
    assert_non_null(strstr(svg, ">a label far longer than the </text>"));
    tare_text_free(svg);
}

/* Ticks rise, are few, and lie within the axis. */
static void check_axis(double least, double greatest, bool logarithmic) {
    tare_axis axis = {.logarithmic = logarithmic};
    tare_axis_show(&axis, least);
    tare_axis_show(&axis, greatest);
    tare_axis_finish(&axis, 100, 500);
    assert_in_range(axis.tick_count, 3, 16);
    for (int i = 0; i < axis.tick_count; i++) {
        const double place = tare_axis_place(&axis, axis.ticks[i]);
        assert_true(place > 99.99 && place < 500.01);
        assert_true(i == 0 || axis.ticks[i] > axis.ticks[i - 1]);
    }
    assert_true(tare_axis_place(&axis, least) >= 100 && tare_axis_place(&axis, greatest) <= 500);
}

static void test_ticks_are_few_round_and_within(void **state) {
    (void)state;
    uint32_t draw_state = 7;
    char text[TARE_NUMBER_TEXT];
    for (int i = 0; i < 2000; i++) {
        draw_state = draw_state * 1664525u + 1013904223u;
        const double least = pow(10, (double)(draw_state >> 8) / 16777216 * 16 - 8);
        draw_state = draw_state * 1664525u + 1013904223u;
        const double span = least * pow(10, (double)(draw_state >> 8) / 16777216 * 10 - 5);
        check_axis(least, least + span, false);
        check_axis(-least, span, false);
        check_axis(least, least + span, true);
    }
    /* Some decades have ticks from one end to the other. */
    tare_axis decades = {.logarithmic = true};
    tare_axis_show(&decades, .02);
    tare_axis_show(&decades, 2.5);
    tare_axis_finish(&decades, 0, 1);
    assert_int_equal(decades.tick_count, 7); /* .02 .05 .1 .2 .5 1 2 */
    assert_true(decades.ticks[0] == .02 && decades.ticks[6] == 2);
    tare_axis axis = {.logarithmic = false};
    tare_axis_show(&axis, 0);
    tare_axis_show(&axis, .7);
    tare_axis_finish(&axis, 0, 1);
    static const char *const want[] = {"0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"};
    assert_int_equal(axis.tick_count, 8);
    for (int i = 0; i < 8; i++) assert_string_equal(tare_double_text(text, axis.ticks[i]), want[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_stand_where_their_numbers_are),
        cmocka_unit_test(test_what_cannot_be_shown_breaks_the_line),
        cmocka_unit_test(test_a_logarithmic_axis_has_equal_decades),
        cmocka_unit_test(test_text_of_any_kind_is_escaped),
        cmocka_unit_test(test_a_long_line_is_thinned_and_keeps_its_spikes),
        cmocka_unit_test(test_hard_cases_still_make_a_picture),
        cmocka_unit_test(test_ticks_are_few_round_and_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
