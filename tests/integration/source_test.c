/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that handle what comes on subjects, and keys that change (protocol 7.3). */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "agents.h"
#include "base/clock.h"
#include "bus.h"
#include "golden.h"

enum { WAIT_MS = 20000, NEVER_MS = 100, LINES_MAX = 256 };

/* ---- what an agent was told ---- */

struct book {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *lines[LINES_MAX];
    int count;
    bool writes;       /* just now */
    struct gate *gate; /* where it waits before it writes; NULL: nowhere */
};

static void book_init(struct book *book)
{
    memset(book, 0, sizeof(*book));
    pthread_mutex_init(&book->lock, NULL);
    clock_cond_init(&book->changed);
}

static void book_clear(struct book *book)
{
    for (int i = 0; i < book->count; i++)
        free(book->lines[i]);
    book->count = 0;
}

static bool book_has(struct book *book, int count)
{
    uint64_t deadline = clock_deadline(WAIT_MS);
    pthread_mutex_lock(&book->lock);
    while (book->count < count && clock_cond_wait(&book->changed, &book->lock, deadline))
        ;
    bool has = book->count >= count;
    pthread_mutex_unlock(&book->lock);
    return has;
}

/* "subject: body", "key = value", "key is gone". */
static char *line_of(const mesh_message *message)
{
    static const char *const links[] = { ": ", " = ", " is gone" };
    const char *key = mesh_message_key(message);
    char *line = NULL;
    if (asprintf(&line, "%s%s%s", *key ? key : mesh_message_subject(message), links[mesh_message_operation(message)],
                 mesh_message_body(message).data) < 0)
        return NULL;
    return line;
}

static void pass(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->waiting++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static mesh_status write_down(const mesh_message *message, void *state, mesh_error *err)
{
    struct book *book = state;
    pthread_mutex_lock(&book->lock);
    expect_false(book->writes);
    book->writes = true;
    pthread_mutex_unlock(&book->lock);
    if (book->gate)
        pass(book->gate);
    pthread_mutex_lock(&book->lock);
    if (book->count < LINES_MAX)
        book->lines[book->count++] = line_of(message);
    book->writes = false;
    pthread_cond_broadcast(&book->changed);
    pthread_mutex_unlock(&book->lock);
    if (strstr(mesh_message_body(message).data, "fail"))
        return mesh_error_set_code(err, "unreadable", "this one is too hard", NULL);
    return MESH_OK;
}

static int count_of(struct book *book)
{
    pthread_mutex_lock(&book->lock);
    int count = book->count;
    pthread_mutex_unlock(&book->lock);
    return count;
}

#define expect_line(book, number, text)                                                                                \
    do {                                                                                                               \
        expect_true(book_has(book, (number) + 1));                                                                     \
        expect_str((book)->lines[number], text);                                                                       \
    } while (0)

static void listen_to(mesh_client *client, const char *name, const mesh_source *source, struct book *book)
{
    const mesh_source *const sources[] = { source, NULL };
    const mesh_agent agent = MESH_LISTENER(name, "For a test.", write_down, sources);
    mesh_error err = MESH_ERROR_INIT;
    if (!expect_int(mesh_register(client, &agent, book, &err), MESH_OK))
        fprintf(stderr, "register: %s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
}

static void put(struct peer *peer, const char *key, const char *value)
{
    expect_int(link_key_put(peer_link(peer), "mesh-context", key, mesh_text(value), NULL, NULL), MESH_OK);
}

static void drop(struct peer *peer, const char *key)
{
    expect_int(link_key_delete(peer_link(peer), "mesh-context", key, NULL), MESH_OK);
}

/* ---- subjects ---- */

static void messages_come_one_at_a_time_in_order(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct book book;
    book_init(&book);
    const mesh_source source = MESH_SUBJECT_SOURCE("orders.*", NULL);
    listen_to(client, "clerk", &source, &book);
    auto_free char *entry = stored_entry(peer, "clerk");
    expect_contains(entry, "\"invocable\":false");
    expect_contains(entry, "\"streaming\":false");
    for (int i = 0; i < 50; i++) {
        char body[16];
        snprintf(body, sizeof(body), "%d", i);
        peer_say(peer, i % 2 ? "orders.odd" : "orders.even", NULL, body, NULL);
    }
    expect_true(book_has(&book, 50));
    for (int i = 0; i < 50; i++) {
        char line[32];
        snprintf(line, sizeof(line), "orders.%s: %d", i % 2 ? "odd" : "even", i);
        expect_str(book.lines[i], line);
    }
    expect_call(client, "clerk", "invocation_mismatch: Agent 'clerk' is a background task and cannot be called");
    expect_int(mesh_unregister(client, "clerk", NULL), MESH_OK);
    peer_say(peer, "orders.late", NULL, "late", NULL);
    expect_int(link_flush(peer_link(peer), WAIT_MS, NULL), MESH_OK);
    mesh_client_close(client);
    expect_int(book.count, 50);
    book_clear(&book);
    peer_close(peer);
}

static void of_a_queue_group_one_gets_each_message(void)
{
    struct peer *peer = peer_open();
    mesh_client *clients[2] = { peer_client(NULL), peer_client(NULL) };
    struct book shared[2], all[2];
    const mesh_source in_group = MESH_SUBJECT_SOURCE("jobs", "workers"), alone = MESH_SUBJECT_SOURCE("jobs", NULL);
    for (int i = 0; i < 2; i++) {
        book_init(&shared[i]);
        book_init(&all[i]);
        listen_to(clients[i], "shared", &in_group, &shared[i]);
        listen_to(clients[i], "all", &alone, &all[i]);
    }
    for (int i = 0; i < 100; i++)
        peer_say(peer, "jobs", NULL, "job", NULL);
    expect_true(book_has(&all[0], 100));
    expect_true(book_has(&all[1], 100));
    for (int i = 0; i < 2; i++)
        mesh_client_close(clients[i]); /* which finishes what has come */
    expect_int(shared[0].count + shared[1].count, 100);
    expect_true(shared[0].count > 0 && shared[1].count > 0);
    for (int i = 0; i < 2; i++) {
        book_clear(&shared[i]);
        book_clear(&all[i]);
    }
    peer_close(peer);
}

static void a_listener_may_be_called_too(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct book book;
    book_init(&book);
    const mesh_source first = MESH_SUBJECT_SOURCE("both.one", NULL), second = MESH_SUBJECT_SOURCE("both.two", NULL);
    const mesh_source *const sources[] = { &first, &second, NULL };
    mesh_agent agent = MESH_RESPONDER("both", "For a test.", wait_at_gate, "{}", NULL);
    agent.on_message = write_down;
    agent.sources = sources;
    struct gate gate;
    gate_init(&gate);
    expect_int(mesh_register(client, &agent, &book, NULL), MESH_OK);
    peer_say(peer, "both.two", NULL, "2", NULL);
    expect_line(&book, 0, "both.two: 2");
    peer_say(peer, "both.one", NULL, "1", NULL);
    expect_line(&book, 1, "both.one: 1");
    auto_free char *entry = stored_entry(peer, "both");
    expect_contains(entry, "\"invocable\":true");
    mesh_client_close(client);
    book_clear(&book);
    peer_close(peer);
}

/* ---- keys ---- */

static void replay_tells_current_values_once_and_then_every_change(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct book book;
    book_init(&book);
    put(peer, "stock.apples", "5");
    put(peer, "stock.apples", "6");
    put(peer, "stock.gone", "1");
    drop(peer, "stock.gone");
    put(peer, "other", "x");
    const mesh_source source = MESH_KEY_SOURCE("stock.*", MESH_REPLAY);
    listen_to(client, "replayed", &source, &book);
    expect_line(&book, 0, "stock.apples = 6");
    put(peer, "stock.pears", "1");
    expect_line(&book, 1, "stock.pears = 1");
    drop(peer, "stock.apples");
    expect_line(&book, 2, "stock.apples is gone");
    put(peer, "stock.apples", "");
    expect_line(&book, 3, "stock.apples = ");
    mesh_client_close(client);
    expect_int(book.count, 4);
    book_clear(&book);
    peer_close(peer);
}

static void skip_tells_only_what_changes_later(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct book book, none;
    book_init(&book);
    book_init(&none);
    put(peer, "skipped.a", "before");
    put(peer, "skipped.b", "before");
    const mesh_source source = MESH_KEY_SOURCE("skipped.>", MESH_SKIP), empty = MESH_KEY_SOURCE("empty.>", MESH_SKIP);
    listen_to(client, "skipping", &source, &book);
    listen_to(client, "skipping.none", &empty, &none);
    /* When the current values have been passed over is not told: write until it shows. */
    for (int i = 0; (count_of(&book) == 0 || count_of(&none) == 0) && i < WAIT_MS / 10; i++) {
        put(peer, "skipped.a", "after");
        put(peer, "empty.x", "after");
        poll(NULL, 0, 10);
    }
    expect_line(&book, 0, "skipped.a = after");
    expect_line(&none, 0, "empty.x = after");
    drop(peer, "skipped.b");
    bool gone = false;
    for (int at = 0; !gone && book_has(&book, at + 1); at++)
        gone = strcmp(book.lines[at], "skipped.b is gone") == 0;
    expect_true(gone);
    mesh_client_close(client);
    for (int i = 0; i < book.count; i++)
        expect_true(!strstr(book.lines[i], "before"));
    book_clear(&book);
    book_clear(&none);
    peer_close(peer);
}

static void a_reconnect_tells_nothing_again(void)
{
    if (!bus_has_server("it restarts the server"))
        return;
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct book book;
    book_init(&book);
    put(peer, "kept.a", "1");
    const mesh_source source = MESH_KEY_SOURCE("kept.*", 0);
    listen_to(client, "keeper", &source, &book);
    expect_line(&book, 0, "kept.a = 1");
    nats_server_kill(peer_server());
    nats_server_restart(peer_server());
    uint64_t deadline = clock_deadline(WAIT_MS);
    while (link_key_put(peer_link(peer), "mesh-context", "kept.b", mesh_text("2"), NULL, NULL) != MESH_OK &&
           clock_left_ms(deadline) > 0)
        poll(NULL, 0, 50);
    expect_line(&book, 1, "kept.b = 2");
    mesh_client_close(client);
    book_clear(&book);
    peer_close(peer);
}

/* ---- what goes wrong ---- */

static void what_does_not_fit_or_fails_is_told_and_the_next_comes(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct book book;
    book_init(&book);
    const mesh_source source = MESH_SUBJECT_SOURCE("typed", NULL), keys = MESH_KEY_SOURCE("typed.*", MESH_REPLAY);
    const mesh_source *const sources[] = { &source, &keys, NULL };
    mesh_agent agent = MESH_LISTENER("typed", "For a test.", write_down, sources);
    agent.message_schema = MESH_JSON({"type": "object", "required": ["n"]});
    struct ear *letters = peer_listen(peer, "mesh.errors.typed"), *logs = peer_listen(peer, "mesh.logs.typed");
    expect_int(mesh_register(client, &agent, &book, NULL), MESH_OK);
    static const struct {
        const char *body, *code, *part;
    } cases[] = {
        { "[1]", "invalid_input", "\"errors\"" },
        { "not json", "invalid_input", "JSON" },
        { "", "invalid_input", "JSON" },
        { "{\"n\": \"fail\"}", "unreadable", "this one is too hard" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        peer_say(peer, "typed", "nobody.reads.this", cases[i].body, NULL);
        struct link_message letter = ear_next(letters, WAIT_MS);
        auto_free char *code = string_at(said(&letter), "code");
        expect_str(code, cases[i].code);
        expect_contains(said(&letter), cases[i].part);
        expect_str(said_header(&letter, "X-Mesh-Status"), "error");
        link_message_clear(&letter);
    }
    peer_say(peer, "typed", NULL, "{\"n\": 1}", NULL);
    expect_line(&book, 1, "typed: {\"n\": 1}");
    put(peer, "typed.key", "{\"n\": 2}");
    expect_line(&book, 2, "typed.key = {\"n\": 2}");
    drop(peer, "typed.key");
    expect_line(&book, 3, "typed.key is gone"); /* and has no value to check */
    int failed = 0;
    for (struct link_message event; (event = ear_next(logs, NEVER_MS)).handle; link_message_clear(&event))
        failed += strstr(said(&event), "request_failed") || strstr(said(&event), "validation_error");
    expect_int(failed, 4);
    mesh_client_close(client);
    expect_str(book.lines[0], "typed: {\"n\": \"fail\"}");
    expect_int(book.count, 4);
    book_clear(&book);
    peer_close(peer);
}

struct told {
    pthread_mutex_t lock;
    char text[256];
};

static void hear_event(void *data, const mesh_event *event)
{
    struct told *told = data;
    pthread_mutex_lock(&told->lock);
    if (event->status == MESH_E_OVERLOADED)
        snprintf(told->text, sizeof(told->text), "%s", event->text);
    pthread_mutex_unlock(&told->lock);
}

static bool was_told(void *data)
{
    struct told *told = data;
    pthread_mutex_lock(&told->lock);
    bool was = told->text[0];
    pthread_mutex_unlock(&told->lock);
    return was;
}

static void what_finds_no_room_is_counted_and_told(void)
{
    struct peer *peer = peer_open();
    struct told told = { PTHREAD_MUTEX_INITIALIZER, "" };
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.queue = 4;
    options.on_event = hear_event;
    options.on_event_data = &told;
    mesh_client *client = peer_client(&options);
    struct gate gate;
    struct book book;
    gate_init(&gate);
    book_init(&book);
    book.gate = &gate;
    const mesh_source source = MESH_SUBJECT_SOURCE("flood", NULL);
    listen_to(client, "flooded", &source, &book);
    peer_say(peer, "flood", NULL, "0", NULL);
    expect_true(gate_has(&gate, 1));
    for (int i = 1; i < 10; i++) {
        char body[16];
        snprintf(body, sizeof(body), "%d", i);
        peer_say(peer, "flood", NULL, body, NULL);
    }
    expect_true(comes_true(was_told, &told, WAIT_MS));
    expect_contains(told.text, "subject 'flood' of agent 'flooded': too many wait already: messages lost: 1");
    gate_open(&gate);
    expect_true(book_has(&book, 5));
    mesh_client_close(client);
    for (int i = 0; i < 5; i++) {
        char line[32];
        snprintf(line, sizeof(line), "flood: %d", i); /* the first ones are kept */
        expect_str(book.lines[i], line);
    }
    book_clear(&book);
    peer_close(peer);
}

static void a_message_in_hand_keeps_its_client_from_stopping_quietly(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL), *child = NULL;
    struct gate gate;
    struct book book;
    gate_init(&gate);
    book_init(&book);
    book.gate = &gate;
    const mesh_source source = MESH_SUBJECT_SOURCE("slow", NULL);
    expect_int(mesh_client_child(client, "child", &child, NULL), MESH_OK);
    listen_to(child, "slow", &source, &book);
    peer_say(peer, "slow", NULL, "1", NULL);
    peer_say(peer, "slow", NULL, "2", NULL);
    expect_true(gate_has(&gate, 1));
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_client_stop(child, 200, &err), MESH_E_TIMEOUT);
    expect_contains(mesh_error_text(&err), "subject 'slow' of agent 'slow': 1 running, 0 waiting");
    mesh_error_clear(&err);
    gate_open(&gate);
    mesh_client_close(child);
    expect_int(book.count, 1); /* the other one was dropped */
    mesh_client_close(client);
    book_clear(&book);
    peer_close(peer);
}

/* ---- moves ---- */

static mesh_client *staged(mesh_client *host, const char *name, const mesh_source *source, struct book *book)
{
    mesh_client *child = NULL;
    mesh_child_options options = MESH_CHILD_OPTIONS_INIT;
    options.name = name;
    expect_int(mesh_child_open(host, &options, &child, NULL), MESH_OK);
    listen_to(child, "moving", source, book);
    return child;
}

enum { MOVED = 200, MOVE_EVERY = 7 };

static void say_number(struct peer *peer, const mesh_source *source, int number)
{
    char name[32];
    snprintf(name, sizeof(name), "moving.%d", number);
    if (source->keys)
        put(peer, name, "new");
    else
        peer_say(peer, name, NULL, "new", NULL);
}

/* Two that take over from each other, and write into one book: neither may begin while the other one writes. */
static void expect_moves(const mesh_source *source)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    struct book book;
    book_init(&book);
    mesh_client *children[] = { staged(host, "one", source, &book), staged(host, "two", source, &book) };
    say_number(peer, source, -1); /* nobody listens yet */
    expect_int(link_flush(peer_link(peer), WAIT_MS, NULL), MESH_OK);
    expect_int(mesh_child_swap(NULL, children[0], NULL), MESH_OK);
    for (int i = 0, serving = 0; i < MOVED; i++) {
        say_number(peer, source, i);
        if (i % MOVE_EVERY == 0) {
            expect_int(mesh_child_swap(children[serving], children[!serving], NULL), MESH_OK);
            serving = !serving;
        }
    }
    expect_true(book_has(&book, MOVED));
    mesh_client_close(children[0]);
    mesh_client_close(children[1]);
    expect_int(book.count, MOVED);
    for (int i = 0; i < book.count; i++) {
        char expected[64];
        snprintf(expected, sizeof(expected), source->keys ? "moving.%d = new" : "moving.%d: new", i);
        expect_str(book.lines[i], expected);
    }
    book_clear(&book);
    mesh_client_close(host);
    peer_close(peer);
}

static void a_source_that_moves_handles_each_message_once_and_in_order(void)
{
    const mesh_source alone = MESH_SUBJECT_SOURCE("moving.*", NULL);
    const mesh_source shared = MESH_SUBJECT_SOURCE("moving.*", "group");
    expect_moves(&alone);
    expect_moves(&shared);
}

static void a_source_of_changes_that_moves_handles_each_once_and_in_order(void)
{
    const mesh_source source = MESH_KEY_SOURCE("moving.*", MESH_SKIP);
    expect_moves(&source);
}

/* The old one's last message may take its time: the next one waits for it. */
static void a_source_that_takes_over_begins_when_the_other_has_ended(void)
{
    struct peer *peer = peer_open();
    mesh_client *host = peer_client(NULL);
    struct gate gate;
    struct book book;
    gate_init(&gate);
    book_init(&book);
    book.gate = &gate;
    const mesh_source source = MESH_SUBJECT_SOURCE("moving.*", NULL);
    mesh_client *one = staged(host, "one", &source, &book), *two = staged(host, "two", &source, &book);
    expect_int(mesh_child_swap(NULL, one, NULL), MESH_OK);
    for (int i = 0; i < 3; i++)
        say_number(peer, &source, i);
    expect_true(gate_has(&gate, 1));
    expect_int(mesh_child_swap(one, two, NULL), MESH_OK);
    say_number(peer, &source, 3);
    expect_int(link_flush(peer_link(peer), WAIT_MS, NULL), MESH_OK);
    expect_int(count_of(&book), 0);
    gate_open(&gate);
    expect_line(&book, 0, "moving.0: new");
    expect_line(&book, 3, "moving.3: new");
    mesh_client_close(one);
    mesh_client_close(two);
    mesh_client_close(host);
    expect_int(book.count, 4);
    book_clear(&book);
    peer_close(peer);
}

/* ---- registration ---- */

static void wrong_sources_are_refused_by_name_field_and_rule(void)
{
    static const struct {
        mesh_source source;
        const char *rule;
    } cases[] = {
        { { sizeof(mesh_source), NULL, NULL, NULL, 0, 0 }, "either a subject or keys" },
        { { sizeof(mesh_source), "a", "b", NULL, 0, 0 }, "either a subject or keys" },
        { { sizeof(mesh_source), NULL, "b", "group", 0, 0 }, "queue is for subjects" },
        { { sizeof(mesh_source), "a", NULL, NULL, MESH_SKIP, 0 }, "initial is for keys" },
        { { sizeof(mesh_source), NULL, "b", NULL, 3, 0 }, "initial is MESH_REPLAY, MESH_SKIP" },
        { { sizeof(mesh_source), "a..b", NULL, NULL, 0, 0 }, "sources: " },
        { { sizeof(mesh_source), "a b", NULL, NULL, 0, 0 }, "sources: " },
        { { sizeof(mesh_source), "a.>.b", NULL, NULL, 0, 0 }, "sources: " },
        { { sizeof(mesh_source), NULL, "a b", NULL, 0, 0 }, "sources: " },
        { { sizeof(mesh_source), "a", NULL, NULL, 0, 1 }, "reserved" },
    };
    mesh_client *client = peer_client(NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const mesh_source *const sources[] = { &cases[i].source, NULL };
        const mesh_agent agent = MESH_LISTENER("wrong", "For a test.", write_down, sources);
        mesh_error err = MESH_ERROR_INIT;
        expect_int(mesh_register(client, &agent, NULL, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), "agent 'wrong': sources");
        expect_contains(mesh_error_text(&err), cases[i].rule);
        mesh_error_clear(&err);
    }
    mesh_source sizeless = MESH_SUBJECT_SOURCE("a", NULL);
    const mesh_source *const sources[] = { &sizeless, NULL };
    mesh_agent agent = MESH_LISTENER("wrong", "For a test.", write_down, sources);
    agent.message_schema = "{\"type\": 1}";
    expect_int(mesh_register(client, &agent, NULL, NULL), MESH_E_INVALID_ARGUMENT);
    sizeless.size = 8;
    agent.message_schema = NULL;
    expect_int(mesh_register(client, &agent, NULL, NULL), MESH_E_INCOMPATIBLE);
    mesh_client_close(client);
}

SUITE(integration_source, TEST(messages_come_one_at_a_time_in_order),
      STATEMENT("54", of_a_queue_group_one_gets_each_message), TEST(a_listener_may_be_called_too),
      STATEMENT("53", replay_tells_current_values_once_and_then_every_change),
      STATEMENT("53", skip_tells_only_what_changes_later), STATEMENT("53", a_reconnect_tells_nothing_again),
      TEST(what_does_not_fit_or_fails_is_told_and_the_next_comes), TEST(what_finds_no_room_is_counted_and_told),
      TEST(a_message_in_hand_keeps_its_client_from_stopping_quietly),
      TEST(a_source_that_moves_handles_each_message_once_and_in_order),
      TEST(a_source_of_changes_that_moves_handles_each_once_and_in_order),
      TEST(a_source_that_takes_over_begins_when_the_other_has_ended),
      TEST(wrong_sources_are_refused_by_name_field_and_rule))
