/* SPDX-License-Identifier: Apache-2.0 */
#include "client/inbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "serve/presence.h"
#include "serve/request.h"
#include "wire/header.h"
#include "wire/subject.h"

/* On the echo of a death notice, which only we send and only to ourselves. */
#define HEADER_NOTICE "X-Mesh-Notice"

enum { BUCKETS = 1024 };

struct inbox {
    /* Set while opening; read-only after. */
    struct core *core;
    char *prefix; /* _INBOX.… without the token */
    struct link_subscription *replies, *deaths;

    /* Guarded by lock. */
    pthread_mutex_t lock;
    struct wait *buckets[BUCKETS];
    uint64_t last_token;
    struct alarms alarms;
};

static struct wait **bucket_of(struct inbox *inbox, uint64_t token)
{
    return &inbox->buckets[token % BUCKETS];
}

static void remove_wait(struct inbox *inbox, struct wait *wait)
{
    struct wait **at = bucket_of(inbox, wait->token);
    while (*at != wait)
        at = &(*at)->next;
    *at = wait->next;
    wait->open = false;
    alarm_unset(&inbox->alarms, &wait->alarm);
}

static void settle(struct inbox *inbox, struct wait *wait, enum wait_outcome outcome, struct link_message *message)
{
    struct link_message none = { NULL };
    remove_wait(inbox, wait);
    wait->settle(wait, outcome, message ? message : &none);
}

static void ring(struct alarm *alarm)
{
    struct wait *wait = container_of(alarm, struct wait, alarm);
    settle(wait->inbox, wait, WAIT_LATE, NULL);
}

static struct wait *find_wait(struct inbox *inbox, const char *subject)
{
    const char *dot = strrchr(subject, '.');
    uint64_t token = dot ? strtoull(dot + 1, NULL, 16) : 0;
    for (struct wait *wait = *bucket_of(inbox, token); wait; wait = wait->next)
        if (wait->token == token)
            return wait;
    return NULL;
}

bool inbox_is_notice(const struct link_message *message)
{
    return link_message_header(message, HEADER_NOTICE) != NULL;
}

/* [link] */
static void on_reply(void *closure, struct link_message *message)
{
    struct inbox *inbox = closure;
    enum wait_outcome outcome = WAIT_MESSAGE;
    if (link_message_is_no_responders(message))
        outcome = WAIT_NOBODY;
    else if (inbox_is_notice(message))
        outcome = WAIT_DIED;

    pthread_mutex_lock(&inbox->lock);
    struct wait *wait = find_wait(inbox, link_message_subject(message));
    if (wait)
        settle(inbox, wait, outcome, message);
    pthread_mutex_unlock(&inbox->lock);
}

/* ---- settling many ---- */

typedef bool (*wait_filter)(const struct wait *wait, const void *what);

static void settle_where(struct inbox *inbox, wait_filter matches, const void *what, enum wait_outcome outcome)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct wait *wait = inbox->buckets[i], *next; wait; wait = next) {
            next = wait->next;
            if (matches(wait, what))
                settle(inbox, wait, outcome, NULL);
        }
    }
}

static void lock_and_settle(struct inbox *inbox, wait_filter matches, const void *what, enum wait_outcome outcome)
{
    pthread_mutex_lock(&inbox->lock);
    settle_where(inbox, matches, what, outcome);
    pthread_mutex_unlock(&inbox->lock);
}

/* ---- deaths ---- */

static bool is_for_agent(const struct wait *wait, const void *agent)
{
    return wait->agent && strcmp(wait->agent, agent) == 0;
}

/* The subjects of the waits that a death concerns, so that nothing is published under the lock. */
struct echoes {
    char (*subjects)[INBOX_SUBJECT_SIZE];
    size_t count, capacity;
};

static bool echoes_add(struct echoes *echoes, const struct inbox *inbox, const struct wait *wait)
{
    if (echoes->count == echoes->capacity) {
        size_t capacity = echoes->capacity ? echoes->capacity * 2 : 16;
        void *grown = realloc(echoes->subjects, capacity * INBOX_SUBJECT_SIZE);
        if (!grown)
            return false;
        echoes->subjects = grown;
        echoes->capacity = capacity;
    }
    char *subject = echoes->subjects[echoes->count];
    int len = wait->frames ? snprintf(subject, INBOX_SUBJECT_SIZE, "%s", wait->frames)
                           : snprintf(subject, INBOX_SUBJECT_SIZE, "%s.%" PRIx64, inbox->prefix, wait->token);
    if (len >= INBOX_SUBJECT_SIZE)
        return false;
    echoes->count++;
    return true;
}

static void collect_echoes(struct inbox *inbox, const char *agent, struct echoes *echoes)
{
    pthread_mutex_lock(&inbox->lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct wait *wait = inbox->buckets[i], *next; wait; wait = next) {
            next = wait->next;
            if (is_for_agent(wait, agent) && !echoes_add(echoes, inbox, wait))
                settle(inbox, wait, WAIT_DIED, NULL);
        }
    }
    pthread_mutex_unlock(&inbox->lock);
}

/* [link] */
static void on_death(void *closure, struct link_message *message)
{
    struct inbox *inbox = closure;
    const char *agent = subject_death_agent(link_message_subject(message));
    if (!agent)
        return;
    presence_death(inbox->core->presence, agent);

    struct echoes echoes = { NULL, 0, 0 };
    collect_echoes(inbox, agent, &echoes);
    const struct header headers[] = { { HEADER_NOTICE, "1" }, { HEADER_INSTANCE_ID, inbox->core->instance_id } };
    for (size_t i = 0; i < echoes.count; i++) {
        const struct link_outgoing echo = {
            .subject = echoes.subjects[i], .headers = headers, .header_count = 2, .body = link_message_body(message)
        };
        /* It may be too large with our header, or the connection be gone. */
        if (link_publish(inbox->core->link, &echo, NULL) != MESH_OK)
            lock_and_settle(inbox, is_for_agent, agent, WAIT_DIED);
    }
    free(echoes.subjects);
}

mesh_status inbox_open(struct core *core, struct inbox **ret_inbox, mesh_error *err)
{
    struct inbox *inbox = calloc(1, sizeof(*inbox));
    if (!inbox)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the inbox");
    pthread_mutex_init(&inbox->lock, NULL);
    if (!alarms_init(&inbox->alarms, &inbox->lock)) {
        pthread_mutex_destroy(&inbox->lock);
        free(inbox);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the inbox");
    }
    inbox->core = core;
    inbox->prefix = link_new_inbox(core->link);
    *ret_inbox = inbox;

    auto_free char *pattern = NULL;
    if (!inbox->prefix || asprintf(&pattern, "%s.*", inbox->prefix) < 0)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the inbox");
    mesh_status status = link_subscribe(core->link, pattern, NULL, on_reply, inbox, &inbox->replies, err);
    if (status != MESH_OK)
        return status;
    return link_subscribe(core->link, SUBJECT_DEATH_ALL, NULL, on_death, inbox, &inbox->deaths, err);
}

struct inbox *inbox_free(struct inbox *inbox)
{
    if (inbox) {
        alarms_clear(&inbox->alarms);
        pthread_mutex_destroy(&inbox->lock);
        free(inbox->prefix);
        free(inbox);
    }
    return NULL;
}

static mesh_status add_wait(struct inbox *inbox, struct wait *wait, mesh_error *err)
{
    wait->inbox = inbox;
    wait->alarm = (struct alarm){ .ring = ring };
    if (wait->due && !alarm_set(&inbox->alarms, &wait->alarm, wait->due))
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory, or no thread, to watch the time of a request");
    wait->token = ++inbox->last_token;
    struct wait **bucket = bucket_of(inbox, wait->token);
    wait->next = *bucket;
    *bucket = wait;
    wait->open = true;
    return MESH_OK;
}

mesh_status inbox_enter(struct inbox *inbox, struct wait *wait, const mesh_request *request,
                        char reply[INBOX_SUBJECT_SIZE], mesh_error *err)
{
    pthread_mutex_lock(&inbox->lock);
    /* Looked at under the lock: a stop that comes later finds the wait in the table. */
    bool stopped = wait->client->stopped || (request && mesh_request_stopped(request));
    wait->request = request ? request->serial : 0;
    mesh_status status =
        stopped ? mesh_error_set(err, MESH_E_STOPPED, "the client, or the request on whose behalf, has been stopped")
                : add_wait(inbox, wait, err);
    snprintf(reply, INBOX_SUBJECT_SIZE, "%s.%" PRIx64, inbox->prefix, wait->token);
    pthread_mutex_unlock(&inbox->lock);
    return status;
}

void inbox_leave(struct inbox *inbox, struct wait *wait)
{
    pthread_mutex_lock(&inbox->lock);
    if (wait->open)
        remove_wait(inbox, wait);
    pthread_mutex_unlock(&inbox->lock);
}

pthread_mutex_t *inbox_lock(struct inbox *inbox)
{
    return &inbox->lock;
}

void inbox_settle_locked(struct inbox *inbox, struct wait *wait, enum wait_outcome outcome,
                         struct link_message *message)
{
    if (wait->open)
        settle(inbox, wait, outcome, message);
}

void inbox_delay_locked(struct inbox *inbox, struct wait *wait, uint64_t due)
{
    if (wait->open)
        alarm_set(&inbox->alarms, &wait->alarm, due);
}

static bool is_of_client(const struct wait *wait, const void *client)
{
    return wait->client == client;
}

static bool is_of_request(const struct wait *wait, const void *request)
{
    return wait->request == ((const mesh_request *)request)->serial;
}

/* Servers differ in the case in which they name the subject. */
static bool is_to_subject(const struct wait *wait, const void *subject)
{
    static const char prefix[] = "mesh.agent.";
    return wait->agent && strncasecmp(subject, prefix, sizeof(prefix) - 1) == 0 &&
           strcasecmp((const char *)subject + sizeof(prefix) - 1, wait->agent) == 0;
}

void inbox_stop_client(struct inbox *inbox, const mesh_client *client)
{
    lock_and_settle(inbox, is_of_client, client, WAIT_STOPPED);
}

void inbox_stop_request(struct inbox *inbox, const mesh_request *request)
{
    lock_and_settle(inbox, is_of_request, request, WAIT_STOPPED);
}

void inbox_stop_request_locked(struct inbox *inbox, const mesh_request *request)
{
    settle_where(inbox, is_of_request, request, WAIT_STOPPED);
}

static bool is_on_frames(const struct wait *wait, const void *subject)
{
    return wait->frames && strcasecmp(subject, wait->frames) == 0;
}

void inbox_denied(struct inbox *inbox, bool is_publish, const char *subject)
{
    if (is_publish)
        lock_and_settle(inbox, is_to_subject, subject, WAIT_DENIED);
    else
        lock_and_settle(inbox, is_on_frames, subject, WAIT_DEAF);
}
