/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stock: keeps count of what is sold, and says when something runs low. Shows agents that nobody calls but that sources
 * drive: one by a subject, of which each message goes to one host alone; one by shared keys that change.
 *
 *   message on shop.sold          {"item": "tea", "count": 2}
 *   shared key stock.tea          98
 *   message on shop.low           {"item": "tea", "left": 4}
 */
#include <agentmesh/agentmesh.h>

#include <agentmesh/cjson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS "stock."
enum { LOW = 5, NUMBER_SIZE = 24 };

/* ---- stock.book: what is sold is taken off ---- */

struct sale {
    long long count;
    char left[NUMBER_SIZE];
};

/* Called again with the new value when another host was faster. */
static mesh_status take_off(void *data, const mesh_entry *current, mesh_bytes *value, mesh_error *err)
{
    struct sale *sale = data;
    (void)err;
    snprintf(sale->left, sizeof(sale->left), "%lld", atoll(mesh_entry_value(current).data) - sale->count);
    *value = mesh_text(sale->left);
    return MESH_OK;
}

static mesh_status book(const mesh_message *message, void *state, mesh_error *err)
{
    char key[128];
    struct sale sale;
    (void)state;
    mesh_bytes body = mesh_message_body(message);
    cJSON *sold = cJSON_ParseWithLength(body.data, body.len); /* it fits message_schema */
    if (!sold)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a sale");
    snprintf(key, sizeof(key), KEYS "%s", cJSON_GetObjectItemCaseSensitive(sold, "item")->valuestring);
    sale.count = (long long)cJSON_GetObjectItemCaseSensitive(sold, "count")->valuedouble;
    cJSON_Delete(sold);
    return mesh_key_update(mesh_message_client(message), key, take_off, &sale, 0, NULL, err);
}

/* ---- stock.watch: what runs low is told ---- */

static mesh_status watch(const mesh_message *message, void *state, mesh_error *err)
{
    char event[192];
    mesh_publish_options options = MESH_PUBLISH_OPTIONS_INIT;
    (void)state;
    if (mesh_message_operation(message) != MESH_ENTRY_PUT)
        return MESH_OK;
    long long left = atoll(mesh_message_body(message).data);
    if (left >= LOW)
        return MESH_OK;
    snprintf(event, sizeof(event), MESH_JSON({"item": "%s", "left": %lld}), mesh_message_key(message) + strlen(KEYS), left);
    options.content_type = MESH_CONTENT_JSON;
    return mesh_publish(mesh_message_client(message), "shop.low", mesh_text(event), &options, err);
}

static const mesh_source sold = MESH_SUBJECT_SOURCE("shop.sold", "stock");
static const mesh_source *const sales[] = { &sold, NULL };

static const mesh_source levels = MESH_KEY_SOURCE(KEYS "*", MESH_REPLAY);
static const mesh_source *const changes[] = { &levels, NULL };

static const mesh_agent booker = {
    .size = sizeof(mesh_agent),
    .name = "stock.book",
    .description = "Takes what is sold off the stock.",
    .on_message = book,
    .sources = sales,
    .message_schema = MESH_JSON({
        "type": "object",
        "properties": {
            "item": {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"},
            "count": {"type": "integer", "minimum": 1, "maximum": 1000000}
        },
        "required": ["item", "count"]
    }),
};

static const mesh_agent watcher = MESH_LISTENER("stock.watch", "Says when something runs low.", watch, changes);

MESH_PLUGIN("1.0.0", &booker, &watcher);
