/* SPDX-License-Identifier: Apache-2.0 */
/* A link and the buckets: keys read, written, listed, watched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "bus.h"
#include "link/link.h"
#include "link_probe.h"
#include "suite.h"

#define BUCKET "mesh-context"

static bool set_up(struct probe *probe)
{
    probe_init(probe);
    return expect_true(probe_open(probe, bus_url(), NULL)) &&
           expect_int(link_buckets_ensure(probe->link, NULL), MESH_OK);
}

/* Whether a key reads so; NULL: not found. */
static bool reads(struct link *link, const char *key, const char *expected)
{
    auto_buf struct buf value;

    buf_init(&value, 1024);
    mesh_status status = link_key_get(link, BUCKET, key, &value, NULL, NULL);
    if (!expected)
        return expect_int(status, MESH_E_NOT_FOUND);
    return expect_int(status, MESH_OK) && expect_str(buf_text(&value), expected);
}

static void a_key_is_written_and_read(void)
{
    static const char all[] = { 0, 1, 2, (char)0xff, (char)0x80, '\n', 0 };
    struct probe probe;
    uint64_t revision = 0, again = 0;
    auto_buf struct buf value;

    set_up(&probe);
    expect_true(reads(probe.link, "one.missing", NULL));
    expect_int(link_key_put(probe.link, BUCKET, "one.a/b=c_D-1", mesh_text("first"), &revision, NULL), MESH_OK);
    expect_true(revision > 0);
    expect_true(reads(probe.link, "one.a/b=c_D-1", "first"));
    expect_int(link_key_put(probe.link, BUCKET, "one.empty", mesh_text(NULL), &again, NULL), MESH_OK);
    expect_int(again, revision + 1);
    expect_true(reads(probe.link, "one.empty", ""));
    for (size_t len = 0; len <= sizeof(all); len++) {
        buf_init(&value, 1024);
        expect_int(link_key_put(probe.link, BUCKET, "one.bytes", mesh_bytes_of(all, len), &revision, NULL), MESH_OK);
        expect_int(link_key_get(probe.link, BUCKET, "one.bytes", &value, &again, NULL), MESH_OK);
        expect_int(again, revision);
        expect_true(value.len == len && memcmp(buf_text(&value), all, len) == 0);
        buf_clear(&value);
    }
    expect_int(link_key_get(probe.link, BUCKET, "one.bytes", NULL, NULL, NULL), MESH_OK);
    probe_clear(&probe);
}

static void a_value_may_be_as_large_as_a_message(void)
{
    struct probe probe;
    auto_buf struct buf value;

    set_up(&probe);
    size_t max = link_max_payload(probe.link);
    char *large = malloc(max);
    for (size_t i = 0; i < max; i++)
        large[i] = (char)(i * 7);
    expect_int(link_key_put(probe.link, BUCKET, "large", mesh_bytes_of(large, max), NULL, NULL), MESH_OK);
    buf_init(&value, max);
    expect_int(link_key_get(probe.link, BUCKET, "large", &value, NULL, NULL), MESH_OK);
    expect_true(value.len == max && memcmp(value.data, large, max) == 0);
    buf_clear(&value);
    buf_init(&value, max - 1);
    expect_int(link_key_get(probe.link, BUCKET, "large", &value, NULL, NULL), MESH_E_TOO_LARGE);
    expect_int(link_key_put(probe.link, BUCKET, "large", mesh_bytes_of(large, max + 1), NULL, NULL), MESH_E_TOO_LARGE);
    expect_int(link_key_delete(probe.link, BUCKET, "large", NULL), MESH_OK);
    free(large);
    probe_clear(&probe);
}

static void who_writes_second_is_told(void)
{
    struct probe probe;
    uint64_t first = 0, second = 0, revision = 0;
    mesh_error err = MESH_ERROR_INIT;

    set_up(&probe);
    expect_int(link_key_update(probe.link, BUCKET, "two", mesh_text("1"), 0, &first, NULL), MESH_OK);
    expect_int(link_key_update(probe.link, BUCKET, "two", mesh_text("x"), 0, &revision, &err), MESH_E_CONFLICT);
    expect_contains(mesh_error_text(&err), "'two'");
    expect_int(link_key_update(probe.link, BUCKET, "two", mesh_text("2"), first, &second, NULL), MESH_OK);
    expect_true(second > first);
    expect_int(link_key_update(probe.link, BUCKET, "two", mesh_text("x"), first, &revision, NULL), MESH_E_CONFLICT);
    expect_int(link_key_update(probe.link, BUCKET, "two", mesh_text("x"), second + 100, &revision, NULL),
               MESH_E_CONFLICT);
    expect_int(revision, 0);
    expect_true(reads(probe.link, "two", "2"));
    mesh_error_clear(&err);
    probe_clear(&probe);
}

static void a_deleted_key_leaves_a_marker_that_is_overcome(void)
{
    struct probe probe;
    uint64_t written = 0, marker = 0, missing = 7;

    set_up(&probe);
    expect_int(link_key_put(probe.link, BUCKET, "three", mesh_text("x"), &written, NULL), MESH_OK);
    expect_int(link_key_delete(probe.link, BUCKET, "three", NULL), MESH_OK);
    expect_int(link_key_get(probe.link, BUCKET, "three", NULL, &marker, NULL), MESH_E_NOT_FOUND);
    expect_int(marker, written + 1);
    expect_int(link_key_get(probe.link, BUCKET, "three.never", NULL, &missing, NULL), MESH_E_NOT_FOUND);
    expect_int(missing, 0);
    expect_int(link_key_update(probe.link, BUCKET, "three", mesh_text("again"), 0, NULL, NULL), MESH_OK);
    expect_true(reads(probe.link, "three", "again"));
    expect_int(link_key_delete(probe.link, BUCKET, "three.never", NULL), MESH_OK);
    probe_clear(&probe);
}

static void a_key_that_is_none_is_refused(void)
{
    static const char *const keys[] = { "", ".", "a.", ".a", "a..b", "a b", "*", "a.>", "a\\b", "ä", "a\n" };
    struct probe probe;
    struct link_subscription *subscription = NULL;
    mesh_error err = MESH_ERROR_INIT;

    set_up(&probe);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct link_pair pair = { .key = keys[i] };
        expect_int(link_key_put(probe.link, BUCKET, keys[i], mesh_text("x"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
        expect_int(link_key_get(probe.link, BUCKET, keys[i], NULL, NULL, NULL), MESH_E_INVALID_ARGUMENT);
        expect_int(link_keys_put(probe.link, BUCKET, &pair, 1, NULL), MESH_E_INVALID_ARGUMENT);
    }
    expect_int(link_keys_each(probe.link, BUCKET, "a\"b", probe_entry, &probe, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(link_keys_watch(probe.link, BUCKET, "", probe_entry, &probe, &subscription, NULL),
               MESH_E_INVALID_ARGUMENT);
    expect_int(link_key_get(probe.link, "no-such-bucket", "a", NULL, NULL, &err), MESH_E_CONNECTION_FAILED);
    expect_contains(mesh_error_text(&err), "no-such-bucket");
    mesh_error_clear(&err);
    expect_int(link_key_put(probe.link, "no-such-bucket", "a", mesh_text("x"), NULL, &err), MESH_E_CONNECTION_FAILED);
    expect_contains(mesh_error_text(&err), "no-such-bucket");
    mesh_error_clear(&err);
    expect_int(link_keys_watch(probe.link, "no-such-bucket", ">", probe_entry, &probe, &subscription, &err),
               MESH_E_CONNECTION_FAILED);
    expect_contains(mesh_error_text(&err), "no-such-bucket");
    mesh_error_clear(&err);
    probe_clear(&probe);
}

static void many_keys_are_written_together_and_listed(void)
{
    enum { COUNT = 1500, TEXT = 32 };
    static char keys[COUNT][TEXT];
    static struct link_pair pairs[COUNT];
    struct probe probe;

    set_up(&probe);
    for (int i = 0; i < COUNT; i++) {
        snprintf(keys[i], TEXT, "many.%d.%c", i, i % 2 ? 'a' : 'b');
        pairs[i] = (struct link_pair){ .key = keys[i], .value = mesh_text(keys[i]) };
    }
    uint64_t start = clock_ms();
    expect_int(link_keys_put(probe.link, BUCKET, pairs, COUNT, NULL), MESH_OK);
    uint64_t written = clock_ms();
    expect_int(link_key_delete(probe.link, BUCKET, "many.7.a", NULL), MESH_OK);
    probe_forget_lines(&probe);
    expect_int(link_keys_each(probe.link, BUCKET, "many.>", probe_entry, &probe, NULL), MESH_OK);
    printf("%d keys written in %llu ms, listed in %llu ms\n", COUNT, (unsigned long long)(written - start),
           (unsigned long long)(clock_ms() - written));
    expect_int(probe_count_lines(&probe, "many."), COUNT - 1);
    expect_true(probe_has_line(&probe, "many.1499.a=many.1499.a @"));
    expect_false(probe_has_line(&probe, "many.7.a"));
    probe_forget_lines(&probe);
    expect_int(link_keys_each(probe.link, BUCKET, "many.*.b", probe_entry, &probe, NULL), MESH_OK);
    expect_int(probe_count_lines(&probe, "many."), COUNT / 2);
    probe_forget_lines(&probe);
    expect_int(link_keys_each(probe.link, BUCKET, "none.>", probe_entry, &probe, NULL), MESH_OK);
    expect_int(probe_count_lines(&probe, ""), 0);
    expect_int(link_keys_put(probe.link, BUCKET, NULL, 0, NULL), MESH_OK);
    probe_clear(&probe);
}

static void a_watch_tells_what_is_and_what_changes(void)
{
    struct probe probe;
    struct link_subscription *watch = NULL;

    set_up(&probe);
    link_key_put(probe.link, BUCKET, "seen.a", mesh_text("1"), NULL, NULL);
    link_key_put(probe.link, BUCKET, "seen.b", mesh_text("old"), NULL, NULL);
    link_key_put(probe.link, BUCKET, "unseen", mesh_text("1"), NULL, NULL);
    link_key_delete(probe.link, BUCKET, "seen.b", NULL);
    expect_int(link_keys_watch(probe.link, BUCKET, "seen.*", probe_entry, &probe, &watch, NULL), MESH_OK);
    expect_true(probe_await_line(&probe, "seen.a=1 @"));
    expect_true(probe_await_line(&probe, "seen.b deleted"));
    link_key_put(probe.link, BUCKET, "unseen", mesh_text("2"), NULL, NULL);
    link_key_put(probe.link, BUCKET, "seen.c", mesh_text(NULL), NULL, NULL);
    expect_true(probe_await_line(&probe, "seen.c= @"));
    link_key_delete(probe.link, BUCKET, "seen.a", NULL);
    expect_true(probe_await_line(&probe, "seen.a deleted"));
    expect_false(probe_has_line(&probe, "unseen"));
    expect_true(probe_count_lines(&probe, "seen.") >= 4); /* what seems to be lost makes it tell all again */
    link_unsubscribe(watch, probe_gone);
    expect_true(probe_await_gone(&probe, 1));
    link_key_put(probe.link, BUCKET, "seen.d", mesh_text("x"), NULL, NULL);
    expect_false(probe_has_line(&probe, "seen.d"));
    probe_clear(&probe);
}

static void watches_come_and_go(void)
{
    enum { COUNT = 100 };
    struct probe probe;
    struct link_subscription *watches[COUNT];

    set_up(&probe);
    link_key_put(probe.link, BUCKET, "fan", mesh_text("1"), NULL, NULL);
    for (int i = 0; i < COUNT; i++)
        expect_int(link_keys_watch(probe.link, BUCKET, "fan", probe_entry, &probe, &watches[i], NULL), MESH_OK);
    link_key_put(probe.link, BUCKET, "fan", mesh_text("2"), NULL, NULL);
    for (int i = 0; i < COUNT; i++)
        link_unsubscribe(watches[i], probe_gone);
    expect_true(probe_await_gone(&probe, COUNT));
    probe_clear(&probe);
}

/* A request with the means of a link: what JetStream says of the configuration of a stream. */
static cJSON *ask(struct probe *probe, const char *subject, const char *body)
{
    struct link_subscription *subscription = NULL;
    char *inbox = link_new_inbox(probe->link);
    struct link_outgoing message = { .subject = subject, .reply = inbox, .body = mesh_text(body) };
    size_t before = probe->message_count;
    cJSON *tree = NULL;

    link_subscribe(probe->link, inbox, NULL, probe_message, probe, &subscription, NULL);
    link_publish(probe->link, &message, NULL);
    if (expect_true(probe_await_messages(probe, before + 1)))
        json_parse(link_message_body(&probe->messages[before]), &tree, NULL);
    link_unsubscribe(subscription, NULL);
    free(inbox);
    return tree;
}

static void buckets_are_made_as_the_protocol_says_and_existing_ones_left_alone(void)
{
    if (!bus_has_server("it asks the server for its streams"))
        return;
    static const char *const own[] = { "KV_mesh-catalog", "KV_mesh-registry", "KV_mesh-instances",
                                       "KV_mesh-observability", "OBJ_mesh-artifacts" };
    static const char *const peculiar = "{\"name\":\"KV_mesh-context\",\"subjects\":[\"$KV.mesh-context.>\"],"
                                        "\"storage\":\"memory\",\"max_msgs_per_subject\":5,\"allow_direct\":true}";
    struct nats_server *server = nats_server_start(NULL);
    struct probe probe;
    char subject[64];

    probe_init(&probe);
    expect_true(probe_open(&probe, nats_server_url(server), NULL));
    cJSON_Delete(ask(&probe, "$JS.API.STREAM.CREATE.KV_mesh-context", peculiar));
    expect_int(link_buckets_ensure(probe.link, NULL), MESH_OK);
    expect_int(link_buckets_ensure(probe.link, NULL), MESH_OK);

    cJSON *context = ask(&probe, "$JS.API.STREAM.INFO.KV_mesh-context", NULL);
    const cJSON *config = json_get(context, "config");
    expect_int(json_int(config, "max_msgs_per_subject", 0), 5);
    expect_str(json_string(config, "storage", ""), "memory");
    cJSON_Delete(context);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        bool is_kv = strncmp(own[i], "KV_", 3) == 0;
        snprintf(subject, sizeof(subject), "$JS.API.STREAM.INFO.%s", own[i]);
        cJSON *info = ask(&probe, subject, NULL);
        config = json_get(info, "config");
        expect_str(json_string(config, "storage", ""), "file");
        expect_str(json_string(config, "discard", ""), "new");
        expect_true(json_bool(config, "allow_rollup_hdrs", false));
        expect_int(json_bool(config, "deny_delete", false), is_kv);
        expect_int(json_bool(config, "allow_direct", false), !is_kv);
        expect_int(json_int(config, "max_msgs_per_subject", 0), is_kv ? 1 : -1);
        expect_int(json_int(config, "num_replicas", 0), 1);
        expect_int(cJSON_GetArraySize(json_get(config, "subjects")), is_kv ? 1 : 2);
        cJSON_Delete(info);
    }
    probe_clear(&probe);
    nats_server_stop(server);
}

SUITE(link_keys, STATEMENT("12", a_key_is_written_and_read), TEST(a_value_may_be_as_large_as_a_message),
      TEST(who_writes_second_is_told), STATEMENT("13", a_deleted_key_leaves_a_marker_that_is_overcome),
      TEST(a_key_that_is_none_is_refused), TEST(many_keys_are_written_together_and_listed),
      TEST(a_watch_tells_what_is_and_what_changes), TEST(watches_come_and_go),
      STATEMENT("9 10", buckets_are_made_as_the_protocol_says_and_existing_ones_left_alone))
