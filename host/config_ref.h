/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration that several threads read; the last one to let it go frees it. */
#ifndef HOST_CONFIG_REF_H
#define HOST_CONFIG_REF_H

#include <stdatomic.h>
#include <stdlib.h>

#include "config.h"

struct config_ref {
    const struct config *config;
    struct config *owned;
    atomic_uint references;
};

/* One reference to a config, which is taken. NULL: no memory, and the config is still the caller's. */
static inline struct config_ref *config_ref_new(struct config *config)
{
    struct config_ref *ref = calloc(1, sizeof(*ref));
    if (ref) {
        ref->config = ref->owned = config;
        atomic_init(&ref->references, 1);
    }
    return ref;
}

static inline struct config_ref *config_ref(struct config_ref *ref)
{
    atomic_fetch_add(&ref->references, 1);
    return ref;
}

/* Returns NULL; NULL is fine. */
static inline struct config_ref *config_unref(struct config_ref *ref)
{
    if (ref && atomic_fetch_sub(&ref->references, 1) == 1) {
        config_free(ref->owned);
        free(ref);
    }
    return NULL;
}

#endif
