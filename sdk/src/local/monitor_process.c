/* SPDX-License-Identifier: Apache-2.0 */
#include "local/monitor_process.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/program.h"
#include "local/server_log.h"
#include "local/server_process.h"

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the health monitor");
}

/* Its pid is on record before it does anything, like the server's. */
static mesh_status launch(const struct store *store, const char *program, int log_fd, int lock_fd,
                          struct server_record *record, mesh_error *err)
{
    char command[] = "monitor", option[] = "--store";
    char *const arguments[] = { (char *)program, command, option, store->folder, NULL };
    const struct server_launch wanted = {
        .program = program, .arguments = arguments, .log_fd = log_fd, .lock_fd = lock_fd, .detached = true
    };
    struct server_process process = SERVER_PROCESS_INIT;
    mesh_status status = server_process_launch(&wanted, &process, err);
    if (status != MESH_OK)
        return status;
    record->monitor = (int32_t)process.pid;
    status = server_record_write(store, record, err);
    if (status == MESH_OK)
        status = server_process_let_go(&process, err);
    if (status == MESH_OK)
        server_process_leave(&process);
    else
        server_process_end(&process);
    return status;
}

mesh_status monitor_process_start(const struct store *store, const char *program, struct server_record *record,
                                  mesh_error *err)
{
    auto_free char *found = program ? strdup(program) : program_find("agentmesh", NULL);
    auto_free char *log = store_path(store, "monitor.log");
    auto_fd int log_fd = -1, lock_fd = -1;
    if (!found && !program)
        return MESH_OK;
    if (!found || !log)
        return no_memory(err);
    mesh_status status = store_lock_monitor(store, &lock_fd, err);
    if (status == MESH_OK && lock_fd < 0)
        status = mesh_error_set(err, MESH_E_EXISTS, "a health monitor over '%s' does not end", store->folder);
    if (status == MESH_OK)
        status = server_log_open(log, true, &log_fd, err);
    if (status == MESH_OK)
        status = launch(store, found, log_fd, lock_fd, record, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "the health monitor '%s'", found);
}

/* The lock still being held after the pid was taken up proves that it is no other process' by now. */
void monitor_process_end(const struct store *store, const struct server_record *record)
{
    struct server_process process = SERVER_PROCESS_INIT;
    auto_fd int lock_fd = -1;
    if (record->monitor <= 0)
        return;
    server_process_adopt(record->monitor, &process);
    bool runs = store_lock_monitor(store, &lock_fd, NULL) == MESH_OK && lock_fd < 0;
    if (runs)
        server_process_end(&process);
    else
        server_process_leave(&process);
}
