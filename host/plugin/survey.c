/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the plugins folders at one moment. */
#include "plugin/survey.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "config.h"

#define SUFFIX ".so"

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
}

static int64_t in_ns(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return in_ns(&now);
}

/* Everything that is written before it gets its name (.x.so, x.so~, x.so.tmp, x.so.part, x.so.dpkg-new, x.so.rpmnew)
 * begins with a dot or does not end in .so. */
bool survey_ignores(const char *file_name)
{
    size_t len = strlen(file_name), suffix = strlen(SUFFIX);
    return file_name[0] == '.' || len <= suffix || strcmp(file_name + len - suffix, SUFFIX) != 0;
}

bool file_state_same(const struct file_state *a, const struct file_state *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- what has been seen ---- */

/* Takes the path. hidden_by: NULL if its name is what is wrong. */
static mesh_status add_stray(struct survey *survey, char *path, const char *hidden_by, mesh_error *err)
{
    struct stray *strays = reallocarray(survey->strays, survey->stray_count + 1, sizeof(*strays));
    if (!strays)
        return no_memory(err);
    survey->strays = strays;
    struct stray *stray = &strays[survey->stray_count];
    int len = hidden_by ? asprintf(&stray->reason, "hidden by '%s'", hidden_by)
                        : asprintf(&stray->reason, "a plugin's name has 1 to 64 letters, digits, '.', '_' and '-'");
    if (len < 0)
        return no_memory(err);
    stray->path = path;
    stray->is_hidden = hidden_by;
    survey->stray_count++;
    return MESH_OK;
}

static struct sighting *find(const struct survey *survey, const char *name)
{
    for (size_t i = 0; i < survey->count; i++) {
        if (strcmp(survey->sightings[i].name, name) == 0)
            return &survey->sightings[i];
    }
    return NULL;
}

const struct sighting *survey_find(const struct survey *survey, const char *name)
{
    return find(survey, name);
}

/* Takes what is inside the sighting. One of the same name in an earlier folder becomes a stray. */
static mesh_status add_sighting(struct survey *survey, struct sighting *seen, mesh_error *err)
{
    struct sighting *before = find(survey, seen->name);
    if (before) {
        mesh_status status = add_stray(survey, before->path, seen->path, err);
        if (status != MESH_OK)
            return status;
        free(before->name);
        *before = *seen;
        return MESH_OK;
    }
    struct sighting *sightings = reallocarray(survey->sightings, survey->count + 1, sizeof(*sightings));
    if (!sightings)
        return no_memory(err);
    survey->sightings = sightings;
    sightings[survey->count++] = *seen;
    return MESH_OK;
}

/* ---- looking ---- */

static void look(int folder, const struct stat *folder_stat, const char *file_name, struct file_state *ret_state)
{
    struct stat stat;
    struct file_state state = {
        .folder_device = folder_stat->st_dev,
        .folder_inode = folder_stat->st_ino,
        .folder_mode = folder_stat->st_mode,
        .folder_user = folder_stat->st_uid,
        .folder_group = folder_stat->st_gid,
    };
    if (fstatat(folder, file_name, &stat, 0) != 0) {
        state.problem = errno;
    } else {
        state.device = stat.st_dev;
        state.inode = stat.st_ino;
        state.size = stat.st_size;
        state.mtime_ns = in_ns(&stat.st_mtim);
        state.ctime_ns = in_ns(&stat.st_ctim);
        state.mode = stat.st_mode;
        state.user = stat.st_uid;
        state.group = stat.st_gid;
    }
    *ret_state = state;
}

static mesh_status see(struct survey *survey, size_t folder, const char *path, const char *file_name,
                       const struct file_state *state, int64_t rested_before_ns, mesh_error *err)
{
    auto_free char *full = path_join(path, file_name);
    auto_free char *name = strndup(file_name, strlen(file_name) - strlen(SUFFIX));
    if (!full || !name)
        return no_memory(err);
    mesh_status status;
    if (!config_plugin_name_is_valid(name)) {
        status = add_stray(survey, full, NULL, err);
        if (status == MESH_OK)
            take(&full);
        return status;
    }
    struct sighting seen = { name, full, folder, *state, state->ctime_ns <= rested_before_ns };
    status = add_sighting(survey, &seen, err);
    if (status == MESH_OK) {
        take(&full);
        take(&name);
    }
    return status;
}

static mesh_status look_into(struct survey *survey, size_t folder, const char *path, const char *only,
                             int64_t rested_before_ns, mesh_error *err)
{
    DIR *entries = opendir(path);
    struct stat stat;
    if (!entries)
        return MESH_OK;
    mesh_status status = MESH_OK;
    if (fstat(dirfd(entries), &stat) == 0)
        survey->folders[folder] = (struct folder_sight){ true, stat.st_dev, stat.st_ino };
    else
        status = mesh_error_set(err, MESH_E_SYSTEM, "cannot look at '%s': %s", path, strerror(errno));
    for (const struct dirent *entry; status == MESH_OK && (entry = readdir(entries));) {
        if (survey_ignores(entry->d_name) || (only && strcmp(entry->d_name, only) != 0))
            continue;
        struct file_state state;
        look(dirfd(entries), &stat, entry->d_name, &state);
        if (state.problem != ENOENT || faccessat(dirfd(entries), entry->d_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            status = see(survey, folder, path, entry->d_name, &state, rested_before_ns, err);
    }
    closedir(entries);
    return status;
}

static struct survey *survey_new(const char *const *folders)
{
    size_t count = 0;
    while (folders[count])
        count++;
    struct survey *survey = calloc(1, sizeof(*survey));
    if (!survey)
        return NULL;
    survey->folders = calloc(count + 1, sizeof(*survey->folders));
    survey->folder_count = count;
    return survey->folders ? survey : survey_free(survey);
}

static int by_folder_and_name(const void *left, const void *right)
{
    const struct sighting *a = left, *b = right;
    if (a->folder != b->folder)
        return a->folder < b->folder ? -1 : 1;
    return strcmp(a->name, b->name);
}

mesh_status survey_take(const char *const *folders, const char *only, uint32_t settle_ms, struct survey **ret_survey,
                        mesh_error *err)
{
    struct survey *survey = survey_new(folders);
    if (!survey)
        return no_memory(err);
    int64_t rested_before_ns = now_ns() - (int64_t)settle_ms * 1000000;
    for (size_t i = 0; i < survey->folder_count; i++) {
        mesh_status status = look_into(survey, i, folders[i], only, rested_before_ns, err);
        if (status != MESH_OK) {
            survey_free(survey);
            return status;
        }
    }
    if (survey->count > 0)
        qsort(survey->sightings, survey->count, sizeof(*survey->sightings), by_folder_and_name);
    *ret_survey = survey;
    return MESH_OK;
}

struct survey *survey_free(struct survey *survey)
{
    if (!survey)
        return NULL;
    for (size_t i = 0; i < survey->count; i++) {
        free(survey->sightings[i].name);
        free(survey->sightings[i].path);
    }
    for (size_t i = 0; i < survey->stray_count; i++) {
        free(survey->strays[i].path);
        free(survey->strays[i].reason);
    }
    free(survey->sightings);
    free(survey->strays);
    free(survey->folders);
    free(survey);
    return NULL;
}
