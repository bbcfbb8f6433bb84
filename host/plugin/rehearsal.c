/* SPDX-License-Identifier: Apache-2.0 */
/* A rehearsal. */
#include "plugin/rehearsal.h"

#include <dirent.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <agentmesh/schema.h>
#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "plugin/entry.h"
#include "plugin/imports.h"
#include "plugin/loader.h"
#include "plugin/trial_process.h"

enum { MAX_REPORT = 16 << 20, TEXT_MAX = 1 << 20, GATE_MAX = 4096 };

/* "MARK {"findings": [...], "plugin": {...}}\n", or {"failed": "why it could not be rehearsed"}; then, once it has been
 * unloaded, "GONE yes\n" or "GONE no\n". */
#define MARK "\nagentmesh-rehearsal: "
#define GONE "\nagentmesh-unloaded: "

/* ---- inside the process: loading ---- */

static unsigned count_threads(void)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *entry; tasks && (entry = readdir(tasks));)
        count += entry->d_name[0] != '.';
    if (tasks)
        closedir(tasks);
    return count;
}

static void add_loader_error(const char *path, const mesh_error *err, struct findings *findings)
{
    const char *text = mesh_error_text(err);
    if (strstr(text, "static TLS block"))
        findings_put(findings, FINDING_LOADER, "the loader has no room for its static thread-local storage",
                     finding_kinds[FINDING_STATIC_TLS].remedy);
    else if (strstr(text, "version `"))
        findings_put(findings, FINDING_LOADER, text, "build it on the oldest system that it is to run on");
    else
        imports_explain(path, findings);
    if (findings->count == 0)
        findings_add(findings, FINDING_LOADER, text);
}

/* Load it; NULL: it is refused, and findings say why. */
static void *load(const char *path, struct findings *findings)
{
    mesh_error err = MESH_ERROR_INIT;
    unsigned threads = count_threads();
    void *handle = NULL;
    if (loader_open(path, &handle, &err) != MESH_OK)
        add_loader_error(path, &err, findings);
    else if (count_threads() > threads)
        findings_add(findings, FINDING_THREAD, "a constructor starts threads that go on running");
    mesh_error_clear(&err);
    return handle;
}

/* That it has no entry at all, its bytes have told. */
static bool read_entry(void *handle, struct entry *ret_entry, struct findings *findings)
{
    const void *symbol;
    size_t size;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = loader_find(handle, ELF_ENTRY, &symbol, &size, &err);
    if (status != MESH_OK) {
        if (dlsym(handle, ELF_ENTRY))
            findings_add(findings, FINDING_FOREIGN_ENTRY, mesh_error_text(&err));
    } else {
        status = entry_read(symbol, size, ret_entry, &err);
        if (status != MESH_OK)
            findings_add(findings, status == MESH_E_INCOMPATIBLE ? FINDING_ABI : FINDING_ENTRY, mesh_error_text(&err));
    }
    mesh_error_clear(&err);
    return status == MESH_OK;
}

/* ---- inside the process: serving ---- */

static bool schema_is_right(const mesh_agent *agent, const char *field, const char *text, struct findings *findings)
{
    mesh_schema *schema = NULL;
    mesh_error err = MESH_ERROR_INIT;
    if (!text || mesh_schema_compile(mesh_text(text), NULL, &schema, &err) == MESH_OK) {
        mesh_schema_free(schema);
        return true;
    }
    findings_addf(findings, FINDING_SCHEMA, "agent '%s': %s: %s", agent->name ? agent->name : "", field,
                  mesh_error_text(&err));
    mesh_error_clear(&err);
    return false;
}

/* Put a schema that fits everything in the place of each wrong one, so that what else is wrong is found. */
static bool check_schemas(mesh_agent *agent, struct findings *findings)
{
    struct {
        const char *field, **text;
    } schemas[] = {
        { "input_schema", &agent->input_schema },
        { "output_schema", &agent->output_schema },
        { "message_schema", &agent->message_schema },
    };
    bool all = true;
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        if (schema_is_right(agent, schemas[i].field, *schemas[i].text, findings))
            continue;
        *schemas[i].text = "{}";
        all = false;
    }
    return all;
}

/* Registering asks the gate, which calls the plugin before its start: without a function of its own it does not. NULL:
 * it is refused as it is, or there is none. */
static mesh_gate *copy_gate(const mesh_gate *gate)
{
    mesh_gate *copy = gate && gate->size >= sizeof(*gate) && gate->size <= GATE_MAX ? malloc(gate->size) : NULL;
    if (copy) {
        memcpy(copy, gate, gate->size);
        copy->is_open = NULL;
    }
    return copy;
}

static bool agent_is_right(mesh_client *client, const mesh_agent *listed, struct findings *findings)
{
    mesh_agent agent = *listed;
    mesh_error err = MESH_ERROR_INIT;
    bool is_right = check_schemas(&agent, findings);
    auto_free mesh_gate *gate = copy_gate(agent.active_when);
    if (gate)
        agent.active_when = gate;
    if (mesh_register(client, &agent, NULL, &err) != MESH_OK) {
        findings_add(findings, FINDING_AGENT, mesh_error_text(&err));
        is_right = false;
    }
    mesh_error_clear(&err);
    return is_right;
}

static const char *shape_of(const mesh_agent *agent)
{
    if (agent->publish)
        return "publisher";
    if (agent->run)
        return "task";
    if (agent->stream)
        return "streamer";
    if (agent->call)
        return agent->input_schema ? "responder" : "trigger";
    return "listener";
}

static void put_agent(struct buf *out, const mesh_agent *agent, bool is_right)
{
    json_put_string(out, "{\"name\": ", agent->name ? agent->name : "");
    json_put_string(out, ", \"version\": ", agent->version ? agent->version : "0.1.0");
    buf_printf(out, ", \"shape\": \"%s\", \"ok\": %s}", shape_of(agent), is_right ? "true" : "false");
}

/* A child that is never swapped in: its agents are checked and kept, and nothing of them runs. */
static void rehearse_agents(mesh_client *child, const struct entry *entry, struct buf *out, struct findings *findings)
{
    if (entry->agent_count == 0 && !entry->plugin.start)
        findings_add(findings, FINDING_NO_AGENTS, "it lists no agents, and has no start that could register any");
    for (size_t i = 0; i < entry->agent_count; i++) {
        const mesh_agent *agent = &entry->agents[i];
        buf_puts(out, i > 0 ? ", " : "");
        put_agent(out, agent, agent_is_right(child, agent, findings));
    }
}

static mesh_status rehearse_on_mesh(const struct entry *entry, struct buf *out, struct findings *findings,
                                    mesh_error *err)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_child_options child_options = MESH_CHILD_OPTIONS_INIT;
    mesh_client *client = NULL, *child = NULL;
    options.url = "memory:";
    child_options.name = "rehearsal";
    mesh_status status = mesh_client_open(&options, &client, err);
    if (status == MESH_OK)
        status = mesh_child_open(client, &child_options, &child, err);
    if (status == MESH_OK)
        rehearse_agents(child, entry, out, findings);
    mesh_client_close(child);
    mesh_client_close(client);
    return status;
}

/* ---- inside the process: telling ---- */

static void put_setting(struct buf *out, const mesh_setting_spec *spec)
{
    static const char *const types[] = { "text", "number", "switch", "duration", "choice" };
    json_put_string(out, "{\"key\": ", spec->key);
    buf_printf(out, ", \"type\": \"%s\", \"required\": %s", types[spec->type], spec->is_required ? "true" : "false");
    if (spec->fallback)
        json_put_string(out, ", \"default\": ", spec->fallback);
    if (spec->help)
        json_put_string(out, ", \"help\": ", spec->help);
    buf_puts(out, "}");
}

static void put_bool(struct buf *out, const char *name, bool value)
{
    buf_printf(out, ", \"%s\": %s", name, value ? "true" : "false");
}

static mesh_status put_plugin(struct buf *out, const struct entry *entry, struct findings *findings, mesh_error *err)
{
    const mesh_plugin *plugin = &entry->plugin;
    unsigned version = plugin->header_version;
    json_put_string(out, ", \"plugin\": {\"version\": ", plugin->version ? plugin->version : "");
    buf_printf(out, ", \"abi\": %u, \"header_version\": \"%u.%u.%u\"", (unsigned)plugin->abi, version >> 16 & 0xff,
               version >> 8 & 0xff, version & 0xff);
    put_bool(out, "exclusive", plugin->flags & MESH_PLUGIN_EXCLUSIVE);
    put_bool(out, "saves", plugin->save);
    put_bool(out, "restores", plugin->restore);
    put_bool(out, "starts", plugin->start);
    buf_puts(out, ", \"agents\": [");
    mesh_status status = rehearse_on_mesh(entry, out, findings, err);
    buf_puts(out, "], \"settings\": [");
    for (size_t i = 0; i < entry->settings.count; i++) {
        buf_puts(out, i > 0 ? ", " : "");
        put_setting(out, &entry->settings.items[i]);
    }
    buf_puts(out, "]}");
    return status;
}

static void put_findings(struct buf *out, const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct found *found = &findings->items[i];
        buf_printf(out, "%s{\"code\": \"%s\"", i > 0 ? ", " : "", finding_kinds[found->kind].code);
        json_put_string(out, ", \"text\": ", found->text);
        if (found->remedy)
            json_put_string(out, ", \"remedy\": ", found->remedy);
        buf_puts(out, "}");
    }
}

static mesh_status put_report(struct buf *out, const struct buf *plugin, const struct findings *findings,
                              mesh_error *err)
{
    buf_puts(out, MARK "{\"findings\": [");
    put_findings(out, findings);
    buf_printf(out, "]%s}\n", buf_text(plugin));
    if (findings->failed)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    return buf_failed(plugin) ? buf_error(plugin, err) : buf_error(out, err);
}

static void tell_failed(const mesh_error *err)
{
    auto_buf struct buf report;
    buf_init(&report, TEXT_MAX);
    json_put_string(&report, MARK "{\"failed\": ", mesh_error_text(err));
    buf_puts(&report, "}\n");
    trial_process_say(buf_text(&report));
}

/* Returns what has been loaded and can be unloaded; NULL: nothing. */
static void *rehearse(const char *path, struct findings *findings)
{
    auto_buf struct buf plugin, report;
    struct entry entry = { 0 };
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = MESH_OK;
    buf_init(&plugin, MAX_REPORT / 2);
    buf_init(&report, MAX_REPORT);
    void *handle = load(path, findings);
    if (handle && read_entry(handle, &entry, findings))
        status = put_plugin(&plugin, &entry, findings, &err);
    if (status == MESH_OK)
        status = put_report(&report, &plugin, findings, &err);
    if (status == MESH_OK)
        trial_process_say(buf_text(&report));
    else
        tell_failed(&err);
    mesh_error_clear(&err);
    entry_clear(&entry);
    return findings_has(findings, FINDING_THREAD) ? NULL : handle;
}

_Noreturn void rehearsal_main(const char *path)
{
    auto_findings struct findings findings = { 0 };
    trial_process_limit();
    void *handle = rehearse(path, &findings);
    if (handle)
        trial_process_say(loader_close(handle, path, NULL) == MESH_OK ? GONE "yes\n" : GONE "no\n");
    _exit(EXIT_SUCCESS);
}

/* ---- on the side of who wants to know ---- */

/* That the loader refuses what its bytes have told already is no news. */
static void add_told(const cJSON *told, struct findings *findings)
{
    const cJSON *item;
    bool is_refused = findings_hinder(findings) & HINDERS_LOAD;
    cJSON_ArrayForEach(item, told)
    {
        enum finding kind = finding_find(json_string(item, "code", ""));
        if (kind != FINDING_COUNT && !(kind == FINDING_LOADER && is_refused))
            findings_put(findings, kind, json_string(item, "text", ""), json_string(item, "remedy", NULL));
    }
    if (findings_has(findings, FINDING_FOREIGN_ENTRY))
        findings_drop(findings, FINDING_NO_ENTRY);
}

/* The line behind a mark; what the plugin's own code printed may stand before it. NULL: there is none. */
static cJSON *read_report(const char *output)
{
    cJSON *report = NULL;
    const char *line = strstr(output, MARK);
    if (!line)
        return NULL;
    line += strlen(MARK);
    const char *end = strchr(line, '\n');
    if (end)
        json_parse(mesh_bytes_of(line, (size_t)(end - line)), &report, NULL);
    return report;
}

static void add_bad_end(enum finding kind, const char *who, int ended, struct buf *output, struct findings *findings)
{
    char how[TRIAL_HOW_SIZE];
    const char *words = trial_process_tell_end(ended, output, how);
    bool is_quoted = *words && kind == FINDING_TRIAL;
    findings_addf(findings, kind, "%s %s%s%s", who, how, is_quoted ? "; it said: " : "", is_quoted ? words : "");
}

static void add_hanging(enum finding kind, const char *what, uint32_t timeout_ms, struct findings *findings)
{
    findings_addf(findings, kind, "%s did not end within %" PRIu32 " ms", what, timeout_ms);
}

/* What it told of loading and serving is there; this is about the rest. */
static void judge_end(bool in_time, uint32_t timeout_ms, int ended, struct buf *output, struct findings *findings)
{
    bool is_loaded = !(findings_hinder(findings) & HINDERS_LOAD);
    if (!in_time)
        add_hanging(FINDING_DESTRUCTOR, "unloading it", timeout_ms, findings);
    else if (!trial_process_is_well(ended))
        add_bad_end(FINDING_DESTRUCTOR, "a destructor", ended, output, findings);
    else if (strstr(buf_text(output), GONE "no\n") && !(findings_hinder(findings) & HINDERS_UNLOAD))
        findings_add(findings, FINDING_STAYS, "it was still in memory after it had been unloaded");
    else if (is_loaded && !strstr(buf_text(output), GONE) && !(findings_hinder(findings) & HINDERS_UNLOAD))
        add_bad_end(FINDING_DESTRUCTOR, "a destructor", ended, output, findings);
}

mesh_status rehearsal_run(const char *path, uint32_t timeout_ms, struct findings *findings, cJSON **ret_plugin,
                          mesh_error *err)
{
    auto_buf struct buf output;
    mesh_error why = MESH_ERROR_INIT;
    int ended;
    buf_init(&output, 2 * MAX_REPORT);
    mesh_status status = trial_process_run(NULL, "--rehearse", path, timeout_ms, &output, &ended, &why);
    bool in_time = status == MESH_OK;
    if (!in_time && status != MESH_E_TIMEOUT) {
        mesh_error_move(err, &why);
        return status;
    }
    mesh_error_clear(&why);

    auto_json cJSON *report = read_report(buf_text(&output));
    if (json_string(report, "failed", NULL))
        return mesh_error_set(err, MESH_E_SYSTEM, "it could not be rehearsed: %s", json_string(report, "failed", ""));
    *ret_plugin = report ? cJSON_DetachItemFromObjectCaseSensitive(report, "plugin") : NULL;
    if (report) {
        add_told(json_get(report, "findings"), findings);
        judge_end(in_time, timeout_ms, ended, &output, findings);
    } else if (!in_time) {
        add_hanging(FINDING_TRIAL, "loading it", timeout_ms, findings);
    } else {
        add_bad_end(FINDING_TRIAL, "loading it", ended, &output, findings);
    }
    return MESH_OK;
}
