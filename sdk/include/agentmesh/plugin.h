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

/* For mesh_plugin.flags. */
enum {
    /* Only one copy of it can be started at a time: it owns a port, a device, a lock. A newer version is started after this
     * one has stopped; requests wait meanwhile. */
    MESH_PLUGIN_EXCLUSIVE = 1
};

/* What the value of a setting must be. */
enum {
    MESH_SETTING_TEXT = 0,     /* anything */
    MESH_SETTING_NUMBER = 1,   /* a whole number from min to max */
    MESH_SETTING_SWITCH = 2,   /* yes or no */
    MESH_SETTING_DURATION = 3, /* "500ms", "30s", "5m", "2h"; min and max in milliseconds */
    MESH_SETTING_CHOICE = 4    /* one of choices */
};

/* A setting that a plugin understands. mesh.ini is checked against them before start is called: keys that no spec names,
 * and values that do not fit, are told with file and line. */
typedef struct mesh_setting_spec {
    size_t size;                /* sizeof(mesh_setting_spec) */
    const char *key;
    const char *fallback;       /* the value where mesh.ini gives none, as it would be written; must fit; NULL: none */
    const char *help;           /* a sentence for operators */
    const char *const *choices; /* of a MESH_SETTING_CHOICE; ends with NULL */
    int64_t min, max;           /* both 0: any */
    uint32_t type;              /* MESH_SETTING_ */
    uint32_t is_required;       /* 1: mesh.ini must give it */
} mesh_setting_spec;

/* A text with a default, and one that must be given, as initialisers. */
#define MESH_SETTING(key, fallback, help) { sizeof(mesh_setting_spec), key, fallback, help, NULL, 0, 0, 0, 0 }
#define MESH_SETTING_REQUIRED(key, help) { sizeof(mesh_setting_spec), key, NULL, help, NULL, 0, 0, 0, 1 }
#define MESH_SETTING_RANGE(key, type, fallback, min, max, help) \
    { sizeof(mesh_setting_spec), key, fallback, help, NULL, min, max, type, 0 }

/* Where a plugin puts what the next version is to go on with. Opaque. */
typedef struct mesh_saved mesh_saved;

/* What a plugin exports. Fields are only ever added at the end. */
typedef struct mesh_plugin {
    uint32_t magic;          /* MESH_PLUGIN_MAGIC */
    uint32_t abi;            /* MESH_PLUGIN_ABI */
    size_t size;             /* sizeof(mesh_plugin) */
    uint32_t header_version; /* MESH_VERSION of the headers it was built with */
    uint32_t flags;          /* MESH_PLUGIN_ */
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

    /* The settings that it understands; ends with NULL; NULL: not told, and nothing is checked. */
    const mesh_setting_spec *const *settings;

    /*
     * Hand over to the next version: put what it needs into saved. Nothing else of the plugin runs, requests wait. May be
     * called more than once, and the plugin may go on serving after it (when the next version is given up). NULL: there is
     * nothing to hand over. [step]
     */
    mesh_status (*save)(mesh_client *client, void *state, mesh_saved *saved, mesh_error *err);

    /*
     * Take over what another version has saved; after start, before the first request. May be called again later, in place of
     * what was there (when a newer version is given up). A failure refuses the version: the other one goes on. NULL: it
     * takes nothing over. [step]
     *
     * version  of the plugin that wrote it
     * saved    lent
     */
    mesh_status (*restore)(mesh_client *client, void *state, const char *version, mesh_bytes saved, mesh_error *err);
} mesh_plugin;

/* The symbol that a host looks for. */
extern MESH_API const mesh_plugin mesh_plugin_entry;

/* Export agents that need no preparation: MESH_PLUGIN("1.0.0", &echo, &reverse); */
#define MESH_PLUGIN(version, ...) MESH_PLUGIN_WITH(version, NULL, NULL, __VA_ARGS__)

/* The same with start and stop, each of which may be NULL. A plugin that registers all its agents in start lists NULL. One
 * that has settings, or something to hand over, writes the constant out: see plugins/counter. */
#define MESH_PLUGIN_WITH(version, start, stop, ...)                               \
    static const mesh_agent *const mesh_plugin_agents[] = { __VA_ARGS__, NULL };  \
    const mesh_plugin mesh_plugin_entry = { MESH_PLUGIN_MAGIC, MESH_PLUGIN_ABI,   \
        sizeof(mesh_plugin), MESH_VERSION, 0, version, mesh_plugin_agents, start, stop, NULL, NULL, NULL }

/**
 * A setting of this plugin, from [settings NAME] of mesh.ini. Lent until the client is closed. [any-thread]
 *
 * fallback  returned where the key is not set and its spec has no fallback, and in programs that have no settings
 */
MESH_API const char *mesh_setting(const mesh_client *client, const char *key, const char *fallback);

/**
 * The same as a whole number, as 1 or 0 (yes, on, true; no, off, false), as milliseconds ("500ms", "30s", "5m", "2h"). The
 * fallback also where the text is none of these; a spec keeps that from happening. [any-thread]
 */
MESH_API int64_t mesh_setting_int(const mesh_client *client, const char *key, int64_t fallback);
MESH_API int mesh_setting_bool(const mesh_client *client, const char *key, int fallback);
MESH_API uint32_t mesh_setting_ms(const mesh_client *client, const char *key, uint32_t fallback);

/** Put bytes behind those that are there already. In save only. MESH_E_TOO_LARGE: more than 64 MiB in all. */
MESH_API mesh_status mesh_save(mesh_saved *saved, mesh_bytes bytes, mesh_error *err);

/** All settings: key, value, key, value, ..., NULL, in the order of the file. Lent until the client is closed. */
MESH_API const char *const *mesh_settings(const mesh_client *client);

MESH_END_DECLS

#endif
