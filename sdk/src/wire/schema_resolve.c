/* SPDX-License-Identifier: Apache-2.0 */
/* Identity within a schema: ids and anchors are noted while nodes are made, then references are tied to them. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "wire/schema_compile.h"
#include "wire/schema_uri.h"

enum { URI_MAX = 4096, POINTER_MAX = 65536 };

static const char vocabulary_base[] = "https://json-schema.org/draft/2020-12/vocab/";

/* ---- places ---- */

static bool note_place(struct compiler *compiler, struct node *node, const char *keyword, const char *key)
{
    if (map_get(&compiler->places, key))
        return compiler_refuse(compiler, node, keyword, "has the name '%.200s' that another subschema has already",
                               key);
    compiler->places_size += strlen(key);
    if (compiler->places_size > SCHEMA_PLACES_MAX)
        return compiler_refuse(compiler, node, keyword, "is too much: all ids and anchors together have over %d bytes",
                               SCHEMA_PLACES_MAX);
    return map_put(&compiler->places, key, node) || compiler_no_memory(compiler);
}

static bool anchor_is_valid(const char *name)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

    return *name && strchr(first, *name) &&
           name[1 + strspn(name + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-_.")] == '\0';
}

static const cJSON *string_member(struct compiler *compiler, struct node *node, const char *keyword)
{
    const cJSON *value = json_get(node->tree, keyword);

    if (!value || cJSON_IsString(value))
        return value;
    compiler_refuse(compiler, node, keyword, "must be a string");
    return NULL;
}

/* "uri#anchor" */
static bool note_anchor(struct compiler *compiler, struct node *node, const char *keyword, const char *name)
{
    auto_buf struct buf key = { .max = POINTER_MAX };

    if (!anchor_is_valid(name))
        return compiler_refuse(compiler, node, keyword,
                               "must begin with a letter or '_' and go on with letters, digits, "
                               "'-', '_' and '.'");
    buf_puts(&key, node->resource->uri);
    buf_putc(&key, '#');
    buf_puts(&key, name);
    if (buf_failed(&key))
        return compiler_no_memory(compiler);
    return map_get(&compiler->places, buf_text(&key)) == node || note_place(compiler, node, keyword, buf_text(&key));
}

static bool read_anchors(struct compiler *compiler, struct node *node)
{
    const cJSON *plain = string_member(compiler, node, "$anchor");
    const cJSON *dynamic = string_member(compiler, node, "$dynamicAnchor");

    if (compiler->status != MESH_OK || (plain && !note_anchor(compiler, node, "$anchor", plain->valuestring)))
        return false;
    if (!dynamic)
        return true;
    node->dynamic_anchor = dynamic->valuestring;
    node->next_dynamic = node->resource->dynamics;
    node->resource->dynamics = node;
    return note_anchor(compiler, node, "$dynamicAnchor", dynamic->valuestring);
}

/* ---- vocabularies ---- */

/* What a vocabulary of the draft stands for; false: it is none of them. */
static bool add_vocabulary(struct resource *resource, const char *uri)
{
    static const struct {
        const char *name;
        unsigned vocabulary;
    } known[] = { { "core", 0 },
                  { "applicator", VOCABULARY_APPLICATOR },
                  { "unevaluated", VOCABULARY_UNEVALUATED },
                  { "validation", VOCABULARY_VALIDATION },
                  { "meta-data", 0 },
                  { "format-annotation", VOCABULARY_FORMAT },
                  { "format-assertion", VOCABULARY_FORMAT },
                  { "content", 0 } };

    if (strncmp(uri, vocabulary_base, strlen(vocabulary_base)) != 0)
        return false;
    uri += strlen(vocabulary_base);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(uri, known[i].name) == 0) {
            resource->vocabularies |= known[i].vocabulary;
            resource->asserts_format = resource->asserts_format || strcmp(uri, "format-assertion") == 0;
            return true;
        }
    }
    return false;
}

/* The vocabularies that a metaschema names are those of the resource. */
static bool read_vocabulary(struct compiler *compiler, struct node *node, const char *keyword, const cJSON *vocabulary,
                            struct resource *resource)
{
    const cJSON *member;

    if (!cJSON_IsObject(vocabulary))
        return compiler_refuse(compiler, node, keyword, "must name vocabularies in an object");
    cJSON_ArrayForEach(member, vocabulary)
    {
        if (!cJSON_IsBool(member))
            return compiler_refuse(compiler, node, keyword, "must say true or false of each vocabulary");
        if (!add_vocabulary(resource, member->string) && cJSON_IsTrue(member))
            return compiler_refuse(compiler, node, keyword, "requires the vocabulary '%.200s', which is not known here",
                                   member->string);
    }
    return true;
}

static const struct schema_document *find_document(const struct compiler *compiler, const char *uri, size_t len)
{
    for (size_t i = 0; i < compiler->document_count; i++)
        if (strlen(compiler->documents[i].uri) == len && memcmp(compiler->documents[i].uri, uri, len) == 0)
            return &compiler->documents[i];
    return NULL;
}

/* "$schema": our draft, or a metaschema at hand that says which of its vocabularies count. */
static bool read_dialect(struct compiler *compiler, struct node *node)
{
    const cJSON *value = string_member(compiler, node, "$schema");
    struct resource *resource = node->resource;

    if (!value)
        return compiler->status == MESH_OK;
    size_t len = strlen(value->valuestring);
    len -= len > 0 && value->valuestring[len - 1] == '#';
    if (len == strlen(meta_uri) && memcmp(value->valuestring, meta_uri, len) == 0)
        return true;
    const struct schema_document *document = find_document(compiler, value->valuestring, len);
    if (!document)
        return compiler_refuse(compiler, node, "$schema", "is '%.200s', but only draft 2020-12 is spoken here: '%s'",
                               value->valuestring, meta_uri);
    const cJSON *metaschema = compiler_parse(compiler, document->text);
    if (!metaschema)
        return false;
    const cJSON *vocabulary = json_get(metaschema, "$vocabulary");
    if (!vocabulary)
        return true;
    resource->vocabularies = 0;
    return read_vocabulary(compiler, node, "$schema", vocabulary, resource);
}

/* ---- resources ---- */

static struct resource *new_resource(struct compiler *compiler, const char *uri, size_t len)
{
    struct resource *resource = compiler_alloc(compiler, sizeof(*resource));
    char *copy = resource ? arena_text(&compiler->schema->arena, uri, len) : NULL;

    if (!copy) {
        compiler_no_memory(compiler);
        return NULL;
    }
    *resource = (struct resource){ .uri = copy,
                                   .vocabularies = VOCABULARY_APPLICATOR | VOCABULARY_UNEVALUATED |
                                                   VOCABULARY_VALIDATION | VOCABULARY_FORMAT };
    return resource;
}

/* "$id" begins a resource of its own, whose dialect is its parent's until it says otherwise. */
static bool read_id(struct compiler *compiler, struct node *node)
{
    const cJSON *value = string_member(compiler, node, "$id");
    auto_buf struct buf uri = { .max = URI_MAX };

    if (!value)
        return compiler->status == MESH_OK;
    const char *fragment = value->valuestring + uri_len_without_fragment(value->valuestring);
    if (strlen(fragment) > 1)
        return compiler_refuse(compiler, node, "$id",
                               "must not have a fragment; for a name within the document use "
                               "'$anchor'");
    uri_resolve(&uri, node->resource->uri, value->valuestring);
    if (buf_failed(&uri))
        return buf_error(&uri, NULL) == MESH_E_TOO_LARGE ? compiler_refuse(compiler, node, "$id", "is too long")
                                                         : compiler_no_memory(compiler);
    if (strcmp(buf_text(&uri), node->resource->uri) == 0 && !node->up)
        return true;
    const struct resource *parent = node->resource;
    node->resource = new_resource(compiler, buf_text(&uri), uri.len);
    if (!node->resource)
        return false;
    node->resource->vocabularies = parent->vocabularies;
    node->resource->asserts_format = parent->asserts_format;
    return note_place(compiler, node, "$id", node->resource->uri);
}

static bool read_own_vocabulary(struct compiler *compiler, struct node *node)
{
    const cJSON *vocabulary = json_get(node->tree, "$vocabulary");
    struct resource unused = { 0 };

    return !vocabulary || read_vocabulary(compiler, node, "$vocabulary", vocabulary, &unused);
}

bool resolve_identity(struct compiler *compiler, struct node *node)
{
    return read_id(compiler, node) && read_dialect(compiler, node) && read_own_vocabulary(compiler, node) &&
           read_anchors(compiler, node);
}

bool resolve_document(struct compiler *compiler, const char *uri, const cJSON *tree, struct node **ret_node)
{
    struct resource *resource = new_resource(compiler, uri, strlen(uri));

    *ret_node = resource ? compiler_add(compiler, tree, resource, NULL, NULL, NULL, NO_INDEX) : NULL;
    if (!*ret_node)
        return false;
    /* A document whose $id is where it was found has noted itself. */
    return map_get(&compiler->places, uri) == *ret_node || note_place(compiler, *ret_node, "$id", uri);
}

/* ---- references ---- */

/* The root of the resource that a URI names. */
static struct node *find_resource(struct compiler *compiler, const struct pending *pending, const char *uri)
{
    struct node *node = map_get(&compiler->places, uri);
    const struct schema_document *document = find_document(compiler, uri, strlen(uri));

    if (node)
        return node;
    if (!document && strcmp(uri, meta_uri) != 0) {
        compiler_refuse(compiler, pending->node, pending->keyword,
                        "leads to '%.200s', which is not in this schema: put "
                        "it into '$defs', other documents are not fetched",
                        pending->reference);
        return NULL;
    }
    const cJSON *tree = compiler_parse(compiler, document ? document->text : mesh_text(meta_text));
    return tree && resolve_document(compiler, uri, tree, &node) ? node : NULL;
}

/* The next token of a JSON pointer, its escapes undone; false if one is broken. */
static bool read_token(const char **pointer, struct buf *token)
{
    buf_reset(token);
    for ((*pointer)++; **pointer && **pointer != '/'; (*pointer)++) {
        if (**pointer == '~') {
            (*pointer)++;
            if (**pointer != '0' && **pointer != '1')
                return false;
            buf_putc(token, **pointer == '0' ? '~' : '/');
        } else {
            buf_putc(token, **pointer);
        }
    }
    return true;
}

/* A token as an index; SIZE_MAX if it is none. */
static size_t index_of(const char *token)
{
    size_t len = strspn(token, "0123456789");

    if (len == 0 || len > 9 || token[len] || (*token == '0' && len > 1))
        return SIZE_MAX;
    return strtoul(token, NULL, 10);
}

static const cJSON *step_into(struct compiler *compiler, const cJSON *tree, const char *token)
{
    bool is_array = cJSON_IsArray(tree);
    size_t wanted = is_array ? index_of(token) : 0, index = 0;
    const cJSON *child = is_array || cJSON_IsObject(tree) ? tree->child : NULL;

    for (; child; child = child->next, index++) {
        compiler->steps++;
        if (is_array ? index == wanted : strcmp(child->string, token) == 0)
            return child;
    }
    return NULL;
}

/* Where a pointer leads to, which may be inside a keyword that we do not know: then a node is made for it there. */
static struct node *find_by_pointer(struct compiler *compiler, const struct pending *pending, struct node *root,
                                    const char *pointer)
{
    auto_buf struct buf token = { .max = POINTER_MAX };
    const cJSON *tree = root->tree;
    struct node *nearest = root;
    const char *whole = pointer;

    while (tree && *pointer) {
        tree = read_token(&pointer, &token) ? step_into(compiler, tree, buf_text(&token)) : NULL;
        struct node *node = tree ? compiler_node_of(compiler, tree) : NULL;
        nearest = node ? node : nearest;
    }
    if (buf_failed(&token)) {
        compiler_no_memory(compiler);
        return NULL;
    }
    if (compiler->steps > SCHEMA_STEPS_MAX) {
        compiler_refuse(compiler, pending->node, pending->keyword,
                        "is one reference too many: the way to all of them is "
                        "too long");
        return NULL;
    }
    if (tree && nearest->tree == tree)
        return nearest;
    if (!tree || (!cJSON_IsObject(tree) && !cJSON_IsBool(tree))) {
        compiler_refuse(compiler, pending->node, pending->keyword, "leads to '%.200s', but there is no schema there",
                        pending->reference);
        return NULL;
    }
    char *place = arena_text(&compiler->schema->arena, whole + 1, strlen(whole + 1));
    if (!place) {
        compiler_no_memory(compiler);
        return NULL;
    }
    return compiler_add(compiler, tree, nearest->resource, root, place, NULL, NO_INDEX);
}

static struct node *find_by_anchor(struct compiler *compiler, const struct pending *pending, const struct node *root,
                                   const char *name)
{
    auto_buf struct buf key = { .max = POINTER_MAX };

    buf_printf(&key, "%s#%s", root->resource->uri, name);
    if (buf_failed(&key)) {
        compiler_no_memory(compiler);
        return NULL;
    }
    struct node *node = map_get(&compiler->places, buf_text(&key));
    if (!node)
        compiler_refuse(compiler, pending->node, pending->keyword,
                        "leads to '%.200s', but no '$anchor' there has that "
                        "name",
                        pending->reference);
    return node;
}

static struct node *find_target(struct compiler *compiler, const struct pending *pending, const char *uri,
                                const char *fragment)
{
    struct node *root = find_resource(compiler, pending, uri);

    if (!root || *fragment == '\0')
        return root;
    return *fragment == '/' ? find_by_pointer(compiler, pending, root, fragment)
                            : find_by_anchor(compiler, pending, root, fragment);
}

static bool resolve_one(struct compiler *compiler, const struct pending *pending)
{
    auto_buf struct buf uri = { .max = URI_MAX };
    auto_buf struct buf fragment = { .max = POINTER_MAX };
    const char *raw = pending->reference + uri_len_without_fragment(pending->reference);

    uri_resolve(&uri, pending->node->resource->uri, pending->reference);
    if (!uri_decode(&fragment, *raw == '#' ? raw + 1 : raw))
        return compiler_refuse(compiler, pending->node, pending->keyword, "has a broken escape: '%.200s'",
                               pending->reference);
    if (buf_error(&uri, NULL) == MESH_E_TOO_LARGE || buf_error(&fragment, NULL) == MESH_E_TOO_LARGE)
        return compiler_refuse(compiler, pending->node, pending->keyword, "is too long");
    if (buf_failed(&uri) || buf_failed(&fragment))
        return compiler_no_memory(compiler);
    struct node *target = find_target(compiler, pending, buf_text(&uri), buf_text(&fragment));
    if (!target)
        return false;
    pending->rule->node = target;
    if (strcmp(pending->keyword, "$dynamicRef") == 0 && target->dynamic_anchor &&
        strcmp(target->dynamic_anchor, buf_text(&fragment)) == 0)
        pending->rule->dynamic = target->dynamic_anchor;
    return true;
}

/* What is resolved may bring new nodes, and these new references. */
bool resolve_pending(struct compiler *compiler)
{
    for (const struct pending *pending = compiler->pending; pending; pending = pending->next)
        if (!resolve_one(compiler, pending))
            return false;
    return true;
}
