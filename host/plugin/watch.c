/* SPDX-License-Identifier: Apache-2.0 */
/* When to look into the plugins folders. */
#include "plugin/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "plugin/survey.h"

enum {
    /* Somebody who never stops writing must not keep us from looking at the others: at most so many settle times. */
    PATIENCE = 10,
    MAX_REMOVED = 65536,
    IN_FOLDER = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |
                IN_MOVE_SELF | IN_ONLYDIR,
    IN_PARENT = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR
};

/* A folder that the kernel tells of. */
struct watched {
    int id; /* -1: not followed now */
    char *path;
    char *child; /* the only name in it that matters; NULL: all that may be plugins */
};

mesh_status watch_open(struct watch *watch, uint32_t settle_ms, uint32_t poll_ms, mesh_error *err)
{
    *watch = (struct watch){ .settle_ms = settle_ms, .poll_ms = poll_ms, .dirty_since = CLOCK_NEVER };
    watch->due = watch->poll_at = CLOCK_NEVER;
    pthread_mutex_init(&watch->lock, NULL);
    map_init(&watch->removed);
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->fd < 0)
        mesh_error_set(err, MESH_E_SYSTEM, "cannot hear of changes: %s", strerror(errno));
    return MESH_OK;
}

void watch_close(struct watch *watch)
{
    if (watch->fd >= 0)
        close(watch->fd);
    watch->fd = -1;
    for (size_t i = 0; i < watch->watched_count; i++) {
        free(watch->watched[i].path);
        free(watch->watched[i].child);
    }
    free(watch->watched);
    watch->watched = NULL;
    watch->watched_count = 0;
    map_clear(&watch->removed, NULL);
    pthread_mutex_destroy(&watch->lock);
}

void watch_set_times(struct watch *watch, uint32_t settle_ms, uint32_t poll_ms)
{
    watch->settle_ms = settle_ms;
    watch->poll_ms = poll_ms;
}

/* ---- following ---- */

static bool same_child(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The place for a folder and its child; NULL: no memory. */
static struct watched *watched_for(struct watch *watch, const char *path, const char *child)
{
    for (size_t i = 0; i < watch->watched_count; i++) {
        if (strcmp(watch->watched[i].path, path) == 0 && same_child(watch->watched[i].child, child))
            return &watch->watched[i];
    }
    struct watched *all = reallocarray(watch->watched, watch->watched_count + 1, sizeof(*all));
    if (!all)
        return NULL;
    watch->watched = all;
    struct watched *added = &all[watch->watched_count];
    *added = (struct watched){ .id = -1, .path = strdup(path), .child = child ? strdup(child) : NULL };
    if (!added->path || (child && !added->child)) {
        free(added->path);
        free(added->child);
        return NULL;
    }
    watch->watched_count++;
    return added;
}

static void follow(struct watch *watch, const char *path, const char *child, uint32_t events)
{
    /* One folder may be the parent of another and hold plugins itself: add to what is watched, do not replace it. */
    int id = inotify_add_watch(watch->fd, path, events | IN_MASK_ADD);
    pthread_mutex_lock(&watch->lock);
    struct watched *watched = watched_for(watch, path, child);
    if (watched)
        watched->id = id;
    pthread_mutex_unlock(&watch->lock);
}

static void follow_parent(struct watch *watch, const char *folder)
{
    auto_free char *parent = strdup(folder);
    if (!parent)
        return;
    for (size_t len = strlen(parent); len > 1 && parent[len - 1] == '/'; len--)
        parent[len - 1] = '\0';
    char *slash = strrchr(parent, '/');
    if (!slash || slash == parent)
        return;
    *slash = '\0';
    follow(watch, parent, slash + 1, IN_PARENT);
}

void watch_follow(struct watch *watch, const char *const *folders, const char *only)
{
    for (; watch->fd >= 0 && *folders; folders++) {
        follow_parent(watch, *folders);
        follow(watch, *folders, only, IN_FOLDER);
    }
}

/* ---- events ---- */

static void mark_dirty(struct watch *watch)
{
    uint64_t now = clock_ms();
    if (watch->dirty_since == CLOCK_NEVER)
        watch->dirty_since = now;
    uint64_t latest = watch->dirty_since + (uint64_t)watch->settle_ms * PATIENCE;
    uint64_t quiet = now + watch->settle_ms;
    watch->due = quiet < latest ? quiet : latest;
}

static void note_removed(struct watch *watch, const char *folder, const char *name)
{
    auto_free char *path = path_join(folder, name);
    if (path && map_count(&watch->removed) < MAX_REMOVED)
        map_put(&watch->removed, path, (void *)(uintptr_t)(clock_ms() + 1)); /* never 0, which would be no value */
}

/* One folder may be known by several paths; an event tells of each. */
static void note_in(struct watch *watch, const struct watched *watched, const struct inotify_event *event)
{
    const char *name = event->len > 0 ? event->name : NULL;
    if (watched->child) {
        if (name && strcmp(watched->child, name) == 0)
            mark_dirty(watch);
    } else if (!name || !survey_ignores(name)) {
        mark_dirty(watch);
        if (name && (event->mask & (IN_DELETE | IN_MOVED_FROM)))
            note_removed(watch, watched->path, name);
    } else if (event->mask & (IN_CREATE | IN_MOVED_TO)) {
        mark_dirty(watch); /* links of other names may lead to another file now, as in a volume of Kubernetes */
    }
}

static void note(struct watch *watch, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        mark_dirty(watch);
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < watch->watched_count; i++) {
        struct watched *watched = &watch->watched[i];
        if (watched->id != event->wd)
            continue;
        note_in(watch, watched, event);
        if (event->mask & IN_IGNORED)
            watched->id = -1;
    }
    pthread_mutex_unlock(&watch->lock);
}

void watch_read(struct watch *watch)
{
    _Alignas(struct inotify_event) char events[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    for (ssize_t got; watch->fd >= 0 && (got = read(watch->fd, events, sizeof(events))) > 0;) {
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const void *)(events + at);
            note(watch, event);
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
}

/* ---- looking ---- */

void watch_demand(struct watch *watch)
{
    watch->due = clock_ms();
}

void watch_demand_soon(struct watch *watch)
{
    uint64_t soon = clock_deadline(watch->settle_ms);
    if (soon < watch->due)
        watch->due = soon;
}

uint64_t watch_due(const struct watch *watch)
{
    return watch->due < watch->poll_at ? watch->due : watch->poll_at;
}

void watch_begin(struct watch *watch)
{
    watch->dirty_since = watch->due = CLOCK_NEVER;
    watch->poll_at = clock_deadline(watch->poll_ms);
    watch->begun_at = clock_ms();
}

bool watch_was_removed(struct watch *watch, const char *path)
{
    return map_get(&watch->removed, path);
}

void watch_forget_removed(struct watch *watch)
{
    const char *path;
    void *when;
    for (size_t at = 0; map_next(&watch->removed, &at, &path, &when);) {
        if ((uintptr_t)when <= watch->begun_at)
            map_remove(&watch->removed, path);
    }
}
