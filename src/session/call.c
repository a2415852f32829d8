/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on a session: who may enter and when, what is handed out, what a failed one says. */
#include "base/status.h"
#include "session/session.h"

#include <string.h>

static tare_status check_graph(tare_session *session) {
    const char *scope = NULL;
    if (tare_graph_status(session->graph) != TARE_OK) {
        session->error = *tare_graph_error(session->graph);
        return session->error.status;
    }
    if (tare_graph_open_scopes(session->graph, &scope) > 0)
        return tare_fail_at(&session->error, TARE_ERROR_STATE, "session", scope,
                            "a graph whose scope is still open", "the end of every scope first");
    return TARE_OK;
}

tare_status tare_session_enter(tare_session *session) {
    if (!session) return TARE_ERROR_ARGUMENT;
    if (!tare_flag_take(&session->busy))
        return TARE_ERROR_BUSY; /* the error belongs to the other call */
    tare_status status = TARE_OK;
    if (tare_pool_is_foreign(session->pool))
        status =
            tare_fail_at(&session->error, TARE_ERROR_STATE, "session", NULL,
                         "a session that a parent process made", "a session made after the fork");
    else if (session->closed)
        status = tare_fail_at(&session->error, TARE_ERROR_STATE, "session", NULL,
                              "a closed session", "an open one");
    else
        status = check_graph(session);
    session->limit_hit = false;
    if (status != TARE_OK) tare_flag_give(&session->busy);
    return status;
}

tare_status tare_session_leave(tare_session *session, tare_status status) {
    if (status == TARE_ERROR_MEMORY && session->limit_hit)
        status = tare_fail_at(&session->error, TARE_ERROR_LIMIT, "session", "memory_limit",
                              "more memory wanted than the limit leaves",
                              "a higher limit or smaller batches");
    tare_flag_give(&session->busy);
    return status;
}

tare_status tare_session_close(tare_session *session) {
    TARE_TRY(tare_session_enter(session));
    session->closed = true;
    return tare_session_leave(session, TARE_OK);
}

void tare_session_cancel(tare_session *session) {
    if (session) tare_flag_set(&session->cancelled);
}

tare_status tare_session_hand_out(void *into, const void *made, size_t size) {
    size_t bytes = 0;
    if (into) memcpy(&bytes, into, sizeof bytes);
    if (bytes < sizeof bytes) return TARE_ERROR_ARGUMENT;
    const size_t known = bytes < size ? bytes : size;
    memcpy((char *)into + sizeof bytes, (const char *)made + sizeof bytes, known - sizeof bytes);
    return TARE_OK;
}

const char *tare_session_message(const tare_session *session) {
    return session ? session->error.message : "";
}

const tare_error *tare_session_error(const tare_session *session) {
    return session && session->error.status != TARE_OK ? &session->error : NULL;
}
