/* SPDX-License-Identifier: Apache-2.0 */
/* A private nats-server: started, joined, stopped. */
#include <agentmesh/local.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "client/sized.h"
#include "link/link.h"
#include "local/monitor.h"
#include "local/monitor_process.h"
#include "local/server_process.h"
#include "local/startup.h"
#include "local/store.h"
#include "local/url_file.h"

enum {
    DEFAULT_PORT = 4222,
    DEFAULT_START_MS = 5000,
    CONNECT_MS = 2000,
    STOP_MS = 15000, /* for another program that starts or stops the same server */
    LOOK_AGAIN_MS = 20,
};

struct mesh_local {
    struct store store;
    struct server_process process;
    struct server_record record; /* url_files: those to remove with us */
    mesh_monitor *monitor;       /* ours, if it is not a process of its own */
    bool is_told;                /* its URL has been written to files */
    bool stays;                  /* the server outlives us */
};

#define auto_local __attribute__((cleanup(local_cleanup)))

static void local_cleanup(mesh_local **slot)
{
    mesh_local_stop(*slot);
}

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the local server");
}

static mesh_status settings_read(const mesh_local_options *options, mesh_local_options *settings, mesh_error *err)
{
    *settings = (mesh_local_options)MESH_LOCAL_OPTIONS_INIT;
    mesh_status status = MESH_OK;
    if (options)
        status = sized_read(settings, sizeof(*settings), options, sizeof(*settings), "mesh_local_options", err);
    if (status != MESH_OK)
        return status;

    const uint32_t known = MESH_LOCAL_FLOAT | MESH_LOCAL_DETACH | MESH_LOCAL_MARK | MESH_LOCAL_OWN;
    if ((settings->flags & ~known) != 0 || settings->reserved != 0)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "mesh_local_options: unknown flags 0x%x",
                              (unsigned)(settings->flags & ~known));
    if (settings->port > UINT16_MAX)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "mesh_local_options: port %u is above 65535",
                              (unsigned)settings->port);
    if (settings->port == 0)
        settings->port = DEFAULT_PORT;
    if (settings->start_timeout_ms == 0)
        settings->start_timeout_ms = DEFAULT_START_MS;
    return MESH_OK;
}

/* ---- what runs already ---- */

/*
 * See which server runs over a store that we own. None: process stays empty, the server's lock is ours, and the record
 * is what the last one left. A server whose starter died before it was let go is gone in a moment, hence the waiting.
 */
static mesh_status look(struct store *store, uint64_t deadline, struct server_record *record,
                        struct server_process *process, mesh_error *err)
{
    for (;; poll(NULL, 0, LOOK_AGAIN_MS)) {
        bool runs;
        mesh_status status = store_lock_server(store, &runs, err);
        server_record_clear(record);
        if (status == MESH_OK)
            status = server_record_read(store, record, err);
        if (status != MESH_OK || !runs)
            return status;
        if (record->pid > 0) {
            /* The lock still being held after the pid was taken up proves that it is no other process' by now. */
            server_process_adopt(record->pid, process);
            status = store_lock_server(store, &runs, err);
            if (status != MESH_OK || !runs)
                server_process_leave(process);
            return status;
        }
        if (clock_left_ms(deadline) == 0)
            return mesh_error_set(err, MESH_E_EXISTS,
                                  "a process that left no record of itself holds '%s/server.lock': end "
                                  "it by hand",
                                  store->folder);
    }
}

static void remove_url_files(const struct server_record *record)
{
    for (size_t i = 0; i < 2; i++)
        url_file_remove(record->url_files[i], record->url);
}

static void forget_url_files(struct server_record *record)
{
    for (size_t i = 0; i < 2; i++)
        free(take(&record->url_files[i]));
}

/* ---- telling ---- */

static mesh_status create_buckets(const char *url, mesh_error *err)
{
    const struct link_options options = { .url = url, .name = "agentmesh-local", .connect_timeout_ms = CONNECT_MS };
    struct link *link = NULL;
    mesh_status status = link_open(&options, &link, err);
    if (status == MESH_OK)
        status = link_buckets_ensure(link, err);
    link_close(link);
    return status;
}

static mesh_status tell(mesh_local *local, mesh_error *err)
{
    mesh_status status = MESH_OK;
    local->is_told = true;
    for (size_t i = 0; i < 2 && status == MESH_OK; i++)
        if (local->record.url_files[i])
            status = url_file_write(local->record.url_files[i], local->record.url, err);
    return status;
}

/* The file of a server that runs may be gone: another server took its place there, and has ended since. */
static mesh_status tell_again(const char *path, const char *url, mesh_error *err)
{
    return !path || file_is_regular(path) ? MESH_OK : url_file_write(path, url, err);
}

/* ---- the two ways to a server ---- */

static uint16_t port_of(const char *url)
{
    unsigned port = 0;
    if (!url || sscanf(url, "nats://127.0.0.1:%5u", &port) != 1 || port > UINT16_MAX)
        return 0;
    return (uint16_t)port;
}

/* Which makes the buckets too. */
static mesh_status start_monitor(mesh_local *local, const mesh_local_options *settings, mesh_error *err)
{
    mesh_monitor_options options = MESH_MONITOR_OPTIONS_INIT;
    if (local->record.detached) {
        mesh_status status = create_buckets(local->record.url, err);
        return status == MESH_OK ? monitor_process_start(&local->store, settings->monitor, &local->record, err)
                                 : status;
    }
    options.url = local->record.url;
    options.sys_url = local->record.system_url;
    options.on_event = settings->on_event;
    options.on_event_data = settings->on_event_data;
    return monitor_start(&options, &local->monitor, err);
}

static mesh_status start_own(mesh_local *local, const mesh_local_options *settings, uint16_t last_port, mesh_error *err)
{
    local->record.owner = (int32_t)getpid();
    local->record.detached = (settings->flags & MESH_LOCAL_DETACH) != 0;

    /* Where the URL will be told is settled first: a server that cannot be told of is not started. */
    mesh_status status = url_file_runtime_path(&local->record.url_files[0], err);
    if (status == MESH_OK && (settings->flags & MESH_LOCAL_MARK))
        status = url_file_mark_path(&local->record.url_files[1], err);
    if (status == MESH_OK)
        status = startup_run(&local->store, settings, last_port, &local->record, &local->process, err);
    if (status == MESH_OK)
        status = start_monitor(local, settings, err);
    if (status == MESH_OK)
        status = tell(local, err);
    if (status != MESH_OK)
        return status;

    store_unlock_server(&local->store);
    local->stays = local->record.detached;
    if (local->stays)
        forget_url_files(&local->record); /* they stay with it */
    return MESH_OK;
}

/* The server belongs to nobody and stays when we go; only a mark that it does not have itself is ours. */
static mesh_status join(mesh_local *local, const mesh_local_options *settings, struct server_record *found,
                        struct server_process *process, mesh_error *err)
{
    if (settings->flags & (MESH_LOCAL_DETACH | MESH_LOCAL_OWN))
        return mesh_error_set(err, MESH_E_EXISTS,
                              "a local server runs over '%s' already: process %d at %s; 'agentmesh down' stops it",
                              local->store.folder, (int)found->pid, found->url);
    local->process = *process;
    local->record = *found;
    *process = (struct server_process)SERVER_PROCESS_INIT;
    *found = (struct server_record){ 0 };
    local->stays = true;

    mesh_status status = tell_again(local->record.url_files[0], local->record.url, err);
    auto_free char *its_mark = take(&local->record.url_files[1]);
    forget_url_files(&local->record);
    if (status == MESH_OK && (settings->flags & MESH_LOCAL_MARK))
        status = url_file_mark_path(&local->record.url_files[1], err);
    if (its_mark && local->record.url_files[1] && strcmp(its_mark, local->record.url_files[1]) == 0)
        forget_url_files(&local->record);
    if (status == MESH_OK)
        status = create_buckets(local->record.url, err);
    return status == MESH_OK ? tell(local, err) : status;
}

/* An orphan is ended, not taken over: the kernel has told it to end with its owner, if only a moment ago. */
static mesh_status make_room(mesh_local *local, const struct server_record *found, struct server_process *orphan,
                             mesh_error *err)
{
    server_process_end(orphan);
    monitor_process_end(&local->store, found);
    remove_url_files(found);
    server_record_retire(&local->store, found);

    bool runs;
    mesh_status status = store_lock_server(&local->store, &runs, err);
    if (status == MESH_OK && runs)
        return mesh_error_set(err, MESH_E_EXISTS, "the local server over '%s' (process %d) does not end",
                              local->store.folder, (int)found->pid);
    return status;
}

static mesh_status start(mesh_local *local, const mesh_local_options *settings, mesh_error *err)
{
    uint64_t deadline = clock_deadline(settings->start_timeout_ms);
    auto_record struct server_record found = { 0 };
    struct server_process process = SERVER_PROCESS_INIT;

    mesh_status status = store_open(settings->store, true, &local->store, err);
    if (status == MESH_OK)
        status = store_own(&local->store, deadline, err);
    if (status == MESH_OK)
        status = look(&local->store, deadline, &found, &process, err);
    if (status != MESH_OK)
        return status;

    if (process.pid > 0 && found.detached && found.url)
        status = join(local, settings, &found, &process, err);
    else if ((status = make_room(local, &found, &process, err)) == MESH_OK)
        status = start_own(local, settings, port_of(found.url), err);
    server_process_leave(&process);
    return status;
}

/* ---- public ---- */

mesh_status mesh_local_start(const mesh_local_options *options, mesh_local **ret_local, mesh_error *err)
{
    mesh_local_options settings;
    mesh_status status = settings_read(options, &settings, err);
    if (status != MESH_OK)
        return status;
    auto_local mesh_local *local = calloc(1, sizeof(*local));
    if (!local)
        return no_memory(err);
    local->store = (struct store)STORE_INIT;
    local->process = (struct server_process)SERVER_PROCESS_INIT;

    status = start(local, &settings, err);
    if (status != MESH_OK)
        return status;
    if (local->stays)
        store_close(&local->store); /* nobody owns it */
    *ret_local = take(&local);
    return MESH_OK;
}

const char *mesh_local_url(const mesh_local *local)
{
    return local->record.url;
}

int32_t mesh_local_pid(const mesh_local *local)
{
    return local->record.pid;
}

int mesh_local_fd(const mesh_local *local)
{
    return local->process.pidfd;
}

mesh_local *mesh_local_stop(mesh_local *local)
{
    if (!local)
        return NULL;
    /* First the files: nobody should be sent to a server that is about to end. */
    if (local->is_told)
        remove_url_files(&local->record);
    mesh_monitor_stop(local->monitor);
    if (local->stays) {
        server_process_leave(&local->process);
    } else if (local->record.pid > 0) {
        monitor_process_end(&local->store, &local->record); /* of a detached one that did not come to stay */
        server_process_end(&local->process);
        server_record_retire(&local->store, &local->record);
    }
    server_record_clear(&local->record);
    store_close(&local->store);
    free(local);
    return NULL;
}

mesh_status mesh_local_stop_running(const char *store_folder, int32_t *ret_pid, mesh_error *err)
{
    uint64_t deadline = clock_deadline(STOP_MS);
    auto_store struct store store = STORE_INIT;
    auto_record struct server_record record = { 0 };
    struct server_process process = SERVER_PROCESS_INIT;

    mesh_status status = store_open(store_folder, false, &store, err);
    if (status == MESH_OK)
        status = store_own(&store, deadline, err);
    if (status == MESH_OK)
        status = look(&store, deadline, &record, &process, err);
    if (status != MESH_OK)
        return status;

    bool runs = process.pid > 0;
    remove_url_files(&record);
    monitor_process_end(&store, &record);
    server_process_end(&process);
    server_record_retire(&store, &record);
    if (!runs)
        return mesh_error_set(err, MESH_E_NOT_FOUND, "no local server runs over '%s'", store.folder);
    if (ret_pid)
        *ret_pid = record.pid;
    return MESH_OK;
}
