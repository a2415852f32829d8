/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The area under a curve whose points are counted at rising thresholds t, from just below 0 to just
 * above 1. With tp, fn, tn, fp the counts at t,
 *
 *     ROC  x = fp / (fp + tn + e)       y = (tp + e) / (tp + fn + e)      e = 1e-6
 *     PR   x = (tp + e) / (tp + fn + e) y = (tp + e) / (tp + fp + e)
 *     area = sum over neighbours a, b of (x[a] - x[b]) m(y[a], y[b]), m their mean, least or most
 *
 * and by careful interpolation, which takes precision to be (tp' + i) / p' on the line between two
 * points in the plane of tp' and p' = tp' + fp', of slope s and intercept i = tp[b] - s p[b]:
 *
 *     area = sum of s (tp[a] - tp[b] + i log(p[a] / p[b])) / (tp[b] + fn[b]),  0 / 0 = 0
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (auc).
 */
#include "op/measure.h"
#include "train/metric.h"

#define TARE_TABLE_STRUCT           tare_metrics_auc_options
#define TARE_WORDS_curve            TARE_CURVE_WORDS
#define TARE_WORDS_summation_method TARE_SUMMATION_METHOD_WORDS
TARE_OPTION_TABLE(static, table, TARE_METRICS_AUC_FIELDS);
#undef TARE_TABLE_STRUCT

#define EPSILON 1e-6
#define MARGIN  1e-7 /* how far the outermost thresholds lie outside 0..1 */

/* ---- thresholds */

static bool refuse(const tare_metric_job *job, const char *got, const char *need) {
    tare_build_fail(job->blame.graph, TARE_ERROR_ARGUMENT, job->blame.op, job->blame.node, got,
                    need);
    return false;
}

static bool rise_within(const tare_metric_job *job, const tare_array *inner) {
    double last = 0;
    for (int64_t i = 0; i < tare_array_count(inner); i++) {
        const double threshold = tare_array_number(inner, i);
        if (!(threshold >= last) || !(threshold <= 1))
            return refuse(job, "thresholds that fall, or lie outside 0..1",
                          "rising thresholds from 0 to 1");
        last = threshold;
    }
    return true;
}

/* float32, with the outermost ones; NULL after an error. inner NULL: evenly spread. */
static tare_array *spread(const tare_metric_job *job, int64_t count, const tare_array *inner) {
    tare_array *all = NULL;
    if (tare_array_new(TARE_FLOAT32, TARE_SHAPE(count), tare_graph_allocator(job->blame.graph),
                       &all) != TARE_OK) {
        tare_build_fail(job->blame.graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
        return NULL;
    }
    for (int64_t i = 1; i < count - 1; i++)
        tare_array_set_number(
            all, i, inner ? tare_array_number(inner, i - 1) : (double)i / (double)(count - 1));
    tare_array_set_number(all, 0, -MARGIN);
    tare_array_set_number(all, count - 1, 1 + MARGIN);
    return all;
}

static tare_array *take_thresholds(const tare_metric_job *job,
                                   const tare_metrics_auc_options *options) {
    if (!options->thresholds) {
        if (options->num_thresholds >= 2) return spread(job, options->num_thresholds, NULL);
        refuse(job, "fewer than 2 thresholds", "num_thresholds of 2 or more");
        return NULL;
    }
    tare_array *inner = tare_metric_take_thresholds(job, options->thresholds), *all = NULL;
    if (inner && rise_within(job, inner)) all = spread(job, tare_array_count(inner) + 2, inner);
    tare_array_free(inner);
    return all;
}

/* ---- areas */

/* All numbers but the last, and all but the first. */
static tare_tensor but_last(tare_tensor x) {
    return tare_strided_slice(x, .begin = TARE_LIST(0), .end = TARE_LIST(-1));
}
static tare_tensor but_first(tare_tensor x) { return tare_slice(x, TARE_LIST(1), TARE_LIST(-1)); }

static tare_tensor positive(tare_tensor x) { return tare_maximum(x, tare_number(0)); }

/* (part + e) / (part + rest + e) */
static tare_tensor rate(tare_tensor part, tare_tensor rest) {
    const tare_tensor e = tare_number(EPSILON);
    return tare_div(tare_add(part, e), tare_add(tare_add(part, rest), e));
}

static tare_tensor mean_of(tare_tensor a, tare_tensor b) {
    return tare_div(tare_add(a, b), tare_number(2));
}
static tare_tensor least_of(tare_tensor a, tare_tensor b) { return tare_minimum(a, b); }
static tare_tensor most_of(tare_tensor a, tare_tensor b) { return tare_maximum(a, b); }

static tare_tensor (*const heights[])(tare_tensor a, tare_tensor b) = {
    [TARE_SUMMATION_TRAPEZOIDAL] = mean_of,
    [TARE_SUMMATION_CAREFUL_INTERPOLATION] = mean_of, /* of ROC */
    [TARE_SUMMATION_MINORING] = least_of,
    [TARE_SUMMATION_MAJORING] = most_of};

static tare_tensor sum_rectangles(const tare_metrics_auc_options *options,
                                  const tare_tensor counts[]) {
    const tare_tensor tp = counts[TARE_COUNT_TRUE_POSITIVES];
    const tare_tensor fp = counts[TARE_COUNT_FALSE_POSITIVES];
    const tare_tensor recall = rate(tp, counts[TARE_COUNT_FALSE_NEGATIVES]);
    tare_tensor x = recall, y = recall;
    if (options->curve == TARE_CURVE_PR)
        y = rate(tp, fp);
    else
        x = tare_div(
            fp, tare_add(tare_add(fp, counts[TARE_COUNT_TRUE_NEGATIVES]), tare_number(EPSILON)));
    const tare_tensor widths = tare_sub(but_last(x), but_first(x));
    const tare_tensor height = heights[options->summation_method](but_last(y), but_first(y));
    return tare_reduce_sum(tare_mul(widths, height));
}

static tare_tensor interpolate(const tare_tensor counts[]) {
    const tare_tensor tp = counts[TARE_COUNT_TRUE_POSITIVES], tp_b = but_first(tp);
    const tare_tensor p = tare_add(tp, counts[TARE_COUNT_FALSE_POSITIVES]);
    const tare_tensor p_a = but_last(p), p_b = but_first(p), zero = tare_number(0);
    const tare_tensor rise = tare_sub(but_last(tp), tp_b);
    const tare_tensor slope = tare_div_no_nan(rise, positive(tare_sub(p_a, p_b)));
    const tare_tensor intercept = tare_sub(tp_b, tare_mul(slope, p_b));
    const tare_tensor both = tare_logical_and(tare_greater(p_a, zero), tare_greater(p_b, zero));
    const tare_tensor ratio =
        tare_where(both, tare_div_no_nan(p_a, positive(p_b)), tare_ones_like(p_b));
    const tare_tensor area = tare_mul(slope, tare_add(rise, tare_mul(intercept, tare_log(ratio))));
    const tare_tensor labels = tare_add(tp_b, but_first(counts[TARE_COUNT_FALSE_NEGATIVES]));
    return tare_reduce_sum(tare_div_no_nan(area, positive(labels)));
}

static bool is_careful(const tare_metrics_auc_options *options) {
    return options->curve == TARE_CURVE_PR &&
           options->summation_method == TARE_SUMMATION_CAREFUL_INTERPOLATION;
}

static tare_tensor area_of(const tare_metrics_auc_options *options, const tare_tensor counts[]) {
    return is_careful(options) ? interpolate(counts) : sum_rectangles(options, counts);
}

/* ---- the metric */

static bool has_choices(const tare_metric_job *job, const tare_metrics_auc_options *options) {
    if ((unsigned)options->curve > TARE_CURVE_PR)
        return refuse(job, "an unknown curve", "one of tare_curve");
    if ((unsigned)options->summation_method > TARE_SUMMATION_MAJORING)
        return refuse(job, "an unknown summation method", "one of tare_summation_method");
    return true;
}

static tare_metric make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_auc_with(labels, predictions, options);
}

const tare_metric_def tare_auc_metric = {"auc", "auc", "labels", "predictions", &table, make};

tare_metric tare_metrics_auc_with(tare_tensor labels, tare_tensor predictions,
                                  const tare_metrics_auc_options *options) {
    const unsigned all = (1u << TARE_COUNT_OUTPUTS) - 1;
    tare_metrics_auc_options given;
    tare_options_adopt(&table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    tare_array *thresholds = NULL;
    if (tare_metric_begin(&job, &tare_auc_metric, labels, predictions, TARE_METRIC_COMMON(given)) &&
        has_choices(&job, &given))
        thresholds = take_thresholds(&job, &given);
    tare_metric_counts counts;
    if (thresholds && tare_metric_count_at_thresholds(&job, thresholds, all, &counts))
        made = (tare_metric){area_of(&given, counts.values), area_of(&given, counts.updates)};
    tare_array_free(thresholds);
    if (is_careful(&given))
        return tare_metric_end(&job, made, "interpolate_pr_auc", "interpolate_pr_auc");
    return tare_metric_end(&job, made, "value", "update_op");
}
