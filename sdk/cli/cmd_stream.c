/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh stream: one request, an answer in chunks, a line for each. */
#include <agentmesh/stream.h>

#include "command.h"
#include "print.h"
#include "session.h"

static int print_chunks(mesh_stream *stream, const struct arguments *arguments)
{
    for (;;) {
        mesh_error err = MESH_ERROR_INIT;
        mesh_bytes chunk;
        mesh_status status = mesh_stream_next(stream, &chunk, &err);
        if (status == MESH_E_END)
            return EXIT_DONE;
        if (status != MESH_OK)
            return session_failed(&err, arguments->operands[0]);
        if (!print_json(chunk, arguments->json))
            return EXIT_FAILED;
    }
}

static int stream(mesh_client *client, const struct arguments *arguments, const struct buf *payload)
{
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_stream *stream = NULL;
    options.timeout_ms = arguments->timeout_ms;
    if (mesh_stream_open(client, arguments->operands[0], buf_bytes(payload), &options, &stream, &err) != MESH_OK)
        return session_failed(&err, arguments->operands[0]);

    int code = print_chunks(stream, arguments);
    mesh_stream_close(stream);
    return code;
}

static int run(const struct arguments *arguments)
{
    return session_run_with_payload(arguments, stream);
}

static const struct option options[] = {
    OPTION_URL,
    OPTION_CREDS,
    { "--timeout", 0, OPTION_SECONDS, "SECONDS", "how long the whole answer may take; 60 if not given",
      OPTION_AT(timeout_ms) },
    { "--json", 0, OPTION_FLAG, NULL, "print each chunk indented, names sorted", OPTION_AT(json) },
    OPTION_END,
};

const struct command command_stream = {
    .name = "stream",
    .operands = "NAME [PAYLOAD]",
    .summary = "Ask a streaming agent and print each chunk of its answer as it comes",
    .about = "PAYLOAD is one JSON value. Without it, it is read from the standard input, unless that is a\n"
             "terminal.\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 2,
    .run = run,
};
