/* SPDX-License-Identifier: Apache-2.0 */
/* A request without waiting: forgotten, answered elsewhere, or answered to callbacks (protocol 5.6). */
#include <agentmesh/call.h>

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "client/cache.h"
#include "client/errand.h"
#include "client/message.h"
#include "wire/subject.h"

enum { DEFAULT_TIMEOUT_MS = 60000 };

/* A managed send, from its subscription until that is gone. */
struct sent {
    struct errand errand;

    /* Read-only after it was begun. */
    struct core *core;
    char *results; /* the subject on which answers come */
    struct link_subscription *listening;
    void (*on_reply)(void *data, const mesh_reply *reply);
    void (*on_done)(void *data, mesh_status status, const mesh_error *err);
    void *data;

    /* Guarded by the inbox's lock. */
    struct feed_item *first, **last; /* answers to tell */
    size_t pending;                  /* bytes of them */
    mesh_status failed;              /* an answer could not be kept */
    enum wait_outcome outcome;
    struct link_message notice;
};

/* ---- [link]; under the inbox's lock ---- */

static void settle_sent(struct wait *wait, enum wait_outcome outcome, struct link_message *message)
{
    struct sent *sent = container_of(wait, struct sent, errand.wait);
    sent->outcome = outcome;
    sent->notice = *message;
    message->handle = NULL;
    errand_wake_locked(&sent->errand);
}

/* One message without a number is the whole answer. */
static bool is_complete_with(const struct link_message *message)
{
    return message_header_is(message, HEADER_STREAM_END, "true") || message_is_error(message) ||
           !link_message_header(message, HEADER_STREAM_SEQ);
}

static mesh_status keep(struct sent *sent, struct link_message *message)
{
    mesh_message *answer = message_of_subject(message);
    if (!answer)
        return MESH_E_NO_MEMORY;
    if (answer->item.size > FEED_MAX - sent->pending) {
        message_free(answer);
        return MESH_E_TOO_LARGE;
    }
    sent->pending += answer->item.size;
    *sent->last = &answer->item;
    sent->last = &answer->item.next;
    return MESH_OK;
}

static void take_in(struct sent *sent, struct link_message *message)
{
    struct inbox *inbox = sent->core->inbox;
    bool complete = is_complete_with(message);
    sent->failed = keep(sent, message);
    if (complete || sent->failed != MESH_OK) {
        inbox_settle_locked(inbox, &sent->errand.wait, WAIT_MESSAGE, NULL);
    } else {
        inbox_delay_locked(inbox, &sent->errand.wait, clock_deadline(sent->errand.plan.timeout_ms));
        errand_wake_locked(&sent->errand);
    }
}

static void on_result(void *closure, struct link_message *message)
{
    struct sent *sent = closure;
    struct inbox *inbox = sent->core->inbox;
    pthread_mutex_lock(inbox_lock(inbox));
    if (sent->errand.wait.open && link_message_is_no_responders(message))
        inbox_settle_locked(inbox, &sent->errand.wait, WAIT_NOBODY, message);
    else if (sent->errand.wait.open && inbox_is_notice(message))
        inbox_settle_locked(inbox, &sent->errand.wait, WAIT_DIED, message);
    else if (sent->errand.wait.open)
        take_in(sent, message);
    pthread_mutex_unlock(inbox_lock(inbox));
}

/* ---- life ---- */

/* Once no callback runs any more. */
static void free_sent(void *closure)
{
    struct sent *sent = closure;
    messages_free(sent->first);
    link_message_clear(&sent->notice);
    errand_clear(&sent->errand);
    free(sent->results);
    free(sent);
}

static void end_sent(struct sent *sent)
{
    if (sent->listening)
        link_unsubscribe(sent->listening, free_sent);
    else
        free_sent(sent);
}

/* ---- telling [worker] ---- */

static mesh_message *next_answer(struct sent *sent)
{
    struct feed_item *item = sent->first;
    if (!item)
        return NULL;
    sent->first = item->next;
    if (!sent->first)
        sent->last = &sent->first;
    sent->pending -= item->size;
    return message_of_item(item);
}

static mesh_status tell_answer(struct sent *sent, mesh_message *answer, mesh_error *err)
{
    const struct errand *errand = &sent->errand;
    if (!message_is_error(&answer->message) && link_message_header(&answer->message, HEADER_STREAM_SEQ) &&
        mesh_message_body(answer).len == 0)
        return MESH_OK; /* an end, or nothing */
    mesh_reply *reply = NULL;
    mesh_status read = call_read_reply(&answer->message, errand->agent, errand->plan.id, &reply, err);
    if (read == MESH_OK && sent->on_reply)
        sent->on_reply(sent->data, reply);
    mesh_reply_free(reply);
    return read;
}

static mesh_status how_it_ended(struct sent *sent, mesh_error *err)
{
    const struct errand *errand = &sent->errand;
    if (sent->failed == MESH_E_TOO_LARGE)
        return mesh_error_set(err, MESH_E_TOO_LARGE,
                              "answers came faster than they were taken: more than %d MiB waited", FEED_MAX >> 20);
    if (sent->failed != MESH_OK)
        return mesh_error_set(err, sent->failed, "no memory for an answer");
    if (sent->outcome == WAIT_MESSAGE)
        return MESH_OK;
    return call_error_outcome(errand->client, errand->agent, &errand->plan, sent->outcome, &sent->notice, sent->results,
                              err);
}

static void tell_done(struct sent *sent, mesh_status status, mesh_error *err)
{
    if (status != MESH_OK)
        mesh_error_prefix(err, status, "send '%s'", sent->errand.agent);
    sent->on_done(sent->data, status, err);
    mesh_error_clear(err);
    end_sent(sent);
}

static void tell(struct job *job)
{
    struct sent *sent = container_of(job, struct sent, errand.job);
    struct inbox *inbox = sent->core->inbox;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = MESH_OK;
    while (status == MESH_OK) {
        pthread_mutex_lock(inbox_lock(inbox));
        mesh_message *answer = next_answer(sent);
        bool is_over = !sent->errand.wait.open;
        if (!answer && !is_over)
            errand_rest_locked(&sent->errand);
        pthread_mutex_unlock(inbox_lock(inbox));
        if (!answer && !is_over)
            return;
        if (!answer)
            break;
        status = tell_answer(sent, answer, &err);
        message_free(answer);
    }
    inbox_leave(inbox, &sent->errand.wait);
    if (status == MESH_OK)
        status = how_it_ended(sent, &err);
    tell_done(sent, status, &err);
}

/* ---- sending ---- */

static mesh_status new_sent(mesh_client *client, const char *agent, const struct call_plan *plan,
                            const mesh_send_options *options, struct sent **ret_sent, mesh_error *err)
{
    struct sent *sent = calloc(1, sizeof(*sent));
    if (!sent)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    *ret_sent = sent;
    sent->core = client->core;
    sent->last = &sent->first;
    sent->on_reply = options->on_reply;
    sent->on_done = options->on_done;
    sent->data = options->data;
    sent->results = subject_for_results(plan->id);
    if (!sent->results)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request");
    mesh_status status = errand_init(&sent->errand, client, agent, plan, settle_sent, tell, err);
    sent->errand.wait.frames = sent->results;
    return status;
}

/* Enter before listening, for the server may refuse that at once; listen before asking: both go over one connection. */
static mesh_status ask(struct sent *sent, mesh_bytes input, mesh_error *err)
{
    struct errand *errand = &sent->errand;
    char unused[INBOX_SUBJECT_SIZE];
    mesh_status status = inbox_enter(sent->core->inbox, &errand->wait, errand->plan.request, unused, err);
    if (status == MESH_OK)
        status = link_subscribe(sent->core->link, sent->results, NULL, on_result, sent, &sent->listening, err);
    if (status == MESH_OK)
        status = call_publish(errand->client, errand->agent, input, &errand->plan, sent->results, NULL, err);
    if (status == MESH_OK)
        errand_asked(errand);
    else
        errand_give_up(errand);
    return status;
}

static mesh_status send_managed(mesh_client *client, const char *agent, mesh_bytes input, const struct call_plan *plan,
                                const mesh_send_options *options, mesh_error *err)
{
    struct sent *sent = NULL;
    mesh_status status = new_sent(client, agent, plan, options, &sent, err);
    if (status == MESH_OK)
        status = ask(sent, input, err);
    if (status != MESH_OK && sent)
        end_sent(sent);
    return status;
}

static mesh_status send_plain(mesh_client *client, const char *agent, mesh_bytes input, const struct call_plan *plan,
                              const char *reply_to, mesh_error *err)
{
    if (client->stopped)
        return mesh_error_set(err, MESH_E_STOPPED, "the client has been stopped");
    const struct header answer_to = { HEADER_REPLY_TO, reply_to };
    return call_publish(client, agent, input, plan, reply_to, reply_to ? &answer_to : NULL, err);
}

static mesh_status read_options(const mesh_send_options *options, mesh_send_options *ret_given, mesh_error *err)
{
    *ret_given = (mesh_send_options)MESH_SEND_OPTIONS_INIT;
    if (!options)
        return MESH_OK;
    mesh_status status =
        sized_read(ret_given, sizeof(*ret_given), options, sizeof(*ret_given), "mesh_send_options", err);
    if (status != MESH_OK)
        return status;
    if (ret_given->reply_to && (ret_given->on_done || ret_given->on_reply))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "reply_to goes without callbacks: answers come there, or here");
    if (ret_given->on_reply && !ret_given->on_done)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "on_reply needs on_done, by which the end is told");
    if (ret_given->reply_to && !subject_is_plain(ret_given->reply_to))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "reply_to: '%s' is not a subject to answer to",
                              ret_given->reply_to);
    return MESH_OK;
}

mesh_status mesh_send(mesh_client *client, const char *agent, mesh_bytes input, const mesh_send_options *options,
                      mesh_error *err)
{
    mesh_send_options given;
    struct call_plan plan;
    mesh_status status = read_options(options, &given, err);
    if (status == MESH_OK) {
        mesh_call_options common = MESH_CALL_OPTIONS_INIT;
        common.request = given.request;
        common.timeout_ms = given.timeout_ms;
        status = call_plan_make(client, agent, &common, DEFAULT_TIMEOUT_MS, &plan, err);
    }
    if (status == MESH_OK)
        status = cache_preflight(client->core->cache, agent, VERB_SEND, err);
    if (status == MESH_OK)
        status = given.on_done ? send_managed(client, agent, input, &plan, &given, err)
                               : send_plain(client, agent, input, &plan, given.reply_to, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "send '%s'", agent ? agent : "");
}
