/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog, read from the server or from what is known of it. */
#include <agentmesh/discover.h>

#include <stdlib.h>

#include "base/cleanup.h"
#include "client/cache.h"
#include "client/sized.h"
#include "serve/presence.h"
#include "wire/catalog.h"

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
        .size = sizeof(mesh_catalog_entry),
        .name = item->name,
        .description = item->description,
        .version = item->version,
        .tags = tags,
        .invocable = item->invocable,
        .streaming = item->streaming,
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

static mesh_status read_filter(mesh_client *client, const mesh_catalog_filter *filter, mesh_catalog_filter *ret_wanted,
                               mesh_error *err)
{
    *ret_wanted = (mesh_catalog_filter)MESH_CATALOG_FILTER_INIT;
    if (!client)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "client is NULL");
    if (client->stopped)
        return mesh_error_set(err, MESH_E_STOPPED, "the client has been stopped");
    return filter ? sized_read(ret_wanted, sizeof(*ret_wanted), filter, sizeof(*ret_wanted), "mesh_catalog_filter", err)
                  : MESH_OK;
}

/* The document is taken in any case. */
static mesh_status make_catalog(struct catalog *document, const mesh_catalog_filter *filter, mesh_catalog **ret_catalog,
                                mesh_error *err)
{
    mesh_catalog *catalog = calloc(1, sizeof(*catalog));
    if (!catalog) {
        catalog_free(document);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the catalog");
    }
    catalog->document = document;
    buf_init(&catalog->json, DOCUMENT_MAX);
    mesh_status status = fill_entries(catalog, filter, err);
    if (status == MESH_OK)
        *ret_catalog = catalog;
    else
        mesh_catalog_free(catalog);
    return status;
}

mesh_status mesh_catalog_read(mesh_client *client, const mesh_catalog_filter *filter, mesh_catalog **ret_catalog,
                              mesh_error *err)
{
    mesh_catalog_filter wanted;
    struct catalog *catalog = NULL;
    auto_buf struct buf document;
    buf_init(&document, DOCUMENT_MAX);
    mesh_status status = read_filter(client, filter, &wanted, err);
    if (status == MESH_OK)
        status = cache_ask(client->core, &document, err);
    if (status == MESH_OK)
        status = catalog_parse(buf_bytes(&document), &catalog, err);
    if (status == MESH_OK)
        status = make_catalog(catalog, &wanted, ret_catalog, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "read the catalog");
}

mesh_status mesh_catalog_cached(mesh_client *client, const mesh_catalog_filter *filter, mesh_catalog **ret_catalog,
                                mesh_error *err)
{
    mesh_catalog_filter wanted;
    auto_catalog struct catalog *catalog = NULL;
    auto_buf struct buf document;
    buf_init(&document, DOCUMENT_MAX);
    mesh_status status = read_filter(client, filter, &wanted, err);
    if (status == MESH_OK)
        status = cache_document(client->core->cache, &document, err);
    if (status == MESH_OK)
        status = catalog_parse(buf_bytes(&document), &catalog, err);
    if (status == MESH_OK && !presence_list(client->core->presence, catalog))
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the catalog");
    if (status == MESH_OK)
        status = make_catalog(take(&catalog), &wanted, ret_catalog, err);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "read the catalog");
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
