/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh call: one request, one answer. */
#include <agentmesh/call.h>

#include "command.h"
#include "print.h"
#include "session.h"

static int call(mesh_client *client, const struct arguments *arguments, const struct buf *payload)
{
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    options.timeout_ms = arguments->timeout_ms;
    if (mesh_call(client, arguments->operands[0], buf_bytes(payload), &options, &reply, &err) != MESH_OK)
        return session_failed(&err, arguments->operands[0]);

    bool printed = print_json(mesh_reply_body(reply), arguments->json);
    mesh_reply_free(reply);
    return printed ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct arguments *arguments)
{
    return session_run_with_payload(arguments, call);
}

static const struct option options[] = {
    OPTION_URL,
    OPTION_CREDS,
    { "--timeout", 0, OPTION_SECONDS, "SECONDS", "how long to wait for the answer; 30 if not given",
      OPTION_AT(timeout_ms) },
    { "--json", 0, OPTION_FLAG, NULL, "print the answer indented, names sorted", OPTION_AT(json) },
    OPTION_END,
};

const struct command command_call = {
    .name = "call",
    .operands = "NAME [PAYLOAD]",
    .summary = "Call an agent and print its answer",
    .about = "PAYLOAD is one JSON value. Without it, it is read from the standard input, unless that is a\n"
             "terminal; an agent that takes nothing is sent nothing.\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 2,
    .run = run,
};
