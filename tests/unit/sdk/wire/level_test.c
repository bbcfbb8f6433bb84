/* SPDX-License-Identifier: Apache-2.0 */
/* Levels of log events. */
#include "wire/level.h"

#include <stdio.h>
#include <stdlib.h>

#include <agentmesh/client.h>

#include "base/cleanup.h"
#include "golden.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void each_level_has_a_name_and_a_number(void)
{
    static const struct level all[] = {
        { "debug", 10 }, { "info", 20 }, { "warn", 30 }, { "error", 40 }, { "off", 100 },
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        expect_int(level_of_name(all[i].name)->number, all[i].number);
        expect_str(level_of_number(all[i].number)->name, all[i].name);
    }
    expect_true(!level_of_name("Debug") && !level_of_name("warning") && !level_of_name("") && !level_of_name(NULL));
    expect_true(!level_of_number(0) && !level_of_number(15) && !level_of_number(-1));
}

/* NULL: no level. */
static const struct level *level_in(const char *document)
{
    const struct level *level = NULL;
    mesh_status status = level_read(mesh_text(document), &level);
    expect_int(status, level ? MESH_OK : MESH_E_DATA);
    return level;
}

static void a_level_is_written_and_read_as_recorded(void)
{
    static const char *const names[] = { "debug", "info", "off" };
    for (size_t i = 0; i < COUNT(names); i++) {
        auto_free char *path = NULL;
        auto_buf struct buf out = { .max = 1000 };
        expect_true(asprintf(&path, "level/%s.json", names[i]) > 0);
        auto_free char *recorded = golden(path);
        level_write(&out, level_of_name(names[i]));
        expect_json(buf_text(&out), recorded);
        expect_str(level_in(recorded)->name, names[i]);
    }
    expect_int(level_in("{\"x\": 1, \"log_level\": \"warn\"}")->number, MESH_LOG_WARN);
}

static void what_is_no_level_counts_as_none(void)
{
    static const char *const documents[] = {
        "",
        "debug",
        "\"debug\"",
        "[]",
        "{}",
        "null",
        "{\"log_level\": [\"x\"]}",
        "{\"log_level\": [\"debug\"]}",
        "{\"log_level\": null}",
        "{\"log_level\": 10}",
        "{\"log_level\": \"loud\"}",
        "{\"log_level\": \"DEBUG\"}",
        "{\"log_level\": \"debug\"",
        "{\"Log_Level\": \"debug\"}",
        "{\"log_level\": \"debug\"} x",
        "\xff",
    };
    for (size_t i = 0; i < COUNT(documents); i++)
        expect_true(level_in(documents[i]) == NULL);
}

SUITE(wire_level, TEST(each_level_has_a_name_and_a_number), TEST(a_level_is_written_and_read_as_recorded),
      STATEMENT("60", what_is_no_level_counts_as_none))
