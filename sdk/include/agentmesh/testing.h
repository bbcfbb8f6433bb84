/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of a plugin that its author writes: the plugin and its test are linked into one program, which serves the
 * agents on a bus in memory, asks them, and compares what comes. There is no server, and nothing is loaded.
 *
 *   #include <agentmesh/testing.h>
 *
 *   int main(void)
 *   {
 *       mesh_test test;
 *       if (mesh_test_open(&test, NULL)) {
 *           mesh_test_call(&test, "my.hello", "{\"name\": \"Ada\"}", "{\"greeting\": \"Hello, Ada!\"}");
 *           mesh_test_call_fails(&test, "my.hello", "{\"name\": 1}", "invalid_input");
 *       }
 *       return mesh_test_close(&test);
 *   }
 *
 *   cc hello.c hello_test.c -o hello_test $(pkg-config --cflags --libs agentmesh) && ./hello_test
 *
 * Each comparison prints a line, "ok ..." or "FAIL ..." with what was got and what was expected, and returns 1 or 0.
 * The exit code is that of mesh_test_close(). JSON is compared by value: neither blanks nor the order of members count.
 * What agents answer is checked against their own output schemas too. Whatever else the mesh can do is done through
 * test.mesh, a client like any other.
 *
 * Everything here is of the program that includes it, nothing of it is in the library. One thread at a time.
 */
#ifndef AGENTMESH_TESTING_H
#define AGENTMESH_TESTING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/agentmesh.h>
#include <agentmesh/serving.h>

MESH_BEGIN_DECLS

/* How long an answer, an event, a change of a key may take. */
#define MESH_TEST_TIMEOUT_MS 5000

/* A test under way. */
typedef struct mesh_test {
    mesh_client *mesh;               /* the caller's place on the mesh, and whatever else a test wants to be */
    mesh_client *plugin;             /* the plugin's */
    void *state;                     /* what its start returned */
    mesh_subscription *subscription; /* of mesh_test_listen(); NULL: none */
    unsigned ok, failed;             /* comparisons */
} mesh_test;

/* ---- inside ---- */

static inline int mesh_test_ok_(mesh_test *test, const char *what, const char *got)
{
    test->ok++;
    printf("ok   %s: %s\n", what, got);
    return 1;
}

static inline int mesh_test_fail_(mesh_test *test, const char *what, const char *got, const char *expected)
{
    test->failed++;
    printf("FAIL %s: got %s, expected %s\n", what, got, expected);
    return 0;
}

/* An error as the value that was got, and cleared. */
static inline int mesh_test_error_(mesh_test *test, const char *what, mesh_error *err, const char *expected)
{
    const char *details = mesh_error_details(err);
    test->failed++;
    printf("FAIL %s: got the error %s, \"%s\"%s%s, expected %s\n", what, mesh_error_code(err), mesh_error_text(err),
           strcmp(details, "{}") == 0 ? "" : " ", strcmp(details, "{}") == 0 ? "" : details, expected);
    mesh_error_clear(err);
    return 0;
}

/* To be freed; ends the program where there is no memory. */
static inline char *mesh_test_join_(const char *a, const char *b, const char *c, const char *d)
{
    size_t size = strlen(a) + strlen(b) + strlen(c) + strlen(d) + 1;
    char *text = (char *)malloc(size);
    if (!text)
        abort();
    snprintf(text, size, "%s%s%s%s", a, b, c, d);
    return text;
}

/* Whether a value fits a schema. */
static inline int mesh_test_check_(mesh_test *test, const char *what, mesh_bytes got, const char *schema,
                                   const char *expected)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_schema *compiled = NULL;
    int same;
    if (mesh_schema_compile(mesh_text(schema), NULL, &compiled, &err) != MESH_OK) {
        same = mesh_test_error_(test, what, &err, "what is expected to be JSON");
    } else if (mesh_schema_check(compiled, got, NULL) == MESH_OK) {
        same = mesh_test_ok_(test, what, got.data);
    } else {
        same = mesh_test_fail_(test, what, got.data, expected);
    }
    mesh_schema_free(compiled);
    return same;
}

/* Whether two values are the same. */
static inline int mesh_test_compare_(mesh_test *test, const char *what, mesh_bytes got, const char *expected)
{
    char *schema = mesh_test_join_("{\"const\": ", expected, "}", "");
    int same = mesh_test_check_(test, what, got, schema, expected);
    free(schema);
    return same;
}

/* What the plugin and the library have to say. */
static inline void mesh_test_on_event_(void *data, const mesh_event *event)
{
    (void)data;
    if (event->level >= MESH_LOG_INFO && event->source)
        printf("     %s%s%s\n", event->agent ? event->agent : "", event->agent ? ": " : "", event->text);
}

/* The value of a key in a list of pairs; NULL: it has none. */
static inline const char *mesh_test_setting_(const char *const *pairs, const char *key)
{
    for (; pairs && pairs[0]; pairs += 2)
        if (strcmp(pairs[0], key) == 0)
            return pairs[1];
    return NULL;
}

/* The settings that are given, and the fallbacks of those that are not, as agentmeshd passes them. To be freed. */
static inline const char **mesh_test_settings_(const char *const *given)
{
    const mesh_setting_spec *const *spec = mesh_plugin_entry.settings;
    size_t count = 0, specs = 0;
    while (given && given[count])
        count += 2;
    while (spec && spec[specs])
        specs++;
    const char **pairs = (const char **)calloc(count + 2 * specs + 1, sizeof(*pairs));
    if (!pairs)
        abort();
    for (size_t i = 0; i < count; i++)
        pairs[i] = given[i];
    for (; spec && *spec; spec++) {
        if (!(*spec)->fallback || mesh_test_setting_(given, (*spec)->key))
            continue;
        pairs[count++] = (*spec)->key;
        pairs[count++] = (*spec)->fallback;
    }
    return pairs;
}

/* A setting that the plugin does not list, or misses; NULL: they are right. */
static inline const char *mesh_test_wrong_setting_(const char *const *given)
{
    const mesh_setting_spec *const *specs = mesh_plugin_entry.settings;
    for (const char *const *pair = given; specs && pair && pair[0]; pair += 2) {
        const mesh_setting_spec *const *spec = specs;
        while (*spec && strcmp((*spec)->key, pair[0]) != 0)
            spec++;
        if (!*spec)
            return pair[0];
    }
    for (; specs && *specs; specs++)
        if ((*specs)->is_required && !mesh_test_setting_(given, (*specs)->key))
            return (*specs)->key;
    return NULL;
}

/* A copy of the plugin that has been started, its agents prepared; what is missing of it on failure is NULL. */
static inline mesh_status mesh_test_start_(mesh_test *test, const char *const *settings, mesh_client **ret_plugin,
                                           void **ret_state, mesh_error *err)
{
    const char *wrong = mesh_test_wrong_setting_(settings);
    if (wrong)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "the setting '%s' is not known, or missing", wrong);
    const char **pairs = mesh_test_settings_(settings);
    mesh_child_options options = MESH_CHILD_OPTIONS_INIT;
    options.name = "plugin";
    options.settings = pairs;
    mesh_status status = mesh_child_open(test->mesh, &options, ret_plugin, err);
    free(pairs);
    if (status == MESH_OK && mesh_plugin_entry.start)
        status = mesh_plugin_entry.start(*ret_plugin, ret_state, err);
    if (status != MESH_OK) {
        *ret_plugin = mesh_client_close(*ret_plugin);
        return status;
    }
    const mesh_agent *const *agent = mesh_plugin_entry.agents;
    for (; status == MESH_OK && agent && *agent; agent++)
        status = mesh_register(*ret_plugin, *agent, *ret_state, err);
    return status;
}

/* Its agents leave, what it has in hand ends, it stops. */
static inline void mesh_test_stop_(mesh_client *plugin, void *state)
{
    if (!plugin)
        return;
    mesh_client_stop(plugin, MESH_TEST_TIMEOUT_MS, NULL);
    if (mesh_plugin_entry.stop)
        mesh_plugin_entry.stop(plugin, state);
    mesh_client_close(plugin);
}

/* ---- a test ---- */

/**
 * Start the plugin and serve its agents, as agentmeshd does it. 1, or 0: it said why not, and mesh_test_close() is all
 * that may follow.
 *
 * settings  key, value, ..., NULL: what [settings NAME] of mesh.ini would say; NULL: nothing. Keys are checked against
 * those that the plugin lists, values are not
 */
static inline int mesh_test_open(mesh_test *test, const char *const *settings)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    memset(test, 0, sizeof(*test));
    options.url = "memory:";
    options.on_event = mesh_test_on_event_;
    options.call_timeout_ms = MESH_TEST_TIMEOUT_MS;
    options.stream_timeout_ms = MESH_TEST_TIMEOUT_MS;
    options.flags = MESH_CLIENT_CHECK_OUTPUT;
    mesh_status status = mesh_client_open(&options, &test->mesh, &err);
    if (status == MESH_OK)
        status = mesh_test_start_(test, settings, &test->plugin, &test->state, &err);
    if (status == MESH_OK)
        status = mesh_child_swap(NULL, test->plugin, &err);
    return status == MESH_OK ? 1 : mesh_test_error_(test, "start", &err, "a plugin that serves");
}

/** Stop the plugin, say how many comparisons held, and give the exit code: 0 if all did, and there was one. */
static inline int mesh_test_close(mesh_test *test)
{
    mesh_subscription_close(test->subscription);
    mesh_test_stop_(test->plugin, test->state);
    mesh_client_close(test->mesh);
    printf("%u ok, %u failed\n", test->ok, test->failed);
    return test->failed == 0 && test->ok > 0 ? 0 : 1;
}

/** Replace the plugin by a next copy of itself, which takes over what the first one saves, as a reload does. Settings
 * as in mesh_test_open(). 1, or 0: it was refused, and the first copy serves. */
static inline int mesh_test_reload(mesh_test *test, const char *const *settings)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_saved *saved = NULL;
    mesh_client *next = NULL;
    void *state = NULL;
    mesh_status status = mesh_test_start_(test, settings, &next, &state, &err);
    if (status == MESH_OK)
        status = mesh_child_hold(test->plugin, MESH_TEST_TIMEOUT_MS, &err);
    if (status == MESH_OK && mesh_plugin_entry.save && mesh_plugin_entry.restore) {
        saved = mesh_saved_new();
        status = saved ? mesh_plugin_entry.save(test->plugin, test->state, saved, &err)
                       : mesh_error_set(&err, MESH_E_NO_MEMORY, "out of memory");
        if (status == MESH_OK)
            status = mesh_plugin_entry.restore(next, state, mesh_plugin_entry.version, mesh_saved_bytes(saved), &err);
    }
    mesh_saved_free(saved);
    if (status == MESH_OK)
        status = mesh_child_swap(test->plugin, next, &err);
    mesh_child_release(test->plugin);
    if (status != MESH_OK) {
        mesh_test_stop_(next, state);
        return mesh_test_error_(test, "reload", &err, "a copy that takes over");
    }
    mesh_test_stop_(test->plugin, test->state);
    test->plugin = next;
    test->state = state;
    return mesh_test_ok_(test, "reload", "the next copy serves");
}

/* ---- requests ---- */

/** Call an agent; the answer is to be this value. input: JSON, "" for an agent that takes none. */
static inline int mesh_test_call(mesh_test *test, const char *agent, const char *input, const char *expected)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    char *what = mesh_test_join_(agent, " ", input, "");
    int same = mesh_call(test->mesh, agent, mesh_text(input), NULL, &reply, &err) == MESH_OK
                   ? mesh_test_compare_(test, what, mesh_reply_body(reply), expected)
                   : mesh_test_error_(test, what, &err, expected);
    mesh_reply_free(reply);
    free(what);
    return same;
}

/** Call an agent; the answer is to fit a JSON schema, where its value is not known beforehand. */
static inline int mesh_test_call_fits(mesh_test *test, const char *agent, const char *input, const char *schema)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    char *what = mesh_test_join_(agent, " ", input, "");
    int fits = mesh_call(test->mesh, agent, mesh_text(input), NULL, &reply, &err) == MESH_OK
                   ? mesh_test_check_(test, what, mesh_reply_body(reply), schema, schema)
                   : mesh_test_error_(test, what, &err, schema);
    mesh_reply_free(reply);
    free(what);
    return fits;
}

/* An error has come; its code is to be this one. */
static inline int mesh_test_compare_code_(mesh_test *test, const char *what, mesh_error *err, const char *code)
{
    if (strcmp(mesh_error_code(err), code) != 0)
        return mesh_test_error_(test, what, err, code);
    mesh_test_ok_(test, what, code);
    mesh_error_clear(err);
    return 1;
}

/** Call an agent; it is to fail with this code, "invalid_input" or one of its own. */
static inline int mesh_test_call_fails(mesh_test *test, const char *agent, const char *input, const char *code)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    char *what = mesh_test_join_(agent, " ", input, "");
    int same = mesh_call(test->mesh, agent, mesh_text(input), NULL, &reply, &err) == MESH_OK
                   ? mesh_test_fail_(test, what, mesh_reply_body(reply).data, code)
                   : mesh_test_compare_code_(test, what, &err, code);
    mesh_reply_free(reply);
    free(what);
    return same;
}

/* All chunks of an answer as a JSON array, to be freed; NULL: err has why not. */
static inline char *mesh_test_chunks_(mesh_test *test, const char *agent, const char *input, mesh_error *err)
{
    mesh_stream *stream = NULL;
    mesh_bytes chunk;
    char *chunks = mesh_test_join_("[", "", "", "");
    mesh_status status = mesh_stream_open(test->mesh, agent, mesh_text(input), NULL, &stream, err);
    while (status == MESH_OK && (status = mesh_stream_next(stream, &chunk, err)) == MESH_OK) {
        char *more = mesh_test_join_(chunks, chunks[1] ? ", " : "", chunk.data, "");
        free(chunks);
        chunks = more;
    }
    mesh_stream_close(stream);
    char *all = status == MESH_E_END ? mesh_test_join_(chunks, "]", "", "") : NULL;
    free(chunks);
    return all;
}

/** Ask a streaming agent; its chunks are to be these, a JSON array of them. */
static inline int mesh_test_stream(mesh_test *test, const char *agent, const char *input, const char *expected)
{
    mesh_error err = MESH_ERROR_INIT;
    char *what = mesh_test_join_(agent, " ", input, "");
    char *chunks = mesh_test_chunks_(test, agent, input, &err);
    int same = chunks ? mesh_test_compare_(test, what, mesh_text(chunks), expected)
                      : mesh_test_error_(test, what, &err, expected);
    free(chunks);
    free(what);
    return same;
}

/** Ask a streaming agent; it is to fail with this code, after whatever chunks. */
static inline int mesh_test_stream_fails(mesh_test *test, const char *agent, const char *input, const char *code)
{
    mesh_error err = MESH_ERROR_INIT;
    char *what = mesh_test_join_(agent, " ", input, "");
    char *chunks = mesh_test_chunks_(test, agent, input, &err);
    int same = chunks ? mesh_test_fail_(test, what, chunks, code) : mesh_test_compare_code_(test, what, &err, code);
    free(chunks);
    free(what);
    return same;
}

/* ---- events, messages, keys ---- */

/* Listen to what a publisher emits, or to a subject (the other one NULL), in the place of what was listened to before.
 */
static inline int mesh_test_listen_(mesh_test *test, const char *agent, const char *subject)
{
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    options.agent = agent;
    options.subject = subject;
    options.timeout_ms = MESH_TEST_TIMEOUT_MS;
    test->subscription = mesh_subscription_close(test->subscription);
    return mesh_subscribe(test->mesh, &options, &test->subscription, &err) == MESH_OK
               ? 1
               : mesh_test_error_(test, agent ? agent : subject, &err, "to be able to listen");
}

/** Listen to a publishing agent, or to a subject, from now on. One at a time: it takes the place of what was listened
 * to. */
static inline int mesh_test_listen(mesh_test *test, const char *agent)
{
    return mesh_test_listen_(test, agent, NULL);
}

static inline int mesh_test_listen_to_subject(mesh_test *test, const char *subject)
{
    return mesh_test_listen_(test, NULL, subject);
}

/* The next message; NULL: it has been told. */
static inline const mesh_message *mesh_test_next_(mesh_test *test, const char *expected)
{
    mesh_error err = MESH_ERROR_INIT;
    const mesh_message *message = NULL;
    mesh_status status = test->subscription ? mesh_subscription_next(test->subscription, &message, &err) : MESH_E_END;
    if (status == MESH_E_END)
        mesh_test_fail_(test, "what is heard", "the end", expected);
    else if (status != MESH_OK)
        mesh_test_error_(test, "what is heard", &err, expected);
    return status == MESH_OK ? message : NULL;
}

/** The next event or message that is heard is to be this value; or to fit a schema. */
static inline int mesh_test_hears(mesh_test *test, const char *expected)
{
    const mesh_message *message = mesh_test_next_(test, expected);
    return message ? mesh_test_compare_(test, "what is heard", mesh_message_body(message), expected) : 0;
}

static inline int mesh_test_hears_fit(mesh_test *test, const char *schema)
{
    const mesh_message *message = mesh_test_next_(test, schema);
    return message ? mesh_test_check_(test, "what is heard", mesh_message_body(message), schema, schema) : 0;
}

/** Publish JSON to a subject, as a source of an agent hears it. */
static inline int mesh_test_publish(mesh_test *test, const char *subject, const char *json)
{
    mesh_publish_options options = MESH_PUBLISH_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    options.content_type = MESH_CONTENT_JSON;
    return mesh_publish(test->mesh, subject, mesh_text(json), &options, &err) == MESH_OK
               ? 1
               : mesh_test_error_(test, subject, &err, "to be able to publish");
}

/** Write a shared key. */
static inline int mesh_test_put(mesh_test *test, const char *key, const char *value)
{
    mesh_error err = MESH_ERROR_INIT;
    return mesh_key_put(test->mesh, key, mesh_text(value), NULL, &err) == MESH_OK
               ? 1
               : mesh_test_error_(test, key, &err, "to be able to write the key");
}

/* Wait until a key has this text, or where text is NULL a value that fits the schema. */
static inline int mesh_test_await_key_(mesh_test *test, const char *key, const char *text, const mesh_schema *schema,
                                       const char *expected)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_watch *watch = NULL;
    const mesh_entry *entry = NULL;
    char *last = mesh_test_join_("nothing", "", "", "");
    int same = 0;
    mesh_status status = mesh_key_watch(test->mesh, key, &watch, &err);
    while (!same && status == MESH_OK) {
        status = mesh_watch_next(watch, MESH_TEST_TIMEOUT_MS, &entry, &err);
        if (status != MESH_OK || mesh_entry_operation(entry) != MESH_ENTRY_PUT)
            continue;
        free(last);
        last = mesh_test_join_(mesh_entry_value(entry).data, "", "", "");
        same = text ? strcmp(last, text) == 0 : mesh_schema_check(schema, mesh_text(last), NULL) == MESH_OK;
    }
    if (same)
        mesh_test_ok_(test, key, last);
    else if (status == MESH_E_TIMEOUT)
        mesh_test_fail_(test, key, last, expected);
    else
        mesh_test_error_(test, key, &err, expected);
    mesh_error_clear(&err);
    mesh_watch_close(watch);
    free(last);
    return same;
}

/** A shared key is to have this text, now or within MESH_TEST_TIMEOUT_MS; or a value that fits a JSON schema. */
static inline int mesh_test_key(mesh_test *test, const char *key, const char *expected)
{
    return mesh_test_await_key_(test, key, expected, NULL, expected);
}

static inline int mesh_test_key_fits(mesh_test *test, const char *key, const char *schema)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_schema *compiled = NULL;
    int fits = mesh_schema_compile(mesh_text(schema), NULL, &compiled, &err) == MESH_OK
                   ? mesh_test_await_key_(test, key, NULL, compiled, schema)
                   : mesh_test_error_(test, key, &err, "what is expected to be a schema");
    mesh_schema_free(compiled);
    return fits;
}

MESH_END_DECLS

#endif
