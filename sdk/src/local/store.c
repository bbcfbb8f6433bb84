/* SPDX-License-Identifier: Apache-2.0 */
#include "local/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#define SYSTEM_STORE "/var/lib/agentmesh/server"
#define RECORD_FILE "server.json"

enum { RECORD_MAX = 64 << 10, LOCK_RETRY_MS = 20 };

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the local server");
}

/* ---- the folder ---- */

static mesh_status default_folder(char **ret_folder, mesh_error *err)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (geteuid() == 0)
        *ret_folder = strdup(SYSTEM_STORE);
    else if (state && state[0] == '/')
        *ret_folder = path_join(state, "agentmesh/server");
    else if (home && home[0] == '/')
        *ret_folder = path_join(home, ".local/state/agentmesh/server");
    else
        return mesh_error_set(err, MESH_E_SYSTEM, "no folder for the local server: set HOME, or name one");
    return *ret_folder ? MESH_OK : no_memory(err);
}

/* Its record tells which process to end and which files to remove: nobody else may have written it. */
static mesh_status check_folder(const char *folder, mesh_error *err)
{
    struct stat st;
    if (stat(folder, &st) < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot open the local server's folder '%s': %s", folder,
                              strerror(errno));
    if (st.st_uid == geteuid() && (st.st_mode & 022) == 0)
        return MESH_OK;
    return mesh_error_set(err, MESH_E_SYSTEM,
                          "the local server's folder '%s' must belong to user %u, and nobody else may write into it",
                          folder, (unsigned)geteuid());
}

mesh_status store_open(const char *folder, bool make, struct store *store, mesh_error *err)
{
    auto_free char *wished = NULL;
    mesh_status status = MESH_OK;
    if (!folder || !*folder)
        status = default_folder(&wished, err);
    else if (!(wished = strdup(folder)))
        status = no_memory(err);
    if (status == MESH_OK && make)
        status = folder_make(wished, 0700, err);
    if (status != MESH_OK)
        return status;

    auto_free char *real = realpath(wished, NULL);
    if (!real) {
        status = errno == ENOENT || errno == ENOTDIR ? MESH_E_NOT_FOUND : MESH_E_SYSTEM;
        return mesh_error_set(err, status, "cannot open the local server's folder '%s': %s", wished, strerror(errno));
    }
    status = check_folder(real, err);
    if (status == MESH_OK)
        store->folder = take(&real);
    return status;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void store_close(struct store *store)
{
    close_fd(&store->owner_fd);
    close_fd(&store->server_fd);
    free(store->folder);
    store->folder = NULL;
}

char *store_path(const struct store *store, const char *name)
{
    return path_join(store->folder, name);
}

/* ---- the locks ---- */

/* *ret_fd becomes -1 if somebody else holds it. */
static mesh_status try_lock(const struct store *store, const char *name, int *ret_fd, mesh_error *err)
{
    auto_free char *path = store_path(store, name);
    if (!path)
        return no_memory(err);
    auto_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot open '%s': %s", path, strerror(errno));

    int refused;
    while ((refused = flock(fd, LOCK_EX | LOCK_NB)) < 0 && errno == EINTR)
        ;
    if (refused && errno != EWOULDBLOCK)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot lock '%s': %s", path, strerror(errno));
    *ret_fd = refused ? -1 : take_fd(&fd);
    return MESH_OK;
}

static bool lives(int32_t pid)
{
    return pid > 0 && kill(pid, 0) == 0;
}

/* Whether the one who holds the owner's lock means to keep it; fills err then. */
static mesh_status refuse_owned(const struct store *store, mesh_error *err)
{
    auto_record struct server_record record = { 0 };
    mesh_status status = server_record_read(store, &record, err);
    bool is_owned = record.url && !record.detached && lives(record.pid) && lives(record.owner);
    if (status != MESH_OK || !is_owned)
        return status;
    return mesh_error_set(err, MESH_E_EXISTS, "the local server over '%s' (process %d at %s) belongs to process %d",
                          store->folder, (int)record.pid, record.url, (int)record.owner);
}

mesh_status store_own(struct store *store, uint64_t deadline, mesh_error *err)
{
    for (;;) {
        mesh_status status = try_lock(store, "owner.lock", &store->owner_fd, err);
        if (status != MESH_OK || store->owner_fd >= 0)
            return status;
        status = refuse_owned(store, err);
        if (status != MESH_OK)
            return status;
        if (clock_left_ms(deadline) == 0)
            return mesh_error_set(err, MESH_E_TIMEOUT,
                                  "another program is still starting or stopping the local server "
                                  "over '%s'",
                                  store->folder);
        poll(NULL, 0, LOCK_RETRY_MS);
    }
}

mesh_status store_lock_server(struct store *store, bool *ret_runs, mesh_error *err)
{
    mesh_status status = MESH_OK;
    if (store->server_fd < 0)
        status = try_lock(store, "server.lock", &store->server_fd, err);
    *ret_runs = store->server_fd < 0;
    return status;
}

void store_unlock_server(struct store *store)
{
    close_fd(&store->server_fd);
}

mesh_status store_lock_monitor(const struct store *store, int *ret_fd, mesh_error *err)
{
    return try_lock(store, "monitor.lock", ret_fd, err);
}

/* ---- the record ---- */

void server_record_clear(struct server_record *record)
{
    free(record->name);
    free(record->url);
    free(record->system_url);
    for (size_t i = 0; i < 2; i++)
        free(record->url_files[i]);
    *record = (struct server_record){ 0 };
}

static char *copy_member(const cJSON *tree, const char *name, bool *ok)
{
    const char *text = json_string(tree, name, NULL);
    char *copy = text ? strdup(text) : NULL;
    *ok = *ok && (!text || copy);
    return copy;
}

static int32_t int_member(const cJSON *tree, const char *name)
{
    const cJSON *number = json_get(tree, name);
    bool is_pid = cJSON_IsNumber(number) && number->valuedouble > 0 && number->valuedouble <= INT32_MAX;
    return is_pid ? (int32_t)number->valuedouble : 0;
}

mesh_status server_record_read(const struct store *store, struct server_record *ret, mesh_error *err)
{
    *ret = (struct server_record){ 0 };
    auto_free char *path = store_path(store, RECORD_FILE);
    auto_buf struct buf text;
    buf_init(&text, RECORD_MAX);
    if (!path)
        return no_memory(err);

    auto_json cJSON *tree = NULL;
    mesh_status status = file_read(path, &text, NULL);
    if (status == MESH_OK)
        status = json_parse(buf_bytes(&text), &tree, NULL);
    if (status != MESH_OK)
        return status == MESH_E_NO_MEMORY ? no_memory(err) : MESH_OK;
    bool ok = true;
    ret->pid = int_member(tree, "pid");
    ret->owner = int_member(tree, "owner");
    ret->monitor = int_member(tree, "monitor");
    ret->detached = json_bool(tree, "detached", false);
    ret->name = copy_member(tree, "name", &ok);
    ret->url = copy_member(tree, "url", &ok);
    ret->system_url = copy_member(tree, "system_url", &ok);
    ret->url_files[0] = copy_member(tree, "runtime_file", &ok);
    ret->url_files[1] = copy_member(tree, "mark_file", &ok);
    return ok ? MESH_OK : no_memory(err);
}

static bool add_text(cJSON *tree, const char *name, const char *text)
{
    return !text || cJSON_AddStringToObject(tree, name, text);
}

static bool add_int(cJSON *tree, const char *name, int32_t number)
{
    return cJSON_AddNumberToObject(tree, name, number) != NULL;
}

mesh_status server_record_write(const struct store *store, const struct server_record *record, mesh_error *err)
{
    auto_free char *path = store_path(store, RECORD_FILE);
    auto_json cJSON *tree = cJSON_CreateObject();
    bool ok = path && tree && add_int(tree, "pid", record->pid) && add_int(tree, "owner", record->owner) &&
              add_int(tree, "monitor", record->monitor) && add_text(tree, "system_url", record->system_url) &&
              cJSON_AddBoolToObject(tree, "detached", record->detached) && add_text(tree, "name", record->name) &&
              add_text(tree, "url", record->url) && add_text(tree, "runtime_file", record->url_files[0]) &&
              add_text(tree, "mark_file", record->url_files[1]);
    if (!ok)
        return no_memory(err);

    auto_buf struct buf text;
    buf_init(&text, RECORD_MAX);
    json_print(&text, tree);
    mesh_status status = buf_error(&text, err);
    return status == MESH_OK ? file_replace(path, 0600, buf_bytes(&text), err) : status;
}

void server_record_retire(const struct store *store, const struct server_record *record)
{
    const struct server_record retired = { .url = record->url };
    auto_free char *path = store_path(store, RECORD_FILE);
    /* A record that says too much would be worse than none. */
    if (server_record_write(store, &retired, NULL) != MESH_OK && path)
        unlink(path);
}
