/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the plugins folders at one moment, by looking at all of it. */
#ifndef PLUGIN_SURVEY_H
#define PLUGIN_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <agentmesh/error.h>

/* What changes when a file's content, place or protection does. */
struct file_state {
    uint64_t device, inode;
    int64_t size, mtime_ns, ctime_ns;
    uint64_t folder_device, folder_inode;
    uint32_t mode, user, group;
    uint32_t folder_mode, folder_user, folder_group;
    int32_t problem; /* errno of looking at it; 0: none */
    uint32_t reserved;
};

/* A file that may be a plugin. */
struct sighting {
    char *name; /* of the plugin */
    char *path;
    size_t folder; /* which, in the order given */
    struct file_state state;
    bool rests; /* it has not changed for the settle time */
};

/* A file that is left out though it looks like a plugin, and why. */
struct stray {
    char *path;
    char *reason;
    bool is_hidden; /* by a file of the same name in a later folder */
};

struct folder_sight {
    bool found;
    uint64_t device, inode;
};

struct survey {
    struct sighting *sightings; /* by folder, then by name; one for each name */
    size_t count;
    struct stray *strays;
    size_t stray_count;
    struct folder_sight *folders; /* in the order given */
    size_t folder_count;
};

/*
 * Look. Of files with the same name in several folders, the one in the last folder counts. [any-thread; blocks]
 *
 * folders     ends with NULL; those that do not exist are told as such
 * only        the name of the one file in them that counts, "echo.so"; NULL: all
 * settle_ms   how long a file must not have changed to rest
 * ret_survey  given; end it with survey_free()
 */
mesh_status survey_take(const char *const *folders, const char *only, uint32_t settle_ms, struct survey **ret_survey,
                        mesh_error *err);

struct survey *survey_free(struct survey *survey); /* returns NULL; NULL is fine */

/* The file for a plugin of that name; NULL: there is none. Lent. */
const struct sighting *survey_find(const struct survey *survey, const char *name);

/* Whether an entry of a plugins folder is none of our business: hidden, temporary, or no shared object by its name. */
bool survey_ignores(const char *file_name);

bool file_state_same(const struct file_state *a, const struct file_state *b);

#endif
