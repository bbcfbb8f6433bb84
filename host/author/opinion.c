/* SPDX-License-Identifier: Apache-2.0 */
/* What an inspection has found. */
#include "author/opinion.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { PAGE_MAX = 256 << 20 };

static const char *severity_of(const struct found *found)
{
    unsigned hinders = finding_kinds[found->kind].hinders;
    return hinders & (HINDERS_LOAD | HINDERS_SERVE) ? "error" : "warning";
}

/* ---- for people ---- */

/* What files say of themselves must not move the cursor of a terminal. */
static void put_clean(struct buf *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool is_long = at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f;
        buf_putc(out, is_long || *at < 0x20 || *at == 0x7f ? ' ' : (char)*at);
        at += is_long;
    }
}

/* "BEFORE text\n" */
static void put_line(struct buf *out, const char *before, const char *text)
{
    if (text) {
        buf_puts(out, before);
        put_clean(out, text);
        buf_putc(out, '\n');
    }
}

static void put_verdict(struct buf *out, const struct examination *examination)
{
    put_clean(out, examination->path);
    if (examination_loads(examination) == ANSWER_NO) {
        buf_puts(out, ": does not load\n");
        return;
    }
    buf_printf(out, ": loads, %s, %s\n", examination_serves(examination) == ANSWER_YES ? "serves" : "does not serve",
               examination_unloads(examination) == ANSWER_YES ? "unloads" : "does not unload");
}

static void put_plugin(struct buf *out, const struct examination *examination)
{
    const cJSON *told = examination->told;
    buf_puts(out, "  plugin ");
    put_clean(out, examination->plugin);
    buf_puts(out, examination->plugin[0] ? " " : "");
    put_clean(out, json_string(told, "version", ""));
    buf_puts(out, ", headers of agentmesh ");
    put_clean(out, json_string(told, "header_version", ""));
    buf_printf(out, " (ABI %d)", (int)json_int(told, "abi", 0));
    if (json_bool(told, "exclusive", false))
        buf_puts(out, ", one copy at a time");
    if (json_bool(told, "saves", false))
        buf_puts(out, ", saves its state");
    if (json_bool(told, "restores", false))
        buf_puts(out, ", restores its state");
    buf_putc(out, '\n');
}

static void put_agents(struct buf *out, const cJSON *told)
{
    const cJSON *agent;
    cJSON_ArrayForEach(agent, json_get(told, "agents"))
    {
        buf_puts(out, "  agent ");
        put_clean(out, json_string(agent, "name", ""));
        buf_puts(out, ": ");
        put_clean(out, json_string(agent, "shape", ""));
        buf_puts(out, json_bool(agent, "ok", false) ? "\n" : ", refused\n");
    }
    if (json_bool(told, "starts", false) && cJSON_GetArraySize(json_get(told, "agents")) == 0)
        buf_puts(out, "  no agent is listed; its start, which is not called here, may register some\n");
}

static void put_settings(struct buf *out, const cJSON *told)
{
    const cJSON *setting;
    cJSON_ArrayForEach(setting, json_get(told, "settings"))
    {
        const char *fallback = json_string(setting, "default", NULL);
        buf_puts(out, "  setting ");
        put_clean(out, json_string(setting, "key", ""));
        buf_puts(out, ": ");
        put_clean(out, json_string(setting, "type", ""));
        if (fallback) {
            buf_puts(out, ", default \"");
            put_clean(out, fallback);
            buf_putc(out, '"');
        }
        buf_puts(out, json_bool(setting, "required", false) ? ", must be given\n" : "\n");
    }
}

static void put_finding(struct buf *out, const struct found *found)
{
    const struct finding_kind *kind = &finding_kinds[found->kind];
    buf_printf(out, "  %s %s: ", severity_of(found), kind->code);
    put_line(out, "", found->text);
    put_line(out, "    why: ", kind->why);
    put_line(out, "    fix: ", found->remedy);
}

static void put_examination(struct buf *out, const struct examination *examination)
{
    put_verdict(out, examination);
    if (examination->told) {
        put_plugin(out, examination);
        put_agents(out, examination->told);
        put_settings(out, examination->told);
    }
    for (size_t i = 0; i < examination->findings.count; i++)
        put_finding(out, &examination->findings.items[i]);
}

/* ---- for programs ---- */

static void put_answer(struct buf *out, const char *name, enum answer answer)
{
    static const char *const words[] = { "false", "true", "null" };
    buf_printf(out, ", \"%s\": %s", name, words[answer]);
}

static void put_json_finding(struct buf *out, const struct found *found)
{
    const struct finding_kind *kind = &finding_kinds[found->kind];
    buf_printf(out, "{\"code\": \"%s\", \"severity\": \"%s\"", kind->code, severity_of(found));
    json_put_string(out, ", \"text\": ", found->text);
    if (kind->why)
        json_put_string(out, ", \"why\": ", kind->why);
    if (found->remedy)
        json_put_string(out, ", \"remedy\": ", found->remedy);
    buf_putc(out, '}');
}

static void put_json(struct buf *out, const struct examination *examination)
{
    json_put_string(out, "{\"file\": ", examination->path);
    json_put_string(out, ", \"plugin\": ", examination->plugin);
    put_answer(out, "loads", examination_loads(examination));
    put_answer(out, "serves", examination_serves(examination));
    put_answer(out, "unloads", examination_unloads(examination));
    buf_puts(out, ", \"findings\": [");
    for (size_t i = 0; i < examination->findings.count; i++) {
        buf_puts(out, i > 0 ? ", " : "");
        put_json_finding(out, &examination->findings.items[i]);
    }
    buf_puts(out, "], \"told\": ");
    if (examination->told)
        json_print(out, examination->told);
    else
        buf_puts(out, "null");
    buf_putc(out, '}');
}

/* ---- the whole ---- */

static void put_page(struct buf *out, const struct examination *examinations, size_t count, bool as_json)
{
    for (size_t i = 0; i < count; i++) {
        if (as_json)
            buf_puts(out, i > 0 ? ",\n " : "[");
        else
            buf_puts(out, i > 0 ? "\n" : "");
        (as_json ? put_json : put_examination)(out, &examinations[i]);
    }
    if (as_json)
        buf_puts(out, "]\n");
}

bool opinion_print(const struct examination *examinations, size_t count, bool as_json)
{
    auto_buf struct buf page;
    buf_init(&page, PAGE_MAX);
    put_page(&page, examinations, count, as_json);
    if (buf_failed(&page)) {
        fprintf(stderr, "agentmeshd: no memory to print the report\n");
        return false;
    }
    if (fwrite(buf_text(&page), 1, page.len, stdout) == page.len && fflush(stdout) == 0)
        return true;
    fprintf(stderr, "agentmeshd: cannot write to the standard output: %s\n", strerror(errno));
    return false;
}
