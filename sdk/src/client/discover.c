/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog and the contracts, read from the server. */
#include <agentmesh/discover.h>

#include <stdlib.h>

#include "base/cleanup.h"
#include "client/client.h"
#include "client/sized.h"
#include "wire/catalog.h"
#include "wire/contract.h"
#include "wire/subject.h"

enum { DOCUMENT_MAX = 64 << 20 };

struct mesh_catalog {
    struct catalog *document; /* the entries point into it */
    mesh_catalog_entry *entries;
    const char ***tags; /* of each entry */
    size_t count, skipped;
    struct buf json;
};

mesh_catalog *mesh_catalog_free(mesh_catalog *catalog)
{
    if (catalog) {
        for (size_t i = 0; catalog->tags && i < catalog->count; i++)
            free(catalog->tags[i]);
        free(catalog->tags);
        free(catalog->entries);
        buf_clear(&catalog->json);
        catalog_free(catalog->document);
        free(catalog);
    }
    return NULL;
}

static bool wish_holds(uint32_t wish, bool is)
{
    return wish == 0 || (wish == MESH_YES) == is;
}

static bool is_in_channel(const char *name, const char *channel)
{
    size_t len = strlen(channel);
    return strncmp(name, channel, len) == 0 && (name[len] == '\0' || name[len] == '.');
}

static bool matches(const mesh_catalog_filter *filter, const struct catalog *document, size_t index,
                    const struct catalog_item *item)
{
    if (filter->channel && !is_in_channel(item->name, filter->channel))
        return false;
    for (const char *const *tag = filter->tags; tag && *tag; tag++)
        if (!catalog_item_has_tag(document, index, *tag))
            return false;
    return wish_holds(filter->invocable, item->invocable) && wish_holds(filter->streaming, item->streaming);
}

static const char **copy_tags(const struct catalog *document, size_t index)
{
    size_t count = catalog_item_tags(document, index, NULL, 0);
    const char **tags = calloc(count + 1, sizeof(*tags));
    if (tags)
        catalog_item_tags(document, index, tags, count);
    return tags;
}

static bool add_entry(mesh_catalog *catalog, size_t index, const struct catalog_item *item)
{
    const char **tags = copy_tags(catalog->document, index);
    if (!tags)
        return false;
    catalog->tags[catalog->count] = tags;
    catalog->entries[catalog->count] = (mesh_catalog_entry){
        .size = sizeof(mesh_catalog_entry), .name = item->name, .description = item->description,
        .version = item->version, .tags = tags, .invocable = item->invocable, .streaming = item->streaming,
    };
    if (catalog->count > 0)
        buf_puts(&catalog->json, ",");
    catalog_write_item(&catalog->json, catalog->document, index);
    catalog->count++;
    return true;
}

static mesh_status fill_entries(mesh_catalog *catalog, const mesh_catalog_filter *filter, mesh_error *err)
{
    size_t total = catalog_count(catalog->document);
    catalog->entries = calloc(total + 1, sizeof(*catalog->entries));
    catalog->tags = calloc(total + 1, sizeof(*catalog->tags));
    bool ok = catalog->entries && catalog->tags;
    buf_puts(&catalog->json, "[");
    for (size_t i = 0; ok && i < total; i++) {
        struct catalog_item item;
        if (!catalog_at(catalog->document, i, &item))
            catalog->skipped++;
        else if (matches(filter, catalog->document, i, &item))
            ok = add_entry(catalog, i, &item);
    }
    buf_puts(&catalog->json, "]");
    return ok ? buf_error(&catalog->json, err) : mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the catalog");
}

static mesh_status read_document(mesh_client *client, const char *bucket, const char *key, struct buf *document,
                                 mesh_error *err)
{
    if (client->stopped)
        return mesh_error_set(err, MESH_E_STOPPED, "the client has been stopped");
    buf_init(document, DOCUMENT_MAX);
    return link_key_get(client->core->link, bucket, key, document, NULL, err);
}

mesh_status mesh_catalog_read(mesh_client *client, const mesh_catalog_filter *filter, mesh_catalog **ret_catalog,
                              mesh_error *err)
{
    mesh_catalog_filter wanted = MESH_CATALOG_FILTER_INIT;
    mesh_status status = MESH_OK;
    if (filter)
        status = sized_read(&wanted, sizeof(wanted), filter, sizeof(wanted), "mesh_catalog_filter", err);
    if (status != MESH_OK)
        return status;

    auto_buf struct buf document = { 0 };
    status = read_document(client, "mesh-catalog", "catalog", &document, err);
    if (status == MESH_E_NOT_FOUND)
        mesh_error_clear(err);
    else if (status != MESH_OK)
        return mesh_error_prefix(err, status, "read the catalog");

    mesh_catalog *catalog = calloc(1, sizeof(*catalog));
    if (!catalog)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the catalog");
    buf_init(&catalog->json, DOCUMENT_MAX);
    status = catalog_parse(buf_bytes(&document), &catalog->document, err);
    if (status == MESH_OK)
        status = fill_entries(catalog, &wanted, err);
    if (status != MESH_OK) {
        mesh_catalog_free(catalog);
        return mesh_error_prefix(err, status, "read the catalog");
    }
    *ret_catalog = catalog;
    return MESH_OK;
}

size_t mesh_catalog_count(const mesh_catalog *catalog)
{
    return catalog->count;
}

const mesh_catalog_entry *mesh_catalog_at(const mesh_catalog *catalog, size_t index)
{
    return index < catalog->count ? &catalog->entries[index] : NULL;
}

size_t mesh_catalog_skipped(const mesh_catalog *catalog)
{
    return catalog->skipped;
}

mesh_bytes mesh_catalog_json(const mesh_catalog *catalog)
{
    return buf_bytes(&catalog->json);
}

/* ---- contracts ---- */

struct mesh_contract {
    struct contract *contract;
    struct buf document;
};

mesh_contract *mesh_contract_free(mesh_contract *contract)
{
    if (contract) {
        contract_free(contract->contract);
        buf_clear(&contract->document);
        free(contract);
    }
    return NULL;
}

mesh_status mesh_contract_read(mesh_client *client, const char *agent, mesh_contract **ret_contract, mesh_error *err)
{
    if (!agent || !name_is_valid(agent))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not an agent name", agent ? agent : "");
    mesh_contract *contract = calloc(1, sizeof(*contract));
    if (!contract)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a contract");
    mesh_status status = read_document(client, "mesh-registry", agent, &contract->document, err);
    if (status == MESH_E_NOT_FOUND) {
        mesh_error_set(err, status, "Agent '%s' not found", agent);
        mesh_error_set_context(err, agent, NULL, NULL);
    }
    if (status == MESH_OK)
        status = contract_read(buf_bytes(&contract->document), &contract->contract, err);
    if (status != MESH_OK) {
        mesh_contract_free(contract);
        return mesh_error_prefix(err, status, "contract of '%s'", agent);
    }
    *ret_contract = contract;
    return MESH_OK;
}

const char *mesh_contract_name(const mesh_contract *contract)
{
    return contract->contract->name;
}

const char *mesh_contract_description(const mesh_contract *contract)
{
    return contract->contract->description;
}

const char *mesh_contract_version(const mesh_contract *contract)
{
    return contract->contract->version;
}

const char *const *mesh_contract_tags(const mesh_contract *contract)
{
    return (const char *const *)contract->contract->tags;
}

int mesh_contract_is_invocable(const mesh_contract *contract)
{
    return contract->contract->invocable;
}

int mesh_contract_is_streaming(const mesh_contract *contract)
{
    return contract->contract->streaming;
}

const char *mesh_contract_input_schema(const mesh_contract *contract)
{
    return contract->contract->input_schema;
}

const char *mesh_contract_output_schema(const mesh_contract *contract)
{
    return contract->contract->output_schema;
}

const char *mesh_contract_chunk_schema(const mesh_contract *contract)
{
    return contract->contract->chunk_schema;
}

uint32_t mesh_contract_mcp(const mesh_contract *contract)
{
    return contract->contract->mcp;
}

const char *mesh_contract_registered_at(const mesh_contract *contract)
{
    return contract->contract->registered_at;
}

mesh_bytes mesh_contract_json(const mesh_contract *contract)
{
    return buf_bytes(&contract->document);
}
