/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a host remembers from one start to the next: a plugin's record, and the record of a crash. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "config.h"
#include "fuzz.h"
#include "plugin/crash.h"
#include "plugin/record.h"

static char folder[] = "/dev/shm/agentmesh-fuzz-XXXXXX";

static void remove_folder(void)
{
    static const char *const names[] = { "echo.json", "crash" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        auto_free char *path = path_join(folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void make_folder(void)
{
    static bool is_made;
    if (is_made)
        return;
    must(mkdtemp(folder));
    atexit(remove_folder);
    is_made = true;
}

static void put(const char *name, const uint8_t *data, size_t size)
{
    auto_free char *path = path_join(folder, name);
    must(file_replace(path, 0600, mesh_bytes_of(data, size), NULL) == MESH_OK);
}

static void must_be_name(const char *hash)
{
    must(strspn(hash, "0123456789abcdef") == strlen(hash));
}

/* What has been read is written so that it reads back as the same. */
static void must_last(const struct record *record)
{
    struct record again;
    must(record_write(folder, "echo", record, NULL) == MESH_OK);
    must(record_read(folder, "echo", &again, NULL) == MESH_OK);
    must(strcmp(again.good.hash, record->good.hash) == 0 && strcmp(again.previous.hash, record->previous.hash) == 0);
    must(strcmp(again.crashed_hash, record->crashed_hash) == 0 && again.aside_count == record->aside_count);
    must(again.is_disabled == record->is_disabled);
    record_clear(&again);
}

static void read_record(const uint8_t *data, size_t size)
{
    struct record record;
    put("echo.json", data, size);
    if (record_read(folder, "echo", &record, NULL) == MESH_OK) {
        must_be_name(record.good.hash);
        must_be_name(record.previous.hash);
        must_last(&record);
        record_crashed(&record, "aa", "harm", 1700000000);
        must_last(&record);
    }
    record_clear(&record);
}

static void read_crash(const uint8_t *data, size_t size)
{
    struct crash crash;
    put("crash", data, size);
    if (!crash_read(folder, &crash) || !crash.plugin[0])
        return;
    must(config_plugin_name_is_valid(crash.plugin));
    must(strlen(crash.hash) == IMAGE_HASH_SIZE - 1);
    must_be_name(crash.hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_folder();
    read_record(data, size);
    read_crash(data, size);
    return 0;
}
