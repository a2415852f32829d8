/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of .tflite models share: TensorFlow's arrays and samples, and scales held against its.
 */
#ifndef TARE_TESTS_TFLITE_TRIAL_H
#define TARE_TESTS_TFLITE_TRIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tare/data.h>
#include <tare/tflite.h>

#define FOLDER TARE_SOURCE_DIR "/tests/golden/data/tflite/"

/* Array `name` of FILE.npz; NULL: it has none. */
static inline tare_array *read_array(const char *file, const char *name) {
    char path[512];
    tare_npz *npz = NULL;
    tare_array *array = NULL;
    snprintf(path, sizeof path, FOLDER "%s.npz", file);
    assert_int_equal(tare_npz_open(path, &npz, NULL), TARE_OK);
    (void)tare_npz_read(npz, name, &array, NULL);
    tare_npz_close(npz);
    return array;
}

/* The examples that TensorFlow took its ranges from. */
static inline tare_dataset *samples(void) {
    tare_array *x = read_array("samples", "x"), *labels = NULL;
    tare_dataset *data = NULL;
    assert_non_null(x);
    assert_int_equal(
        tare_array_new(TARE_INT32, TARE_SHAPE(tare_array_shape(x).extents[0]), NULL, &labels),
        TARE_OK);
    memset(tare_array_data(labels), 0, tare_array_bytes(labels));
    assert_int_equal(tare_dataset_new(x, labels, &data, NULL), TARE_OK);
    tare_array_free(x);
    tare_array_free(labels);
    return data;
}

static inline void assert_same_scales(const tare_tflite_tensor *ours,
                                      const tare_tflite_tensor *theirs) {
    assert_string_equal(ours->type, theirs->type);
    if (ours->scale_count != theirs->scale_count ||
        (ours->scale_count > 1 && ours->quantised != theirs->quantised))
        fail_msg("%s: %d scales, TensorFlow has %d", ours->name, (int)ours->scale_count,
                 (int)theirs->scale_count);
    for (int64_t i = 0; i < ours->scale_count; i++) {
        const double got = (double)ours->scales[i], want = (double)theirs->scales[i];
        if (!(fabs(got - want) <= 1e-6 * want) || ours->zero_points[i] != theirs->zero_points[i])
            fail_msg("%s: scale %.9g and zero %d, TensorFlow has %.9g and %d", ours->name, got,
                     (int)ours->zero_points[i], want, (int)theirs->zero_points[i]);
    }
}

/* Tensors by the operators' places in both models, which name them each in its own way. */
static inline void assert_same_steps(const tare_tflite *ours, const tare_tflite *theirs) {
    tare_tflite_step a, b;
    size_t i = 0;
    for (; tare_tflite_operator_at(ours, i, &a); i++) {
        assert_true(tare_tflite_operator_at(theirs, i, &b));
        for (int64_t k = 0; k < a.input_count; k++)
            assert_same_scales(tare_tflite_tensor_at(ours, (size_t)a.inputs[k]),
                               tare_tflite_tensor_at(theirs, (size_t)b.inputs[k]));
        assert_same_scales(tare_tflite_tensor_at(ours, (size_t)a.outputs[0]),
                           tare_tflite_tensor_at(theirs, (size_t)b.outputs[0]));
    }
    assert_false(tare_tflite_operator_at(theirs, i, &b));
}

#endif
