/* SPDX-License-Identifier: Apache-2.0 */
/* Everything at once while the server dies, comes back, and refuses who it knew: nothing hangs, nobody is forgotten. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "link/link.h"
#include "link_probe.h"
#include "nats_server.h"
#include "suite.h"

enum { THREADS = 3, STANDING = 50, DEATHS = 12, PAUSE_MS = 300 };

static const char right_password[] = "authorization { user: bob, password: right }";
static const char wrong_password[] = "authorization { user: bob, password: changed }";

struct storm {
    struct link *link;
    atomic_bool ends;
    atomic_ulong begun, gone, told;
};

static void count_message(void *closure, struct link_message *message)
{
    struct storm *storm = closure;

    (void)message;
    atomic_fetch_add(&storm->told, 1);
}

static void count_entry(void *closure, const struct link_entry *entry)
{
    struct storm *storm = closure;

    (void)entry;
    atomic_fetch_add(&storm->told, 1);
}

static void count_gone(void *closure)
{
    struct storm *storm = closure;

    atomic_fetch_add(&storm->gone, 1);
}

/* Without a server a round takes no time at all, and threads that never rest leave none to those who reconnect. */
static void breathe(const struct link *link)
{
    const struct timespec moment = { 0, 200000 };
    if (!link_is_connected(link))
        nanosleep(&moment, NULL);
}

/* Subscribe or watch, be heard, leave in one way or the other; most of it fails while there is no server. */
static void *rage(void *closure)
{
    struct storm *storm = closure;
    struct link_outgoing message = { .subject = "storm.x", .body = mesh_text("x") };

    for (unsigned i = 0; !atomic_load(&storm->ends); i++) {
        struct link_subscription *subscription = NULL;
        breathe(storm->link);
        mesh_status status =
            i % 5 == 0 ? link_keys_watch(storm->link, "mesh-context", ">", count_entry, storm, &subscription, NULL)
                       : link_subscribe(storm->link, "storm.*", i % 2 ? "q.storm" : NULL, count_message, storm,
                                        &subscription, NULL);
        link_publish(storm->link, &message, NULL);
        if (i % 7 == 0)
            link_key_put(storm->link, "mesh-context", "storm", mesh_text("x"), NULL, NULL);
        if (i % 11 == 0)
            link_keys_each(storm->link, "mesh-context", ">", count_entry, storm, NULL);
        if (status != MESH_OK)
            continue;
        atomic_fetch_add(&storm->begun, 1);
        if (i % 3 == 0)
            link_drain(subscription, count_gone);
        else
            link_unsubscribe(subscription, count_gone);
    }
    return NULL;
}

static void torment(struct nats_server *server, struct probe *probe)
{
    for (int i = 0; i < DEATHS; i++) {
        bool refusing = i % 4 == 1;
        nats_server_configure(server, refusing ? wrong_password : right_password);
        nats_server_restart(server);
        if (refusing)
            expect_true(probe_await_line(probe, "the server refuses the user"));
        else
            expect_true(probe_await_line(probe, "linked"));
        probe_forget_lines(probe);
        /* Let some work be done, or be tried in vain. */
        pthread_mutex_lock(&probe->lock);
        for (uint64_t until = clock_deadline(PAUSE_MS); clock_left_ms(until) > 0;)
            clock_cond_wait(&probe->changed, &probe->lock, until);
        pthread_mutex_unlock(&probe->lock);
    }
}

static void await_all_gone(struct storm *storm)
{
    uint64_t deadline = clock_deadline(PROBE_WAIT_MS);

    while (atomic_load(&storm->gone) < atomic_load(&storm->begun) && clock_left_ms(deadline) > 0)
        link_flush(storm->link, 100, NULL);
}

static void a_link_weathers_what_its_server_does(void)
{
    struct nats_server *server = nats_server_start(right_password);
    struct link_subscription *standing[STANDING];
    struct storm storm = { 0 };
    struct probe probe;
    pthread_t threads[THREADS];
    char url[128];

    snprintf(url, sizeof(url), "nats://bob:right@127.0.0.1:%d", nats_server_port(server));
    probe_init(&probe);
    expect_true(probe_open(&probe, url, NULL));
    storm.link = probe.link;
    expect_int(link_buckets_ensure(probe.link, NULL), MESH_OK);
    expect_true(probe_await_line(&probe, "linked"));
    probe_forget_lines(&probe);
    for (int i = 0; i < STANDING; i++)
        link_subscribe(probe.link, "standing", NULL, probe_message, &probe, &standing[i], NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, rage, &storm);
    torment(server, &probe);
    atomic_store(&storm.ends, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    nats_server_configure(server, right_password);
    nats_server_restart(server);
    expect_true(probe_await_line(&probe, "linked"));
    link_publish(probe.link, &(struct link_outgoing){ .subject = "standing" }, NULL);
    expect_true(probe_await_messages(&probe, STANDING));
    await_all_gone(&storm);
    printf("%lu subscriptions, %lu messages\n", atomic_load(&storm.begun), atomic_load(&storm.told));
    expect_int(atomic_load(&storm.gone), atomic_load(&storm.begun));
    probe_clear(&probe);
    nats_server_stop(server);
}

SUITE(link_storm, TEST(a_link_weathers_what_its_server_does))
