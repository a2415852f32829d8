/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling a tare_error: the one place where a failure becomes a sentence. What does not fit a field
 * is cut between two UTF-8 characters. The texts given may be fields of the error itself.
 */
#ifndef TARE_SRC_BASE_STATUS_H
#define TARE_SRC_BASE_STATUS_H

#include <stdarg.h>
#include <tare/base.h>

/* Records a failure with a free sentence (no op, got or need) and returns its status. error may be
 * NULL. */
tare_status tare_fail(tare_error *error, tare_status status, const char *format, ...)
    TARE_PRINTF(3, 4);

/*
 * Records a failure by its parts and makes the sentence "OP 'NODE': got GOT; needs NEED". Parts
 * that are NULL or "" are left out, together with their words. Returns status.
 */
tare_status tare_fail_at(tare_error *error, tare_status status, const char *op, const char *node,
                         const char *got, const char *need);

/* Records a failure of a file: "'model.npz': SENTENCE", with the path as the error's node. */
tare_status tare_fail_file(tare_error *error, tare_status status, const char *path,
                           const char *format, ...) TARE_PRINTF(4, 5);

/* An out-of-memory failure: needs no memory itself. */
tare_status tare_fail_memory(tare_error *error);

/* Makes error hold nothing. */
void tare_error_clear(tare_error *error);

/* Runs an expression of type tare_status and returns from the calling function unless it is
 * TARE_OK. */
#define TARE_TRY(expression)                                                                       \
    do {                                                                                           \
        tare_status tare_try_status_ = (expression);                                               \
        if (tare_try_status_ != TARE_OK) return tare_try_status_;                                  \
    } while (0)

#endif
