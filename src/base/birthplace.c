/* SPDX-License-Identifier: Apache-2.0 */
/* Telling a forked child from the process that something was made in; see the header. */
#include "base/birthplace.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MARK_BYTES = 4096 }; /* the kernel rounds up to its page */

tare_birthplace tare_birthplace_here(void) {
    tare_birthplace here = {NULL, getpid()};
#ifdef MADV_WIPEONFORK
    void *page = mmap(NULL, MARK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return here;
    if (madvise(page, MARK_BYTES, MADV_WIPEONFORK) == 0) {
        here.mark = page;
        *here.mark = 1;
    } else
        munmap(page, MARK_BYTES);
#endif
    return here;
}

bool tare_birthplace_left(const tare_birthplace *birthplace) {
    return birthplace->mark ? *birthplace->mark == 0 : birthplace->process != getpid();
}

void tare_birthplace_forget(tare_birthplace *birthplace) {
    if (birthplace->mark) munmap((void *)(size_t)birthplace->mark, MARK_BYTES);
    birthplace->mark = NULL;
}
