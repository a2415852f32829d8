/* SPDX-License-Identifier: Apache-2.0 */
/* Every op there is: one line per family. */
#include "graph/op.h"

/* clang-format off */
#define FAMILIES(family) \
    family(tare_graph_ops) \
    family(tare_identity_ops) \
    family(tare_fill_ops) \
    family(tare_group_ops) \
    family(tare_cast_ops) \
    family(tare_unary_ops) \
    family(tare_activation_ops) \
    family(tare_activation_gradient_ops) \
    family(tare_binary_ops) \
    family(tare_compare_ops) \
    family(tare_logical_ops) \
    family(tare_add_n_ops) \
    family(tare_select_ops) \
    family(tare_clip_ops) \
    family(tare_fake_quant_ops) \
    family(tare_moving_range_ops) \
    family(tare_int8_product_ops) \
    family(tare_int8_transpose_ops) \
    family(tare_int8_resize_ops) \
    family(tare_int8_pool_ops) \
    family(tare_int8_mean_ops) \
    family(tare_int8_add_ops) \
    family(tare_int8_softmax_ops) \
    family(tare_int8_convert_ops) \
    family(tare_assign_ops) \
    family(tare_reduce_ops) \
    family(tare_others_ops) \
    family(tare_argmax_ops) \
    family(tare_l2_loss_ops) \
    family(tare_like_ops) \
    family(tare_reshape_ops) \
    family(tare_transpose_ops) \
    family(tare_concat_ops) \
    family(tare_split_ops) \
    family(tare_unstack_ops) \
    family(tare_slice_ops) \
    family(tare_strided_slice_ops) \
    family(tare_pad_ops) \
    family(tare_tile_ops) \
    family(tare_gather_ops) \
    family(tare_segment_ops) \
    family(tare_top_k_ops) \
    family(tare_argwhere_ops) \
    family(tare_confusion_matrix_ops) \
    family(tare_threshold_counts_ops) \
    family(tare_check_weights_ops) \
    family(tare_one_hot_ops) \
    family(tare_broadcast_ops) \
    family(tare_cumsum_ops) \
    family(tare_reverse_ops) \
    family(tare_depth_space_ops) \
    family(tare_batch_space_ops) \
    family(tare_diag_ops) \
    family(tare_shape_of_ops) \
    family(tare_matmul_ops) \
    family(tare_tensordot_ops) \
    family(tare_bias_ops) \
    family(tare_fold_ops) \
    family(tare_finished_convolution_ops) \
    family(tare_finished_matmul_ops) \
    family(tare_softmax_ops) \
    family(tare_cross_entropy_ops) \
    family(tare_convolution_ops) \
    family(tare_convolution_transpose_ops) \
    family(tare_pooling_ops) \
    family(tare_resize_ops) \
    family(tare_lrn_ops) \
    family(tare_dropout_ops) \
    family(tare_random_ops) \
    family(tare_summary_ops) \
    family(tare_apply_ops) \
    family(tare_assign_mul_ops) \
    family(tare_constrain_ops) \
    family(tare_update_average_ops) \
    family(tare_schedule_ops) \
    family(tare_batch_norm_ops) \
    family(tare_batch_norm_gradient_ops) \
    family(tare_activated_batch_norm_ops) \
    family(tare_activated_batch_norm_gradient_ops) \
    family(tare_activation_inverse_ops) \
    family(tare_batch_normalization_ops) \
    family(tare_moments_ops) \
    family(tare_standardize_ops) \
    family(tare_statistics_ops) \
    family(tare_moving_average_ops) \
    family(tare_share_ops) \
    family(tare_normalisation_steps)
/* clang-format on */

#define DECLARE(family) extern const tare_op_def family[];
FAMILIES(DECLARE)

#define ENTER(family) family,
const tare_op_def *const tare_op_families[] = {FAMILIES(ENTER) NULL};
