/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts, one by name or all below one. */
#include "client/contracts.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "client/client.h"
#include "serve/presence.h"
#include "serve/worker.h"
#include "wire/subject.h"

enum { DOCUMENT_MAX = 64 << 20 };

mesh_contract *mesh_contract_free(mesh_contract *contract)
{
    if (contract) {
        contract_free(contract->contract);
        buf_clear(&contract->document);
        free(contract);
    }
    return NULL;
}

static mesh_contract *new_contract(mesh_error *err)
{
    mesh_contract *contract = calloc(1, sizeof(*contract));
    if (contract)
        buf_init(&contract->document, DOCUMENT_MAX);
    else
        mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a contract");
    return contract;
}

static mesh_status ask_server(mesh_client *client, const char *agent, struct buf *document, mesh_error *err)
{
    worker_blocks(true);
    mesh_status status = link_key_get(client->core->link, "mesh-registry", agent, document, NULL, err);
    worker_blocks(false);
    if (status == MESH_E_NOT_FOUND) {
        mesh_error_set(err, status, "Agent '%s' not found", agent);
        mesh_error_set_context(err, agent, NULL, NULL);
    }
    return status;
}

mesh_status mesh_contract_read(mesh_client *client, const char *agent, mesh_contract **ret_contract, mesh_error *err)
{
    if (!client)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "client is NULL");
    if (!agent || !name_is_valid(agent))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not an agent name", agent ? agent : "");
    if (client->stopped)
        return mesh_error_set(err, MESH_E_STOPPED, "contract of '%s': the client has been stopped", agent);
    mesh_contract *contract = new_contract(err);
    if (!contract)
        return MESH_E_NO_MEMORY;
    mesh_status status = MESH_OK;
    if (!presence_document(client->core->presence, agent, &contract->document))
        status = ask_server(client, agent, &contract->document, err);
    if (status == MESH_OK)
        status = buf_error(&contract->document, err);
    if (status == MESH_OK)
        status = contract_read(buf_bytes(&contract->document), &contract->contract, err);
    if (status != MESH_OK) {
        mesh_contract_free(contract);
        return mesh_error_prefix(err, status, "contract of '%s'", agent);
    }
    *ret_contract = contract;
    return MESH_OK;
}

/* ---- all below a name ---- */

mesh_contracts *mesh_contracts_free(mesh_contracts *contracts)
{
    if (contracts) {
        for (size_t i = 0; i < contracts->count; i++)
            mesh_contract_free(contracts->contracts[i]);
        free(contracts->contracts);
        free(contracts);
    }
    return NULL;
}

/* The documents of all agents that a pattern covers. */
struct harvest {
    struct map contracts; /* by name */
    bool no_memory;
};

static void free_contract(void *contract)
{
    mesh_contract_free(contract);
}

/* Taken; the one that was there before goes. */
static void put_contract(struct harvest *harvest, const char *name, mesh_contract *contract)
{
    mesh_contract *former = map_get(&harvest->contracts, name);
    if (map_put(&harvest->contracts, name, contract)) {
        mesh_contract_free(former);
    } else {
        mesh_contract_free(contract);
        harvest->no_memory = true;
    }
}

static void gather(void *closure, const struct link_entry *entry)
{
    struct harvest *harvest = closure;
    mesh_contract *contract = new_contract(NULL);
    if (contract)
        buf_append(&contract->document, entry->value.data, entry->value.len);
    mesh_status status = !contract || buf_failed(&contract->document)
                             ? MESH_E_NO_MEMORY
                             : contract_read(entry->value, &contract->contract, NULL);
    if (status == MESH_OK) {
        put_contract(harvest, entry->key, contract);
        return;
    }
    harvest->no_memory |= status == MESH_E_NO_MEMORY;
    mesh_contract_free(contract);
}

/* A name, and all below it, are two patterns of keys. */
static mesh_status harvest_channel(mesh_client *client, const char *channel, struct harvest *harvest, mesh_error *err)
{
    struct link *link = client->core->link;
    auto_buf struct buf below;
    buf_init(&below, DOCUMENT_MAX);
    buf_printf(&below, "%s.>", channel ? channel : "");
    mesh_status status = buf_error(&below, err);
    worker_blocks(true);
    if (status == MESH_OK)
        status = link_keys_each(link, "mesh-registry", channel ? buf_text(&below) : ">", gather, harvest, err);
    if (status == MESH_OK && channel)
        status = link_keys_each(link, "mesh-registry", channel, gather, harvest, err);
    worker_blocks(false);
    if (status == MESH_OK && harvest->no_memory)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for contracts");
    return status;
}

/* What is served here is known best here. NULL: it has none, or none that can be understood. */
static mesh_contract *pick(mesh_client *client, struct harvest *harvest, const char *agent)
{
    mesh_contract *own = new_contract(NULL);
    if (own && presence_document(client->core->presence, agent, &own->document) &&
        contract_read(buf_bytes(&own->document), &own->contract, NULL) == MESH_OK)
        return own;
    mesh_contract_free(own);
    return map_remove(&harvest->contracts, agent);
}

static mesh_status collect(mesh_client *client, const mesh_catalog *catalog, struct harvest *harvest,
                           mesh_contracts **ret_contracts, mesh_error *err)
{
    mesh_contracts *contracts = calloc(1, sizeof(*contracts));
    if (contracts)
        contracts->contracts = calloc(mesh_catalog_count(catalog) + 1, sizeof(mesh_contract *));
    if (!contracts || !contracts->contracts) {
        mesh_contracts_free(contracts);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for contracts");
    }
    for (size_t i = 0; i < mesh_catalog_count(catalog); i++) {
        mesh_contract *contract = pick(client, harvest, mesh_catalog_at(catalog, i)->name);
        if (contract)
            contracts->contracts[contracts->count++] = contract;
        else
            contracts->skipped++;
    }
    *ret_contracts = contracts;
    return MESH_OK;
}

mesh_status mesh_discover(mesh_client *client, const char *channel, mesh_contracts **ret_contracts, mesh_error *err)
{
    mesh_catalog *catalog = NULL;
    struct harvest harvest = { .no_memory = false };
    mesh_catalog_filter filter = MESH_CATALOG_FILTER_INIT;
    filter.channel = channel;
    map_init(&harvest.contracts);
    mesh_status status = mesh_catalog_cached(client, &filter, &catalog, err);
    /* What is no name of an agent has nothing below it, and is no pattern either. */
    if (status == MESH_OK && mesh_catalog_count(catalog) > 0)
        status = harvest_channel(client, channel, &harvest, err);
    if (status == MESH_OK)
        status = collect(client, catalog, &harvest, ret_contracts, err);
    map_clear(&harvest.contracts, free_contract);
    mesh_catalog_free(catalog);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "discover");
}

size_t mesh_contracts_count(const mesh_contracts *contracts)
{
    return contracts->count;
}

const mesh_contract *mesh_contracts_at(const mesh_contracts *contracts, size_t index)
{
    return index < contracts->count ? contracts->contracts[index] : NULL;
}

size_t mesh_contracts_skipped(const mesh_contracts *contracts)
{
    return contracts->skipped;
}

/* ---- what one says ---- */

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
