/* SPDX-License-Identifier: Apache-2.0 */
/* What <agentmesh/testing.h> gives to authors, on a plugin that has an agent of each shape. */
#include <agentmesh/testing.h>

#include "suite.h"

/* ---- the plugin ---- */

static mesh_status count_call(mesh_request *request, void *state, mesh_error *err)
{
    int *count = state;
    int64_t by = mesh_request_int(request, "by", 1);
    if (by < 0)
        return mesh_error_set_code(err, "backwards", "counting backwards is not allowed", MESH_JSON({"by": -1}));
    *count += (int)by;
    return mesh_request_answerf(request, err,
                                MESH_JSON({"count": %d, "unit": %s}), *count,
                                          mesh_quote(request, mesh_setting(mesh_request_client(request), "unit", "?")));
}

static mesh_status lie_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answerf(request, err, "1");
}

static mesh_status steps_stream(mesh_request *request, void *state, mesh_error *err)
{
    int64_t to = mesh_request_int(request, "to", 0);
    mesh_status status = MESH_OK;
    (void)state;
    if (to == 0)
        return mesh_error_set(err, MESH_E_INVALID_INPUT, "nowhere to go");
    for (int64_t i = 1; status == MESH_OK && i <= to; i++)
        status = mesh_request_chunkf(request, err, "%d", (int)i);
    return status;
}

static mesh_status tick(mesh_emitter *emitter, void *state, mesh_error *err)
{
    mesh_status status = MESH_OK;
    (void)state;
    for (int n = 0; status == MESH_OK && mesh_emitter_wait(emitter, 5) == MESH_STOP_NONE; n++)
        status = mesh_emitf(emitter, err, MESH_JSON({"tick": %d}), n);
    return status;
}

static mesh_status mark(mesh_emitter *emitter, void *state, mesh_error *err)
{
    (void)state;
    return mesh_key_put(mesh_emitter_client(emitter), "marked", mesh_text("yes"), NULL, err);
}

static mesh_status hear(const mesh_message *message, void *state, mesh_error *err)
{
    (void)state;
    return mesh_publish(mesh_message_client(message), "heard", mesh_message_body(message), NULL, err);
}

static mesh_status hear_key(const mesh_message *message, void *state, mesh_error *err)
{
    (void)state;
    return mesh_key_put(mesh_message_client(message), "copy", mesh_message_body(message), NULL, err);
}

static const mesh_source said = MESH_SUBJECT_SOURCE("said", NULL);
static const mesh_source keyed = MESH_KEY_SOURCE("original", 0);
static const mesh_source *const said_sources[] = { &said, NULL };
static const mesh_source *const keyed_sources[] = { &keyed, NULL };

#define COUNT_INPUT MESH_JSON({"type": "object", "properties": {"by": {"type": "integer"}}})
static const mesh_agent count = MESH_RESPONDER("t.count", "Counts.", count_call, COUNT_INPUT, "{}");
static const mesh_agent lie = MESH_RESPONDER("t.lie", "Lies.", lie_call, "{}", MESH_JSON({"type": "string"}));
static const mesh_agent steps = MESH_STREAMER("t.steps", "Counts aloud.", steps_stream, "{}", "{}");
static const mesh_agent ticker = MESH_PUBLISHER("t.ticker", "Ticks.", tick, "{}");
static const mesh_agent marker = MESH_TASK("t.marker", "Marks.", mark);
static const mesh_agent hearer = MESH_LISTENER("t.hearer", "Hears.", hear, said_sources);
static const mesh_agent copier = MESH_LISTENER("t.copier", "Copies.", hear_key, keyed_sources);
static const mesh_agent *const agents[] = { &count, &lie, &steps, &ticker, &marker, &hearer, &copier, NULL };

static unsigned running;

static mesh_status start(mesh_client *client, void **ret_state, mesh_error *err)
{
    if (mesh_setting_bool(client, "fails", 0))
        return mesh_error_set(err, MESH_E_SYSTEM, "it was told to fail");
    *ret_state = calloc(1, sizeof(int));
    running++;
    return *ret_state ? MESH_OK : mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
}

static void stop(mesh_client *client, void *state)
{
    (void)client;
    running--;
    free(state);
}

static mesh_status save(mesh_client *client, void *state, mesh_saved *saved, mesh_error *err)
{
    (void)client;
    return mesh_save(saved, mesh_bytes_of(state, sizeof(int)), err);
}

static mesh_status restore(mesh_client *client, void *state, const char *version, mesh_bytes saved, mesh_error *err)
{
    if (mesh_setting_bool(client, "forgets", 0))
        return mesh_error_set(err, MESH_E_DATA, "what version %s saved is not understood", version);
    memcpy(state, saved.data, sizeof(int));
    return MESH_OK;
}

static const mesh_setting_spec unit = MESH_SETTING("unit", "times", "what is counted");
static const mesh_setting_spec fails = MESH_SETTING("fails", "no", "whether start fails");
static const mesh_setting_spec forgets = MESH_SETTING("forgets", "no", "whether restore fails");
static const mesh_setting_spec *const settings[] = { &unit, &fails, &forgets, NULL };

const mesh_plugin mesh_plugin_entry = { MESH_PLUGIN_MAGIC,
                                        MESH_PLUGIN_ABI,
                                        sizeof(mesh_plugin),
                                        MESH_VERSION,
                                        0,
                                        "1.0.0",
                                        agents,
                                        start,
                                        stop,
                                        settings,
                                        save,
                                        restore };

/* ---- the tests ---- */

static mesh_test test;

static void open_with(const char *const *pairs)
{
    expect_int(mesh_test_open(&test, pairs), 1);
}

/* So many comparisons have failed; stop has been called. */
static void close_with(unsigned failed)
{
    expect_int(test.failed, failed);
    expect_int(mesh_test_close(&test), failed > 0 || test.ok == 0);
    expect_int(running, 0);
}

static void answers_are_compared_by_value(void)
{
    open_with(NULL);
    expect_int(mesh_test_call(&test, "t.count", "{}", "{ \"unit\": \"times\", \"count\": 1.0 }"), 1);
    expect_int(mesh_test_call(&test, "t.count", "{\"by\": 2}", "{\"count\": 3, \"unit\": \"times\"}"), 1);
    expect_int(mesh_test_call(&test, "t.count", "{}", "{\"count\": 5, \"unit\": \"times\"}"), 0);
    expect_int(mesh_test_call(&test, "t.count", "{}", "{\"count\": 5}"), 0);
    expect_int(mesh_test_call(&test, "t.count", "{}", "no JSON"), 0);
    expect_int(mesh_test_call(&test, "t.nobody", "{}", "{}"), 0);
    expect_int(test.ok, 2);
    close_with(4);
}

static void answers_may_be_held_against_a_schema(void)
{
    open_with(NULL);
    expect_int(mesh_test_call_fits(&test, "t.count", "{}", MESH_JSON({"properties": {"count": {"minimum": 1}}})), 1);
    expect_int(mesh_test_call_fits(&test, "t.count", "{}", MESH_JSON({"properties": {"count": {"minimum": 9}}})), 0);
    expect_int(mesh_test_call_fits(&test, "t.count", "{}", MESH_JSON({"type": "strng"})), 0);
    close_with(2);
}

static void failures_are_known_by_their_code(void)
{
    open_with(NULL);
    expect_int(mesh_test_call_fails(&test, "t.count", "{\"by\": -1}", "backwards"), 1);
    expect_int(mesh_test_call_fails(&test, "t.count", "{\"by\": \"x\"}", "invalid_input"), 1);
    expect_int(mesh_test_call_fails(&test, "t.count", "{\"by\": -1}", "forwards"), 0);
    expect_int(mesh_test_call_fails(&test, "t.count", "{}", "backwards"), 0);
    close_with(2);
}

static void what_does_not_fit_the_agents_own_schema_is_found(void)
{
    open_with(NULL);
    expect_int(mesh_test_call(&test, "t.lie", "{}", "1"), 0);
    expect_int(mesh_test_call_fails(&test, "t.lie", "{}", "handler_error"), 1);
    close_with(1);
}

static void chunks_are_compared_as_a_list(void)
{
    open_with(NULL);
    expect_int(mesh_test_stream(&test, "t.steps", "{\"to\": 3}", "[1, 2, 3]"), 1);
    expect_int(mesh_test_stream(&test, "t.steps", "{\"to\": 2}", "[1, 2, 3]"), 0);
    expect_int(mesh_test_stream(&test, "t.steps", "{}", "[]"), 0);
    expect_int(mesh_test_stream_fails(&test, "t.steps", "{}", "invalid_input"), 1);
    expect_int(mesh_test_stream_fails(&test, "t.steps", "{\"to\": 1}", "invalid_input"), 0);
    close_with(3);
}

static void events_are_heard(void)
{
    open_with(NULL);
    expect_int(mesh_test_listen(&test, "t.ticker"), 1);
    expect_int(mesh_test_hears_fit(&test, MESH_JSON({"properties": {"tick": {"type": "integer"}}})), 1);
    expect_int(mesh_test_hears(&test, "{\"tick\": -1}"), 0);
    expect_int(mesh_test_listen(&test, "t.nobody"), 0);
    close_with(2);
}

static void sources_are_fed_and_what_they_lead_to_is_heard(void)
{
    open_with(NULL);
    expect_int(mesh_test_listen_to_subject(&test, "heard"), 1);
    expect_int(mesh_test_publish(&test, "said", "{\"a\": 1}"), 1);
    expect_int(mesh_test_hears(&test, "{\"a\": 1}"), 1);
    expect_int(mesh_test_put(&test, "original", "words"), 1);
    expect_int(mesh_test_key(&test, "copy", "words"), 1);
    expect_int(mesh_test_publish(&test, "said", "{"), 0);
    expect_int(mesh_test_put(&test, "no key", "words"), 0);
    close_with(2);
}

static void what_a_task_has_done_is_waited_for(void)
{
    open_with(NULL);
    expect_int(mesh_test_key(&test, "marked", "yes"), 1);
    expect_int(mesh_test_put(&test, "number", "5"), 1);
    expect_int(mesh_test_key_fits(&test, "number", MESH_JSON({"type": "integer"})), 1);
    expect_int(mesh_test_key(&test, "no key", "5"), 0);
    close_with(1);
}

static void settings_are_given_and_checked(void)
{
    static const char *const given[] = { "unit", "sheep", NULL };
    static const char *const unknown[] = { "colour", "red", NULL };
    open_with(given);
    expect_int(mesh_test_call(&test, "t.count", "{}", "{\"count\": 1, \"unit\": \"sheep\"}"), 1);
    close_with(0);
    expect_int(mesh_test_open(&test, unknown), 0);
    close_with(1);
}

static void a_start_that_fails_is_told(void)
{
    static const char *const given[] = { "fails", "yes", NULL };
    expect_int(mesh_test_open(&test, given), 0);
    close_with(1);
}

static void the_next_copy_goes_on_with_what_was_saved(void)
{
    static const char *const forgetful[] = { "forgets", "yes", NULL };
    open_with(NULL);
    expect_int(mesh_test_call(&test, "t.count", "{\"by\": 5}", "{\"count\": 5, \"unit\": \"times\"}"), 1);
    expect_int(mesh_test_reload(&test, NULL), 1);
    expect_int(mesh_test_call(&test, "t.count", "{}", "{\"count\": 6, \"unit\": \"times\"}"), 1);
    expect_int(mesh_test_reload(&test, forgetful), 0);
    expect_int(mesh_test_call(&test, "t.count", "{}", "{\"count\": 7, \"unit\": \"times\"}"), 1);
    close_with(1);
}

static void a_test_that_compares_nothing_has_failed(void)
{
    open_with(NULL);
    close_with(0);
}

SUITE(testing, TEST(answers_are_compared_by_value), TEST(answers_may_be_held_against_a_schema),
      TEST(failures_are_known_by_their_code), TEST(what_does_not_fit_the_agents_own_schema_is_found),
      TEST(chunks_are_compared_as_a_list), TEST(events_are_heard), TEST(sources_are_fed_and_what_they_lead_to_is_heard),
      TEST(what_a_task_has_done_is_waited_for), TEST(settings_are_given_and_checked), TEST(a_start_that_fails_is_told),
      TEST(the_next_copy_goes_on_with_what_was_saved), TEST(a_test_that_compares_nothing_has_failed))
