/* SPDX-License-Identifier: Apache-2.0 */
/* What records and settings do when memory runs out: each allocation fails once. */
#include <string.h>

#include "base/cleanup.h"
#include "folder.h"
#include "plugin/record.h"
#include "plugin/settings.h"
#include "suite.h"
#include "torture.h"

/* glibc's own realloc() inside it would not pass through torture. */
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    return __wrap_realloc(memory, count * size);
}

static const char *folder, *image_path;

/* Whether it succeeded; it must have, or have told that memory ran out. */
static bool succeeded(mesh_status status)
{
    if (status != MESH_OK)
        expect_int(status, MESH_E_NO_MEMORY);
    return status == MESH_OK;
}

/* What did not get in has left no trace: a record is whole at every moment. */
static bool fill(struct record *record)
{
    struct image first = { .path = (char *)image_path, .hash = "aa" }, second = { .path = first.path, .hash = "bb" };
    size_t before = record->aside_count;
    if (!record_set_aside(record, "cc", "harm")) {
        expect_int(record->aside_count, before);
        return false;
    }
    return succeeded(record_keep(folder, "echo", record, &first, "1", NULL)) &&
           succeeded(record_keep(folder, "echo", record, &second, "2", NULL)) &&
           succeeded(record_write(folder, "echo", record, NULL));
}

static bool keep_and_remember(void)
{
    struct record written = { 0 }, read = { 0 };
    bool is_done = fill(&written);
    if (is_done && (is_done = succeeded(record_read(folder, "echo", &read, NULL)))) {
        expect_str(read.good.hash, "bb");
        expect_str(read.previous.version, "1");
        expect_str(record_why_aside(&read, "cc"), "harm");
        auto_free char *copy = record_stand_in(folder, "echo", &read);
        is_done = copy && succeeded(record_release(folder, "echo", &read, NULL));
    }
    record_clear(&written);
    record_clear(&read);
    return is_done;
}

static void keeping_and_remembering_a_version(void)
{
    auto_folder char *own = folder_new();
    auto_free char *path = folder_path(own, "image.so");
    folder_write(own, "image.so", "code");
    folder = own;
    image_path = path;
    torture(keep_and_remember);
}

static const char *const colours[] = { "red", "green", NULL };
static const mesh_setting_spec greeting = MESH_SETTING("greeting", "hello", "What to say.");
static const mesh_setting_spec door = MESH_SETTING_REQUIRED("door", "Where to knock.");
static const mesh_setting_spec times = MESH_SETTING_RANGE("times", MESH_SETTING_NUMBER, "3", -5, 10, "How often.");
static const mesh_setting_spec colour = { sizeof(mesh_setting_spec), "colour", NULL, "Of the door.", colours, 0, 0,
                                          MESH_SETTING_CHOICE,       0 };
static const mesh_setting_spec *const all[] = { &greeting, &door, &times, &colour, NULL };

static struct config *config;

static mesh_status resolve(void)
{
    struct setting_specs specs = { 0 };
    auto_config_list struct config_list pairs = { 0 };
    mesh_status status = settings_read(all, &specs, NULL);
    if (status == MESH_OK)
        status = settings_resolve(&specs, config, "knock", &pairs, NULL);
    settings_clear(&specs);
    return status;
}

static bool resolve_what_is_right(void)
{
    return succeeded(resolve());
}

/* With less memory less may be said of the mistakes, but they are not taken for right. */
static bool resolve_what_is_wrong(void)
{
    mesh_status status = resolve();
    expect_true(status == MESH_E_INVALID_ARGUMENT || (torture_has_struck() && status == MESH_E_NO_MEMORY));
    return status == MESH_E_INVALID_ARGUMENT;
}

static void resolve_under_torture(const char *ini, bool (*attempt)(void))
{
    auto_config_report struct config_report report;
    config_report_init(&report);
    expect_int(config_parse("mesh.ini", "/", ini, strlen(ini), &config, &report), MESH_OK);
    torture(attempt);
    config_free(config);
}

static void resolving_settings(void)
{
    resolve_under_torture("[settings knock]\ndoor = left\ncolour = red\n", resolve_what_is_right);
}

static void resolving_mistaken_settings(void)
{
    resolve_under_torture("[settings knock]\ndor = left\ncolour = gren\ntimes = many\n", resolve_what_is_wrong);
}

SUITE(host_plugin_no_memory, TEST(keeping_and_remembering_a_version), TEST(resolving_settings),
      TEST(resolving_mistaken_settings))
