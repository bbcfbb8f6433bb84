/* SPDX-License-Identifier: Apache-2.0 */
/* The libraries, and the versions of them, that a shared object needs. */
#include "plugin/elf_object.h"

#include <string.h>

/* Far more than any linker writes; they keep the work on a hostile file small. */
enum { MAX_LIBRARIES = 1024, MAX_VERSIONS = 4096, INDEX_MASK = 0x7fff };

typedef ElfW(Verneed) elf_need;
typedef ElfW(Vernaux) elf_node;
typedef ElfW(Verdef) elf_definition;

static mesh_status check_libraries(const struct object *object, mesh_error *err)
{
    elf_entry entry;
    mesh_status status = MESH_OK;
    for (size_t i = 0; status == MESH_OK && object_entry(object, i, &entry); i++) {
        if (entry.d_tag != DT_NEEDED)
            continue;
        const char *name = object_name(object, &object->dynamic.names, entry.d_un.d_val);
        if (!name)
            return object_damaged(err, "the name of a library it needs cannot be read");
        if (strncmp(name, ELF_LIBRARY, strlen(ELF_LIBRARY)) == 0 && strcmp(name, ELF_LIBRARY_SONAME) != 0)
            status = object_refuse(object, FINDING_OTHER_LIBRARY, err, "it is built for %s, this agentmeshd runs %s",
                                   name, ELF_LIBRARY_SONAME);
    }
    return status;
}

/* name: "AGENTMESH_0.4" or "AGENTMESH_HOST_0.4". Nodes of other names are left to the loader. */
static mesh_status check_name(const struct object *object, const char *name, mesh_error *err)
{
    static const char prefix[] = "AGENTMESH_";
    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return MESH_OK;
    const char *version = strrchr(name, '_') + 1;
    if (!object_is_newer(object, version))
        return MESH_OK;
    return object_refuse(object, FINDING_NEWER, err, "it is built for agentmesh %s, this agentmeshd runs %s", version,
                         object->library_version);
}

static void know_version(struct object *object, unsigned index)
{
    index &= INDEX_MASK;
    if (index > object->last_version)
        object->last_version = index;
}

/* The versions of one library; is_ours: of libagentmesh. */
static mesh_status check_nodes(struct object *object, uint64_t address, unsigned count, bool is_ours, mesh_error *err)
{
    for (unsigned i = 0; i < count && i < MAX_VERSIONS; i++) {
        elf_node node;
        if (!object_read_address(object, address, &node, sizeof(node)))
            return object_damaged(err, "the versions it needs lie outside of it");
        const char *name = object_name(object, &object->dynamic.names, node.vna_name);
        if (!name)
            return object_damaged(err, "the name of a version it needs cannot be read");
        mesh_status status = is_ours ? check_name(object, name, err) : MESH_OK;
        if (status != MESH_OK)
            return status;
        know_version(object, node.vna_other);
        if (node.vna_next == 0)
            break;
        address += node.vna_next;
    }
    return MESH_OK;
}

static mesh_status check_needs(struct object *object, mesh_error *err)
{
    uint64_t address = object->dynamic.version_needs;
    for (uint64_t i = 0; address && i < object->dynamic.version_need_count && i < MAX_LIBRARIES; i++) {
        elf_need need;
        if (!object_read_address(object, address, &need, sizeof(need)))
            return object_damaged(err, "the versions it needs lie outside of it");
        const char *library = object_name(object, &object->dynamic.names, need.vn_file);
        if (!library)
            return object_damaged(err, "the name of a library it needs cannot be read");
        bool is_ours = strcmp(library, ELF_LIBRARY_SONAME) == 0;
        mesh_status status = check_nodes(object, address + need.vn_aux, need.vn_cnt, is_ours, err);
        if (status != MESH_OK || need.vn_next == 0)
            return status;
        address += need.vn_next;
    }
    return MESH_OK;
}

/* Versions of its own: a version script of the plugin's may have named some. */
static mesh_status check_definitions(struct object *object, mesh_error *err)
{
    uint64_t address = object->dynamic.version_definitions;
    for (uint64_t i = 0; address && i < object->dynamic.version_definition_count && i < MAX_VERSIONS; i++) {
        elf_definition definition;
        if (!object_read_address(object, address, &definition, sizeof(definition)))
            return object_damaged(err, "the versions it defines lie outside of it");
        know_version(object, definition.vd_ndx);
        if (definition.vd_next == 0)
            break;
        address += definition.vd_next;
    }
    return MESH_OK;
}

mesh_status object_check_versions(struct object *object, mesh_error *err)
{
    object->last_version = VER_NDX_GLOBAL;
    mesh_status status = check_libraries(object, err);
    if (status == MESH_OK)
        status = check_needs(object, err);
    if (status == MESH_OK)
        status = check_definitions(object, err);
    return status;
}
