/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys. */
#include "keys.h"

#include <string.h>

#include <agentmesh/client.h>

#include "base/guess.h"
#include "config.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

const struct section_info section_infos[SECTION_COUNT] = {
    [SECTION_MESH] = { "mesh", false, true, "The mesh that this host joins." },
    [SECTION_HOST] = { "host", false, true, "The host itself." },
    [SECTION_PLUGIN] = { "plugin", true, true,
                         "One plugin. NAME is that of its file without \".so\". A section for each that needs one." },
    [SECTION_SETTINGS] = { "settings", true, false,
                           "What one plugin reads by mesh_setting(): any keys that it knows. They are checked by the\n"
                           "plugin. A change loads it anew." },
    [SECTION_AGENT] = { "agent", true, true,
                        "One agent, whichever plugin it comes from. NAME is its name on the mesh." },
};

static const struct key_choice levels[] = {
    { "debug", MESH_LOG_DEBUG },
    { "info", MESH_LOG_INFO },
    { "warn", MESH_LOG_WARN },
    { "error", MESH_LOG_ERROR },
    { NULL, 0 },
};

static const struct key_choice details[] = {
    { "full", CONFIG_DETAIL_FULL },
    { "code", CONFIG_DETAIL_CODE },
    { NULL, 0 },
};

static const struct key_choice yes_or_no[] = {
    { "yes", MESH_YES },
    { "no", MESH_NO },
    { NULL, 0 },
};

#define IN_CONFIG(field) .offset = offsetof(struct config, field)
#define IN_PLUGIN(field) .offset = offsetof(struct config_plugin, field)
#define IN_AGENT(field) .offset = offsetof(struct config_agent, field)
#define ISOLATION(key)                                                                                                 \
    {                                                                                                                  \
        .section = SECTION_PLUGIN, .name = key,                                                                        \
        .not_built = "processes of their own for plugins are not built yet in this version; remove the line"           \
    }

/* clang-format off */
static const struct key keys[] = {
    { .section = SECTION_MESH, .name = "url", .type = KEY_URL, .change = CHANGE_RESTART, IN_CONFIG(url),
      .example = "nats://localhost:4222",
      .help = "Servers to join, separated by commas, as nats://HOST:PORT or tls://HOST:PORT; or the word local: join\n"
              "the local server that runs, else start one. Default: OAM_URL, the nearest .oam-url, a local server\n"
              "that runs, nats://localhost:4222." },
    { .section = SECTION_MESH, .name = "credentials", .type = KEY_PATH, .change = CHANGE_RESTART,
      IN_CONFIG(credentials), .example = "/etc/agentmesh/host.creds",
      .help = "A .creds file, as the server's operator gives it out. It is read anew at every connection.\n"
              "Default: OAM_CREDS, the nearest .oam-url, none." },
    { .section = SECTION_MESH, .name = "tls_ca", .type = KEY_PATH, .change = CHANGE_RESTART, IN_CONFIG(tls_ca),
      .example = "/etc/agentmesh/ca.pem",
      .help = "A PEM file with authorities to trust beside the system's. Default: none." },
    { .section = SECTION_MESH, .name = "tls_cert", .type = KEY_PATH, .change = CHANGE_RESTART, IN_CONFIG(tls_cert),
      .example = "/etc/agentmesh/host.pem",
      .help = "The host's certificate as a PEM file, where the server asks for one; it needs tls_key. Default: none." },
    { .section = SECTION_MESH, .name = "tls_key", .type = KEY_PATH, .change = CHANGE_RESTART, IN_CONFIG(tls_key),
      .example = "/etc/agentmesh/host.key",
      .help = "The key of that certificate, a PEM file. Default: none." },

    { .section = SECTION_HOST, .name = "plugins", .type = KEY_PATHS, .change = CHANGE_LIVE,
      IN_CONFIG(plugin_folders), .fallback = MESH_PLUGINDIR ", " MESH_STATEDIR "/plugins",
      .help = "Folders to load plugins from, and to follow. Where two hold a file of the same name, the later one wins." },
    { .section = SECTION_HOST, .name = "state", .type = KEY_PATH, .change = CHANGE_RESTART, IN_CONFIG(state),
      .example = MESH_STATEDIR,
      .help = "A folder of this host's own, for private copies of plugins; programs must be allowed to run from it.\n"
              "Default: for a service its state folder, for root " MESH_STATEDIR ", for others\n"
              "$XDG_STATE_HOME/agentmesh (~/.local/state/agentmesh)." },
    { .section = SECTION_HOST, .name = "connect_timeout", .type = KEY_DURATION, .change = CHANGE_RESTART,
      IN_CONFIG(connect_timeout_ms), .fallback = "2s", .min = 1, .max = HOUR,
      .help = "How long one server may take to answer a connection. Servers are tried for ever." },
    { .section = SECTION_HOST, .name = "call_timeout", .type = KEY_DURATION, .change = CHANGE_RESTART,
      IN_CONFIG(call_timeout_ms), .fallback = "30s", .min = 1, .max = DAY,
      .help = "Deadline of a call that a plugin makes without naming one." },
    { .section = SECTION_HOST, .name = "stream_timeout", .type = KEY_DURATION, .change = CHANGE_RESTART,
      IN_CONFIG(stream_timeout_ms), .fallback = "60s", .min = 1, .max = DAY,
      .help = "Deadline of a whole stream that a plugin reads without naming one." },
    { .section = SECTION_HOST, .name = "handler_timeout", .type = KEY_DURATION, .change = CHANGE_RESTART,
      IN_CONFIG(handler_timeout_ms), .fallback = "30s", .min = 1, .max = DAY,
      .help = "An agent's time for one request. After it the caller is told, and the late answer is thrown away." },
    { .section = SECTION_HOST, .name = "chunk_timeout", .type = KEY_DURATION, .change = CHANGE_RESTART,
      IN_CONFIG(chunk_timeout_ms), .fallback = "60s", .min = 1, .max = DAY,
      .help = "A streaming agent's time for its next chunk." },
    { .section = SECTION_HOST, .name = "start_timeout", .type = KEY_DURATION, .change = CHANGE_LIVE,
      IN_CONFIG(start_timeout_ms), .fallback = "10s", .min = 1, .max = HOUR,
      .help = "A plugin's time to get ready. A new version that takes longer does not replace the one that serves." },
    { .section = SECTION_HOST, .name = "drain_timeout", .type = KEY_DURATION, .change = CHANGE_LIVE,
      IN_CONFIG(drain_timeout_ms), .fallback = "30s", .min = 1, .max = DAY,
      .help = "How long a plugin that leaves may finish what it has in hand." },
    { .section = SECTION_HOST, .name = "settle", .type = KEY_DURATION, .change = CHANGE_LIVE, IN_CONFIG(settle_ms),
      .fallback = "200ms", .min = 0, .max = MINUTE,
      .help = "How long the folders must be quiet before their changes are looked at." },
    { .section = SECTION_HOST, .name = "grace", .type = KEY_DURATION, .change = CHANGE_LIVE, IN_CONFIG(grace_ms),
      .fallback = "5s", .min = 0, .max = HOUR,
      .help = "How long a plugin whose file is gone goes on serving, in case the file comes back." },
    { .section = SECTION_HOST, .name = "poll", .type = KEY_DURATION, .change = CHANGE_LIVE, IN_CONFIG(poll_ms),
      .fallback = "10s", .min = 100, .max = HOUR,
      .help = "How often the folders are looked at although nothing was heard of them." },
    { .section = SECTION_HOST, .name = "probation", .type = KEY_DURATION, .change = CHANGE_LIVE,
      IN_CONFIG(probation_ms), .fallback = "30s", .min = 0, .max = HOUR,
      .help = "How long a new version of a plugin has to prove itself, the one before it being kept ready. If it does\n"
              "worse, the host goes back by itself. 0: not at all." },
    { .section = SECTION_HOST, .name = "handover_timeout", .type = KEY_DURATION, .change = CHANGE_LIVE,
      IN_CONFIG(handover_timeout_ms), .fallback = "2s", .min = 1, .max = HOUR,
      .help = "How long requests may wait until those in hand have ended, where a plugin hands something over to its next\n"
              "version, or can be started only once. After it the new version is given up." },
    { .section = SECTION_HOST, .name = "pinned_max", .type = KEY_COUNT, .change = CHANGE_LIVE, IN_CONFIG(pinned_max),
      .fallback = "10", .min = 0, .max = 1000000,
      .help = "How many old versions of one plugin may stay in memory because they cannot be unloaded. After that newer\n"
              "ones are not loaded until agentmeshd is restarted." },
    { .section = SECTION_HOST, .name = "queue", .type = KEY_COUNT, .change = CHANGE_RESTART, IN_CONFIG(queue),
      .fallback = "256", .min = 1, .max = 1000000,
      .help = "Requests that may wait for one agent; over it callers hear \"overloaded\" at once." },
    { .section = SECTION_HOST, .name = "workers", .type = KEY_COUNT, .change = CHANGE_RESTART, IN_CONFIG(workers),
      .fallback = "64", .min = 1, .max = 4096,
      .help = "Threads that may run the handlers of one plugin. They start when they are needed." },
    { .section = SECTION_HOST, .name = "workers_total", .type = KEY_COUNT, .change = CHANGE_RESTART,
      IN_CONFIG(workers_total), .fallback = "512", .min = 1, .max = 32768,
      .help = "The same for all plugins together." },
    { .section = SECTION_HOST, .name = "trusted_group", .type = KEY_GROUP, .change = CHANGE_LIVE,
      IN_CONFIG(trusted_gid), .example = "adm",
      .help = "A group whose members may write plugins. Without it a file is loaded only if none but root and the\n"
              "host's user can write to it or to its folder. Default: none." },
    { .section = SECTION_HOST, .name = "error_detail", .type = KEY_CHOICE, .change = CHANGE_RESTART,
      IN_CONFIG(error_detail), .choices = details, .fallback = "full",
      .help = "What callers are told of a failure: full, with the handler's own text; or the code alone." },
    { .section = SECTION_HOST, .name = "check_output", .type = KEY_SWITCH, .change = CHANGE_RESTART,
      IN_CONFIG(check_output), .fallback = "no",
      .help = "yes: what agents answer is checked against their own output schemas; what does not fit does not leave,\n"
              "its caller has an error that says why. What agents are asked is always checked." },
    { .section = SECTION_HOST, .name = "log_level", .type = KEY_CHOICE, .change = CHANGE_LIVE, IN_CONFIG(log_level),
      .choices = levels, .fallback = "info",
      .help = "The least that is logged: debug, info, warn or error." },
    { .section = SECTION_HOST, .name = "control", .type = KEY_PATH, .change = CHANGE_RESTART, IN_CONFIG(control),
      .example = "/run/agentmesh/control",
      .help = "The socket at which `agentmesh host` is heard. Default: \"control\" in /run/agentmesh for root and the\n"
              "service, in $XDG_RUNTIME_DIR/agentmesh for others." },
    { .section = SECTION_HOST, .name = "local_port", .type = KEY_COUNT, .change = CHANGE_RESTART,
      IN_CONFIG(local_port), .fallback = "4222", .min = 1, .max = 65535,
      .help = "Port of the local server, on 127.0.0.1, where this host starts it." },
    { .section = SECTION_HOST, .name = "local_store", .type = KEY_PATH, .change = CHANGE_RESTART,
      IN_CONFIG(local_store), .example = MESH_STATEDIR "/server",
      .help = "Folder of the local server's files. Default: \"server\" in the state folder." },

    { .section = SECTION_PLUGIN, .name = "enabled", .type = KEY_SWITCH, .change = CHANGE_PLUGIN, IN_PLUGIN(enabled),
      .fallback = "yes",
      .help = "no: the file stays where it is, and is not loaded." },
    ISOLATION("isolation"), ISOLATION("limit_memory"), ISOLATION("limit_cpu"), ISOLATION("limit_files"),
    ISOLATION("limit_threads"), ISOLATION("environment"),

    { .section = SECTION_AGENT, .name = "concurrency", .type = KEY_COUNT, .change = CHANGE_PLUGIN,
      IN_AGENT(concurrency), .example = "1", .min = 1, .max = 4096,
      .help = "Requests that it works on at a time: fewer than its author says, or more where they allow it.\n"
              "Default: what its author says." },
    { .section = SECTION_AGENT, .name = "queue", .type = KEY_COUNT, .change = CHANGE_PLUGIN, IN_AGENT(queue),
      .example = "256", .min = 1, .max = 1000000,
      .help = "Requests that may wait for it. Default: queue of [host]." },
    { .section = SECTION_AGENT, .name = "timeout", .type = KEY_DURATION, .change = CHANGE_PLUGIN,
      IN_AGENT(timeout_ms), .example = "30s", .min = 1, .max = DAY,
      .help = "Its time for one request, or for the next chunk. Default: what its author says, else handler_timeout\n"
              "and chunk_timeout of [host]." },
    { .section = SECTION_AGENT, .name = "gate", .type = KEY_GATE, .change = CHANGE_PLUGIN, IN_AGENT(gate),
      .example = "key:lights.on",
      .help = "The agent is active only while a shared key (key:NAME), or the last message on a subject (subject:NAME),\n"
              "says true, yes, on, open or 1. Default: what its author says." },
    { .section = SECTION_AGENT, .name = "check_output", .type = KEY_CHOICE, .change = CHANGE_PLUGIN,
      IN_AGENT(check_output), .choices = yes_or_no, .example = "no",
      .help = "Whether what it answers is checked against its output schema. Default: check_output of [host]." },
};
/* clang-format on */

enum { KEY_TOTAL = sizeof(keys) / sizeof(keys[0]) };

const struct key *key_next(const struct key *key, enum section section)
{
    for (key = key ? key + 1 : keys; key < keys + KEY_TOTAL; key++)
        if (key->section == section)
            return key;
    return NULL;
}

const struct key *key_find(enum section section, const char *name)
{
    const struct key *key = NULL;

    while ((key = key_next(key, section)))
        if (strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

const char *key_guess(enum section section, const char *name)
{
    struct guess guess = guess_start(name);

    for (const struct key *key = NULL; (key = key_next(key, section));)
        if (!key->not_built)
            guess_try(&guess, key->name);
    return guess.best;
}

enum section key_home(const char *name)
{
    enum section section = SECTION_MESH;

    while (section < SECTION_COUNT && !key_find(section, name))
        section++;
    return section;
}
