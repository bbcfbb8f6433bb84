/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to look into the plugins folders: a while after something happened there, and now and then in any case. What
 * happened is not believed; only that a file was removed, as opposed to not being seen any more, is remembered. [main]
 */
#ifndef PLUGIN_WATCH_H
#define PLUGIN_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <agentmesh/error.h>

#include "base/map.h"

struct watch {
    int fd; /* of inotify; readable when something happened. -1: the kernel gives none, and polling has to do */
    uint32_t settle_ms, poll_ms;
    uint64_t dirty_since, due, poll_at; /* clock_ms(); CLOCK_NEVER: clean */
    uint64_t begun_at;                  /* when the last look began */
    struct map removed;                 /* paths of files that were removed or renamed; the values are moments */
    /* Guarded by lock. */
    pthread_mutex_t lock;
    struct watched *watched;
    size_t watched_count;
};

/* Fails only without memory or locks: without inotify it polls, and err tells so while the status is MESH_OK. */
mesh_status watch_open(struct watch *watch, uint32_t settle_ms, uint32_t poll_ms, mesh_error *err);
void watch_close(struct watch *watch);

void watch_set_times(struct watch *watch, uint32_t settle_ms, uint32_t poll_ms);

/* Hear of what happens in these folders from now on (the list ends with NULL), and in the folders above them, where one
 * that is missing would appear. Cheap for those already followed. only: the name of the one file in them that matters,
 * NULL: all that may be plugins. [any-thread; blocks] */
void watch_follow(struct watch *watch, const char *const *folders, const char *only);

/* Take note of what has happened; does not block. */
void watch_read(struct watch *watch);

/* Look at once, or after the settle time. */
void watch_demand(struct watch *watch);
void watch_demand_soon(struct watch *watch);

/* When to look next (clock_ms()); watch_begin() when the look begins. */
uint64_t watch_due(const struct watch *watch);
void watch_begin(struct watch *watch);

/* Whether a file was removed by somebody. */
bool watch_was_removed(struct watch *watch, const char *path);

/* Forget what was removed before the last look began: that look has seen it. */
void watch_forget_removed(struct watch *watch);

#endif
