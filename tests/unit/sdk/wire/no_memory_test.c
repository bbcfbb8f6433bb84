/* SPDX-License-Identifier: Apache-2.0 */
/* What the documents do when memory runs out: each allocation fails once. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "golden.h"
#include "suite.h"
#include "torture.h"
#include "wire/card.h"
#include "wire/catalog.h"
#include "wire/contract.h"
#include "wire/fault.h"
#include "wire/log_event.h"
#include "wire/oam_url.h"
#include "wire/pattern.h"
#include "wire/record.h"
#include "wire/subject.h"
#include "wire/tool.h"
#include "wire/unique.h"
#include "wire/usage.h"

static char *document;

static mesh_status handler(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set_text(err, MESH_E_HANDLER_ERROR, "never called");
}

/* Whether it succeeded; it must have, or have told that memory ran out. */
static bool succeeded(mesh_status status)
{
    if (status != MESH_OK)
        expect_int(status, MESH_E_NO_MEMORY);
    return status == MESH_OK;
}

static bool write_out(const struct contract *contract)
{
    auto_buf struct buf out = { .max = 1 << 16 };

    contract_write(&out, contract);
    return succeeded(buf_error(&out, NULL));
}

static bool announce(void)
{
    static const char *const tags[] = { "one", "two", NULL };
    mesh_agent agent = MESH_RESPONDER("echo", "Echoes.", handler, "{\"type\":\"object\"}", "{\"type\":\"object\"}");
    auto_contract struct contract *contract = NULL;
    mesh_error err = MESH_ERROR_INIT;

    agent.tags = tags;
    bool ok = succeeded(contract_from_agent(&agent, &contract, &err)) && write_out(contract);
    mesh_error_clear(&err);
    return ok;
}

static void announcing(void)
{
    torture(announce);
}

static bool read_contract(void)
{
    auto_contract struct contract *contract = NULL;
    mesh_error err = MESH_ERROR_INIT;
    bool ok = succeeded(contract_read(mesh_text(document), &contract, &err)) && write_out(contract) &&
              contract_equal(contract, contract);

    mesh_error_clear(&err);
    return ok;
}

static void reading_a_contract(void)
{
    document = golden("contract/rec.echo.json");
    torture(read_contract);
    free(document);
}

static bool refuse_agent(void)
{
    mesh_agent agent = MESH_RESPONDER("echo", "Echoes.", handler, "{\"type\":", NULL);
    struct contract *contract = NULL;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = contract_from_agent(&agent, &contract, &err);

    expect_true(status == MESH_E_INVALID_ARGUMENT || (status == MESH_E_NO_MEMORY && torture_has_struck()));
    expect_true(contract == NULL);
    mesh_error_clear(&err);
    return status == MESH_E_INVALID_ARGUMENT;
}

static void refusing_an_agent(void)
{
    torture(refuse_agent);
}

static bool change_catalog(void)
{
    char name[] = "new", description[] = "", version[] = "1", *tags[] = { NULL };
    struct contract contract = { .name = name, .description = description, .version = version, .tags = tags };
    auto_catalog struct catalog *catalog = NULL;
    auto_buf struct buf before = { .max = 1 << 16 }, after = { .max = 1 << 16 };
    bool ok = true;

    if (!succeeded(catalog_parse(mesh_text(document), &catalog, NULL)))
        return false;
    catalog_write(&before, catalog);
    bool changed = catalog_put(catalog, &contract, &ok);
    catalog_write(&after, catalog);
    if (!ok && !buf_failed(&before) && !buf_failed(&after))
        expect_str(buf_text(&after), buf_text(&before));
    expect_int(changed, ok);
    return changed && catalog_remove(catalog, "new") && !buf_failed(&before) && !buf_failed(&after);
}

static void changing_the_catalog(void)
{
    auto_buf struct buf large = { .max = 1000 };

    document = golden("catalog/ten.json");
    torture(change_catalog);
    free(document);
    for (int i = 0; i < 16; i++) /* as many as fit before the list grows */
        buf_printf(&large, "%s%d", i > 0 ? "," : "[", i);
    buf_putc(&large, ']');
    document = buf_take(&large);
    torture(change_catalog);
    free(document);
}

static bool read_fault(void)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_buf struct buf out = { .max = 1 << 16 };
    mesh_status status = fault_read(mesh_text(document), "echo", "1", &err);

    expect_true(status == MESH_E_KV_KEY_EXISTS || (status == MESH_E_MESH && torture_has_struck()));
    fault_write(&out, &err, "echo", "1");
    bool ok = succeeded(buf_error(&out, NULL)) && strstr(buf_text(&out), "a/b");
    mesh_error_clear(&err);
    return ok;
}

static void reading_a_fault(void)
{
    document = strdup("{\"code\":\"kv_key_exists\",\"message\":\"m\",\"agent\":\"a\",\"details\":{\"key\":\"a/b\"}}");
    torture(read_fault);
    free(document);
}

static bool read_record(void)
{
    struct map set = { 0 };
    bool ok = instance_read_into(&set, mesh_text(document)) && map_count(&set) == 10;

    map_clear(&set, NULL);
    return ok;
}

static void reading_a_record(void)
{
    document = golden("instance/ten.json");
    torture(read_record);
    free(document);
}

static bool pass_notice(void)
{
    auto_free char *reason = NULL, *instance_id = NULL;
    auto_buf struct buf out = { .max = 1000 }, details = { .max = 1000 };

    death_write(&out, "echo", "disconnect", "1");
    if (!succeeded(buf_error(&out, NULL)) || !death_read(buf_bytes(&out), &reason, &instance_id))
        return false;
    death_details(&details, buf_bytes(&out));
    return strcmp(reason, "disconnect") == 0 && strstr(buf_text(&details), "disconnect");
}

static void passing_a_notice(void)
{
    torture(pass_notice);
}

static bool pass_event(void)
{
    struct log_event event;
    mesh_status status = log_event_read(&event, mesh_text(document), "agent");
    auto_buf struct buf out = { .max = 1 << 16 };

    if (!succeeded(status))
        return false;
    log_event_write(&out, event.level, event.agent, event.event, event.request_id, event.message, event.data);
    bool ok = succeeded(buf_error(&out, NULL));
    /* Data that could not be parsed again for want of memory is left out: an event never fails anything. */
    bool is_whole = ok && strstr(buf_text(&out), "model-x");
    log_event_clear(&event);
    return is_whole;
}

static void passing_an_event(void)
{
    document = golden("log/usage_reported.json");
    torture(pass_event);
    free(document);
}

static bool pass_usage(void)
{
    const mesh_usage step = { sizeof(mesh_usage), 1, 2, 3, 0.5, "m", 15, 0 };
    struct usage usage = { 0 }, again = { 0 };
    auto_buf struct buf out = { .max = 1 << 16 };

    bool ok = succeeded(usage_add(&usage, &step, NULL));
    expect_int(usage.is_reported, ok);
    ok = ok && succeeded(usage_add(&usage, &step, NULL));
    usage_write(&out, &usage);
    ok = ok && succeeded(buf_error(&out, NULL)) && succeeded(usage_read(buf_bytes(&out), &again, NULL)) &&
         again.input_tokens == 2 && strcmp(again.model, "m") == 0;
    usage_clear(&usage);
    usage_clear(&again);
    return ok;
}

static void passing_usage(void)
{
    torture(pass_usage);
}

static bool make_tool(void)
{
    auto_contract struct contract *contract = NULL;
    auto_buf struct buf tool = { .max = 1 << 16 }, card = { .max = 1 << 16 };
    mesh_error err = MESH_ERROR_INIT;
    bool ok = succeeded(contract_read(mesh_text(document), &contract, &err)) &&
              succeeded(tool_write(&tool, contract, MESH_TOOL_OPENAI_CHAT, MESH_TOOL_STRICT, &err)) &&
              succeeded(card_write(&card, mesh_text(document), "url", &err));

    mesh_error_clear(&err);
    if (ok)
        expect_contains(buf_text(&tool), "{\"type\":[\"string\",\"null\"]");
    return ok;
}

static void making_a_tool(void)
{
    document = strdup("{\"name\":\"a\",\"skills\":[{\"inputSchema\":{\"type\":\"object\",\"properties\":{\"b\":{"
                      "\"type\":\"string\",\"title\":\"B\"},\"c\":{\"$ref\":\"#\"},\"d\":{\"anyOf\":[{}]},\"e\":{"
                      "\"type\":[\"integer\"]}}},\"outputSchema\":{\"properties\":{\"x\":{}}}}]}");
    torture(make_tool);
    free(document);
}

static bool read_url(void)
{
    struct oam_url value;
    bool ok = oam_url_read(mesh_text("creds = \"a\\tb\"\nurl = 'x'\n"), &value);

    if (ok)
        expect_true(strcmp(value.url, "x") == 0 && strcmp(value.creds, "a\tb") == 0);
    oam_url_clear(&value);
    return ok && oam_url_read(mesh_text("bare"), &value) && (oam_url_clear(&value), true);
}

static void reading_a_url(void)
{
    torture(read_url);
}

static bool make_subject(void)
{
    auto_free char *subject = subject_for_agent("echo");

    return subject;
}

static void making_a_subject(void)
{
    torture(make_subject);
}

static bool search_pattern(void)
{
    struct pattern *pattern = NULL;

    if (!succeeded(pattern_compile("^(\\s|\\p{Letter}+)*$", &pattern, NULL)))
        return false;
    enum pattern_verdict verdict = pattern_search(pattern, "ab cd", 5, NULL);
    pattern_free(pattern);
    expect_true(verdict != PATTERN_DIFFERS);
    return verdict == PATTERN_MATCHES;
}

static void searching_a_pattern(void)
{
    torture(search_pattern);
}

static bool look_for_doubles(void)
{
    struct unique_space space = { 0 };
    auto_json cJSON *tree = NULL;
    size_t first, second;

    if (!succeeded(json_parse(mesh_text("[1, {\"a\": [2]}, \"1\", {\"a\": [2, 3]}]"), &tree, NULL)))
        return false;
    enum unique_verdict verdict = unique_items(tree, &space, &first, &second);
    unique_space_clear(&space);
    expect_true(verdict != UNIQUE_NO);
    return verdict == UNIQUE_YES;
}

static void looking_for_doubles(void)
{
    torture(look_for_doubles);
}

SUITE(wire_no_memory, TEST(announcing), TEST(reading_a_contract), TEST(refusing_an_agent), TEST(changing_the_catalog),
      TEST(reading_a_fault), TEST(reading_a_record), TEST(passing_a_notice), TEST(reading_a_url),
      TEST(passing_an_event), TEST(passing_usage), TEST(making_a_tool), TEST(making_a_subject),
      TEST(searching_a_pattern), TEST(looking_for_doubles))
