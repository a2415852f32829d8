/* SPDX-License-Identifier: Apache-2.0 */
/* A network of the zoo as a .tflite model, its batch normalisations folded. */
#ifndef TARE_SRC_CLI_FOLDED_H
#define TARE_SRC_CLI_FOLDED_H

#include "cli/workshop.h"
#include <tare/norm.h>
#include <tare/tflite.h>

/* Whether a path ends in .tflite. */
bool tare_is_tflite(const char *path);

/* Folds the session's batch normalisations, all of which must go, and exports what is left, with
 * the ranges that training with fake quantisation found: the network is from then on as it was
 * without.
 * *folding (NULL: not wanted) and *model are the caller's, set also where it fails. */
tare_status tare_folded_model(tare_workshop *workshop, tare_folding **folding, tare_tflite **model,
                              tare_error *error);

#endif
