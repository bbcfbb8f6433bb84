/* SPDX-License-Identifier: Apache-2.0 */
/* What the state folder remembers of one plugin. */
#include "plugin/record.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"

enum {
    RECORD_MAX = 256 << 10,
    REASON_MAX = 1000 /* so that a record with all that it can hold can be read again */
};

#define SUFFIX ".json"
#define COPY ".so"

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
}

/* Where a plugin's record is, to free(); NULL: no memory. */
static char *path_of(const char *folder, const char *plugin)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s" SUFFIX, folder, plugin) < 0 ? NULL : path;
}

/* And the copy of a version. It bears the hash, so that record and copies agree whenever the host is killed. */
static char *copy_of(const char *folder, const char *plugin, const char *hash)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s@%s.so", folder, plugin, hash) < 0 ? NULL : path;
}

static void good_clear(struct good *good)
{
    free(good->version);
    *good = (struct good){ 0 };
}

void record_clear(struct record *record)
{
    good_clear(&record->good);
    good_clear(&record->previous);
    for (size_t i = 0; i < record->aside_count; i++)
        free(record->asides[i].reason);
    *record = (struct record){ 0 };
}

/* ---- what was set aside ---- */

/* Its index; aside_count: there is none. */
static size_t find_aside(const struct record *record, const char *hash)
{
    size_t index = 0;
    while (index < record->aside_count && strcmp(record->asides[index].hash, hash) != 0)
        index++;
    return index;
}

const char *record_why_aside(const struct record *record, const char *hash)
{
    size_t index = find_aside(record, hash);
    return index < record->aside_count ? record->asides[index].reason : NULL;
}

static void remove_aside(struct record *record, size_t index)
{
    struct aside *aside = &record->asides[index];
    free(aside->reason);
    record->aside_count--;
    memmove(aside, aside + 1, (record->aside_count - index) * sizeof(*aside));
}

void record_forgive(struct record *record, const char *hash)
{
    size_t index = find_aside(record, hash);
    if (index < record->aside_count)
        remove_aside(record, index);
}

static bool add_aside(struct record *record, const char *hash, const char *at, const char *reason)
{
    char *copy = strndup(reason, REASON_MAX);
    if (!copy)
        return false;
    record_forgive(record, hash);
    if (record->aside_count == RECORD_ASIDE_MAX)
        remove_aside(record, 0);
    struct aside *aside = &record->asides[record->aside_count++];
    snprintf(aside->hash, sizeof(aside->hash), "%s", hash);
    snprintf(aside->at, sizeof(aside->at), "%s", at);
    aside->reason = copy;
    return true;
}

bool record_set_aside(struct record *record, const char *hash, const char *reason)
{
    char now[CLOCK_STAMP_SIZE];
    clock_stamp(now);
    return add_aside(record, hash, now, reason);
}

static bool can_stand_in(const struct record *record, const struct good *good)
{
    return good->hash[0] && !record_why_aside(record, good->hash);
}

static bool is_good(const struct record *record, const char *hash)
{
    return strcmp(record->good.hash, hash) == 0;
}

bool record_crashed(struct record *record, const char *hash, const char *reason, int64_t now_seconds)
{
    bool is_again =
        strcmp(record->crashed_hash, hash) == 0 && record->crashed_at >= now_seconds - RECORD_CRASHES_SECONDS;
    bool has_other = is_good(record, hash) ? can_stand_in(record, &record->previous) : true;
    record->crashes = is_again ? record->crashes + 1 : 1;
    record->crashed_at = now_seconds;
    snprintf(record->crashed_hash, sizeof(record->crashed_hash), "%s", hash);
    if (!has_other && record->crashes < RECORD_CRASHES_MAX)
        return false;
    return record_set_aside(record, hash, reason);
}

/* ---- reading ---- */

/* Names of files are made of it: NULL if there is none that can be one. */
static const char *hash_in(const cJSON *tree)
{
    const char *hash = json_string(tree, "sha256", "");
    size_t len = strspn(hash, "0123456789abcdef");
    return len > 0 && len < IMAGE_HASH_SIZE && !hash[len] ? hash : NULL;
}

static mesh_status read_good(struct good *good, const cJSON *tree, mesh_error *err)
{
    const char *hash = hash_in(tree);
    if (!hash)
        return MESH_OK;
    good->version = strdup(json_string(tree, "version", ""));
    if (!good->version)
        return no_memory(err);
    snprintf(good->hash, sizeof(good->hash), "%s", hash);
    snprintf(good->at, sizeof(good->at), "%s", json_string(tree, "at", ""));
    return MESH_OK;
}

static mesh_status read_tree(struct record *record, const cJSON *tree, mesh_error *err)
{
    record->is_disabled = json_bool(tree, "disabled", false);
    const cJSON *crash = json_get(tree, "crash");
    const char *crashed = hash_in(crash);
    snprintf(record->crashed_hash, sizeof(record->crashed_hash), "%s", crashed ? crashed : "");
    record->crashed_at = json_int(crash, "seconds", 0);
    record->crashes = (uint32_t)json_int(crash, "count", 0);
    mesh_status status = read_good(&record->good, json_get(tree, "good"), err);
    if (status == MESH_OK)
        status = read_good(&record->previous, json_get(tree, "previous"), err);
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(tree, "aside"))
    {
        const char *hash = hash_in(item);
        if (hash && !add_aside(record, hash, json_string(item, "at", ""), json_string(item, "reason", "")))
            return no_memory(err);
    }
    return status;
}

mesh_status record_read(const char *folder, const char *plugin, struct record *ret_record, mesh_error *err)
{
    *ret_record = (struct record){ 0 };
    auto_free char *path = path_of(folder, plugin);
    auto_buf struct buf text;
    buf_init(&text, RECORD_MAX);
    mesh_status status = path ? file_read(path, &text, err) : no_memory(err);
    if (status != MESH_OK)
        return status == MESH_E_NOT_FOUND ? MESH_OK : status;

    auto_json cJSON *tree = NULL;
    status = json_parse(buf_bytes(&text), &tree, err);
    if (status != MESH_OK)
        return status == MESH_E_NO_MEMORY ? status : mesh_error_prefix(err, MESH_E_DATA, "'%s' is damaged", path);
    status = read_tree(ret_record, tree, err);
    if (status != MESH_OK)
        record_clear(ret_record);
    return status;
}

/* ---- writing ---- */

static void put_good(struct buf *out, const char *name, const struct good *good)
{
    if (!good->hash[0])
        return;
    buf_printf(out, "  \"%s\": ", name);
    json_put_string(out, "{\"sha256\": ", good->hash);
    json_put_string(out, ", \"version\": ", good->version);
    json_put_string(out, ", \"at\": ", good->at);
    buf_puts(out, "},\n");
}

static void put_asides(struct buf *out, const struct record *record)
{
    buf_puts(out, "  \"aside\": [");
    for (size_t i = 0; i < record->aside_count; i++) {
        json_put_string(out, i > 0 ? ",\n    {\"sha256\": " : "\n    {\"sha256\": ", record->asides[i].hash);
        json_put_string(out, ", \"at\": ", record->asides[i].at);
        json_put_string(out, ", \"reason\": ", record->asides[i].reason);
        buf_puts(out, "}");
    }
    buf_puts(out, "],\n");
}

static void put_crash(struct buf *out, const struct record *record)
{
    if (!record->crashed_hash[0])
        return;
    json_put_string(out, "  \"crash\": {\"sha256\": ", record->crashed_hash);
    buf_printf(out, ", \"seconds\": %jd, \"count\": %u},\n", (intmax_t)record->crashed_at, record->crashes);
}

static bool is_empty(const struct record *record)
{
    return !record->good.hash[0] && !record->previous.hash[0] && record->aside_count == 0 && !record->crashed_hash[0] &&
           !record->is_disabled;
}

mesh_status record_write(const char *folder, const char *plugin, const struct record *record, mesh_error *err)
{
    auto_free char *path = path_of(folder, plugin);
    if (!path)
        return no_memory(err);
    if (is_empty(record)) {
        unlink(path);
        return MESH_OK;
    }
    auto_buf struct buf text;
    buf_init(&text, RECORD_MAX);
    buf_puts(&text, "{\n");
    put_good(&text, "good", &record->good);
    put_good(&text, "previous", &record->previous);
    put_crash(&text, record);
    put_asides(&text, record);
    buf_printf(&text, "  \"disabled\": %s\n}\n", record->is_disabled ? "true" : "false");
    if (buf_failed(&text))
        return buf_error(&text, err);
    return file_replace(path, 0600, buf_bytes(&text), err);
}

/* ---- the good copies ---- */

static mesh_status keep_copy(const char *folder, const char *plugin, const struct image *image, mesh_error *err)
{
    auto_free char *path = copy_of(folder, plugin, image->hash);
    if (!path)
        return no_memory(err);
    unlink(path);
    if (link(image->path, path) == 0)
        return MESH_OK;
    return mesh_error_set(err, MESH_E_SYSTEM, "cannot keep '%s' as '%s': %s", image->path, path, strerror(errno));
}

/* Remove the copy of a version that is neither the good one nor the previous one. */
static void drop_copy(const char *folder, const char *plugin, const struct record *record, const char *hash)
{
    if (!hash[0] || is_good(record, hash) || strcmp(record->previous.hash, hash) == 0)
        return;
    auto_free char *path = copy_of(folder, plugin, hash);
    if (path)
        unlink(path);
}

mesh_status record_keep(const char *folder, const char *plugin, struct record *record, const struct image *image,
                        const char *version, mesh_error *err)
{
    if (is_good(record, image->hash))
        return MESH_OK;
    char *name = strdup(version ? version : "");
    mesh_status status = name ? keep_copy(folder, plugin, image, err) : no_memory(err);
    if (status != MESH_OK) {
        free(name);
        return status;
    }
    struct good oldest = record->previous;
    record->previous = record->good;
    record->good = (struct good){ .version = name };
    memcpy(record->good.hash, image->hash, sizeof(record->good.hash));
    clock_stamp(record->good.at);
    drop_copy(folder, plugin, record, oldest.hash);
    good_clear(&oldest);
    return MESH_OK;
}

/* The copy of a version if it is there and may be served. */
static char *stand_in(const char *folder, const char *plugin, const struct record *record, const struct good *good)
{
    auto_free char *path = can_stand_in(record, good) ? copy_of(folder, plugin, good->hash) : NULL;
    return path && access(path, R_OK) == 0 ? take(&path) : NULL;
}

char *record_stand_in(const char *folder, const char *plugin, const struct record *record)
{
    char *path = stand_in(folder, plugin, record, &record->good);
    return path ? path : stand_in(folder, plugin, record, &record->previous);
}

mesh_status record_release(const char *folder, const char *plugin, struct record *record, mesh_error *err)
{
    struct good good = record->good, previous = record->previous;
    record->good = record->previous = (struct good){ 0 };
    drop_copy(folder, plugin, record, good.hash);
    drop_copy(folder, plugin, record, previous.hash);
    good_clear(&good);
    good_clear(&previous);
    return record_write(folder, plugin, record, err);
}

mesh_status record_each(const char *folder, void (*visit)(void *closure, const char *plugin), void *closure,
                        mesh_error *err)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot read '%s': %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(entries));) {
        size_t len = strlen(entry->d_name), suffix = strlen(SUFFIX);
        if (len <= suffix || strcmp(entry->d_name + len - suffix, SUFFIX) != 0)
            continue;
        entry->d_name[len - suffix] = '\0';
        visit(closure, entry->d_name);
    }
    closedir(entries);
    return MESH_OK;
}

/* Whether a copy "NAME@HASH.so" is one that its record names. Cuts the name. */
static bool is_named(const char *folder, char *file)
{
    char *at = strchr(file, '@');
    char *end = at ? strstr(at, COPY) : NULL;
    struct record record;
    if (!end || end[strlen(COPY)])
        return false;
    *at = *end = '\0';
    bool is_known = record_read(folder, file, &record, NULL) != MESH_OK || /* what cannot be read is not judged */
                    strcmp(record.good.hash, at + 1) == 0 || strcmp(record.previous.hash, at + 1) == 0;
    record_clear(&record);
    return is_known;
}

void record_tidy(const char *folder)
{
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        char name[sizeof(entry->d_name)];
        size_t len = strlen(entry->d_name), suffix = strlen(SUFFIX);
        bool is_record = len > suffix && strcmp(entry->d_name + len - suffix, SUFFIX) == 0;
        memcpy(name, entry->d_name, len + 1);
        if (entry->d_name[0] != '.' && !is_record && !is_named(folder, name))
            unlinkat(dirfd(entries), entry->d_name, 0);
    }
    if (entries)
        closedir(entries);
}
