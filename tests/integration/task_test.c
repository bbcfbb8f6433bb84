/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that run by themselves, once or again and again (protocol 7.2). */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "agents.h"
#include "base/clock.h"

enum { WAIT_MS = 20000, NEVER_MS = 100, MANY = 64 };

/* What a task does and what became of it. */
struct log {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t began_ms[MANY];
    int count;    /* how often it was called */
    int failures; /* so many of the first calls fail */
    uint32_t takes_ms;
    bool runs; /* now */
    int32_t stop;
    char thread[32];
};

static void log_init(struct log *log)
{
    memset(log, 0, sizeof(*log));
    pthread_mutex_init(&log->lock, NULL);
    clock_cond_init(&log->changed);
}

static bool log_has(struct log *log, int count)
{
    uint64_t deadline = clock_deadline(WAIT_MS);
    pthread_mutex_lock(&log->lock);
    while (log->count < count && clock_cond_wait(&log->changed, &log->lock, deadline))
        ;
    bool has = log->count >= count;
    pthread_mutex_unlock(&log->lock);
    return has;
}

static mesh_status note(mesh_emitter *emitter, void *state, mesh_error *err)
{
    struct log *log = state;
    pthread_mutex_lock(&log->lock);
    expect_false(log->runs);
    log->runs = true;
    int number = log->count;
    if (number < MANY)
        log->began_ms[number] = clock_ms();
    pthread_getname_np(pthread_self(), log->thread, sizeof(log->thread));
    pthread_mutex_unlock(&log->lock);

    int32_t stop = log->takes_ms ? mesh_emitter_wait(emitter, log->takes_ms) : 0;

    pthread_mutex_lock(&log->lock);
    log->runs = false;
    log->count++;
    log->stop = stop;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
    if (number < log->failures)
        return mesh_error_set_code(err, "no_luck", "the disk is full", NULL);
    return MESH_OK;
}

static void run(mesh_client *client, const char *name, struct log *log, uint32_t every_ms)
{
    const mesh_agent agent = MESH_REPEATED(name, "For a test.", note, every_ms);
    expect_int(mesh_register(client, &agent, log, NULL), MESH_OK);
}

static void a_task_runs_once_in_a_thread_with_its_name_and_stays_listed(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct log log;
    log_init(&log);
    struct ear *logs = peer_listen(peer, "mesh.logs.once"), *events = peer_listen(peer, "mesh.agent.once.events");
    run(client, "once", &log, 0);
    expect_true(log_has(&log, 1));
    expect_str(log.thread, "mesh/once");
    expect_true(is_announced(peer, client, "once"));
    auto_free char *entry = stored_entry(peer, "once");
    expect_contains(entry, "\"invocable\":false");
    expect_contains(entry, "\"streaming\":false");
    struct link_message event = ear_next(logs, WAIT_MS), more = ear_next(logs, NEVER_MS), end = ear_next(events, 1);
    expect_contains(said(&event), "agent_registered");
    expect_str(said(&more), "(none)");
    expect_str(said(&end), "(none)");
    link_message_clear(&event);
    link_message_clear(&more);
    link_message_clear(&end);
    mesh_client_close(client);
    expect_int(log.count, 1);
    peer_close(peer);
}

static void a_repeated_task_skips_the_times_that_it_misses(void)
{
    mesh_client *client = peer_client(NULL);
    struct log log;
    log_init(&log);
    log.takes_ms = 130; /* of 100: every second time is missed */
    run(client, "often", &log, 100);
    expect_true(log_has(&log, 4));
    mesh_client_close(client);
    for (int i = 1; i < 4; i++) {
        uint64_t between_ms = log.began_ms[i] - log.began_ms[i - 1];
        expect_true(between_ms >= 150); /* a machine that is slow makes it 300 */
    }
}

static void a_stop_ends_the_pause_and_tells_the_task_why(void)
{
    mesh_client *client = peer_client(NULL);
    struct log pausing, running;
    log_init(&pausing);
    log_init(&running);
    running.takes_ms = 600000;
    run(client, "pausing", &pausing, 600000);
    run(client, "running", &running, 0);
    expect_true(log_has(&pausing, 1));
    uint64_t began = clock_ms();
    expect_int(mesh_unregister(client, "pausing", NULL), MESH_OK);
    expect_int(mesh_client_stop(client, 0, NULL), MESH_OK);
    expect_true(clock_ms() - began < WAIT_MS);
    expect_int(pausing.count, 1);
    expect_int(running.count, 1);
    expect_int(running.stop, MESH_STOP_DRAIN);
    mesh_client_close(client);
}

static void a_task_that_fails_is_told_of_and_runs_again(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct log log;
    log_init(&log);
    log.failures = 1;
    struct ear *logs = peer_listen(peer, "mesh.logs.unlucky");
    run(client, "unlucky", &log, 0);
    expect_true(log_has(&log, 2));
    expect_true(log.began_ms[1] - log.began_ms[0] >= 1000); /* not in a frenzy */
    struct link_message first = ear_next(logs, WAIT_MS), second = ear_next(logs, WAIT_MS);
    bool swapped = strstr(said(&first), "request_failed") != NULL; /* it may fail before its registration is told */
    const struct link_message *failed = swapped ? &first : &second;
    expect_contains(said(failed), "\"event\":\"request_failed\"");
    expect_contains(said(failed), "\"level\":\"error\"");
    expect_contains(said(failed), "the disk is full");
    expect_contains(said(failed), "no_luck");
    link_message_clear(&first);
    link_message_clear(&second);
    mesh_client_close(client);
    expect_int(log.count, 2);
    peer_close(peer);
}

static mesh_status emit_in_vain(mesh_emitter *emitter, void *state, mesh_error *err)
{
    atomic_int *seen = state;
    struct pollfd readable = { .fd = mesh_emitter_stop_fd(emitter), .events = POLLIN };
    expect_int(mesh_emit(emitter, mesh_text("1"), err), MESH_E_INVALID_ARGUMENT);
    expect_contains(mesh_error_text(err), "mesh_publish()");
    expect_int(mesh_emitter_stopped(emitter), MESH_STOP_NONE);
    *seen = 1;
    expect_int(poll(&readable, 1, WAIT_MS), 1);
    expect_int(mesh_emitter_stopped(emitter), MESH_STOP_DRAIN);
    *seen = 2;
    return mesh_error_set(err, MESH_E_STOPPED, "told to stop"); /* no failure */
}

static bool is_set(void *data)
{
    return *(atomic_int *)data != 0;
}

static void a_task_has_no_listeners_and_a_descriptor_tells_it_to_stop(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    atomic_int seen = 0;
    struct ear *logs = peer_listen(peer, "mesh.logs.vain");
    const mesh_agent agent = MESH_TASK("vain", "For a test.", emit_in_vain);
    expect_int(mesh_register(client, &agent, &seen, NULL), MESH_OK);
    expect_true(comes_true(is_set, &seen, WAIT_MS));
    mesh_client_close(client);
    expect_int(seen, 2);
    for (struct link_message event; (event = ear_next(logs, NEVER_MS)).handle;) {
        expect_true(strstr(said(&event), "request_failed") == NULL);
        link_message_clear(&event);
    }
    peer_close(peer);
}

static void a_task_begins_anew_when_it_is_moved(void)
{
    mesh_client *host = peer_client(NULL), *children[2];
    struct log logs[2];
    for (int i = 0; i < 2; i++) {
        mesh_child_options options = MESH_CHILD_OPTIONS_INIT;
        options.name = i == 0 ? "g1.plugin" : "g2.plugin";
        log_init(&logs[i]);
        logs[i].takes_ms = 600000;
        expect_int(mesh_child_open(host, &options, &children[i], NULL), MESH_OK);
        run(children[i], "moved", &logs[i], 0);
    }
    expect_int(mesh_child_swap(NULL, children[0], NULL), MESH_OK);
    expect_int(mesh_child_swap(children[0], children[1], NULL), MESH_OK);
    mesh_client_close(children[0]);
    expect_int(logs[0].count, 1);
    mesh_client_close(children[1]);
    expect_int(logs[1].count, 1);
    expect_str(logs[1].thread, "g2.plugin/moved");
    mesh_client_close(host);
}

SUITE(integration_task, TEST(a_task_runs_once_in_a_thread_with_its_name_and_stays_listed),
      TEST(a_repeated_task_skips_the_times_that_it_misses), TEST(a_stop_ends_the_pause_and_tells_the_task_why),
      TEST(a_task_that_fails_is_told_of_and_runs_again),
      TEST(a_task_has_no_listeners_and_a_descriptor_tells_it_to_stop), TEST(a_task_begins_anew_when_it_is_moved))
