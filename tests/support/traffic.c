/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are counted. */
#include "traffic.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "link/link.h"

enum { RING = 1 << 12, LAST_WAIT_MS = 20000, TICK_NS = 1000000 };

/* Room for as many requests as a lane will ever send; the system gives memory when it is used. */
static const size_t NUMBERS_MAX = (size_t)1 << 30;

/* A request that is not answered yet. */
struct flight {
    uint64_t number, sent_ns;
    unsigned settled, put; /* when it was sent */
};

struct lane {
    struct traffic *traffic;
    struct link *link;
    char *inbox;
    /* Guarded by lock. */
    pthread_mutex_t lock;
    pthread_cond_t landed;
    uint64_t sent, answered;
    uint8_t *replies; /* by number */
    struct flight ring[RING];
    uint64_t failed, doubled, stale;
    struct histogram quiet, around;
    char failure[256];
};

struct traffic {
    struct traffic_order order;
    uint64_t began_ns, ended_ns;
    atomic_uint put, settled;
    atomic_bool ends;
    bool is_paced;
    pthread_t pacer;
    struct lane *lanes[TRAFFIC_LANES_MAX];
    /* Guarded by lock. */
    pthread_mutex_t lock;
    pthread_cond_t has_heard;
    unsigned heard;
    uint64_t heard_ns;
};

static _Noreturn void die(const char *what, const mesh_error *err)
{
    fprintf(stderr, "traffic: %s: %s\n", what, err ? mesh_error_text(err) : "no memory");
    exit(1);
}

/* ---- sending ---- */

/* Under the lane's lock, so that the numbers of its link come in order. */
static void send_one(struct lane *lane)
{
    struct traffic *traffic = lane->traffic;
    uint64_t number = lane->sent++;
    char reply[160], body[64], id[40];
    snprintf(reply, sizeof(reply), "%s.%llu", lane->inbox, (unsigned long long)number);
    snprintf(body, sizeof(body), "{\"number\": %llu}", (unsigned long long)number);
    snprintf(id, sizeof(id), "%032llx", (unsigned long long)number);
    const struct header headers[] = { { HEADER_REQUEST_ID, id } };
    const struct link_outgoing message = { "mesh.agent.numbered", reply, headers, 1, mesh_text(body) };
    if (number >= NUMBERS_MAX)
        die("too many requests", NULL);
    /* Settled first: a version may become the settled one between the two, which makes the bounds wider, never wrong.
     */
    unsigned settled = atomic_load(&traffic->settled);
    lane->ring[number % RING] = (struct flight){ number, clock_ns(), settled, atomic_load(&traffic->put) };
    mesh_error err = MESH_ERROR_INIT;
    if (link_publish(lane->link, &message, &err) != MESH_OK)
        die("publish", &err);
}

/* ---- hearing ---- */

static void note_heard(struct traffic *traffic, unsigned version, uint64_t now)
{
    unsigned put = atomic_load(&traffic->put);
    if (version != put % TRAFFIC_VERSIONS)
        return;
    pthread_mutex_lock(&traffic->lock);
    if (traffic->heard < put) {
        traffic->heard = put;
        traffic->heard_ns = now;
        pthread_cond_broadcast(&traffic->has_heard);
    }
    pthread_mutex_unlock(&traffic->lock);
}

/* Whether one of the versions that may have answered leaves this rest. */
static bool is_fresh(const struct flight *flight, unsigned put, unsigned rest)
{
    for (unsigned version = flight->settled; version <= put; version++) {
        if (version % TRAFFIC_VERSIONS == rest)
            return true;
    }
    return false;
}

static void note_failure(struct lane *lane, struct link_message *message)
{
    if (lane->failed++ > 0)
        return;
    bool nobody = link_message_is_no_responders(message);
    snprintf(lane->failure, sizeof(lane->failure), "%s", nobody ? "no responders" : link_message_body(message).data);
}

/* The first answer to a request; under the lock. */
static void note_answer(struct lane *lane, struct link_message *message, uint64_t number)
{
    struct traffic *traffic = lane->traffic;
    const struct flight *flight = &lane->ring[number % RING];
    unsigned put = atomic_load(&traffic->put), version;
    unsigned long long echoed;
    uint64_t now = clock_ns();
    if (sscanf(link_message_body(message).data, "{\"version\": %u, \"number\": %llu}", &version, &echoed) != 2 ||
        echoed != number || flight->number != number) {
        note_failure(lane, message);
        return;
    }
    bool has_seen = flight->put != flight->settled || put != flight->put;
    histogram_add(has_seen ? &lane->around : &lane->quiet, now - flight->sent_ns);
    note_heard(traffic, version, now);
    if (is_fresh(flight, put, version))
        return;
    if (lane->stale++ == 0)
        fprintf(stderr, "traffic: request %llu, sent when %u had settled and %u was put, was answered by %u of %u\n",
                echoed, flight->settled, flight->put, version, put);
}

/* [link] */
static void on_reply(void *closure, struct link_message *message)
{
    struct lane *lane = closure;
    const char *dot = strrchr(link_message_subject(message), '.');
    uint64_t number = strtoull(dot + 1, NULL, 10);
    pthread_mutex_lock(&lane->lock);
    if (number >= lane->sent || lane->replies[number] > 0) {
        lane->doubled++;
    } else {
        lane->replies[number] = 1;
        lane->answered++;
        note_answer(lane, message, number);
        if (!lane->traffic->is_paced && !atomic_load(&lane->traffic->ends))
            send_one(lane);
        pthread_cond_signal(&lane->landed);
    }
    pthread_mutex_unlock(&lane->lock);
}

/* ---- a pace ---- */

/* Send what is due on a lane, as far as its window lets. */
static void send_due(struct lane *lane, uint64_t due)
{
    unsigned window = lane->traffic->order.window;
    pthread_mutex_lock(&lane->lock);
    while (lane->sent < due && lane->sent - lane->answered < window)
        send_one(lane);
    pthread_mutex_unlock(&lane->lock);
}

static void *keep_pace(void *closure)
{
    struct traffic *traffic = closure;
    const struct timespec tick = { 0, TICK_NS };
    while (!atomic_load(&traffic->ends)) {
        double seconds = (double)(clock_ns() - traffic->began_ns) / 1e9;
        uint64_t due = (uint64_t)(seconds * traffic->order.per_second / traffic->order.lanes);
        for (unsigned i = 0; i < traffic->order.lanes; i++)
            send_due(traffic->lanes[i], due);
        nanosleep(&tick, NULL);
    }
    return NULL;
}

/* ---- begin, end ---- */

static struct lane *lane_open(struct traffic *traffic)
{
    struct lane *lane = calloc(1, sizeof(*lane));
    const struct link_options options = { .url = traffic->order.url, .name = "traffic", .connect_timeout_ms = 5000 };
    struct link_subscription *unused;
    mesh_error err = MESH_ERROR_INIT;
    if (!lane || !clock_cond_init(&lane->landed))
        die("lane", NULL);
    pthread_mutex_init(&lane->lock, NULL);
    lane->traffic = traffic;
    lane->replies = mmap(NULL, NUMBERS_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (lane->replies == MAP_FAILED || link_open(&options, &lane->link, &err) != MESH_OK)
        die("open", &err);
    lane->inbox = link_new_inbox(lane->link);
    auto_free char *subject = NULL;
    if (!lane->inbox || asprintf(&subject, "%s.*", lane->inbox) < 0)
        die("inbox", NULL);
    if (link_subscribe(lane->link, subject, NULL, on_reply, lane, &unused, &err) != MESH_OK ||
        link_flush(lane->link, 5000, &err) != MESH_OK)
        die("subscribe", &err);
    return lane;
}

static void lane_close(struct lane *lane)
{
    link_close(lane->link);
    free(lane->inbox);
    munmap(lane->replies, NUMBERS_MAX);
    pthread_cond_destroy(&lane->landed);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}

struct traffic *traffic_begin(const struct traffic_order *order)
{
    struct traffic *traffic = calloc(1, sizeof(*traffic));
    if (!traffic || !clock_cond_init(&traffic->has_heard))
        die("begin", NULL);
    pthread_mutex_init(&traffic->lock, NULL);
    traffic->order = *order;
    traffic->is_paced = order->per_second > 0;
    traffic->put = traffic->settled = traffic->heard = order->version;
    for (unsigned i = 0; i < order->lanes; i++)
        traffic->lanes[i] = lane_open(traffic);
    traffic->began_ns = clock_ns();
    for (unsigned i = 0; !traffic->is_paced && i < order->lanes; i++)
        send_due(traffic->lanes[i], order->window);
    if (traffic->is_paced && pthread_create(&traffic->pacer, NULL, keep_pace, traffic) != 0)
        die("pace", NULL);
    return traffic;
}

void traffic_put(struct traffic *traffic, unsigned version)
{
    atomic_store(&traffic->put, version);
}

void traffic_settled(struct traffic *traffic, unsigned version)
{
    atomic_store(&traffic->settled, version);
}

bool traffic_hears(struct traffic *traffic, unsigned timeout_ms, uint64_t *ret_ns)
{
    uint64_t deadline = clock_deadline(timeout_ms);
    unsigned wanted = atomic_load(&traffic->put);
    pthread_mutex_lock(&traffic->lock);
    while (traffic->heard < wanted && clock_cond_wait(&traffic->has_heard, &traffic->lock, deadline))
        continue;
    bool has_heard = traffic->heard >= wanted;
    *ret_ns = traffic->heard_ns;
    pthread_mutex_unlock(&traffic->lock);
    return has_heard;
}

uint64_t traffic_answered(const struct traffic *traffic)
{
    uint64_t answered = 0;
    for (unsigned i = 0; i < traffic->order.lanes; i++) {
        struct lane *lane = traffic->lanes[i];
        pthread_mutex_lock(&lane->lock);
        answered += lane->answered;
        pthread_mutex_unlock(&lane->lock);
    }
    return answered;
}

static void await_last(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    while (lane->answered < lane->sent && clock_cond_wait(&lane->landed, &lane->lock, clock_deadline(LAST_WAIT_MS)))
        continue;
    pthread_mutex_unlock(&lane->lock);
}

void traffic_stop(struct traffic *traffic)
{
    if (atomic_exchange(&traffic->ends, true))
        return;
    if (traffic->is_paced)
        pthread_join(traffic->pacer, NULL);
    traffic->ended_ns = clock_ns();
    for (unsigned i = 0; i < traffic->order.lanes; i++)
        await_last(traffic->lanes[i]);
}

static void count_up(struct traffic_tally *tally, const struct lane *lane)
{
    tally->requests += lane->sent;
    tally->lost += lane->sent - lane->answered + lane->failed;
    tally->doubled += lane->doubled;
    tally->stale += lane->stale;
    histogram_join(&tally->quiet, &lane->quiet);
    histogram_join(&tally->around, &lane->around);
    if (lane->failure[0])
        memcpy(tally->failure, lane->failure, sizeof(tally->failure));
}

void traffic_end(struct traffic *traffic, struct traffic_tally *ret_tally)
{
    traffic_stop(traffic);
    *ret_tally = (struct traffic_tally){ .seconds = (double)(traffic->ended_ns - traffic->began_ns) / 1e9 };
    for (unsigned i = 0; i < traffic->order.lanes; i++) {
        link_flush(traffic->lanes[i]->link, 5000, NULL);
        pthread_mutex_lock(&traffic->lanes[i]->lock);
        count_up(ret_tally, traffic->lanes[i]);
        pthread_mutex_unlock(&traffic->lanes[i]->lock);
    }
    for (unsigned i = 0; i < traffic->order.lanes; i++)
        lane_close(traffic->lanes[i]);
    pthread_cond_destroy(&traffic->has_heard);
    pthread_mutex_destroy(&traffic->lock);
    free(traffic);
}
