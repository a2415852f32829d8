/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks: one for measuring how long something takes, one that tells the time. */
#ifndef TARE_SRC_BASE_CLOCK_H
#define TARE_SRC_BASE_CLOCK_H

/* Seconds since some moment; never goes back. */
double tare_clock_seconds(void);
/* Seconds since the beginning of 1970. */
double tare_wall_seconds(void);

#endif
