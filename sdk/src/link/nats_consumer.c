/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consumers: what JetStream delivers of a bucket to an inbox, first the last value of each matching key, then what
 * changes (protocol 2.3). They have names of ours, so that each message tells which of them it comes from; no flow
 * control, for which the roles of protocol 15 lack the permission.
 */
#include "link/nats_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/id.h"

void consumer_name(char name[CONSUMER_NAME_SIZE])
{
    char id[ID_SIZE];

    id_new(id);
    snprintf(name, CONSUMER_NAME_SIZE, "mesh-%s", id);
}

static mesh_status read_created(struct link *link, const char *bucket, const struct question *question,
                                uint64_t *ret_initial, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    int code = 0;
    mesh_status status = api_read(link, question, &tree, &code, err);

    if (status != MESH_OK)
        return status;
    if (api_stream_is_missing(code))
        return bucket_missing(link, bucket, err);
    if (code != 0)
        return api_refused(question, tree, code, err);
    *ret_initial =
        (uint64_t)(json_int(tree, "num_pending", 0) + json_int(json_get(tree, "delivered"), "consumer_seq", 0));
    return MESH_OK;
}

mesh_status consumer_create(struct link *link, const char *bucket, const char *pattern, const char *name,
                            const char *inbox, uint64_t *ret_initial, mesh_error *err)
{
    auto_free char *subject = NULL, *body = NULL;

    if (asprintf(&subject, "$JS.API.CONSUMER.CREATE.KV_%s.%s", bucket, name) < 0 ||
        asprintf(&body,
                 "{\"stream_name\":\"KV_%s\",\"config\":{\"name\":\"%s\",\"deliver_subject\":\"%s\","
                 "\"deliver_policy\":\"last_per_subject\",\"ack_policy\":\"none\",\"replay_policy\":\"instant\","
                 "\"filter_subject\":\"$KV.%s.%s\",\"max_deliver\":1,\"num_replicas\":1,\"mem_storage\":true,"
                 "\"idle_heartbeat\":%llu}}",
                 bucket, name, inbox, bucket, pattern, CONSUMER_HEARTBEAT_MS * 1000000ULL) < 0)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to watch keys");

    struct question question = { .subject = subject, .body = mesh_text(body) };
    mesh_status status = questions_ask(link, &question, 1, err);
    if (status == MESH_OK)
        status = read_created(link, bucket, &question, ret_initial, err);
    questions_clear(&question, 1);
    return status;
}

/* JetStream does nothing for who wants no answer; this one is not read. */
void consumer_delete(struct link *link, const char *bucket, const char *name)
{
    auto_free char *subject = NULL, *reply = NULL;

    if (asprintf(&subject, "$JS.API.CONSUMER.DELETE.KV_%s.%s", bucket, name) < 0 ||
        asprintf(&reply, "%s.ignored", link->inbox) < 0)
        return;
    struct link_outgoing message = { .subject = subject, .reply = reply };
    link_publish(link, &message, NULL);
}

/* The start of token `index` of a subject, NULL if it has fewer. */
static const char *token_at(const char *subject, int index)
{
    for (; subject && index > 0; index--) {
        subject = strchr(subject, '.');
        if (subject)
            subject++;
    }
    return subject;
}

/*
 * The reply subject tells where a delivery stands:
 * $JS.ACK.[{domain}.{account}.]{stream}.{consumer}.{times}.{stream sequence}.{consumer sequence}.{time}.{pending}
 */
bool place_read(const char *reply, struct place *ret)
{
    if (!reply || strncmp(reply, "$JS.ACK.", 8) != 0)
        return false;
    int first = token_at(reply, 9) ? 5 : 3;
    const char *sequence = token_at(reply, first + 2);
    const char *number = token_at(reply, first + 3), *pending = token_at(reply, first + 5);
    if (!pending)
        return false;
    ret->consumer = token_at(reply, first);
    ret->revision = strtoull(sequence, NULL, 10);
    ret->number = strtoull(number, NULL, 10);
    ret->pending = strtoull(pending, NULL, 10);
    return true;
}

static bool says_deleted(const struct link_message *message)
{
    const char *operation = link_message_header(message, HEADER_OPERATION);

    if (operation && (strcmp(operation, "DEL") == 0 || strcmp(operation, "PURGE") == 0))
        return true;
    return link_message_header(message, HEADER_MARKER) != NULL;
}

enum delivery_kind delivery_read(const struct link_message *message, const char *bucket, struct delivery *ret)
{
    const char *subject = link_message_subject(message);
    int status = message_status(message);

    if (status == 100) {
        const char *last = link_message_header(message, "Nats-Last-Consumer");
        ret->number = last ? strtoull(last, NULL, 10) : 0;
        return last ? DELIVERY_HEARTBEAT : DELIVERY_OTHER;
    }
    if (status != 0)
        return DELIVERY_END;
    if (!link_message_reply(message))
        return DELIVERY_NOTHING;
    size_t prefix = strlen("$KV.") + strlen(bucket) + 1;
    struct place place;
    if (strlen(subject) <= prefix || !place_read(link_message_reply(message), &place))
        return DELIVERY_OTHER;
    ret->number = place.number;
    ret->pending = place.pending;
    ret->entry.revision = place.revision;
    ret->entry.key = subject + prefix;
    ret->entry.deleted = says_deleted(message);
    ret->entry.value = ret->entry.deleted ? mesh_text(NULL) : link_message_body(message);
    return DELIVERY_ENTRY;
}
