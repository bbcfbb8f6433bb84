/* SPDX-License-Identifier: Apache-2.0 */
#include "client/locate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/client.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/runtime_folder.h"
#include "wire/oam_url.h"

#define URL_FILE ".oam-url"
#define DEFAULT_URL "nats://localhost:4222"

enum { URL_FILE_MAX = 64 << 10 };

struct mesh_location {
    char *url, *origin;
};

#define auto_location __attribute__((cleanup(location_cleanup)))
#define auto_oam_url __attribute__((cleanup(oam_url_clear)))

static void location_cleanup(mesh_location **slot)
{
    mesh_location_free(*slot);
}

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to find the mesh");
}

/* Cut the last part off an absolute path; false: it was the root already. */
static bool go_up(char *folder)
{
    char *slash = strrchr(folder, '/');
    if (!slash || slash[1] == '\0')
        return false;
    slash[slash == folder] = '\0';
    return true;
}

/* The nearest file from the working directory up; *ret_path NULL if there is none. */
static mesh_status find_nearest(char **ret_path, mesh_error *err)
{
    *ret_path = NULL;
    auto_free char *folder = getcwd(NULL, 0);
    if (!folder)
        return MESH_OK; /* a working directory that was removed has nothing above it either */
    do {
        auto_free char *path = path_join(folder, URL_FILE);
        if (!path)
            return no_memory(err);
        if (file_is_regular(path)) {
            *ret_path = take(&path);
            return MESH_OK;
        }
    } while (go_up(folder));
    return MESH_OK;
}

static mesh_status read_url_file(const char *path, struct oam_url *ret, mesh_error *err)
{
    auto_buf struct buf text;
    buf_init(&text, URL_FILE_MAX);
    mesh_status status = file_read(path, &text, err);
    if (status != MESH_OK)
        return status;
    return oam_url_read(buf_bytes(&text), ret) ? MESH_OK : no_memory(err);
}

/* ---- the URL ---- */

static mesh_status location_new(const char *url, const char *origin, mesh_location **ret_location, mesh_error *err)
{
    auto_location mesh_location *location = calloc(1, sizeof(*location));
    if (!location)
        return no_memory(err);
    location->url = strdup(url);
    location->origin = strdup(origin);
    if (!location->url || !location->origin)
        return no_memory(err);
    *ret_location = take(&location);
    return MESH_OK;
}

/* Leaves *ret_location alone if there is no file, or it names no URL. */
static mesh_status location_from_file(const char *path, mesh_location **ret_location, mesh_error *err)
{
    auto_oam_url struct oam_url named = { NULL, NULL };
    mesh_status status = read_url_file(path, &named, err);
    if (status == MESH_E_NOT_FOUND) {
        mesh_error_clear(err);
        return MESH_OK;
    }
    if (status != MESH_OK || !named.url || !*named.url)
        return status;
    return location_new(named.url, path, ret_location, err);
}

static mesh_status location_from_nearest(mesh_location **ret_location, mesh_error *err)
{
    auto_free char *path = NULL;
    mesh_status status = find_nearest(&path, err);
    if (status != MESH_OK || !path)
        return status;
    return location_from_file(path, ret_location, err);
}

static mesh_status location_from_folder(const char *folder, mesh_location **ret_location, mesh_error *err)
{
    auto_free char *path = path_join(folder, RUNTIME_URL_FILE);
    if (!path)
        return no_memory(err);
    return location_from_file(path, ret_location, err);
}

static mesh_status location_from_runtime(mesh_location **ret_location, mesh_error *err)
{
    char *folders[RUNTIME_FOLDERS_MAX];
    mesh_status status = runtime_folders(folders, err);
    if (status != MESH_OK)
        return status;
    for (size_t i = 0; i < RUNTIME_FOLDERS_MAX; i++) {
        if (status == MESH_OK && folders[i] && !*ret_location)
            status = location_from_folder(folders[i], ret_location, err);
        free(folders[i]);
    }
    return status;
}

mesh_status mesh_location_find(const char *url, mesh_location **ret_location, mesh_error *err)
{
    if (url && *url)
        return location_new(url, "--url", ret_location, err);
    const char *named = getenv("OAM_URL");
    if (named && *named)
        return location_new(named, "OAM_URL", ret_location, err);

    auto_location mesh_location *found = NULL;
    mesh_status status = location_from_nearest(&found, err);
    if (status == MESH_OK && !found)
        status = location_from_runtime(&found, err);
    if (status == MESH_OK && !found)
        status = location_new(DEFAULT_URL, "the default", &found, err);
    if (status == MESH_OK)
        *ret_location = take(&found);
    return status;
}

const char *mesh_location_url(const mesh_location *location)
{
    return location->url;
}

const char *mesh_location_origin(const mesh_location *location)
{
    return location->origin;
}

mesh_location *mesh_location_free(mesh_location *location)
{
    if (location) {
        free(location->url);
        free(location->origin);
        free(location);
    }
    return NULL;
}

/* ---- the credentials ---- */

/* Relative paths in a file are meant from where the file stands. NULL: no memory. */
static char *beside(const char *file, const char *path)
{
    if (path[0] == '/')
        return strdup(path);
    auto_free char *folder = strdup(file);
    if (!folder)
        return NULL;
    go_up(folder);
    return path_join(folder, path);
}

static mesh_status credentials_from_nearest(char **ret_path, mesh_error *err)
{
    auto_free char *file = NULL;
    auto_oam_url struct oam_url named = { NULL, NULL };
    mesh_status status = find_nearest(&file, err);
    if (status == MESH_OK && file)
        status = read_url_file(file, &named, err);
    if (status != MESH_OK || !named.creds || !*named.creds)
        return status;
    *ret_path = beside(file, named.creds);
    return *ret_path ? MESH_OK : no_memory(err);
}

static mesh_status credentials_find(const char *explicit_path, char **ret_path, mesh_error *err)
{
    const char *named = explicit_path && *explicit_path ? explicit_path : getenv("OAM_CREDS");
    if (!named || !*named)
        return credentials_from_nearest(ret_path, err);
    *ret_path = strdup(named);
    return *ret_path ? MESH_OK : no_memory(err);
}

mesh_status locate_credentials(const char *explicit_path, char **ret_path, mesh_error *err)
{
    auto_free char *path = NULL;
    mesh_status status = credentials_find(explicit_path, &path, err);
    if (status != MESH_OK)
        return status;
    if (path && !file_is_regular(path))
        return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "Credentials file not found: %s", path);
    *ret_path = take(&path);
    return MESH_OK;
}
