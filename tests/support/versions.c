/* SPDX-License-Identifier: Apache-2.0 */
/* A host that serves one version after the other. */
#include "versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "compiler.h"
#include "control.h"
#include "folder.h"
#include "peer.h"

enum { GONE_MS = 20000 };

#define PLUGIN "numbered.so"

static void build(const struct versions *versions)
{
    for (unsigned version = 0; version < TRAFFIC_VERSIONS; version++) {
        auto_free char *path = versions_file(versions, version);
        char flag[32];
        snprintf(flag, sizeof(flag), "-DVERSION=%u", version);
        compile_plugin("numbered.c", path, flag, NULL);
    }
}

struct versions *versions_new(const char *url, const char *ini, const char *const *arguments)
{
    struct versions *versions = calloc(1, sizeof(*versions));
    if (!versions)
        exit(1);
    versions->builds = folder_new();
    versions->host = host_new(url, ini);
    build(versions);
    auto_free char *first = versions_file(versions, 0);
    folder_put(versions->host->plugins, PLUGIN, first);
    host_start(versions->host, arguments);
    return versions;
}

struct versions *versions_free(struct versions *versions)
{
    if (versions) {
        host_free(versions->host);
        folder_remove(versions->builds);
        free(versions);
    }
    return NULL;
}

char *versions_file(const struct versions *versions, unsigned version)
{
    char name[32];
    snprintf(name, sizeof(name), "%u.so", version % TRAFFIC_VERSIONS);
    return folder_path(versions->builds, name);
}

char *versions_next(struct versions *versions, struct traffic *traffic)
{
    versions->current++;
    if (traffic)
        traffic_put(traffic, versions->current);
    return versions_file(versions, versions->current);
}

void versions_put_next(struct versions *versions, struct traffic *traffic)
{
    auto_free char *file = versions_next(versions, traffic);
    folder_put(versions->host->plugins, PLUGIN, file);
}

bool versions_reload(struct versions *versions, struct traffic *traffic)
{
    char wanted[64];
    auto_free char *answer = control_ask(versions->host->control, "{\"do\": \"reload\", \"plugin\": \"numbered\"}");
    if (traffic)
        traffic_settled(traffic, versions->current);
    snprintf(wanted, sizeof(wanted), ", \"version\": \"%u\"", versions->current % TRAFFIC_VERSIONS);
    const char *serving = answer ? strstr(answer, "\"serving\": {") : NULL;
    bool serves = serving && strstr(answer, "{\"ok\": true") && strstr(serving, wanted);
    if (!serves)
        fprintf(stderr, "versions: %u does not serve: %s\n", versions->current, answer ? answer : "no answer");
    return serves;
}

static bool are_gone(void *data)
{
    const struct versions *versions = data;
    auto_free char *answer = control_ask(versions->host->control, "{\"do\": \"status\"}");
    return answer && strstr(answer, "\"ending\": [], \"pinned\": []");
}

bool versions_are_gone(struct versions *versions)
{
    return comes_true(are_gone, versions, GONE_MS);
}
