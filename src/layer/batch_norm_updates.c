/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The updates of a batch normalisation layer's moving averages. Names are TensorFlow's:
 * AssignMovingAvg where the mode is known while building or the layer is fused, else those of the
 * conditionals around the updates (cond_2/Merge, cond_3/Merge; with renorm cond_6 and cond_7, with
 * adjustment cond_4 and cond_5), which come after those of mean and variance, r and d, scale and
 * bias, and renorm's own two.
 */
#include "base/text.h"
#include "layer/batch_norm.h"
#include "layer/update.h"

static tare_moving_average_options average_options(const tare_norm *norm, double momentum) {
    tare_moving_average_options options = {TARE_MOVING_AVERAGE_DEFAULTS};
    const bool first = norm->fused && !norm->habits->rounds_decay_last;
    options.momentum = momentum;
    options.rounding = first ? TARE_DECAY_ROUNDED_FIRST : TARE_DECAY_ROUNDED_LAST;
    options.epsilon = norm->epsilon;
    options.samples = norm->options->virtual_batch_size > 0 ? norm->options->virtual_batch_size : 0;
    return options;
}

/* Name number i (0: mean, 1: variance) of the updates. */
static const char *update_name(const tare_norm *norm, int i, char *buffer, size_t size) {
    const bool renorm = norm->options->renorm;
    const bool assigned = renorm && norm->options->renorm_formula == TARE_RENORM_R1_15;
    if (norm->mode == TARE_NORM_EITHER && !norm->fused) {
        const int before = 2 + (norm->adjusted ? 2 : 0) + (renorm ? 4 : 0);
        return tare_print(buffer, size, "cond_%d/Merge", before + i);
    }
    return assigned && i == 1 ? "AssignNewValue" : "AssignMovingAvg";
}

/* ---- plain, cumulative, debiased */

static tare_tensor update_average(const tare_norm *norm, int which, tare_tensor average,
                                  tare_tensor value) {
    const tare_batch_norm_options *o = norm->options;
    const bool debiased = o->zero_debias && !(which == 1 && norm->habits->debiases_mean_only);
    tare_moving_average_options options = average_options(norm, o->momentum);
    tare_tensor inputs[TARE_MOVING_INPUTS] = {[TARE_MOVING_VARIABLE] = average,
                                              [TARE_MOVING_VALUE] = value,
                                              [TARE_MOVING_TRAINING] = norm->training,
                                              [TARE_MOVING_BATCH] = norm->x};
    char name[32];
    if (debiased) inputs[TARE_MOVING_BIASED] = tare_norm_shadow(norm, average, "biased");
    if (debiased || o->cumulative)
        inputs[TARE_MOVING_STEP] = tare_norm_shadow(norm, average, "local_step");
    options.name = update_name(norm, which, name, sizeof name);
    return tare_build(norm->graph, "assign_moving_average", inputs, TARE_MOVING_INPUTS, &options);
}

/* ---- renorm */

static tare_tensor update_renorm_average(const tare_norm *norm, tare_tensor average,
                                         tare_tensor value) {
    const tare_moving_average_options options =
        average_options(norm, norm->options->renorm_momentum);
    const tare_tensor inputs[] = {average, value, norm->training};
    return tare_build(norm->graph, "assign_moving_average", inputs, 3, &options);
}

static tare_tensor update_deviation(const tare_norm *norm) {
    tare_moving_average_options options = average_options(norm, norm->options->momentum);
    const tare_tensor inputs[TARE_DEVIATION_INPUTS] = {norm->moving_variance, norm->moving_stddev,
                                                       norm->stddev, norm->training, norm->x};
    char name[32];
    options.name = update_name(norm, 1, name, sizeof name);
    return tare_build(norm->graph, "assign_moving_deviation", inputs, TARE_DEVIATION_INPUTS,
                      &options);
}

/* The averages that correct are updated first, by whoever runs either of the two updates. */
static void make_renorm_updates(const tare_norm *norm, tare_tensor updates[2]) {
    tare_graph_hidden_begin(norm->graph);
    const tare_tensor first[] = {update_renorm_average(norm, norm->renorm_mean, norm->mean),
                                 update_renorm_average(norm, norm->renorm_stddev, norm->stddev)};
    tare_graph_hidden_end(norm->graph);
    tare_control_dependencies_begin(norm->graph, first, 2);
    updates[0] = update_average(norm, 0, norm->moving_mean, norm->mean);
    updates[1] = update_deviation(norm);
    tare_control_dependencies_end(norm->graph);
}

/* An average that began at 0, updated, by its weight, which is updated alike. */
static tare_tensor update_weighted_average(const tare_norm *norm, tare_tensor average,
                                           tare_tensor weight, tare_tensor value) {
    return tare_div(update_renorm_average(norm, average, value),
                    update_renorm_average(norm, weight, tare_ones_like(weight)));
}

/* As TensorFlow was to r1.12: the moving averages take the correcting ones, by weight. */
static void make_weighted_renorm_updates(const tare_norm *norm, tare_tensor updates[2]) {
    tare_graph_hidden_begin(norm->graph);
    const tare_tensor mean =
        update_weighted_average(norm, norm->renorm_mean, norm->renorm_mean_weight, norm->mean);
    const tare_tensor stddev = update_weighted_average(norm, norm->renorm_stddev,
                                                       norm->renorm_stddev_weight, norm->stddev);
    const tare_tensor variance = tare_sub(tare_square(stddev), tare_number(norm->epsilon));
    tare_graph_hidden_end(norm->graph);
    updates[0] = update_average(norm, 0, norm->moving_mean, mean);
    updates[1] = update_average(norm, 1, norm->moving_variance, variance);
}

/* ---- where they go */

static tare_tensor after_updates(const tare_norm *norm, tare_tensor y,
                                 const tare_tensor updates[2]) {
    tare_control_dependencies_begin(norm->graph, updates, 2);
    y = tare_identity(y);
    tare_control_dependencies_end(norm->graph);
    return y;
}

static void collect(const tare_norm *norm, tare_tensor y, const tare_tensor updates[2]) {
    const bool usual = tare_same_text(norm->habits->updates, TARE_UPDATE_OPS);
    for (int i = 0; i < 2; i++) {
        if (usual)
            tare_layer_add_update(norm->graph, updates[i], y);
        else
            tare_add_to_collection(norm->graph, norm->habits->updates, updates[i]);
    }
}

tare_tensor tare_norm_update(const tare_norm *norm, tare_tensor y) {
    tare_tensor updates[2];
    if (norm->mode == TARE_NORM_INFERENCE) return y;
    if (!norm->options->trainable && !norm->habits->updates_untrainable) return y;
    if (tare_graph_status(norm->graph) != TARE_OK) return y;
    if (norm->options->renorm && norm->options->renorm_formula == TARE_RENORM_R1_12) {
        make_weighted_renorm_updates(norm, updates);
    } else if (norm->options->renorm) {
        make_renorm_updates(norm, updates);
    } else {
        updates[0] = update_average(norm, 0, norm->moving_mean, norm->mean);
        updates[1] = update_average(norm, 1, norm->moving_variance, norm->variance);
    }
    if (tare_graph_status(norm->graph) != TARE_OK) return y;
    if (!norm->habits->updates) return after_updates(norm, y, updates);
    collect(norm, y, updates);
    return y;
}
