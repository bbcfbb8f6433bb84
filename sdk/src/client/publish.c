/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing to a subject (protocol 5.7). */
#include <agentmesh/call.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "client/client.h"
#include "client/sized.h"
#include "wire/header.h"
#include "wire/subject.h"

enum { OWN_HEADERS = 3 };

/* ---- headers ---- */

/* The names of HTTP, by which any library can read them. */
static bool is_header_name(const char *name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (const char *at = name; *at; at++) {
        bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (!is_letter && !(*at >= '0' && *at <= '9') && !strchr(others, *at))
            return false;
    }
    return *name;
}

/* Visible ASCII and blanks: a line end would begin another header, and not all readers understand an empty value. */
static bool is_header_value(const char *value)
{
    for (const char *at = value; *at; at++)
        if ((*at < ' ' && *at != '\t') || (unsigned char)*at >= 0x7f)
            return false;
    return *value;
}

static mesh_status check_headers(const char *const *headers, size_t *ret_count, mesh_error *err)
{
    size_t count = 0;
    for (; headers && headers[2 * count]; count++) {
        const char *name = headers[2 * count], *value = headers[2 * count + 1];
        if (!is_header_name(name))
            return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                                  "'%s' is not a header name: letters, digits and "
                                  "!#$%%&'*+-.^_`|~",
                                  name);
        if (!value || !is_header_value(value))
            return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                                  "header '%s' has no value that can be sent: visible "
                                  "ASCII and blanks, on one line, not empty",
                                  name);
    }
    *ret_count = count;
    return MESH_OK;
}

/* In the place of one of the same name, whatever its case; else at the end. */
static void lay_over(struct header *headers, size_t *count, const char *name, const char *value)
{
    size_t i = 0;
    while (i < *count && strcasecmp(headers[i].name, name) != 0)
        i++;
    headers[i] = (struct header){ name, value };
    if (i == *count)
        ++*count;
}

/* ---- publish ---- */

static mesh_status check(const char *subject, mesh_bytes body, const mesh_publish_options *options, mesh_error *err)
{
    if (!name_is_valid(subject))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "'%s' is not a subject to publish to: letters, digits, _ "
                              "and -, in parts joined by single dots",
                              subject);
    if (!is_header_value(options->content_type))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "content_type cannot be sent: visible ASCII, not empty");
    if (strcmp(options->content_type, MESH_CONTENT_JSON) == 0 && json_check(body, err) != MESH_OK)
        return mesh_error_prefix(err, MESH_E_INVALID_ARGUMENT, "the body is not JSON, as content_type says");
    return MESH_OK;
}

static mesh_status publish(const mesh_client *client, const char *subject, mesh_bytes body,
                           const mesh_publish_options *options, mesh_error *err)
{
    size_t given = 0, count = OWN_HEADERS;
    char id[ID_SIZE];
    mesh_status status = check_headers(options->headers, &given, err);
    if (status != MESH_OK)
        return status;
    auto_free struct header *headers = calloc(OWN_HEADERS + given, sizeof(*headers));
    if (!headers)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for headers");
    id_new(id);
    headers[0] = (struct header){ HEADER_REQUEST_ID, id };
    headers[1] = (struct header){ HEADER_CONTENT_TYPE, options->content_type };
    headers[2] = (struct header){ HEADER_INSTANCE_ID, client->core->instance_id };
    for (size_t i = 0; i < given; i++)
        lay_over(headers, &count, options->headers[2 * i], options->headers[2 * i + 1]);
    const struct link_outgoing message = {
        .subject = subject, .headers = headers, .header_count = count, .body = body
    };
    return link_publish(client->core->link, &message, err);
}

static mesh_status read_options(const mesh_publish_options *options, mesh_publish_options *ret_given, mesh_error *err)
{
    *ret_given = (mesh_publish_options)MESH_PUBLISH_OPTIONS_INIT;
    mesh_status status =
        options ? sized_read(ret_given, sizeof(*ret_given), options, sizeof(*ret_given), "mesh_publish_options", err)
                : MESH_OK;
    if (!ret_given->content_type)
        ret_given->content_type = MESH_CONTENT_BYTES;
    return status;
}

mesh_status mesh_publish(mesh_client *client, const char *subject, mesh_bytes body, const mesh_publish_options *options,
                         mesh_error *err)
{
    mesh_publish_options given;
    mesh_status status = read_options(options, &given, err);
    if (status == MESH_OK && (!client || !subject))
        status = mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "%s is NULL", client ? "subject" : "client");
    if (status == MESH_OK)
        status = check(subject, body, &given, err);
    if (status == MESH_OK && client->stopped)
        status = mesh_error_set(err, MESH_E_STOPPED, "the client has been stopped");
    if (status == MESH_OK)
        status = publish(client, subject, body, &given, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "publish to '%s'", subject ? subject : "");
}
