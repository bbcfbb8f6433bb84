/* SPDX-License-Identifier: Apache-2.0 */
/* Raw nats.c, as both raw programs use it. */
#include "raw.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void raw_check(natsStatus status, const char *what)
{
    if (status == NATS_OK)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, natsStatus_GetText(status));
    exit(1);
}

natsConnection *raw_connect(const char *url, enum raw_sending sending)
{
    natsOptions *options = NULL;
    natsConnection *connection = NULL;
    raw_check(natsOptions_Create(&options), "make options");
    raw_check(natsOptions_SetURL(options, url), "set the URL");
    raw_check(natsOptions_SetSendAsap(options, sending == RAW_ASAP), "set how to send");
    raw_check(natsConnection_Connect(&connection, options), "connect");
    natsOptions_Destroy(options);
    return connection;
}

natsMsg *raw_request(const char *subject, const char *reply, const char *body)
{
    static atomic_ullong last;
    char id[33];
    snprintf(id, sizeof(id), "%032llx", atomic_fetch_add(&last, 1) + 1);
    natsMsg *message = NULL;
    raw_check(natsMsg_Create(&message, subject, reply, body, (int)strlen(body)), "make a request");
    raw_check(natsMsgHeader_Set(message, "X-Mesh-Request-Id", id), "set a header");
    raw_check(natsMsgHeader_Set(message, "X-Mesh-Instance-Id", RAW_INSTANCE_ID), "set a header");
    return message;
}
