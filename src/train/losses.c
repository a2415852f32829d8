/* SPDX-License-Identifier: Apache-2.0 */
/* Every loss there is: one line each. */
#include "train/loss.h"

#include <string.h>

/* clang-format off */
#define LOSSES(loss) \
    loss(tare_absolute_difference_loss) \
    loss(tare_mean_squared_error_loss) \
    loss(tare_mean_pairwise_squared_error_loss) \
    loss(tare_huber_loss) \
    loss(tare_cosine_distance_loss) \
    loss(tare_hinge_loss) \
    loss(tare_log_loss) \
    loss(tare_sigmoid_cross_entropy_loss) \
    loss(tare_softmax_cross_entropy_loss) \
    loss(tare_sparse_softmax_cross_entropy_loss)
/* clang-format on */

#define DECLARE(loss) extern const tare_loss_def loss;
LOSSES(DECLARE)

#define ENTER(loss) &loss,
static const tare_loss_def *const kinds[] = {LOSSES(ENTER)};

static const tare_loss_def *find(const char *kind) {
    for (size_t i = 0; kind && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->name, kind) == 0) return kinds[i];
    return NULL;
}

const char *tare_losses_kind(size_t i) {
    return i < sizeof kinds / sizeof *kinds ? kinds[i]->name : NULL;
}

const tare_option_table *tare_losses_option_table(const char *kind) {
    const tare_loss_def *def = find(kind);
    return def ? def->table : NULL;
}

tare_tensor tare_losses_of_kind(const char *kind, tare_tensor labels, tare_tensor predictions,
                                const void *options) {
    const tare_loss_def *def = find(kind);
    if (def) return def->make(labels, predictions, options);
    const tare_tensor operands[] = {predictions, labels};
    return tare_build_fail(tare_graph_of(operands, 2), TARE_ERROR_NAME, "loss", kind,
                           "a kind that does not exist", "one that tare_losses_kind lists");
}
