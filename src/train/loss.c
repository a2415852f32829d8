/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every loss goes through, and the weighted loss of one's own.
 *
 *     y = losses * weights, summed; divided, as the reduction says, by
 *     their number | sum of weights | number of weights that are not 0, each counted per loss
 *
 * Source: TensorFlow r1.15, python/ops/losses/losses_impl.py (compute_weighted_loss).
 */
#include "train/loss.h"

#include "base/text.h"
#include "op/like.h"
#include "op/measure.h"

#define TARE_TABLE_STRUCT    tare_losses_options
#define TARE_WORDS_reduction TARE_REDUCTION_WORDS
TARE_OPTION_TABLE(, tare_losses_table, TARE_LOSSES_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- beginning */

/* The node that errors name: the scope without its slash. */
static const char *scope_name(tare_graph *graph) {
    tare_text text = {.allocator = tare_graph_allocator(graph)};
    tare_text_add(&text, tare_graph_name_scope(graph));
    if (!text.failed && text.length > 0) text.data[text.length - 1] = '\0';
    const char *kept = text.failed ? "" : tare_graph_keep_text(graph, text.data);
    tare_text_clear(&text);
    return kept ? kept : "";
}

bool tare_loss_begin(tare_loss *loss, const tare_loss_def *def, tare_tensor labels,
                     tare_tensor predictions, tare_loss_common common) {
    const tare_tensor operands[] = {predictions, labels, common.weights};
    tare_graph *graph = tare_graph_of(operands, sizeof operands / sizeof *operands);
    *loss = (tare_loss){.def = def,
                        .blame = {graph, def->name, ""},
                        .common = common,
                        .labels = labels,
                        .predictions = predictions};
    if (!graph || tare_graph_status(graph)) return false;
    loss->attempt = tare_graph_attempt_begin(graph);
    loss->begun = true;
    const char *scope = common.scope ? common.scope : def->scope;
    if (tare_name_scope_begin(graph, scope) != TARE_OK) return false;
    loss->open = true;
    loss->blame.node = scope_name(graph);
    tare_graph_hidden_begin(graph);
    loss->hidden = true;
    return (!def->labels || tare_operand_given(&loss->blame, labels, def->labels)) &&
           tare_operand_given(&loss->blame, predictions, def->predictions);
}

bool tare_loss_match(tare_loss *loss) {
    if (!tare_operand_same_shape(&loss->blame, loss->labels, loss->def->labels, loss->predictions,
                                 loss->def->predictions))
        return false;
    loss->predictions = tare_operand_floating(loss->predictions);
    loss->labels = tare_operand_as(loss->labels, tare_tensor_dtype(loss->predictions));
    return tare_graph_status(loss->blame.graph) == TARE_OK;
}

bool tare_loss_option_within(const tare_loss *loss, const char *what, double number, double least,
                             double most, const char *need) {
    if (number >= least && number <= most) return true;
    char text[TARE_NUMBER_TEXT], got[128];
    tare_print(got, sizeof got, "%s %s", what, tare_double_text(text, number));
    tare_build_fail(loss->blame.graph, TARE_ERROR_ARGUMENT, loss->blame.op, loss->blame.node, got,
                    need);
    return false;
}

/* ---- weighing and reducing */

/* Losses with their weights on the way to one number. */
typedef struct weighed {
    tare_tensor losses, products;
    tare_tensor weights; /* as given, but of the losses' dtype and checked */
} weighed;

static weighed weigh(tare_tensor losses, tare_tensor weights) {
    weighed w = {.losses = losses, .products = losses, .weights = weights};
    if (!weights.immediate)
        w.weights = tare_check_weights(tare_operand_as(weights, tare_tensor_dtype(losses)), losses);
    if (!weights.immediate || weights.number != 1) w.products = tare_mul(losses, w.weights);
    return w;
}

static tare_tensor wide_weights(const weighed *w) {
    return tare_broadcast_like(w->weights, w->losses, TARE_NO_LIST, false);
}

static tare_tensor count_losses(const weighed *w) {
    return tare_cast(tare_size_of(w->losses), tare_tensor_dtype(w->losses));
}

static tare_tensor sum_weights(const weighed *w) {
    if (w->weights.immediate) return tare_mul(count_losses(w), w->weights);
    return tare_reduce_sum(wide_weights(w));
}

static tare_tensor count_nonzero(const weighed *w) {
    if (w->weights.immediate && w->weights.number != 0) return count_losses(w);
    if (w->weights.immediate) return tare_zeros_like(count_losses(w));
    const tare_tensor present = tare_not_equal(wide_weights(w), tare_number(0));
    return tare_reduce_sum(tare_cast(present, tare_tensor_dtype(w->losses)));
}

static tare_tensor (*const divisors[])(const weighed *w) = {
    [TARE_REDUCTION_SUM_OVER_BATCH_SIZE] = count_losses,
    [TARE_REDUCTION_MEAN] = sum_weights,
    [TARE_REDUCTION_SUM_BY_NONZERO_WEIGHTS] = count_nonzero,
};

/* The result under TensorFlow's name of it; whole numbers lose it to the cast back. */
static tare_tensor reduce(tare_loss *loss, const weighed *w, bool shown) {
    const int reduction = loss->common.reduction;
    if (reduction == TARE_REDUCTION_NONE) {
        if (shown) tare_loss_show(loss);
        return tare_identity(w->products, .name = "Mul");
    }
    if (reduction == TARE_REDUCTION_SUM) {
        if (shown) tare_loss_show(loss);
        return tare_reduce_sum(w->products, .name = "Sum");
    }
    const tare_tensor sum = tare_reduce_sum(w->products), divisor = divisors[reduction](w);
    if (shown) tare_loss_show(loss);
    return tare_div_no_nan(sum, divisor, .name = "value");
}

static bool has_reduction(const tare_loss *loss) {
    return tare_loss_option_within(loss, "reduction", loss->common.reduction, TARE_REDUCTION_NONE,
                                   TARE_REDUCTION_SUM_BY_NONZERO_WEIGHTS, "one of tare_reduction");
}

static bool has_weights(const tare_loss *loss) {
    const tare_tensor weights = loss->common.weights;
    if (weights.immediate == 1) return true;
    return tare_operand_given(&loss->blame, weights, "weights");
}

/* Whole numbers are weighed as float32 and cast back. */
static tare_tensor weigh_and_reduce(tare_loss *loss, tare_tensor losses) {
    if (!has_reduction(loss) || !has_weights(loss)) return TARE_NULL;
    const tare_dtype dtype = tare_tensor_dtype(losses);
    const tare_tensor floating = tare_operand_floating(losses);
    const bool whole = tare_tensor_dtype(floating) != dtype;
    const weighed w = weigh(floating, loss->common.weights);
    const tare_tensor result = reduce(loss, &w, !whole);
    if (!whole) return result;
    tare_loss_show(loss);
    return tare_cast(result, dtype);
}

/* ---- ending */

void tare_loss_show(tare_loss *loss) {
    if (loss->hidden) tare_graph_hidden_end(loss->blame.graph);
    loss->hidden = false;
}

tare_tensor tare_loss_end(tare_loss *loss, tare_tensor losses) {
    tare_tensor result = TARE_NULL;
    if (loss->open && tare_graph_status(loss->blame.graph) == TARE_OK)
        result = weigh_and_reduce(loss, losses);
    return tare_loss_close(loss, result);
}

tare_tensor tare_loss_close(tare_loss *loss, tare_tensor result) {
    tare_graph *graph = loss->blame.graph;
    const char *collection = loss->common.loss_collection;
    tare_loss_show(loss);
    if (loss->open) tare_name_scope_end(graph);
    if (loss->open && collection && collection[0] && tare_graph_status(graph) == TARE_OK)
        tare_add_to_collection(graph, collection, result);
    if (loss->begun) tare_graph_attempt_end(graph, &loss->attempt);
    const bool made = loss->open && tare_graph_status(graph) == TARE_OK;
    return made ? result : (tare_tensor){.graph = graph};
}

/* ---- losses without options of their own */

tare_tensor tare_loss_plain(const tare_loss_def *def, tare_loss_formula formula, tare_tensor labels,
                            tare_tensor predictions, const tare_losses_options *options) {
    tare_losses_options given;
    tare_options_adopt(&tare_losses_table, options, &given);
    tare_loss loss;
    tare_tensor losses = TARE_NULL;
    if (tare_loss_begin(&loss, def, labels, predictions, TARE_LOSS_COMMON(given)) &&
        tare_loss_match(&loss))
        losses = formula(loss.labels, loss.predictions);
    return tare_loss_end(&loss, losses);
}

tare_tensor tare_losses_compute_weighted_loss_with(tare_tensor losses,
                                                   const tare_losses_options *options) {
    static const tare_loss_def def = {
        "compute_weighted_loss", "weighted_loss", NULL, "losses", &tare_losses_table, NULL};
    tare_losses_options given;
    tare_options_adopt(&tare_losses_table, options, &given);
    tare_loss loss;
    tare_loss_begin(&loss, &def, TARE_NULL, losses, TARE_LOSS_COMMON(given));
    return tare_loss_end(&loss, losses);
}
