/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions that come and go under traffic: what nats.c 3.4 does not survive when it is used naively. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "link/link.h"
#include "nats_server.h"
#include "suite.h"

enum { THREADS = 4, ROUNDS = 20000, ROUND_MS = 20000, BURST = 50 };

static atomic_bool traffic_ends;

struct round {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned long received;
    bool gone;
    bool late; /* a message after it was told to be gone */
};

static void on_message(void *closure, struct link_message *message)
{
    struct round *round = closure;

    (void)message;
    pthread_mutex_lock(&round->lock);
    round->received++;
    round->late = round->late || round->gone;
    pthread_cond_broadcast(&round->changed);
    pthread_mutex_unlock(&round->lock);
}

static void on_gone(void *closure)
{
    struct round *round = closure;

    pthread_mutex_lock(&round->lock);
    round->gone = true;
    pthread_cond_broadcast(&round->changed);
    pthread_mutex_unlock(&round->lock);
}

static bool await(struct round *round, bool gone)
{
    uint64_t deadline = clock_deadline(ROUND_MS);

    pthread_mutex_lock(&round->lock);
    while ((gone ? !round->gone : round->received == 0) && clock_left_ms(deadline) > 0)
        clock_cond_wait(&round->changed, &round->lock, deadline);
    bool ok = gone ? round->gone : round->received > 0;
    pthread_mutex_unlock(&round->lock);
    return ok;
}

/* Subscribe, hear something, leave: by turns at once, drained, and at once without asking when it is over. */
static bool run_round(struct link *link, unsigned number)
{
    struct round *round = calloc(1, sizeof(*round));
    struct link_subscription *subscription = NULL;

    pthread_mutex_init(&round->lock, NULL);
    clock_cond_init(&round->changed);
    if (link_subscribe(link, "churn.traffic", number % 2 ? "churn" : NULL, on_message, round, &subscription, NULL) !=
        MESH_OK)
        return false;
    bool ok = await(round, false);
    if (number % 3 == 0)
        link_drain(subscription, on_gone);
    else
        link_unsubscribe(subscription, on_gone);
    ok = await(round, true) && ok && !round->late;
    pthread_cond_destroy(&round->changed);
    pthread_mutex_destroy(&round->lock);
    free(round);
    return ok;
}

static void *make_traffic(void *closure)
{
    struct link *link = closure;
    struct header headers[] = { { "X-Mesh-Request-Id", "" }, { "X-Mesh-Status", "ok" } };
    struct link_outgoing plain = { .subject = "churn.traffic", .body = mesh_text("something said") };
    struct link_outgoing full = {
        .subject = "churn.traffic", .headers = headers, .header_count = 2, .body = plain.body
    };

    while (!atomic_load(&traffic_ends)) {
        for (int i = 0; i < BURST; i++)
            link_publish(link, i % 2 ? &plain : &full, NULL);
        link_flush(link, ROUND_MS, NULL);
    }
    return NULL;
}

struct churn {
    struct link *link;
    unsigned rounds, done;
};

static void *churn(void *closure)
{
    struct churn *churn = closure;

    for (unsigned i = 0; i < churn->rounds && run_round(churn->link, i); i++)
        churn->done++;
    return NULL;
}

static struct link *open_link(const struct nats_server *server)
{
    struct link_options options = { .url = nats_server_url(server), .name = "churn", .connect_timeout_ms = 5000 };
    struct link *link = NULL;
    mesh_error err = MESH_ERROR_INIT;

    if (!expect_int(link_open(&options, &link, &err), MESH_OK))
        printf("%s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
    return link;
}

static unsigned rounds_wanted(void)
{
    const char *text = getenv("MESH_CHURN_ROUNDS");

    return text && *text ? (unsigned)strtoul(text, NULL, 10) : ROUNDS;
}

static void subscriptions_come_and_go_under_traffic(void)
{
    struct nats_server *server = nats_server_start(NULL);
    struct link *speaker = open_link(server), *listener = open_link(server);
    struct churn churns[THREADS];
    pthread_t threads[THREADS], traffic;
    unsigned rounds = rounds_wanted() / THREADS, done = 0;
    uint64_t start = clock_ms();

    pthread_create(&traffic, NULL, make_traffic, speaker);
    for (int i = 0; i < THREADS; i++) {
        churns[i] = (struct churn){ .link = listener, .rounds = rounds };
        pthread_create(&threads[i], NULL, churn, &churns[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        done += churns[i].done;
    }
    atomic_store(&traffic_ends, true);
    pthread_join(traffic, NULL);
    printf("%u rounds in %llu ms\n", done, (unsigned long long)(clock_ms() - start));
    expect_int(done, rounds * THREADS);
    link_close(listener);
    link_close(speaker);
    nats_server_stop(server);
}

SUITE(link_churn, TEST(subscriptions_come_and_go_under_traffic))
