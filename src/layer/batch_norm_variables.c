/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variables of a batch normalisation layer, made in TensorFlow's order: gamma, beta,
 * moving_mean, moving_variance, then with renorm moving_stddev, renorm_mean, renorm_stddev, or as
 * it was before renorm_mean, renorm_mean_weight, renorm_stddev, renorm_stddev_weight.
 */
#include "array/array.h"
#include "base/text.h"
#include "layer/batch_norm.h"
#include "layer/gamma_beta.h"

#include <string.h>

static tare_tensor statistic(const tare_norm *norm, const char *name,
                             tare_initializer initializer) {
    return tare_get_variable(norm->graph, name, norm->parameter, .dtype = norm->dtype,
                             .initializer = initializer, .trainable = false,
                             .collection = norm->habits->collection);
}

/* The initialiser whose numbers are the roots of another's; false: it is a random one. */
static bool root_of(const tare_norm *norm, tare_initializer variance, tare_initializer *root) {
    *root = variance;
    if (variance.kind == TARE_INITIALIZER_ZEROS || variance.kind == TARE_INITIALIZER_ONES)
        return true;
    if (variance.kind == TARE_INITIALIZER_CONSTANT && !variance.array) {
        root->a = sqrt(variance.a);
        return true;
    }
    return tare_norm_refuse(norm, TARE_ERROR_UNSUPPORTED,
                            "renorm with a moving_variance_initializer that is no constant",
                            "zeros, ones or TARE_CONSTANT");
}

/* A scalar: how much of an average that began at 0 is made of values. */
static tare_tensor weight(const tare_norm *norm, const char *name) {
    return tare_get_variable(norm->graph, name, TARE_SCALAR, .dtype = norm->dtype,
                             .initializer = TARE_ZEROS, .trainable = false,
                             .collection = norm->habits->collection);
}

static bool make_renorm(tare_norm *norm) {
    tare_initializer root;
    if (!norm->options->renorm) return true;
    if (norm->options->renorm_formula == TARE_RENORM_R1_12) {
        norm->renorm_mean = statistic(norm, "renorm_mean", TARE_ZEROS);
        norm->renorm_mean_weight = weight(norm, "renorm_mean_weight");
        norm->renorm_stddev = statistic(norm, "renorm_stddev", TARE_ZEROS);
        norm->renorm_stddev_weight = weight(norm, "renorm_stddev_weight");
        return true;
    }
    if (!root_of(norm, norm->options->moving_variance_initializer, &root)) return false;
    norm->moving_stddev = statistic(norm, "moving_stddev", root);
    norm->renorm_mean = statistic(norm, "renorm_mean", norm->options->moving_mean_initializer);
    norm->renorm_stddev = statistic(norm, "renorm_stddev", root);
    return true;
}

bool tare_norm_make_variables(tare_norm *norm) {
    const tare_gamma_beta affine =
        TARE_GAMMA_BETA_OF(norm->options, .beta_first = norm->habits->beta_first,
                           .collection = norm->habits->collection);
    tare_make_gamma_beta(norm->graph, &affine, norm->parameter, norm->dtype, &norm->gamma,
                         &norm->beta);
    norm->moving_mean = statistic(norm, "moving_mean", norm->options->moving_mean_initializer);
    norm->moving_variance =
        statistic(norm, "moving_variance", norm->options->moving_variance_initializer);
    return make_renorm(norm) && tare_graph_status(norm->graph) == TARE_OK;
}

/* "moving_mean/biased"; slim's lie in a scope of the average's whole name:
 * "BatchNorm/moving_mean/biased" within BatchNorm. */
tare_tensor tare_norm_shadow(const tare_norm *norm, tare_tensor average, const char *kind) {
    const tare_node *node = tare_tensor_node(average);
    char name[512];
    if (!node) return TARE_NULL;
    const char *last = strrchr(node->name, '/');
    const bool whole = norm->habits->shadows_by_variable_name || !last;
    tare_print(name, sizeof name, "%s/%s", whole ? node->name : last + 1, kind);
    const bool is_step = strcmp(kind, "local_step") == 0;
    return tare_get_variable(norm->graph, name, is_step ? TARE_SCALAR : norm->parameter,
                             .dtype = norm->dtype, .initializer = TARE_ZEROS, .trainable = false);
}
