/* SPDX-License-Identifier: Apache-2.0 */
/* bench_raw_responder URL: what a host would be if it were nothing but nats.c. Answers and streams with the headers of
 * the protocol, prints "ready" when it does, and ends with SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raw.h"

static void set(natsMsg *message, const char *name, const char *value)
{
    raw_check(natsMsgHeader_Set(message, name, value), "set a header");
}

static void answer(natsConnection *connection, natsSubscription *subscription, natsMsg *request, void *closure)
{
    (void)subscription;
    (void)closure;
    const char *id = "";
    natsMsg *reply = NULL;
    raw_check(natsMsgHeader_Get(request, "X-Mesh-Request-Id", &id), "read the request id");
    raw_check(natsMsg_Create(&reply, natsMsg_GetReply(request), NULL, RAW_OUTPUT, (int)strlen(RAW_OUTPUT)), "answer");
    set(reply, "X-Mesh-Status", "ok");
    set(reply, "X-Mesh-Source", "echo");
    set(reply, "X-Mesh-Request-Id", id);
    set(reply, "X-Mesh-Instance-Id", RAW_INSTANCE_ID);
    raw_check(natsConnection_PublishMsg(connection, reply), "answer");
    natsMsg_Destroy(reply);
    natsMsg_Destroy(request);
}

static void send_frame(natsConnection *connection, const char *subject, const char *id, long number, bool is_end)
{
    char sequence[24];
    char body[48] = "";
    snprintf(sequence, sizeof(sequence), "%ld", number);
    if (!is_end)
        snprintf(body, sizeof(body), "{\"number\": %ld}", number);
    natsMsg *frame = NULL;
    raw_check(natsMsg_Create(&frame, subject, NULL, body, (int)strlen(body)), "make a chunk");
    set(frame, "X-Mesh-Stream-Seq", sequence);
    set(frame, "X-Mesh-Stream-End", is_end ? "true" : "false");
    set(frame, "X-Mesh-Request-Id", id);
    set(frame, "X-Mesh-Instance-Id", RAW_INSTANCE_ID);
    raw_check(natsConnection_PublishMsg(connection, frame), "send a chunk");
    natsMsg_Destroy(frame);
}

/* The body is the number of chunks wanted. */
static void flood(natsConnection *connection, natsSubscription *subscription, natsMsg *request, void *closure)
{
    (void)subscription;
    (void)closure;
    const char *id = "";
    raw_check(natsMsgHeader_Get(request, "X-Mesh-Request-Id", &id), "read the request id");
    char subject[64];
    snprintf(subject, sizeof(subject), "mesh.stream.%s", id);
    long chunks = strtol(natsMsg_GetData(request), NULL, 10);
    for (long i = 0; i <= chunks; i++)
        send_frame(connection, subject, id, i, i == chunks);
    natsMsg_Destroy(request);
}

static void serve(const char *url, enum raw_sending sending, const char *echo_subject, const char *flood_subject)
{
    natsConnection *connection = raw_connect(url, sending);
    natsSubscription *subscription = NULL;
    raw_check(natsConnection_QueueSubscribe(&subscription, connection, echo_subject, echo_subject, answer, NULL),
              "subscribe");
    raw_check(natsConnection_QueueSubscribe(&subscription, connection, flood_subject, flood_subject, flood, NULL),
              "subscribe");
    raw_check(natsConnection_Flush(connection), "subscribe");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: bench_raw_responder URL\n", stderr);
        return 2;
    }
    sigset_t ends;
    int number;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    serve(argv[1], RAW_ASAP, RAW_ECHO_ASAP, RAW_FLOOD_ASAP);
    serve(argv[1], RAW_GATHERED, RAW_ECHO_GATHERED, RAW_FLOOD_GATHERED);
    puts("ready");
    fflush(stdout);
    sigwait(&ends, &number);
    return 0; /* the connections, too, end here */
}
