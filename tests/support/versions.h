/* SPDX-License-Identifier: Apache-2.0 */
/* A host that serves the plugin of numbered.c, in one version after the other: prebuilt, and known by their rests
 * (traffic.h). */
#ifndef SUPPORT_VERSIONS_H
#define SUPPORT_VERSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "host.h"
#include "traffic.h"

struct versions {
    struct host *host;
    char *builds;     /* a folder of all of them */
    unsigned current; /* that was put last */
};

/* Version 0 is in place and served. ini: as for host_new(); arguments: as for host_start(). */
struct versions *versions_new(const char *url, const char *ini, const char *const *arguments);

/* Ends the host; returns NULL. */
struct versions *versions_free(struct versions *versions);

static inline void cleanup_versions(struct versions **slot)
{
    versions_free(*slot);
}

#define auto_versions __attribute__((cleanup(cleanup_versions)))

/* The file of a version; to free(). */
char *versions_file(const struct versions *versions, unsigned version);

/* The file of the next one, which the caller is about to put in place; to free(). traffic, not NULL, is told. */
char *versions_next(struct versions *versions, struct traffic *traffic);

/* Put the next one in place by a rename. traffic: the same. */
void versions_put_next(struct versions *versions, struct traffic *traffic);

/* Ask the host to reload it; whether the verdict is that the current one serves. traffic: the same. */
bool versions_reload(struct versions *versions, struct traffic *traffic);

/* Whether nothing of an older one is left in the host any more, by what it says of itself. */
bool versions_are_gone(struct versions *versions);

#endif
