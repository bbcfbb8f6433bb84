/* SPDX-License-Identifier: Apache-2.0 */
#include "client/message.h"

#include <stdlib.h>
#include <string.h>

mesh_message *message_of_subject(struct link_message *message)
{
    mesh_message *made = calloc(1, sizeof(*made));
    if (!made)
        return NULL;
    made->item.size = sizeof(*made) + link_message_body(message).len;
    made->message = *message;
    message->handle = NULL;
    return made;
}

static mesh_message *new_entry(const char *key, mesh_bytes value, uint64_t revision, int32_t operation)
{
    size_t key_size = strlen(key) + 1;
    mesh_message *made = calloc(1, sizeof(*made) + key_size + value.len + 1);
    if (!made)
        return NULL;
    char *at = (char *)(made + 1);
    made->item.size = sizeof(*made) + key_size + value.len;
    made->key = memcpy(at, key, key_size);
    if (value.len > 0)
        memcpy(at + key_size, value.data, value.len);
    made->value = mesh_bytes_of(at + key_size, value.len);
    made->revision = revision;
    made->operation = operation;
    return made;
}

mesh_message *message_of_entry(const struct link_entry *entry)
{
    return entry->deleted ? new_entry(entry->key, mesh_text(""), entry->revision, MESH_ENTRY_DELETE)
                          : new_entry(entry->key, entry->value, entry->revision, MESH_ENTRY_PUT);
}

mesh_message *message_of_current(void)
{
    return new_entry("", mesh_text(""), 0, MESH_ENTRY_CURRENT);
}

mesh_message *message_free(mesh_message *message)
{
    if (message) {
        if (message->message.handle)
            link_message_clear(&message->message);
        free(message);
    }
    return NULL;
}

void messages_push(struct feed *feed, struct link_message *message)
{
    mesh_message *made = message_of_subject(message);
    if (!made) {
        feed_end(feed, MESH_E_NO_MEMORY);
        return;
    }
    made->client = feed->client;
    if (!feed_push(feed, &made->item))
        message_free(made);
}

void messages_free(struct feed_item *first)
{
    for (struct feed_item *item = first, *next; item; item = next) {
        next = item->next;
        message_free(message_of_item(item));
    }
}

/* ---- what it says ---- */

static bool is_of_subject(const mesh_message *message)
{
    return message->message.handle != NULL;
}

mesh_client *mesh_message_client(const mesh_message *message)
{
    return message->client;
}

mesh_bytes mesh_message_body(const mesh_message *message)
{
    return is_of_subject(message) ? link_message_body(&message->message) : message->value;
}

const char *mesh_message_subject(const mesh_message *message)
{
    return is_of_subject(message) ? link_message_subject(&message->message) : "";
}

const char *mesh_message_header(const mesh_message *message, const char *name)
{
    return is_of_subject(message) ? link_message_header(&message->message, name) : NULL;
}

const char *mesh_message_key(const mesh_message *message)
{
    return message->key ? message->key : "";
}

uint64_t mesh_message_revision(const mesh_message *message)
{
    return message->revision;
}

int32_t mesh_message_operation(const mesh_message *message)
{
    return message->operation;
}
