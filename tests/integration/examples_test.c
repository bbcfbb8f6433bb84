/* SPDX-License-Identifier: Apache-2.0 */
/* The example programs, each run as its first lines say, against agents that this program serves: one line of the table
 * per run. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <agentmesh/agentmesh.h>

#include "base/cleanup.h"
#include "folder.h"
#include "nats_server.h"
#include "program.h"
#include "suite.h"

/* What an example is called with, and what it says: out and err are parts of it; NULL: anything. */
struct example {
    const char *argv[6]; /* the program's name first */
    const char *input;   /* NULL: none */
    int code;
    const char *out, *err;
};

static const struct example examples[] = {
    { { "memory" }, NULL, 0, "ok   {\"name\": \"Ada\"}: {\"greeting\": \"Hello, Ada!\"}\n", "" },
    { { "errors" },
      NULL,
      0,
      "example.library [too_many] nobody carries that home {\"most\":3}\na misunderstanding: {\"errors\":[{",
      "" },
    { { "call", "example.echo", "{\"a\": 1}" }, NULL, 0, "{\"a\": 1}\n", "" },
    { { "call", "example.nobody" }, NULL, 1, "", "call: call 'example.nobody': Agent 'example.nobody' not found\n" },
    { { "stream", "example.stream", "[1, 2]" }, NULL, 0, "[1, 2]", "" },
    { { "stream", "example.echo", "{}" }, NULL, 1, "", "Use call() instead" },
    { { "catalog", "example" }, NULL, 0, "example.echo 0.1.0 (", "" },
    { { "levels", "example.echo" }, NULL, 0, "example.echo: info (the default)\n", NULL },
    { { "levels", "-", "warn" }, NULL, 0, "the mesh: warn (set for all)\n", NULL },
    { { "levels", "example.echo", "error" }, NULL, 0, "example.echo: error (set for it)\n", NULL },
    { { "levels", "example.echo", "loud" }, NULL, 1, "", "levels: -1 is no level" },
    { { "levels", "example.echo", "unset" }, NULL, 0, "example.echo: warn (set for all)\n", NULL },
    { { "levels", "-", "unset" }, NULL, 0, "the mesh: info (the default)\n", NULL },
    { { "usage" }, NULL, 0, "{\"answer\": 42} took 240 tokens in and 30 out of thinker-1, about $0.0030\n", NULL },
    { { "discover", "example.echo" }, NULL, 0, "example.echo 0.1.0: Says it again.\n    since 2", NULL },
    { { "discover", "example" }, NULL, 0, "takes {\"type\":\"object\"}, answers as it likes\n", NULL },
    { { "tool", "example", "example_echo" },
      NULL,
      0,
      "example_echo is example.echo\n",
      "tool: left out: agent 'example.s" },
    { { "tool", "example.echo" }, NULL, 0, "[{\"type\":\"function\",\"function\":{\"name\":\"example_echo\"", "" },
    { { "tail", "example.echo", "0.05" }, NULL, 0, "", "following\n" },
    { { "send", "example.echo", "{\"a\": 1}" },
      NULL,
      0,
      "sent, and free to do something else\nexample.echo says {\"a\": 1}\n",
      NULL },
    { { "send", "example.nobody" },
      NULL,
      1,
      "sent",
      "send: send 'example.nobody': Agent 'example.nobody' not found\n" },
    { { "send", "example.stream" }, NULL, 1, "", "Use stream() instead" },
    { { "many", "example.echo", "{}", "200" }, NULL, 0, "200 answered, 0 failed\n", NULL },
    { { "many", "example.nobody", "{}", "2" }, NULL, 0, "0 answered, 2 failed\n", "not found\n" },
    { { "publish" }, NULL, 0, "", NULL },
    { { "publish", "example.*" }, NULL, 1, "", "'example.*' is not a subject to publish to" },
    { { "publish", "example.news", "no json" }, NULL, 1, "", "the body is not JSON" },
    { { "subscribe", "example.silence", "0.05" }, NULL, 0, "", "listening\n" },
    { { "subscribe", "example..x" }, NULL, 1, "", "'example..x' is not a subject" },
    { { "keys", "put", "example.count", "41" }, NULL, 0, "", NULL },
    { { "keys", "count", "example.count" }, NULL, 0, "42\n", NULL },
    { { "keys", "get", "example.count" }, NULL, 0, "42\n", NULL },
    { { "keys", "create", "example.count", "1" }, NULL, 1, "", "keys: key 'example.count' exists already\n" },
    { { "keys", "list", "example.>" }, NULL, 0, "example.count = 42\n", NULL },
    { { "keys", "delete", "example.count" }, NULL, 0, "", NULL },
    { { "keys", "get", "example.count" }, NULL, 1, "", "the key was deleted\n" },
    { { "keys", "put", "no key", "1" }, NULL, 1, "", "'no key' is not a key" },
    { { "keys", "get" }, NULL, 2, "", "usage: keys" },
    { { "workspace", "put", "example/users", "/etc/passwd" }, NULL, 0, "", NULL },
    { { "workspace", "list", "example/" }, NULL, 0, " example/users\n", NULL },
    { { "workspace", "get", "example/users", "/dev/null" }, NULL, 1, "", "'/dev/null' is not a regular file\n" },
    { { "workspace", "delete", "example/users" }, NULL, 0, "", NULL },
    { { "workspace", "delete", "example/users" },
      NULL,
      1,
      "",
      "workspace: delete object 'example/users': the object was" },
    { { "workspace", "list" }, NULL, 0, "", NULL },
    { { "publisher", "3", "1" }, NULL, 0, "3 events\n", "" },
    { { "task", "2", "10" }, NULL, 0, "example.sweeper has swept\nexample.sweeper has swept\n", "" },
    { { "keys", "put", "example.stock.pears", "3" }, NULL, 0, "", NULL },
    { { "source", "1" }, NULL, 0, "example.stock.pears = 3\n", "" },
    { { "keys", "delete", "example.stock.pears" }, NULL, 0, "", NULL },
    { { "gate" }, NULL, 0, "the shop is closed\nthe shop says \"sold\"\nthe shop is closed\n", "" },
    { { "loop" }, "one\nthree\n", 0, "{\"letters\": 3}\n{\"letters\": 5}\n", "" },
    { { "workspace", "give" }, NULL, 1, "", "put NAME FILE" },
};

/* ---- the agents that they find ---- */

static mesh_status say_again(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_request_input(request), err);
}

static mesh_status say_in_chunks(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_chunk(request, mesh_request_input(request), err);
}

static const mesh_agent agents[] = {
    MESH_RESPONDER("example.echo", "Says it again.", say_again, MESH_JSON({"type": "object"}), NULL),
                   MESH_STREAMER("example.stream", "Says it in chunks.", say_in_chunks, "{}", NULL),
    };

static mesh_client *host;

static void set_up(void)
{
    static struct nats_server *server;
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    if (host)
        return;
    server = nats_server_start(NULL);
    options.url = nats_server_url(server);
    setenv("OAM_URL", options.url, 1);
    mesh_status status = mesh_client_open(&options, &host, &err);
    for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]) && status == MESH_OK; i++)
        status = mesh_register(host, &agents[i], NULL, &err);
    if (!expect_int(status, MESH_OK))
        fprintf(stderr, "%s\n", mesh_error_text(&err));
}

/* ---- the runs ---- */

static void run(const struct example *example)
{
    auto_outcome struct outcome outcome;
    auto_free char *program = NULL;
    const char *argv[6];
    expect_true(asprintf(&program, "%s/%s", getenv("AGENTMESH_EXAMPLES"), example->argv[0]) > 0);
    memcpy(argv, example->argv, sizeof(argv));
    argv[0] = program;
    program_run(&outcome, example->input, argv);
    if (!expect_int(outcome.code, example->code))
        fprintf(stderr, "%s: %s", program, buf_text(&outcome.err));
    if (example->out)
        expect_contains(buf_text(&outcome.out), example->out);
    if (example->err)
        expect_contains(buf_text(&outcome.err), example->err);
}

/* One subscribes, the other publishes until it is heard. */
static void what_one_publishes_the_other_prints(void)
{
    static const struct example publish = { .argv = { "publish" } };
    struct program program;
    auto_free char *path = NULL;
    set_up();
    expect_true(asprintf(&path, "%s/subscribe", getenv("AGENTMESH_EXAMPLES")) > 0);
    program_start(&program, (const char *const[]){ path, NULL });
    struct pollfd said = { .fd = program.out_fd, .events = POLLIN };
    do
        run(&publish);
    while (poll(&said, 1, 20) == 0);
    auto_free char *line = program_line(&program);
    expect_str(line, "example.news: {\"headline\": \"A mesh has been seen\"}");
    expect_int(program_stop(&program, SIGTERM), 128 + SIGTERM);
}

/* On a port that nobody is likely to want: a taken one is exchanged for another. */
static void one_brings_its_own_server(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *store = folder_path(folder, "store");
    char port[8];
    snprintf(port, sizeof(port), "%d", 20000 + getpid() % 10000);
    setenv("AGENTMESH_RUNTIME_DIR", folder, 1);
    run(&(const struct example){ { "local", store, port }, NULL, 0, "example.resident is \"at home\"\n", "" });
    run(&(const struct example){ { "local", "/dev/null/store", port }, NULL, 1, "", "local: " });
    run(&(const struct example){ { "local" }, NULL, 2, "", "usage: local" });
    unsetenv("AGENTMESH_RUNTIME_DIR");
}

static void every_example_does_what_it_says(void)
{
    set_up();
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        run(&examples[i]);
    mesh_client_close(host);
}

SUITE(integration_examples, TEST(what_one_publishes_the_other_prints), TEST(one_brings_its_own_server),
      TEST(every_example_does_what_it_says))
