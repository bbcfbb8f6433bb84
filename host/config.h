/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh.ini as a struct: read whole, checked whole, and not changed afterwards. A reload reads a fresh one beside it.
 *
 * Relative paths in the file are taken from the folder that the file lies in; here all of them are absolute.
 */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <agentmesh/error.h>

#include "list.h"
#include "report.h"

/* How much of an error's text leaves this machine. */
enum config_detail { CONFIG_DETAIL_FULL, CONFIG_DETAIL_CODE };

/* [plugin NAME] */
struct config_plugin {
    char *name;
    bool enabled; /* no: the file is not loaded; a loaded one leaves */
};

/* [settings NAME] */
struct config_settings {
    char *name;
    struct config_list pairs; /* key, value, key, value, ... */
    struct config_list lines; /* of each pair: where it stands in the file, as text */
};

/* [agent NAME]; a number that is 0 was not said. */
struct config_agent {
    char *name;
    uint32_t concurrency;  /* handlers of it at a time */
    uint32_t queue;        /* requests that may wait for it */
    uint32_t timeout_ms;   /* a handler's time for one request */
    uint32_t check_output; /* MESH_YES, MESH_NO */
    char *gate;            /* "key:NAME" or "subject:NAME"; NULL: its author's */
};

struct config {
    char *path; /* absolute, of the file it was read from; NULL: there is none, all is default */

    /* [mesh] */
    char *url;         /* separated by commas; NULL: not said, or local */
    bool local;        /* url = local: join a local server that runs, or start one */
    char *credentials; /* paths; NULL: none */
    char *tls_ca, *tls_cert, *tls_key;

    /* [host] */
    struct config_list plugin_folders; /* key "plugins"; a later folder wins over an earlier one */
    char *state;
    uint32_t connect_timeout_ms, call_timeout_ms, stream_timeout_ms;
    uint32_t handler_timeout_ms, chunk_timeout_ms;
    uint32_t start_timeout_ms, drain_timeout_ms;
    uint32_t settle_ms, grace_ms, poll_ms, probation_ms, handover_timeout_ms;
    uint32_t queue, workers, workers_total, pinned_max;
    gid_t trusted_gid;     /* of key "trusted_group"; (gid_t)-1: none */
    uint32_t error_detail; /* CONFIG_DETAIL_ */
    bool check_output;     /* of agents that say nothing themselves */
    uint32_t log_level;    /* MESH_LOG_ of <agentmesh/client.h> */
    uint32_t local_port;
    char *local_store;
    char *control; /* the control socket; NULL: in the runtime folder */

    /* Sections with a name, in the order of the file. */
    struct config_plugin *plugins;
    size_t plugin_count;
    struct config_settings *settings;
    size_t settings_count;
    struct config_agent *agents;
    size_t agent_count;

    /* Not of the file, but of `agentmeshd --run`: the one file of the folders that counts, "echo.so", whoever can write
     * to it. NULL: all. */
    char *only;
};

/**
 * Read and check a file. [main]
 *
 * path        lent; NULL: config_default_path(), and defaults alone where that file is missing. A path that was given
 *             must exist.
 * ret_config  given; end it with config_free()
 * report      filled on failure: at least one line, whatever the status, unless there is no memory even for that
 * MESH_E_DATA          the file says something wrong; every mistake is in the report
 * MESH_E_SYSTEM        it cannot be read
 * MESH_E_INCOMPATIBLE  the system's inih will not do
 */
mesh_status config_load(const char *path, struct config **ret_config, struct config_report *report);

/* The same for a text that is in memory. name is what the report calls it; relative paths start at folder. */
mesh_status config_parse(const char *name, const char *folder, const void *text, size_t len, struct config **ret_config,
                         struct config_report *report);

/* All defaults; given, NULL without memory. */
struct config *config_default(void);

struct config *config_free(struct config *config); /* returns NULL */

static inline void cleanup_config(struct config **slot)
{
    config_free(*slot);
}

#define auto_config __attribute__((cleanup(cleanup_config)))

/* The file that is read when none is named: for root, and for others who have no $XDG_CONFIG_HOME/agentmesh/mesh.ini
 * (~/.config), it is mesh.ini as installed. Given, NULL without memory. */
char *config_default_path(void);

/* The section of that name, lent as long as config; NULL: the file has none. */
const struct config_plugin *config_plugin(const struct config *config, const char *name);
const struct config_agent *config_agent(const struct config *config, const char *name);

/* Whether the plugin may be loaded: yes unless its section says enabled = no. */
bool config_plugin_enabled(const struct config *config, const char *name);

/* The line of the file in which a plugin's setting stands, as text; "" if it has none. Lent as long as config. */
const char *config_setting_line(const struct config *config, const char *name, const char *key);

/* A plugin's settings as key, value, key, value, ..., NULL; lent as long as config; never NULL. */
const char *const *config_settings(const struct config *config, const char *name);

/* Whether a plugin may have this name: [A-Za-z0-9._-], 1 to 64 of them. */
enum { CONFIG_PLUGIN_NAME_MAX = 64 };
bool config_plugin_name_is_valid(const char *name);

/* What is different in a fresh config. */
struct config_diff {
    struct config_list restart; /* keys that keep their old value until a restart, as "[mesh] url" */
    struct config_list live;    /* keys whose new value can be used at once, as "[host] log_level" */
    struct config_list plugins; /* names whose [plugin] or [settings] section is different, new or gone */
    struct config_list agents;  /* names whose [agent] section is different, new or gone */
};

/* Compare. ret_diff: end it with config_diff_clear(). Fails only without memory. */
mesh_status config_diff(const struct config *old, const struct config *fresh, struct config_diff *ret_diff);
void config_diff_clear(struct config_diff *diff);

#define auto_config_diff __attribute__((cleanup(config_diff_clear)))

/* Write mesh.ini with every key commented out beside its help, default and unit: conf/mesh.ini is exactly this. */
void config_write_template(FILE *out);

/* Write the manual page mesh.ini(5), as mdoc: conf/mesh.ini.5 is exactly this. */
void config_write_manual(FILE *out);

#endif
