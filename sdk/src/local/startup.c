/* SPDX-License-Identifier: Apache-2.0 */
#include "local/startup.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "local/port.h"
#include "local/server_config.h"
#include "local/server_log.h"

enum { PORTS_TRIED = 8, CONFIG_MAX = 64 << 10, LOOK_AGAIN_MS = 20 };

/* What one startup works with. The first four are lent. */
struct startup {
    const struct store *store;
    const mesh_local_options *settings;
    struct server_record *record;
    struct server_process *process;
    char *program, *config, *log, *data;
    char password[ID_SIZE];
};

#define auto_startup __attribute__((cleanup(startup_clear)))

static void startup_clear(struct startup *startup)
{
    free(startup->program);
    free(startup->config);
    free(startup->log);
    free(startup->data);
}

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the local server");
}

static mesh_status prepare(struct startup *startup, mesh_error *err)
{
    mesh_status status = server_program_find(startup->settings->program, &startup->program, err);
    if (status != MESH_OK)
        return status;
    startup->config = store_path(startup->store, "server.conf");
    startup->log = store_path(startup->store, "server.log");
    startup->data = store_path(startup->store, "data");
    id_new(startup->password);
    return startup->config && startup->log && startup->data ? MESH_OK : no_memory(err);
}

static mesh_status write_config(const struct startup *startup, uint16_t port, mesh_error *err)
{
    const struct server_config config = {
        .name = startup->record->name, .data = startup->data, .password = startup->password, .port = port
    };
    auto_buf struct buf text;
    buf_init(&text, CONFIG_MAX);
    server_config_write(&text, &config);
    mesh_status status = buf_error(&text, err);
    return status == MESH_OK ? file_replace(startup->config, 0600, buf_bytes(&text), err) : status;
}

/* ---- what goes wrong ---- */

static mesh_status port_is_taken(uint16_t port, mesh_error *err)
{
    static const char text[] =
        "port %u on 127.0.0.1 is taken: choose another one, or end the program that listens there";
    return mesh_error_set(err, MESH_E_EXISTS, text, (unsigned)port);
}

static mesh_status explain_end(const struct startup *startup, uint16_t port, mesh_error *err)
{
    if (server_log_says(startup->log, "address already in use"))
        return port_is_taken(port, err);
    auto_free char *words = server_log_last_words(startup->log);
    return mesh_error_set(err, MESH_E_SYSTEM, "%s ended at once; it last said: '%s'", startup->program,
                          words ? words : "");
}

static mesh_status explain_silence(const struct startup *startup, uint16_t port, mesh_error *err)
{
    auto_free char *words = server_log_last_words(startup->log);
    return mesh_error_set(err, MESH_E_TIMEOUT, "%s did not answer on 127.0.0.1:%u within %u ms; it last said: '%s'",
                          startup->program, (unsigned)port, startup->settings->start_timeout_ms, words ? words : "");
}

/* ---- one attempt ---- */

static mesh_status wait_for_answer(const struct startup *startup, uint16_t port, mesh_error *err)
{
    uint64_t deadline = clock_deadline(startup->settings->start_timeout_ms);
    for (;;) {
        if (server_process_has_ended(startup->process))
            return explain_end(startup, port, err);
        uint32_t left = clock_left_ms(deadline);
        if (left == 0)
            return explain_silence(startup, port, err);
        if (port_answers(port, startup->record->name, left))
            return MESH_OK;
        server_process_wait(startup->process, LOOK_AGAIN_MS);
    }
}

/* Its pid is on record before it does anything: should we die now, the next start knows whom to look for. */
static mesh_status launch(const struct startup *startup, int log_fd, mesh_error *err)
{
    char option[] = "-c";
    char *const arguments[] = { startup->program, option, startup->config, NULL };
    const struct server_launch launch = {
        .program = startup->program,
        .arguments = arguments,
        .log_fd = log_fd,
        .lock_fd = startup->store->server_fd,
        .detached = startup->record->detached,
    };
    mesh_status status = server_process_launch(&launch, startup->process, err);
    if (status != MESH_OK)
        return status;
    startup->record->pid = (int32_t)startup->process->pid;
    status = server_record_write(startup->store, startup->record, err);
    return status == MESH_OK ? server_process_let_go(startup->process, err) : status;
}

static mesh_status name_record(const struct startup *startup, uint16_t port, mesh_error *err)
{
    struct server_record *record = startup->record;
    char id[ID_SIZE];
    id_new(id);
    free(take(&record->name));
    free(take(&record->url));
    free(take(&record->system_url));
    if (asprintf(&record->name, "agentmesh-local-%.8s", id) < 0)
        record->name = NULL;
    if (asprintf(&record->url, "nats://127.0.0.1:%u", (unsigned)port) < 0)
        record->url = NULL;
    if (asprintf(&record->system_url, "nats://oam-sys:%s@127.0.0.1:%u", startup->password, (unsigned)port) < 0)
        record->system_url = NULL;
    return record->name && record->url && record->system_url ? MESH_OK : no_memory(err);
}

/* MESH_E_EXISTS: the port is taken, or was taken from under us; another may do. */
static mesh_status try_port(const struct startup *startup, uint16_t port, mesh_error *err)
{
    bool is_free = false;
    mesh_status status = port_check(port, &is_free, err);
    if (status == MESH_OK && !is_free)
        return port_is_taken(port, err);

    bool is_first = startup->record->pid == 0;
    auto_fd int log_fd = -1;
    if (status == MESH_OK)
        status = name_record(startup, port, err);
    if (status == MESH_OK)
        status = write_config(startup, port, err);
    if (status == MESH_OK)
        status = server_log_open(startup->log, is_first, &log_fd, err);
    if (status == MESH_OK)
        status = launch(startup, log_fd, err);
    if (status == MESH_OK)
        status = wait_for_answer(startup, port, err);
    if (status != MESH_OK)
        server_process_end(startup->process);
    return status;
}

/* ---- as many as it takes ---- */

/* The wished port; if that may float then the one its clients last knew, then any. */
static mesh_status choose_port(const struct startup *startup, uint16_t last_port, unsigned attempt, uint16_t *ret_port,
                               mesh_error *err)
{
    if (attempt == 0)
        *ret_port = (uint16_t)startup->settings->port;
    else if (attempt == 1 && last_port != 0)
        *ret_port = last_port;
    else
        return port_pick(ret_port, err);
    return MESH_OK;
}

mesh_status startup_run(const struct store *store, const mesh_local_options *settings, uint16_t last_port,
                        struct server_record *record, struct server_process *process, mesh_error *err)
{
    auto_startup struct startup startup = {
        .store = store, .settings = settings, .record = record, .process = process
    };
    unsigned attempts = settings->flags & MESH_LOCAL_FLOAT ? PORTS_TRIED : 1;
    mesh_status status = prepare(&startup, err);
    if (status != MESH_OK)
        return status;

    for (unsigned attempt = 0; attempt < attempts; attempt++) {
        uint16_t port;
        mesh_error_clear(err);
        status = choose_port(&startup, last_port, attempt, &port, err);
        if (status == MESH_OK)
            status = try_port(&startup, port, err);
        if (status != MESH_E_EXISTS)
            break;
    }
    return status;
}
