/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_plugin: what a .so exports so that agentmeshd can serve the agents inside.
 *
 * A plugin is one constant, written by MESH_PLUGIN() or MESH_PLUGIN_WITH(). It links to libagentmesh and calls what every
 * program calls. Rules that keep it replaceable while it runs:
 *
 *   - constructors (C++ globals too) touch nothing but their own memory: a host loads a plugin on trial before it
 *     serves it. Open files, sockets and threads in start.
 *   - start may be called in several loaded copies at the same time: the next version starts while the last one serves.
 *   - stop ends every thread that start began and gives back what it took. After it nothing of the plugin is called.
 *   - memory does not cross: each side frees only its own.
 *   - nothing leaves an entry but by return: no exception, no panic, no longjmp, no pthread_exit.
 */
#ifndef AGENTMESH_PLUGIN_H
#define AGENTMESH_PLUGIN_H

#include <agentmesh/agent.h>

MESH_BEGIN_DECLS

#define MESH_PLUGIN_MAGIC 0x4d455348u /* "MESH" */
#define MESH_PLUGIN_ABI 1u            /* moves only when a layout breaks */

/* What a plugin exports. Fields are only ever added at the end. */
typedef struct mesh_plugin {
    uint32_t magic;          /* MESH_PLUGIN_MAGIC */
    uint32_t abi;            /* MESH_PLUGIN_ABI */
    size_t size;             /* sizeof(mesh_plugin) */
    uint32_t header_version; /* MESH_VERSION of the headers it was built with */
    uint32_t flags;          /* 0 */
    const char *version;     /* of the plugin, shown to operators */
    const mesh_agent *const *agents; /* served as soon as start has returned; ends with NULL; NULL: none */

    /*
     * Get ready: read settings, open what is needed, register agents beyond the listed ones. No handler runs before it
     * has returned. May be NULL. If it fails, stop is not called, and agents that it registered are taken back. [step]
     *
     * client     this copy's own place on the mesh; lent until stop has returned, never to be closed here
     * ret_state  given to every handler of the listed agents, and to stop
     */
    mesh_status (*start)(mesh_client *client, void **ret_state, mesh_error *err);

    /* Give back what start took; called once, after the last handler has returned. May be NULL. [step] */
    void (*stop)(mesh_client *client, void *state);
} mesh_plugin;

/* The symbol that a host looks for. */
extern MESH_API const mesh_plugin mesh_plugin_entry;

/* Export agents that need no preparation: MESH_PLUGIN("1.0.0", &echo, &reverse); */
#define MESH_PLUGIN(version, ...) MESH_PLUGIN_WITH(version, NULL, NULL, __VA_ARGS__)

/* The same with start and stop, each of which may be NULL. A plugin that registers all its agents in start lists NULL. */
#define MESH_PLUGIN_WITH(version, start, stop, ...)                               \
    static const mesh_agent *const mesh_plugin_agents[] = { __VA_ARGS__, NULL };  \
    const mesh_plugin mesh_plugin_entry = { MESH_PLUGIN_MAGIC, MESH_PLUGIN_ABI,   \
        sizeof(mesh_plugin), MESH_VERSION, 0, version, mesh_plugin_agents, start, stop }

/**
 * A setting of this plugin, from [settings NAME] of mesh.ini. Lent until the client is closed. [any-thread]
 *
 * fallback  returned where the key is not set, and in programs that have no settings
 */
MESH_API const char *mesh_setting(const mesh_client *client, const char *key, const char *fallback);

/** All settings: key, value, key, value, ..., NULL, in the order of the file. Lent until the client is closed. */
MESH_API const char *const *mesh_settings(const mesh_client *client);

MESH_END_DECLS

#endif
