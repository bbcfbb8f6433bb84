/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of an agent. */
#include "wire/contract.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "wire/subject.h"

static const char default_version[] = "0.1.0";

static void free_tags(char **tags)
{
    for (size_t i = 0; tags && tags[i]; i++)
        free(tags[i]);
    free(tags);
}

struct contract *contract_free(struct contract *contract)
{
    if (!contract)
        return NULL;
    free(contract->name);
    free(contract->description);
    free(contract->version);
    free_tags(contract->tags);
    free(contract->input_schema);
    free(contract->output_schema);
    free(contract->chunk_schema);
    free(contract->registered_at);
    free(contract);
    return NULL;
}

/* ---- from an agent ---- */

static mesh_status refuse(const mesh_agent *agent, const char *rule, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s': %s", agent->name, rule);
}

static mesh_status check_text(const mesh_agent *agent, const char *field, const char *text, mesh_error *err)
{
    if (utf8_is_valid(text, strlen(text)))
        return MESH_OK;
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s': %s is not UTF-8", agent->name, field);
}

static const struct {
    const char *field;
    size_t offset;
} entries[] = { { "call", offsetof(mesh_agent, call) },
                { "stream", offsetof(mesh_agent, stream) },
                { "publish", offsetof(mesh_agent, publish) },
                { "run", offsetof(mesh_agent, run) },
                { "on_message", offsetof(mesh_agent, on_message) } };

/* All are pointers to functions, and as such of one size and with one NULL. */
static bool has_entry(const mesh_agent *agent, size_t i)
{
    void (*entry)(void);

    memcpy(&entry, (const char *)agent + entries[i].offset, sizeof(entry));
    return entry != NULL;
}

static bool goes_with(const char *one, const char *other)
{
    return strcmp(other, "on_message") == 0 && (strcmp(one, "call") == 0 || strcmp(one, "stream") == 0);
}

static mesh_status check_entries(const mesh_agent *agent, mesh_error *err)
{
    const char *first = NULL;

    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (!has_entry(agent, i))
            continue;
        if (first && !goes_with(first, entries[i].field))
            return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                                  "agent '%s': it has both %s and %s: fill in one; only on_message may stand together "
                                  "with call or stream",
                                  agent->name, first, entries[i].field);
        if (!first)
            first = entries[i].field;
    }
    return first ? MESH_OK
                 : refuse(agent, "it does nothing: fill in one of call, stream, publish, run and on_message", err);
}

static mesh_status refuse_useless(const mesh_agent *agent, const char *field, const char *needs, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s': %s is set, but means nothing without %s",
                          agent->name, field, needs);
}

/* What is filled in must mean something. */
static mesh_status check_fields(const mesh_agent *agent, mesh_error *err)
{
    bool is_asked = agent->call || agent->stream;

    if (agent->input_schema && !is_asked)
        return refuse_useless(agent, "input_schema", "call or stream", err);
    if (agent->output_schema && !is_asked && !agent->publish)
        return refuse_useless(agent, "output_schema", "call, stream or publish", err);
    if (agent->message_schema && !agent->on_message)
        return refuse_useless(agent, "message_schema", "on_message", err);
    if (agent->sources && agent->sources[0] && !agent->on_message)
        return refuse_useless(agent, "sources", "on_message", err);
    if (agent->every_ms != 0 && !agent->run)
        return refuse_useless(agent, "every_ms", "run", err);
    if ((agent->concurrency != 0 || agent->concurrency_limit != 0) && !is_asked)
        return refuse_useless(agent, "concurrency", "call or stream", err);
    if (agent->timeout_ms != 0 && !is_asked)
        return refuse_useless(agent, "timeout_ms", "call or stream", err);
    return MESH_OK;
}

static mesh_status check_shape(const mesh_agent *agent, mesh_error *err)
{
    mesh_status status = check_entries(agent, err);

    if (status == MESH_OK)
        status = check_fields(agent, err);
    if (status != MESH_OK)
        return status;
    if (agent->stream && !agent->input_schema)
        return refuse(agent, "input_schema is missing: a stream handler needs one; \"{}\" takes any JSON", err);
    if (agent->on_message && (!agent->sources || !agent->sources[0]))
        return refuse(agent, "sources is missing: on_message needs one at least", err);
    if (agent->reserved != 0)
        return refuse(agent, "reserved is not 0", err);
    return MESH_OK;
}

static mesh_status check_limits(const mesh_agent *agent, mesh_error *err)
{
    if (agent->concurrency_limit != 0 && agent->concurrency > agent->concurrency_limit)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s': concurrency %u is above concurrency_limit %u",
                              agent->name, (unsigned)agent->concurrency, (unsigned)agent->concurrency_limit);
    if (agent->mcp != 0 && agent->mcp != MESH_YES && agent->mcp != MESH_NO)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "agent '%s': mcp is %u: allowed are MESH_YES, MESH_NO, and 0 for not said", agent->name,
                              (unsigned)agent->mcp);
    return MESH_OK;
}

static mesh_status check_tags(const mesh_agent *agent, mesh_error *err)
{
    for (size_t i = 0; agent->tags && agent->tags[i]; i++) {
        if (!agent->tags[i][0])
            return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s': tags[%zu] is empty", agent->name, i);
        if (!utf8_is_valid(agent->tags[i], strlen(agent->tags[i])))
            return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "agent '%s': tags[%zu] is not UTF-8", agent->name, i);
    }
    return MESH_OK;
}

static mesh_status check_agent(const mesh_agent *agent, mesh_error *err)
{
    mesh_status status = name_check(agent->name, err);

    if (status == MESH_OK && (!agent->description || !*agent->description))
        status = refuse(agent, "description is missing: say what it does, and what it is not for", err);
    if (status == MESH_OK)
        status = check_text(agent, "description", agent->description, err);
    if (status == MESH_OK && agent->version)
        status = check_text(agent, "version", agent->version, err);
    if (status == MESH_OK)
        status = check_shape(agent, err);
    if (status == MESH_OK)
        status = check_limits(agent, err);
    if (status == MESH_OK)
        status = check_tags(agent, err);
    return status;
}

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
}

/*
 * Copy a schema as the contract tells it: nothing for none and for one that allows everything ({} and true). The
 * protocol knows objects only, so that false is written as the object that means the same.
 */
static mesh_status copy_schema(const mesh_agent *agent, const char *field, const char *schema, char **ret_schema,
                               mesh_error *err)
{
    auto_json cJSON *tree = NULL;

    if (!schema)
        return MESH_OK;
    mesh_status status = json_parse_part(mesh_text(schema), &tree, err);
    if (status == MESH_E_NO_MEMORY)
        return status;
    if (status != MESH_OK)
        return mesh_error_prefix(err, MESH_E_INVALID_ARGUMENT, "agent '%s': %s", agent->name, field);
    if (!cJSON_IsObject(tree) && !cJSON_IsBool(tree))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "agent '%s': %s is no JSON Schema: an object, true or false was expected", agent->name,
                              field);
    if (cJSON_IsTrue(tree) || (cJSON_IsObject(tree) && !tree->child))
        return MESH_OK;
    *ret_schema = strdup(cJSON_IsFalse(tree) ? "{\"not\":{}}" : schema);
    return *ret_schema ? MESH_OK : no_memory(err);
}

static size_t count_tags(const char *const *tags)
{
    size_t count = 0;

    while (tags && tags[count])
        count++;
    return count;
}

/* NULL: no memory. */
static char **copy_tags(const char *const *tags)
{
    size_t count = count_tags(tags);
    char **copy = calloc(count + 1, sizeof(*copy));

    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = strdup(tags[i]);
        if (!copy[i]) {
            free_tags(copy);
            return NULL;
        }
    }
    return copy;
}

static mesh_status copy_words(struct contract *contract, const mesh_agent *agent, mesh_error *err)
{
    char stamp[CLOCK_STAMP_SIZE];

    clock_stamp(stamp);
    contract->name = strdup(agent->name);
    contract->description = strdup(agent->description);
    contract->version = strdup(agent->version ? agent->version : default_version);
    contract->tags = copy_tags(agent->tags);
    contract->registered_at = strdup(stamp);
    if (!contract->name || !contract->description || !contract->version || !contract->tags || !contract->registered_at)
        return no_memory(err);
    return MESH_OK;
}

mesh_status contract_from_agent(const mesh_agent *agent, struct contract **ret_contract, mesh_error *err)
{
    mesh_status status = check_agent(agent, err);

    if (status != MESH_OK)
        return status;
    auto_contract struct contract *contract = calloc(1, sizeof(*contract));
    if (!contract)
        return no_memory(err);
    contract->invocable = agent->call || agent->stream;
    contract->streaming = agent->stream || agent->publish;
    contract->has_input = agent->input_schema != NULL;
    contract->mcp = agent->mcp;

    char **output = contract->streaming ? &contract->chunk_schema : &contract->output_schema;
    status = copy_words(contract, agent, err);
    if (status == MESH_OK)
        status = copy_schema(agent, "input_schema", agent->input_schema, &contract->input_schema, err);
    if (status == MESH_OK)
        status = copy_schema(agent, "output_schema", agent->output_schema, output, err);
    if (status == MESH_OK)
        *ret_contract = take(&contract);
    return status;
}

/* ---- to the registry ---- */

static void put_flag(struct buf *out, const char *name, bool value)
{
    buf_puts(out, name);
    buf_puts(out, value ? "true" : "false");
}

static void put_tags(struct buf *out, char *const *tags)
{
    buf_puts(out, ",\"tags\":[");
    for (size_t i = 0; tags[i]; i++)
        json_put_string(out, i > 0 ? "," : "", tags[i]);
    buf_putc(out, ']');
}

static void put_schema(struct buf *out, const char *name, const char *schema)
{
    if (!schema)
        return;
    buf_puts(out, name);
    buf_puts(out, schema);
}

static void put_skill(struct buf *out, const struct contract *contract)
{
    json_put_string(out, ",\"skills\":[{\"id\":", contract->name);
    json_put_string(out, ",\"name\":", contract->name);
    json_put_string(out, ",\"description\":", contract->description);
    put_tags(out, contract->tags);
    put_schema(out, ",\"inputSchema\":", contract->input_schema);
    if (!contract->streaming)
        put_schema(out, ",\"outputSchema\":", contract->output_schema);
    buf_puts(out, "}]");
}

static void put_extension(struct buf *out, const struct contract *contract)
{
    auto_free char *subject = subject_for_agent(contract->name);

    if (!subject) {
        out->failed = true;
        return;
    }
    json_put_string(out, ",\"x-agentmesh\":{\"subject\":", subject);
    put_tags(out, contract->tags);
    json_put_string(out, ",\"registered_at\":", contract->registered_at);
    if (contract->streaming)
        put_schema(out, ",\"chunk_schema\":", contract->chunk_schema);
    if (contract->mcp != 0)
        put_flag(out, ",\"mcp\":", contract->mcp == MESH_YES);
    buf_putc(out, '}');
}

void contract_write(struct buf *out, const struct contract *contract)
{
    json_put_string(out, "{\"name\":", contract->name);
    json_put_string(out, ",\"description\":", contract->description);
    json_put_string(out, ",\"version\":", contract->version);
    put_flag(out, ",\"capabilities\":{\"streaming\":", contract->streaming);
    put_flag(out, ",\"invocable\":", contract->invocable);
    buf_putc(out, '}');
    put_skill(out, contract);
    put_extension(out, contract);
    buf_putc(out, '}');
}

/* ---- from the registry ---- */

/* The text of a member that is a schema; true with nothing for any other. False: no memory. */
static bool read_schema(const cJSON *tree, const char *name, size_t max, char **ret_schema)
{
    const cJSON *schema = json_get(tree, name);
    auto_buf struct buf text = { .max = max };

    if (cJSON_IsFalse(schema)) {
        *ret_schema = strdup("false");
        return *ret_schema;
    }
    if (!cJSON_IsObject(schema) || !schema->child)
        return true;
    json_print(&text, schema);
    *ret_schema = buf_take(&text);
    return *ret_schema;
}

static char **read_tags(const cJSON *tree)
{
    const cJSON *list = json_get(tree, "tags"), *tag;
    size_t count = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 0;
    char **tags = calloc(count + 1, sizeof(*tags));
    size_t used = 0;

    if (!tags || count == 0)
        return tags;
    cJSON_ArrayForEach(tag, list)
    {
        if (!cJSON_IsString(tag))
            continue;
        tags[used] = strdup(tag->valuestring);
        if (!tags[used++]) {
            free_tags(tags);
            return NULL;
        }
    }
    return tags;
}

static bool read_words(struct contract *contract, const cJSON *tree, const cJSON *extension)
{
    contract->name = strdup(json_string(tree, "name", ""));
    contract->description = strdup(json_string(tree, "description", ""));
    contract->version = strdup(json_string(tree, "version", default_version));
    contract->tags = read_tags(extension);
    contract->registered_at = strdup(json_string(extension, "registered_at", ""));
    return contract->name && contract->description && contract->version && contract->tags && contract->registered_at;
}

static uint32_t read_wish(const cJSON *extension)
{
    const cJSON *mcp = json_get(extension, "mcp");

    return cJSON_IsTrue(mcp) ? MESH_YES : cJSON_IsFalse(mcp) ? MESH_NO : 0;
}

static const cJSON *first_skill(const cJSON *tree)
{
    const cJSON *skills = json_get(tree, "skills");

    return cJSON_IsArray(skills) ? skills->child : NULL;
}

mesh_status contract_read(mesh_bytes document, struct contract **ret_contract, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    mesh_status status = json_parse(document, &tree, err);

    if (status == MESH_E_NO_MEMORY)
        return status;
    if (status != MESH_OK)
        return mesh_error_set(err, MESH_E_DATA, "contract cannot be read: %s", mesh_error_text(err));
    if (!name_is_valid(json_string(tree, "name", NULL)))
        return mesh_error_set(err, MESH_E_DATA, "contract cannot be read: it has no valid agent name");

    auto_contract struct contract *contract = calloc(1, sizeof(*contract));
    if (!contract)
        return no_memory(err);
    const cJSON *capabilities = json_get(tree, "capabilities"), *extension = json_get(tree, "x-agentmesh");
    contract->invocable = json_bool(capabilities, "invocable", true);
    contract->streaming = json_bool(capabilities, "streaming", false);
    contract->mcp = read_wish(extension);
    if (!read_words(contract, tree, extension) ||
        !read_schema(first_skill(tree), "inputSchema", document.len, &contract->input_schema) ||
        !read_schema(first_skill(tree), "outputSchema", document.len, &contract->output_schema) ||
        !read_schema(extension, "chunk_schema", document.len, &contract->chunk_schema))
        return no_memory(err);
    *ret_contract = take(&contract);
    return MESH_OK;
}

/* ---- equality ---- */

static bool schemas_are_equal(const char *a, const char *b)
{
    auto_json cJSON *left = NULL, *right = NULL;

    if (!a || !b)
        return a == b;
    if (strcmp(a, b) == 0)
        return true;
    return json_parse(mesh_text(a), &left, NULL) == MESH_OK && json_parse(mesh_text(b), &right, NULL) == MESH_OK &&
           json_equal(left, right);
}

static bool tags_are_equal(char *const *a, char *const *b)
{
    size_t i = 0;

    while (a[i] && b[i] && strcmp(a[i], b[i]) == 0)
        i++;
    return !a[i] && !b[i];
}

bool contract_equal(const struct contract *a, const struct contract *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->description, b->description) == 0 &&
           strcmp(a->version, b->version) == 0 && tags_are_equal(a->tags, b->tags) && a->invocable == b->invocable &&
           a->streaming == b->streaming && a->mcp == b->mcp && schemas_are_equal(a->input_schema, b->input_schema) &&
           schemas_are_equal(a->output_schema, b->output_schema) && schemas_are_equal(a->chunk_schema, b->chunk_schema);
}
