/* SPDX-License-Identifier: Apache-2.0 */
/* What a host has answered, for people. */
#include "host_report.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "print.h"

enum { CELL_MAX = 64 << 10 };

/* ---- the table of plugins ---- */

struct column {
    const char *title;
    const char *(*text)(const cJSON *item, char room[32]);
    bool is_number;
};

static const char *number_in(const cJSON *tree, const char *name, char room[32])
{
    if (!json_get(tree, name))
        return "-";
    snprintf(room, 32, "%lld", (long long)json_int(tree, name, 0));
    return room;
}

static const char *plugin_name(const cJSON *item, char room[32])
{
    (void)room;
    return json_string(item, "plugin", "?");
}

static const char *plugin_state(const cJSON *item, char room[32])
{
    (void)room;
    return json_string(item, "state", "?");
}

static const char *plugin_version(const cJSON *item, char room[32])
{
    (void)room;
    return json_string(json_get(item, "serving"), "version", "-");
}

static const char *plugin_generation(const cJSON *item, char room[32])
{
    return number_in(json_get(item, "serving"), "number", room);
}

static const char *plugin_agents(const cJSON *item, char room[32])
{
    const cJSON *agents = json_get(json_get(item, "serving"), "agents");
    snprintf(room, 32, "%d", cJSON_GetArraySize(agents));
    return agents ? room : "-";
}

static const char *plugin_requests(const cJSON *item, char room[32])
{
    return number_in(json_get(item, "serving"), "requests", room);
}

static const char *plugin_errors(const cJSON *item, char room[32])
{
    return number_in(json_get(item, "serving"), "errors", room);
}

static const char *plugin_running(const cJSON *item, char room[32])
{
    return number_in(json_get(item, "serving"), "running", room);
}

static const char *plugin_queued(const cJSON *item, char room[32])
{
    return number_in(json_get(item, "serving"), "queued", room);
}

/* Of its slowest agent. */
static const char *plugin_p99(const cJSON *item, char room[32])
{
    const cJSON *agent;
    int64_t slowest_us = 0;
    cJSON_ArrayForEach(agent, json_get(json_get(item, "serving"), "agents"))
    {
        int64_t us = json_int(agent, "p99_us", 0);
        slowest_us = us > slowest_us ? us : slowest_us;
    }
    if (slowest_us == 0)
        return "-";
    snprintf(room, 32, "%.*f ms", slowest_us < 10000 ? 2 : 0, (double)slowest_us / 1000);
    return room;
}

static const struct column status_columns[] = {
    { "PLUGIN", plugin_name, false },   { "STATE", plugin_state, false },    { "VERSION", plugin_version, false },
    { "GEN", plugin_generation, true }, { "AGENTS", plugin_agents, true },   { "REQUESTS", plugin_requests, true },
    { "ERRORS", plugin_errors, true },  { "RUNNING", plugin_running, true }, { "QUEUED", plugin_queued, true },
    { "P99", plugin_p99, true },
};

enum { STATUS_COLUMNS = sizeof(status_columns) / sizeof(status_columns[0]) };

static void measure(const cJSON *items, size_t widths[STATUS_COLUMNS])
{
    for (size_t i = 0; i < STATUS_COLUMNS; i++) {
        char room[32];
        const cJSON *item;
        widths[i] = strlen(status_columns[i].title);
        cJSON_ArrayForEach(item, items)
        {
            size_t len = strlen(status_columns[i].text(item, room));
            widths[i] = len > widths[i] ? len : widths[i];
        }
    }
}

static void put_cell(struct buf *out, const struct column *column, size_t width, const char *text)
{
    auto_buf struct buf clean;
    buf_init(&clean, CELL_MAX);
    print_clean(&clean, text, true);
    buf_printf(out, column->is_number ? "%*s" : "%-*s", (int)width, buf_text(&clean));
}

/* item NULL: the titles. */
static void put_row(struct buf *out, const cJSON *item, const size_t widths[STATUS_COLUMNS])
{
    for (size_t i = 0; i < STATUS_COLUMNS; i++) {
        char room[32];
        const struct column *column = &status_columns[i];
        if (i > 0)
            buf_puts(out, "  ");
        put_cell(out, column, widths[i], item ? column->text(item, room) : column->title);
    }
    buf_putc(out, '\n');
}

static void put_remark(struct buf *out, const cJSON *item, const char *what)
{
    buf_printf(out, "  %s: %s", json_string(item, "plugin", "?"), what);
}

/* Why it is not as it should be, or was not for a while. */
static void put_failure(struct buf *out, const cJSON *item)
{
    const char *refusal = json_string(item, "refusal", NULL);
    const char *failure = json_string(item, "last_failure", NULL);
    if (!refusal && !failure)
        return;
    put_remark(out, item, refusal ? "refused: " : "last failure ");
    if (!refusal)
        buf_printf(out, "%s: ", json_string(item, "last_failure_at", "?"));
    print_clean(out, refusal ? refusal : failure, true);
    buf_putc(out, '\n');
}

/* Generations that have left the mesh and are still there. */
static void put_left_over(struct buf *out, const cJSON *item, const char *list, const char *what, const char *why)
{
    const cJSON *other;
    cJSON_ArrayForEach(other, json_get(item, list))
    {
        put_remark(out, item, "generation ");
        buf_printf(out, "%lld %s: ", (long long)json_int(other, "number", 0), what);
        print_clean(out, json_string(other, why, "?"), true);
        buf_putc(out, '\n');
    }
}

/* What a table has no room for. */
static void put_remarks(struct buf *out, const cJSON *item)
{
    const char *owner = json_string(item, "waits_for", NULL);
    put_failure(out, item);
    if (owner) {
        put_remark(out, item, "waits for the agents that plugin ");
        buf_printf(out, "'%s' serves\n", owner);
    }
    put_left_over(out, item, "pinned", "stays in memory", "reason");
    put_left_over(out, item, "ending", "is ending", "phase");
}

void report_plugins(struct buf *out, const cJSON *plugins)
{
    size_t widths[STATUS_COLUMNS];
    const cJSON *item;
    if (cJSON_GetArraySize(plugins) == 0) {
        buf_puts(out, "(no plugins)\n");
        return;
    }
    measure(plugins, widths);
    put_row(out, NULL, widths);
    cJSON_ArrayForEach(item, plugins) put_row(out, item, widths);
    cJSON_ArrayForEach(item, plugins) put_remarks(out, item);
}

/* ---- the host ---- */

static void put_uptime(struct buf *out, int64_t ms)
{
    int64_t seconds = ms / 1000;
    if (seconds < 120)
        buf_printf(out, "%lld s", (long long)seconds);
    else if (seconds < 7200)
        buf_printf(out, "%lld min", (long long)(seconds / 60));
    else
        buf_printf(out, "%lld h", (long long)(seconds / 3600));
}

void report_status(struct buf *out, const cJSON *status)
{
    buf_printf(out, "agentmeshd %s, process %lld, %s for ", json_string(status, "version", "?"),
               (long long)json_int(status, "pid", 0), json_string(status, "state", "?"));
    put_uptime(out, json_int(status, "uptime_ms", 0));
    buf_puts(out, json_bool(status, "connected", false) ? "\nconnected to " : "\nNOT connected to ");
    print_clean(out, json_string(status, "url", "?"), true);
    buf_printf(out, " as %s\n\n", json_string(status, "instance", "?"));
    report_plugins(out, json_get(status, "plugins"));
}

void report_names(struct buf *out, const cJSON *status)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(status, "plugins"))
    {
        buf_printf(out, "%s\n", json_string(item, "plugin", "?"));
    }
}

/* ---- generations ---- */

static void put_generation(struct buf *out, const char *plugin, const cJSON *generation, const char *state)
{
    if (!generation)
        return;
    buf_printf(out, "%s %lld %s, version ", plugin, (long long)json_int(generation, "number", 0), state);
    print_clean(out, json_string(generation, "version", "?"), true);
    buf_printf(out, ", sha256 %.12s, %lld running, %lld held\n", json_string(generation, "sha256", "?"),
               (long long)json_int(generation, "running", 0), (long long)json_int(generation, "held", 0));
}

static void put_old(struct buf *out, const char *plugin, const cJSON *generation, const char *what, const char *why)
{
    buf_printf(out, "%s %lld %s: ", plugin, (long long)json_int(generation, "number", 0), what);
    print_clean(out, why, true);
    buf_putc(out, '\n');
}

static void put_aside(struct buf *out, const char *plugin, const cJSON *aside)
{
    buf_printf(out, "%s sha256 %.12s was set aside at %s: ", plugin, json_string(aside, "sha256", "?"),
               json_string(aside, "at", "?"));
    print_clean(out, json_string(aside, "reason", "?"), true);
    buf_putc(out, '\n');
}

static void put_generations(struct buf *out, const cJSON *item)
{
    const char *plugin = json_string(item, "plugin", "?");
    const cJSON *other;
    put_generation(out, plugin, json_get(item, "serving"), "serves");
    put_generation(out, plugin, json_get(item, "warm"), "is kept ready");
    cJSON_ArrayForEach(other, json_get(item, "ending"))
        put_old(out, plugin, other, "ends", json_string(other, "phase", "?"));
    cJSON_ArrayForEach(other, json_get(item, "pinned"))
        put_old(out, plugin, other, "is pinned in memory", json_string(other, "reason", "?"));
    cJSON_ArrayForEach(other, json_get(item, "aside")) put_aside(out, plugin, other);
}

void report_generations(struct buf *out, const cJSON *status)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(status, "plugins")) put_generations(out, item);
}
