/* SPDX-License-Identifier: Apache-2.0 */
/* A link whose server goes away: what stands again by itself, and what is told meanwhile. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "link/link.h"
#include "link_probe.h"
#include "nats_server.h"
#include "suite.h"

static bool publish(struct link *link, const char *subject, const char *body)
{
    struct link_outgoing message = { .subject = subject, .body = mesh_text(body) };

    return link_publish(link, &message, NULL) == MESH_OK;
}

static struct link_subscription *subscribe(struct probe *probe, const char *subject)
{
    struct link_subscription *subscription = NULL;

    expect_int(link_subscribe(probe->link, subject, NULL, probe_message, probe, &subscription, NULL), MESH_OK);
    return subscription;
}

static void put(struct probe *probe, const char *key, const char *value)
{
    mesh_error err = MESH_ERROR_INIT;

    if (!expect_int(link_key_put(probe->link, "mesh-context", key, mesh_text(value), NULL, &err), MESH_OK))
        printf("%s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
}

static void open_with_buckets(struct probe *probe, const struct nats_server *server)
{
    probe_init(probe);
    expect_true(probe_open(probe, nats_server_url(server), NULL));
    expect_true(probe_await_line(probe, "linked"));
    expect_int(link_buckets_ensure(probe->link, NULL), MESH_OK);
}

static void subscriptions_and_watches_survive_a_restart(void)
{
    struct nats_server *server = nats_server_start(NULL);
    struct link_subscription *watch = NULL;
    struct probe probe;

    open_with_buckets(&probe, server);
    subscribe(&probe, "again");
    put(&probe, "kept", "1");
    expect_int(link_keys_watch(probe.link, "mesh-context", ">", probe_entry, &probe, &watch, NULL), MESH_OK);
    expect_true(probe_await_line(&probe, "kept=1 @"));
    for (int i = 0; i < 2; i++) {
        nats_server_kill(server);
        expect_true(probe_await_line(&probe, "cut off"));
        expect_false(link_is_connected(probe.link));
        expect_int(link_key_put(probe.link, "mesh-context", "kept", mesh_text("x"), NULL, NULL),
                   MESH_E_CONNECTION_FAILED);
        probe_forget_lines(&probe);
        nats_server_restart(server);
        expect_true(probe_await_line(&probe, "linked"));
        expect_true(link_is_connected(probe.link));
        expect_true(publish(probe.link, "again", "x"));
        expect_true(probe_await_messages(&probe, (size_t)i + 1));
        expect_true(probe_await_line(&probe, "kept=1 @"));
        put(&probe, i ? "second" : "first", "new");
        expect_true(probe_await_line(&probe, i ? "second=new" : "first=new"));
        probe_forget_lines(&probe);
    }
    link_unsubscribe(watch, probe_gone);
    expect_true(probe_await_gone(&probe, 1));
    probe_clear(&probe);
    nats_server_stop(server);
}

static void a_watch_tells_what_an_emptied_server_has_forgotten(void)
{
    struct nats_server *server = nats_server_start(NULL);
    struct link_subscription *watch = NULL;
    struct probe probe;

    open_with_buckets(&probe, server);
    put(&probe, "kept", "1");
    put(&probe, "lost", "1");
    expect_int(link_keys_watch(probe.link, "mesh-context", ">", probe_entry, &probe, &watch, NULL), MESH_OK);
    expect_true(probe_await_line(&probe, "kept=1 @"));
    expect_true(probe_await_line(&probe, "lost=1 @"));
    nats_server_kill(server);
    nats_server_wipe(server);
    expect_true(probe_await_line(&probe, "cut off"));
    probe_forget_lines(&probe);
    nats_server_restart(server);
    expect_true(probe_await_line(&probe, "linked"));
    expect_int(link_buckets_ensure(probe.link, NULL), MESH_OK);
    put(&probe, "kept", "2");
    expect_true(probe_await_line(&probe, "kept=2 @"));
    expect_true(probe_await_line(&probe, "lost deleted"));
    probe_clear(&probe);
    nats_server_stop(server);
}

static void a_watch_outlives_its_consumer(void)
{
    struct nats_server *server = nats_server_start(NULL);
    struct link_subscription *watch = NULL, *names = NULL;
    struct link_outgoing question = { .subject = "$JS.API.CONSUMER.NAMES.KV_mesh-context", .reply = "names" };
    struct probe probe;
    char subject[128], name[64] = "";

    open_with_buckets(&probe, server);
    put(&probe, "kept", "1");
    expect_int(link_keys_watch(probe.link, "mesh-context", ">", probe_entry, &probe, &watch, NULL), MESH_OK);
    expect_true(probe_await_line(&probe, "kept=1 @"));
    probe_forget_lines(&probe);
    names = subscribe(&probe, "names");
    link_publish(probe.link, &question, NULL);
    if (expect_true(probe_await_messages(&probe, 1)))
        sscanf(link_message_body(&probe.messages[0]).data, "%*[^[][\"%63[^\"]", name);
    snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.DELETE.KV_mesh-context.%s", name);
    question.subject = subject;
    link_publish(probe.link, &question, NULL);
    expect_true(probe_await_messages(&probe, 2));
    expect_true(probe_await_line(&probe, "kept=1 @"));
    put(&probe, "more", "x");
    expect_true(probe_await_line(&probe, "more=x @"));
    link_unsubscribe(names, NULL);
    probe_clear(&probe);
    nats_server_stop(server);
}

static const char right_password[] = "authorization { user: bob, password: right }";
static const char wrong_password[] = "authorization { user: bob, password: changed }";

/* nats.c closes a connection for good when it is refused twice. */
static void a_link_comes_back_when_it_is_let_in_again(void)
{
    struct nats_server *server = nats_server_start(right_password);
    char url[128];
    struct link_subscription *watch = NULL;
    struct probe probe, other;

    snprintf(url, sizeof(url), "nats://bob:right@127.0.0.1:%d", nats_server_port(server));
    probe_init(&probe);
    expect_true(probe_open(&probe, url, NULL));
    expect_int(link_buckets_ensure(probe.link, NULL), MESH_OK);
    struct link_subscription *left = subscribe(&probe, "left");
    subscribe(&probe, "again");
    put(&probe, "kept", "1");
    expect_int(link_keys_watch(probe.link, "mesh-context", ">", probe_entry, &probe, &watch, NULL), MESH_OK);
    expect_true(probe_await_line(&probe, "kept=1 @"));

    nats_server_kill(server);
    nats_server_configure(server, wrong_password);
    nats_server_restart(server);
    expect_true(probe_await_line(&probe, "the server refuses the user of this URL"));
    expect_int(link_publish(probe.link, &(struct link_outgoing){ .subject = "again" }, NULL), MESH_E_CONNECTION_FAILED);
    link_unsubscribe(left, probe_gone);
    expect_true(probe_await_gone(&probe, 1));
    struct link_subscription *late = subscribe(&probe, "late");
    expect_false(probe_has_line(&probe, "right@"));
    probe_forget_lines(&probe);

    nats_server_kill(server);
    nats_server_configure(server, right_password);
    nats_server_restart(server);
    expect_true(probe_await_line(&probe, "linked"));
    probe_init(&other);
    expect_true(probe_open(&other, url, NULL));
    publish(other.link, "left", "x");
    publish(other.link, "again", "x");
    publish(other.link, "late", "x");
    expect_true(probe_await_messages(&probe, 2));
    expect_true(probe_await_line(&probe, "kept=1 @"));
    put(&other, "kept", "2");
    expect_true(probe_await_line(&probe, "kept=2 @"));
    link_drain(late, probe_gone);
    expect_true(probe_await_gone(&probe, 2));
    expect_int(probe.message_count, 2);
    probe_clear(&other);
    probe_clear(&probe);
    nats_server_stop(server);
}

static void a_link_can_be_opened_before_its_server(void)
{
    struct nats_server *server = nats_server_start(NULL);
    struct link_options trying = { .keep_trying = true };
    struct link_subscription *watch = NULL;
    struct probe probe, other;

    open_with_buckets(&other, server);
    put(&other, "kept", "1");
    nats_server_kill(server);
    probe_init(&probe);
    expect_true(probe_open(&probe, nats_server_url(server), &trying));
    expect_true(probe_await_line(&probe, "cut off: Could not connect to mesh at"));
    expect_false(link_is_connected(probe.link));
    subscribe(&probe, "early");
    expect_int(link_keys_watch(probe.link, "mesh-context", ">", probe_entry, &probe, &watch, NULL), MESH_OK);
    struct link_subscription *left = subscribe(&probe, "left");
    link_drain(left, probe_gone);
    expect_true(probe_await_gone(&probe, 1));
    expect_int(probe_count_lines(&probe, ""), 1);
    probe_forget_lines(&probe);
    nats_server_restart(server);
    expect_true(probe_await_line(&probe, "linked"));
    expect_true(probe_await_line(&probe, "kept=1 @"));
    publish(probe.link, "early", "x");
    expect_true(probe_await_messages(&probe, 1));
    probe_clear(&probe);
    probe_clear(&other);
    nats_server_stop(server);
}

static void what_is_received_is_delivered_though_the_server_is_gone(void)
{
    enum { COUNT = 50 };
    struct nats_server *server = nats_server_start(NULL);
    struct probe probe;

    probe_init(&probe);
    expect_true(probe_open(&probe, nats_server_url(server), NULL));
    struct link_subscription *subscription = subscribe(&probe, "received");
    struct link_subscription *idle = subscribe(&probe, "idle");
    probe_hold(&probe, true);
    for (int i = 0; i < COUNT; i++)
        publish(probe.link, "received", "x");
    link_flush(probe.link, PROBE_WAIT_MS, NULL);
    nats_server_kill(server);
    expect_true(probe_await_line(&probe, "cut off"));
    uint64_t start = clock_ms();
    link_drain(subscription, probe_gone);
    link_drain(idle, probe_gone);
    probe_hold(&probe, false);
    expect_true(probe_await_gone(&probe, 2));
    expect_int(probe.message_count, COUNT);
    expect_true(clock_ms() - start < 2000);
    probe.link = link_close(probe.link);
    expect_true(clock_ms() - start < 4000);
    probe_clear(&probe);
    nats_server_stop(server);
}

static void what_is_published_meanwhile_arrives_later(void)
{
    struct nats_server *server = nats_server_start(NULL);
    struct probe probe;

    probe_init(&probe);
    expect_true(probe_open(&probe, nats_server_url(server), NULL));
    subscribe(&probe, "later");
    link_flush(probe.link, PROBE_WAIT_MS, NULL);
    nats_server_kill(server);
    expect_true(probe_await_line(&probe, "cut off"));
    expect_true(publish(probe.link, "later", "x"));
    nats_server_restart(server);
    expect_true(probe_await_messages(&probe, 1));
    probe_clear(&probe);
    nats_server_stop(server);
}

static void what_is_published_meanwhile_has_a_limit(void)
{
    enum { MESSAGES = 64, SIZE = 512 * 1024 };
    struct nats_server *server = nats_server_start(NULL);
    struct probe probe;
    char *body = calloc(1, SIZE);
    struct link_outgoing message = { .subject = "much", .body = mesh_bytes_of(body, SIZE) };
    mesh_status status = MESH_OK;
    mesh_error err = MESH_ERROR_INIT;

    probe_init(&probe);
    expect_true(probe_open(&probe, nats_server_url(server), NULL));
    nats_server_kill(server);
    expect_true(probe_await_line(&probe, "cut off"));
    for (int i = 0; i < MESSAGES && status == MESH_OK; i++)
        status = link_publish(probe.link, &message, &err);
    expect_int(status, MESH_E_CONNECTION_FAILED);
    expect_contains(mesh_error_text(&err), "full");
    mesh_error_clear(&err);
    free(body);
    probe_clear(&probe);
    nats_server_stop(server);
}

/* A server that does not answer must not hold up who leaves. */
static void a_link_to_a_stopped_server_can_be_closed(void)
{
    struct nats_server *server = nats_server_start(NULL);
    struct link_subscription *watch = NULL;
    struct probe probe;

    open_with_buckets(&probe, server);
    struct link_subscription *left = subscribe(&probe, "left");
    expect_int(link_keys_watch(probe.link, "mesh-context", ">", probe_entry, &probe, &watch, NULL), MESH_OK);
    kill(nats_server_pid(server), SIGSTOP);
    waitpid(nats_server_pid(server), NULL, WUNTRACED);
    uint64_t start = clock_ms();
    link_unsubscribe(left, probe_gone);
    expect_true(probe_await_gone(&probe, 1));
    expect_true(clock_ms() - start < 1000);
    expect_int(link_flush(probe.link, 100, NULL), MESH_E_TIMEOUT);
    probe.link = link_close(probe.link);
    expect_true(clock_ms() - start < 8000);
    kill(nats_server_pid(server), SIGCONT);
    probe_clear(&probe);
    nats_server_stop(server);
}

SUITE(link_reconnect, TEST(subscriptions_and_watches_survive_a_restart),
      TEST(a_watch_tells_what_an_emptied_server_has_forgotten), TEST(a_watch_outlives_its_consumer),
      TEST(a_link_comes_back_when_it_is_let_in_again), TEST(a_link_can_be_opened_before_its_server),
      TEST(what_is_received_is_delivered_though_the_server_is_gone), TEST(what_is_published_meanwhile_arrives_later),
      TEST(what_is_published_meanwhile_has_a_limit), TEST(a_link_to_a_stopped_server_can_be_closed))
