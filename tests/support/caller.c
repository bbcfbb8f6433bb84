/* SPDX-License-Identifier: Apache-2.0 */
/* A caller on the mesh. */
#include "caller.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "peer.h"

enum { TOLD = 3 }; /* failures in words; then they are only counted */

static mesh_client *client;

static void close_client(void)
{
    client = mesh_client_close(client);
}

mesh_client *caller_client(void)
{
    if (!client) {
        client = peer_client(NULL);
        atexit(close_client);
    }
    return client;
}

char *caller_ask(const char *agent, const char *input, unsigned timeout_ms)
{
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    char *answer = NULL;
    options.timeout_ms = timeout_ms;
    if (mesh_call(caller_client(), agent, mesh_text(input), &options, &reply, &err) == MESH_OK)
        answer = strdup(mesh_reply_body(reply).data);
    else if (asprintf(&answer, "error: %s", mesh_error_text(&err)) < 0)
        answer = NULL;
    mesh_reply_free(reply);
    mesh_error_clear(&err);
    return answer;
}

/* ---- things that come true ---- */

struct question {
    const char *agent, *input, *answer;
    bool listed;
    char *heard;
};

static bool answers_so(void *data)
{
    struct question *question = data;
    free(question->heard);
    question->heard = caller_ask(question->agent, question->input, 1000);
    return question->heard && strcmp(question->heard, question->answer) == 0;
}

bool caller_hears(const char *agent, const char *input, const char *answer, unsigned timeout_ms)
{
    struct question question = { .agent = agent, .input = input, .answer = answer };
    bool heard = comes_true(answers_so, &question, timeout_ms);
    if (!heard)
        fprintf(stderr, "caller: '%s' says %s, not %s\n", agent, question.heard, answer);
    free(question.heard);
    return heard;
}

static bool is_listed_so(void *data)
{
    const struct question *question = data;
    mesh_catalog *catalog = NULL;
    bool found = false;
    if (mesh_catalog_read(caller_client(), NULL, &catalog, NULL) != MESH_OK)
        return false;
    const mesh_catalog_entry *entry;
    for (size_t i = 0; (entry = mesh_catalog_at(catalog, i)); i++)
        found |= strcmp(entry->name, question->agent) == 0;
    mesh_catalog_free(catalog);
    return found == question->listed;
}

bool caller_lists(const char *agent, bool listed, unsigned timeout_ms)
{
    struct question question = { .agent = agent, .listed = listed };
    return comes_true(is_listed_so, &question, timeout_ms);
}

/* ---- calls beside the test ---- */

struct stream_of_calls {
    const char *agent, *input;
    pthread_t thread;
    atomic_bool stop;
    unsigned made, failed;
};

static void *calls_main(void *closure)
{
    struct stream_of_calls *calls = closure;
    while (!atomic_load(&calls->stop)) {
        auto_free char *answer = caller_ask(calls->agent, calls->input, 5000);
        bool failed = !answer || strncmp(answer, "error", 5) == 0;
        calls->made++;
        calls->failed += failed;
        if (failed && calls->failed <= TOLD)
            fprintf(stderr, "caller: call %u to '%s': %s\n", calls->made, calls->agent, answer ? answer : "");
    }
    return NULL;
}

struct stream_of_calls *calls_begin(const char *agent, const char *input)
{
    struct stream_of_calls *calls = calloc(1, sizeof(*calls));
    caller_client();
    if (!calls)
        exit(1);
    calls->agent = agent;
    calls->input = input;
    if (pthread_create(&calls->thread, NULL, calls_main, calls) != 0)
        exit(1);
    return calls;
}

unsigned calls_end(struct stream_of_calls *calls, unsigned *ret_failed)
{
    atomic_store(&calls->stop, true);
    pthread_join(calls->thread, NULL);
    unsigned made = calls->made;
    *ret_failed = calls->failed;
    free(calls);
    return made;
}
