/* SPDX-License-Identifier: Apache-2.0 */
/* Log events. */
#include "wire/log_event.h"

#include <stdlib.h>

#include <agentmesh/client.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "golden.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct {
    const char *file;
    int level;
} recorded[] = {
    { "log/agent_registered.json", MESH_LOG_INFO },  { "log/agent_deregistered.json", MESH_LOG_INFO },
    { "log/agent_activated.json", MESH_LOG_INFO },   { "log/agent_deactivated.json", MESH_LOG_INFO },
    { "log/request_received.json", MESH_LOG_DEBUG }, { "log/request_completed.json", MESH_LOG_DEBUG },
    { "log/request_failed.json", MESH_LOG_WARN },    { "log/validation_error.json", MESH_LOG_WARN },
    { "log/usage_reported.json", MESH_LOG_INFO },
};

static cJSON *tree_of(const char *text)
{
    cJSON *tree = NULL;

    expect_int(json_parse(mesh_text(text), &tree, NULL), MESH_OK);
    return tree;
}

/* Equal but for the moment. */
static void expect_same_but_time(const char *got, const char *expected)
{
    auto_json cJSON *left = tree_of(got), *right = tree_of(expected);

    expect_true(json_string(left, "timestamp", "")[0] == '2');
    cJSON_DeleteItemFromObjectCaseSensitive(left, "timestamp");
    cJSON_DeleteItemFromObjectCaseSensitive(right, "timestamp");
    if (!expect_true(json_equal(left, right)))
        expect_str(got, expected);
}

static void all_nine_are_read_and_written_as_recorded(void)
{
    for (size_t i = 0; i < COUNT(recorded); i++) {
        auto_free char *text = golden(recorded[i].file);
        auto_json cJSON *tree = tree_of(text);
        auto_buf struct buf out = { .max = 1000 };
        struct log_event event;
        expect_int(log_event_read(&event, mesh_text(text), "other"), MESH_OK);
        expect_int(event.level, recorded[i].level);
        expect_str(event.timestamp, json_string(tree, "timestamp", "(none)"));
        log_event_write(&out, event.level, event.agent, event.event, event.request_id, event.message, event.data);
        expect_same_but_time(buf_text(&out), text);
        log_event_clear(&event);
    }
}

static void data_that_is_written_is_never_null(void)
{
    static const char *const given[] = { NULL, "", "null", "[]", "garbled" };

    for (size_t i = 0; i < COUNT(given); i++) {
        auto_buf struct buf out = { .max = 1000 };
        log_event_write(&out, MESH_LOG_ERROR, "a", "e", NULL, NULL, given[i]);
        expect_contains(buf_text(&out), "\"level\":\"error\",\"agent\":\"a\",\"event\":\"e\",\"request_id\":\"\","
                                        "\"message\":\"\",\"data\":{}}");
    }
}

static void what_is_missing_or_odd_is_filled_in(void)
{
    static const char *const bodies[] = {
        "{\"level\": \"warn\"}",
        "{\"level\": \"warn\", \"timestamp\": null, \"agent\": null, \"event\": null, \"request_id\": null, "
        "\"message\": null, \"data\": null}",
        "{\"level\": \"warn\", \"timestamp\": 7, \"agent\": [], \"event\": {}, \"request_id\": 1, \"message\": true, "
        "\"data\": [1]}",
        "{\"level\": \"warn\", \"timestamp\": \"\", \"agent\": \"\", \"data\": \"text\"}",
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct log_event event;
        expect_int(log_event_read(&event, mesh_text(bodies[i]), "who"), MESH_OK);
        expect_true(event.timestamp[0] == '2');
        expect_str(event.agent, "who");
        expect_str(event.event, "");
        expect_str(event.request_id, "");
        expect_str(event.message, "");
        expect_str(event.data, "{}");
        log_event_clear(&event);
    }
}

static void what_has_no_level_is_no_event(void)
{
    static const char *const bodies[] = {
        "",
        "garbled",
        "[]",
        "null",
        "{}",
        "{\"level\": \"loud\"}",
        "{\"level\": \"off\"}",
        "{\"level\": 20}",
        "{\"level\": \"INFO\"}",
        "{\"level\": null}",
        "{\"level\": \"info\"",
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct log_event event;
        expect_int(log_event_read(&event, mesh_text(bodies[i]), "who"), MESH_E_DATA);
        log_event_clear(&event);
    }
}

SUITE(wire_log_event, STATEMENT("59", all_nine_are_read_and_written_as_recorded),
      STATEMENT("59", data_that_is_written_is_never_null), TEST(what_is_missing_or_odd_is_filled_in),
      TEST(what_has_no_level_is_no_event))
