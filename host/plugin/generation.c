/* SPDX-License-Identifier: Apache-2.0 */
/* A generation: one loaded copy of a plugin. */
#include "plugin/generation.h"

#include <ctype.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "log.h"
#include "plugin/census.h"
#include "plugin/crash.h"
#include "plugin/handover.h"
#include "plugin/loader.h"
#include "plugin/step.h"

/* How long a thread that has been joined may still be seen in /proc. */
enum { THREADS_GONE_MS = 1000 };

/* The call of the plugin's start; the step's while it runs. */
struct generation_start {
    struct step *step; /* NULL: it has returned */
    mesh_status status;
    mesh_error err;
    void *state;
};

static atomic_uint generations;

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
}

const char *generation_plugin_of(const char *name)
{
    if (!name || name[0] != 'g' || !isdigit((unsigned char)name[1]))
        return name;
    const char *dot = strchr(name, '.');
    return dot ? dot + 1 : name;
}

const char *generation_stays_because(const struct generation *generation)
{
    if (generation->image->facts.never_unloads)
        return "it is linked with -z nodelete";
    if (generation->image->facts.unique_symbols > 0)
        return "it has GNU_UNIQUE symbols: compile it with -fno-gnu-unique";
    return NULL;
}

/* ---- open ---- */

static void generation_free(struct generation *generation)
{
    entry_clear(&generation->entry);
    config_unref(generation->config);
    if (generation->start)
        mesh_error_clear(&generation->start->err);
    free(generation->start);
    image_free(generation->image);
    free(generation->plugin);
    free(generation);
}

/* Constructors run under the generation's name, so that their threads, and they themselves, are known as its. */
static mesh_status load(struct generation *generation, const struct image *image, mesh_error *err)
{
    char here[CENSUS_NAME_SIZE] = "", name[CENSUS_NAME_SIZE];
    snprintf(name, sizeof(name), "%.15s", generation->name);
    crash_know(generation->number, generation->plugin, image->hash);
    pthread_getname_np(pthread_self(), here, sizeof(here));
    pthread_setname_np(pthread_self(), name);
    crash_enter_thread();
    mesh_status status = loader_open(image->path, &generation->handle, err);
    pthread_setname_np(pthread_self(), here);
    return status;
}

mesh_status generation_open(const char *plugin, struct image *image, struct generation **ret_generation,
                            mesh_error *err)
{
    struct generation *generation = calloc(1, sizeof(*generation));
    if (!generation)
        return no_memory(err);
    generation->plugin = strdup(plugin);
    generation->number = atomic_fetch_add(&generations, 1) + 1;
    snprintf(generation->name, sizeof(generation->name), "g%u.%s", generation->number, plugin);

    mesh_status status = generation->plugin ? load(generation, image, err) : no_memory(err);
    if (status == MESH_OK)
        status = entry_load(generation->handle, &generation->entry, err);
    if (status != MESH_OK) {
        if (generation->handle)
            loader_close(generation->handle, image->path, NULL);
        crash_forget(generation->number);
        generation_free(generation);
        return status;
    }
    generation->image = image;
    *ret_generation = generation;
    return MESH_OK;
}

/* ---- start ---- */

static mesh_agent_limits limits_of(const struct config_agent *agent)
{
    mesh_agent_limits limits = { .size = sizeof(limits),
                                 .name = agent->name,
                                 .concurrency = agent->concurrency,
                                 .queue = agent->queue,
                                 .timeout_ms = agent->timeout_ms,
                                 .check_output = agent->check_output };
    const char *name = agent->gate ? strchr(agent->gate, ':') + 1 : NULL;
    if (name && agent->gate[0] == 'k')
        limits.gate_key = name;
    else
        limits.gate_subject = name;
    return limits;
}

/* What mesh.ini says of agents, in the form that a child client takes. */
mesh_status generation_prepare(struct generation *generation, mesh_client *mesh, struct config_ref *ref,
                               mesh_error *err)
{
    const struct config *config = ref->config;
    generation->config = config_ref(ref);
    auto_free mesh_agent_limits *limits = calloc(config->agent_count + 1, sizeof(*limits));
    auto_free const mesh_agent_limits **list = calloc(config->agent_count + 1, sizeof(*list));
    if (!limits || !list)
        return no_memory(err);
    for (size_t i = 0; i < config->agent_count; i++) {
        limits[i] = limits_of(&config->agents[i]);
        list[i] = &limits[i];
    }
    auto_config_list struct config_list settings = { 0 };
    mesh_status status = settings_resolve(&generation->entry.settings, config, generation->plugin, &settings, err);
    if (status != MESH_OK)
        return status;
    mesh_child_options options = MESH_CHILD_OPTIONS_INIT;
    options.name = generation->name;
    options.settings = (const char *const *)settings.items;
    options.limits = list;
    options.on_thread = crash_enter_thread;
    return mesh_child_open(mesh, &options, &generation->client, err);
}

static void run_start(void *closure)
{
    struct generation *generation = closure;
    struct generation_start *start = generation->start;
    start->status = generation->entry.plugin.start(generation->client, &start->state, &start->err);
}

/* Learn what start said, once it has returned. */
static bool start_has_returned(struct generation *generation, uint64_t deadline)
{
    struct generation_start *start = generation->start;
    if (!start->step)
        return true;
    if (!step_wait(start->step, deadline))
        return false;
    start->step = step_free(start->step);
    return true;
}

static mesh_status call_start(struct generation *generation, uint32_t timeout_ms, mesh_error *err)
{
    struct generation_start *start = generation->start;
    start->step = step_start(generation->name, run_start, generation);
    if (!start->step) {
        start->status = MESH_E_SYSTEM;
        return mesh_error_set(err, MESH_E_SYSTEM, "no thread can be started");
    }
    if (!start_has_returned(generation, clock_deadline(timeout_ms)))
        return mesh_error_set(err, MESH_E_TIMEOUT, "its start did not return within %u ms", (unsigned)timeout_ms);
    if (start->status == MESH_OK)
        return MESH_OK;
    if (!*mesh_error_text(&start->err))
        mesh_error_set(&start->err, start->status, "%s", mesh_status_text(start->status));
    mesh_error_move(err, &start->err);
    return mesh_error_prefix(err, start->status, "its start failed");
}

mesh_status generation_start(struct generation *generation, uint32_t timeout_ms, mesh_error *err)
{
    generation->start = calloc(1, sizeof(*generation->start));
    if (!generation->start)
        return no_memory(err);
    if (!generation->entry.plugin.start)
        return MESH_OK;
    return call_start(generation, timeout_ms, err);
}

void *generation_state(const struct generation *generation)
{
    return generation->start->state;
}

mesh_status generation_register(struct generation *generation, mesh_error *err)
{
    for (size_t i = 0; i < generation->entry.agent_count; i++) {
        mesh_status status =
            mesh_register(generation->client, &generation->entry.agents[i], generation->start->state, err);
        if (status != MESH_OK)
            return status;
    }
    return MESH_OK;
}

mesh_status generation_serve(struct generation *generation, struct generation *old, mesh_error *err)
{
    mesh_status status = mesh_child_swap(old ? old->client : NULL, generation->client, err);
    if (status == MESH_E_EXISTS || status == MESH_E_NO_MEMORY || status == MESH_E_STOPPED)
        return status;
    generation->serves = true;
    if (old)
        old->serves = false;
    return status;
}

mesh_status generation_leave(struct generation *generation, mesh_error *err)
{
    generation->serves = false;
    return mesh_child_swap(generation->client, NULL, err);
}

/* ---- end ---- */

static void tell(const struct generation *generation, int32_t level, const char *text, const char *reason)
{
    log_event(level, text, "plugin", generation->plugin, "generation", LOG_INT(generation->number), "reason", reason,
              NULL);
}

/* Until no handler runs and no request is kept. */
static void drain(struct generation *generation, uint32_t timeout_ms)
{
    mesh_error err = MESH_ERROR_INIT;
    while (mesh_client_stop(generation->client, timeout_ms, &err) != MESH_OK) {
        if (timeout_ms != UINT32_MAX)
            tell(generation, MESH_LOG_WARN, "still in use after the drain timeout, not unloaded until it is over",
                 mesh_error_text(&err));
        timeout_ms = UINT32_MAX;
        mesh_error_clear(&err);
    }
    mesh_error_clear(&err);
}

static void run_stop(void *closure)
{
    struct generation *generation = closure;
    generation->entry.plugin.stop(generation->client, generation->start->state);
}

/* Only what has started can be stopped. */
static void call_stop(struct generation *generation, uint32_t timeout_ms)
{
    start_has_returned(generation, CLOCK_NEVER);
    if (generation->start->status != MESH_OK || !generation->entry.plugin.stop)
        return;
    struct step *step = step_start(generation->name, run_stop, generation);
    if (!step) {
        tell(generation, MESH_LOG_ERROR, "stop was not called", "no thread can be started");
        return;
    }
    if (!step_wait(step, clock_deadline(timeout_ms))) {
        tell(generation, MESH_LOG_WARN, "stop does not return, not unloaded until it does", NULL);
        step_wait(step, CLOCK_NEVER);
    }
    step_free(step);
}

void generation_stop(struct generation *generation, uint32_t timeout_ms)
{
    handover_wait(generation);
    call_stop(generation, timeout_ms);
    generation->start->status = MESH_E_STOPPED; /* not once more */
}

/* The kernel tells of a thread's end before it takes it off the list: look again for a moment. */
static bool thread_is_left(const struct generation *generation, char ret_name[CENSUS_NAME_SIZE])
{
    const struct timespec pause = { 0, 5000000 };
    char prefix[CENSUS_NAME_SIZE];
    snprintf(prefix, sizeof(prefix), "g%u.", generation->number);
    uint64_t deadline = clock_deadline(THREADS_GONE_MS);
    while (census_finds(prefix, ret_name)) {
        if (clock_left_ms(deadline) == 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

/* A handler that the plugin installed and left behind would be called after it has gone. */
static void remove_signal_handlers(const struct generation *generation)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) != 0 || action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)
            continue;
        if (!loader_owns(generation->handle, (void *)(uintptr_t)action.sa_handler))
            continue;
        signal(number, SIG_DFL);
        crash_watch(number);
        tell(generation, MESH_LOG_WARN, "a signal handler was left behind, removed", strsignal(number));
    }
}

/* Why it cannot be unloaded is written to why; "" if it is gone. */
static void unload(struct generation *generation, char why[GENERATION_PIN_SIZE])
{
    char thread[CENSUS_NAME_SIZE];
    why[0] = '\0';
    if (thread_is_left(generation, thread)) {
        snprintf(why, GENERATION_PIN_SIZE, "its thread '%s' still runs: stop must end every thread", thread);
        return;
    }
    remove_signal_handlers(generation);
    if (loader_close(generation->handle, generation->image->path, NULL) == MESH_OK)
        return;
    const char *reason = generation_stays_because(generation);
    snprintf(why, GENERATION_PIN_SIZE, "%s",
             reason ? reason : "the loader keeps it: a thread-local destructor or another object needs it");
}

void generation_end(struct generation *generation, uint32_t drain_timeout_ms, uint32_t stop_timeout_ms,
                    _Atomic(const char *) *phase, char ret_pin[GENERATION_PIN_SIZE])
{
    *phase = "finishing what is in hand";
    if (generation->serves)
        generation_leave(generation, NULL);
    if (generation->client)
        drain(generation, drain_timeout_ms);
    *phase = "stopping";
    handover_wait(generation);
    if (generation->start)
        call_stop(generation, stop_timeout_ms);
    mesh_client_close(generation->client);
    *phase = "unloading";
    unload(generation, ret_pin);
    if (!ret_pin[0])
        crash_forget(generation->number); /* what is pinned may still do harm */
    if (ret_pin[0])
        generation->image = image_forget(generation->image);
    malloc_trim(0); /* what its threads have used and given back stays with the process otherwise */
    tell(generation, ret_pin[0] ? MESH_LOG_WARN : MESH_LOG_INFO, ret_pin[0] ? "pinned in memory" : "unloaded",
         ret_pin[0] ? ret_pin : NULL);
    generation_free(generation);
}
