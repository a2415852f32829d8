/* SPDX-License-Identifier: Apache-2.0 */
/* The profile as a run fills it. */
#ifndef TARE_SRC_SESSION_PROFILE_H
#define TARE_SRC_SESSION_PROFILE_H

#include "session/session.h"
#include <tare/profile.h>

/* Gives every step of the plan its entry; the first time in a profile alone it does anything. */
tare_status tare_session_profile_plan(tare_session *session, tare_cached_plan *cached);
/* A step has run, from `begin` on. */
void tare_session_profile_step(tare_profile *profile, int64_t entry, const tare_step *step,
                               double begin, double seconds);
/* All steps of a run have. */
void tare_session_profile_run(tare_profile *profile);
void tare_session_profile_free(tare_session *session);

#endif
