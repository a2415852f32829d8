/* SPDX-License-Identifier: Apache-2.0 */
/* What passes share that let one node absorb another: who reads a value, which nodes may go, and
 * how one takes the place of others. */
#ifndef TARE_SRC_PLAN_ABSORB_H
#define TARE_SRC_PLAN_ABSORB_H

#include "plan/draft.h"

/* Which live nodes read a value, its shape alone not counted: readers[first[v]] up to
 * readers[first[v + 1]]. Values that are made later have none. */
typedef struct tare_draft_reading {
    int64_t *first;
    int32_t *readers;
    int64_t values;
} tare_draft_reading;
tare_status tare_draft_find_readers(tare_draft *draft, tare_draft_reading *all);

/* A node that may be taken away: it runs for its one value alone, which is not fetched. */
bool tare_draft_may_go(const tare_draft *draft, const tare_draft_node *node);

/* The node as its capabilities see it; it may emit what takes its place. outputs: so many that
 * wanted says of which anybody uses. */
tare_draft_lower tare_draft_lower_for(tare_draft *draft, const tare_draft_node *node,
                                      const bool *wanted, tare_value *outputs,
                                      int32_t output_count);

/* The node that makes `made` stands for another from now on. */
tare_status tare_draft_take_over(tare_draft *draft, tare_value made, int32_t from);

#endif
