/* SPDX-License-Identifier: Apache-2.0 */
/* What operators may ask. */
#include "operate.h"

#include <stdlib.h>
#include <string.h>

#include <agentmesh/client.h>

#include "base/cleanup.h"
#include "base/guess.h"
#include "base/json.h"
#include "log.h"

enum { ANSWER_MAX = 32 << 20 };

/* One question. */
struct question {
    struct operate_tools *tools;
    struct conversation *conversation;
    const cJSON *asked;
    const char *plugin; /* NULL: none was named */
};

/* One that is answered when a plugin has come to rest. */
struct promise {
    struct operate_tools *tools;
    struct conversation *conversation;
    bool is_about_all;
};

static void refuse(struct conversation *conversation, mesh_error *err)
{
    conversation_refuse(conversation, err);
    mesh_error_clear(err);
}

static void answer_with(struct conversation *conversation, const struct buf *out)
{
    mesh_error err = MESH_ERROR_INIT;
    if (buf_error(out, &err) == MESH_OK)
        conversation_answer(conversation, buf_bytes(out));
    else
        refuse(conversation, &err);
}

/* How one plugin, or all (NULL), stand. One that was looked for may not be there. */
static void answer_with_plugins(struct operate_tools *tools, struct conversation *conversation, const char *plugin)
{
    mesh_error err = MESH_ERROR_INIT;
    if (plugin && roster_knows(tools->roster, plugin, &err) != MESH_OK) {
        refuse(conversation, &err);
        return;
    }
    auto_buf struct buf out;
    buf_init(&out, ANSWER_MAX);
    roster_describe(tools->roster, plugin, &out);
    answer_with(conversation, &out);
}

static void keep_promise(void *closure, const char *plugin)
{
    struct promise *promise = closure;
    answer_with_plugins(promise->tools, promise->conversation, promise->is_about_all ? NULL : plugin);
    free(promise);
}

/* Answer when it is done. */
static void answer_later(const struct question *question, bool to_commit)
{
    mesh_error err = MESH_ERROR_INIT;
    struct promise *promise = calloc(1, sizeof(*promise));
    mesh_status status = MESH_E_NO_MEMORY;
    if (promise) {
        *promise = (struct promise){ question->tools, question->conversation, !question->plugin };
        status = roster_wait(question->tools->roster, question->plugin, to_commit, keep_promise, promise, &err);
    }
    if (status == MESH_OK)
        return;
    free(promise);
    if (err.status == MESH_OK)
        mesh_error_set(&err, status, "out of memory");
    refuse(question->conversation, &err);
}

/* After something was ordered: refused at once, or done soon. */
static void conclude(const struct question *question, mesh_status status, mesh_error *err)
{
    if (status == MESH_OK) {
        question->tools->look(question->tools->closure);
        answer_later(question, json_bool(question->asked, "wait", false));
    } else {
        refuse(question->conversation, err);
    }
}

/* ---- the deeds ---- */

static void do_status(const struct question *question)
{
    struct operate_tools *tools = question->tools;
    mesh_error err = MESH_ERROR_INIT;
    if (question->plugin && roster_knows(tools->roster, question->plugin, &err) != MESH_OK) {
        refuse(question->conversation, &err);
        return;
    }
    auto_buf struct buf out;
    buf_init(&out, ANSWER_MAX);
    buf_puts(&out, "{");
    tools->describe(tools->closure, &out);
    buf_puts(&out, "\"plugins\": ");
    roster_describe(tools->roster, question->plugin, &out);
    buf_puts(&out, "}");
    answer_with(question->conversation, &out);
}

static void do_reload(const struct question *question)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = MESH_OK;
    if (question->plugin)
        status =
            roster_reload(question->tools->roster, question->plugin, json_bool(question->asked, "force", false), &err);
    else if (!question->tools->reload(question->tools->closure))
        status = mesh_error_set(&err, MESH_E_DATA,
                                "mesh.ini is wrong, the one in use is kept: agentmeshd --check tells what is wrong");
    conclude(question, status, &err);
}

static void do_enable(const struct question *question)
{
    mesh_error err = MESH_ERROR_INIT;
    conclude(question, roster_enable(question->tools->roster, question->plugin, true, &err), &err);
}

static void do_disable(const struct question *question)
{
    mesh_error err = MESH_ERROR_INIT;
    conclude(question, roster_enable(question->tools->roster, question->plugin, false, &err), &err);
}

static void do_drain(const struct question *question)
{
    mesh_error err = MESH_ERROR_INIT;
    conclude(question, roster_drain(question->tools->roster, question->plugin, &err), &err);
}

static void do_rollback(const struct question *question)
{
    mesh_error err = MESH_ERROR_INIT;
    conclude(question, roster_roll_back(question->tools->roster, question->plugin, &err), &err);
}

static void do_log_level(const struct question *question)
{
    static const struct {
        const char *name;
        int32_t level;
    } levels[] = {
        { "debug", MESH_LOG_DEBUG }, { "info", MESH_LOG_INFO }, { "warn", MESH_LOG_WARN }, { "error", MESH_LOG_ERROR }
    };
    const char *wanted = json_string(question->asked, "level", "");
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(levels[i].name, wanted) == 0) {
            log_set_level(levels[i].level);
            conversation_answer(question->conversation, mesh_text(NULL));
            return;
        }
    }
    mesh_error err = MESH_ERROR_INIT;
    mesh_error_set(&err, MESH_E_INVALID_ARGUMENT, "there is no level '%s': debug, info, warn or error", wanted);
    refuse(question->conversation, &err);
}

/* ---- the table of them ---- */

static const struct deed {
    const char *name;
    bool needs_plugin;
    bool is_order; /* something is to change; not while the host ends */
    void (*run)(const struct question *question);
} deeds[] = {
    { "status", false, false, do_status },       { "reload", false, true, do_reload },
    { "enable", true, true, do_enable },         { "disable", true, true, do_disable },
    { "drain", true, true, do_drain },           { "rollback", true, true, do_rollback },
    { "log-level", false, false, do_log_level },
};

static const struct deed *find_deed(const char *name, mesh_error *err)
{
    struct guess guess = guess_start(name);
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        if (strcmp(deeds[i].name, name) == 0)
            return &deeds[i];
        guess_try(&guess, deeds[i].name);
    }
    mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "this agentmeshd cannot do '%s'%s%s%s", name,
                   guess.best ? ": did you mean '" : "", guess.best ? guess.best : "", guess.best ? "'?" : "");
    return NULL;
}

static mesh_status check(const struct question *question, const struct deed *deed, mesh_error *err)
{
    const struct operate_tools *tools = question->tools;
    if (deed->needs_plugin && !question->plugin)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' needs the name of a plugin", deed->name);
    if (deed->is_order && tools->is_ending(tools->closure))
        return mesh_error_set(err, MESH_E_STOPPED, "this agentmeshd is ending");
    return MESH_OK;
}

void operate_hear(void *closure, struct conversation *conversation, const cJSON *asked)
{
    mesh_error err = MESH_ERROR_INIT;
    const struct question question = { closure, conversation, asked, json_string(asked, "plugin", NULL) };
    const struct deed *deed = find_deed(json_string(asked, "do", ""), &err);
    if (deed && check(&question, deed, &err) == MESH_OK)
        deed->run(&question);
    else
        refuse(conversation, &err);
}
