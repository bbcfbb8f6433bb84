/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: elements kept as the text that they came as, beside what a reader understands of them. */
#include "wire/catalog.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "wire/subject.h"

struct element {
    char *text;               /* written back as it is */
    cJSON *tree;              /* NULL if it cannot be read */
    const char *name;         /* lent from tree; NULL if it has none */
    bool is_item;             /* item is filled */
    struct catalog_item item; /* lent from tree */
};

struct catalog {
    struct element *elements;
    size_t count, capacity;
};

static void element_clear(struct element *element)
{
    free(element->text);
    cJSON_Delete(element->tree);
    *element = (struct element){ 0 };
}

#define auto_element __attribute__((cleanup(element_clear)))

struct catalog *catalog_free(struct catalog *catalog)
{
    if (!catalog)
        return NULL;
    for (size_t i = 0; i < catalog->count; i++)
        element_clear(&catalog->elements[i]);
    free(catalog->elements);
    free(catalog);
    return NULL;
}

/* ---- reading ---- */

/* A member of the right type, or its default; false for another type. Null counts as absent. */
static bool read_string(const cJSON *tree, const char *name, const char **value)
{
    const cJSON *member = json_get(tree, name);

    if (cJSON_IsString(member))
        *value = member->valuestring;
    return !member || cJSON_IsNull(member) || cJSON_IsString(member);
}

static bool read_flag(const cJSON *tree, const char *name, bool *value)
{
    const cJSON *member = json_get(tree, name);

    if (cJSON_IsBool(member))
        *value = cJSON_IsTrue(member);
    return !member || cJSON_IsNull(member) || cJSON_IsBool(member);
}

static bool tags_are_readable(const cJSON *tree)
{
    const cJSON *tags = json_get(tree, "tags"), *tag;

    if (!tags || cJSON_IsNull(tags))
        return true;
    if (!cJSON_IsArray(tags))
        return false;
    cJSON_ArrayForEach(tag, tags)
    {
        if (!cJSON_IsString(tag))
            return false;
    }
    return true;
}

static bool read_item(const cJSON *tree, struct catalog_item *item)
{
    *item = (struct catalog_item){ .description = "", .version = "0.1.0", .invocable = true };
    return read_string(tree, "name", &item->name) && name_is_valid(item->name) &&
           read_string(tree, "description", &item->description) && read_string(tree, "version", &item->version) &&
           read_flag(tree, "invocable", &item->invocable) && read_flag(tree, "streaming", &item->streaming) &&
           tags_are_readable(tree);
}

/* False: no memory. */
static bool element_read(struct element *element, mesh_bytes text)
{
    element->text = strndup(text.data, text.len);
    if (!element->text || json_parse(text, &element->tree, NULL) == MESH_E_NO_MEMORY)
        return false;
    element->name = json_string(element->tree, "name", NULL);
    element->is_item = read_item(element->tree, &element->item);
    return true;
}

/* The element is taken. */
static bool append(struct catalog *catalog, struct element *element)
{
    if (catalog->count == catalog->capacity) {
        size_t capacity = catalog->capacity > 0 ? catalog->capacity * 2 : 16;
        struct element *elements = realloc(catalog->elements, capacity * sizeof(*elements));
        if (!elements)
            return false;
        catalog->elements = elements;
        catalog->capacity = capacity;
    }
    catalog->elements[catalog->count++] = *element;
    *element = (struct element){ 0 };
    return true;
}

static mesh_status no_memory(mesh_error *err)
{
    return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
}

static mesh_status garbled(size_t at, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_DATA, "the catalog cannot be read: no JSON array, from byte %zu on", at);
}

static char byte_at(mesh_bytes document, size_t at)
{
    return at < document.len ? ((const char *)document.data)[at] : '\0';
}

/* Read an element and what follows it; *at moves to the next element, or behind the array's end. */
static mesh_status read_element(struct catalog *catalog, mesh_bytes document, size_t *at, mesh_error *err)
{
    auto_element struct element element = { 0 };
    size_t start = json_skip_space(document, *at);
    size_t end = json_skip(document, start);

    if (end == 0)
        return garbled(start, err);
    if (!element_read(&element, mesh_bytes_of((const char *)document.data + start, end - start)) ||
        !append(catalog, &element))
        return no_memory(err);
    *at = json_skip_space(document, end);
    if (byte_at(document, *at) != ',' && byte_at(document, *at) != ']')
        return garbled(*at, err);
    (*at)++;
    return MESH_OK;
}

static mesh_status read_elements(struct catalog *catalog, mesh_bytes document, mesh_error *err)
{
    size_t at = json_skip_space(document, 0);

    if (at == document.len)
        return MESH_OK;
    if (byte_at(document, at) != '[')
        return garbled(at, err);
    at = json_skip_space(document, at + 1);
    if (byte_at(document, at) == ']') {
        at++;
    } else {
        do {
            mesh_status status = read_element(catalog, document, &at, err);
            if (status != MESH_OK)
                return status;
        } while (byte_at(document, at - 1) == ',');
    }
    at = json_skip_space(document, at);
    return at == document.len ? MESH_OK : garbled(at, err);
}

mesh_status catalog_parse(mesh_bytes document, struct catalog **ret_catalog, mesh_error *err)
{
    auto_catalog struct catalog *catalog = calloc(1, sizeof(*catalog));

    if (!catalog)
        return no_memory(err);
    mesh_status status = read_elements(catalog, document, err);
    if (status == MESH_OK)
        *ret_catalog = take(&catalog);
    return status;
}

/* ---- changing ---- */

static void write_entry(struct buf *out, const struct contract *contract)
{
    json_put_string(out, "{\"name\":", contract->name);
    json_put_string(out, ",\"description\":", contract->description);
    json_put_string(out, ",\"version\":", contract->version);
    buf_puts(out, ",\"tags\":[");
    for (size_t i = 0; contract->tags[i]; i++)
        json_put_string(out, i > 0 ? "," : "", contract->tags[i]);
    buf_printf(out, "],\"invocable\":%s,\"streaming\":%s}", contract->invocable ? "true" : "false",
               contract->streaming ? "true" : "false");
}

static bool element_is_named(const struct element *element, const char *name)
{
    return element->name && strcmp(element->name, name) == 0;
}

static size_t count_named(const struct catalog *catalog, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < catalog->count; i++)
        count += element_is_named(&catalog->elements[i], name);
    return count;
}

/* The last one. */
static const struct element *find_named(const struct catalog *catalog, const char *name)
{
    for (size_t i = catalog->count; i > 0; i--)
        if (element_is_named(&catalog->elements[i - 1], name))
            return &catalog->elements[i - 1];
    return NULL;
}

bool catalog_remove(struct catalog *catalog, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < catalog->count; i++) {
        if (element_is_named(&catalog->elements[i], name))
            element_clear(&catalog->elements[i]);
        else
            catalog->elements[kept++] = catalog->elements[i];
    }
    bool removed = kept < catalog->count;
    catalog->count = kept;
    return removed;
}

bool catalog_put(struct catalog *catalog, const struct contract *contract, bool *ok)
{
    auto_buf struct buf text = { .max = SIZE_MAX };
    auto_element struct element element = { 0 };

    write_entry(&text, contract);
    if (buf_failed(&text) || !element_read(&element, buf_bytes(&text))) {
        *ok = false;
        return false;
    }
    if (count_named(catalog, contract->name) == 1 &&
        json_equal(find_named(catalog, contract->name)->tree, element.tree))
        return false;

    /* Appended first: without memory the document stays as it was. */
    if (!append(catalog, &element)) {
        *ok = false;
        return false;
    }
    struct element added = catalog->elements[--catalog->count];
    catalog_remove(catalog, contract->name);
    catalog->elements[catalog->count++] = added;
    return true;
}

/* ---- writing and looking ---- */

void catalog_write(struct buf *out, const struct catalog *catalog)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < catalog->count; i++) {
        buf_puts(out, i > 0 ? "," : "");
        buf_puts(out, catalog->elements[i].text);
    }
    buf_putc(out, ']');
}

bool catalog_find(const struct catalog *catalog, const char *name, struct catalog_item *ret_item)
{
    const struct element *element = find_named(catalog, name);

    if (!element || !element->is_item)
        return false;
    *ret_item = element->item;
    return true;
}

size_t catalog_count(const struct catalog *catalog)
{
    return catalog->count;
}

bool catalog_at(const struct catalog *catalog, size_t index, struct catalog_item *ret_item)
{
    const struct element *element = &catalog->elements[index];

    if (element->is_item)
        *ret_item = element->item;
    return element->is_item;
}

size_t catalog_item_tags(const struct catalog *catalog, size_t index, const char **ret_tags, size_t max)
{
    const cJSON *tags = json_get(catalog->elements[index].tree, "tags"), *tag;
    size_t count = 0;

    if (!cJSON_IsArray(tags))
        return 0;
    cJSON_ArrayForEach(tag, tags)
    {
        if (!cJSON_IsString(tag))
            continue;
        if (count < max)
            ret_tags[count] = tag->valuestring;
        count++;
    }
    return count;
}

bool catalog_item_has_tag(const struct catalog *catalog, size_t index, const char *tag)
{
    const cJSON *tags = json_get(catalog->elements[index].tree, "tags"), *other;

    if (!cJSON_IsArray(tags))
        return false;
    cJSON_ArrayForEach(other, tags)
    {
        if (cJSON_IsString(other) && strcmp(other->valuestring, tag) == 0)
            return true;
    }
    return false;
}

void catalog_write_item(struct buf *out, const struct catalog *catalog, size_t index)
{
    buf_puts(out, catalog->elements[index].text);
}
