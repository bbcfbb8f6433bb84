/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "client/entry.h"
#include "client/message.h"
#include "client/news.h"
#include "client/sized.h"
#include "link/grammar.h"
#include "serve/reply.h"
#include "wire/schema.h"

enum { DETAILS_MAX = 4 << 20 };

/* One stretch of listening: a subscription from its beginning until nothing more can come of it. A source that takes
 * over from another goes on with its inlet. */
struct inlet {
    struct link_subscription *subscription; /* read-only once made */
    struct news news;                       /* [link] of keys */

    /* Guarded by lock. Taken before the lock of a service: a message is queued before the source can change. */
    pthread_mutex_t lock;
    struct source *source;
};

struct source {
    /* Read-only once made. */
    struct agent *agent;
    char *subject, *keys; /* one of them */
    char *queue;
    char *title;
    bool skips; /* what was there before */

    struct lane lane;
    struct inlet *inlet; /* NULL: it does not listen; under the move lock of serve.c */
};

/* A message that waits. */
struct arrival {
    struct job job;
    struct source *source;
    mesh_message *message;
};

/* ---- checks ---- */

static mesh_status refuse(const struct agent *agent, const char *rule, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s': sources: %s", agent->contract->name, rule);
}

static mesh_status check(const struct agent *agent, const mesh_source *spec, mesh_error *err)
{
    if (!spec->subject == !spec->keys)
        return refuse(agent, "each has either a subject or keys", err);
    if (spec->keys && spec->queue)
        return refuse(agent, "queue is for subjects: every process is told of every key", err);
    if (spec->subject && spec->initial != 0)
        return refuse(agent, "initial is for keys: a subject has no values from before", err);
    if (spec->initial > MESH_SKIP)
        return refuse(agent, "initial is MESH_REPLAY, MESH_SKIP, or 0", err);
    if (spec->reserved != 0)
        return refuse(agent, "reserved is not 0", err);
    mesh_status status = spec->subject ? grammar_check_subscription(spec->subject, spec->queue, err)
                                       : grammar_check_pattern(spec->keys, err);
    return status == MESH_OK
               ? MESH_OK
               : mesh_error_prefix(err, MESH_E_INVALID_ARGUMENT, "agent '%s': sources", agent->contract->name);
}

/* ---- handling [worker] ---- */

static mesh_status refuse_misfit(const struct arrival *arrival, const struct buf *violations, mesh_error *err)
{
    const char *agent = arrival->source->agent->contract->name;
    const mesh_message *message = arrival->message;
    const char *key = mesh_message_key(message);
    mesh_error_set(err, MESH_E_INVALID_INPUT, "Message of %s '%s' failed validation for agent '%s'",
                   *key ? "key" : "subject", *key ? key : mesh_message_subject(message), agent);
    schema_set_details(err, agent, violations);
    return MESH_E_INVALID_INPUT;
}

/* A key that is gone has no value to check. */
static mesh_status check_message(const struct arrival *arrival, mesh_error *err)
{
    const mesh_schema *schema = arrival->source->agent->schemas.message;
    auto_json cJSON *tree = NULL;
    auto_buf struct buf violations;
    buf_init(&violations, DETAILS_MAX);
    if (!schema || mesh_message_operation(arrival->message) == MESH_ENTRY_DELETE)
        return MESH_OK;
    mesh_status status = json_parse(mesh_message_body(arrival->message), &tree, err);
    if (status != MESH_OK)
        return mesh_error_prefix(err, status == MESH_E_INVALID_JSON ? MESH_E_INVALID_INPUT : status, "a message");
    return schema_fits(schema, tree, &violations) ? MESH_OK : refuse_misfit(arrival, &violations, err);
}

static void free_arrival(struct arrival *arrival)
{
    message_free(arrival->message);
    free(arrival);
}

/* A log event and a dead letter: there is nobody to answer. */
static void tell_failed(const struct agent *agent, const mesh_error *failure)
{
    const struct asked nobody = { .core = agent->service->client->core, .agent = agent->contract->name, .id = "" };
    reply_fault(&nobody, failure);
}

static void run(struct job *job)
{
    struct arrival *arrival = container_of(job, struct arrival, job);
    const struct agent *agent = arrival->source->agent;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = check_message(arrival, &err);
    if (status == MESH_OK)
        status = agent->on_message(arrival->message, agent->state, &err);
    if (status != MESH_OK && err.status == MESH_OK)
        mesh_error_set_text(&err, status, mesh_status_text(status));
    if (status != MESH_OK)
        tell_failed(agent, &err);
    mesh_error_clear(&err);
    free_arrival(arrival);
}

static void drop(struct job *job, mesh_status why)
{
    (void)why;
    free_arrival(container_of(job, struct arrival, job));
}

/* ---- arriving ---- */

static void tell_lost(struct source *source, mesh_status status, const char *why)
{
    uint32_t lost = lane_refuse(&source->lane);
    if (lost > 0)
        client_tell(source->agent->service->client, MESH_LOG_WARN, status, source->agent->contract->name,
                    "%s: %s: messages lost: %u", source->title, why, lost);
}

/* Queue a message, which is taken. */
static enum lane_verdict arrive(struct source *source, mesh_message *message)
{
    struct arrival *arrival = message ? calloc(1, sizeof(*arrival)) : NULL;
    if (!arrival) {
        message_free(message);
        return LANE_NO_WORKER;
    }
    message->client = source->agent->service->client;
    *arrival = (struct arrival){ { .run = run, .drop = drop }, source, message };
    enum lane_verdict verdict = lane_push(&source->lane, &arrival->job);
    if (verdict != LANE_TAKEN)
        free_arrival(arrival);
    return verdict;
}

/* [link] What is lost is told outside the lock, while the source cannot go away. */
static void deliver(struct inlet *inlet, mesh_message *message)
{
    pthread_mutex_lock(&inlet->lock);
    struct source *source = inlet->source;
    struct service *service = source->agent->service;
    enum lane_verdict verdict = arrive(source, message);
    bool is_lost = verdict == LANE_FULL || verdict == LANE_NO_WORKER;
    if (is_lost)
        service_leaving(service);
    pthread_mutex_unlock(&inlet->lock);
    if (!is_lost)
        return;
    if (verdict == LANE_FULL)
        tell_lost(source, MESH_E_OVERLOADED, "too many wait already");
    else
        tell_lost(source, MESH_E_NO_MEMORY, "no memory");
    service_left(service);
}

static void on_message(void *closure, struct link_message *message)
{
    deliver(closure, message_of_subject(message));
}

static bool skips(struct inlet *inlet)
{
    pthread_mutex_lock(&inlet->lock);
    bool skips = inlet->source->skips;
    pthread_mutex_unlock(&inlet->lock);
    return skips;
}

static void on_entry(void *closure, const struct link_entry *entry)
{
    struct inlet *inlet = closure;
    bool is_later = inlet->news.is_current;
    if (news_take(&inlet->news, entry) && *entry->key && (is_later || !skips(inlet)))
        deliver(inlet, message_of_entry(entry));
}

/* ---- listening ---- */

static struct core *core_of(const struct source *source)
{
    return source->agent->service->client->core;
}

static mesh_status subscribe(struct source *source, struct inlet *inlet, mesh_error *err)
{
    struct link *link = core_of(source)->link;
    mesh_status status =
        source->subject
            ? link_subscribe(link, source->subject, source->queue, on_message, inlet, &inlet->subscription, err)
            : link_keys_follow(link, KEYS_BUCKET, source->keys, on_entry, inlet, &inlet->subscription, err);
    return status == MESH_OK
               ? MESH_OK
               : mesh_error_prefix(err, status, "agent '%s': %s", source->agent->contract->name, source->title);
}

static void set_width(struct source *source, uint32_t width)
{
    struct workers *workers = &source->agent->service->workers;
    pthread_mutex_lock(&workers->lock);
    source->lane.width = width;
    lane_make_ready(&source->lane);
    workers_call(workers, true);
    pthread_mutex_unlock(&workers->lock);
}

static void free_inlet(struct inlet *inlet)
{
    news_clear(&inlet->news);
    pthread_mutex_destroy(&inlet->lock);
    free(inlet);
}

mesh_status source_bind(struct source *source, mesh_error *err)
{
    if (source->inlet)
        return MESH_OK;
    struct inlet *inlet = calloc(1, sizeof(*inlet));
    if (!inlet)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a source");
    pthread_mutex_init(&inlet->lock, NULL);
    inlet->source = source;
    set_width(source, 0);
    mesh_status status = subscribe(source, inlet, err);
    if (status == MESH_OK)
        source->inlet = inlet;
    else
        free_inlet(inlet);
    return status;
}

void source_release(struct source *source)
{
    if (source->inlet)
        set_width(source, 1);
}

/* Nothing more can come. */
static void on_gone(void *closure)
{
    struct inlet *inlet = closure;
    struct service *service = inlet->source->agent->service;
    free_inlet(inlet);
    service_left(service);
}

void source_unbind(struct source *source)
{
    struct inlet *inlet = take(&source->inlet);
    if (!inlet)
        return;
    set_width(source, 1); /* what has come is handled, also of one that was never released */
    service_leaving(source->agent->service);
    if (source->subject)
        link_drain(inlet->subscription, on_gone);
    else
        link_unsubscribe(inlet->subscription, on_gone);
}

void source_hold_locked(struct source *source, bool is_held)
{
    lane_hold_locked(&source->lane, is_held);
}

bool source_runs(const struct source *source)
{
    return source->lane.running > 0;
}

/* ---- waiting for the one before ---- */

/* The first job of a source that takes over: it ends when the one before has handled its last message. */
struct patience {
    struct job job;
    const struct source *source, *before; /* before: its service counts as leaving until then */
    uint64_t ended;                       /* jobs of before */
};

static void end_patience(struct patience *patience)
{
    service_left(patience->before->agent->service);
    free(patience);
}

/* [worker] */
static void be_patient(struct job *job)
{
    struct patience *patience = container_of(job, struct patience, job);
    const struct agent *agent = patience->source->agent;
    struct workers *workers = patience->before->lane.workers;
    uint32_t drain_ms = agent->service->client->core->options.drain_timeout_ms;
    uint64_t deadline = clock_deadline(drain_ms);
    worker_blocks(true);
    pthread_mutex_lock(&workers->lock);
    while (patience->before->lane.ended < patience->ended && workers_wait(workers, deadline))
        ;
    bool has_ended = patience->before->lane.ended >= patience->ended;
    pthread_mutex_unlock(&workers->lock);
    worker_blocks(false);
    if (!has_ended)
        client_tell(agent->service->client, MESH_LOG_WARN, MESH_E_TIMEOUT, agent->contract->name,
                    "%s: the version before is still at a message after %u ms, going on beside it",
                    patience->source->title, (unsigned)drain_ms);
    end_patience(patience);
}

static void be_patient_no_more(struct job *job, mesh_status why)
{
    (void)why;
    end_patience(container_of(job, struct patience, job));
}

static uint64_t ended_at_rest(const struct source *source)
{
    pthread_mutex_lock(&source->lane.workers->lock);
    uint64_t ended = source->lane.running > 0 ? source->lane.ended + source->lane.running : 0;
    pthread_mutex_unlock(&source->lane.workers->lock);
    return ended;
}

static void put_first(struct source *source, struct patience *patience)
{
    patience->source = source;
    pthread_mutex_lock(&source->lane.workers->lock);
    lane_put_first_locked(&source->lane, &patience->job);
    pthread_mutex_unlock(&source->lane.workers->lock);
}

/* What waits for before has been moved away, so that what it is at now is the last. */
static void wait_for(const struct source *before, struct source *source)
{
    uint64_t ended = ended_at_rest(before);
    struct patience *patience = ended > 0 ? calloc(1, sizeof(*patience)) : NULL;
    if (ended > 0 && !patience)
        client_tell(source->agent->service->client, MESH_LOG_WARN, MESH_E_NO_MEMORY, source->agent->contract->name,
                    "%s: no memory to wait for the version before, going on beside it", source->title);
    if (!patience)
        return;
    *patience = (struct patience){ { .run = be_patient, .drop = be_patient_no_more }, source, before, ended };
    service_leaving(before->agent->service);
    put_first(source, patience);
}

/* ---- taking over ---- */

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool listen_to_the_same(const struct source *a, const struct source *b)
{
    return same_text(a->subject, b->subject) && same_text(a->keys, b->keys);
}

/* All values of its keys are told to it when it begins to listen. */
static bool is_told_anyway(const struct source *source)
{
    return source->keys && !source->skips;
}

static struct job *pop(struct source *source)
{
    pthread_mutex_lock(&source->lane.workers->lock);
    struct job *job = lane_pop_locked(&source->lane);
    pthread_mutex_unlock(&source->lane.workers->lock);
    return job;
}

static void move_patience(struct patience *patience, struct source *to)
{
    if (patience->before == to) /* which handles one after the other anyway */
        end_patience(patience);
    else
        put_first(to, patience);
}

static void move_arrival(struct arrival *arrival, struct source *to)
{
    if (!is_told_anyway(to))
        arrive(to, take(&arrival->message)); /* there is as much room as there was */
    free_arrival(arrival);
}

static void move_waiting(struct source *from, struct source *to)
{
    for (struct job *job; (job = pop(from));) {
        if (job->run == run)
            move_arrival(container_of(job, struct arrival, job), to);
        else
            move_patience(container_of(job, struct patience, job), to);
    }
}

/* The subscription stays; what comes from now on is another's. */
static void move_inlet(struct source *from, struct source *to)
{
    struct inlet *inlet = to->inlet = take(&from->inlet);
    pthread_mutex_lock(&inlet->lock);
    move_waiting(from, to);
    inlet->source = to;
    pthread_mutex_unlock(&inlet->lock);
}

bool source_can_succeed(const struct source *from, const struct source *to)
{
    return from->inlet && listen_to_the_same(from, to) && same_text(from->queue, to->queue) && !is_told_anyway(to);
}

void source_succeed(struct source *from, struct source *to)
{
    if (!listen_to_the_same(from, to))
        return;
    set_width(from, 0); /* it begins none of what is moved */
    set_width(to, 0);   /* until source_release() */
    if (!to->inlet && source_can_succeed(from, to))
        move_inlet(from, to);
    else
        move_waiting(from, to);
    wait_for(from, to);
}

bool source_move(struct source *from, struct source *to)
{
    if (!listen_to_the_same(from, to))
        return false;
    move_waiting(from, to);
    return true;
}

bool source_is_busy(const struct source *source)
{
    return source->lane.queued + source->lane.running > 0;
}

struct job *source_pop_locked(struct source *source)
{
    return lane_pop_locked(&source->lane);
}

/* ---- life ---- */

static bool copy_text(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

static char *make_title(const struct agent *agent, const mesh_source *spec)
{
    char *title;
    int len = asprintf(&title, "%s '%s' of agent '%s'", spec->subject ? "subject" : "keys",
                       spec->subject ? spec->subject : spec->keys, agent->contract->name);
    return len < 0 ? NULL : title;
}

mesh_status source_new(struct agent *agent, const mesh_source *spec, struct source **ret_source, mesh_error *err)
{
    mesh_source given;
    mesh_status status = sized_read(&given, sizeof(given), spec, sizeof(given), "mesh_source", err);
    if (status == MESH_OK)
        status = check(agent, &given, err);
    if (status != MESH_OK)
        return status;
    struct source *source = calloc(1, sizeof(*source));
    if (!source)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a source");
    source->agent = agent;
    source->skips = given.initial == MESH_SKIP;
    source->title = make_title(agent, &given);
    if (!source->title || !copy_text(&source->subject, given.subject) || !copy_text(&source->keys, given.keys) ||
        !copy_text(&source->queue, given.queue)) {
        source_free(source);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a source");
    }
    source->lane = (struct lane){ .title = source->title, .width = 1, .max = agent->requests.max, .is_owed = true };
    lane_open(&source->lane, &agent->service->workers);
    *ret_source = source;
    return MESH_OK;
}

void source_free(struct source *source)
{
    if (!source)
        return;
    lane_close(&source->lane, MESH_E_STOPPED);
    free(source->subject);
    free(source->keys);
    free(source->queue);
    free(source->title);
    free(source);
}
