/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what can be wrong with a plugin, and the list of what was found. */
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "plugin/finding.h"
#include "suite.h"

enum { MANUAL_MAX = 1 << 20 };

static void each_kind_is_found_by_its_code(void)
{
    for (int kind = 0; kind < FINDING_COUNT; kind++) {
        if (expect_true(finding_kinds[kind].code != NULL))
            expect_int(finding_find(finding_kinds[kind].code), kind);
        expect_true(finding_kinds[kind].status != MESH_OK);
    }
    expect_int(finding_find("no-such-code"), FINDING_COUNT);
}

/* ".It executable-stack" on a line of its own. */
static void the_manual_tells_of_each_kind(void)
{
    auto_buf struct buf manual;
    buf_init(&manual, MANUAL_MAX);
    expect_int(file_read(MANUAL, &manual, NULL), MESH_OK);
    for (int kind = 0; kind < FINDING_COUNT; kind++) {
        auto_buf struct buf line;
        buf_init(&line, 256);
        buf_printf(&line, "\n.It %s\n", finding_kinds[kind].code);
        expect_contains(buf_text(&manual), buf_text(&line));
    }
}

/* The host's log tells "what: remedy". */
static void each_refusal_by_bytes_has_a_remedy(void)
{
    for (int kind = FINDING_NOT_ELF; kind <= FINDING_MANGLED_ENTRY; kind++)
        if (kind != FINDING_DAMAGED)
            expect_true(finding_kinds[kind].remedy != NULL);
}

static void the_same_is_listed_once(void)
{
    auto_findings struct findings findings = { 0 };
    findings_add(&findings, FINDING_SCHEMA, "one");
    findings_add(&findings, FINDING_SCHEMA, "one");
    findings_add(&findings, FINDING_SCHEMA, "two");
    findings_add(&findings, FINDING_AGENT, "one");
    expect_int(findings.count, 3);
    expect_int(findings_hinder(&findings), HINDERS_SERVE);
    findings_drop(&findings, FINDING_SCHEMA);
    expect_int(findings.count, 1);
    expect_false(findings_has(&findings, FINDING_SCHEMA));
    expect_true(findings_has(&findings, FINDING_AGENT));
    expect_false(findings.failed);
}

static void an_error_is_split_into_text_and_remedy(void)
{
    auto_findings struct findings findings = { 0 };
    mesh_error err = MESH_ERROR_INIT;
    mesh_error_set(&err, MESH_E_SYSTEM, "it is open: close: it");
    findings_add_error(&findings, FINDING_TRUST, &err, ": ");
    mesh_error_set(&err, MESH_E_SYSTEM, "it is plain");
    findings_add_error(&findings, FINDING_NODELETE, &err, ": ");
    mesh_error_clear(&err);
    expect_str(findings.items[0].text, "it is open");
    expect_str(findings.items[0].remedy, "close: it");
    expect_str(findings.items[1].text, "it is plain");
    expect_str(findings.items[1].remedy, finding_kinds[FINDING_NODELETE].remedy);
}

SUITE(host_plugin_finding, TEST(each_kind_is_found_by_its_code), TEST(the_manual_tells_of_each_kind),
      TEST(each_refusal_by_bytes_has_a_remedy), TEST(the_same_is_listed_once),
      TEST(an_error_is_split_into_text_and_remedy))
