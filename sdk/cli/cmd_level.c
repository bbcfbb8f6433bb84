/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh level: from which level the log events of an agent are published. */
#include <agentmesh/observe.h>

#include "command.h"
#include "level.h"
#include "print.h"
#include "session.h"

enum { LINE_MAX = 4096 };

static const char *target_of(const struct arguments *arguments)
{
    return arguments->operands[0] ? arguments->operands[0] : "global";
}

static mesh_status change(mesh_client *client, const struct arguments *arguments, mesh_error *err)
{
    int32_t level = 0;
    if (arguments->unset)
        return mesh_level_unset(client, arguments->operands[0], err);
    level_parse(arguments->level, true, &level);
    return mesh_level_set(client, arguments->operands[0], level, err);
}

static bool print_level(const struct arguments *arguments, int32_t level, int32_t origin)
{
    static const char *const origins[] = {
        [MESH_LEVEL_DEFAULT] = "default", [MESH_LEVEL_GLOBAL] = "global", [MESH_LEVEL_AGENT] = "agent"
    };
    auto_buf struct buf line;
    buf_init(&line, LINE_MAX);
    const char *name = mesh_level_name(level), *source = origins[origin];
    if (arguments->json)
        buf_printf(&line, "{\"log_level\": \"%s\", \"source\": \"%s\"}", name, source);
    else
        buf_printf(&line, "%s: log_level=%s (source: %s)\n", target_of(arguments), name, source);
    return arguments->json ? print_json(buf_bytes(&line), true) : print_result(buf_text(&line), line.len);
}

static int show(mesh_client *client, const struct arguments *arguments, const struct buf *payload)
{
    mesh_error err = MESH_ERROR_INIT;
    int32_t level, origin;
    mesh_status status = MESH_OK;
    (void)payload;
    if (arguments->level || arguments->unset)
        status = change(client, arguments, &err);
    if (status == MESH_OK)
        status = mesh_level_get(client, arguments->operands[0], &level, &origin, &err);
    if (status != MESH_OK)
        return session_failed(&err, NULL);
    return print_level(arguments, level, origin) ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct arguments *arguments)
{
    int32_t level;
    if (arguments->level && arguments->unset) {
        print_talk("--set and --unset exclude each other");
        return EXIT_MISUSED;
    }
    if (arguments->level && !level_parse(arguments->level, true, &level))
        return EXIT_MISUSED;
    return session_run(arguments, NULL, show);
}

static const struct option options[] = {
    OPTION_URL,
    OPTION_CREDS,
    { "--set", 0, OPTION_TEXT, "LEVEL", "set it: debug, info, warn, error, off", OPTION_AT(level) },
    { "--unset", 0, OPTION_FLAG, NULL, "forget what was set", OPTION_AT(unset) },
    { "--json", 0, OPTION_FLAG, NULL, "print level and source as a JSON object", OPTION_AT(json) },
    OPTION_END,
};

const struct command command_level = {
    .name = "level",
    .operands = "[AGENT]",
    .summary = "Show or set from which level log events are published",
    .about = "Without AGENT it is the level of all agents for which none is set. A change takes effect at once,\n"
             "wherever the agent is served.\n",
    .options = options,
    .operands_max = 1,
    .run = run,
};
