/* SPDX-License-Identifier: Apache-2.0 */
/* What a bus in memory has of its own; what it has in common with a server is shown by the tests of link.h. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "link/link.h"
#include "link_probe.h"
#include "suite.h"

static void open_probe(struct probe *probe, const char *url)
{
    probe_init(probe);
    expect_true(probe_open(probe, url, NULL));
}

static struct link_subscription *listen(struct probe *probe, const char *subject, const char *queue)
{
    struct link_subscription *subscription = NULL;

    expect_int(link_subscribe(probe->link, subject, queue, probe_message, probe, &subscription, NULL), MESH_OK);
    return subscription;
}

static void say(struct probe *probe, const char *subject, const char *reply, const char *body)
{
    const struct link_outgoing message = { .subject = subject, .reply = reply, .body = mesh_text(body) };

    expect_int(link_publish(probe->link, &message, NULL), MESH_OK);
}

/* ---- buses ---- */

static void links_of_one_name_meet(void)
{
    struct probe one, two, other, alone, alone_too;

    open_probe(&one, "memory:shop");
    open_probe(&two, "memory:shop");
    open_probe(&other, "memory:shop.2");
    open_probe(&alone, "memory:");
    open_probe(&alone_too, "memory:");
    listen(&two, "a", NULL);
    listen(&other, "a", NULL);
    listen(&alone, "a", NULL);
    listen(&alone_too, "a", NULL);
    say(&one, "a", NULL, "hi");
    say(&alone, "a", NULL, "me");
    expect_true(probe_await_messages(&two, 1));
    expect_true(probe_await_messages(&alone, 1));
    expect_str(link_message_body(&two.messages[0]).data, "hi");
    expect_str(link_message_body(&alone.messages[0]).data, "me");
    expect_int(other.message_count, 0);
    expect_int(alone_too.message_count, 0);
    probe_clear(&one);
    probe_clear(&two);
    probe_clear(&other);
    probe_clear(&alone);
    probe_clear(&alone_too);
}

static void a_bus_is_forgotten_with_its_last_link(void)
{
    struct probe one, two;

    open_probe(&one, "memory:brief");
    open_probe(&two, "memory:brief");
    expect_int(link_key_put(one.link, "mesh-context", "k", mesh_text("v"), NULL, NULL), MESH_OK);
    probe_clear(&one);
    expect_int(link_key_get(two.link, "mesh-context", "k", NULL, NULL, NULL), MESH_OK);
    probe_clear(&two);
    open_probe(&one, "memory:brief");
    expect_int(link_key_get(one.link, "mesh-context", "k", NULL, NULL, NULL), MESH_E_NOT_FOUND);
    probe_clear(&one);
}

static void names_of_buses_are_checked(void)
{
    static const char *const urls[] = { "memory:a b", "memory:a,b", "memory://a", "memory:ä",
                                        "memory:0123456789012345678901234567890123456789012345678901234567890123456" };

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        const struct link_options options = { .url = urls[i] };
        struct link *link = NULL;
        mesh_error err = MESH_ERROR_INIT;
        expect_int(link_open(&options, &link, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), urls[i]);
        mesh_error_clear(&err);
    }
}

/* ---- messages ---- */

static void headers_are_read_as_over_a_server(void)
{
    const struct header headers[] = {
        { "X-Empty", "" }, { "X-Blank", " \t " }, { "X-Wide", "  a b\t" }, { "X-Twice", "1" }, { "X-Twice", "2" }
    };
    const struct link_outgoing message = { .subject = "a", .headers = headers, .header_count = 5 };
    struct probe probe;

    open_probe(&probe, "memory:");
    listen(&probe, "a", NULL);
    expect_int(link_publish(probe.link, &message, NULL), MESH_OK);
    if (expect_true(probe_await_messages(&probe, 1))) {
        const struct link_message *got = &probe.messages[0];
        expect_str(link_message_header(got, "X-Empty"), "");
        expect_str(link_message_header(got, "X-Blank"), "");
        expect_str(link_message_header(got, "X-Wide"), "a b");
        expect_str(link_message_header(got, "X-Twice"), "2");
        expect_str(link_message_header(got, "x-wide"), NULL);
        expect_str(link_message_reply(got), NULL);
        expect_str(link_message_body(got).data, "");
    }
    probe_clear(&probe);
}

static void everybody_has_a_message_of_their_own(void)
{
    struct probe first, second;

    open_probe(&first, "memory:copies");
    open_probe(&second, "memory:copies");
    listen(&first, "a.b", NULL);
    listen(&second, "a.*", NULL);
    listen(&second, ">", NULL);
    say(&first, "a.b", "r", "text");
    expect_true(probe_await_messages(&first, 1));
    expect_true(probe_await_messages(&second, 2));
    probe_clear(&first); /* what the others have must not go with it */
    for (size_t i = 0; i < 2; i++) {
        expect_str(link_message_body(&second.messages[i]).data, "text");
        expect_str(link_message_reply(&second.messages[i]), "r");
    }
    probe_clear(&second);
}

static void only_the_asker_is_told_that_nobody_hears(void)
{
    struct probe asker, other;

    open_probe(&asker, "memory:nobody");
    open_probe(&other, "memory:nobody");
    listen(&asker, "inbox.*", NULL);
    listen(&other, "inbox.*", NULL);
    say(&asker, "gone", "inbox.1", "x");
    expect_true(probe_await_messages(&asker, 1));
    expect_true(link_message_is_no_responders(&asker.messages[0]));
    say(&asker, "inbox.2", NULL, "behind"); /* heard by both, after what came before */
    expect_true(probe_await_messages(&other, 1));
    expect_str(link_message_subject(&other.messages[0]), "inbox.2");
    expect_false(link_message_is_no_responders(&other.messages[0]));
    probe_clear(&asker);
    probe_clear(&other);
}

/* ---- queue groups ---- */

static void a_group_spans_subjects_and_each_member_has_a_share(void)
{
    enum { COUNT = 300, MEMBERS = 3 };
    static const char *const subjects[MEMBERS] = { "work.a", "work.*", ">" };
    struct probe members[MEMBERS], alone, other_group;
    struct link_subscription *subscriptions[MEMBERS];
    size_t sum = 0;

    open_probe(&alone, "memory:group");
    open_probe(&other_group, "memory:group");
    listen(&alone, "work.a", NULL);
    listen(&other_group, "work.a", "others");
    for (int i = 0; i < MEMBERS; i++) {
        open_probe(&members[i], "memory:group");
        subscriptions[i] = listen(&members[i], subjects[i], "group");
    }
    for (int i = 0; i < COUNT; i++)
        say(&alone, "work.a", NULL, "x");
    expect_true(probe_await_messages(&alone, COUNT));
    expect_true(probe_await_messages(&other_group, COUNT));
    for (int i = 0; i < MEMBERS; i++)
        link_drain(subscriptions[i], probe_gone);
    for (int i = 0; i < MEMBERS; i++) {
        expect_true(probe_await_gone(&members[i], 1));
        sum += members[i].message_count;
        expect_true(members[i].message_count > COUNT / 10);
        probe_clear(&members[i]);
    }
    expect_int(sum, COUNT);
    probe_clear(&alone);
    probe_clear(&other_group);
}

/* ---- threads ---- */

struct meeting {
    pthread_mutex_t lock;
    struct probe probe;
};

/* [link] */
static void take_the_lock(void *closure, struct link_message *message)
{
    struct meeting *meeting = closure;

    pthread_mutex_lock(&meeting->lock);
    pthread_mutex_unlock(&meeting->lock);
    probe_message(&meeting->probe, message);
}

static void a_publisher_runs_no_callback(void)
{
    struct meeting meeting = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct link_subscription *subscription = NULL;

    open_probe(&meeting.probe, "memory:");
    expect_int(link_subscribe(meeting.probe.link, "a", NULL, take_the_lock, &meeting, &subscription, NULL), MESH_OK);
    pthread_mutex_lock(&meeting.lock);
    say(&meeting.probe, "a", NULL, "x"); /* would hang here */
    expect_int(meeting.probe.message_count, 0);
    pthread_mutex_unlock(&meeting.lock);
    expect_true(probe_await_messages(&meeting.probe, 1));
    probe_clear(&meeting.probe);
    pthread_mutex_destroy(&meeting.lock);
}

static void one_slow_callback_does_not_hold_up_another_subscription(void)
{
    struct probe slow, quick;

    open_probe(&slow, "memory:slow");
    open_probe(&quick, "memory:slow");
    listen(&slow, "a", NULL);
    listen(&quick, "a", NULL);
    probe_hold(&slow, true);
    for (int i = 0; i < 100; i++)
        say(&quick, "a", NULL, "x");
    expect_true(probe_await_messages(&quick, 100));
    expect_true(probe_await_messages(&slow, 1));
    probe_hold(&slow, false);
    expect_true(probe_await_messages(&slow, 100));
    probe_clear(&slow);
    probe_clear(&quick);
}

/* ---- closing ---- */

/* [link] */
static void subscribe_in_turn(void *closure, struct link_message *message)
{
    struct probe *probe = closure;

    probe_message(probe, message); /* is held */
    listen(probe, "more", NULL);
}

static void *close_link(void *link)
{
    return link_close(link);
}

static bool knows_that_nobody_hears(struct probe *probe)
{
    bool found = false;

    pthread_mutex_lock(&probe->lock);
    for (size_t i = 0; i < probe->message_count; i++)
        found |= link_message_is_no_responders(&probe->messages[i]);
    pthread_mutex_unlock(&probe->lock);
    return found;
}

/* A link that closes first hears nothing any more: then a question comes back. */
static bool await_closing(struct probe *other, const char *subject)
{
    uint64_t deadline = clock_deadline(PROBE_WAIT_MS);

    listen(other, "inbox", NULL);
    while (!knows_that_nobody_hears(other) && clock_left_ms(deadline) > 0) {
        say(other, subject, "inbox", "?");
        poll(NULL, 0, 1);
    }
    return knows_that_nobody_hears(other);
}

static void a_link_closes_though_a_callback_goes_on_subscribing(void)
{
    struct probe probe, other;
    struct link_subscription *subscription = NULL;
    pthread_t closer;

    open_probe(&probe, "memory:late");
    open_probe(&other, "memory:late");
    expect_int(link_subscribe(probe.link, "a", NULL, subscribe_in_turn, &probe, &subscription, NULL), MESH_OK);
    probe_hold(&probe, true);
    say(&other, "a", NULL, "x");
    expect_true(probe_await_messages(&probe, 1));
    expect_int(pthread_create(&closer, NULL, close_link, probe.link), 0);
    expect_true(await_closing(&other, "a"));
    probe_hold(&probe, false);
    pthread_join(closer, NULL);
    probe.link = NULL;
    probe_clear(&probe);
    probe_clear(&other);
}

struct crowd {
    const char *url;
    pthread_t thread;
    int told;
};

static void *come_and_go(void *closure)
{
    struct crowd *one = closure;

    for (int i = 0; i < 50; i++) {
        struct probe probe;
        char text[16];
        open_probe(&probe, one->url);
        struct link_subscription *subscription = listen(&probe, i % 2 ? "crowd" : "crowd.*", i % 3 ? "group" : NULL);
        snprintf(text, sizeof(text), "%d", i);
        say(&probe, "crowd", NULL, text);
        say(&probe, "crowd.x", "nowhere", text);
        link_key_put(probe.link, "mesh-context", "crowd", mesh_text(text), NULL, NULL);
        if (i % 4 == 0)
            link_drain(subscription, probe_gone);
        else if (i % 4 == 1)
            link_unsubscribe(subscription, probe_gone);
        if (i % 4 < 2)
            one->told += probe_await_gone(&probe, 1);
        probe_clear(&probe);
    }
    return NULL;
}

static void many_come_and_go_at_once(void)
{
    enum { CROWD = 8 };
    struct crowd crowd[CROWD];
    struct probe watcher;
    struct link_subscription *watch = NULL;

    open_probe(&watcher, "memory:crowd");
    expect_int(link_keys_watch(watcher.link, "mesh-context", ">", probe_entry, &watcher, &watch, NULL), MESH_OK);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = (struct crowd){ .url = "memory:crowd" };
        expect_int(pthread_create(&crowd[i].thread, NULL, come_and_go, &crowd[i]), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        pthread_join(crowd[i].thread, NULL);
        expect_int(crowd[i].told, 26);
    }
    expect_true(probe_await_line(&watcher, "crowd=49 @"));
    probe_clear(&watcher);
}

/* ---- keys ---- */

static void a_watch_tells_values_in_the_order_in_which_they_were_written(void)
{
    static const char *const told[] = { "k.3=x @3", "k.1 deleted", "k.2=y @5", "k.4=z @6" };
    struct probe probe;
    struct link_subscription *watch = NULL;

    open_probe(&probe, "memory:");
    link_key_put(probe.link, "mesh-context", "k.1", mesh_text("a"), NULL, NULL);
    link_key_put(probe.link, "mesh-context", "k.2", mesh_text("b"), NULL, NULL);
    link_key_put(probe.link, "mesh-context", "k.3", mesh_text("x"), NULL, NULL);
    link_key_delete(probe.link, "mesh-context", "k.1", NULL);
    link_key_put(probe.link, "mesh-context", "k.2", mesh_text("y"), NULL, NULL);
    probe_forget_lines(&probe);
    expect_int(link_keys_watch(probe.link, "mesh-context", "k.*", probe_entry, &probe, &watch, NULL), MESH_OK);
    link_key_put(probe.link, "mesh-context", "k.4", mesh_text("z"), NULL, NULL);
    expect_true(probe_await_line(&probe, "k.4"));
    expect_int(probe.line_count, 4);
    for (size_t i = 0; i < 4 && i < probe.line_count; i++)
        expect_str(probe.lines[i], told[i]);
    probe_clear(&probe);
}

static void revisions_count_within_a_bucket(void)
{
    struct probe probe;
    uint64_t revision = 0;

    open_probe(&probe, "memory:");
    link_key_put(probe.link, "mesh-context", "a", mesh_text("1"), &revision, NULL);
    expect_int(revision, 1);
    link_key_put(probe.link, "mesh-catalog", "a", mesh_text("1"), &revision, NULL);
    expect_int(revision, 1);
    link_key_put(probe.link, "mesh-context", "b", mesh_text("1"), &revision, NULL);
    expect_int(revision, 2);
    link_key_delete(probe.link, "mesh-context", "b", NULL);
    expect_int(link_key_update(probe.link, "mesh-context", "b", mesh_text("2"), 2, &revision, NULL), MESH_E_CONFLICT);
    expect_int(link_key_update(probe.link, "mesh-context", "b", mesh_text("2"), 3, &revision, NULL), MESH_OK);
    expect_int(revision, 4);
    probe_clear(&probe);
}

SUITE(link_memory, TEST(links_of_one_name_meet), TEST(a_bus_is_forgotten_with_its_last_link),
      TEST(names_of_buses_are_checked), TEST(headers_are_read_as_over_a_server),
      TEST(everybody_has_a_message_of_their_own), TEST(only_the_asker_is_told_that_nobody_hears),
      TEST(a_group_spans_subjects_and_each_member_has_a_share), TEST(a_publisher_runs_no_callback),
      TEST(one_slow_callback_does_not_hold_up_another_subscription),
      TEST(a_link_closes_though_a_callback_goes_on_subscribing), TEST(many_come_and_go_at_once),
      TEST(a_watch_tells_values_in_the_order_in_which_they_were_written), TEST(revisions_count_within_a_bucket))
