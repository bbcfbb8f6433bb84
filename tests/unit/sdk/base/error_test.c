/* SPDX-License-Identifier: Apache-2.0 */
/* mesh_error, and the table of codes. */
#include <agentmesh/error.h>

#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

static void an_empty_error_has_texts_too(void)
{
    mesh_error err = MESH_ERROR_INIT;
    const mesh_error *cases[] = { &err, NULL };

    for (size_t i = 0; i < 2; i++) {
        expect_str(mesh_error_text(cases[i]), "no error");
        expect_str(mesh_error_message(cases[i]), "no error");
        expect_str(mesh_error_code(cases[i]), "");
        expect_str(mesh_error_agent(cases[i]), "");
        expect_str(mesh_error_request_id(cases[i]), "");
        expect_str(mesh_error_details(cases[i]), "{}");
    }
    mesh_error_clear(&err);
    mesh_error_clear(NULL);
}

static void prefixes_stay_on_this_side(void)
{
    mesh_error err = MESH_ERROR_INIT;

    expect_int(mesh_error_set(&err, MESH_E_TIMEOUT, "no reply within %d ms", 2000), MESH_E_TIMEOUT);
    expect_int(mesh_error_prefix(&err, MESH_E_TIMEOUT, "call '%s'", "echo"), MESH_E_TIMEOUT);
    mesh_error_prefix_text(&err, MESH_E_TIMEOUT, "main");
    expect_str(mesh_error_text(&err), "main: call 'echo': no reply within 2000 ms");
    expect_str(mesh_error_message(&err), "no reply within 2000 ms");
    expect_str(mesh_error_code(&err), "timeout");
    expect_int(err.status, MESH_E_TIMEOUT);
    mesh_error_clear(&err);
}

static void a_prefix_fills_an_error_that_nobody_filled(void)
{
    mesh_error err = MESH_ERROR_INIT;

    mesh_error_prefix(&err, MESH_E_CONFLICT, "catalog");
    expect_int(err.status, MESH_E_CONFLICT);
    expect_str(mesh_error_text(&err), "catalog: somebody else wrote first");
    expect_str(mesh_error_message(&err), "somebody else wrote first");
    mesh_error_clear(&err);
}

static void a_prefix_can_give_another_status(void)
{
    mesh_error err = MESH_ERROR_INIT;

    mesh_error_set_code(&err, "quota", "byte 3", "{\"a\":1}");
    expect_int(mesh_error_prefix(&err, MESH_E_DATA, "the catalog"), MESH_E_DATA);
    expect_int(err.status, MESH_E_DATA);
    expect_str(mesh_error_text(&err), "the catalog: byte 3");
    expect_str(mesh_error_code(&err), "handler_error");
    expect_str(mesh_error_details(&err), "{\"a\":1}");
    mesh_error_clear(&err);
}

static void nobody_need_pass_an_error(void)
{
    expect_int(mesh_error_set(NULL, MESH_E_DATA, "%d", 1), MESH_E_DATA);
    expect_int(mesh_error_set_text(NULL, MESH_E_DATA, "x"), MESH_E_DATA);
    expect_int(mesh_error_prefix(NULL, MESH_E_DATA, "x"), MESH_E_DATA);
    expect_int(mesh_error_prefix_text(NULL, MESH_E_DATA, "x"), MESH_E_DATA);
    expect_int(mesh_error_set_code(NULL, "timeout", "x", NULL), MESH_E_TIMEOUT);
    expect_int(mesh_error_set_code(NULL, "teapot", "x", NULL), MESH_E_MESH);
    mesh_error_set_context(NULL, "a", "b", "{}");
    mesh_error_move(NULL, NULL);
}

static void an_error_may_be_set_from_its_own_text(void)
{
    mesh_error err = MESH_ERROR_INIT;

    mesh_error_set_text(&err, MESH_E_INVALID_JSON, "byte 3");
    mesh_error_set(&err, MESH_E_DATA, "cannot be read: %s", mesh_error_text(&err));
    expect_str(mesh_error_text(&err), "cannot be read: byte 3");
    mesh_error_set_code(&err, "quota", mesh_error_text(&err), NULL);
    mesh_error_set_code(&err, mesh_error_code(&err), mesh_error_message(&err), mesh_error_details(&err));
    expect_str(mesh_error_code(&err), "quota");
    mesh_error_set_context(&err, "echo", NULL, NULL);
    mesh_error_set_context(&err, mesh_error_agent(&err), NULL, NULL);
    expect_str(mesh_error_agent(&err), "echo");
    mesh_error_clear(&err);
}

static void known_codes_have_a_status_and_others_are_kept(void)
{
    static const struct {
        const char *code;
        mesh_status status;
        const char *kept;
    } cases[] = {
        { "not_found", MESH_E_NOT_FOUND, "not_found" },
        { "overloaded", MESH_E_OVERLOADED, "overloaded" },
        { "quota_exceeded", MESH_E_MESH, "quota_exceeded" },
        { "mesh_error", MESH_E_MESH, "mesh_error" },
        { "", MESH_E_MESH, "mesh_error" },
        { NULL, MESH_E_MESH, "mesh_error" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mesh_error err = MESH_ERROR_INIT;
        expect_int(mesh_error_set_code(&err, cases[i].code, NULL, NULL), cases[i].status);
        expect_int(err.status, cases[i].status);
        expect_str(mesh_error_code(&err), cases[i].kept);
        expect_str(mesh_error_message(&err), mesh_status_text(cases[i].status));
        mesh_error_clear(&err);
    }
}

static void details_are_an_object_or_nothing(void)
{
    static const struct {
        const char *given, *kept;
    } cases[] = {
        { "{\"key\": 1e400}", "{\"key\": 1e400}" },
        { NULL, "{}" },
        { "", "{}" },
        { "[1]", "{}" },
        { "{\"key\": ", "{}" },
        { "{\"a\":1,\"a\":2}", "{}" },
        { "null", "{}" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mesh_error err = MESH_ERROR_INIT;
        mesh_error_set_code(&err, "quota", "x", cases[i].given);
        expect_str(mesh_error_details(&err), cases[i].kept);
        mesh_error_set_context(&err, NULL, NULL, cases[i].given);
        expect_str(mesh_error_details(&err), cases[i].kept);
        mesh_error_clear(&err);
    }
}

static void details_that_would_not_fit_into_an_envelope_are_left_out(void)
{
    mesh_error err = MESH_ERROR_INIT;
    char deep[1024] = "{\"a\":";
    size_t at = 5;

    for (int i = 0; i < 250; i++)
        deep[at++] = '[';
    for (int i = 0; i < 250; i++)
        deep[at++] = ']';
    snprintf(deep + at, sizeof(deep) - at, "}");
    mesh_error_set_code(&err, "quota", "x", deep);
    expect_str(mesh_error_details(&err), "{}");
    mesh_error_clear(&err);
}

static void a_context_is_added_field_by_field(void)
{
    mesh_error err = MESH_ERROR_INIT;

    mesh_error_set_context(&err, "echo", "1", NULL);
    expect_str(mesh_error_agent(&err), "");
    mesh_error_set_text(&err, MESH_E_AGENT_DIED, "gone");
    mesh_error_set_context(&err, "echo", NULL, NULL);
    mesh_error_set_context(&err, NULL, "1", "{\"reason\":\"disconnect\"}");
    expect_str(mesh_error_agent(&err), "echo");
    expect_str(mesh_error_request_id(&err), "1");
    expect_str(mesh_error_details(&err), "{\"reason\":\"disconnect\"}");
    mesh_error_clear(&err);
    expect_int(err.status, MESH_OK);
    expect_str(mesh_error_agent(&err), "");
}

static void an_error_moves(void)
{
    mesh_error from = MESH_ERROR_INIT, to = MESH_ERROR_INIT;

    mesh_error_set_text(&to, MESH_E_DATA, "old");
    mesh_error_set_text(&from, MESH_E_TIMEOUT, "new");
    mesh_error_move(&to, &from);
    expect_str(mesh_error_text(&to), "new");
    expect_int(from.status, MESH_OK);
    mesh_error_move(&to, &to);
    expect_str(mesh_error_text(&to), "new");
    mesh_error_move(NULL, &to);
    expect_int(to.status, MESH_OK);
    mesh_error_set_text(&to, MESH_E_DATA, "old");
    mesh_error_move(&to, NULL);
    expect_int(to.status, MESH_OK);
}

static void every_status_has_its_code_and_a_text(void)
{
    static const struct {
        mesh_status status;
        const char *code;
    } cases[] = {
        { MESH_E_INVALID_INPUT, "invalid_input" },
        { MESH_E_HANDLER_ERROR, "handler_error" },
        { MESH_E_INVOCATION_MISMATCH, "invocation_mismatch" },
        { MESH_E_NOT_FOUND, "not_found" },
        { MESH_E_NOT_AVAILABLE, "not_available" },
        { MESH_E_CONNECTION_FAILED, "connection_failed" },
        { MESH_E_CONNECTION_DENIED, "connection_denied" },
        { MESH_E_AGENT_DIED, "agent_died" },
        { MESH_E_KV_KEY_EXISTS, "kv_key_exists" },
        { MESH_E_TIMEOUT, "timeout" },
        { MESH_E_CHUNK_SEQUENCE, "chunk_sequence_error" },
        { MESH_E_MESH, "mesh_error" },
        { MESH_E_OVERLOADED, "overloaded" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_str(mesh_status_code(cases[i].status), cases[i].code);
        expect_int(mesh_error_set_code(NULL, cases[i].code, NULL, NULL), cases[i].status);
    }
    for (mesh_status status = MESH_E_NO_MEMORY; status <= MESH_E_DATA; status++) {
        expect_str(mesh_status_code(status), "handler_error");
        expect_true(mesh_status_text(status)[0] != '\0');
        expect_false(mesh_status_text(status) == mesh_status_text(12345));
    }
    expect_str(mesh_status_code(12345), "handler_error");
    expect_str(mesh_status_text(12345), "unknown error");
}

static void the_version_is_that_of_the_headers(void)
{
    char expected[32];

    snprintf(expected, sizeof(expected), "%d.%d.%d", MESH_VERSION_MAJOR, MESH_VERSION_MINOR, MESH_VERSION_PATCH);
    expect_str(mesh_version(), expected);
}

SUITE(base_error, TEST(an_empty_error_has_texts_too), TEST(prefixes_stay_on_this_side),
      TEST(a_prefix_fills_an_error_that_nobody_filled), TEST(a_prefix_can_give_another_status),
      TEST(nobody_need_pass_an_error), TEST(an_error_may_be_set_from_its_own_text),
      TEST(known_codes_have_a_status_and_others_are_kept), TEST(details_are_an_object_or_nothing),
      TEST(details_that_would_not_fit_into_an_envelope_are_left_out), TEST(a_context_is_added_field_by_field),
      TEST(an_error_moves), TEST(every_status_has_its_code_and_a_text), TEST(the_version_is_that_of_the_headers))
