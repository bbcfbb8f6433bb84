/* SPDX-License-Identifier: Apache-2.0 */
/* mesh_run(): a program that only serves waits in it, and leaves it when told to. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "peer.h"
#include "suite.h"

struct runner {
    mesh_client *client;
    pthread_t thread;
    atomic_int status; /* -1 while it runs */
};

static void *run(void *closure)
{
    struct runner *runner = closure;
    runner->status = mesh_run(runner->client, NULL);
    return NULL;
}

static void start(struct runner *runner, mesh_client *client)
{
    runner->client = client;
    runner->status = -1;
    pthread_create(&runner->thread, NULL, run, runner);
}

static void expect_ended(struct runner *runner)
{
    pthread_join(runner->thread, NULL);
    expect_int(runner->status, MESH_OK);
}

static void a_stop_said_before_ends_the_next_run(void)
{
    mesh_client *client = peer_client(NULL);
    mesh_stop(client);
    mesh_stop(client);
    expect_int(mesh_run(client, NULL), MESH_OK);

    struct runner runner;
    start(&runner, client);
    mesh_stop(client);
    expect_ended(&runner);
    mesh_client_close(client);
}

static bool is_handled(void *number)
{
    struct sigaction now;
    sigaction(*(int *)number, NULL, &now);
    return now.sa_handler != SIG_DFL;
}

static void signals_end_a_run_and_are_given_back(void)
{
    int signals[] = { SIGINT, SIGTERM };
    mesh_client *client = peer_client(NULL);
    for (size_t i = 0; i < 2; i++) {
        struct runner runner;
        start(&runner, client);
        expect_true(comes_true(is_handled, &signals[1], 10000));
        kill(getpid(), signals[i]);
        expect_ended(&runner);
        expect_false(is_handled(&signals[i]));
    }
    mesh_client_close(client);
}

static void only_one_thread_is_in_it(void)
{
    mesh_client *client = peer_client(NULL), *other = peer_client(NULL);
    struct runner runner;
    int number = SIGTERM;
    start(&runner, client);
    expect_true(comes_true(is_handled, &number, 10000));
    expect_int(mesh_run(other, NULL), MESH_E_EXISTS);
    expect_int(runner.status, -1);
    mesh_stop(client);
    expect_ended(&runner);
    mesh_client_close(other);
    mesh_client_close(client);
}

static void children_do_not_run(void)
{
    mesh_client *client = peer_client(NULL), *child = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_client_child(client, "child", &child, NULL), MESH_OK);
    expect_int(mesh_run(child, &err), MESH_E_INVALID_ARGUMENT);
    expect_contains(mesh_error_text(&err), "not for a child");
    mesh_error_clear(&err);
    mesh_client_close(child);
    mesh_client_close(client);
}

SUITE(integration_run, TEST(a_stop_said_before_ends_the_next_run), TEST(signals_end_a_run_and_are_given_back),
      TEST(only_one_thread_is_in_it), TEST(children_do_not_run))
