/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing, children. */
#include "client/client.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <agentmesh/plugin.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/url.h"
#include "client/cache.h"
#include "client/feed.h"
#include "client/inbox.h"
#include "client/levels.h"
#include "client/locate.h"
#include "client/sized.h"
#include "serve/presence.h"
#include "serve/serve.h"

#define DEFAULT_URL "nats://localhost:4222"

enum { NAME_MAX_LEN = 64, EVENT_TEXT_MAX = 8192, AFTER_STOP_MS = 1000, FLUSH_MS = 2000 };

/* ---- what the library has to say ---- */

static void tell(const struct core *core, const char *source, int level, mesh_status status, const char *agent,
                 const char *format, va_list args) MESH_PRINTF(6, 0);

static void tell(const struct core *core, const char *source, int level, mesh_status status, const char *agent,
                 const char *format, va_list args)
{
    if (!core->options.on_event)
        return;
    char text[EVENT_TEXT_MAX];
    vsnprintf(text, sizeof(text), format, args);
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    const mesh_event event = {
        .size = sizeof(event), .level = level, .status = status, .agent = agent, .source = source, .text = text
    };
    core->options.on_event(core->options.on_event_data, &event);
}

void core_tell(const struct core *core, int level, mesh_status status, const char *agent, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(core, NULL, level, status, agent, format, args);
    va_end(args);
}

void client_tell(const mesh_client *client, int level, mesh_status status, const char *agent, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(client->core, client->name, level, status, agent, format, args);
    va_end(args);
}

void mesh_log(mesh_client *client, int32_t level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(client->core, client->name, level, MESH_OK, NULL, format, args);
    va_end(args);
}

void mesh_log_text(mesh_client *client, int32_t level, const char *text)
{
    mesh_log(client, level, "%s", text);
}

/* ---- the link talks [link] ---- */

static void on_state(void *closure, enum link_state state, const char *text)
{
    struct core *core = closure;
    if (state == LINK_CONNECTED) {
        core_tell(core, MESH_LOG_INFO, MESH_OK, NULL, "connected to %s", text);
        presence_connected(core->presence);
    } else {
        core_tell(core, MESH_LOG_WARN, MESH_E_CONNECTION_FAILED, NULL, "%s", text);
        presence_disconnected(core->presence);
    }
}

static void on_denied(void *closure, bool is_publish, const char *subject)
{
    struct core *core = closure;
    core_tell(core, MESH_LOG_WARN, MESH_E_CONNECTION_DENIED, NULL, "the server does not let us %s '%s'",
              is_publish ? "publish to" : "subscribe to", subject);
    if (core->inbox)
        inbox_denied(core->inbox, is_publish, subject);
}

static void on_warning(void *closure, const char *text)
{
    core_tell(closure, MESH_LOG_WARN, MESH_OK, NULL, "%s", text);
}

/* ---- opening ---- */

static void fill_default(uint32_t *number, uint32_t value)
{
    if (*number == 0)
        *number = value;
}

static mesh_status read_options(mesh_client_options *to, const mesh_client_options *from, mesh_error *err)
{
    *to = (mesh_client_options)MESH_CLIENT_OPTIONS_INIT;
    if (from) {
        mesh_status status = sized_read(to, sizeof(*to), from, sizeof(*to), "mesh_client_options", err);
        if (status != MESH_OK)
            return status;
    }
    if (to->flags & ~(uint32_t)(MESH_CLIENT_KEEP_TRYING | MESH_CLIENT_HIDE_ERRORS | MESH_CLIENT_CHECK_OUTPUT |
                                MESH_CLIENT_DISPATCH))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "mesh_client_options.flags has a bit that libagentmesh %s "
                              "does not know",
                              mesh_version());
    if (!to->tls_cert != !to->tls_key)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "tls_cert and tls_key go together: one of them is missing");
    fill_default(&to->connect_timeout_ms, 2000);
    fill_default(&to->call_timeout_ms, 30000);
    fill_default(&to->stream_timeout_ms, 60000);
    fill_default(&to->handler_timeout_ms, 30000);
    fill_default(&to->chunk_timeout_ms, 60000);
    fill_default(&to->drain_timeout_ms, 30000);
    fill_default(&to->queue, 256);
    fill_default(&to->workers, 64);
    fill_default(&to->workers_total, 512);
    return MESH_OK;
}

static struct core *free_core(struct core *core)
{
    if (!core)
        return NULL;
    presence_stop(core->presence);
    core->link = core->link ? link_close(core->link) : NULL;
    presence_free(core->presence);
    serve_free(core->serve);
    cache_free(core->cache);
    levels_free(core->levels);
    inbox_free(core->inbox);
    free(core->url);
    free(core);
    return NULL;
}

static mesh_status connect_link(struct core *core, const mesh_client_options *options, mesh_error *err)
{
    auto_free char *credentials = NULL;
    char name[sizeof("oam-host-") + ID_SIZE];
    const char *url = options->url ? options->url : DEFAULT_URL;
    mesh_status status = MESH_OK;
    if (link_takes_credentials(url))
        status = locate_credentials(options->credentials, &credentials, err);
    if (status != MESH_OK)
        return status;
    snprintf(name, sizeof(name), "oam-host-%s", core->instance_id);
    const struct link_options wanted = {
        .url = url,
        .name = name,
        .credentials = credentials,
        .tls_ca = options->tls_ca,
        .tls_cert = options->tls_cert,
        .tls_key = options->tls_key,
        .connect_timeout_ms = options->connect_timeout_ms,
        .keep_trying = options->flags & MESH_CLIENT_KEEP_TRYING,
        .on_state = on_state,
        .on_denied = on_denied,
        .on_warning = on_warning,
        .closure = core,
    };
    return link_open(&wanted, &core->link, err);
}

mesh_status core_enter(const struct core *core, mesh_error *err)
{
    mesh_error failure = MESH_ERROR_INIT;
    mesh_status status = link_buckets_ensure(core->link, &failure);
    if (status != MESH_OK && status != MESH_E_CONNECTION_DENIED) {
        mesh_error_move(err, &failure);
        return status;
    }
    if (status == MESH_E_CONNECTION_DENIED)
        core_tell(core, MESH_LOG_WARN, status, NULL, "going on without what the credentials do not allow: %s",
                  mesh_error_text(&failure));
    mesh_error_clear(&failure);
    cache_follow(core->cache);
    levels_retry(core->levels);
    return MESH_OK;
}

static mesh_status open_core(const mesh_client_options *options, struct core **ret_core, mesh_error *err)
{
    struct core *core = calloc(1, sizeof(*core));
    mesh_client_options given;
    mesh_status status =
        core ? read_options(&given, options, err) : mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a client");
    if (status != MESH_OK) {
        free(core);
        return status;
    }
    core->options = given;
    id_new(core->instance_id);
    core->url = url_hide_secrets(given.url ? given.url : DEFAULT_URL);
    core->presence = presence_new(core);
    core->cache = cache_new(core);
    core->levels = levels_new(core);
    core->serve = serve_new(core);
    if (!core->url || !core->presence || !core->cache || !core->levels || !core->serve)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a client");
    if (status == MESH_OK)
        status = connect_link(core, &given, err);
    if (status == MESH_OK)
        status = inbox_open(core, &core->inbox, err);
    if (status == MESH_OK)
        status = given.flags & MESH_CLIENT_KEEP_TRYING ? presence_start(core->presence, err) : core_enter(core, err);
    if (status != MESH_OK) {
        free_core(core);
        return status;
    }
    *ret_core = core;
    return MESH_OK;
}

/* ---- clients ---- */

static void free_list(char **list)
{
    for (char **item = list; item && *item; item++)
        free(*item);
    free(list);
}

static mesh_client *free_client(mesh_client *client)
{
    if (!client)
        return NULL;
    service_free(client->service);
    free_list(client->settings);
    for (mesh_agent_limits **limits = client->limits; limits && *limits; limits++)
        free(*limits); /* the name lies behind it */
    free(client->limits);
    free(client->name);
    if (client->run_fd >= 0)
        close(client->run_fd);
    if (client->parent)
        atomic_fetch_sub(&client->parent->children, 1);
    pthread_mutex_destroy(&client->feeds_lock);
    free(client);
    return NULL;
}

static mesh_client *new_client(struct core *core, mesh_client *parent, const char *name, uint32_t workers,
                               bool is_staged)
{
    mesh_client *client = calloc(1, sizeof(*client));
    if (!client)
        return NULL;
    client->core = core;
    client->run_fd = -1;
    pthread_mutex_init(&client->feeds_lock, NULL);
    client->name = name ? strdup(name) : NULL;
    client->service = service_new(client, workers ? workers : core->options.workers, is_staged);
    if (!client->service || (name && !client->name))
        return free_client(client);
    client->parent = parent;
    if (parent)
        atomic_fetch_add(&parent->children, 1);
    return client;
}

/* Signals stay with the program's own threads: nats.c's inherit what is blocked while they start. */
static mesh_status open_core_quietly(const mesh_client_options *options, struct core **ret_core, mesh_error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    mesh_status status = open_core(options, ret_core, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

mesh_status mesh_client_open(const mesh_client_options *options, mesh_client **ret_client, mesh_error *err)
{
    struct core *core;
    mesh_status status = open_core_quietly(options, &core, err);
    if (status != MESH_OK)
        return status;
    mesh_client *client = new_client(core, NULL, NULL, 0, false);
    if (client)
        client->run_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!client || client->run_fd < 0) {
        free_client(client);
        free_core(core);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a client");
    }
    *ret_client = client;
    return MESH_OK;
}

static mesh_status check_name(const char *name, mesh_error *err)
{
    if (!name || !*name || strlen(name) > NAME_MAX_LEN)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "the name of a child has 1 to %d bytes", NAME_MAX_LEN);
    return MESH_OK;
}

mesh_status mesh_client_child(mesh_client *parent, const char *name, mesh_client **ret_child, mesh_error *err)
{
    mesh_status status = check_name(name, err);
    if (status != MESH_OK)
        return status;
    mesh_client *child = new_client(parent->core, parent, name, 0, false);
    if (!child)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a client");
    *ret_child = child;
    return MESH_OK;
}

/* ---- children of hosts ---- */

static size_t count_list(const char *const *list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    return count;
}

static char **copy_list(const char *const *list)
{
    size_t count = count_list(list);
    char **copy = calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = strdup(list[i]);
        if (!copy[i]) {
            free_list(copy);
            return NULL;
        }
    }
    return copy;
}

/* A text behind what was put there before; NULL stays NULL. */
static const char *put_behind(char **at, const char *text)
{
    size_t len = text ? strlen(text) + 1 : 0;
    const char *copy = text ? memcpy(*at, text, len) : NULL;
    *at += len;
    return copy;
}

/* One piece of memory, for one free(). */
static mesh_agent_limits *copy_limits(const mesh_agent_limits *limits)
{
    const char *const texts[] = { limits->name, limits->gate_key, limits->gate_subject };
    size_t len = 0;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        len += texts[i] ? strlen(texts[i]) + 1 : 0;
    mesh_agent_limits *copy = malloc(sizeof(*copy) + len);
    if (!copy)
        return NULL;
    char *at = (char *)(copy + 1);
    *copy = *limits;
    copy->name = put_behind(&at, limits->name);
    copy->gate_key = put_behind(&at, limits->gate_key);
    copy->gate_subject = put_behind(&at, limits->gate_subject);
    return copy;
}

static mesh_status copy_all_limits(mesh_client *client, const mesh_agent_limits *const *limits, mesh_error *err)
{
    size_t count = 0;
    while (limits && limits[count])
        count++;
    client->limits = calloc(count + 1, sizeof(*client->limits));
    for (size_t i = 0; client->limits && i < count; i++) {
        mesh_agent_limits given;
        mesh_status status = sized_read(&given, sizeof(given), limits[i], sizeof(given), "mesh_agent_limits", err);
        if (status != MESH_OK)
            return status;
        if (given.check_output > MESH_NO)
            return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                                  "limits of agent '%s': check_output is %u, which is "
                                  "neither MESH_YES nor MESH_NO",
                                  given.name, given.check_output);
        client->limits[i] = copy_limits(&given);
        if (!client->limits[i])
            break;
    }
    bool complete = client->limits && (count == 0 || client->limits[count - 1]);
    return complete ? MESH_OK : mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a client");
}

mesh_status mesh_child_open(mesh_client *parent, const mesh_child_options *options, mesh_client **ret_child,
                            mesh_error *err)
{
    mesh_child_options given;
    mesh_status status = sized_read(&given, sizeof(given), options, sizeof(given), "mesh_child_options", err);
    if (status == MESH_OK)
        status = check_name(given.name, err);
    if (status != MESH_OK)
        return status;
    if (count_list(given.settings) % 2 != 0)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "the settings of a child are keys and values: one is missing");
    mesh_client *client = new_client(parent->core, parent, given.name, given.workers, true);
    if (client) {
        client->service->workers.on_thread = given.on_thread;
        client->settings = copy_list(given.settings);
        status = copy_all_limits(client, given.limits, err);
    }
    if (!client || !client->settings)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a client");
    if (status != MESH_OK) {
        free_client(client);
        return status;
    }
    *ret_child = client;
    return MESH_OK;
}

const mesh_agent_limits *client_limits(const mesh_client *client, const char *agent)
{
    for (mesh_agent_limits **limits = client->limits; limits && *limits; limits++)
        if (strcmp((*limits)->name, agent) == 0)
            return *limits;
    return NULL;
}

/* ---- the end ---- */

static mesh_status refuse_held(mesh_client *client, uint32_t timeout_ms, mesh_error *err)
{
    auto_buf struct buf what;
    buf_init(&what, 4096);
    if (!service_describe(client->service, &what))
        return MESH_OK;
    return mesh_error_set(err, MESH_E_TIMEOUT, "after %u ms there is still in hand: %s", timeout_ms, buf_text(&what));
}

void client_end_calls(mesh_client *client)
{
    client->stopped = true;
    inbox_stop_client(client->core->inbox, client);
    feeds_stop(client);
    link_wake(client->core->link);
}

mesh_status mesh_client_stop(mesh_client *client, uint32_t timeout_ms, mesh_error *err)
{
    struct core *core = client->core;
    if (timeout_ms == 0)
        timeout_ms = core->options.drain_timeout_ms;
    serve_leave(client->service);
    uint64_t deadline = clock_deadline(timeout_ms);
    if (!service_drain(client->service, NULL, deadline))
        service_give_up(client->service, NULL, MESH_STOP_DRAIN);
    client_end_calls(client);
    /* Handlers that only waited for a call come back now, and what was started with a callback is told its end. */
    uint64_t after_stop = clock_deadline(AFTER_STOP_MS);
    bool quiet = service_drain(client->service, NULL, deadline > after_stop ? deadline : after_stop);

    mesh_error failure = MESH_ERROR_INIT;
    mesh_status status = serve_retire(client->service, &failure);
    if (status != MESH_OK && status != MESH_E_CONNECTION_FAILED)
        client_tell(client, MESH_LOG_WARN, status, NULL, "the mesh could not be told that agents have left: %s",
                    mesh_error_text(&failure));
    mesh_error_clear(&failure);
    return quiet ? MESH_OK : refuse_held(client, timeout_ms, err);
}

/* What a handler still uses is left where it is. */
static mesh_client *leave_in_place(const mesh_client *client, const char *why)
{
    client_tell(client, MESH_LOG_WARN, MESH_E_TIMEOUT, NULL, "closed, but its memory is kept: %s", why);
    link_flush(client->core->link, FLUSH_MS, NULL);
    return NULL;
}

mesh_client *mesh_client_close(mesh_client *client)
{
    if (!client)
        return NULL;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = mesh_client_stop(client, 0, &err);
    /* A root's subscriptions end with its link at the latest. */
    bool may_go = status == MESH_OK || (!client->parent && service_is_idle(client->service));
    if (!may_go)
        leave_in_place(client, mesh_error_text(&err));
    mesh_error_clear(&err);
    if (!may_go)
        return NULL;
    if (!service_close(client->service, clock_deadline(client->core->options.drain_timeout_ms)))
        return leave_in_place(client, "a worker has not come back");
    if (client->children > 0)
        return leave_in_place(client, "a child is open");
    if (feeds_are_open(client))
        return leave_in_place(client, "a stream, a subscription, a watch or a tail is open");

    if (!client->parent)
        free_core(client->core); /* before the service, to which its subscriptions may deliver until they end */
    return free_client(client);
}

/* ---- facts ---- */

const char *mesh_client_instance_id(const mesh_client *client)
{
    return client->core->instance_id;
}

const char *mesh_client_url(const mesh_client *client)
{
    return client->core->url;
}

int mesh_client_is_connected(const mesh_client *client)
{
    return link_is_connected(client->core->link);
}
