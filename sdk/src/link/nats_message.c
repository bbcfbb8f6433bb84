/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: what goes out, and how one that came in is read. */
#include "link/nats_internal.h"

#include <stdlib.h>
#include <string.h>

#include "link/grammar.h"

#define HEADER_MAGIC "NATS/1.0"

enum { NATS_READS_EMPTY_VALUES = 0x030e00 }; /* 3.14.0 */

/* ---- out ---- */

static natsStatus publish_headers(natsConnection *nc, const struct link_outgoing *message)
{
    natsMsg *msg = NULL;
    natsStatus status =
        natsMsg_Create(&msg, message->subject, message->reply, message->body.data, (int)message->body.len);

    for (size_t i = 0; status == NATS_OK && i < message->header_count; i++)
        status = natsMsgHeader_Set(msg, message->headers[i].name, message->headers[i].value);
    if (status == NATS_OK)
        status = natsConnection_PublishMsg(nc, msg);
    natsMsg_Destroy(msg);
    return status;
}

static natsStatus publish(natsConnection *nc, const struct link_outgoing *message)
{
    if (message->header_count > 0)
        return publish_headers(nc, message);
    if (message->reply)
        return natsConnection_PublishRequest(nc, message->subject, message->reply, message->body.data,
                                             (int)message->body.len);
    return natsConnection_Publish(nc, message->subject, message->body.data, (int)message->body.len);
}

mesh_status nats_publish(struct link *link, const struct link_outgoing *message, mesh_error *err)
{
    mesh_status status = grammar_check_outgoing(message, link_max_payload(link), err);
    struct session *session = status == MESH_OK ? session_get(link) : NULL;

    if (status != MESH_OK)
        return status;
    if (!session)
        return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "not connected to %s", link->shown_url);
    natsStatus sent = publish(session->nc, message);
    session_put(session);
    if (sent == NATS_INSUFFICIENT_BUFFER)
        return mesh_error_set(err, MESH_E_CONNECTION_FAILED,
                              "disconnected from %s, and the buffer for what is sent is full", link->shown_url);
    return status_from_nats(sent, err, "publish");
}

/* ---- in ---- */

static natsMsg *msg_of(const struct link_message *message)
{
    return message->handle;
}

static const char *read_subject(const struct link_message *message)
{
    return natsMsg_GetSubject(msg_of(message));
}

static const char *read_reply(const struct link_message *message)
{
    const char *reply = natsMsg_GetReply(msg_of(message));

    return reply && *reply ? reply : NULL;
}

static mesh_bytes read_body(const struct link_message *message)
{
    return mesh_bytes_of(natsMsg_GetData(msg_of(message)), (size_t)natsMsg_GetDataLength(msg_of(message)));
}

/*
 * The header block as it came, NULL if there is none. nats.c before 3.14 reads an empty value wrongly: the value
 * becomes the next line, whose own header is lost, and an empty last one makes all headers unreadable. So we read the
 * block ourselves: in those versions a message is one piece of memory, subject, reply and block each with a NUL, then
 * the body.
 */
static char *header_block(const struct link_message *message, size_t *ret_len)
{
    const char *data = natsMsg_GetData(msg_of(message));
    const char *reply = natsMsg_GetReply(msg_of(message));
    const char *start = reply ? reply : natsMsg_GetSubject(msg_of(message));

    if (nats_GetVersionNumber() >= NATS_READS_EMPTY_VALUES)
        return NULL;
    start += strlen(start) + 1;
    if (!data || data <= start || strncmp(start, HEADER_MAGIC, strlen(HEADER_MAGIC)) != 0)
        return NULL;
    *ret_len = (size_t)(data - start) - 1;
    return (char *)start;
}

static const char *read_by_nats(const struct link_message *message, const char *name)
{
    const char *value = NULL;

    natsMsgHeader_Get(msg_of(message), name, &value);
    return value;
}

static const char *read_header(const struct link_message *message, const char *name)
{
    size_t len = 0;
    char *block = header_block(message, &len);

    return block ? header_find(block, len, name) : read_by_nats(message, name);
}

int message_status(const struct link_message *message)
{
    size_t len = 0;
    const char *block = header_block(message, &len);

    if (block)
        return block[strlen(HEADER_MAGIC)] == ' ' ? (int)strtol(block + strlen(HEADER_MAGIC), NULL, 10) : 0;
    const char *text = read_by_nats(message, "Status");
    return text ? (int)strtol(text, NULL, 10) : 0;
}

static bool is_no_responders(const struct link_message *message)
{
    return natsMsg_GetDataLength(msg_of(message)) == 0 && message_status(message) == 503;
}

static void clear(struct link_message *message)
{
    natsMsg_Destroy(message->handle);
}

const struct link_message_ops nats_message_ops = {
    .subject = read_subject,
    .reply = read_reply,
    .body = read_body,
    .header = read_header,
    .is_no_responders = is_no_responders,
    .clear = clear,
};
