/* SPDX-License-Identifier: Apache-2.0 */
/* agentmeshd --inspect. */
#include "author/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "author/opinion.h"
#include "author/scratch.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "plugin/survey.h"

enum { TIMEOUT_MS = 10000 }; /* as start_timeout is */

/* What plugins get in agentmeshd.service: see static-tls in plugin/finding.c. */
#define TUNABLES "glibc.rtld.optional_static_tls=16384"

struct inspection {
    struct examiner examiner;
    char *folder;                     /* of private copies */
    struct examination *examinations; /* of the command line's files */
    size_t count;
};

static void inspection_clear(struct inspection *inspection)
{
    for (size_t i = 0; i < inspection->count; i++)
        examination_clear(&inspection->examinations[i]);
    free(inspection->examinations);
    inspection->folder = scratch_remove(inspection->folder);
}

/* ---- being interrupted ---- */

/* The folder must not be left behind: they wait until it is gone. */
static void hold_signals(int how)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(how, &signals, NULL);
}

static bool is_interrupted(void)
{
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP);
}

static mesh_status examine_one(const struct inspection *inspection, const char *path, struct examination *examination,
                               mesh_error *err)
{
    if (is_interrupted())
        return mesh_error_set(err, MESH_E_STOPPED, "interrupted");
    return examine(&inspection->examiner, path, examination, err);
}

/* ---- the files ---- */

static mesh_status examine_files(struct inspection *inspection, const char *const *files, size_t count, mesh_error *err)
{
    inspection->examinations = calloc(count, sizeof(*inspection->examinations));
    if (!inspection->examinations)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        mesh_status status = examine_one(inspection, files[i], &inspection->examinations[i], err);
        inspection->count = i + 1;
        if (status != MESH_OK)
            return mesh_error_prefix(err, status, "'%s'", files[i]);
        for (size_t j = 0; j < i; j++)
            examination_compare(&inspection->examinations[j], &inspection->examinations[i]);
    }
    return MESH_OK;
}

/* Whether one of the files is to replace it. */
static bool is_replaced(const struct inspection *inspection, const char *plugin)
{
    for (size_t i = 0; i < inspection->count; i++)
        if (strcmp(inspection->examinations[i].plugin, plugin) == 0)
            return true;
    return false;
}

static mesh_status compare_with(struct inspection *inspection, const char *path, mesh_error *err)
{
    struct examination other = { .path = path };
    mesh_status status = examine_one(inspection, path, &other, err);
    bool is_rival = status == MESH_OK && !is_replaced(inspection, other.plugin);
    for (size_t i = 0; is_rival && i < inspection->count; i++)
        examination_compare(&other, &inspection->examinations[i]);
    examination_clear(&other);
    return status;
}

static mesh_status compare_with_folder(struct inspection *inspection, const char *folder, mesh_error *err)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot look into '%s': %s", folder, strerror(errno));
    mesh_status status = MESH_OK;
    for (const struct dirent *entry; status == MESH_OK && (entry = readdir(entries));) {
        auto_free char *path = path_join(folder, entry->d_name);
        if (!path)
            status = mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
        else if (!survey_ignores(entry->d_name))
            status = compare_with(inspection, path, err);
    }
    closedir(entries);
    return status;
}

static mesh_status examine_all(struct inspection *inspection, const struct arguments *arguments, mesh_error *err)
{
    trust_init(&inspection->examiner.trust, (gid_t)-1, false);
    inspection->examiner.timeout_ms = arguments->timeout_ms ? arguments->timeout_ms : TIMEOUT_MS;
    setenv("GLIBC_TUNABLES", TUNABLES, 0);
    mesh_status status = scratch_new(&inspection->folder, err);
    inspection->examiner.folder = inspection->folder;
    if (status == MESH_OK)
        status = examine_files(inspection, arguments->files, arguments->file_count, err);
    for (size_t i = 0; status == MESH_OK && i < arguments->plugin_count; i++)
        status = compare_with_folder(inspection, arguments->plugins[i], err);
    return status;
}

static bool all_is_well(const struct inspection *inspection, bool is_strict)
{
    for (size_t i = 0; i < inspection->count; i++) {
        const struct examination *examination = &inspection->examinations[i];
        if (findings_hinder(&examination->findings) || (is_strict && examination->findings.count > 0))
            return false;
    }
    return true;
}

int inspect(const struct arguments *arguments)
{
    struct inspection inspection = { .count = 0 };
    mesh_error err = MESH_ERROR_INIT;
    int code = EXIT_FAILURE;
    hold_signals(SIG_BLOCK);
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of writing */
    if (examine_all(&inspection, arguments, &err) != MESH_OK)
        fprintf(stderr, "agentmeshd: %s\n", mesh_error_text(&err));
    else if (opinion_print(inspection.examinations, inspection.count, arguments->json) &&
             all_is_well(&inspection, arguments->strict))
        code = EXIT_SUCCESS;
    mesh_error_clear(&err);
    inspection_clear(&inspection);
    hold_signals(SIG_UNBLOCK);
    return code;
}
