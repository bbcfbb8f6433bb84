/* SPDX-License-Identifier: Apache-2.0 */
/* The error envelope. */
#include "wire/fault.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "golden.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void recorded_envelopes_are_read_and_written_again(void)
{
    static const struct {
        const char *file;
        mesh_status status;
    } cases[] = {
        { "error/invalid_input.json", MESH_E_INVALID_INPUT },
        { "error/invalid_input_constraints.json", MESH_E_INVALID_INPUT },
        { "error/handler_error.json", MESH_E_HANDLER_ERROR },
        { "error/invocation_mismatch.json", MESH_E_INVOCATION_MISMATCH },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        auto_free char *envelope = golden(cases[i].file);
        auto_buf struct buf out = { .max = 1 << 16 };
        expect_int(fault_read(mesh_text(envelope), "somebody else", NULL, &err), cases[i].status);
        expect_int(err.status, cases[i].status);
        fault_write(&out, &err, "somebody else", "another id");
        expect_json(buf_text(&out), envelope);
        mesh_error_clear(&err);
    }
}

static void what_an_error_does_not_name_is_filled_in(void)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_buf struct buf out = { .max = 1000 };

    mesh_error_set(&err, MESH_E_NOT_FOUND, "no \"such\" thing");
    mesh_error_prefix(&err, MESH_E_NOT_FOUND, "somewhere");
    fault_write(&out, &err, "echo", "1");
    expect_str(buf_text(&out), "{\"code\":\"not_found\",\"message\":\"no \\\"such\\\" thing\",\"agent\":\"echo\","
                               "\"request_id\":\"1\",\"details\":{}}");
    buf_reset(&out);
    fault_write(&out, &err, NULL, NULL);
    expect_str(buf_text(&out), "{\"code\":\"not_found\",\"message\":\"no \\\"such\\\" thing\",\"agent\":\"\","
                               "\"request_id\":\"\",\"details\":{}}");
    mesh_error_clear(&err);
}

static void codes_travel_as_the_protocol_has_them(void)
{
    static const struct {
        mesh_status status;
        const char *code;
    } cases[] = {
        { MESH_E_TIMEOUT, "timeout" },
        { MESH_E_OVERLOADED, "overloaded" },
        { MESH_E_MESH, "mesh_error" },
        { MESH_E_NO_MEMORY, "handler_error" },
        { MESH_E_INVALID_ARGUMENT, "handler_error" },
        { 12345, "handler_error" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        auto_buf struct buf out = { .max = 1000 };
        mesh_error_set_text(&err, cases[i].status, "x");
        fault_write(&out, &err, "echo", "1");
        auto_json cJSON *tree = NULL;
        json_parse(buf_bytes(&out), &tree, NULL);
        expect_str(json_string(tree, "code", NULL), cases[i].code);
        mesh_error_clear(&err);
    }
}

static void an_existing_key_travels_as_handler_error(void)
{
    static const struct {
        const char *details, *expected;
    } cases[] = {
        { NULL, "{\"code\":\"kv_key_exists\"}" },
        { "{\"key\":\"a/b\"}", "{\"code\":\"kv_key_exists\",\"key\":\"a/b\"}" },
        { "{\"code\":7,\"key\":1e400}", "{\"code\":\"kv_key_exists\",\"key\":1e400}" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        auto_buf struct buf out = { .max = 1000 }, expected = { .max = 1000 };
        mesh_error_set_code(&err, "kv_key_exists", "it is there", cases[i].details);
        fault_write(&out, &err, "echo", "1");
        buf_printf(&expected,
                   "{\"code\":\"handler_error\",\"message\":\"it is there\",\"agent\":\"echo\","
                   "\"request_id\":\"1\",\"details\":%s}",
                   cases[i].expected);
        expect_str(buf_text(&out), buf_text(&expected));
        mesh_error_clear(&err);
    }
}

static void text_that_is_not_utf8_still_makes_an_envelope(void)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_buf struct buf out = { .max = 1000 };

    mesh_error_set_text(&err, MESH_E_HANDLER_ERROR, "caf\xe9 \x01");
    fault_write(&out, &err, "\xff", "1");
    expect_int(json_check(buf_bytes(&out), NULL), MESH_OK);
    expect_contains(buf_text(&out), "caf\ufffd \\u0001");
    mesh_error_clear(&err);
}

static void every_field_of_an_envelope_is_optional(void)
{
    static const struct {
        const char *body;
        mesh_status status;
        const char *code, *message, *agent, *request_id, *details;
    } cases[] = {
        { "", MESH_E_MESH, "mesh_error", "mesh error", "echo", "", "{}" },
        { "not JSON", MESH_E_MESH, "mesh_error", "mesh error", "echo", "", "{}" },
        { "[]", MESH_E_MESH, "mesh_error", "mesh error", "echo", "", "{}" },
        { "null", MESH_E_MESH, "mesh_error", "mesh error", "echo", "", "{}" },
        { "{}", MESH_E_MESH, "mesh_error", "mesh error", "echo", "", "{}" },
        { "{\"code\":7,\"message\":[],\"agent\":null,\"request_id\":{},\"details\":null}", MESH_E_MESH, "mesh_error",
          "mesh error", "echo", "", "{}" },
        { "{\"code\":\"\",\"message\":\"\",\"agent\":\"\",\"details\":[]}", MESH_E_MESH, "mesh_error", "", "echo", "",
          "{}" },
        { "{\"code\":\"teapot\",\"message\":\"short\",\"agent\":\"a\",\"request_id\":\"9\",\"details\":{\"n\":1.10}}",
          MESH_E_MESH, "teapot", "short", "a", "9", "{\"n\":1.10}" },
        { "{\"code\":\"kv_key_exists\",\"more\":1}", MESH_E_KV_KEY_EXISTS, "kv_key_exists", "mesh error", "echo", "",
          "{}" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        expect_int(fault_read(mesh_text(cases[i].body), "echo", NULL, &err), cases[i].status);
        expect_int(err.status, cases[i].status);
        expect_str(mesh_error_code(&err), cases[i].code);
        expect_str(mesh_error_message(&err), cases[i].message);
        expect_str(mesh_error_agent(&err), cases[i].agent);
        expect_str(mesh_error_request_id(&err), cases[i].request_id);
        expect_str(mesh_error_details(&err), cases[i].details);
        mesh_error_clear(&err);
    }
}

static void the_callers_own_id_wins(void)
{
    mesh_error err = MESH_ERROR_INIT;

    fault_read(mesh_text("{\"request_id\":\"theirs\"}"), NULL, "ours", &err);
    expect_str(mesh_error_request_id(&err), "ours");
    expect_str(mesh_error_agent(&err), "");
    expect_int(fault_read(mesh_text("{\"code\":\"timeout\"}"), NULL, "ours", NULL), MESH_E_TIMEOUT);
    mesh_error_clear(&err);
}

SUITE(wire_fault, STATEMENT("48", recorded_envelopes_are_read_and_written_again),
      TEST(what_an_error_does_not_name_is_filled_in), STATEMENT("48", codes_travel_as_the_protocol_has_them),
      STATEMENT("49", an_existing_key_travels_as_handler_error), TEST(text_that_is_not_utf8_still_makes_an_envelope),
      STATEMENT("48", every_field_of_an_envelope_is_optional), TEST(the_callers_own_id_wins))
