/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that all members of a mesh share: read, written, contended for, listed, watched. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "bus.h"
#include "peer.h"
#include "recording.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { WAIT_MS = 20000 };

/* What a key holds, as text; "(none)" if it is not found. Good until the next call. */
static const char *value_of(mesh_client *mesh, const char *key)
{
    static mesh_entry *entry;

    entry = mesh_entry_free(entry);
    return mesh_key_get(mesh, key, &entry, NULL) == MESH_OK ? mesh_entry_value(entry).data : "(none)";
}

static uint64_t revision_of(mesh_client *mesh, const char *key)
{
    mesh_entry *entry = NULL;
    uint64_t revision = mesh_key_get(mesh, key, &entry, NULL) == MESH_OK ? mesh_entry_revision(entry) : 0;

    mesh_entry_free(entry);
    return revision;
}

/* ---- one at a time ---- */

static void any_bytes_are_stored_as_they_are(void)
{
    static const char bytes[] = { 0, 'a', '\n', (char)0xff, (char)0x80, 0 };
    mesh_client *mesh = peer_client(NULL);
    mesh_entry *entry = NULL;
    uint64_t revision = 0;

    for (size_t len = 0; len <= sizeof(bytes); len++) {
        expect_int(mesh_key_put(mesh, "bytes/of.any=kind_-", mesh_bytes_of(bytes, len), &revision, NULL), MESH_OK);
        expect_int(mesh_key_get(mesh, "bytes/of.any=kind_-", &entry, NULL), MESH_OK);
        expect_str(mesh_entry_key(entry), "bytes/of.any=kind_-");
        expect_int(mesh_entry_revision(entry), revision);
        expect_int(mesh_entry_operation(entry), MESH_ENTRY_PUT);
        mesh_bytes value = mesh_entry_value(entry);
        expect_true(value.len == len && memcmp(value.data, bytes, len) == 0 && value.data[len] == '\0');
        entry = mesh_entry_free(entry);
    }
    mesh_client_close(mesh);
}

static void a_missing_and_a_deleted_key_are_not_found(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_error err = MESH_ERROR_INIT;
    mesh_entry *entry = NULL;

    expect_int(mesh_key_get(mesh, "gone.never", &entry, &err), MESH_E_NOT_FOUND);
    expect_str(mesh_error_code(&err), "not_found");
    expect_str(mesh_error_details(&err), "{\"key\":\"gone.never\"}");
    expect_contains(mesh_error_text(&err), "gone.never");
    expect_int(mesh_key_delete(mesh, "gone.never", NULL), MESH_OK);
    mesh_key_put(mesh, "gone.now", mesh_text("x"), NULL, NULL);
    expect_int(mesh_key_delete(mesh, "gone.now", NULL), MESH_OK);
    expect_int(mesh_key_get(mesh, "gone.now", &entry, &err), MESH_E_NOT_FOUND);
    expect_str(mesh_error_details(&err), "{\"key\":\"gone.now\"}");
    mesh_error_clear(&err);
    mesh_client_close(mesh);
}

static void a_key_is_created_once_and_again_when_it_was_deleted(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_error err = MESH_ERROR_INIT;
    uint64_t first = 0, second = 0;

    expect_int(mesh_key_create(mesh, "made", mesh_text("1"), &first, NULL), MESH_OK);
    expect_int(mesh_key_create(mesh, "made", mesh_text("2"), &second, &err), MESH_E_KV_KEY_EXISTS);
    expect_str(mesh_error_code(&err), "kv_key_exists");
    expect_str(mesh_error_details(&err), "{\"key\":\"made\"}");
    expect_str(value_of(mesh, "made"), "1");
    mesh_key_delete(mesh, "made", NULL);
    expect_int(mesh_key_create(mesh, "made", mesh_text(NULL), &second, NULL), MESH_OK);
    expect_true(second > first);
    expect_str(value_of(mesh, "made"), "");
    mesh_error_clear(&err);
    mesh_client_close(mesh);
}

static void a_key_is_replaced_only_as_it_was_read(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_error err = MESH_ERROR_INIT;
    uint64_t old = 0, now = 0;

    mesh_key_put(mesh, "guarded", mesh_text("1"), &old, NULL);
    expect_int(mesh_key_replace(mesh, "guarded", mesh_text("2"), old, &now, NULL), MESH_OK);
    expect_true(now > old);
    expect_int(mesh_key_replace(mesh, "guarded", mesh_text("3"), old, &now, &err), MESH_E_CONFLICT);
    expect_str(mesh_error_details(&err), "{\"key\":\"guarded\"}");
    expect_str(value_of(mesh, "guarded"), "2");
    mesh_key_delete(mesh, "guarded", NULL);
    expect_int(mesh_key_replace(mesh, "guarded", mesh_text("3"), now, NULL, &err), MESH_E_CONFLICT);
    expect_int(mesh_key_replace(mesh, "guarded.never", mesh_text("3"), 7, NULL, &err), MESH_E_CONFLICT);
    expect_int(mesh_key_replace(mesh, "guarded", mesh_text("3"), 0, NULL, &err), MESH_E_INVALID_ARGUMENT);
    mesh_error_clear(&err);
    mesh_client_close(mesh);
}

static void what_is_no_key_is_refused(void)
{
    static const char *const bad[] = { "", ".a", "a.", "a..b", "a b", "a*", ">", "a\\b", "\xc3\xa9", "a\n", "a\tb" };
    mesh_client *mesh = peer_client(NULL);
    mesh_entry *entry = NULL;
    mesh_entries *entries = NULL;
    char *longest = calloc(1, 5001);

    for (size_t i = 0; i < COUNT(bad); i++) {
        expect_int(mesh_key_put(mesh, bad[i], mesh_text("x"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
        expect_int(mesh_key_get(mesh, bad[i], &entry, NULL), MESH_E_INVALID_ARGUMENT);
        expect_int(mesh_key_delete(mesh, bad[i], NULL), MESH_E_INVALID_ARGUMENT);
    }
    memset(longest, 'k', 5000);
    expect_int(mesh_key_put(mesh, longest, mesh_text("x"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
    longest[1024] = '\0';
    expect_int(mesh_key_put(mesh, longest, mesh_text("x"), NULL, NULL), MESH_OK);
    expect_str(value_of(mesh, longest), "x");
    mesh_key_delete(mesh, longest, NULL);
    expect_int(mesh_key_put(mesh, NULL, mesh_text("x"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_key_put(NULL, "a", mesh_text("x"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_key_list(mesh, "a.>.b", &entries, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_key_list(mesh, "a*", &entries, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_key_list(mesh, "", &entries, NULL), MESH_E_INVALID_ARGUMENT);
    free(longest);
    mesh_client_close(mesh);
}

static void a_value_over_the_servers_maximum_is_too_large(void)
{
    mesh_client *mesh = peer_client(NULL);
    size_t len = 3 << 20;
    char *value = calloc(1, len);

    expect_int(mesh_key_put(mesh, "large", mesh_bytes_of(value, len), NULL, NULL), MESH_E_TOO_LARGE);
    expect_str(value_of(mesh, "large"), "(none)");
    free(value);
    mesh_client_close(mesh);
}

/* ---- editing ---- */

struct intruder {
    mesh_client *mesh;
    const char *key;
    int times; /* how often somebody else writes first */
    int calls;
    char value[32];
};

static mesh_status count_up(void *data, const mesh_entry *current, mesh_bytes *value, mesh_error *err)
{
    struct intruder *intruder = data;

    (void)err;
    if (intruder->calls++ < intruder->times)
        mesh_key_put(intruder->mesh, intruder->key, mesh_text("100"), NULL, NULL);
    snprintf(intruder->value, sizeof(intruder->value), "%ld", strtol(mesh_entry_value(current).data, NULL, 10) + 1);
    *value = mesh_text(intruder->value);
    return MESH_OK;
}

static mesh_status leave(void *data, const mesh_entry *current, mesh_bytes *value, mesh_error *err)
{
    static char copy[32];

    (void)data;
    (void)err;
    snprintf(copy, sizeof(copy), "%s", mesh_entry_value(current).data);
    *value = mesh_text(copy);
    return MESH_OK;
}

static mesh_status refuse(void *data, const mesh_entry *current, mesh_bytes *value, mesh_error *err)
{
    (void)data;
    (void)current;
    (void)value;
    return mesh_error_set(err, MESH_E_HANDLER_ERROR, "I would rather not");
}

static void one_try_tells_what_became_of_it(void)
{
    mesh_client *mesh = peer_client(NULL);
    struct intruder intruder = { .mesh = mesh, .key = "tried" };
    mesh_key_outcome outcome = { .size = sizeof(outcome) };
    mesh_error err = MESH_ERROR_INIT;

    mesh_key_put(mesh, "tried", mesh_text("1"), NULL, NULL);
    expect_int(mesh_key_try(mesh, "tried", count_up, &intruder, &outcome, NULL), MESH_OK);
    expect_true(outcome.committed == 1 && outcome.attempted == 1);
    expect_int(outcome.revision, revision_of(mesh, "tried"));
    expect_str(value_of(mesh, "tried"), "2");

    uint64_t before = outcome.revision;
    expect_int(mesh_key_try(mesh, "tried", leave, NULL, &outcome, NULL), MESH_OK);
    expect_true(outcome.committed == 1 && outcome.attempted == 0);
    expect_int(outcome.revision, before);
    expect_int(revision_of(mesh, "tried"), before);

    intruder.calls = 0;
    intruder.times = 1;
    expect_int(mesh_key_try(mesh, "tried", count_up, &intruder, &outcome, NULL), MESH_OK);
    expect_true(outcome.committed == 0 && outcome.attempted == 1);
    expect_str(value_of(mesh, "tried"), "100");

    expect_int(mesh_key_try(mesh, "tried.never", leave, NULL, &outcome, NULL), MESH_E_NOT_FOUND);
    expect_int(mesh_key_try(mesh, "tried", refuse, NULL, &outcome, &err), MESH_E_HANDLER_ERROR);
    expect_str(mesh_error_message(&err), "I would rather not");
    mesh_error_clear(&err);
    mesh_client_close(mesh);
}

static void an_update_goes_on_until_nobody_is_faster(void)
{
    mesh_client *mesh = peer_client(NULL);
    struct intruder intruder = { .mesh = mesh, .key = "updated", .times = 3 };
    mesh_error err = MESH_ERROR_INIT;
    uint64_t revision = 0;

    mesh_key_put(mesh, "updated", mesh_text("1"), NULL, NULL);
    expect_int(mesh_key_update(mesh, "updated", count_up, &intruder, 0, &revision, &err), MESH_OK);
    expect_int(intruder.calls, 4);
    expect_int(revision, revision_of(mesh, "updated"));
    expect_str(value_of(mesh, "updated"), "101");
    expect_int(err.status, MESH_OK);

    intruder = (struct intruder){ .mesh = mesh, .key = "updated", .times = 100 };
    expect_int(mesh_key_update(mesh, "updated", count_up, &intruder, 0, NULL, &err), MESH_E_CONFLICT);
    expect_int(intruder.calls, 10);
    expect_contains(mesh_error_text(&err), "10 times");
    intruder.calls = 0;
    expect_int(mesh_key_update(mesh, "updated", count_up, &intruder, 2, NULL, NULL), MESH_E_CONFLICT);
    expect_int(intruder.calls, 2);

    expect_int(mesh_key_update(mesh, "updated", leave, NULL, 0, &revision, NULL), MESH_OK);
    expect_int(revision, revision_of(mesh, "updated"));
    expect_int(mesh_key_update(mesh, "updated.never", leave, NULL, 0, NULL, NULL), MESH_E_NOT_FOUND);
    mesh_error_clear(&err);
    mesh_client_close(mesh);
}

static void *count_ten_times(void *mesh)
{
    for (int i = 0; i < 10; i++) {
        struct intruder counter = { .mesh = mesh };
        expect_int(mesh_key_update(mesh, "counter", count_up, &counter, 1000, NULL, NULL), MESH_OK);
    }
    return NULL;
}

static void many_who_count_at_once_lose_no_count(void)
{
    mesh_client *mesh = peer_client(NULL);
    pthread_t threads[8];

    mesh_key_put(mesh, "counter", mesh_text("0"), NULL, NULL);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, count_ten_times, mesh);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    expect_str(value_of(mesh, "counter"), "80");
    mesh_client_close(mesh);
}

/* ---- conflicts and other failures ---- */

/* Says to every write of a key what a server may say. */
static void refuse_writes(void *closure, struct link_message *message)
{
    const char *said = strstr(link_message_subject(message), ".odd.") + strlen(".odd.");
    char body[160];

    snprintf(body, sizeof(body),
             "{\"error\":{\"code\":400,\"err_code\":%s,\"description\":\"made up\"},"
             "\"stream\":\"KV_mesh-context\",\"seq\":0}",
             said);
    const struct link_outgoing answer = { .subject = link_message_reply(message), .body = mesh_text(body) };
    link_publish(closure, &answer, NULL);
}

/* Where the stream is not there, a peer answers in its place. */
static void a_conflict_is_told_from_other_failures_by_either_code(void)
{
    if (!bus_has_server("it answers in the place of the server"))
        return;
    static const struct {
        const char *key;
        mesh_status status;
    } cases[] = {
        { "odd.10071", MESH_E_CONFLICT },
        { "odd.10164", MESH_E_CONFLICT },
        { "odd.10077", MESH_E_CONNECTION_FAILED },
        { "odd.10047", MESH_E_CONNECTION_FAILED },
    };
    mesh_client *mesh = peer_client(NULL);
    struct peer *peer = peer_open();
    struct link_subscription *subscription = NULL;
    struct link_message gone = peer_ask(peer, "$JS.API.STREAM.DELETE.KV_mesh-context", "", NULL);
    mesh_error err = MESH_ERROR_INIT;

    link_subscribe(peer_link(peer), "$KV.mesh-context.odd.*", NULL, refuse_writes, peer_link(peer), &subscription,
                   NULL);
    link_flush(peer_link(peer), 5000, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        expect_int(mesh_key_replace(mesh, cases[i].key, mesh_text("x"), 3, NULL, &err), cases[i].status);
        if (cases[i].status != MESH_E_CONFLICT)
            expect_contains(mesh_error_text(&err), "made up");
    }
    link_unsubscribe(subscription, NULL);
    expect_int(link_buckets_ensure(peer_link(peer), NULL), MESH_OK);
    link_message_clear(&gone);
    mesh_error_clear(&err);
    peer_close(peer);
    mesh_client_close(mesh);
}

static void without_permission_a_write_is_denied_at_once(void)
{
    if (!bus_has_server("it gives the server permissions"))
        return;
    struct nats_server *server = nats_server_start("authorization { users = [\n"
                                                   "  { user: all, password: p }\n"
                                                   "  { user: reader, password: p, permissions: { publish: "
                                                   "[\"$JS.API.>\", \"_INBOX.>\"], subscribe: [\"_INBOX.>\"] } }\n"
                                                   "] }\n");
    char url[128];
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *all = NULL, *reader = NULL;
    mesh_error err = MESH_ERROR_INIT;

    options.url = url;
    snprintf(url, sizeof(url), "nats://all:p@127.0.0.1:%d", nats_server_port(server));
    expect_int(mesh_client_open(&options, &all, NULL), MESH_OK);
    snprintf(url, sizeof(url), "nats://reader:p@127.0.0.1:%d", nats_server_port(server));
    expect_int(mesh_client_open(&options, &reader, NULL), MESH_OK);
    mesh_key_put(all, "Mine.Alone", mesh_text("1"), NULL, NULL);
    expect_str(value_of(reader, "Mine.Alone"), "1");
    uint64_t begin = clock_ms();
    expect_int(mesh_key_put(reader, "Mine.Alone", mesh_text("2"), NULL, &err), MESH_E_CONNECTION_DENIED);
    expect_int(mesh_key_create(reader, "Mine.New", mesh_text("2"), NULL, NULL), MESH_E_CONNECTION_DENIED);
    expect_int(mesh_key_delete(reader, "Mine.Alone", NULL), MESH_E_CONNECTION_DENIED);
    expect_true(clock_ms() - begin < 3000);
    expect_contains(mesh_error_text(&err), "Mine.Alone");
    expect_str(value_of(reader, "Mine.Alone"), "1");
    mesh_error_clear(&err);
    mesh_client_close(reader);
    mesh_client_close(all);
    nats_server_stop(server);
}

/* ---- on the wire ---- */

/* Expect a write as it was recorded; what is expected of the last revision has moved on since. */
static void expect_recorded(const char *name, size_t index, struct ear *ear, uint64_t expected)
{
    struct recording *recording = recording_open(name);
    struct link_message got = ear_next(ear, WAIT_MS);
    const char *was_expected = recording_header(recording, index, "Nats-Expected-Last-Subject-Sequence");
    char number[24];

    snprintf(number, sizeof(number), "%llu", (unsigned long long)expected);
    if (expect_true(got.handle != NULL)) {
        const char *operation = recording_header(recording, index, "KV-Operation");
        mesh_bytes body = recording_body(recording, index);
        expect_str(link_message_subject(&got), recording_subject(recording, index));
        expect_str(said_header(&got, "KV-Operation"), operation ? operation : "(none)");
        expect_str(said_header(&got, "Nats-Expected-Last-Subject-Sequence"), was_expected ? number : "(none)");
        expect_true(link_message_reply(&got) != NULL);
        expect_int(link_message_body(&got).len, body.len);
        expect_true(memcmp(said(&got), body.data, body.len) == 0);
    }
    link_message_clear(&got);
    recording_close(recording);
}

static mesh_status add_plus(void *data, const mesh_entry *current, mesh_bytes *value, mesh_error *err)
{
    (void)data;
    (void)current;
    (void)err;
    *value = mesh_text("one+");
    return MESH_OK;
}

static void what_is_written_is_as_recorded(void)
{
    if (!bus_has_server("it reads what the server is sent"))
        return;
    mesh_client *mesh = peer_client(NULL);
    struct peer *peer = peer_open();
    struct ear *ear = peer_listen(peer, "$KV.mesh-context.rec.kv.>");
    uint64_t revision = 0;

    mesh_key_put(mesh, "rec.kv.a", mesh_text("one"), &revision, NULL);
    expect_recorded("kv-put", 0, ear, 0);
    mesh_key_create(mesh, "rec.kv.new", mesh_text("first"), NULL, NULL);
    expect_recorded("kv-create", 0, ear, 0);
    mesh_key_update(mesh, "rec.kv.a", add_plus, NULL, 0, NULL, NULL);
    expect_recorded("kv-update", 0, ear, revision);
    mesh_key_delete(mesh, "rec.kv.a", NULL);
    expect_recorded("kv-delete", 0, ear, 0);
    revision = 0;
    expect_int(link_key_get(peer_link(peer), "mesh-context", "rec.kv.a", NULL, &revision, NULL), MESH_E_NOT_FOUND);
    mesh_key_create(mesh, "rec.kv.a", mesh_text("again"), NULL, NULL);
    expect_recorded("kv-create-after-delete", 0, ear, 0);
    expect_recorded("kv-create-after-delete", 1, ear, revision);
    peer_close(peer);
    mesh_client_close(mesh);
}

/* ---- lists ---- */

/* "key=value@operation ..." */
static const char *listing(mesh_client *mesh, const char *pattern)
{
    static char text[1000];
    mesh_entries *entries = NULL;
    size_t len = 0;

    text[0] = '\0';
    if (!expect_int(mesh_key_list(mesh, pattern, &entries, NULL), MESH_OK))
        return "(failed)";
    for (size_t i = 0; i < mesh_entries_count(entries); i++) {
        const mesh_entry *entry = mesh_entries_at(entries, i);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s=%s", i > 0 ? " " : "", mesh_entry_key(entry),
                                mesh_entry_value(entry).data);
        expect_int(mesh_entry_operation(entry), MESH_ENTRY_PUT);
        expect_int(mesh_entry_revision(entry), revision_of(mesh, mesh_entry_key(entry)));
    }
    expect_true(mesh_entries_at(entries, mesh_entries_count(entries)) == NULL);
    mesh_entries_free(entries);
    return text;
}

static void live_keys_are_listed_and_deleted_ones_are_not(void)
{
    mesh_client *mesh = peer_client(NULL);

    mesh_key_put(mesh, "list.b.x", mesh_text("2"), NULL, NULL);
    mesh_key_put(mesh, "list.a.x", mesh_text("1"), NULL, NULL);
    mesh_key_put(mesh, "list.empty", mesh_text(""), NULL, NULL);
    mesh_key_put(mesh, "list.gone", mesh_text("3"), NULL, NULL);
    mesh_key_put(mesh, "list.a/y", mesh_text("4"), NULL, NULL);
    mesh_key_delete(mesh, "list.gone", NULL);
    expect_str(listing(mesh, "list.>"), "list.a.x=1 list.a/y=4 list.b.x=2 list.empty=");
    expect_str(listing(mesh, "list.*.x"), "list.a.x=1 list.b.x=2");
    expect_str(listing(mesh, "list.a.x"), "list.a.x=1");
    expect_str(listing(mesh, "list"), "");
    expect_str(listing(mesh, "nothing.>"), "");
    mesh_client_close(mesh);
}

/* ---- watches ---- */

/* The next entry as "+ key=value", "- key" or "current". */
static const char *next_of(mesh_watch *watch)
{
    static char text[200];
    const mesh_entry *entry = NULL;
    mesh_status status = mesh_watch_next(watch, WAIT_MS, &entry, NULL);

    if (status != MESH_OK)
        return mesh_status_code(status);
    switch (mesh_entry_operation(entry)) {
    case MESH_ENTRY_PUT:
        snprintf(text, sizeof(text), "+ %s=%s", mesh_entry_key(entry), mesh_entry_value(entry).data);
        return text;
    case MESH_ENTRY_DELETE:
        snprintf(text, sizeof(text), "- %s", mesh_entry_key(entry));
        return text;
    default:
        return "current";
    }
}

static void a_watch_tells_what_is_there_and_then_what_changes(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_watch *watch = NULL;
    const mesh_entry *entry = NULL;

    mesh_key_put(mesh, "seen.a", mesh_text("1"), NULL, NULL);
    mesh_key_put(mesh, "seen.gone", mesh_text("1"), NULL, NULL);
    mesh_key_delete(mesh, "seen.gone", NULL);
    mesh_key_put(mesh, "seen.b", mesh_text(""), NULL, NULL);
    expect_int(mesh_key_watch(mesh, "seen.*", &watch, NULL), MESH_OK);
    expect_str(next_of(watch), "+ seen.a=1");
    expect_str(next_of(watch), "+ seen.b=");
    expect_str(next_of(watch), "current");
    expect_int(mesh_watch_next(watch, 0, &entry, NULL), MESH_E_TIMEOUT);
    expect_int(mesh_watch_next(watch, 1, &entry, NULL), MESH_E_TIMEOUT);
    mesh_key_put(mesh, "seen.a", mesh_text("2"), NULL, NULL);
    mesh_key_put(mesh, "unseen.a", mesh_text("2"), NULL, NULL);
    mesh_key_delete(mesh, "seen.b", NULL);
    mesh_key_delete(mesh, "seen.never", NULL);
    expect_str(next_of(watch), "+ seen.a=2");
    expect_str(next_of(watch), "- seen.b");
    expect_str(next_of(watch), "- seen.never");
    mesh_watch_close(watch);
    mesh_client_close(mesh);
}

static void a_watch_of_nothing_is_current_at_once(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_watch *watch = NULL;
    uint64_t begin = clock_ms();

    expect_int(mesh_key_watch(mesh, "empty.>", &watch, NULL), MESH_OK);
    expect_str(next_of(watch), "current");
    expect_true(clock_ms() - begin < 2000);
    mesh_key_put(mesh, "empty.no.more", mesh_text("1"), NULL, NULL);
    expect_str(next_of(watch), "+ empty.no.more=1");
    mesh_watch_close(watch);
    mesh_client_close(mesh);
}

static void a_program_with_a_loop_polls_a_watch(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_watch *watch = NULL;

    expect_int(mesh_key_watch(mesh, "polled", &watch, NULL), MESH_OK);
    struct pollfd fd = { mesh_watch_fd(watch), POLLIN, 0 };
    expect_true(fd.fd >= 0);
    expect_int(poll(&fd, 1, WAIT_MS), 1);
    expect_str(next_of(watch), "current");
    expect_int(poll(&fd, 1, 0), 0);
    mesh_key_put(mesh, "polled", mesh_text("1"), NULL, NULL);
    expect_int(poll(&fd, 1, WAIT_MS), 1);
    expect_str(next_of(watch), "+ polled=1");
    mesh_watch_close(watch);
    mesh_client_close(mesh);
}

static void *stop(void *mesh)
{
    mesh_client_stop(mesh, 0, NULL);
    return NULL;
}

static void a_stop_ends_a_watch_and_all_that_comes_after(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_watch *watch = NULL, *other = NULL;
    mesh_entry *entry = NULL;
    mesh_entries *entries = NULL;
    const mesh_entry *next = NULL;
    pthread_t thread;

    expect_int(mesh_key_watch(mesh, "stopped", &watch, NULL), MESH_OK);
    expect_str(next_of(watch), "current");
    pthread_create(&thread, NULL, stop, mesh);
    expect_int(mesh_watch_next(watch, UINT32_MAX, &next, NULL), MESH_E_STOPPED);
    pthread_join(thread, NULL);
    expect_int(mesh_key_get(mesh, "a", &entry, NULL), MESH_E_STOPPED);
    expect_int(mesh_key_put(mesh, "a", mesh_text("1"), NULL, NULL), MESH_E_STOPPED);
    expect_int(mesh_key_list(mesh, "a", &entries, NULL), MESH_E_STOPPED);
    expect_int(mesh_key_watch(mesh, "a", &other, NULL), MESH_E_STOPPED);
    mesh_watch_close(watch);
    mesh_client_close(mesh);
}

static void a_watch_goes_on_when_the_server_is_back(void)
{
    if (!bus_has_server("it restarts the server"))
        return;
    struct nats_server *server = nats_server_start(NULL);
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *mesh = NULL;
    mesh_watch *watch = NULL;

    options.url = nats_server_url(server);
    expect_int(mesh_client_open(&options, &mesh, NULL), MESH_OK);
    mesh_key_put(mesh, "kept", mesh_text("1"), NULL, NULL);
    mesh_key_put(mesh, "ended", mesh_text("1"), NULL, NULL);
    mesh_key_delete(mesh, "ended", NULL);
    expect_int(mesh_key_watch(mesh, ">", &watch, NULL), MESH_OK);
    expect_str(next_of(watch), "+ kept=1");
    expect_str(next_of(watch), "current");
    nats_server_kill(server);
    nats_server_restart(server);
    uint64_t deadline = clock_deadline(WAIT_MS);
    while (mesh_key_put(mesh, "fresh", mesh_text("2"), NULL, NULL) != MESH_OK && clock_ms() < deadline)
        ;
    expect_str(next_of(watch), "+ fresh=2");
    mesh_watch_close(watch);
    mesh_client_close(mesh);
    nats_server_stop(server);
}

static void *write_many(void *mesh)
{
    for (int i = 0; i < 300; i++) {
        char value[16];
        snprintf(value, sizeof(value), "%d", i);
        mesh_key_put(mesh, "storm.a", mesh_text(value), NULL, NULL);
    }
    return NULL;
}

static void watches_come_and_go_while_keys_change(void)
{
    mesh_client *mesh = peer_client(NULL);
    pthread_t thread;
    const mesh_entry *entry = NULL;

    pthread_create(&thread, NULL, write_many, mesh);
    for (int i = 0; i < 30; i++) {
        mesh_watch *watch = NULL;
        expect_int(mesh_key_watch(mesh, "storm.>", &watch, NULL), MESH_OK);
        for (int j = 0; j < i % 4; j++)
            mesh_watch_next(watch, 100, &entry, NULL);
        mesh_watch_close(watch);
    }
    pthread_join(thread, NULL);
    mesh_client_close(mesh);
}

SUITE(integration_keys, STATEMENT("12", any_bytes_are_stored_as_they_are),
      STATEMENT("12", a_missing_and_a_deleted_key_are_not_found),
      STATEMENT("13", a_key_is_created_once_and_again_when_it_was_deleted), TEST(a_key_is_replaced_only_as_it_was_read),
      TEST(what_is_no_key_is_refused), TEST(a_value_over_the_servers_maximum_is_too_large),
      TEST(one_try_tells_what_became_of_it), TEST(an_update_goes_on_until_nobody_is_faster),
      TEST(many_who_count_at_once_lose_no_count),
      STATEMENT("13", a_conflict_is_told_from_other_failures_by_either_code),
      TEST(without_permission_a_write_is_denied_at_once), TEST(what_is_written_is_as_recorded),
      TEST(live_keys_are_listed_and_deleted_ones_are_not), TEST(a_watch_tells_what_is_there_and_then_what_changes),
      TEST(a_watch_of_nothing_is_current_at_once), TEST(a_program_with_a_loop_polls_a_watch),
      TEST(a_stop_ends_a_watch_and_all_that_comes_after), TEST(a_watch_goes_on_when_the_server_is_back),
      TEST(watches_come_and_go_while_keys_change))
