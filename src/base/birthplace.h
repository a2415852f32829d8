/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which process something was made in, asked often and answered without a system call: a page that
 * the kernel wipes in every forked child (Linux 4.14, MADV_WIPEONFORK) holds a mark; where there is
 * no such page, the process number decides.
 */
#ifndef TARE_SRC_BASE_BIRTHPLACE_H
#define TARE_SRC_BASE_BIRTHPLACE_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct tare_birthplace {
    volatile int *mark; /* a page of its own, NULL where the kernel has none to wipe */
    pid_t process;
} tare_birthplace;

tare_birthplace tare_birthplace_here(void);                   /* never fails; to be forgotten */
bool tare_birthplace_left(const tare_birthplace *birthplace); /* true in a child forked since */
void tare_birthplace_forget(tare_birthplace *birthplace);

#endif
