/* SPDX-License-Identifier: Apache-2.0 */
#include "link/grammar.h"

#include <limits.h>
#include <string.h>

#define KEY_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/_="

/* A server ends the connection over a line of more than 4096 bytes, so subjects must leave room for the rest of it. */
enum { SUBJECTS_MAX = 4000, KEY_MAX = 1024 };

/* All that stands in one line; the second may be NULL. */
static mesh_status check_line(const char *subject, const char *second, mesh_error *err)
{
    size_t len = strlen(subject) + (second ? strlen(second) : 0);

    if (len > SUBJECTS_MAX)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "'%.32s...' is too long: a server takes at most %d bytes of subjects at a time", subject,
                              SUBJECTS_MAX);
    return MESH_OK;
}

/* ---- messages ---- */

/* What the headers take on the wire: "NATS/1.0" and one line each, with the empty line at the end. */
static size_t headers_size(const struct header *headers, size_t count)
{
    size_t size = strlen("NATS/1.0\r\n\r\n");

    for (size_t i = 0; i < count; i++)
        size += strlen(headers[i].name) + strlen(headers[i].value) + 4;
    return count > 0 ? size : 0;
}

/* A blank in a subject would end it on the wire, and a line end would end the connection. */
static bool subject_is_sendable(const char *subject)
{
    return *subject && !strpbrk(subject, " \t\r\n");
}

mesh_status grammar_check_outgoing(const struct link_outgoing *message, size_t max, mesh_error *err)
{
    size_t size = headers_size(message->headers, message->header_count) + message->body.len;

    if (!subject_is_sendable(message->subject))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not a subject", message->subject);
    if (message->reply && !subject_is_sendable(message->reply))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not a reply subject", message->reply);
    if (size > max || size > INT_MAX)
        return mesh_error_set(err, MESH_E_TOO_LARGE, "message of %zu bytes is over the server's maximum of %zu bytes",
                              size, max);
    return check_line(message->subject, message->reply, err);
}

/* ---- subscriptions ---- */

static bool subject_is_valid(const char *subject)
{
    for (const char *token = subject;; token++) {
        size_t len = strcspn(token, ".");
        if (len == 0 || strcspn(token, " \t\r\n") < len || (*token == '>' && len == 1 && token[1]))
            return false;
        token += len;
        if (!*token)
            return true;
    }
}

static bool queue_is_valid(const char *queue)
{
    return *queue && !strpbrk(queue, " \t\r\n\v\f");
}

mesh_status grammar_check_subscription(const char *subject, const char *queue, mesh_error *err)
{
    if (!subject_is_valid(subject))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not a subject to subscribe to", subject);
    if (queue && !queue_is_valid(queue))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not a queue group", queue);
    return check_line(subject, queue, err);
}

/* ---- keys ---- */

/* No blanks, no empty tokens; with wildcards only where they stand for whole ones. */
static bool key_is_valid(const char *key, bool may_be_pattern)
{
    for (const char *token = key;; token++) {
        size_t len = strcspn(token, ".");
        bool is_wildcard = len == 1 && (*token == '*' || (*token == '>' && !token[1]));
        if (len == 0 || (!(may_be_pattern && is_wildcard) && strspn(token, KEY_CHARACTERS) < len))
            return false;
        token += len;
        if (!*token)
            return strlen(key) <= KEY_MAX;
    }
}

mesh_status grammar_check_key(const char *key, mesh_error *err)
{
    if (!key_is_valid(key, false))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "'%s' is not a key: at most %d letters, digits and -/_=. are, without empty parts", key,
                              KEY_MAX);
    return MESH_OK;
}

mesh_status grammar_check_pattern(const char *pattern, mesh_error *err)
{
    if (!key_is_valid(pattern, true))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "'%s' is not a key pattern: a key, in which * may stand for one part between dots, and > "
                              "for all the last ones",
                              pattern);
    return MESH_OK;
}
