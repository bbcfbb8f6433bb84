/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in memory: made, copied, read. */
#include "link/memory_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- made ---- */

static size_t size_of(const struct link_outgoing *message)
{
    size_t size = sizeof(struct memory_message) + message->header_count * sizeof(struct header);

    for (size_t i = 0; i < message->header_count; i++)
        size += strlen(message->headers[i].name) + strlen(message->headers[i].value) + 2;
    size += strlen(message->subject) + 1;
    size += message->reply ? strlen(message->reply) + 1 : 0;
    return size + message->body.len + 1;
}

/* Copy to *at, which moves behind it and a NUL. */
static const char *lay(char **at, const char *text, size_t len)
{
    char *copy = *at;

    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    *at = copy + len + 1;
    return copy;
}

/* A value is read without the blanks around it, as over a server. */
static const char *lay_value(char **at, const char *value)
{
    size_t len;

    value += strspn(value, " \t");
    len = strlen(value);
    while (len > 0 && strchr(" \t", value[len - 1]))
        len--;
    return lay(at, value, len);
}

struct memory_message *memory_message_new(const struct link_outgoing *from)
{
    size_t size = size_of(from);
    struct memory_message *message = malloc(size);

    if (!message)
        return NULL;
    struct header *headers = (struct header *)(message + 1);
    char *at = (char *)(headers + from->header_count);
    *message = (struct memory_message){ .size = size, .headers = headers, .header_count = from->header_count };
    for (size_t i = 0; i < from->header_count; i++) {
        headers[i].name = lay(&at, from->headers[i].name, strlen(from->headers[i].name));
        headers[i].value = lay_value(&at, from->headers[i].value);
    }
    message->subject = lay(&at, from->subject, strlen(from->subject));
    message->reply = from->reply && *from->reply ? lay(&at, from->reply, strlen(from->reply)) : NULL;
    message->body = mesh_bytes_of(lay(&at, from->body.data, from->body.len), from->body.len);
    return message;
}

struct memory_message *memory_message_copy(const struct memory_message *message)
{
    const struct link_outgoing from = { .subject = message->subject,
                                        .reply = message->reply,
                                        .headers = message->headers,
                                        .header_count = message->header_count,
                                        .body = message->body };
    struct memory_message *copy = memory_message_new(&from);

    if (copy) {
        copy->revision = message->revision;
        copy->is_deleted = message->is_deleted;
        copy->is_no_responders = message->is_no_responders;
    }
    return copy;
}

struct memory_message *memory_message_free(struct memory_message *message)
{
    free(message);
    return NULL;
}

struct link_message memory_message_wrap(struct memory_message *message)
{
    return (struct link_message){ .handle = (char *)message + MEMORY_MESSAGE_TAG };
}

/* ---- read ---- */

static struct memory_message *message_of(const struct link_message *message)
{
    return (struct memory_message *)(void *)((char *)message->handle - MEMORY_MESSAGE_TAG);
}

static const char *read_subject(const struct link_message *message)
{
    return message_of(message)->subject;
}

static const char *read_reply(const struct link_message *message)
{
    return message_of(message)->reply;
}

static mesh_bytes read_body(const struct link_message *message)
{
    return message_of(message)->body;
}

/* Of several with one name the last counts, as over a server. */
static const char *read_header(const struct link_message *message, const char *name)
{
    const struct memory_message *from = message_of(message);

    for (size_t i = from->header_count; i > 0; i--)
        if (strcmp(from->headers[i - 1].name, name) == 0)
            return from->headers[i - 1].value;
    return NULL;
}

static bool is_no_responders(const struct link_message *message)
{
    return message_of(message)->is_no_responders;
}

static void clear(struct link_message *message)
{
    memory_message_free(message_of(message));
}

const struct link_message_ops memory_message_ops = {
    .subject = read_subject,
    .reply = read_reply,
    .body = read_body,
    .header = read_header,
    .is_no_responders = is_no_responders,
    .clear = clear,
};
