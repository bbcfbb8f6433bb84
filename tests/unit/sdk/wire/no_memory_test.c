/* SPDX-License-Identifier: Apache-2.0 */
/* What the documents do when memory runs out: each allocation fails once. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "golden.h"
#include "suite.h"
#include "torture.h"
#include "wire/catalog.h"
#include "wire/contract.h"
#include "wire/fault.h"
#include "wire/oam_url.h"
#include "wire/record.h"
#include "wire/subject.h"

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

SUITE(wire_no_memory, TEST(announcing), TEST(reading_a_contract), TEST(refusing_an_agent), TEST(changing_the_catalog),
      TEST(reading_a_fault), TEST(reading_a_record), TEST(passing_a_notice), TEST(reading_a_url),
      TEST(making_a_subject))
