/* SPDX-License-Identifier: Apache-2.0 */
/* Which contents have passed their trial load. */
#include "plugin/trials.h"

#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "log.h"
#include "plugin/loader.h"
#include "plugin/trial.h"

enum { AT_ONCE = 4, MAX_SIGNATURE = 1 << 20, MAX_KEPT = 1024 };

struct trials {
    sem_t places;         /* how many trial loads may begin */
    atomic_bool has_told; /* that a restart is due */
    /* Guarded by lock. */
    pthread_mutex_t lock;
    struct map passed; /* hash to struct pass */
};

/* What a content was tried with. */
struct pass {
    char *libraries; /* paths, each ended by a newline */
    char *signature; /* of the files there */
};

static struct pass *pass_free(struct pass *pass)
{
    if (pass) {
        free(pass->libraries);
        free(pass->signature);
        free(pass);
    }
    return NULL;
}

static void free_value(void *pass)
{
    pass_free(pass);
}

struct trials *trials_new(void)
{
    struct trials *trials = calloc(1, sizeof(*trials));
    if (trials) {
        sem_init(&trials->places, 0, AT_ONCE);
        pthread_mutex_init(&trials->lock, NULL);
        map_init(&trials->passed);
    }
    return trials;
}

struct trials *trials_free(struct trials *trials)
{
    if (trials) {
        map_clear(&trials->passed, free_value);
        pthread_mutex_destroy(&trials->lock);
        sem_destroy(&trials->places);
        free(trials);
    }
    return NULL;
}

/* What tells one version of a file from another, for each path. NULL: no memory. */
static char *signature_of(const char *libraries)
{
    auto_buf struct buf signature;
    buf_init(&signature, MAX_SIGNATURE);
    while (*libraries) {
        size_t len = strcspn(libraries, "\n");
        auto_free char *path = strndup(libraries, len);
        struct stat stat_of;
        if (!path)
            return NULL;
        if (stat(path, &stat_of) == 0)
            buf_printf(&signature, "%ju:%ju:%jd:%jd.%09ld\n", (uintmax_t)stat_of.st_dev, (uintmax_t)stat_of.st_ino,
                       (intmax_t)stat_of.st_size, (intmax_t)stat_of.st_ctim.tv_sec, stat_of.st_ctim.tv_nsec);
        libraries += len + (libraries[len] == '\n');
    }
    buf_putc(&signature, '\n');
    return buf_take(&signature);
}

static bool has_passed(struct trials *trials, const char *hash)
{
    auto_free char *libraries = NULL;
    pthread_mutex_lock(&trials->lock);
    const struct pass *pass = map_get(&trials->passed, hash);
    if (pass)
        libraries = strdup(pass->libraries);
    pthread_mutex_unlock(&trials->lock);
    if (!libraries)
        return false;

    auto_free char *signature = signature_of(libraries);
    pthread_mutex_lock(&trials->lock);
    pass = map_get(&trials->passed, hash);
    bool same = pass && signature && strcmp(pass->signature, signature) == 0;
    pthread_mutex_unlock(&trials->lock);
    return same;
}

/* Takes libraries. Without memory it is not kept, and tried again another time. */
static void keep(struct trials *trials, const struct image *image, char *libraries)
{
    struct pass *pass = calloc(1, sizeof(*pass));
    if (!pass) {
        free(libraries);
        return;
    }
    pass->libraries = libraries;
    pass->signature = signature_of(libraries);
    pthread_mutex_lock(&trials->lock);
    struct pass *before = map_remove(&trials->passed, image->hash);
    if (map_count(&trials->passed) >= MAX_KEPT)
        map_clear(&trials->passed, free_value); /* more than a large host has plugins: begin anew */
    if (!pass->signature || !map_put(&trials->passed, image->hash, pass))
        pass_free(pass);
    pthread_mutex_unlock(&trials->lock);
    pass_free(before);
}

/* The copy itself is among the loaded objects; the next copy of the same content has another path. */
static void leave_out(char *libraries, const char *path)
{
    char *at = strstr(libraries, path);
    size_t len = strlen(path);
    if (at && at[len] == '\n')
        memmove(at, at + len + 1, strlen(at + len + 1) + 1);
}

/* A package manager may put another build of the library in its place while we run: what is tried then is not what we
 * would load. */
static void compare_libraries(struct trials *trials, const char *tried_with)
{
    char ours[ELF_BUILD_ID_SIZE];
    loader_build_id((const void *)(uintptr_t)mesh_version, ours);
    if (strcmp(ours, tried_with) == 0 || atomic_exchange(&trials->has_told, true))
        return;
    log_textf(MESH_LOG_WARN,
              "libagentmesh was upgraded while agentmeshd runs: restart it, so that plugins are tried with "
              "the library that they will use");
}

mesh_status trials_pass(struct trials *trials, const struct image *image, uint32_t timeout_ms, mesh_error *err)
{
    if (has_passed(trials, image->hash))
        return MESH_OK;
    struct tried tried;
    while (sem_wait(&trials->places) != 0)
        continue;
    mesh_status status = trial_load(NULL, image->path, timeout_ms, &tried, err);
    sem_post(&trials->places);
    if (status == MESH_OK) {
        compare_libraries(trials, tried.library_id);
        leave_out(tried.libraries, image->path);
        keep(trials, image, take(&tried.libraries));
        tried_clear(&tried);
    } else if (image->facts.asks_for_neighbours && strstr(mesh_error_text(err), "cannot open shared object file")) {
        mesh_error_prefix(err, status,
                          "it looks for libraries beside itself ($ORIGIN), where a private copy of it finds none: "
                          "install them for all programs, or link it with a fixed path");
    }
    return status;
}
