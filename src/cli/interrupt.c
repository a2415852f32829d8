/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: the one thing a program cannot be told but through a global. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;

static void note(int signal) {
    (void)signal;
    came = 1;
}

void tare_interrupt_begin(void) {
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL); /* where it fails, signals end the process as usual */
    (void)sigaction(SIGTERM, &action, NULL);
}

bool tare_interrupt_came(void *user) {
    (void)user;
    return came != 0;
}
