/* SPDX-License-Identifier: Apache-2.0 */
#include "local/url_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/runtime_folder.h"
#include "wire/oam_url.h"

#define MARK_FILE ".oam-url"

enum { URL_FILE_MAX = 64 << 10 };

#define auto_oam_url __attribute__((cleanup(oam_url_clear)))

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the local server's URL");
}

mesh_status url_file_runtime_path(char **ret_path, mesh_error *err)
{
    auto_free char *folder = NULL;
    mesh_status status = runtime_folder_make(&folder, err);
    if (status != MESH_OK)
        return status;
    *ret_path = path_join(folder, RUNTIME_URL_FILE);
    return *ret_path ? MESH_OK : no_memory(err);
}

static mesh_status read_url(const char *path, struct oam_url *ret, mesh_error *err)
{
    auto_buf struct buf text;
    buf_init(&text, URL_FILE_MAX);
    mesh_status status = file_read(path, &text, err);
    if (status != MESH_OK)
        return status;
    return oam_url_read(buf_bytes(&text), ret) ? MESH_OK : no_memory(err);
}

static bool names_this_machine(const char *url)
{
    static const char *const local[] = { "nats://127.0.0.1:", "nats://localhost:" };
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        if (strncmp(url, local[i], strlen(local[i])) == 0)
            return true;
    return false;
}

/* Fails also where the file cannot be read: then nobody can say whose it is. */
static mesh_status check_replaceable(const char *path, mesh_error *err)
{
    auto_oam_url struct oam_url named = { NULL, NULL };
    mesh_status status = read_url(path, &named, err);
    if (status == MESH_E_NOT_FOUND) {
        mesh_error_clear(err);
        return MESH_OK;
    }
    if (status != MESH_OK || (!named.creds && (!named.url || names_this_machine(named.url))))
        return status;
    return mesh_error_set(err, MESH_E_EXISTS, "'%s' names another mesh already: remove it, or work in another folder",
                          path);
}

mesh_status url_file_mark_path(char **ret_path, mesh_error *err)
{
    auto_free char *folder = getcwd(NULL, 0);
    if (!folder)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot write " MARK_FILE " into the working directory: %s",
                              strerror(errno));
    auto_free char *path = path_join(folder, MARK_FILE);
    if (!path)
        return no_memory(err);
    mesh_status status = check_replaceable(path, err);
    if (status == MESH_OK)
        *ret_path = take(&path);
    return status;
}

mesh_status url_file_write(const char *path, const char *url, mesh_error *err)
{
    auto_buf struct buf text;
    buf_init(&text, URL_FILE_MAX);
    oam_url_write(&text, url, NULL);
    mesh_status status = buf_error(&text, err);
    return status == MESH_OK ? file_replace(path, 0644, buf_bytes(&text), err) : status;
}

void url_file_remove(const char *path, const char *url)
{
    auto_oam_url struct oam_url named = { NULL, NULL };
    if (!path || !url || read_url(path, &named, NULL) != MESH_OK)
        return;
    if (named.url && strcmp(named.url, url) == 0)
        unlink(path);
}
