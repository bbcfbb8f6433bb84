/* SPDX-License-Identifier: Apache-2.0 */
/* Listening to an agent, a channel, a subject (protocol 6.2 to 6.4). */
#include <agentmesh/stream.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/number.h"
#include "client/cache.h"
#include "client/call.h"
#include "client/listener.h"
#include "client/message.h"
#include "wire/fault.h"
#include "wire/subject.h"

#define EVENTS ".events"

struct mesh_subscription {
    /* Read-only after opening. */
    char *agent;      /* or NULL */
    bool is_channel;  /* events only, unless requests are wanted */
    bool has_one_end; /* one publisher, whose end is ours */
    uint32_t timeout_ms, flags;

    struct listener listener; /* its feed holds what is wanted */

    /* The reader's. */
    mesh_message *current; /* lent out */
    mesh_status ended;     /* MESH_OK while it goes on */
    mesh_error failure;
};

/* ---- [link] ---- */

/* Whether the publisher says that this is its end. */
static bool is_end(const struct mesh_subscription *subscription, const struct link_message *message)
{
    return subscription->has_one_end && (message_header_is(message, HEADER_STREAM_END, "true") ||
                                         (subscription->agent && message_is_error(message)));
}

static bool is_event(const char *subject)
{
    size_t len = strlen(subject), end = strlen(EVENTS);
    return len > end && strcmp(subject + len - end, EVENTS) == 0;
}

/* Whether the reader gets it. What is left out is left out here, so that the descriptor never tells of nothing. */
static bool is_wanted(const struct mesh_subscription *subscription, const struct link_message *message)
{
    uint32_t flags = subscription->flags;
    if (flags & MESH_SUBSCRIBE_RAW)
        return true;
    if (subscription->is_channel && !(flags & MESH_SUBSCRIBE_REQUESTS) && !is_event(link_message_subject(message)))
        return false;
    if (message_is_error(message))
        return true;
    mesh_bytes body = link_message_body(message);
    return body.len > 0 && (flags & MESH_SUBSCRIBE_REPORT || json_check(body, NULL) == MESH_OK);
}

static void on_message(void *closure, struct link_message *message)
{
    struct mesh_subscription *subscription = closure;
    bool ends = is_end(subscription, message);
    if (is_wanted(subscription, message))
        messages_push(&subscription->listener.feed, message);
    if (ends)
        feed_end(&subscription->listener.feed, MESH_E_END);
}

/* ---- life ---- */

/* Once no callback runs any more. */
static void free_subscription(void *closure)
{
    struct mesh_subscription *subscription = closure;
    listener_clear(&subscription->listener);
    message_free(subscription->current);
    mesh_error_clear(&subscription->failure);
    free(subscription->agent);
    free(subscription);
}

mesh_subscription *mesh_subscription_close(mesh_subscription *subscription)
{
    if (subscription)
        listener_close(&subscription->listener, free_subscription, subscription);
    return NULL;
}

static char *subject_of(const mesh_subscribe_options *options)
{
    if (options->agent)
        return subject_for_events(options->agent);
    return options->channel ? subject_for_channel(options->channel) : strdup(options->subject);
}

static mesh_status new_subscription(mesh_client *client, const mesh_subscribe_options *options,
                                    mesh_subscription **ret_subscription, mesh_error *err)
{
    mesh_subscription *subscription = calloc(1, sizeof(*subscription));
    if (!subscription)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a subscription");
    *ret_subscription = subscription;
    subscription->agent = options->agent ? strdup(options->agent) : NULL;
    subscription->is_channel = options->channel != NULL;
    subscription->timeout_ms = options->timeout_ms;
    subscription->flags = options->flags;
    mesh_status status = listener_init(&subscription->listener, client, subject_of(options), err);
    if (status == MESH_OK && options->agent && !subscription->agent)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a subscription");
    if (status == MESH_OK)
        subscription->has_one_end =
            !(options->flags & MESH_SUBSCRIBE_RAW) && !subject_has_wildcard(subscription->listener.subject);
    return status;
}

/* ---- opening ---- */

static mesh_status check(const mesh_subscribe_options *options, mesh_error *err)
{
    int count = !!options->agent + !!options->channel + !!options->subject;
    const uint32_t known = MESH_SUBSCRIBE_REQUESTS | MESH_SUBSCRIBE_REPORT | MESH_SUBSCRIBE_RAW;
    if (count != 1)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "%s of agent, channel and subject: exactly one is needed",
                              count == 0 ? "none" : "more than one");
    if (options->flags & ~known)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "mesh_subscribe_options.flags has a bit that libagentmesh "
                              "%s does not know",
                              mesh_version());
    if (options->subject && !subject_is_pattern(options->subject))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not a subject", options->subject);
    const char *name = options->agent ? options->agent : options->channel;
    if (name && !name_is_valid(name))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "'%s' is not a name: letters, digits, _ and -, in parts "
                              "joined by single dots",
                              name);
    return MESH_OK;
}

static mesh_status check_agent(const mesh_client *client, const char *agent, mesh_error *err)
{
    mesh_status status = cache_preflight(client->core->cache, agent, VERB_SUBSCRIBE, err);
    return status == MESH_OK ? cache_exists(client->core->cache, agent, err) : status;
}

/* The error for the status with which a feed has ended. */
static void explain(const mesh_subscription *subscription, mesh_status status, mesh_error *failure)
{
    char seconds[NUMBER_SIZE];
    if (status == MESH_E_TIMEOUT) {
        number_print(seconds, subscription->timeout_ms / 1000.0);
        mesh_error_set(failure, status, "No message on %s within %ss", subscription->listener.subject, seconds);
    } else if (status == MESH_E_TOO_LARGE) {
        mesh_error_set(failure, status, "messages came faster than they were read: more than %d MiB waited",
                       FEED_MAX >> 20);
    } else if (status == MESH_E_CONNECTION_DENIED) {
        call_error_deaf(subscription->listener.subject, subscription->agent, NULL, failure);
    } else if (status == MESH_E_STOPPED) {
        mesh_error_set(failure, status, "the client has been stopped");
    } else {
        mesh_error_set(failure, status, "no memory for a message");
    }
    mesh_error_set_context(failure, subscription->agent, NULL, NULL);
}

static mesh_status open_subscription(mesh_client *client, const mesh_subscribe_options *options,
                                     mesh_subscription **ret_subscription, mesh_error *err)
{
    mesh_subscription *subscription = NULL;
    mesh_status status = options->agent ? check_agent(client, options->agent, err) : MESH_OK;
    if (status == MESH_OK)
        status = new_subscription(client, options, &subscription, err);
    if (status == MESH_OK)
        status = listener_open(&subscription->listener, on_message, subscription, err);
    if (status == MESH_OK)
        *ret_subscription = subscription;
    else
        mesh_subscription_close(subscription);
    return status;
}

static const char *name_of(const mesh_subscribe_options *options)
{
    const char *name = options->agent ? options->agent : options->channel ? options->channel : options->subject;
    return name ? name : "";
}

mesh_status mesh_subscribe(mesh_client *client, const mesh_subscribe_options *options,
                           mesh_subscription **ret_subscription, mesh_error *err)
{
    mesh_subscribe_options given = MESH_SUBSCRIBE_OPTIONS_INIT;
    mesh_status status = MESH_OK;
    if (!client)
        status = mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "client is NULL");
    if (status == MESH_OK && options)
        status = sized_read(&given, sizeof(given), options, sizeof(given), "mesh_subscribe_options", err);
    if (status == MESH_OK)
        status = check(&given, err);
    if (status == MESH_OK)
        status = open_subscription(client, &given, ret_subscription, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "subscribe '%s'", name_of(&given));
}

/* ---- reading ---- */

/* Remember how it ended; the same comes again if asked again. */
static mesh_status end_with(mesh_subscription *subscription, mesh_status status, mesh_error *failure)
{
    subscription->ended = status;
    mesh_error_move(&subscription->failure, failure);
    listener_end(&subscription->listener, status);
    return status;
}

static mesh_status report_end(const mesh_subscription *subscription, mesh_error *err)
{
    if (subscription->ended == MESH_E_END)
        return MESH_E_END;
    call_error_repeat(&subscription->failure, err);
    return mesh_error_prefix(err, subscription->ended, "subscribe '%s'",
                             subscription->agent ? subscription->agent : subscription->listener.subject);
}

static mesh_status end_without_message(mesh_subscription *subscription, mesh_status status)
{
    mesh_error failure = MESH_ERROR_INIT;
    if (status != MESH_E_END)
        explain(subscription, status, &failure);
    return end_with(subscription, status, &failure);
}

static mesh_status read_error(mesh_subscription *subscription, mesh_error *err)
{
    const struct link_message *message = &subscription->current->message;
    mesh_error failure = MESH_ERROR_INIT;
    mesh_status status = fault_read(link_message_body(message), subscription->agent, NULL, &failure);
    if (is_end(subscription, message)) {
        end_with(subscription, status, &failure);
        return report_end(subscription, err);
    }
    mesh_error_move(err, &failure);
    return mesh_error_prefix(err, status, "subscribe '%s'", subscription->listener.subject);
}

static mesh_status read_message(mesh_subscription *subscription, const mesh_message **ret_message, mesh_error *err)
{
    const mesh_message *message = subscription->current;
    if (!(subscription->flags & MESH_SUBSCRIBE_RAW)) {
        if (message_is_error(&message->message))
            return read_error(subscription, err);
        if (subscription->flags & MESH_SUBSCRIBE_REPORT && json_check(mesh_message_body(message), err) != MESH_OK)
            return mesh_error_prefix(err, MESH_E_INVALID_JSON, "a message on '%s' is not JSON",
                                     mesh_message_subject(message));
    }
    *ret_message = message;
    return MESH_OK;
}

mesh_status mesh_subscription_next(mesh_subscription *subscription, const mesh_message **ret_message, mesh_error *err)
{
    subscription->current = message_free(subscription->current);
    if (subscription->ended != MESH_OK)
        return report_end(subscription, err);

    struct feed_item *item;
    uint64_t deadline = subscription->timeout_ms ? clock_deadline(subscription->timeout_ms) : CLOCK_NEVER;
    mesh_status status = feed_next(&subscription->listener.feed, deadline, &item);
    if (status == MESH_OK) {
        subscription->current = message_of_item(item);
        return read_message(subscription, ret_message, err);
    }
    end_without_message(subscription, status);
    return report_end(subscription, err);
}

int mesh_subscription_fd(mesh_subscription *subscription)
{
    return feed_fd(&subscription->listener.feed);
}
