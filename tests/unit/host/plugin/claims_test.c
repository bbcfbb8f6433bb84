/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/claims.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "suite.h"

static const mesh_agent echo = { .size = sizeof(mesh_agent), .name = "echo" };
static const mesh_agent other = { .size = sizeof(mesh_agent), .name = "other" };

/* Somebody who waits on a thread of its own. */
struct waiter {
    struct claims *claims;
    struct claim claim;
    pthread_t thread;
    atomic_bool through;
};

static void *wait_main(void *closure)
{
    struct waiter *waiter = closure;
    claims_wait(waiter->claims, &waiter->claim);
    atomic_store(&waiter->through, true);
    return NULL;
}

static void enter(struct waiter *waiter, struct claims *claims, uint64_t batch, size_t rank)
{
    waiter->claims = claims;
    waiter->claim = (struct claim){ .batch = batch, .rank = rank };
    atomic_init(&waiter->through, false);
    claims_enter(claims, &waiter->claim);
}

static void begin_to_wait(struct waiter *waiter)
{
    pthread_create(&waiter->thread, NULL, wait_main, waiter);
}

/* A moment in which whoever may pass would have passed. */
static bool is_held(struct waiter *waiter)
{
    const struct timespec moment = { 0, 30000000 };
    nanosleep(&moment, NULL);
    return !atomic_load(&waiter->through);
}

static void join(struct waiter *waiter)
{
    pthread_join(waiter->thread, NULL);
    claims_leave(waiter->claims, &waiter->claim);
}

static void the_first_waits_for_nobody(void)
{
    struct claims claims;
    struct waiter first, second;
    expect_true(claims_init(&claims));
    enter(&second, &claims, 1, 2);
    enter(&first, &claims, 1, 1);
    claims_wait(&claims, &first.claim);
    claims_leave(&claims, &first.claim);
    claims_leave(&claims, &second.claim);
    claims_clear(&claims);
}

static void a_later_one_waits_until_the_names_of_the_first_are_known(void)
{
    struct claims claims;
    struct waiter first, second;
    expect_true(claims_init(&claims));
    enter(&first, &claims, 1, 1);
    enter(&second, &claims, 1, 2);
    claims_know(&claims, &second.claim, &echo, 1);
    begin_to_wait(&second);
    expect_true(is_held(&second));
    claims_know(&claims, &first.claim, &other, 1);
    join(&second);
    claims_leave(&claims, &first.claim);
    claims_clear(&claims);
}

static void a_later_one_waits_for_a_decision_about_a_common_name(void)
{
    struct claims claims;
    struct waiter first, second;
    expect_true(claims_init(&claims));
    enter(&first, &claims, 1, 1);
    enter(&second, &claims, 1, 2);
    claims_know(&claims, &first.claim, &echo, 1);
    claims_know(&claims, &second.claim, &echo, 1);
    begin_to_wait(&second);
    expect_true(is_held(&second));
    claims_leave(&claims, &first.claim);
    join(&second);
    claims_clear(&claims);
}

static void another_batch_is_not_waited_for(void)
{
    struct claims claims;
    struct waiter first, second;
    expect_true(claims_init(&claims));
    enter(&first, &claims, 1, 1);
    enter(&second, &claims, 2, 2);
    claims_wait(&claims, &second.claim);
    claims_leave(&claims, &first.claim);
    claims_leave(&claims, &second.claim);
    claims_clear(&claims);
}

SUITE(host_plugin_claims, TEST(the_first_waits_for_nobody),
      TEST(a_later_one_waits_until_the_names_of_the_first_are_known),
      TEST(a_later_one_waits_for_a_decision_about_a_common_name), TEST(another_batch_is_not_waited_for))
