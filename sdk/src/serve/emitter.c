/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/emitter.h"

#include <agentmesh/cjson.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "client/observe.h"
#include "serve/quote.h"
#include "serve/reply.h"
#include "wire/subject.h"

enum { TEXT_MAX = 64 << 20, DATA_MAX = 64 << 10, PAUSE_FIRST_MS = 1000, PAUSE_MAX_MS = 60000 };

/* One who has a stage, from the start of the thread to its end. */
struct mesh_emitter {
    struct stage *stage;
    struct agent *agent;
    struct quotes quotes; /* [emitter] */
    atomic_int stop;      /* MESH_STOP_; set under the stage's lock */
    int stop_fd;          /* -1 until asked for; guarded by the same */
};

struct stage {
    /* Read-only. */
    struct core *core;
    char *name;

    atomic_uint references; /* the route's, and that of who has it */

    /* Guarded by lock, which is held while an end is published: what a successor publishes comes after it. Taken before
     * the lock of workers. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct agent *wanted;    /* whose it is to be; NULL: nobody's, or he is done */
    struct mesh_emitter *on; /* who has it now */
    bool is_held;            /* nobody begins */
    bool is_paused;          /* a publisher has returned whose listeners still wait for more */

    uint64_t sequence; /* of the next event; of who has it */
};

/* ---- life ---- */

struct stage *stage_new(struct core *core, const char *name)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    if (!stage)
        return NULL;
    stage->core = core;
    stage->name = strdup(name);
    stage->references = 1;
    if (!stage->name || !clock_cond_init(&stage->changed)) {
        free(stage->name);
        free(stage);
        return NULL;
    }
    pthread_mutex_init(&stage->lock, NULL);
    return stage;
}

void stage_release(struct stage *stage)
{
    if (!stage || atomic_fetch_sub(&stage->references, 1) > 1)
        return;
    pthread_cond_destroy(&stage->changed);
    pthread_mutex_destroy(&stage->lock);
    free(stage->name);
    free(stage);
}

static void *emitter_main(void *closure);

/* Under the stage's lock. False: there is no memory, or no thread. */
static bool begin(struct stage *stage)
{
    struct agent *agent = stage->wanted;
    struct mesh_emitter *emitter = calloc(1, sizeof(*emitter));
    if (emitter)
        *emitter = (struct mesh_emitter){ .stage = stage, .agent = agent, .stop_fd = -1 };
    atomic_fetch_add(&stage->references, 1);
    if (emitter && workers_invite(&agent->service->workers, &agent->emitting, emitter_main, emitter)) {
        stage->on = emitter;
        stage->is_paused = false;
        return true;
    }
    atomic_fetch_sub(&stage->references, 1);
    stage->wanted = NULL;
    free(emitter);
    return false;
}

static void tell_idle(const struct stage *stage)
{
    core_tell(stage->core, MESH_LOG_ERROR, MESH_E_SYSTEM, stage->name,
              "it does not run: no thread can be started for it");
}

/* Under the stage's lock. */
static void raise_stop(struct mesh_emitter *emitter, int32_t why)
{
    int32_t none = MESH_STOP_NONE;
    if (!atomic_compare_exchange_strong(&emitter->stop, &none, why))
        return;
    if (emitter->stop_fd >= 0)
        eventfd_write(emitter->stop_fd, 1);
    pthread_cond_broadcast(&emitter->stage->changed);
}

/* ---- on the wire ---- */

static mesh_status publish(const struct stage *stage, bool is_end, mesh_bytes body, mesh_error *err)
{
    char number[24];
    auto_free char *subject = subject_for_events(stage->name);
    if (!subject)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for an event");
    snprintf(number, sizeof(number), "%" PRIu64, stage->sequence);
    const struct header headers[] = {
        { HEADER_STREAM_SEQ, number },
        { HEADER_STREAM_END, is_end ? "true" : "false" },
        { HEADER_INSTANCE_ID, stage->core->instance_id },
    };
    const struct link_outgoing message = { .subject = subject, .headers = headers, .header_count = 3, .body = body };
    return link_publish(stage->core->link, &message, err);
}

static void tell_end(struct stage *stage, mesh_status status, const mesh_error *failure)
{
    mesh_error err = MESH_ERROR_INIT;
    if (status != MESH_OK)
        reply_event_fault(stage->core, stage->name, failure);
    else if (publish(stage, true, mesh_bytes_of(NULL, 0), &err) != MESH_OK)
        core_tell(stage->core, MESH_LOG_WARN, err.status, stage->name, "its listeners could not be told of its end: %s",
                  mesh_error_text(&err));
    mesh_error_clear(&err);
    stage->sequence = 0;
}

/* Under the stage's lock: no publisher goes on. */
static void end_pause(struct stage *stage)
{
    if (stage->is_paused)
        tell_end(stage, MESH_OK, NULL);
    stage->is_paused = false;
}

/* ---- whose it is ---- */

/* Under the stage's lock, while nobody has it. */
static bool go_on(struct stage *stage)
{
    if (!stage->wanted || !stage->wanted->publish)
        end_pause(stage);
    bool ok = !stage->wanted || stage->is_held || begin(stage);
    if (!ok)
        end_pause(stage);
    return ok;
}

void stage_give(struct stage *stage, struct agent *agent, int32_t why)
{
    bool ok = true;
    pthread_mutex_lock(&stage->lock);
    stage->wanted = agent;
    stage->is_held = agent && agent->service->is_held;
    if (!stage->on)
        ok = go_on(stage);
    else if (stage->on->agent != agent)
        raise_stop(stage->on, why);
    pthread_mutex_unlock(&stage->lock);
    if (!ok)
        tell_idle(stage);
}

void stage_hold(struct stage *stage, bool is_held)
{
    bool ok = true;
    pthread_mutex_lock(&stage->lock);
    stage->is_held = is_held;
    if (!stage->on)
        ok = go_on(stage);
    else if (is_held)
        raise_stop(stage->on, MESH_STOP_DRAIN);
    pthread_mutex_unlock(&stage->lock);
    if (!ok)
        tell_idle(stage);
}

/* ---- performing ---- */

/* MESH_OK: it is done, or was told to stop. */
static mesh_status perform(struct mesh_emitter *emitter, mesh_task entry, mesh_error *err)
{
    mesh_status status = entry(emitter, emitter->agent->state, err);
    if (status == MESH_OK || status == MESH_E_END || emitter->stop != MESH_STOP_NONE)
        return MESH_OK;
    if (err->status == MESH_OK)
        mesh_error_set_text(err, status, mesh_status_text(status));
    return status;
}

static void tell_failed(const struct mesh_emitter *emitter, const mesh_error *failure, uint32_t pause_ms)
{
    const struct stage *stage = emitter->stage;
    auto_buf struct buf data;
    buf_init(&data, DATA_MAX);
    json_put_string(&data, "{\"code\":", mesh_error_code(failure));
    buf_putc(&data, '}');
    observe_event(stage->core, MESH_LOG_ERROR, stage->name, "request_failed", NULL, mesh_error_message(failure),
                  buf_failed(&data) ? NULL : buf_text(&data));
    client_tell(emitter->agent->service->client, MESH_LOG_ERROR, failure->status, stage->name,
                "its task failed, again in %u ms: %s", pause_ms, mesh_error_text(failure));
}

static uint32_t next_pause(uint32_t pause_ms)
{
    uint32_t next = pause_ms ? pause_ms * 2 : PAUSE_FIRST_MS;
    return next < PAUSE_MAX_MS ? next : PAUSE_MAX_MS;
}

/* How long until the next multiple of every_ms since began_ms. */
static uint32_t until_next(uint64_t began_ms, uint32_t every_ms)
{
    return every_ms ? every_ms - (uint32_t)((clock_ms() - began_ms) % every_ms) : 0;
}

static void run_task(struct mesh_emitter *emitter)
{
    const struct agent *agent = emitter->agent;
    uint64_t began_ms = clock_ms();
    uint32_t pause_ms = 0, wait_ms;
    do {
        mesh_error err = MESH_ERROR_INIT;
        if (perform(emitter, agent->run, &err) == MESH_OK) {
            pause_ms = 0;
        } else {
            pause_ms = next_pause(pause_ms);
            tell_failed(emitter, &err, pause_ms);
        }
        mesh_error_clear(&err);
        wait_ms = until_next(began_ms, agent->every_ms);
        if (wait_ms < pause_ms)
            wait_ms = pause_ms;
    } while (wait_ms > 0 && mesh_emitter_wait(emitter, wait_ms) == MESH_STOP_NONE);
}

/* Hand the stage on. A publisher that was told to stop for another one's sake has not ended: that one goes on. */
static void hand_on(struct mesh_emitter *emitter, mesh_status status, const mesh_error *failure)
{
    struct stage *stage = emitter->stage;
    pthread_mutex_lock(&stage->lock);
    bool was_stopped = emitter->stop != MESH_STOP_NONE;
    stage->on = NULL;
    if (stage->wanted == emitter->agent && !was_stopped)
        stage->wanted = NULL;
    stage->is_paused = emitter->agent->publish && was_stopped;
    if (emitter->agent->publish && !was_stopped)
        tell_end(stage, status, failure);
    bool ok = go_on(stage);
    pthread_mutex_unlock(&stage->lock);
    if (!ok)
        tell_idle(stage);
}

/* "client/agent": who it is is seen in the list of threads. */
static void enter(const struct mesh_emitter *emitter)
{
    const struct workers *workers = &emitter->agent->service->workers;
    char name[16];
    snprintf(name, sizeof(name), "%s/%s", workers->name, emitter->stage->name);
    worker_enter(workers, name);
}

static void *emitter_main(void *closure)
{
    struct mesh_emitter *emitter = closure;
    struct agent *agent = emitter->agent;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = MESH_OK;
    enter(emitter);
    if (agent->publish)
        status = perform(emitter, agent->publish, &err);
    else
        run_task(emitter);
    hand_on(emitter, status, &err);
    mesh_error_clear(&err);
    quotes_drop(&emitter->quotes);
    if (emitter->stop_fd >= 0)
        close(emitter->stop_fd);
    stage_release(emitter->stage);
    free(emitter);
    worker_leave(&agent->service->workers, &agent->emitting);
    return NULL;
}

/* ---- what it has in hand ---- */

mesh_client *mesh_emitter_client(const mesh_emitter *emitter)
{
    return emitter->agent->service->client;
}

const char *mesh_emitter_agent(const mesh_emitter *emitter)
{
    return emitter->agent->contract->name;
}

static mesh_status check_event(const mesh_emitter *emitter, mesh_bytes event, mesh_error *err)
{
    if (!emitter->agent->publish)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "agent '%s' is a task, which nobody listens to: use mesh_publish()",
                              emitter->agent->contract->name);
    if (emitter->quotes.failed)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a text in the event");
    if (emitter->stop != MESH_STOP_NONE)
        return mesh_error_set(err, MESH_E_STOPPED, "agent '%s' is to stop publishing", emitter->agent->contract->name);
    mesh_status status = json_check(event, err);
    if (status != MESH_OK)
        return mesh_error_prefix(err, status, "the event is not JSON");
    const mesh_schema *schema = emitter->agent->schemas.output; /* where the operator wants it checked */
    status = schema ? mesh_schema_check(schema, event, err) : MESH_OK;
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "the event does not fit output_schema");
}

mesh_status mesh_emit(mesh_emitter *emitter, mesh_bytes event, mesh_error *err)
{
    struct stage *stage = emitter->stage;
    mesh_status status = check_event(emitter, event, err);
    if (status == MESH_OK)
        status = publish(stage, false, event, err);
    if (status == MESH_OK)
        stage->sequence++;
    quotes_drop(&emitter->quotes);
    return status;
}

mesh_status mesh_emitf(mesh_emitter *emitter, mesh_error *err, const char *format, ...)
{
    auto_buf struct buf event;
    buf_init(&event, TEXT_MAX);
    va_list args;
    va_start(args, format);
    quote_print(&event, format, args);
    va_end(args);
    mesh_status status = buf_error(&event, err);
    return status == MESH_OK ? mesh_emit(emitter, buf_bytes(&event), err) : status;
}

mesh_status mesh_emit_tree(mesh_emitter *emitter, const cJSON *event, mesh_error *err)
{
    auto_buf struct buf text;
    buf_init(&text, TEXT_MAX);
    json_print(&text, event);
    mesh_status status = buf_error(&text, err);
    return status == MESH_OK ? mesh_emit(emitter, buf_bytes(&text), err) : status;
}

const char *mesh_emit_quote_bytes(mesh_emitter *emitter, mesh_bytes text)
{
    return quotes_add(&emitter->quotes, text);
}

const char *mesh_emit_quote(mesh_emitter *emitter, const char *text)
{
    return quotes_add(&emitter->quotes, mesh_text(text));
}

const char *mesh_emit_quotef(mesh_emitter *emitter, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *quote = quotes_addv(&emitter->quotes, format, args);
    va_end(args);
    return quote;
}

int32_t mesh_emitter_stopped(const mesh_emitter *emitter)
{
    return emitter->stop;
}

int32_t mesh_emitter_wait(mesh_emitter *emitter, uint32_t timeout_ms)
{
    struct stage *stage = emitter->stage;
    uint64_t deadline = clock_deadline(timeout_ms);
    pthread_mutex_lock(&stage->lock);
    while (emitter->stop == MESH_STOP_NONE && clock_cond_wait(&stage->changed, &stage->lock, deadline))
        ;
    pthread_mutex_unlock(&stage->lock);
    return emitter->stop;
}

int mesh_emitter_stop_fd(mesh_emitter *emitter)
{
    struct stage *stage = emitter->stage;
    pthread_mutex_lock(&stage->lock);
    if (emitter->stop_fd < 0)
        emitter->stop_fd = eventfd(emitter->stop != MESH_STOP_NONE, EFD_CLOEXEC | EFD_NONBLOCK);
    int fd = emitter->stop_fd;
    pthread_mutex_unlock(&stage->lock);
    return fd;
}
