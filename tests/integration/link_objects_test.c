/* SPDX-License-Identifier: Apache-2.0 */
/* A link and the object store: put, read, replaced, deleted, listed, and what goes wrong on the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "bus.h"
#include "link/link.h"
#include "link_probe.h"
#include "suite.h"

#define BUCKET "mesh-artifacts"
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct link_patience patient = { .timeout_ms = 20000 };

static bool set_up_at(struct probe *probe, const char *url)
{
    probe_init(probe);
    return expect_true(probe_open(probe, url, NULL)) && expect_int(link_buckets_ensure(probe->link, NULL), MESH_OK);
}

static bool set_up(struct probe *probe)
{
    return set_up_at(probe, bus_url());
}

/* Content that tells its place, and what happens at a byte of it. */
struct content {
    size_t size, at;
    unsigned seed;
    size_t act_at;
    void (*act)(void *data);
    void *data;
    mesh_status fails; /* there */
};

static char byte_at(unsigned seed, size_t at)
{
    return (char)((at * 2654435761U + seed) >> 11);
}

static mesh_status act(struct content *content, size_t len, mesh_error *err)
{
    if (content->act_at < content->at || content->act_at >= content->at + len)
        return MESH_OK;
    if (content->act)
        content->act(content->data);
    return content->fails ? mesh_error_set(err, content->fails, "the test fails") : MESH_OK;
}

static mesh_status give(void *closure, char *buffer, size_t size, size_t *ret_len, mesh_error *err)
{
    struct content *content = closure;
    size_t left = content->size - content->at, len = left < size ? left : size;

    if (len > 10000) /* in pieces of any size */
        len = 10000;
    mesh_status status = act(content, len, err);
    for (size_t i = 0; i < len; i++)
        buffer[i] = byte_at(content->seed, content->at + i);
    content->at += len;
    *ret_len = len;
    return status;
}

static mesh_status compare(void *closure, mesh_bytes bytes, mesh_error *err)
{
    struct content *content = closure;

    if (content->size - content->at < bytes.len)
        return mesh_error_set(err, MESH_E_DATA, "too much came");
    mesh_status status = act(content, bytes.len, err);
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] != byte_at(content->seed, content->at + i))
            return mesh_error_set(err, MESH_E_DATA, "byte %zu is wrong", content->at + i);
    content->at += bytes.len;
    return status;
}

static mesh_status put(struct link *link, const char *name, struct content content, mesh_error *err)
{
    return link_object_put(link, BUCKET, name, NULL, give, NULL, &content, &patient, err);
}

static bool puts_well(struct link *link, const char *name, size_t size, unsigned seed)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = put(link, name, (struct content){ .size = size, .seed = seed }, &err);
    bool well = expect_int(status, MESH_OK);

    if (!well)
        fprintf(stderr, "%s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
    return well;
}

static mesh_status read_back(struct link *link, const char *name, struct content *content, mesh_error *err)
{
    auto_object struct object object = { 0 };
    mesh_status status = link_object_info(link, BUCKET, name, &object, err);

    return status == MESH_OK ? link_object_read(link, BUCKET, &object, compare, content, &patient, err) : status;
}

static bool reads(struct link *link, const char *name, size_t size, unsigned seed)
{
    struct content content = { .size = size, .seed = seed };
    mesh_error err = MESH_ERROR_INIT;
    bool well = expect_int(read_back(link, name, &content, &err), MESH_OK) && expect_int(content.at, size);

    if (!well)
        fprintf(stderr, "%s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
    return well;
}

/* How many chunks are stored for all objects together. */
struct stock {
    uint64_t live, dead, chunks;
};

static mesh_status count_object(void *closure, const struct object *object, mesh_error *err)
{
    struct stock *stock = closure;

    (void)err;
    if (object->deleted)
        stock->dead++;
    else
        stock->live++;
    stock->chunks += object->chunks;
    return MESH_OK;
}

static struct stock stock_of(struct link *link)
{
    struct stock stock = { 0 };

    expect_int(link_objects_each(link, BUCKET, count_object, &stock, &patient, NULL), MESH_OK);
    return stock;
}

/* ---- */

static void objects_of_all_sizes_come_back(void)
{
    static const size_t sizes[] = { 0, 1, 131071, 131072, 131073, 262144, 10 << 20 };
    struct probe probe;

    set_up(&probe);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        puts_well(probe.link, "any size", sizes[i], (unsigned)i);
        reads(probe.link, "any size", sizes[i], (unsigned)i);
    }
    probe_clear(&probe);
}

static void what_is_not_there_is_not_found(void)
{
    struct probe probe;
    struct content content = { 0 };

    set_up(&probe);
    expect_int(read_back(probe.link, "never/was", &content, NULL), MESH_E_NOT_FOUND);
    expect_int(link_object_delete(probe.link, BUCKET, "never/was", NULL), MESH_E_NOT_FOUND);
    puts_well(probe.link, "was", 3, 3);
    expect_int(link_object_delete(probe.link, BUCKET, "was", NULL), MESH_OK);
    expect_int(link_object_delete(probe.link, BUCKET, "was", NULL), MESH_E_NOT_FOUND);
    expect_int(read_back(probe.link, "was", &content, NULL), MESH_E_NOT_FOUND);
    puts_well(probe.link, "was", 4, 4);
    reads(probe.link, "was", 4, 4);
    probe_clear(&probe);
}

static void a_reader_that_fails_leaves_what_was_there(void)
{
    struct probe probe;
    mesh_error err = MESH_ERROR_INIT;

    set_up(&probe);
    puts_well(probe.link, "kept", 300000, 1);
    expect_int(
        put(probe.link, "kept", (struct content){ .size = 5 << 20, .act_at = 4 << 20, .fails = MESH_E_SYSTEM }, &err),
        MESH_E_SYSTEM);
    expect_str(mesh_error_message(&err), "the test fails");
    reads(probe.link, "kept", 300000, 1);
    mesh_error_clear(&err);
    probe_clear(&probe);
}

struct other {
    struct link *link;
    const char *name;
    bool deletes;
};

static void interfere(void *data)
{
    const struct other *other = data;

    if (other->deletes)
        expect_int(link_object_delete(other->link, BUCKET, other->name, NULL), MESH_OK);
    else
        puts_well(other->link, other->name, 400000, 9);
}

static void of_two_puts_at_once_the_later_one_wins(void)
{
    struct probe probe;
    struct other other = { .name = "twice" };

    set_up(&probe);
    other.link = probe.link;
    for (int round = 0; round < 2; round++) {
        expect_int(
            put(probe.link, "twice",
                (struct content){ .size = 3 << 20, .seed = 2, .act_at = 1 << 20, .act = interfere, .data = &other },
                NULL),
            MESH_OK);
        reads(probe.link, "twice", 3 << 20, 2);
    }
    probe_clear(&probe);
}

static void what_changes_while_it_is_read_is_told(void)
{
    struct probe probe;
    struct other other = { .name = "moving" };
    struct content content = { .size = 8 << 20, .seed = 5, .act_at = 1 << 20, .act = interfere, .data = &other };

    set_up(&probe);
    other.link = probe.link;
    puts_well(probe.link, "moving", 8 << 20, 5);
    expect_int(read_back(probe.link, "moving", &content, NULL), MESH_E_CONFLICT);
    puts_well(probe.link, "moving", 8 << 20, 5);
    content.at = 0;
    other.deletes = true;
    expect_int(read_back(probe.link, "moving", &content, NULL), MESH_E_NOT_FOUND);
    probe_clear(&probe);
}

static void kill_server(void *server)
{
    nats_server_kill(server);
}

static void restart_server(void *server)
{
    nats_server_kill(server);
    nats_server_restart(server);
}

static void a_put_that_loses_its_server_fails_and_leaves_what_was_there(void)
{
    if (!bus_has_server("it kills the server"))
        return;
    struct nats_server *server = nats_server_start(NULL);
    struct probe probe;
    struct content content = { .size = 6 << 20, .act_at = 5 << 20, .act = kill_server, .data = server };
    mesh_error err = MESH_ERROR_INIT;

    set_up_at(&probe, nats_server_url(server));
    puts_well(probe.link, "kept", 300000, 1);
    expect_int(put(probe.link, "kept", content, &err), MESH_E_CONNECTION_FAILED);
    nats_server_restart(server);
    expect_true(probe_await_line(&probe, "linked"));
    struct content kept = { .size = 300000, .seed = 1 };
    uint64_t deadline = clock_deadline(PROBE_WAIT_MS);
    mesh_status status;
    while ((status = read_back(probe.link, "kept", &kept, NULL)) == MESH_E_CONNECTION_FAILED && clock_ms() < deadline)
        kept.at = 0;
    expect_int(status, MESH_OK);
    mesh_error_clear(&err);
    probe_clear(&probe);
    nats_server_stop(server);
}

static void reading_goes_on_when_the_server_is_back(void)
{
    if (!bus_has_server("it restarts the server"))
        return;
    struct nats_server *server = nats_server_start(NULL);
    struct probe probe;
    struct content content = { .size = 12 << 20, .seed = 7, .act_at = 6 << 20, .act = restart_server, .data = server };
    mesh_error err = MESH_ERROR_INIT;

    set_up_at(&probe, nats_server_url(server));
    puts_well(probe.link, "long", 12 << 20, 7);
    if (!expect_int(read_back(probe.link, "long", &content, &err), MESH_OK))
        fprintf(stderr, "%s\n", mesh_error_text(&err));
    expect_int(content.at, 12 << 20);
    mesh_error_clear(&err);
    probe_clear(&probe);
    nats_server_stop(server);
}

static void reading_ends_in_time_when_the_server_stays_away(void)
{
    if (!bus_has_server("it kills the server"))
        return;
    struct nats_server *server = nats_server_start(NULL);
    struct probe probe;
    struct content content = { .size = 12 << 20, .seed = 7, .act_at = 6 << 20, .act = kill_server, .data = server };
    struct link_patience hasty = { .timeout_ms = 300 };
    auto_object struct object object = { 0 };

    set_up_at(&probe, nats_server_url(server));
    puts_well(probe.link, "long", 12 << 20, 7);
    expect_int(link_object_info(probe.link, BUCKET, "long", &object, NULL), MESH_OK);
    expect_int(link_object_read(probe.link, BUCKET, &object, compare, &content, &hasty, NULL), MESH_E_TIMEOUT);
    probe_clear(&probe);
    nats_server_stop(server);
}

static bool is_set(const void *flag)
{
    return *(const bool *)flag;
}

static void set(void *flag)
{
    *(bool *)flag = true;
}

static void a_transfer_can_be_given_up(void)
{
    struct probe probe;
    bool stop = false;
    struct link_patience patience = { .timeout_ms = 20000, .given_up = is_set, .closure = &stop };
    struct content content = { .size = 12 << 20, .act_at = 6 << 20, .act = set, .data = &stop };
    auto_object struct object object = { 0 };

    set_up(&probe);
    puts_well(probe.link, "whole", 12 << 20, 0);
    expect_int(link_object_put(probe.link, BUCKET, "whole", NULL, give, NULL, &content, &patience, NULL),
               MESH_E_STOPPED);
    expect_int(link_object_info(probe.link, BUCKET, "whole", &object, NULL), MESH_OK);
    stop = false;
    content.at = 0;
    expect_int(link_object_read(probe.link, BUCKET, &object, compare, &content, &patience, NULL), MESH_E_STOPPED);
    reads(probe.link, "whole", 12 << 20, 0);
    probe_clear(&probe);
}

/* What the server answers to a request, to free(); the probe is left as it was. */
static char *answer_of(struct probe *probe, const char *subject)
{
    struct link_subscription *subscription = NULL;
    char *inbox = link_new_inbox(probe->link), *answer = NULL;
    struct link_outgoing question = { .subject = subject, .reply = inbox };
    size_t before = probe->message_count;

    link_subscribe(probe->link, inbox, NULL, probe_message, probe, &subscription, NULL);
    link_publish(probe->link, &question, NULL);
    if (expect_true(probe_await_messages(probe, before + 1)))
        answer = strdup(link_message_body(&probe->messages[before]).data);
    link_unsubscribe(subscription, NULL);
    free(inbox);
    return answer ? answer : strdup("");
}

/* The server forgets all who read. */
static void forget_readers(void *probe)
{
    auto_free char *names = answer_of(probe, "$JS.API.CONSUMER.NAMES.OBJ_" BUCKET);
    unsigned forgotten = 0;

    for (const char *at = names; (at = strstr(at, "\"mesh-")) != NULL; at++) {
        char subject[200];
        snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.DELETE.OBJ_" BUCKET ".%.*s", (int)strcspn(at + 1, "\""),
                 at + 1);
        auto_free char *done = answer_of(probe, subject);
        expect_contains(done, "\"success\":true");
        forgotten++;
    }
    expect_int(forgotten, 1);
}

static void reading_goes_on_when_the_server_has_forgotten_the_reader(void)
{
    struct probe probe, other;
    struct content content = { .size = 12 << 20, .seed = 3, .act_at = 5 << 20, .act = forget_readers, .data = &other };
    struct link_patience hasty = { .timeout_ms = 6000 };
    auto_object struct object object = { 0 };

    if (!bus_has_server("it makes the server forget"))
        return;
    set_up(&probe);
    set_up(&other);
    puts_well(probe.link, "forgotten", 12 << 20, 3);
    expect_int(link_object_info(probe.link, BUCKET, "forgotten", &object, NULL), MESH_OK);
    expect_int(link_object_read(probe.link, BUCKET, &object, compare, &content, &hasty, NULL), MESH_OK);
    expect_int(content.at, 12 << 20);
    probe_clear(&other);
    probe_clear(&probe);
}

/* Everything that was written above and is not listed has left no chunk behind. */
static void no_chunk_is_left_behind(void)
{
    if (!bus_has_server("it asks the server for its streams"))
        return;
    struct probe probe;
    struct stock stock;

    set_up(&probe);
    stock = stock_of(probe.link);
    expect_true(stock.live > 3 && stock.dead >= 1);
    auto_free char *info = answer_of(&probe, "$JS.API.STREAM.INFO.OBJ_" BUCKET);
    const char *text = strstr(info, "\"messages\":");
    expect_int(text ? strtoull(text + strlen("\"messages\":"), NULL, 10) : 0, stock.live + stock.dead + stock.chunks);
    probe_clear(&probe);
}

static void names_are_listed_with_what_is_known_of_them(void)
{
    struct probe probe;
    auto_object struct object object = { 0 };
    struct content content = { .size = 200000, .seed = 1 };

    set_up(&probe);
    expect_int(link_object_put(probe.link, BUCKET, "a dir/\xc3\xa9t\xc3\xa9 \"1\"", "one \\ two", give, NULL, &content,
                               &patient, NULL),
               MESH_OK);
    expect_int(link_object_info(probe.link, BUCKET, "a dir/\xc3\xa9t\xc3\xa9 \"1\"", &object, NULL), MESH_OK);
    expect_str(object.description, "one \\ two");
    expect_int(object.size, 200000);
    expect_int(object.chunks, 2);
    probe_clear(&probe);
}

static void without_permission_it_is_told_at_once(void)
{
    if (!bus_has_server("it gives the server permissions"))
        return;
    struct nats_server *server = nats_server_start(
        "authorization { users = [\n"
        "  { user: all, password: p }\n"
        "  { user: api, password: p, permissions: { publish: [\"$JS.API.>\"], subscribe: [\"_INBOX.>\"] } }\n"
        "  { user: info, password: p, permissions: { publish: [\"$JS.API.STREAM.>\", \"$JS.API.CONSUMER.CREATE.>\"],\n"
        "      subscribe: [\"_INBOX.>\"] } }\n"
        "] }\n");
    char url[128];
    struct probe probe;
    struct content content = { .size = 300000 };
    mesh_error err = MESH_ERROR_INIT;

    probe_init(&probe);
    snprintf(url, sizeof(url), "nats://all:p@127.0.0.1:%d", nats_server_port(server));
    expect_true(probe_open(&probe, url, NULL));
    expect_int(link_buckets_ensure(probe.link, NULL), MESH_OK);
    puts_well(probe.link, "mine", 300000, 0);
    probe_clear(&probe);

    probe_init(&probe);
    snprintf(url, sizeof(url), "nats://api:p@127.0.0.1:%d", nats_server_port(server));
    expect_true(probe_open(&probe, url, NULL));
    uint64_t begin = clock_ms();
    expect_int(put(probe.link, "mine", content, &err), MESH_E_CONNECTION_DENIED);
    expect_true(clock_ms() - begin < 3000);
    expect_contains(mesh_error_text(&err), "$O.mesh-artifacts.C.");
    reads(probe.link, "mine", 300000, 0);
    probe_clear(&probe);

    probe_init(&probe);
    snprintf(url, sizeof(url), "nats://info:p@127.0.0.1:%d", nats_server_port(server));
    expect_true(probe_open(&probe, url, NULL));
    begin = clock_ms();
    expect_int(read_back(probe.link, "mine", &content, &err), MESH_E_CONNECTION_DENIED);
    expect_true(clock_ms() - begin < 3000);
    probe_clear(&probe);
    mesh_error_clear(&err);
    nats_server_stop(server);
}

static void without_the_bucket_it_is_told(void)
{
    if (!bus_has_server("it runs a server without buckets"))
        return;
    struct nats_server *server = nats_server_start(NULL);
    struct probe probe;
    struct content content = { .size = 10 };
    mesh_error err = MESH_ERROR_INIT;
    struct stock stock = { 0 };

    probe_init(&probe);
    expect_true(probe_open(&probe, nats_server_url(server), NULL));
    expect_int(put(probe.link, "x", content, &err), MESH_E_CONNECTION_FAILED);
    expect_contains(mesh_error_text(&err), "bucket 'mesh-artifacts' does not exist");
    expect_int(link_objects_each(probe.link, BUCKET, count_object, &stock, &patient, &err), MESH_E_CONNECTION_FAILED);
    mesh_error_clear(&err);
    probe_clear(&probe);
    nats_server_stop(server);
}

SUITE(integration_link_objects, STATEMENT("14", objects_of_all_sizes_come_back), TEST(what_is_not_there_is_not_found),
      TEST(a_reader_that_fails_leaves_what_was_there), TEST(of_two_puts_at_once_the_later_one_wins),
      TEST(what_changes_while_it_is_read_is_told), TEST(a_transfer_can_be_given_up),
      TEST(reading_goes_on_when_the_server_has_forgotten_the_reader), TEST(names_are_listed_with_what_is_known_of_them),
      TEST(no_chunk_is_left_behind), TEST(a_put_that_loses_its_server_fails_and_leaves_what_was_there),
      TEST(reading_goes_on_when_the_server_is_back), TEST(reading_ends_in_time_when_the_server_stays_away),
      TEST(without_permission_it_is_told_at_once), TEST(without_the_bucket_it_is_told))
