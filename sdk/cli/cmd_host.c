/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh host: what the host on this machine does, and telling it what to do. */
#include <string.h>

#include "base/cleanup.h"
#include "base/guess.h"
#include "base/json.h"
#include "command.h"
#include "control_line.h"
#include "host_report.h"
#include "print.h"

enum { REPORT_MAX = 64 << 20, QUESTION_MAX = 64 << 10 };

/* ---- what came of an order ---- */

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(word, *words) != 0)
        words++;
    return *words;
}

/* What should serve and does not is a failure, and so is a version that was refused; not where it was taken off. */
static int judge(const cJSON *plugins)
{
    static const char *const up[] = { "serving", "probation", "idle", NULL };
    static const char *const off[] = { "disabled", "drained", "leaving", NULL };
    const cJSON *item;
    int code = EXIT_DONE;
    cJSON_ArrayForEach(item, plugins)
    {
        const char *state = json_string(item, "state", "?");
        if (!is_one_of(state, off) && (!is_one_of(state, up) || json_get(item, "refusal")))
            code = EXIT_FAILED;
    }
    return code;
}

/* ---- the verbs ---- */

static const struct verb {
    const char *name; /* as typed */
    const char *deed; /* as asked */
    enum { OPERAND_NONE, OPERAND_MAY, OPERAND_MUST } operand;
    const char *member;                                   /* what the operand is in the question */
    bool is_order;                                        /* its answer is how plugins stand then */
    void (*report)(struct buf *out, const cJSON *result); /* NULL: nothing to tell */
} verbs[] = {
    { "status", "status", OPERAND_MAY, "plugin", false, report_status },
    { "list", "status", OPERAND_NONE, NULL, false, report_names },
    { "gens", "status", OPERAND_MAY, "plugin", false, report_generations },
    { "reload", "reload", OPERAND_MAY, "plugin", true, report_plugins },
    { "enable", "enable", OPERAND_MUST, "plugin", true, report_plugins },
    { "disable", "disable", OPERAND_MUST, "plugin", true, report_plugins },
    { "drain", "drain", OPERAND_MUST, "plugin", true, report_plugins },
    { "rollback", "rollback", OPERAND_MUST, "plugin", true, report_plugins },
    { "log-level", "log-level", OPERAND_MUST, "level", false, NULL },
};

static const struct verb *find_verb(const char *name)
{
    struct guess guess = guess_start(name);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
        guess_try(&guess, verbs[i].name);
    }
    if (guess.best)
        print_talk("'agentmesh host' cannot '%s': did you mean '%s'?", name, guess.best);
    else
        print_talk("'agentmesh host' cannot '%s'", name);
    print_talk("Try: agentmesh host --help");
    return NULL;
}

/* An option that would do nothing is a misunderstanding. */
static bool check_options(const struct verb *verb, const struct arguments *arguments)
{
    bool is_forcible = strcmp(verb->name, "reload") == 0 && arguments->operands[1];
    if (arguments->force && !is_forcible)
        print_talk("--force is for 'agentmesh host reload PLUGIN'");
    else if (arguments->wait && !verb->is_order)
        print_talk("--wait is for what changes plugins, not for 'agentmesh host %s'", verb->name);
    else
        return true;
    return false;
}

static bool check_operand(const struct verb *verb, const char *operand)
{
    if (verb->operand == OPERAND_MUST && !operand) {
        print_talk("'agentmesh host %s' needs a %s", verb->name, verb->member);
        return false;
    }
    if (verb->operand == OPERAND_NONE && operand) {
        print_talk("'%s' is one argument too many for 'agentmesh host %s'", operand, verb->name);
        return false;
    }
    return true;
}

static void write_question(struct buf *out, const struct verb *verb, const struct arguments *arguments)
{
    json_put_string(out, "{\"do\": ", verb->deed);
    if (arguments->operands[1]) {
        buf_printf(out, ", \"%s\": ", verb->member);
        json_put_string(out, "", arguments->operands[1]);
    }
    buf_printf(out, ", \"force\": %s, \"wait\": %s}", arguments->force ? "true" : "false",
               arguments->wait ? "true" : "false");
}

static int show(const struct verb *verb, bool as_json, const cJSON *result)
{
    auto_buf struct buf out;
    buf_init(&out, REPORT_MAX);
    if (as_json) {
        json_print_pretty(&out, result);
        buf_putc(&out, '\n');
    } else {
        verb->report(&out, result);
    }
    if (buf_failed(&out)) {
        print_talk("no memory for the answer");
        return EXIT_FAILED;
    }
    if (!print_result(buf_text(&out), out.len))
        return EXIT_FAILED;
    return verb->is_order ? judge(result) : EXIT_DONE;
}

static int run(const struct arguments *arguments)
{
    const struct verb *verb = find_verb(arguments->operands[0]);
    if (!verb || !check_operand(verb, arguments->operands[1]) || !check_options(verb, arguments))
        return EXIT_MISUSED;
    auto_json cJSON *result = NULL;
    auto_buf struct buf question;
    mesh_error err = MESH_ERROR_INIT;
    buf_init(&question, QUESTION_MAX);
    write_question(&question, verb, arguments);
    mesh_status status = buf_error(&question, &err);
    if (status == MESH_OK)
        status = control_line_ask(arguments->socket, buf_bytes(&question), &result, &err);
    if (status != MESH_OK) {
        print_error(&err);
        mesh_error_clear(&err);
        return EXIT_FAILED;
    }
    return verb->report ? show(verb, arguments->json, result) : EXIT_DONE;
}

static const struct option options[] = {
    { "--socket", 0, OPTION_TEXT, "PATH", "where the host listens, if not in the usual place", OPTION_AT(socket) },
    { "--force", 0, OPTION_FLAG, NULL, "reload PLUGIN: load it again even if it is the same, or was set aside",
      OPTION_AT(force) },
    { "--wait", 0, OPTION_FLAG, NULL, "wait until the probation of what was loaded is over, too", OPTION_AT(wait) },
    { "--json", 0, OPTION_FLAG, NULL, "print the host's answer as JSON", OPTION_AT(json) },
    OPTION_END,
};

const struct command command_host = {
    .name = "host",
    .operands = "VERB [PLUGIN]",
    .summary = "Look at the host on this machine, and tell it what to do",
    .about = "  status [PLUGIN]     how the host and its plugins stand\n"
             "  list                the names of the plugins\n"
             "  gens [PLUGIN]       what is loaded of each plugin, and what holds old versions\n"
             "  reload [PLUGIN]     look at mesh.ini and the folders, or at one plugin's file, now; ends with 0 when\n"
             "                      what is there serves\n"
             "  enable PLUGIN       let it serve\n"
             "  disable PLUGIN      take it off the mesh, also after a restart, until it is enabled\n"
             "  drain PLUGIN        take it off the mesh until it is enabled or the host is restarted\n"
             "  rollback PLUGIN     put the last good version in the place of the one that serves\n"
             "  log-level LEVEL     debug, info, warn or error, until mesh.ini is read again\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 2,
    .run = run,
};
