/* SPDX-License-Identifier: Apache-2.0 */
/* A clock for measuring how long something takes. */
#ifndef TARE_SRC_BASE_CLOCK_H
#define TARE_SRC_BASE_CLOCK_H

/* Seconds since some moment; never goes back. */
double tare_clock_seconds(void);

#endif
