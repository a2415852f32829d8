/* SPDX-License-Identifier: Apache-2.0 */
/* The table of checks: one line each, in the order in which findings are told. */
#include "norm/doctor.h"

/* clang-format off */
static const tare_check *const checks[] = {
    &tare_check_never_updated,
    &tare_check_missing_statistics,
    &tare_check_not_finite,
    &tare_check_slow_momentum,
    &tare_check_one_value,
    &tare_check_tiny_batches,
    &tare_check_mode_gap,
    &tare_check_output_norm,
    &tare_check_label_scale,
    &tare_check_predicts_mean,
    &tare_check_update_rhythm,
    &tare_check_several_streams,
    &tare_check_inverted_momentum,
    &tare_check_dropout_before,
    &tare_check_dead_channels,
    &tare_check_bias_before,
};
/* clang-format on */
enum { CHECKS = sizeof checks / sizeof *checks };

const tare_check *tare_check_of_table(size_t i) { return i < CHECKS ? checks[i] : NULL; }

const tare_check_description *tare_check_at(size_t i) {
    return i < CHECKS ? &checks[i]->about : NULL;
}
