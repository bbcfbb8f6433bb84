/* SPDX-License-Identifier: Apache-2.0 */
/* What hosts do with children: prepare agents, move service from one child to another, let the old one go. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "agents.h"
#include "base/clock.h"
#include "golden.h"

static mesh_client *child_of(mesh_client *parent, const char *name)
{
    mesh_child_options options = MESH_CHILD_OPTIONS_INIT;
    mesh_client *child = NULL;
    options.name = name;
    expect_int(mesh_child_open(parent, &options, &child, NULL), MESH_OK);
    return child;
}

static void expect_not_listed(struct peer *peer, const char *agent)
{
    auto_free char *entry = stored_entry(peer, agent);
    auto_free char *contract = stored_contract(peer, agent);
    expect_str(entry, NULL);
    expect_str(contract, NULL);
}

static void prepared_agents_are_not_served_before_the_swap(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *child = child_of(host, "first");
    expect_int(serve_text(child, "staged.a", "1"), MESH_OK);
    expect_int(serve_text(child, "staged.b", "2"), MESH_OK);
    expect_int(serve_text(child, "staged.a", "3"), MESH_E_EXISTS);
    expect_not_listed(peer, "staged.a");
    expect_call(host, "staged.a", "not_found: Agent 'staged.a' not found");
    expect_int(mesh_child_swap(NULL, child, NULL), MESH_OK);
    expect_true(is_announced(peer, host, "staged.a"));
    expect_true(is_announced(peer, host, "staged.b"));
    expect_call(host, "staged.a", "1");
    expect_call(host, "staged.b", "2");
    expect_int(serve_text(child, "staged.late", "3"), MESH_OK); /* it serves now */
    expect_call(host, "staged.late", "3");
    mesh_client_close(child);
    expect_not_listed(peer, "staged.a");
    expect_call(host, "staged.late", "not_found: Agent 'staged.late' not found");
    mesh_client_close(host);
    peer_close(peer);
}

static void only_changed_contracts_are_written(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *one = child_of(host, "one"), *two = child_of(host, "two");
    mesh_agent agent = {
        .size = sizeof(agent), .name = "changed", .description = "Before.", .input_schema = "{}", .call = answer_text
    };
    static char text[] = "2";
    expect_int(serve_text(one, "same", "1"), MESH_OK);
    expect_int(serve_text(one, "vanished", "1"), MESH_OK);
    expect_int(mesh_register(one, &agent, text, NULL), MESH_OK);
    expect_int(mesh_child_swap(NULL, one, NULL), MESH_OK);
    auto_free char *same_before = stored_contract(peer, "same");
    auto_free char *changed_before = stored_contract(peer, "changed");

    struct ear *deaths = peer_listen(peer, "mesh.death.>"), *writes = peer_listen(peer, "$KV.mesh-registry.same");
    agent.description = "After.";
    expect_int(serve_text(two, "same", "2"), MESH_OK);
    expect_int(serve_text(two, "appeared", "2"), MESH_OK);
    expect_int(mesh_register(two, &agent, text, NULL), MESH_OK);
    expect_int(mesh_child_swap(one, two, NULL), MESH_OK);
    auto_free char *same_after = stored_contract(peer, "same");
    auto_free char *changed_after = stored_contract(peer, "changed");
    auto_free char *changed_entry = stored_entry(peer, "changed");
    expect_str(same_after, same_before);
    expect_contains(changed_after, "After.");
    expect_contains(changed_entry, "After.");
    expect_true(strcmp(changed_after, changed_before) != 0);
    expect_true(is_announced(peer, host, "appeared"));
    expect_call(host, "same", "2");
    expect_call(host, "vanished",
                "not_available: Agent 'vanished' is registered but currently offline (lifecycle gate)");

    expect_int(mesh_client_stop(one, 0, NULL), MESH_OK);
    expect_not_listed(peer, "vanished");
    auto_free char *record = stored_record(peer, host);
    expect_json(record, "{\"agents\": [\"appeared\", \"changed\", \"same\"]}");
    struct link_message death = ear_next(deaths, 5000), more = ear_next(deaths, 50), write = ear_next(writes, 1);
    expect_contains(said(&death), "\"vanished\"");
    expect_str(said(&more), "(none)");
    expect_str(said(&write), "(none)");
    link_message_clear(&death);
    link_message_clear(&more);
    link_message_clear(&write);
    mesh_client_close(one);
    expect_call(host, "same", "2");
    mesh_client_close(two);
    expect_not_listed(peer, "same");
    mesh_client_close(host);
    peer_close(peer);
}

static void a_name_of_another_child_stops_the_whole_move(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL), *one = child_of(host, "one"), *two = child_of(host, "two");
    mesh_error err = MESH_ERROR_INIT;
    expect_int(serve_text(one, "owned", "1"), MESH_OK);
    expect_int(serve_text(two, "free", "2"), MESH_OK);
    expect_int(serve_text(two, "owned", "2"), MESH_OK);
    expect_int(mesh_child_swap(NULL, one, NULL), MESH_OK);
    expect_int(mesh_child_swap(NULL, two, &err), MESH_E_EXISTS);
    expect_json(mesh_error_details(&err), "{\"agent\": \"owned\", \"owner\": \"one\"}");
    expect_contains(mesh_error_text(&err), "'owned'");
    mesh_error_clear(&err);
    expect_not_listed(peer, "free");
    expect_call(host, "free", "not_found: Agent 'free' not found");
    expect_call(host, "owned", "1");
    mesh_client_close(one);
    expect_int(mesh_child_swap(NULL, two, &err), MESH_OK);
    expect_call(host, "owned", "2");
    expect_call(host, "free", "2");
    expect_int(serve_text(host, "owned", "3"), MESH_E_EXISTS);
    mesh_client_close(two);
    mesh_client_close(host);
    peer_close(peer);
}

/* ---- requests during a move ---- */

static mesh_client *child_answering(mesh_client *host, const char *name, const char *text)
{
    mesh_client *child = child_of(host, name);
    expect_int(serve_text(child, "busy", text), MESH_OK);
    return child;
}

static void a_request_in_hand_is_finished_by_the_child_that_has_it(void)
{
    struct gate gate;
    struct caller running, waiting;
    gate_init(&gate);
    mesh_client *host = peer_client(NULL), *old = child_of(host, "old"), *next = child_answering(host, "next", "2");
    expect_int(serve(old, "busy", wait_at_gate, &gate), MESH_OK);
    expect_int(mesh_child_swap(NULL, old, NULL), MESH_OK);
    caller_start(&running, host, "busy");
    expect_true(gate_has(&gate, 1));
    caller_start(&waiting, host, "busy");
    mesh_counters counters = { .size = sizeof(counters) };
    uint64_t deadline = clock_deadline(10000);
    while (counters.queued < 1 && clock_left_ms(deadline) > 0)
        mesh_child_counters(old, &counters);
    expect_int(mesh_child_swap(old, next, NULL), MESH_OK);
    expect_call(host, "busy", "2");
    expect_int(mesh_client_stop(old, 50, NULL), MESH_E_TIMEOUT);
    expect_said(&waiting, "not_available: Agent 'busy' gave no answer: it is leaving the mesh");
    expect_said(&running, "not_available: Agent 'busy' gave no answer: it is leaving the mesh");
    gate_open(&gate);
    expect_int(mesh_client_stop(old, 5000, NULL), MESH_OK);
    expect_call(host, "busy", "2");
    mesh_client_close(old);
    mesh_client_close(next);
    mesh_client_close(host);
}

struct load {
    mesh_client *client;
    atomic_bool done;
    atomic_uint calls, failed;
};

static void *call_on_and_on(void *closure)
{
    struct load *load = closure;
    while (!load->done) {
        auto_free char *answer = call(load->client, "busy");
        atomic_fetch_add(&load->calls, 1);
        if (strspn(answer, "0123456789") != strlen(answer)) {
            fprintf(stderr, "a call under load: %s\n", answer);
            atomic_fetch_add(&load->failed, 1);
        }
    }
    return NULL;
}

static bool has_called_on(void *data)
{
    return ((struct load *)data)->calls > 40;
}

static void moves_under_load_lose_no_request(void)
{
    enum { THREADS = 4, MOVES = 30 };
    mesh_client *host = peer_client(NULL), *caller = peer_client(NULL), *serving = child_answering(host, "g0", "0");
    struct load load = { .client = caller };
    pthread_t threads[THREADS];
    char texts[MOVES][8];
    expect_int(mesh_child_swap(NULL, serving, NULL), MESH_OK);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, call_on_and_on, &load);
    for (int move = 0; move < MOVES; move++) {
        snprintf(texts[move], sizeof(texts[move]), "%d", move + 1);
        mesh_client *next = child_answering(host, "next", texts[move]);
        expect_int(mesh_child_swap(serving, next, NULL), MESH_OK);
        expect_call(host, "busy", texts[move]);
        mesh_client_close(serving);
        serving = next;
        load.calls = 0;
        expect_true(comes_true(has_called_on, &load, 20000));
    }
    load.done = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    expect_int(load.failed, 0);
    mesh_client_close(serving);
    mesh_client_close(caller);
    mesh_client_close(host);
}

/* ---- everything at once ---- */

/* A thread that changes what is served, or looks at it, again and again. */
struct changer {
    pthread_t thread;
    mesh_client *host;
    atomic_int *running;
    int number;
};

enum { CHANGES = 40 };

static void *register_and_unregister(void *closure)
{
    struct changer *changer = closure;
    char name[16];
    for (int i = 0; i < CHANGES; i++) {
        snprintf(name, sizeof(name), "come-%d", changer->number % 2); /* two threads share each name */
        static char text[] = "1";
        const mesh_agent agent = {
            .size = sizeof(agent), .name = name, .description = "About.", .input_schema = "{}", .call = answer_text
        };
        mesh_status status = mesh_register(changer->host, &agent, text, NULL);
        expect_true(status == MESH_OK || status == MESH_E_EXISTS);
        status = mesh_unregister(changer->host, name, NULL);
        expect_true(status == MESH_OK || status == MESH_E_NOT_FOUND);
    }
    atomic_fetch_sub(changer->running, 1);
    return NULL;
}

static void *swap_children(void *closure)
{
    struct changer *changer = closure;
    mesh_client *serving = NULL;
    for (int i = 0; i < CHANGES; i++) {
        mesh_client *next = child_answering(changer->host, "next", "1");
        expect_int(mesh_child_swap(serving, next, NULL), MESH_OK);
        mesh_client_close(serving);
        serving = next;
    }
    mesh_client_close(serving);
    atomic_fetch_sub(changer->running, 1);
    return NULL;
}

static int count_agents(void *data, const mesh_agent_stats *stats)
{
    *(int *)data += *stats->name != '\0';
    return 0;
}

static void any_thread_may_change_what_is_served(void)
{
    enum { REGISTRARS = 4 };
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    struct changer changers[REGISTRARS + 1];
    atomic_int running = REGISTRARS + 1;
    for (int i = 0; i <= REGISTRARS; i++) {
        changers[i] = (struct changer){ .host = host, .running = &running, .number = i };
        pthread_create(&changers[i].thread, NULL, i < REGISTRARS ? register_and_unregister : swap_children,
                       &changers[i]);
    }
    while (running > 0) {
        int count = 0;
        mesh_child_agents(host, count_agents, &count);
        free(call(host, "busy"));
        free(call(host, "come-0"));
    }
    for (int i = 0; i <= REGISTRARS; i++)
        pthread_join(changers[i].thread, NULL);
    auto_free char *record = stored_record(peer, host);
    auto_free char *catalog = peer_key(peer, "mesh-catalog", "catalog");
    expect_str(record, NULL);
    expect_json(catalog, "[]");
    mesh_client_close(host);
    peer_close(peer);
}

/* ---- what the operator says ---- */

static mesh_status tell_setting(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_text(mesh_setting(mesh_request_client(request), "answer", "0")), err);
}

static void settings_and_limits_reach_the_child(void)
{
    static const char *const settings[] = { "answer", "42", "empty", "", NULL };
    static const mesh_agent_limits few = { sizeof(few), "few", 3, 1, 150, 0, NULL, NULL };
    static const mesh_agent_limits *const limits[] = { &few, NULL };
    struct gate gate;
    struct caller running[3], waiting;
    mesh_error err = MESH_ERROR_INIT;
    gate_init(&gate);
    mesh_client *host = peer_client(NULL), *child = NULL;
    mesh_child_options options = MESH_CHILD_OPTIONS_INIT;
    options.name = "child";
    options.settings = settings;
    options.limits = limits;
    expect_int(mesh_child_open(host, &options, &child, NULL), MESH_OK);
    expect_str(mesh_setting(child, "answer", NULL), "42");
    expect_str(mesh_setting(child, "empty", NULL), "");
    expect_str(mesh_setting(child, "Answer", "none"), "none");
    expect_str(mesh_setting(host, "answer", "none"), "none");

    mesh_agent agent = { .size = sizeof(agent),
                         .name = "few",
                         .description = "About.",
                         .input_schema = "{}",
                         .call = wait_at_gate,
                         .concurrency = 1,
                         .concurrency_limit = 2 };
    expect_int(mesh_register(child, &agent, &gate, &err), MESH_E_INVALID_ARGUMENT);
    expect_contains(mesh_error_text(&err), "agent 'few' can run at most 2 requests at once");
    mesh_error_clear(&err);
    agent.concurrency_limit = 3;
    expect_int(mesh_register(child, &agent, &gate, NULL), MESH_OK);
    expect_int(serve(child, "tell", tell_setting, NULL), MESH_OK);
    expect_int(mesh_child_swap(NULL, child, NULL), MESH_OK);
    expect_call(host, "tell", "42");

    for (int i = 0; i < 3; i++) {
        caller_start(&running[i], host, "few");
        expect_true(gate_has(&gate, i + 1));
    }
    for (int i = 0; i < 3; i++)
        expect_said(&running[i], "timeout: Agent 'few' gave no answer: its handler took longer than 150 ms");
    caller_start(&waiting, host, "few");
    mesh_counters counters = { .size = sizeof(counters) };
    uint64_t deadline = clock_deadline(10000);
    while (counters.queued < 1 && clock_left_ms(deadline) > 0)
        mesh_child_counters(child, &counters);
    expect_call(host, "few", "overloaded: Agent 'few' is overloaded: 1 requests wait for it already");
    gate_open(&gate);
    expect_said(&waiting, "\"passed\"");
    mesh_client_close(child);
    mesh_client_close(host);
}

struct seen {
    char names[64];
    int stop_after;
};

static int see(void *data, const mesh_agent_stats *stats)
{
    struct seen *seen = data;
    size_t len = strlen(seen->names);
    snprintf(seen->names + len, sizeof(seen->names) - len, "%s:%u:%u ", stats->name, stats->running, stats->queued);
    return --seen->stop_after == 0;
}

static void the_agents_of_a_child_are_told_in_order(void)
{
    struct seen all = { "", 0 }, first = { "", 1 };
    mesh_client *host = peer_client(NULL), *child = child_of(host, "child");
    expect_int(serve_text(child, "z", "1"), MESH_OK);
    expect_int(serve_text(child, "a", "1"), MESH_OK);
    expect_int(serve_text(child, "m", "1"), MESH_OK);
    mesh_child_agents(child, see, &all);
    mesh_child_agents(child, see, &first);
    expect_str(all.names, "z:0:0 a:0:0 m:0:0 ");
    expect_str(first.names, "z:0:0 ");
    mesh_client_close(child);
    mesh_client_close(host);
}

static void a_stopped_child_takes_no_agents(void)
{
    mesh_client *host = peer_client(NULL), *child = child_of(host, "child");
    const mesh_agent agent = {
        .size = sizeof(agent), .name = "late", .description = "About.", .input_schema = "{}", .call = answer_text
    };
    expect_int(serve_text(child, "early", "1"), MESH_OK);
    expect_int(mesh_child_swap(NULL, child, NULL), MESH_OK);
    expect_int(mesh_client_stop(child, 0, NULL), MESH_OK);
    expect_int(mesh_register(child, &agent, NULL, NULL), MESH_E_STOPPED);
    mesh_client_close(child);
    mesh_client_close(host);
}

SUITE(integration_swap, TEST(prepared_agents_are_not_served_before_the_swap), TEST(only_changed_contracts_are_written),
      TEST(a_name_of_another_child_stops_the_whole_move), TEST(a_request_in_hand_is_finished_by_the_child_that_has_it),
      TEST(moves_under_load_lose_no_request), TEST(any_thread_may_change_what_is_served),
      TEST(settings_and_limits_reach_the_child), TEST(the_agents_of_a_child_are_told_in_order),
      TEST(a_stopped_child_takes_no_agents))
