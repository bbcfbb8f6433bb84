/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The health monitor: a thread that buries the hosts of which the server tells that they are gone, and those that a
 * sweep finds to have a record and no connection.
 */
#include "local/monitor_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/url.h"
#include "client/locate.h"
#include "client/sized.h"
#include "link/signals.h"
#include "local/store.h"

#define DEFAULT_URL "nats://localhost:4222"

enum { CONNECT_MS = 2000, FLUSH_MS = 2000, SWEEP_MS = 6000, TEXT_MAX = 1024 };

/* ---- what it has to say ---- */

void monitor_say(const mesh_monitor *monitor, int level, mesh_status status, const char *agent, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    if (!monitor->on_event)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    const mesh_event event = {
        .size = sizeof(event), .level = level, .status = status, .agent = agent, .source = "monitor", .text = text
    };
    monitor->on_event(monitor->on_event_data, &event);
}

/* ---- the thread ---- */

/* The lock is held. */
static uint64_t next_time(const mesh_monitor *monitor)
{
    uint64_t next = monitor->next_look;
    for (const struct suspect *suspect = monitor->suspects; suspect; suspect = suspect->next)
        if (suspect->at < next)
            next = suspect->at;
    return next;
}

/* One piece of work, if there is one. The lock is held, and given up meanwhile. */
static bool work(mesh_monitor *monitor)
{
    struct suspect *suspect = monitor_next_suspect(monitor);
    if (monitor->is_sweep_due) {
        monitor->is_sweep_due = false;
        monitor->has_looked = false;
        monitor->next_look = 0;
    }
    bool looks = !suspect && monitor->next_look <= clock_ms();
    if (!suspect && !looks)
        return false;
    pthread_mutex_unlock(&monitor->lock);
    if (suspect)
        monitor_attend(monitor, suspect);
    else
        monitor_sweep(monitor);
    pthread_mutex_lock(&monitor->lock);
    return true;
}

static void *run(void *closure)
{
    mesh_monitor *monitor = closure;
    pthread_setname_np(pthread_self(), "mesh-monitor");
    pthread_mutex_lock(&monitor->lock);
    while (!monitor->is_stopping)
        if (!work(monitor))
            clock_cond_wait(&monitor->changed, &monitor->lock, next_time(monitor));
    pthread_mutex_unlock(&monitor->lock);
    return NULL;
}

/* A thread without signals: they are for the program's own threads. */
static mesh_status start_thread(mesh_monitor *monitor, mesh_error *err)
{
    sigset_t before;
    signals_block(&before);
    monitor->has_thread = pthread_create(&monitor->thread, NULL, run, monitor) == 0;
    signals_restore(&before);
    return monitor->has_thread ? MESH_OK : mesh_error_set(err, MESH_E_SYSTEM, "no thread for the health monitor");
}

/* ---- connecting ---- */

/* [link] Whatever cannot be read is of nobody we know. */
static void on_advisory(void *closure, struct link_message *message)
{
    struct host_connection lost;
    if (advisory_read(link_message_body(message), &lost))
        monitor_suspect(closure, &lost);
}

/* [link] While a connection was lost, nobody told who left. */
static void on_state(void *closure, enum link_state state, const char *text)
{
    mesh_monitor *monitor = closure;
    if (state != LINK_CONNECTED)
        monitor_say(monitor, MESH_LOG_WARN, MESH_E_CONNECTION_FAILED, NULL, "%s", text);
    pthread_mutex_lock(&monitor->lock);
    monitor->is_sweep_due |= state == LINK_CONNECTED;
    pthread_cond_signal(&monitor->changed);
    pthread_mutex_unlock(&monitor->lock);
}

static void on_denied(void *closure, bool is_publish, const char *subject)
{
    monitor_say(closure, MESH_LOG_WARN, MESH_E_CONNECTION_DENIED, NULL, "the server does not let us %s '%s'",
                is_publish ? "publish to" : "subscribe to", subject);
}

static void on_warning(void *closure, const char *text)
{
    monitor_say(closure, MESH_LOG_WARN, MESH_OK, NULL, "%s", text);
}

static mesh_status connect_to(mesh_monitor *monitor, const mesh_monitor_options *options, bool is_system,
                              struct link **ret_link, mesh_error *err)
{
    const struct link_options wanted = {
        .url = is_system ? options->sys_url : options->url,
        .name = is_system ? "agentmesh-monitor-system" : "agentmesh-monitor",
        .credentials = is_system ? options->sys_credentials : options->credentials,
        .tls_ca = options->tls_ca,
        .tls_cert = options->tls_cert,
        .tls_key = options->tls_key,
        .connect_timeout_ms = CONNECT_MS,
        .on_state = on_state,
        .on_denied = on_denied,
        .on_warning = on_warning,
        .closure = monitor,
    };
    return link_open(&wanted, ret_link, err);
}

/* The mesh first, so that its buckets are there; then be told of who leaves; then see that we are really told. */
static mesh_status connect_both(mesh_monitor *monitor, const mesh_monitor_options *options, mesh_error *err)
{
    struct link_subscription *advisories;
    mesh_status status = connect_to(monitor, options, false, &monitor->mesh, err);
    if (status == MESH_OK)
        status = link_buckets_ensure(monitor->mesh, err);
    if (status == MESH_OK)
        status = connect_to(monitor, options, true, &monitor->system, err);
    if (status == MESH_OK)
        status =
            link_subscribe(monitor->system, "$SYS.ACCOUNT.*.DISCONNECT", NULL, on_advisory, monitor, &advisories, err);
    if (status == MESH_OK)
        status = link_flush(monitor->system, FLUSH_MS, err);
    return status == MESH_OK ? roll_check(monitor->system, err) : status;
}

/* ---- starting and stopping ---- */

static mesh_monitor *monitor_new(const mesh_monitor_options *options)
{
    mesh_monitor *monitor = calloc(1, sizeof(*monitor));
    if (!monitor || !clock_cond_init(&monitor->changed)) {
        free(monitor);
        return NULL;
    }
    pthread_mutex_init(&monitor->lock, NULL);
    map_init(&monitor->missing);
    monitor->on_event = options->on_event;
    monitor->on_event_data = options->on_event_data;
    monitor->sweep_ms = options->sweep_ms ? options->sweep_ms : SWEEP_MS;
    monitor->server_fd = -1;
    monitor->is_sweep_due = true;
    monitor->url = url_hide_secrets(options->url);
    return monitor->url ? monitor : mesh_monitor_stop(monitor);
}

mesh_status monitor_start(const mesh_monitor_options *options, mesh_monitor **ret_monitor, mesh_error *err)
{
    mesh_monitor *monitor = monitor_new(options);
    mesh_status status = monitor ? connect_both(monitor, options, err)
                                 : mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the health monitor");
    if (status == MESH_OK)
        status = start_thread(monitor, err);
    if (status != MESH_OK) {
        mesh_monitor_stop(monitor);
        return status;
    }
    *ret_monitor = monitor;
    return MESH_OK;
}

static mesh_status read_options(mesh_monitor_options *to, const mesh_monitor_options *from, mesh_error *err)
{
    *to = (mesh_monitor_options)MESH_MONITOR_OPTIONS_INIT;
    mesh_status status = from ? sized_read(to, sizeof(*to), from, sizeof(*to), "mesh_monitor_options", err) : MESH_OK;
    if (status != MESH_OK)
        return status;
    if (to->flags & ~(uint32_t)MESH_MONITOR_LOCAL)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "mesh_monitor_options: unknown flags 0x%x",
                              (unsigned)to->flags);
    if ((to->flags & MESH_MONITOR_LOCAL) && (to->url || to->sys_url))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "mesh_monitor_options: with MESH_MONITOR_LOCAL the store says the url");
    if (!to->url)
        to->url = DEFAULT_URL;
    if (!to->sys_url)
        to->sys_url = to->url;
    return MESH_OK;
}

/* What a detached local server notes of itself. No lock is taken: this must not look like another server. */
static mesh_status read_local(const char *folder, struct server_record *ret_record, int *ret_fd, mesh_error *err)
{
    auto_store struct store store = STORE_INIT;
    mesh_status status = store_open(folder, false, &store, err);
    if (status == MESH_OK)
        status = server_record_read(&store, ret_record, err);
    if (status != MESH_OK)
        return status;
    if (ret_record->pid <= 0 || !ret_record->url || !ret_record->system_url)
        return mesh_error_set(err, MESH_E_NOT_FOUND, "no local server runs over '%s'", store.folder);
    *ret_fd = (int)syscall(SYS_pidfd_open, (pid_t)ret_record->pid, 0);
    return MESH_OK;
}

static mesh_status start_local(mesh_monitor_options *options, mesh_monitor **ret_monitor, mesh_error *err)
{
    auto_record struct server_record record = { 0 };
    auto_fd int server_fd = -1;
    mesh_status status = read_local(options->store, &record, &server_fd, err);
    if (status != MESH_OK)
        return status;
    options->url = record.url;
    options->sys_url = record.system_url;
    status = monitor_start(options, ret_monitor, err);
    if (status == MESH_OK)
        (*ret_monitor)->server_fd = take_fd(&server_fd);
    return status;
}

mesh_status mesh_monitor_start(const mesh_monitor_options *options, mesh_monitor **ret_monitor, mesh_error *err)
{
    mesh_monitor_options given;
    auto_free char *credentials = NULL;
    mesh_status status = read_options(&given, options, err);
    if (status != MESH_OK)
        return status;
    if (given.flags & MESH_MONITOR_LOCAL)
        return start_local(&given, ret_monitor, err);
    status = locate_credentials(given.credentials, &credentials, err);
    given.credentials = credentials;
    return status == MESH_OK ? monitor_start(&given, ret_monitor, err) : status;
}

const char *mesh_monitor_url(const mesh_monitor *monitor)
{
    return monitor->url;
}

int mesh_monitor_fd(const mesh_monitor *monitor)
{
    return monitor->server_fd;
}

mesh_monitor *mesh_monitor_stop(mesh_monitor *monitor)
{
    if (!monitor)
        return NULL;
    pthread_mutex_lock(&monitor->lock);
    monitor->is_stopping = true;
    pthread_cond_signal(&monitor->changed);
    pthread_mutex_unlock(&monitor->lock);
    if (monitor->has_thread)
        pthread_join(monitor->thread, NULL);
    link_close(monitor->system);
    link_close(monitor->mesh);
    monitor_forget_suspects(monitor);
    map_clear(&monitor->missing, NULL);
    free(monitor->roll.connections);
    if (monitor->server_fd >= 0)
        close(monitor->server_fd);
    pthread_cond_destroy(&monitor->changed);
    pthread_mutex_destroy(&monitor->lock);
    free(monitor->url);
    free(monitor);
    return NULL;
}
