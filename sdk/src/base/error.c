/* SPDX-License-Identifier: Apache-2.0 */
/* mesh_error: what went wrong, and the one table of status, wire code and text. */
#include <agentmesh/error.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

/* Every pointer may be NULL: not told, or no memory to tell it. */
struct mesh_error_detail {
    char *text;        /* prefixes, then the message */
    size_t message_at; /* where in text the message begins */
    char *code;        /* only a peer's own; else the status has it */
    char *agent, *request_id, *details;
};

static const struct {
    mesh_status status;
    const char *code; /* NULL: travels as handler_error */
    const char *text;
} table[] = {
    { MESH_E_INVALID_INPUT, "invalid_input", "invalid input" },
    { MESH_E_HANDLER_ERROR, "handler_error", "the handler failed" },
    { MESH_E_INVOCATION_MISMATCH, "invocation_mismatch", "the agent cannot be called this way" },
    { MESH_E_NOT_FOUND, "not_found", "not found" },
    { MESH_E_NOT_AVAILABLE, "not_available", "not available now" },
    { MESH_E_CONNECTION_FAILED, "connection_failed", "connection failed" },
    { MESH_E_CONNECTION_DENIED, "connection_denied", "connection denied" },
    { MESH_E_AGENT_DIED, "agent_died", "the agent died" },
    { MESH_E_KV_KEY_EXISTS, "kv_key_exists", "the key exists already" },
    { MESH_E_TIMEOUT, "timeout", "no answer in time" },
    { MESH_E_CHUNK_SEQUENCE, "chunk_sequence_error", "a chunk is missing" },
    { MESH_E_MESH, "mesh_error", "mesh error" },
    { MESH_E_OVERLOADED, "overloaded", "overloaded: try again later" },
    { MESH_E_NO_MEMORY, NULL, "out of memory" },
    { MESH_E_INVALID_ARGUMENT, NULL, "invalid argument" },
    { MESH_E_STOPPED, NULL, "the client was stopped" },
    { MESH_E_CONFLICT, NULL, "somebody else wrote first" },
    { MESH_E_EXISTS, NULL, "already registered" },
    { MESH_E_ANSWERED, NULL, "the request has been answered already" },
    { MESH_E_END, NULL, "the stream has ended" },
    { MESH_E_TOO_LARGE, NULL, "too large" },
    { MESH_E_SYSTEM, NULL, "the operating system refused" },
    { MESH_E_INCOMPATIBLE, NULL, "incompatible version" },
    { MESH_E_CALLER_GONE, NULL, "the caller is gone" },
    { MESH_E_INVALID_JSON, NULL, "invalid JSON" },
    { MESH_E_DATA, NULL, "a stored document cannot be read" },
};

enum { TABLE_COUNT = sizeof(table) / sizeof(table[0]) };

#define TEXT_OF(number) TEXT_OF_(number)
#define TEXT_OF_(number) #number

const char *mesh_version(void)
{
    return TEXT_OF(MESH_VERSION_MAJOR) "." TEXT_OF(MESH_VERSION_MINOR) "." TEXT_OF(MESH_VERSION_PATCH);
}

const char *mesh_status_code(mesh_status status)
{
    if (status == MESH_OK)
        return "";
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (table[i].status == status && table[i].code)
            return table[i].code;
    return "handler_error";
}

const char *mesh_status_text(mesh_status status)
{
    if (status == MESH_OK)
        return "no error";
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (table[i].status == status)
            return table[i].text;
    return "unknown error";
}

/* MESH_OK: no status has that code. */
static mesh_status status_of_code(const char *code)
{
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (table[i].code && strcmp(table[i].code, code) == 0)
            return table[i].status;
    return MESH_OK;
}

static void detail_free(struct mesh_error_detail *detail)
{
    if (!detail)
        return;
    free(detail->text);
    free(detail->code);
    free(detail->agent);
    free(detail->request_id);
    free(detail->details);
    free(detail);
}

void mesh_error_clear(mesh_error *err)
{
    if (!err)
        return;
    detail_free(err->detail);
    *err = (mesh_error)MESH_ERROR_INIT;
}

static struct mesh_error_detail *detail_of(mesh_error *err)
{
    if (!err->detail)
        err->detail = calloc(1, sizeof(*err->detail));
    return err->detail;
}

/* text is taken, also on failure: there is nowhere to report one to. */
static mesh_status fill(mesh_error *err, mesh_status status, char *text)
{
    mesh_error_clear(err);
    err->status = status;
    if (text && detail_of(err))
        err->detail->text = text;
    else
        free(text);
    return status;
}

mesh_status mesh_error_setv(mesh_error *err, mesh_status status, const char *format, va_list args)
{
    char *text = NULL;

    if (!err)
        return status;
    if (status == MESH_OK) {
        mesh_error_clear(err);
        return MESH_OK;
    }
    /* Formatted before the old error goes: its text may be among the arguments. */
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    return fill(err, status, text);
}

mesh_status mesh_error_set(mesh_error *err, mesh_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mesh_error_setv(err, status, format, args);
    va_end(args);
    return status;
}

mesh_status mesh_error_set_text(mesh_error *err, mesh_status status, const char *text)
{
    return mesh_error_set(err, status, "%s", text ? text : mesh_status_text(status));
}

/* A copy of a text that is a JSON object and can stand inside an envelope; NULL for anything else. */
static char *copy_object(const char *text)
{
    auto_json cJSON *tree = NULL;

    if (!text || !*text || json_parse_part(mesh_text(text), &tree, NULL) != MESH_OK || !cJSON_IsObject(tree))
        return NULL;
    return strdup(text);
}

mesh_status mesh_error_set_code(mesh_error *err, const char *code, const char *message, const char *details)
{
    mesh_status known = code && *code ? status_of_code(code) : MESH_E_MESH;
    mesh_status status = known != MESH_OK ? known : MESH_E_MESH;

    if (!err)
        return status;
    auto_free char *own_code = known == MESH_OK ? strdup(code) : NULL;
    auto_free char *own_details = copy_object(details);
    mesh_error_set_text(err, status, message);
    if ((own_code || own_details) && detail_of(err)) {
        err->detail->code = take(&own_code);
        err->detail->details = take(&own_details);
    }
    return status;
}

static void put_in_front(struct mesh_error_detail *detail, const char *prefix, const char *text)
{
    size_t len = strlen(prefix) + 2;
    char *whole = malloc(len + strlen(text) + 1);

    if (!whole)
        return;
    memcpy(whole, prefix, len - 2);
    memcpy(whole + len - 2, ": ", 2);
    memcpy(whole + len, text, strlen(text) + 1);
    free(detail->text);
    detail->text = whole;
    detail->message_at += len;
}

/* What a function returns and what its error holds are the same. */
static void change_status(mesh_error *err, mesh_status status)
{
    if (err->status == status)
        return;
    err->status = status;
    if (err->detail) {
        free(err->detail->code);
        err->detail->code = NULL;
    }
}

mesh_status mesh_error_prefix_text(mesh_error *err, mesh_status status, const char *text)
{
    if (!err || status == MESH_OK)
        return status;
    if (text && detail_of(err))
        put_in_front(err->detail, text, err->status == MESH_OK ? mesh_status_text(status) : mesh_error_text(err));
    change_status(err, status);
    return status;
}

mesh_status mesh_error_prefix(mesh_error *err, mesh_status status, const char *format, ...)
{
    auto_free char *prefix = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&prefix, format, args) < 0)
        prefix = NULL;
    va_end(args);
    return mesh_error_prefix_text(err, status, prefix);
}

static void replace(char **slot, char *text)
{
    if (!text)
        return;
    free(*slot);
    *slot = text;
}

void mesh_error_set_context(mesh_error *err, const char *agent, const char *request_id, const char *details)
{
    if (!err || err->status == MESH_OK || !detail_of(err))
        return;
    replace(&err->detail->agent, agent ? strdup(agent) : NULL);
    replace(&err->detail->request_id, request_id ? strdup(request_id) : NULL);
    replace(&err->detail->details, copy_object(details));
}

void mesh_error_move(mesh_error *to, mesh_error *from)
{
    if (to == from)
        return;
    mesh_error_clear(to);
    if (to && from) {
        *to = *from;
        *from = (mesh_error)MESH_ERROR_INIT;
    }
    mesh_error_clear(from);
}

static const struct mesh_error_detail *detail_in(const mesh_error *err)
{
    static const struct mesh_error_detail nothing;

    return err && err->detail ? err->detail : &nothing;
}

static mesh_status status_in(const mesh_error *err)
{
    return err ? err->status : MESH_OK;
}

const char *mesh_error_text(const mesh_error *err)
{
    const char *text = detail_in(err)->text;

    return text ? text : mesh_status_text(status_in(err));
}

const char *mesh_error_message(const mesh_error *err)
{
    return mesh_error_text(err) + detail_in(err)->message_at;
}

const char *mesh_error_code(const mesh_error *err)
{
    const char *code = detail_in(err)->code;

    return code ? code : mesh_status_code(status_in(err));
}

const char *mesh_error_agent(const mesh_error *err)
{
    const char *agent = detail_in(err)->agent;

    return agent ? agent : "";
}

const char *mesh_error_request_id(const mesh_error *err)
{
    const char *request_id = detail_in(err)->request_id;

    return request_id ? request_id : "";
}

const char *mesh_error_details(const mesh_error *err)
{
    const char *details = detail_in(err)->details;

    return details ? details : "{}";
}
