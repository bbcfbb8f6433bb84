/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "client/entry.h"
#include "client/news.h"
#include "client/sized.h"
#include "link/grammar.h"
#include "serve/serve.h"

enum { DRAIN_DEFAULT_MS = 30000, SIGNALS_MAX = 64, VALUE_MAX = 64 << 20 };

/* Something that was heard. */
struct notice {
    struct job job;
    struct gate *gate;
    bool is_absent; /* there is no such key */
    size_t len;
    char value[]; /* NUL-terminated */
};

/* One stretch of following; outlives the gate's interest in it until nothing more can come. */
struct follower {
    struct gate *gate;
    struct service *service;
    struct link_subscription *subscription;
    struct news news; /* [link] of a key */
};

struct gate {
    /* Read-only once made. */
    struct agent *agent;
    char *key, *subject; /* one of them */
    char *title;
    int32_t (*predicate)(void *state, const mesh_bytes *value);
    uint32_t drain_timeout_ms;

    struct lane lane; /* of signals */

    /* Under the move lock of serve.c. */
    struct follower *_Atomic follower; /* NULL: it does not follow; set without the lock, by who registers */
    atomic_bool is_open;               /* changed there only */

    /* Guarded by the workers' lock. */
    bool has_heard; /* from the follower */
};

/* ---- deciding [worker] ---- */

/* What is_open says where the agent has no predicate of its own. */
static int32_t open_by_text(void *state, const mesh_bytes *value)
{
    static const char *const words[] = { "true", "yes", "on", "open", "1" };
    (void)state;
    if (!value)
        return 0;
    const char *text = value->data;
    size_t len = value->len;
    if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
        text++;
        len -= 2;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (len == strlen(words[i]) && memcmp(text, words[i], len) == 0)
            return 1;
    return 0;
}

static void run(struct job *job)
{
    struct notice *notice = container_of(job, struct notice, job);
    struct gate *gate = notice->gate;
    struct agent *agent = gate->agent;
    const mesh_bytes value = { notice->value, notice->len };
    int32_t verdict = gate->predicate(agent->state, notice->is_absent ? NULL : &value);
    free(notice);
    if (verdict == 0 || verdict == 1)
        serve_gate(agent, verdict == 1);
    else
        client_tell(agent->service->client, MESH_LOG_WARN, MESH_OK, agent->contract->name,
                    "%s cannot be understood, it stays %s", gate->title, gate->is_open ? "open" : "closed");
}

static void drop(struct job *job, mesh_status why)
{
    (void)why;
    free(container_of(job, struct notice, job));
}

/* ---- hearing [link] ---- */

static struct notice *new_notice(struct gate *gate, const mesh_bytes *value)
{
    size_t len = value ? value->len : 0;
    struct notice *notice = calloc(1, sizeof(*notice) + len + 1);
    if (!notice)
        return NULL;
    notice->job = (struct job){ .run = run, .drop = drop };
    notice->gate = gate;
    notice->is_absent = !value;
    notice->len = len;
    if (len > 0)
        memcpy(notice->value, value->data, len);
    return notice;
}

/* The latest counts: where too many wait, the oldest goes. is_first: only if nothing was heard yet. */
static void hear(struct gate *gate, const mesh_bytes *value, bool is_first)
{
    struct workers *workers = &gate->agent->service->workers;
    struct notice *notice = new_notice(gate, value);
    struct job *oldest = NULL;
    if (!notice) {
        client_tell(gate->agent->service->client, MESH_LOG_WARN, MESH_E_NO_MEMORY, gate->agent->contract->name,
                    "%s: no memory for what it says", gate->title);
        return;
    }
    pthread_mutex_lock(&workers->lock);
    if (gate->lane.queued >= SIGNALS_MAX)
        oldest = lane_pop_locked(&gate->lane);
    bool taken = !(is_first && gate->has_heard) && lane_push_locked(&gate->lane, &notice->job) == LANE_TAKEN;
    gate->has_heard = true;
    pthread_mutex_unlock(&workers->lock);
    if (oldest)
        oldest->drop(oldest, MESH_E_OVERLOADED);
    if (!taken)
        free(notice);
}

static void on_message(void *closure, struct link_message *message)
{
    const struct follower *follower = closure;
    const mesh_bytes body = link_message_body(message);
    hear(follower->gate, &body, false);
}

static void on_entry(void *closure, const struct link_entry *entry)
{
    struct follower *follower = closure;
    if (news_take(&follower->news, entry) && *entry->key)
        hear(follower->gate, entry->deleted ? NULL : &entry->value, false);
}

/* ---- following ---- */

/* Nothing more can come. */
static void on_gone(void *closure)
{
    struct follower *follower = closure;
    struct service *service = follower->service;
    news_clear(&follower->news);
    free(follower);
    service_left(service);
}

static mesh_status follow(struct gate *gate, mesh_error *err)
{
    struct link *link = gate->agent->service->client->core->link;
    struct follower *follower = calloc(1, sizeof(*follower));
    if (!follower)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a gate");
    follower->gate = gate;
    follower->service = gate->agent->service;
    mesh_status status =
        gate->subject
            ? link_subscribe(link, gate->subject, NULL, on_message, follower, &follower->subscription, err)
            : link_keys_follow(link, KEYS_BUCKET, gate->key, on_entry, follower, &follower->subscription, err);
    if (status == MESH_OK)
        gate->follower = follower;
    else
        free(follower);
    return status;
}

/* What the follower has told meanwhile is newer than what is read here. */
static void read_key(struct gate *gate)
{
    auto_buf struct buf value;
    buf_init(&value, VALUE_MAX);
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status =
        link_key_get(gate->agent->service->client->core->link, KEYS_BUCKET, gate->key, &value, NULL, &err);
    const mesh_bytes bytes = buf_bytes(&value);
    if (status == MESH_OK || status == MESH_E_NOT_FOUND)
        hear(gate, status == MESH_OK ? &bytes : NULL, true);
    else
        client_tell(gate->agent->service->client, MESH_LOG_WARN, status, gate->agent->contract->name,
                    "%s cannot be read, it is %s: %s", gate->title, gate->is_open ? "open" : "closed",
                    mesh_error_text(&err));
    mesh_error_clear(&err);
}

mesh_status gate_begin(struct gate *gate, mesh_error *err)
{
    mesh_status status = follow(gate, err);
    if (status != MESH_OK)
        return mesh_error_prefix(err, status, "agent '%s': %s", gate->agent->contract->name, gate->title);
    if (gate->key)
        read_key(gate);
    lane_drain(&gate->lane, clock_deadline(gate->drain_timeout_ms));
    return MESH_OK;
}

void gate_end(struct gate *gate)
{
    struct follower *follower = gate ? atomic_exchange(&gate->follower, NULL) : NULL;
    if (!follower)
        return;
    service_leaving(follower->service);
    link_unsubscribe(follower->subscription, on_gone);
    lane_drop(&gate->lane, MESH_E_STOPPED);
}

bool gate_is_open(const struct gate *gate)
{
    return gate->is_open;
}

bool gate_set(struct gate *gate, bool is_open)
{
    return atomic_exchange(&gate->is_open, is_open) != is_open;
}

uint32_t gate_drain_timeout_ms(const struct gate *gate)
{
    return gate->drain_timeout_ms;
}

bool gate_is_busy(const struct gate *gate)
{
    return gate->lane.queued + gate->lane.running > 0;
}

bool gate_runs(const struct gate *gate)
{
    return gate->lane.running > 0;
}

void gate_hold_locked(struct gate *gate, bool is_held)
{
    lane_hold_locked(&gate->lane, is_held);
}

/* ---- life ---- */

static mesh_status refuse(const struct agent *agent, const char *rule, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s': active_when: %s", agent->contract->name, rule);
}

static mesh_status check(const struct agent *agent, const mesh_gate *spec, mesh_error *err)
{
    if (!spec->key == !spec->subject)
        return refuse(agent, "a gate has either a key or a subject", err);
    if (spec->initial > MESH_NO)
        return refuse(agent, "initial is MESH_YES, MESH_NO, or 0", err);
    mesh_status status =
        spec->key ? grammar_check_key(spec->key, err) : grammar_check_subscription(spec->subject, NULL, err);
    return status == MESH_OK
               ? MESH_OK
               : mesh_error_prefix(err, MESH_E_INVALID_ARGUMENT, "agent '%s': active_when", agent->contract->name);
}

static bool copy_texts(struct gate *gate, const mesh_gate *spec)
{
    gate->key = spec->key ? strdup(spec->key) : NULL;
    gate->subject = spec->subject ? strdup(spec->subject) : NULL;
    const char *what = spec->key ? gate->key : gate->subject;
    if (what && asprintf(&gate->title, "the gate by %s '%s'", spec->key ? "key" : "subject", what) < 0)
        gate->title = NULL;
    return gate->title;
}

mesh_status gate_new(struct agent *agent, const mesh_gate *spec, struct gate **ret_gate, mesh_error *err)
{
    mesh_gate given;
    mesh_status status = sized_read(&given, sizeof(given), spec, sizeof(given), "mesh_gate", err);
    if (status == MESH_OK)
        status = check(agent, &given, err);
    if (status != MESH_OK)
        return status;
    struct gate *gate = calloc(1, sizeof(*gate));
    if (!gate || !copy_texts(gate, &given)) {
        gate_free(gate);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a gate");
    }
    gate->agent = agent;
    gate->predicate = given.is_open ? given.is_open : open_by_text;
    gate->drain_timeout_ms = given.drain_timeout_ms ? given.drain_timeout_ms : DRAIN_DEFAULT_MS;
    gate->is_open = given.initial == MESH_YES;
    gate->lane = (struct lane){ .title = gate->title, .width = 1, .max = SIGNALS_MAX, .is_owed = true };
    lane_open(&gate->lane, &agent->service->workers);
    *ret_gate = gate;
    return MESH_OK;
}

void gate_free(struct gate *gate)
{
    if (!gate)
        return;
    lane_close(&gate->lane, MESH_E_STOPPED);
    free(gate->key);
    free(gate->subject);
    free(gate->title);
    free(gate);
}
