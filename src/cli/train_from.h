/* SPDX-License-Identifier: Apache-2.0 */
/* Weights that training begins with. */
#ifndef TARE_SRC_CLI_TRAIN_FROM_H
#define TARE_SRC_CLI_TRAIN_FROM_H

#include <tare/fit.h>

/* Sets what the network's answer depends on, weights and moving statistics, from a file; not the
 * count of steps nor what optimisers keep, since training begins. Ranges of fake quantisation are
 * taken where the file has them. */
tare_status tare_begin_with(tare_session *session, const tare_network *network, const char *path,
                            tare_error *error);

#endif
