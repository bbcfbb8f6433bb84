/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/step.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "plugin/census.h"
#include "suite.h"

enum { SOON_MS = 10000 };

/* Two gates that a step passes: it tells that it runs, and waits until it may return. */
struct gates {
    sem_t runs, may_return;
    char name[CENSUS_NAME_SIZE];
};

static void pass_gates(void *closure)
{
    struct gates *gates = closure;
    pthread_getname_np(pthread_self(), gates->name, sizeof(gates->name));
    sem_post(&gates->runs);
    sem_wait(&gates->may_return);
}

static void a_step_can_be_waited_for_and_given_up(void)
{
    struct gates gates;
    sem_init(&gates.runs, 0, 0);
    sem_init(&gates.may_return, 0, 0);
    struct step *step = step_start("g7.a-long-name-of-a-plugin", pass_gates, &gates);
    expect_true(step);
    sem_wait(&gates.runs);
    expect_str(gates.name, "g7.a-long-name-");
    expect_false(step_wait(step, clock_deadline(20)));
    sem_post(&gates.may_return);
    expect_true(step_wait(step, CLOCK_NEVER));
    expect_true(step_wait(step, 0)); /* it stays so */
    expect_true(!step_free(step));
    sem_destroy(&gates.runs);
    sem_destroy(&gates.may_return);
}

static void a_thread_is_found_by_the_beginning_of_its_name(void)
{
    struct gates gates;
    char name[CENSUS_NAME_SIZE];
    sem_init(&gates.runs, 0, 0);
    sem_init(&gates.may_return, 0, 0);
    struct step *step = step_start("g12.echo", pass_gates, &gates);
    sem_wait(&gates.runs);
    expect_true(census_finds("g12.", name));
    expect_str(name, "g12.echo");
    expect_false(census_finds("g1.", name));
    expect_false(census_finds("echo", name));
    sem_post(&gates.may_return);
    expect_true(step_wait(step, CLOCK_NEVER));
    step_free(step);

    uint64_t deadline = clock_deadline(SOON_MS);
    while (census_finds("g12.", name) && clock_left_ms(deadline) > 0)
        continue;
    expect_false(census_finds("g12.", name));
    sem_destroy(&gates.runs);
    sem_destroy(&gates.may_return);
}

enum { ASKERS = 16 };

static void *ask(void *closure)
{
    char name[CENSUS_NAME_SIZE];
    for (int i = 0; i < 20; i++)
        *(bool *)closure &= census_finds("asker", name) && !census_finds("nobody", name);
    return NULL;
}

static void many_may_ask_at_once(void)
{
    pthread_t threads[ASKERS];
    bool right[ASKERS];
    char own[CENSUS_NAME_SIZE];
    pthread_getname_np(pthread_self(), own, sizeof(own));
    pthread_setname_np(pthread_self(), "asker"); /* the others inherit it */
    for (size_t i = 0; i < ASKERS; i++) {
        right[i] = true;
        pthread_create(&threads[i], NULL, ask, &right[i]);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        pthread_join(threads[i], NULL);
        expect_true(right[i]);
    }
    pthread_setname_np(pthread_self(), own);
}

SUITE(host_plugin_step, TEST(a_step_can_be_waited_for_and_given_up),
      TEST(a_thread_is_found_by_the_beginning_of_its_name), TEST(many_may_ask_at_once))
