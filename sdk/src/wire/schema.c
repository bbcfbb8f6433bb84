/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions: a schema's life, and the check of a text. */
#include "wire/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "wire/schema_check.h"
#include "wire/schema_compile.h"

enum { OPTIONS_SIZE_MAX = 4096, DETAILS_MAX = 4 << 20, INPUT_SHOWN_MAX = 1024 };

/* ---- life ---- */

static mesh_status read_options(const mesh_schema_options *options, uint32_t *ret_flags, mesh_error *err)
{
    *ret_flags = 0;
    if (!options)
        return MESH_OK;
    if (options->size < sizeof(*options) || options->size > OPTIONS_SIZE_MAX)
        return mesh_error_set(err, MESH_E_INCOMPATIBLE,
                              "mesh_schema_options has size %zu, but %zu to %d is possible: set "
                              "it by MESH_SCHEMA_OPTIONS_INIT",
                              options->size, sizeof(*options), OPTIONS_SIZE_MAX);
    const unsigned char *bytes = (const unsigned char *)options;
    for (size_t i = sizeof(*options); i < options->size; i++)
        if (bytes[i] != 0)
            return mesh_error_set(err, MESH_E_INCOMPATIBLE,
                                  "mesh_schema_options sets a field that this library does not "
                                  "know (at byte %zu): it was built for a newer version",
                                  i);
    if ((options->flags & ~(uint32_t)MESH_SCHEMA_ASSERT_FORMAT) || options->reserved)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "mesh_schema_options: unknown flags 0x%x, reserved %u",
                              (unsigned)options->flags, (unsigned)options->reserved);
    *ret_flags = options->flags;
    return MESH_OK;
}

mesh_status mesh_schema_compile(mesh_bytes schema, const mesh_schema_options *options, mesh_schema **ret_schema,
                                mesh_error *err)
{
    uint32_t flags;
    mesh_status status = read_options(options, &flags, err);

    return status == MESH_OK ? schema_compile_with(schema, flags, NULL, 0, ret_schema, err) : status;
}

mesh_schema *mesh_schema_free(mesh_schema *schema)
{
    if (!schema)
        return NULL;
    for (struct owned_pattern *owned = schema->patterns; owned; owned = owned->next)
        pattern_free(owned->pattern);
    for (struct owned_tree *owned = schema->trees; owned; owned = owned->next)
        cJSON_Delete(owned->tree);
    arena_clear(&schema->arena);
    free(schema);
    return NULL;
}

/* ---- checking a text ---- */

/* The reader's message without its beginning, which the violation has in words of its own. */
static const char *reason_of(const mesh_error *err)
{
    static const char before[] = "invalid JSON";
    const char *reason = mesh_error_message(err);

    if (strncmp(reason, before, strlen(before)) != 0)
        return reason;
    reason += strlen(before);
    return reason + strspn(reason, ": ");
}

void schema_put_not_json(struct buf *violations, mesh_bytes text, const mesh_error *reason)
{
    auto_buf struct buf message = { .max = DETAILS_MAX };
    const char *why = reason_of(reason);

    buf_printf(&message, "Invalid JSON: %s", why);
    buf_puts(violations, "{\"type\": \"json_invalid\", \"loc\": [], \"msg\": ");
    json_quote(violations, buf_text(&message), message.len);
    if (text.len <= INPUT_SHOWN_MAX) {
        buf_puts(violations, ", \"input\": ");
        json_quote(violations, text.data, text.len);
    }
    buf_puts(violations, ", \"ctx\": {\"error\": ");
    json_quote(violations, why, strlen(why));
    buf_puts(violations, "}}");
}

void schema_set_details(mesh_error *err, const char *agent, const struct buf *violations)
{
    auto_buf struct buf details = { .max = DETAILS_MAX + 64 };

    buf_puts(&details, "{\"errors\": [");
    buf_append(&details, buf_text(violations), violations->len);
    buf_puts(&details, "]}");
    mesh_error_set_context(err, agent, NULL,
                           buf_failed(violations) || buf_failed(&details) ? NULL : buf_text(&details));
}

static mesh_status refuse_not_json(mesh_bytes text, const mesh_error *reason, mesh_error *err)
{
    auto_buf struct buf violations = { .max = DETAILS_MAX };

    schema_put_not_json(&violations, text, reason);
    mesh_error_set(err, MESH_E_INVALID_INPUT, "invalid JSON: %s", reason_of(reason));
    schema_set_details(err, NULL, &violations);
    return MESH_E_INVALID_INPUT;
}

/* A place for people: 'stops.0.key', or "the root". */
static void put_place(struct buf *out, const cJSON *violation)
{
    const cJSON *loc = json_get(violation, "loc"), *step;

    if (!loc || !loc->child) {
        buf_puts(out, "the root");
        return;
    }
    buf_putc(out, '\'');
    cJSON_ArrayForEach(step, loc)
    {
        buf_puts(out, step == loc->child ? "" : ".");
        if (cJSON_IsString(step))
            buf_puts(out, step->valuestring);
        else
            json_print(out, step);
    }
    buf_putc(out, '\'');
}

/* "2 violations, the first at 'stops': Field required" */
static void put_summary(struct buf *out, const cJSON *errors, size_t size)
{
    int count = cJSON_GetArraySize(errors);

    if (count >= VIOLATIONS_MAX || size >= VIOLATIONS_SIZE_MAX)
        buf_printf(out, "at least %d violations, the first at ", count);
    else
        buf_printf(out, count == 1 ? "%d violation, at " : "%d violations, the first at ", count);
    put_place(out, errors->child);
    buf_puts(out, ": ");
    buf_puts(out, json_string(errors->child, "msg", ""));
}

static mesh_status refuse(const struct buf *violations, mesh_error *err)
{
    auto_buf struct buf details = { .max = DETAILS_MAX + 64 };
    auto_buf struct buf summary = { .max = DETAILS_MAX };
    auto_json cJSON *tree = NULL;

    buf_puts(&details, "{\"errors\": [");
    buf_append(&details, buf_text(violations), violations->len);
    buf_puts(&details, "]}");
    if (buf_failed(violations) || buf_failed(&details) || json_parse(buf_bytes(&details), &tree, NULL) != MESH_OK)
        return mesh_error_set_text(err, MESH_E_INVALID_INPUT, "it does not fit; there is no memory to say where");
    put_summary(&summary, json_get(tree, "errors"), violations->len);
    mesh_error_set_text(err, MESH_E_INVALID_INPUT, buf_text(&summary));
    mesh_error_set_context(err, NULL, NULL, buf_text(&details));
    return MESH_E_INVALID_INPUT;
}

mesh_status mesh_schema_check(const mesh_schema *schema, mesh_bytes instance, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    auto_buf struct buf violations = { .max = DETAILS_MAX };
    mesh_error reason = MESH_ERROR_INIT;

    mesh_status status = json_parse(instance, &tree, &reason);
    if (status == MESH_E_INVALID_JSON)
        status = refuse_not_json(instance, &reason, err);
    else if (status != MESH_OK)
        mesh_error_move(err, &reason);
    else if (!schema_fits(schema, tree, err ? &violations : NULL))
        status = err ? refuse(&violations, err) : MESH_E_INVALID_INPUT;
    mesh_error_clear(&reason);
    return status;
}
