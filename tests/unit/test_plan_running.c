/* SPDX-License-Identifier: Apache-2.0 */
/* From its second run on a merged plan allocates nothing: neither by its session's allocator nor,
 * in a kernel or a worker, by malloc, whose family the linker leads through here. */
#include "network_trial.h"

#include "wrapped_libc.h"

#include <stdatomic.h>

static atomic_int allocations;

void *__wrap_malloc(size_t bytes) {
    atomic_fetch_add(&allocations, 1);
    return __real_malloc(bytes);
}
void *__wrap_calloc(size_t count, size_t bytes) {
    atomic_fetch_add(&allocations, 1);
    return __real_calloc(count, bytes);
}
void *__wrap_realloc(void *block, size_t bytes) {
    atomic_fetch_add(&allocations, 1);
    return __real_realloc(block, bytes);
}
void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    atomic_fetch_add(&allocations, 1);
    return __real_aligned_alloc(alignment, bytes);
}
int __wrap_posix_memalign(void **block, size_t alignment, size_t bytes) {
    atomic_fetch_add(&allocations, 1);
    return __real_posix_memalign(block, alignment, bytes);
}

static void run(const network_trial *t, tare_session *session, tare_tensor fetch, int times) {
    for (int i = 0; i < times; i++) {
        tare_array *result = NULL; /* the session's own */
        if (tare_session_run(session, t->feeds, t->feed_count, &fetch, 1, &result))
            fail_msg("%s", tare_session_message(session));
    }
}

/* rides: what the plan must say of its merged steps. */
static void runs_without_allocating(const network_trial *t, const char *name, tare_tensor fetch,
                                    int threads, const char *rides) {
    tare_session *session = NULL;
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.threads = threads;
    assert_int_equal(tare_session_new_with(t->graph, &options, &session, NULL), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    run(t, session, fetch, 1);
    const int before = atomic_load(&allocations);
    assert_true(before > 0);
    run(t, session, fetch, 3);
    const int more = atomic_load(&allocations) - before;
    if (more != 0) fail_msg("%s, %d threads: %d allocations", name, threads, more);
    char *plan = NULL;
    assert_int_equal(tare_session_plan_text(session, t->feeds, t->feed_count, &fetch, 1, &plan),
                     TARE_OK);
    if (!strstr(plan, rides)) fail_msg("%s: no %s in the plan", name, rides);
    tare_text_free(plan);
    tare_session_free(session);
}

/* Every one with moments that ride on a convolution in training, folded weights in inference. */
static const struct {
    const char *name, *settings;
} networks[] = {{"lenet_bn", ""},
                {"resnet20", "size=12"},
                {"mobilenet", ""},
                {"heatmap", "size=16,width=8"},
                {"conv3d", "size=8,depth=4"}};

static void no_training_step_allocates(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        network_trial t = network_begin(networks[i].name, networks[i].settings, 4);
        for (int threads = 1; threads <= 3; threads += 2)
            runs_without_allocating(&t, networks[i].name, t.network.train, threads,
                                    "channel_moments '");
        network_end(&t);
    }
}

static void no_inference_allocates(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        network_trial t = network_begin(networks[i].name, networks[i].settings, 4);
        tare_array_free((tare_array *)t.feeds[2].array);
        t.feeds[2].array = tare_array_bool(false);
        for (int threads = 1; threads <= 3; threads += 2)
            runs_without_allocating(&t, networks[i].name, t.network.logits, threads,
                                    "fold_weights ");
        network_end(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_training_step_allocates),
        cmocka_unit_test(no_inference_allocates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
