/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C and the polite signal to end: noted once, so that training can save and leave. */
#ifndef TARE_SRC_CLI_INTERRUPT_H
#define TARE_SRC_CLI_INTERRUPT_H

#include <stdbool.h>

/* From now on the first SIGINT or SIGTERM is only noted; the second ends the process as usual. */
void tare_interrupt_begin(void);
/* Whether one came. A stop function of tare_fit. */
bool tare_interrupt_came(void *user);

#endif
