/* SPDX-License-Identifier: Apache-2.0 */
/* How plugins stand, for operators. */
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "plugin/known.h"

/* One word for all that can be said of a plugin. */
static const char *state_of(const struct plugin *plugin)
{
    if (plugin->move)
        return plugin->move->deed == MOVE_AWAY ? "leaving" : "moving";
    if (plugin->serving)
        return plugin->probation_until != CLOCK_NEVER ? "probation" : "serving";
    if (plugin->record.is_disabled || !config_plugin_enabled(roster_config(plugin->roster), plugin->name))
        return "disabled";
    if (plugin->is_drained)
        return "drained";
    if (plugin->waits_for[0])
        return "waiting";
    return plugin->told ? "refused" : "idle";
}

static int put_agent(void *closure, const mesh_agent_stats *stats)
{
    struct buf *out = closure;
    bool is_first = out->len > 0 && out->data[out->len - 1] == '[';
    json_put_string(out, is_first ? "{\"name\": " : ", {\"name\": ", stats->name);
    buf_printf(
        out,
        ", \"active\": %s, \"running\": %u, \"queued\": %u, \"requests\": %ju, \"errors\": %ju, \"p50_us\": %ju, "
        "\"p99_us\": %ju}",
        stats->active ? "true" : "false", stats->running, stats->queued, (uintmax_t)stats->requests,
        (uintmax_t)stats->errors, (uintmax_t)stats->p50_us, (uintmax_t)stats->p99_us);
    return 0;
}

static void put_work(struct buf *out, const struct generation *generation)
{
    mesh_counters now = { .size = sizeof(now) };
    mesh_child_counters(generation->client, &now);
    buf_printf(out,
               ", \"requests\": %ju, \"errors\": %ju, \"faults\": %ju, \"timeouts\": %ju, \"overloaded\": %ju, "
               "\"late\": %ju, \"running\": %u, \"queued\": %u, \"held\": %u, \"workers\": %u",
               (uintmax_t)now.requests, (uintmax_t)now.errors, (uintmax_t)now.faults, (uintmax_t)now.timeouts,
               (uintmax_t)now.overloaded, (uintmax_t)now.late, now.running, now.queued, now.held, now.workers);
    buf_puts(out, ", \"agents\": [");
    mesh_child_agents(generation->client, put_agent, out);
    buf_puts(out, "]");
}

static void put_generation(struct buf *out, const char *name, const struct generation *generation)
{
    buf_printf(out, ", \"%s\": {\"number\": %u", name, generation->number);
    json_put_string(out, ", \"version\": ", generation->entry.plugin.version);
    json_put_string(out, ", \"sha256\": ", generation->image->hash);
    json_put_string(out, ", \"build_id\": ", generation->image->facts.build_id);
    put_work(out, generation);
    buf_puts(out, "}");
}

static void put_ending(void *closure, unsigned generation, const char *phase)
{
    struct buf *out = closure;
    bool is_first = out->len > 0 && out->data[out->len - 1] == '[';
    buf_printf(out, "%s{\"number\": %u", is_first ? "" : ", ", generation);
    json_put_string(out, ", \"phase\": ", phase);
    buf_puts(out, "}");
}

static void put_pins(struct buf *out, const struct plugin *plugin)
{
    const char *separator = "";
    for (const struct pin *pin = plugin->roster->farewells.pins; pin; pin = pin->next) {
        if (strcmp(pin->plugin, plugin->name) != 0)
            continue;
        buf_printf(out, "%s{\"number\": %u", separator, pin->generation);
        json_put_string(out, ", \"reason\": ", pin->reason);
        buf_puts(out, "}");
        separator = ", ";
    }
}

static void put_asides(struct buf *out, const struct record *record)
{
    for (size_t i = 0; i < record->aside_count; i++) {
        json_put_string(out, i > 0 ? ", {\"sha256\": " : "{\"sha256\": ", record->asides[i].hash);
        json_put_string(out, ", \"at\": ", record->asides[i].at);
        json_put_string(out, ", \"reason\": ", record->asides[i].reason);
        buf_puts(out, "}");
    }
}

static void put_text(struct buf *out, const char *before, const char *text)
{
    if (text && *text)
        json_put_string(out, before, text);
}

static void put_plugin(struct buf *out, const struct plugin *plugin)
{
    json_put_string(out, "{\"plugin\": ", plugin->name);
    json_put_string(out, ", \"state\": ", state_of(plugin));
    put_text(out, ", \"file\": ", plugin->is_there ? plugin->path : NULL);
    put_text(out, ", \"waits_for\": ", plugin->waits_for);
    put_text(out, ", \"good\": ", plugin->record.good.version);
    put_text(out, ", \"refusal\": ", plugin->told ? strchr(plugin->told, ' ') + 1 : NULL);
    put_text(out, ", \"last_failure\": ", plugin->last_failure);
    put_text(out, ", \"last_failure_at\": ", plugin->last_failure ? plugin->last_failure_at : NULL);
    if (plugin->probation_until != CLOCK_NEVER)
        buf_printf(out, ", \"probation_left_ms\": %u", clock_left_ms(plugin->probation_until));
    if (plugin->serving)
        put_generation(out, "serving", plugin->serving);
    if (plugin->warm)
        put_generation(out, "warm", plugin->warm);
    buf_puts(out, ", \"ending\": [");
    farewell_each(&plugin->roster->farewells, plugin->name, put_ending, out);
    buf_puts(out, "], \"pinned\": [");
    put_pins(out, plugin);
    buf_puts(out, "], \"aside\": [");
    put_asides(out, &plugin->record);
    buf_puts(out, "]}");
}

static int by_name(const void *a, const void *b)
{
    const struct plugin *const *one = a, *const *other = b;
    return strcmp((*one)->name, (*other)->name);
}

/* All of them, sorted; to free(). NULL: no memory. */
static struct plugin **sorted(const struct roster *roster, size_t *ret_count)
{
    struct plugin **plugins = calloc(map_count(&roster->plugins) + 1, sizeof(struct plugin *));
    const char *name;
    void *value;
    *ret_count = 0;
    for (size_t at = 0; plugins && map_next(&roster->plugins, &at, &name, &value);)
        plugins[(*ret_count)++] = value;
    if (plugins)
        qsort(plugins, *ret_count, sizeof(struct plugin *), by_name);
    return plugins;
}

void roster_describe(struct roster *roster, const char *name, struct buf *out)
{
    size_t count = 0;
    auto_free struct plugin **plugins = sorted(roster, &count);
    const char *separator = "";
    buf_puts(out, "[");
    for (size_t i = 0; i < count; i++) {
        if (name && strcmp(plugins[i]->name, name) != 0)
            continue;
        buf_puts(out, separator);
        put_plugin(out, plugins[i]);
        separator = ", ";
    }
    buf_puts(out, "]");
}
