/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state folder remembers of one plugin across restarts: the last good version and the one before it, with a
 * copy of each; versions that were set aside because they did harm; whether an operator has disabled it.
 *
 *   FOLDER/NAME.json       the record
 *   FOLDER/NAME@SHA256.so  copies of the last good version and the one before; no plugin's name has an @
 */
#ifndef PLUGIN_RECORD_H
#define PLUGIN_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <agentmesh/error.h>

#include "base/clock.h"
#include "plugin/image.h"

enum { RECORD_ASIDE_MAX = 32 };

/* A version that did harm. */
struct aside {
    char hash[IMAGE_HASH_SIZE];
    char at[CLOCK_STAMP_SIZE];
    char *reason;
};

/* A version that has proved itself. */
struct good {
    char hash[IMAGE_HASH_SIZE]; /* "" if there is none */
    char at[CLOCK_STAMP_SIZE];
    char *version; /* NULL if there is none */
};

struct record {
    struct good good, previous;
    struct aside asides[RECORD_ASIDE_MAX]; /* the oldest first */
    size_t aside_count;
    char crashed_hash[IMAGE_HASH_SIZE]; /* the version that crashed last; "" if none has */
    int64_t crashed_at;                 /* seconds since 1970 */
    uint32_t crashes;                   /* of that version, each soon after the other */
    bool is_disabled;
};

enum { RECORD_CRASHES_MAX = 3, RECORD_CRASHES_SECONDS = 600 };

/*
 * Read a plugin's record; without a file it is empty. [any-thread]
 *
 * ret_record   end it with record_clear()
 * MESH_E_DATA  the file is damaged; the record is empty then
 */
mesh_status record_read(const char *folder, const char *plugin, struct record *ret_record, mesh_error *err);

/* Write it; an empty record's file is removed. [any-thread] */
mesh_status record_write(const char *folder, const char *plugin, const struct record *record, mesh_error *err);

void record_clear(struct record *record);

/* Why a version was set aside; NULL: it was not. Lent until the record changes. */
const char *record_why_aside(const struct record *record, const char *hash);

/* Set a version aside; beyond RECORD_ASIDE_MAX the oldest is forgotten. False: no memory. */
bool record_set_aside(struct record *record, const char *hash, const char *reason);

/* Forget that it was set aside. */
void record_forgive(struct record *record, const char *hash);

/*
 * A version has crashed. It is set aside at once if there is another to serve in its place, or if it never proved
 * itself; else when it has crashed RECORD_CRASHES_MAX times, each within RECORD_CRASHES_SECONDS of the one before.
 * False: not set aside, or no memory.
 */
bool record_crashed(struct record *record, const char *hash, const char *reason, int64_t now_seconds);

/*
 * A version has proved itself: keep the copy that image has, and remember it. The one that was good before becomes the
 * previous one. Fine for one that is the good one already. The record is not written.
 */
mesh_status record_keep(const char *folder, const char *plugin, struct record *record, const struct image *image,
                        const char *version, mesh_error *err);

/*
 * The copy to serve in the place of one that was set aside: the last good one, or the one before, which was not set
 * aside itself and is still there. To free(); NULL: there is none, or no memory.
 */
char *record_stand_in(const char *folder, const char *plugin, const struct record *record);

/* The plugin's file is gone: let the copies go. What was decided about it is still true if it comes back. */
mesh_status record_release(const char *folder, const char *plugin, struct record *record, mesh_error *err);

/* Remove what a host that was killed has left: drafts, and copies that no record names. [before any plugin is known] */
void record_tidy(const char *folder);

/* Call with the name of every plugin that has a record. [any-thread] */
mesh_status record_each(const char *folder, void (*visit)(void *closure, const char *plugin), void *closure,
                        mesh_error *err);

#endif
