/* SPDX-License-Identifier: Apache-2.0 */
/* The sample plugins over a mesh: what a caller of each of them sees. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/agentmesh.h>

#include "base/cleanup.h"
#include "nats_server.h"
#include "suite.h"

static struct nats_server *server;
static mesh_client *host;
static mesh_client *caller;

static mesh_client *join(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_client *client = NULL;
    options.url = nats_server_url(server);
    if (mesh_client_open(&options, &client, &err) != MESH_OK) {
        fprintf(stderr, "plugins_test: %s\n", mesh_error_text(&err));
        exit(1);
    }
    return client;
}

/* Serve the agents that a built plugin lists. It stays loaded. */
static void serve(const char *path)
{
    mesh_error err = MESH_ERROR_INIT;
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const mesh_plugin *plugin = object ? dlsym(object, "mesh_plugin_entry") : NULL;
    if (!plugin) {
        fprintf(stderr, "plugins_test: %s\n", dlerror());
        exit(1);
    }
    for (const mesh_agent *const *agent = plugin->agents; *agent; agent++) {
        if (!expect_int(mesh_register(host, *agent, NULL, &err), MESH_OK))
            fprintf(stderr, "plugins_test: %s\n", mesh_error_text(&err));
    }
    mesh_error_clear(&err);
}

static void set_up(void)
{
    if (server)
        return;
    server = nats_server_start(NULL);
    host = join();
    caller = join();
    serve(PLUGINS_FOLDER "/echo.so");
    serve(PLUGINS_FOLDER "/summarizer.so");
}

static void tear_down(void)
{
    caller = mesh_client_close(caller);
    host = mesh_client_close(host);
    server = nats_server_stop(server);
}

/* What an agent answers; in the place of an error its code and message. To be freed. */
static char *answer_of(const char *agent, const char *input)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    char *answer = NULL;
    if (mesh_call(caller, agent, mesh_text(input), NULL, &reply, &err) == MESH_OK)
        answer = strdup(mesh_reply_body(reply).data);
    else if (asprintf(&answer, "%s: %s", mesh_error_code(&err), mesh_error_message(&err)) < 0)
        answer = NULL;
    mesh_reply_free(reply);
    mesh_error_clear(&err);
    return answer;
}

/* The chunks of an answer, one a line; an error is the last. ret_count: how many chunks. To be freed. */
static char *chunks_of(const char *agent, const char *input, size_t *ret_count)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_stream *stream = NULL;
    mesh_bytes chunk;
    char *text = NULL;
    size_t len;
    FILE *lines = open_memstream(&text, &len);

    *ret_count = 0;
    mesh_status status = mesh_stream_open(caller, agent, mesh_text(input), NULL, &stream, &err);
    while (status == MESH_OK && (status = mesh_stream_next(stream, &chunk, &err)) == MESH_OK) {
        fprintf(lines, "%s\n", (const char *)chunk.data);
        ++*ret_count;
    }
    if (status != MESH_E_END)
        fprintf(lines, "%s: %s\n", mesh_error_code(&err), mesh_error_message(&err));
    fclose(lines);
    mesh_stream_close(stream);
    mesh_error_clear(&err);
    return text;
}

static size_t count_chunks(const char *agent, const char *input)
{
    size_t count;
    free(chunks_of(agent, input, &count));
    return count;
}

static void echo_answers_with_what_it_was_told(void)
{
    set_up();
    auto_free char *plain = answer_of("echo", MESH_JSON({"message": "hello"}));
    expect_str(plain, MESH_JSON({"reply": "Echo: hello"}));
    auto_free char *quoted = answer_of("echo", MESH_JSON({"message": "a \"b\" \\ %s\n\u00e9"}));
    expect_str(quoted, "{\"reply\": \"Echo: a \\\"b\\\" \\\\ %s\\n\xC3\xA9\"}");
}

static void echo_takes_only_what_its_schema_says(void)
{
    set_up();
    auto_free char *missing = answer_of("echo", "{}");
    expect_str(missing, "invalid_input: Input failed validation for agent 'echo'");
    auto_free char *number = answer_of("echo", MESH_JSON({"message": 1}));
    expect_str(number, "invalid_input: Input failed validation for agent 'echo'");
}

#define STORY                                                                                                          \
    "The river Aare rises in the Alps. Many people like to walk. The Aare is the longest river "                       \
    "that rises and ends in Switzerland. Lunch was late. In summer thousands swim in the Aare."

static void summarizer_gives_a_chunk_for_each_sentence(void)
{
    set_up();
    size_t count;
    auto_free char *chunks = chunks_of("nlp.summarizer", "{\"text\": \"" STORY "\", \"sentences\": 2}", &count);
    expect_int(count, 2);
    expect_str(chunks, "{\"delta\": \"The river Aare rises in the Alps.\"}\n"
                       "{\"delta\": \" The Aare is the longest river that rises and ends in Switzerland.\"}\n");
}

static void summarizer_gives_as_many_sentences_as_wanted(void)
{
    static const struct {
        const char *wanted;
        size_t sentences;
    } cases[] = {
        { "1", 1 }, { "4", 4 }, { "0", 1 }, { "-5", 1 }, { "1000", 5 },
    };
    set_up();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_free char *input = NULL;
        expect_true(asprintf(&input, "{\"text\": \"" STORY "\", \"sentences\": %s}", cases[i].wanted) > 0);
        expect_int(count_chunks("nlp.summarizer", input), cases[i].sentences);
    }
    expect_int(count_chunks("nlp.summarizer", "{\"text\": \"" STORY "\"}"), 3);
}

static void summarizer_puts_a_sentence_on_one_line(void)
{
    set_up();
    size_t count;
    auto_free char *chunks =
        chunks_of("nlp.summarizer", MESH_JSON({"text": "  One\n  long\tline.\nAnd \"two\".  "}), &count);
    expect_str(chunks, "{\"delta\": \"One long line.\"}\n{\"delta\": \" And \\\"two\\\".\"}\n");
}

static void summarizer_says_what_it_misses(void)
{
    static const struct {
        const char *input, *answer;
    } cases[] = {
        { "{}", "invalid_input: Input failed validation for agent 'nlp.summarizer'\n" },
        { "{\"text\": 7}", "invalid_input: Input failed validation for agent 'nlp.summarizer'\n" },
        { "{\"text\": \"One.\", \"sentences\": \"two\"}",
          "invalid_input: Input failed validation for agent 'nlp.summarizer'\n" },
        { "{\"text\": \"\"}", "invalid_input: 'text' has no words to summarize\n" },
        { "{\"text\": \" ... \"}", "invalid_input: 'text' has no words to summarize\n" },
    };
    set_up();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t count;
        auto_free char *chunks = chunks_of("nlp.summarizer", cases[i].input, &count);
        expect_str(chunks, cases[i].answer);
    }
}

/* As much as one message may carry: short sentences, and no sentence at all. */
static void summarizer_copes_with_a_message_full_of_text(void)
{
    static const char *const patterns[] = { "A b c. ", "word" };
    enum { LEN = 1000 * 1000 };
    set_up();
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        auto_free char *input = malloc(LEN + 64);
        if (!expect_true(input != NULL))
            return;
        size_t at = (size_t)snprintf(input, 64, "%s", "{\"sentences\": 20, \"text\": \"");
        for (size_t k = 0; k < LEN; k++)
            input[at++] = patterns[i][k % strlen(patterns[i])];
        memcpy(input + at, "\"}", 3);
        expect_int(count_chunks("nlp.summarizer", input), 20);
    }
}

static void nothing_of_them_is_left(void)
{
    set_up();
    tear_down();
}

SUITE(integration_plugins, TEST(echo_answers_with_what_it_was_told), TEST(echo_takes_only_what_its_schema_says),
      TEST(summarizer_gives_a_chunk_for_each_sentence), TEST(summarizer_gives_as_many_sentences_as_wanted),
      TEST(summarizer_puts_a_sentence_on_one_line), TEST(summarizer_says_what_it_misses),
      TEST(summarizer_copes_with_a_message_full_of_text), TEST(nothing_of_them_is_left))
