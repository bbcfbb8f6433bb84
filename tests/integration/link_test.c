/* SPDX-License-Identifier: Apache-2.0 */
/* A link and a server: connecting, messages, subscriptions, and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bus.h"
#include "link/link.h"
#include "link_probe.h"
#include "suite.h"

static bool publish(struct link *link, const char *subject, const char *body)
{
    struct link_outgoing message = { .subject = subject, .body = mesh_text(body) };

    return link_publish(link, &message, NULL) == MESH_OK;
}

static struct link_subscription *subscribe(struct probe *probe, const char *subject, const char *queue)
{
    struct link_subscription *subscription = NULL;

    expect_int(link_subscribe(probe->link, subject, queue, probe_message, probe, &subscription, NULL), MESH_OK);
    expect_int(link_flush(probe->link, PROBE_WAIT_MS, NULL), MESH_OK);
    return subscription;
}

/* ---- connecting ---- */

static void a_link_tells_that_it_is_connected(void)
{
    struct probe probe;

    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    expect_true(link_is_connected(probe.link));
    expect_int(link_max_payload(probe.link), 1024 * 1024);
    expect_true(probe_await_line(&probe, "linked"));
    expect_int(probe_count_lines(&probe, ""), 1);
    probe_clear(&probe);
}

static void a_dead_address_is_told_with_what_to_do(void)
{
    if (!bus_has_server("it ends the server"))
        return;
    struct nats_server *server = nats_server_start_plain();
    char url[64];
    struct probe probe;

    snprintf(url, sizeof(url), "%s", nats_server_url(server));
    nats_server_stop(server);
    probe_init(&probe);
    expect_false(probe_open(&probe, url, NULL));
    char text[256];
    snprintf(text, sizeof(text), "refused (%d): Could not connect to mesh at %s. Is it running? Try: agentmesh up",
             MESH_E_CONNECTION_FAILED, url);
    expect_true(probe_has_line(&probe, text));
    probe_clear(&probe);
}

static void what_is_no_address_is_refused(void)
{
    static const char *const urls[] = { "", ",", "nats://127.0.0.1:99999999" };

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct link_options trying = { .keep_trying = i < 2 };
        struct probe probe;
        probe_init(&probe);
        expect_false(probe_open(&probe, urls[i], &trying));
        probe_clear(&probe);
    }
}

static void a_missing_credentials_file_is_named(void)
{
    if (!bus_has_server("it shows credentials"))
        return;
    struct link_options options = { .credentials = "/nowhere/me.creds" };
    struct probe probe;

    probe_init(&probe);
    expect_false(probe_open(&probe, bus_url(), &options));
    expect_true(probe_has_line(&probe, "Credentials file not found: /nowhere/me.creds"));
    probe_clear(&probe);
}

static const char accounts[] = "authorization { users: [\n"
                               "  { user: bob, password: secret, permissions: {\n"
                               "      publish: [ \"mesh.Open.>\", \"_INBOX.>\", \"$JS.API.>\" ], subscribe: [ "
                               "\"mesh.Open.>\", \"_INBOX.>\" ] } }\n"
                               "  { user: root, password: secret }\n"
                               "] }\n";

static void url_for(const struct nats_server *server, const char *user, char url[128])
{
    snprintf(url, 128, "nats://%s@127.0.0.1:%d", user, nats_server_port(server));
}

static void users_of_the_url_are_let_in_or_denied_and_passwords_not_shown(void)
{
    if (!bus_has_server("it gives the server users"))
        return;
    struct nats_server *server = nats_server_start(accounts);
    char url[128];
    struct probe probe;

    probe_init(&probe);
    expect_false(probe_open(&probe, nats_server_url(server), NULL));
    expect_true(probe_has_line(&probe, "no credentials were presented"));

    url_for(server, "bob:wrong-password", url);
    expect_false(probe_open(&probe, url, NULL));
    char text[64];
    snprintf(text, sizeof(text), "refused (%d)", MESH_E_CONNECTION_DENIED);
    expect_int(probe_count_lines(&probe, text), 2);
    expect_true(probe_has_line(&probe, "nats://bob:***@127.0.0.1"));
    expect_false(probe_has_line(&probe, "wrong-password"));

    url_for(server, "bob:secret", url);
    expect_true(probe_open(&probe, url, NULL));
    probe_clear(&probe);
    nats_server_stop(server);
}

static void refused_subjects_are_told(void)
{
    if (!bus_has_server("it gives the server permissions"))
        return;
    struct nats_server *server = nats_server_start(accounts);
    char url[128];
    struct probe probe, root;
    struct link_subscription *subscription = NULL;
    mesh_error err = MESH_ERROR_INIT;

    probe_init(&probe);
    url_for(server, "bob:secret", url);
    expect_true(probe_open(&probe, url, NULL));
    expect_true(publish(probe.link, "mesh.Secret.Plans", ""));
    expect_true(probe_await_line(&probe, "denied: publish mesh.Secret.Plans"));
    link_subscribe(probe.link, "mesh.Secret.>", "q.x", probe_message, &probe, &subscription, NULL);
    expect_true(probe_await_line(&probe, "denied: subscribe mesh.Secret.>"));

    probe_init(&root);
    url_for(server, "root:secret", url);
    expect_true(probe_open(&root, url, NULL));
    expect_int(link_buckets_ensure(root.link, NULL), MESH_OK);
    uint64_t start = clock_ms();
    expect_int(link_key_put(probe.link, "mesh-context", "Some.Key", mesh_text("x"), NULL, &err),
               MESH_E_CONNECTION_DENIED);
    expect_contains(mesh_error_text(&err), "$KV.mesh-context.Some.Key");
    expect_true(clock_ms() - start < 3000);
    expect_int(link_buckets_ensure(probe.link, NULL), MESH_OK);
    mesh_error_clear(&err);
    probe_clear(&root);
    probe_clear(&probe);
    nats_server_stop(server);
}

static void a_server_without_jetstream_is_an_error_of_its_own(void)
{
    if (!bus_has_server("it takes JetStream from the server"))
        return;
    struct nats_server *server = nats_server_start_plain();
    struct probe probe;
    mesh_error err = MESH_ERROR_INIT;

    probe_init(&probe);
    expect_true(probe_open(&probe, nats_server_url(server), NULL));
    expect_int(link_buckets_ensure(probe.link, &err), MESH_E_CONNECTION_FAILED);
    expect_contains(mesh_error_text(&err), "without JetStream");
    expect_contains(mesh_error_text(&err), "agentmesh up");
    expect_contains(mesh_error_text(&err), "nats-server -js");
    mesh_error_clear(&err);
    probe_clear(&probe);
    nats_server_stop(server);
}

/* Make a certificate for 127.0.0.1 that vouches for itself. */
static bool make_certificate(const char *folder)
{
    char command[1024];

    snprintf(
        command, sizeof(command),
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
        "-addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout %s/key.pem -out %s/cert.pem >%s/openssl.log 2>&1",
        folder, folder, folder);
    return system(command) == 0;
}

static void tls_is_spoken_with_those_who_are_vouched_for(void)
{
    if (!bus_has_server("it gives the server a certificate"))
        return;
    char folder[] = "/tmp/mesh-tls-XXXXXX", certificate[64], extra[256], url[64], command[64];
    struct probe probe;

    if (!mkdtemp(folder) || !make_certificate(folder)) {
        skip("no openssl program");
        return;
    }
    snprintf(certificate, sizeof(certificate), "%s/cert.pem", folder);
    snprintf(extra, sizeof(extra), "tls { cert_file: \"%s\", key_file: \"%s/key.pem\" }", certificate, folder);
    struct nats_server *server = nats_server_start(extra);
    struct link_options trusting = { .tls_ca = certificate }, astray = { .tls_ca = "/nowhere/ca.pem" };

    probe_init(&probe);
    snprintf(url, sizeof(url), "tls://127.0.0.1:%d", nats_server_port(server));
    expect_false(probe_open(&probe, url, NULL));
    expect_true(probe_has_line(&probe, "TLS"));
    expect_false(probe_open(&probe, url, &astray));
    expect_true(probe_has_line(&probe, "TLS files cannot be used"));
    expect_true(probe_open(&probe, url, &trusting));
    expect_int(link_flush(probe.link, PROBE_WAIT_MS, NULL), MESH_OK);
    probe_clear(&probe);
    nats_server_stop(server);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    expect_int(system(command), 0);
}

static void a_server_that_asks_for_a_certificate_is_shown_one(void)
{
    if (!bus_has_server("it gives the server a certificate"))
        return;
    char folder[] = "/tmp/mesh-tls-XXXXXX", certificate[64], key[64], extra[320], url[64], command[64];
    struct probe probe;

    if (!mkdtemp(folder) || !make_certificate(folder)) {
        skip("no openssl program");
        return;
    }
    snprintf(certificate, sizeof(certificate), "%s/cert.pem", folder);
    snprintf(key, sizeof(key), "%s/key.pem", folder);
    snprintf(extra, sizeof(extra), "tls { cert_file: \"%s\", key_file: \"%s\", ca_file: \"%s\", verify: true }",
             certificate, key, certificate);
    struct nats_server *server = nats_server_start(extra);
    struct link_options nameless = { .tls_ca = certificate };
    struct link_options known = { .tls_ca = certificate, .tls_cert = certificate, .tls_key = key };

    probe_init(&probe);
    snprintf(url, sizeof(url), "tls://127.0.0.1:%d", nats_server_port(server));
    expect_false(probe_open(&probe, url, &nameless));
    expect_true(probe_open(&probe, url, &known));
    expect_int(link_flush(probe.link, PROBE_WAIT_MS, NULL), MESH_OK);
    probe_clear(&probe);
    nats_server_stop(server);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    expect_int(system(command), 0);
}

static void of_several_servers_one_that_answers_is_joined(void)
{
    if (!bus_has_server("it names a server that is not there"))
        return;
    struct probe probe;
    char urls[256];

    probe_init(&probe);
    snprintf(urls, sizeof(urls), "nats://127.0.0.1:1,%s", bus_url());
    expect_true(probe_open(&probe, urls, NULL));
    expect_int(link_flush(probe.link, PROBE_WAIT_MS, NULL), MESH_OK);
    probe_clear(&probe);
}

/* ---- messages ---- */

static void messages_cross_whole(void)
{
    static const struct header headers[] = { { "X-Mesh-Request-Id", "" },
                                             { "X-Mesh-Status", "ok" },
                                             { "X-Own", "a: b" } };
    struct link_outgoing message = {
        .subject = "whole.a", .reply = "whole.reply", .headers = headers, .header_count = 3
    };
    struct probe probe;

    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    subscribe(&probe, "whole.*", NULL);
    message.body = mesh_bytes_of("null\0byte", 9);
    expect_int(link_publish(probe.link, &message, NULL), MESH_OK);
    expect_true(publish(probe.link, "whole.b", NULL));
    if (expect_true(probe_await_messages(&probe, 2))) {
        const struct link_message *first = &probe.messages[0], *second = &probe.messages[1];
        expect_str(link_message_subject(first), "whole.a");
        expect_str(link_message_reply(first), "whole.reply");
        expect_int(link_message_body(first).len, 9);
        expect_int(memcmp(link_message_body(first).data, "null\0byte\0", 10), 0);
        expect_str(link_message_header(first, "X-Mesh-Request-Id"), "");
        expect_str(link_message_header(first, "X-Mesh-Status"), "ok");
        expect_str(link_message_header(first, "X-Own"), "a: b");
        expect_str(link_message_header(first, "x-own"), NULL);
        expect_str(link_message_reply(second), NULL);
        expect_int(link_message_body(second).len, 0);
        expect_str(link_message_header(second, "X-Own"), NULL);
        expect_false(link_message_is_no_responders(second));
    }
    probe_clear(&probe);
}

static void a_question_to_nobody_comes_back(void)
{
    struct link_outgoing message = { .subject = "nobody.home", .reply = "nobody.reply.1" };
    struct probe probe;

    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    subscribe(&probe, "nobody.reply.*", NULL);
    expect_int(link_publish(probe.link, &message, NULL), MESH_OK);
    if (expect_true(probe_await_messages(&probe, 1)))
        expect_true(link_message_is_no_responders(&probe.messages[0]));
    probe_clear(&probe);
}

static void what_is_too_large_is_not_sent(void)
{
    static const struct header headers[] = { { "X-Mesh-Status", "ok" } };
    enum { HEADERS_LEN = 10 + 17 + 2 + 2 };
    struct probe probe;
    mesh_error err = MESH_ERROR_INIT;

    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    subscribe(&probe, "large", NULL);
    size_t max = link_max_payload(probe.link);
    char *body = calloc(1, max + 1);
    struct link_outgoing message = { .subject = "large", .headers = headers, .header_count = 1 };

    message.body = mesh_bytes_of(body, max - HEADERS_LEN + 1);
    expect_int(link_publish(probe.link, &message, &err), MESH_E_TOO_LARGE);
    expect_contains(mesh_error_text(&err), "1048577 bytes");
    message.body.len--;
    expect_int(link_publish(probe.link, &message, NULL), MESH_OK);
    message.header_count = 0;
    message.body.len = max + 1;
    expect_int(link_publish(probe.link, &message, NULL), MESH_E_TOO_LARGE);
    message.body.len = max;
    expect_int(link_publish(probe.link, &message, NULL), MESH_OK);
    expect_true(probe_await_messages(&probe, 2));
    expect_true(link_is_connected(probe.link));
    free(body);
    mesh_error_clear(&err);
    probe_clear(&probe);
}

static void subjects_that_would_break_the_line_are_refused(void)
{
    static const char *const subjects[] = { "", "two words", "line\nend", "line\rend", "tab\tbed" };
    static const char *const patterns[] = { ".", "a.", ".a", "a..b", "a.>.b", ">.a" };
    struct probe probe;

    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        struct link_outgoing message = { .subject = "fine", .reply = subjects[i] };
        struct link_subscription *subscription = NULL;
        expect_int(link_publish(probe.link, &message, NULL), MESH_E_INVALID_ARGUMENT);
        message.subject = subjects[i];
        message.reply = NULL;
        expect_int(link_publish(probe.link, &message, NULL), MESH_E_INVALID_ARGUMENT);
        expect_int(link_subscribe(probe.link, subjects[i], NULL, probe_message, &probe, &subscription, NULL),
                   MESH_E_INVALID_ARGUMENT);
    }
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct link_subscription *subscription = NULL;
        expect_int(link_subscribe(probe.link, patterns[i], NULL, probe_message, &probe, &subscription, NULL),
                   MESH_E_INVALID_ARGUMENT);
    }
    expect_int(link_flush(probe.link, PROBE_WAIT_MS, NULL), MESH_OK);
    probe_clear(&probe);
}

/* A server would end the connection over it, with everything else that goes over it. */
static void a_line_that_no_server_reads_is_not_sent(void)
{
    enum { LONG = 5000 };
    char subject[LONG + 1], half[LONG / 2 + 1];
    struct link_subscription *subscription = NULL;
    struct probe probe;

    memset(subject, 'a', LONG);
    memset(half, 'b', LONG / 2);
    subject[LONG] = half[LONG / 2] = '\0';
    const struct link_outgoing messages[] = { { .subject = subject },
                                              { .subject = "a", .reply = subject },
                                              { .subject = half, .reply = half } };
    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        expect_int(link_publish(probe.link, &messages[i], NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(link_subscribe(probe.link, subject, NULL, probe_message, &probe, &subscription, NULL),
               MESH_E_INVALID_ARGUMENT);
    expect_int(link_subscribe(probe.link, half, half, probe_message, &probe, &subscription, NULL),
               MESH_E_INVALID_ARGUMENT);
    expect_true(publish(probe.link, half, "")); /* long, and no more */
    expect_int(link_flush(probe.link, PROBE_WAIT_MS, NULL), MESH_OK);
    expect_int(probe_count_lines(&probe, "cut off"), 0);
    probe_clear(&probe);
}

/* ---- subscriptions ---- */

static void a_queue_group_shares_its_messages(void)
{
    enum { COUNT = 500 };
    struct probe first, second;

    probe_init(&first);
    probe_init(&second);
    expect_true(probe_open(&first, bus_url(), NULL));
    expect_true(probe_open(&second, bus_url(), NULL));
    struct link_subscription *one = subscribe(&first, "shared", "q.shared");
    struct link_subscription *other = subscribe(&second, "shared", "q.shared");
    for (int i = 0; i < COUNT; i++)
        publish(first.link, "shared", "x");
    link_flush(first.link, PROBE_WAIT_MS, NULL);
    link_drain(one, probe_gone);
    link_drain(other, probe_gone);
    expect_true(probe_await_gone(&first, 1));
    expect_true(probe_await_gone(&second, 1));
    expect_true(first.message_count > 0);
    expect_true(second.message_count > 0);
    expect_int(first.message_count + second.message_count, COUNT);
    probe_clear(&first);
    probe_clear(&second);
}

static void messages_are_told_in_their_order(void)
{
    enum { COUNT = 5000 };
    struct probe probe;
    char text[16];

    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    subscribe(&probe, "order", NULL);
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "%d", i);
        publish(probe.link, "order", text);
    }
    bool ordered = probe_await_messages(&probe, COUNT);
    for (int i = 0; i < COUNT && ordered; i++)
        ordered = strtol(link_message_body(&probe.messages[i]).data, NULL, 10) == i;
    expect_true(ordered);
    probe_clear(&probe);
}

static void a_drained_subscription_delivers_what_it_received(void)
{
    enum { COUNT = 200 };
    struct probe probe;

    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    struct link_subscription *subscription = subscribe(&probe, "drained", "q.drained");
    probe_hold(&probe, true);
    for (int i = 0; i < COUNT; i++)
        publish(probe.link, "drained", "x");
    link_flush(probe.link, PROBE_WAIT_MS, NULL);
    expect_true(probe_await_messages(&probe, 1));
    link_drain(subscription, probe_gone);
    expect_int(probe.gone, 0);
    probe_hold(&probe, false);
    expect_true(probe_await_gone(&probe, 1));
    expect_int(probe.message_count, COUNT);
    publish(probe.link, "drained", "late");
    link_flush(probe.link, PROBE_WAIT_MS, NULL);
    expect_int(probe.message_count, COUNT);
    probe_clear(&probe);
}

static void an_unsubscribed_one_is_gone_when_its_callback_has_returned(void)
{
    struct probe probe;

    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    struct link_subscription *subscription = subscribe(&probe, "left", NULL);
    probe_hold(&probe, true);
    publish(probe.link, "left", "1");
    publish(probe.link, "left", "2");
    expect_true(probe_await_messages(&probe, 1));
    link_flush(probe.link, PROBE_WAIT_MS, NULL);
    link_unsubscribe(subscription, probe_gone);
    link_flush(probe.link, PROBE_WAIT_MS, NULL);
    expect_int(probe.gone, 0);
    probe_hold(&probe, false);
    expect_true(probe_await_gone(&probe, 1));
    expect_int(probe.message_count, 1);
    probe_clear(&probe);
}

struct self_leaving {
    struct probe probe;
    struct link_subscription *subscription;
    bool drain;
};

static void leave_at_once(void *closure, struct link_message *message)
{
    struct self_leaving *self = closure;
    struct link_subscription *subscription = self->subscription;

    self->subscription = NULL;
    if (subscription && self->drain)
        link_drain(subscription, probe_gone);
    else if (subscription)
        link_unsubscribe(subscription, probe_gone);
    probe_message(&self->probe, message);
}

static void a_callback_can_end_its_own_subscription(void)
{
    for (int drain = 0; drain <= 1; drain++) {
        struct self_leaving self = { .drain = drain != 0 };
        probe_init(&self.probe);
        expect_true(probe_open(&self.probe, bus_url(), NULL));
        expect_int(link_subscribe(self.probe.link, "self", NULL, leave_at_once, &self, &self.subscription, NULL),
                   MESH_OK);
        publish(self.probe.link, "self", "1");
        expect_true(probe_await_gone(&self.probe, 1));
        expect_int(self.probe.message_count, 1);
        probe_clear(&self.probe);
    }
}

static void many_drain_at_once(void)
{
    enum { COUNT = 1000 };
    static struct link_subscription *subscriptions[COUNT];
    struct probe probe;

    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    for (int i = 0; i < COUNT; i++) {
        char subject[32];
        snprintf(subject, sizeof(subject), "many.%d", i);
        link_subscribe(probe.link, subject, "q.many", probe_message, &probe, &subscriptions[i], NULL);
    }
    link_flush(probe.link, PROBE_WAIT_MS, NULL);
    uint64_t start = clock_ms();
    for (int i = 0; i < COUNT; i++)
        link_drain(subscriptions[i], probe_gone);
    expect_true(probe_await_gone(&probe, COUNT));
    printf("%d drained in %llu ms\n", COUNT, (unsigned long long)(clock_ms() - start));
    probe_clear(&probe);
}

static void closing_ends_what_was_not_ended(void)
{
    struct probe probe;

    probe_init(&probe);
    expect_true(probe_open(&probe, bus_url(), NULL));
    subscribe(&probe, "open.a", NULL);
    struct link_subscription *ended = subscribe(&probe, "open.b", NULL);
    link_unsubscribe(ended, probe_gone);
    publish(probe.link, "open.a", "x");
    probe.link = link_close(probe.link);
    expect_int(probe.gone, 1);
    probe_clear(&probe);
}

SUITE(link, TEST(a_link_tells_that_it_is_connected), TEST(a_dead_address_is_told_with_what_to_do),
      TEST(what_is_no_address_is_refused), TEST(a_missing_credentials_file_is_named),
      TEST(users_of_the_url_are_let_in_or_denied_and_passwords_not_shown), TEST(refused_subjects_are_told),
      TEST(a_server_without_jetstream_is_an_error_of_its_own), TEST(tls_is_spoken_with_those_who_are_vouched_for),
      TEST(a_server_that_asks_for_a_certificate_is_shown_one), TEST(of_several_servers_one_that_answers_is_joined),
      TEST(messages_cross_whole), TEST(a_question_to_nobody_comes_back), TEST(what_is_too_large_is_not_sent),
      TEST(subjects_that_would_break_the_line_are_refused), TEST(a_line_that_no_server_reads_is_not_sent),
      TEST(a_queue_group_shares_its_messages), TEST(messages_are_told_in_their_order),
      TEST(a_drained_subscription_delivers_what_it_received),
      TEST(an_unsubscribed_one_is_gone_when_its_callback_has_returned), TEST(a_callback_can_end_its_own_subscription),
      TEST(many_drain_at_once), TEST(closing_ends_what_was_not_ended))
