/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "payload.h"
#include "print.h"

static void end_at_once(int signal)
{
    (void)signal;
    /* Nothing is registered and every line has been flushed: there is nothing to leave in order. */
    _exit(EXIT_INTERRUPTED);
}

static void catch_interrupt(void)
{
    struct sigaction action = { .sa_handler = end_at_once };
    sigaction(SIGINT, &action, NULL);
}

/* The message names the URL; whoever did not type it wonders where it comes from. */
static void explain_origin(const mesh_location *location)
{
    const char *origin = mesh_location_origin(location);
    if (strcmp(origin, "the default") == 0)
        print_talk("This URL is the default: no --url, OAM_URL, .oam-url or local server names another.");
    else
        print_talk("The URL comes from %s.", origin);
}

static bool is_about_connection(const mesh_error *err)
{
    return err->status == MESH_E_CONNECTION_FAILED || err->status == MESH_E_CONNECTION_DENIED;
}

static mesh_client *session_open(const struct arguments *arguments)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_client *client = NULL;
    catch_interrupt();

    mesh_status status = mesh_location_find(arguments->url, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        options.credentials = arguments->creds;
        status = mesh_client_open(&options, &client, &err);
    }
    if (status != MESH_OK)
        print_error(&err);
    if (location && is_about_connection(&err))
        explain_origin(location);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return client;
}

int session_run(const struct arguments *arguments, const struct buf *payload, session_deed deed)
{
    mesh_client *client = session_open(arguments);
    if (!client)
        return EXIT_FAILED;
    int code = deed(client, arguments, payload);
    mesh_client_close(client);
    return code;
}

int session_run_with_payload(const struct arguments *arguments, session_deed deed)
{
    auto_buf struct buf payload;
    buf_init(&payload, PAYLOAD_MAX);
    int code = payload_read(arguments->operands[1], &payload);
    return code == EXIT_DONE ? session_run(arguments, &payload, deed) : code;
}

/* Which command would have been the right one, told by the words of the message (protocol 16.3). */
static void hint(const mesh_error *err, const char *agent)
{
    static const struct {
        const char *words, *command;
    } hints[] = {
        { "stream()", "stream" },
        { "call()", "call" },
    };
    if (!agent || err->status != MESH_E_INVOCATION_MISMATCH)
        return;
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (strstr(mesh_error_message(err), hints[i].words)) {
            print_talk("\nTry: agentmesh %s %s [payload]", hints[i].command, agent);
            return;
        }
    }
}

int session_failed(mesh_error *err, const char *agent)
{
    print_error(err);
    hint(err, agent);
    mesh_error_clear(err);
    return EXIT_FAILED;
}
