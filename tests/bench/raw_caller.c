/* SPDX-License-Identifier: Apache-2.0 */
/* bench_raw_caller: what calls and streams cost with nothing but nats.c, in each of the ways it offers: the limit that
 * ours is measured against. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "load.h"
#include "raw.h"

enum { TIMEOUT_MS = 10000 };

struct caller {
    natsConnection *connection;
    const char *subject;
    natsSubscription *inbox; /* NULL: by nats.c's own request */
    char reply[64];
};

struct target {
    natsConnection *connection;
    const char *subject;
    bool own_inbox; /* one for each thread, beside nats.c's own one for all */
};

static void *caller_open(void *closure)
{
    const struct target *target = closure;
    struct caller *caller = calloc(1, sizeof(*caller));
    if (!caller)
        return NULL;
    caller->connection = target->connection;
    caller->subject = target->subject;
    if (target->own_inbox) {
        natsInbox *name = NULL;
        raw_check(natsInbox_Create(&name), "make an inbox");
        snprintf(caller->reply, sizeof(caller->reply), "%s", name);
        natsInbox_Destroy(name);
        raw_check(natsConnection_SubscribeSync(&caller->inbox, caller->connection, caller->reply), "subscribe");
    }
    return caller;
}

static void caller_close(void *own)
{
    struct caller *caller = own;
    natsSubscription_Unsubscribe(caller->inbox);
    natsConnection_Flush(caller->connection);
    natsSubscription_Destroy(caller->inbox);
    free(caller);
}

static bool caller_once(void *own)
{
    struct caller *caller = own;
    natsMsg *reply = NULL;
    natsMsg *request = raw_request(caller->subject, caller->inbox ? caller->reply : NULL, RAW_INPUT);
    if (caller->inbox) {
        raw_check(natsConnection_PublishMsg(caller->connection, request), "send a request");
        raw_check(natsSubscription_NextMsg(&reply, caller->inbox, TIMEOUT_MS), "wait for a reply");
    } else {
        raw_check(natsConnection_RequestMsg(&reply, caller->connection, request, TIMEOUT_MS), "request");
    }
    natsMsg_Destroy(request);
    natsMsg_Destroy(reply);
    return true;
}

static int calls(natsConnection *connection, const char *subject, bool own_inbox, unsigned in_flight, unsigned ms)
{
    struct target target = { connection, subject, own_inbox };
    struct load load = { caller_open, caller_once, caller_close, &target };
    struct load_result result;
    if (!load_run(&load, in_flight, ms, &result))
        return 1;
    load_print("p50_us", result.p50_us);
    load_print("p99_us", result.p99_us);
    load_print("per_second", (double)result.count / result.seconds);
    return 0;
}

/* ---- without threads: each reply's callback sends the next request ---- */

struct relay {
    const char *subject;
    char *inbox;
    atomic_ullong count;
};

static void relay_next(natsConnection *connection, natsSubscription *subscription, natsMsg *reply, void *closure)
{
    (void)subscription;
    struct relay *relay = closure;
    atomic_fetch_add_explicit(&relay->count, 1, memory_order_relaxed);
    natsMsg *request = raw_request(relay->subject, relay->inbox, RAW_INPUT);
    raw_check(natsConnection_PublishMsg(connection, request), "send a request");
    natsMsg_Destroy(request);
    natsMsg_Destroy(reply);
}

static int relayed_calls(natsConnection *connection, const char *subject, unsigned in_flight, unsigned ms)
{
    static struct relay relay;
    natsSubscription *subscription = NULL;
    relay.subject = subject;
    raw_check(natsInbox_Create(&relay.inbox), "make an inbox");
    raw_check(natsConnection_Subscribe(&subscription, connection, relay.inbox, relay_next, &relay), "subscribe");
    for (unsigned i = 0; i < in_flight; i++) {
        natsMsg *request = raw_request(subject, relay.inbox, RAW_INPUT);
        raw_check(natsConnection_PublishMsg(connection, request), "send a request");
        natsMsg_Destroy(request);
    }
    load_wait(ms / 4);
    uint64_t began = clock_ns();
    unsigned long long before = atomic_load(&relay.count);
    load_wait(ms);
    double done = (double)(atomic_load(&relay.count) - before);
    load_print("per_second", done / ((double)(clock_ns() - began) / 1e9));
    return 0;
}

/* ---- a stream ---- */

static int stream(natsConnection *connection, const char *subject, const char *chunks)
{
    natsSubscription *subscription = NULL;
    natsMsg *request = raw_request(subject, NULL, chunks);
    const char *id = "";
    char name[64];
    raw_check(natsMsgHeader_Get(request, "X-Mesh-Request-Id", &id), "read the request id");
    snprintf(name, sizeof(name), "mesh.stream.%s", id);
    raw_check(natsConnection_SubscribeSync(&subscription, connection, name), "subscribe");
    raw_check(natsSubscription_SetPendingLimits(subscription, -1, -1), "lift the limits");
    uint64_t began = clock_ns();
    raw_check(natsConnection_PublishMsg(connection, request), "send a request");
    long count = 0;
    for (bool ended = false; !ended; count++) {
        natsMsg *chunk = NULL;
        raw_check(natsSubscription_NextMsg(&chunk, subscription, TIMEOUT_MS), "wait for a chunk");
        ended = natsMsg_GetDataLength(chunk) == 0;
        natsMsg_Destroy(chunk);
    }
    load_print("per_second", (double)(count - 1) / ((double)(clock_ns() - began) / 1e9));
    natsMsg_Destroy(request);
    return count - 1 == strtol(chunks, NULL, 10) ? 0 : 1;
}

static int usage(void)
{
    fputs("usage: bench_raw_caller URL asap|gathered request|inbox|relay IN_FLIGHT MILLISECONDS\n"
          "       bench_raw_caller URL asap|gathered stream CHUNKS\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6)
        return usage();
    bool asap = strcmp(argv[2], "asap") == 0;
    const char *way = argv[3];
    natsConnection *connection = raw_connect(argv[1], asap ? RAW_ASAP : RAW_GATHERED);
    if (argc == 5)
        return stream(connection, asap ? RAW_FLOOD_ASAP : RAW_FLOOD_GATHERED, argv[4]);
    const char *subject = asap ? RAW_ECHO_ASAP : RAW_ECHO_GATHERED;
    unsigned in_flight = (unsigned)strtoul(argv[4], NULL, 10);
    unsigned ms = (unsigned)strtoul(argv[5], NULL, 10);
    if (strcmp(way, "relay") == 0)
        return relayed_calls(connection, subject, in_flight, ms);
    return calls(connection, subject, strcmp(way, "inbox") == 0, in_flight, ms);
}
