/* SPDX-License-Identifier: Apache-2.0 */
/* The trial load. */
#include "plugin/trial.h"

#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/entry.h"
#include "plugin/loader.h"
#include "plugin/trial_process.h"

enum { MAX_OUTPUT = 1 << 16 };

/* "MARK yes LIBRARY-ID\n" and paths, or "MARK no STATUS\n" and the reason. */
#define MARK "\nagentmesh-verdict: "

/* ---- inside the process ---- */

static int write_library(struct dl_phdr_info *info, size_t size, void *verdict)
{
    (void)size;
    if (info->dlpi_name[0] == '/')
        buf_printf(verdict, "%s\n", info->dlpi_name);
    return 0;
}

static void write_verdict(const char *path, struct buf *verdict)
{
    mesh_error err = MESH_ERROR_INIT;
    struct entry entry;
    void *handle;
    mesh_status status = loader_open(path, &handle, &err);
    if (status == MESH_OK)
        status = entry_load(handle, &entry, &err);
    if (status == MESH_OK) {
        char id[ELF_BUILD_ID_SIZE];
        loader_build_id((const void *)(uintptr_t)mesh_version, id);
        buf_printf(verdict, MARK "yes %s\n", id);
        dl_iterate_phdr(write_library, verdict);
    } else {
        buf_printf(verdict, MARK "no %" PRId32 "\n%s", status, mesh_error_text(&err));
    }
}

_Noreturn void trial_main(const char *path)
{
    struct buf verdict;
    buf_init(&verdict, MAX_OUTPUT);
    trial_process_limit();
    write_verdict(path, &verdict);
    trial_process_say(buf_text(&verdict));
    /* No destructor runs: a plugin's must not be able to change the answer, or to hang. */
    _exit(EXIT_SUCCESS);
}

/* ---- on the host's side ---- */

static mesh_status ended_badly(int ended, struct buf *output, mesh_error *err)
{
    char how[TRIAL_HOW_SIZE];
    const char *words = trial_process_tell_end(ended, output, how);
    return mesh_error_set(err, MESH_E_AGENT_DIED,
                          "its trial load %s: the file is damaged, or a constructor does more than touch its own "
                          "memory%s%s",
                          how, *words ? "; it said: " : "", words);
}

static mesh_status read_verdict(const char *verdict, struct tried *ret_tried, mesh_error *err)
{
    int status, skipped = 0;
    if (sscanf(verdict, "no %d%n", &status, &skipped) == 1 && status != MESH_OK)
        return mesh_error_set_text(err, status, verdict + skipped + (verdict[skipped] == '\n'));
    struct tried tried = { .library_id = "" };
    sscanf(verdict, "yes %64[0-9a-f]", tried.library_id);
    const char *newline = strchr(verdict, '\n');
    tried.libraries = strdup(newline ? newline + 1 : "");
    if (!tried.libraries)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    *ret_tried = tried;
    return MESH_OK;
}

void tried_clear(struct tried *tried)
{
    free(tried->libraries);
    *tried = (struct tried){ .libraries = NULL };
}

mesh_status trial_load(const char *program, const char *path, uint32_t timeout_ms, struct tried *ret_tried,
                       mesh_error *err)
{
    auto_buf struct buf output;
    int ended;
    buf_init(&output, 2 * MAX_OUTPUT);
    mesh_status status = trial_process_run(program, "--trial", path, timeout_ms, &output, &ended, err);
    if (status != MESH_OK)
        return status;
    const char *verdict = strstr(buf_text(&output), MARK);
    if (!verdict || !trial_process_is_well(ended))
        return ended_badly(ended, &output, err);
    return read_verdict(verdict + strlen(MARK), ret_tried, err);
}
