/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler's frame: nodes are made, then references are tied, then loops are looked for. */
#include "wire/schema_compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

enum { POINTER_MAX = 4096, FIRST_NODES = 64 };

/* ---- failures ---- */

bool compiler_no_memory(struct compiler *compiler)
{
    if (compiler->status == MESH_OK)
        compiler->status = mesh_error_set_text(compiler->err, MESH_E_NO_MEMORY, NULL);
    return false;
}

static void put_escaped(struct buf *out, const char *name)
{
    for (; *name; name++) {
        if (*name == '~' || *name == '/')
            buf_puts(out, *name == '~' ? "~0" : "~1");
        else
            buf_putc(out, *name);
    }
}

static void put_step(struct buf *out, const struct node *node)
{
    buf_putc(out, '/');
    buf_puts(out, node->keyword);
    if (node->name) {
        buf_putc(out, '/');
        put_escaped(out, node->name);
    } else if (node->index != NO_INDEX) {
        buf_printf(out, "/%zu", node->index);
    }
}

/* The JSON pointer of a node within its document. No deeper than a document is. */
static void put_pointer(struct buf *out, const struct node *node)
{
    if (!node->up)
        return;
    put_pointer(out, node->up);
    put_step(out, node);
}

bool compiler_refuse(struct compiler *compiler, const struct node *node, const char *keyword, const char *format, ...)
{
    auto_buf struct buf place = { .max = POINTER_MAX };
    auto_buf struct buf text = { .max = POINTER_MAX };
    va_list args;

    if (compiler->status != MESH_OK)
        return false;
    put_pointer(&place, node);
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    const char *where = buf_failed(&place) ? "(too long to show)" : buf_text(&place);
    const char *what = buf_failed(&text) ? "not a schema" : buf_text(&text);
    if (keyword)
        compiler->status =
            mesh_error_set(compiler->err, MESH_E_INVALID_ARGUMENT, "schema at '%s': '%s' %s", where, keyword, what);
    else
        compiler->status = mesh_error_set(compiler->err, MESH_E_INVALID_ARGUMENT, "schema at '%s': %s", where, what);
    return false;
}

/* ---- what the schema owns ---- */

void *compiler_alloc(struct compiler *compiler, size_t size)
{
    void *memory = compiler->status == MESH_OK ? arena_alloc(&compiler->schema->arena, size) : NULL;

    if (!memory)
        compiler_no_memory(compiler);
    return memory;
}

const cJSON *compiler_parse(struct compiler *compiler, mesh_bytes text)
{
    struct owned_tree *owned = compiler_alloc(compiler, sizeof(*owned));

    if (!owned)
        return NULL;
    compiler->status = json_parse(text, &owned->tree, compiler->err);
    if (compiler->status != MESH_OK)
        return NULL;
    owned->next = compiler->schema->trees;
    compiler->schema->trees = owned;
    return owned->tree;
}

/* ---- nodes ---- */

/* An object or boolean of our own trees has no use for its valueint: there we note which node was made of it. */
static void note_node(struct compiler *compiler, const cJSON *tree, struct node *node)
{
    compiler->nodes[compiler->node_count++] = node;
    ((cJSON *)(uintptr_t)tree)->valueint = (int)compiler->node_count;
}

struct node *compiler_node_of(const struct compiler *compiler, const cJSON *tree)
{
    if (!cJSON_IsObject(tree) && !cJSON_IsBool(tree))
        return NULL;
    return tree->valueint > 0 ? compiler->nodes[tree->valueint - 1] : NULL;
}

static bool has_room_for_node(struct compiler *compiler)
{
    if (compiler->node_count < compiler->node_capacity)
        return true;
    size_t capacity = compiler->node_capacity > 0 ? compiler->node_capacity * 2 : FIRST_NODES;
    struct node **nodes = realloc(compiler->nodes, capacity * sizeof(struct node *));
    if (!nodes)
        return compiler_no_memory(compiler);
    compiler->nodes = nodes;
    compiler->node_capacity = capacity;
    return true;
}

static bool node_compile(struct compiler *compiler, struct node *node)
{
    if (cJSON_IsBool(node->tree)) {
        node->kind = cJSON_IsTrue(node->tree) ? NODE_TRUE : NODE_FALSE;
        return true;
    }
    if (!cJSON_IsObject(node->tree))
        return compiler_refuse(compiler, node, NULL, "a schema is an object or a boolean");
    return resolve_identity(compiler, node) && keywords_compile(compiler, node);
}

struct node *compiler_add(struct compiler *compiler, const cJSON *tree, struct resource *resource,
                          const struct node *up, const char *keyword, const char *name, size_t index)
{
    struct node *node = compiler_alloc(compiler, sizeof(*node));

    if (!node || !has_room_for_node(compiler))
        return NULL;
    *node =
        (struct node){ .resource = resource, .tree = tree, .up = up, .keyword = keyword, .name = name, .index = index };
    if (compiler->node_count == SCHEMA_NODES_MAX) {
        compiler_refuse(compiler, node, NULL, "more than %d subschemas", SCHEMA_NODES_MAX);
        return NULL;
    }
    note_node(compiler, tree, node);
    return node_compile(compiler, node) ? node : NULL;
}

/* ---- the whole ---- */

static void compiler_clear(struct compiler *compiler)
{
    map_clear(&compiler->places, NULL);
    free(compiler->nodes);
}

static bool compile_text(struct compiler *compiler, mesh_bytes text)
{
    const cJSON *tree = compiler_parse(compiler, text);
    struct node *root = NULL;

    if (!tree || !resolve_document(compiler, "", tree, &root) || !resolve_pending(compiler) || !loops_refuse(compiler))
        return false;
    compiler->schema->root = root;
    return true;
}

mesh_status schema_compile_with(mesh_bytes text, uint32_t flags, const struct schema_document *documents,
                                size_t document_count, mesh_schema **ret_schema, mesh_error *err)
{
    auto_schema mesh_schema *schema = calloc(1, sizeof(*schema));
    struct compiler compiler = {
        .schema = schema, .documents = documents, .document_count = document_count, .err = err
    };

    if (!schema)
        return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
    schema->flags = flags;
    compiler.pending_end = &compiler.pending;
    map_init(&compiler.places);
    bool done = compile_text(&compiler, text);
    compiler_clear(&compiler);
    if (done)
        *ret_schema = take(&schema);
    return compiler.status;
}
