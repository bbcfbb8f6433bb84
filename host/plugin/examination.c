/* SPDX-License-Identifier: Apache-2.0 */
/* An examination of one file. */
#include "plugin/examination.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <agentmesh/version.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "plugin/image.h"
#include "plugin/rehearsal.h"
#include "plugin/survey.h"

enum { FILE_MAX = 1 << 30 };

/* ---- the file ---- */

static void read_name(struct examination *examination)
{
    const char *slash = strrchr(examination->path, '/');
    const char *name = slash ? slash + 1 : examination->path;
    size_t len = strlen(name), suffix = strlen(".so");
    auto_free char *plugin = survey_ignores(name) ? NULL : strndup(name, len - suffix);
    if (plugin && config_plugin_name_is_valid(plugin))
        snprintf(examination->plugin, sizeof(examination->plugin), "%s", plugin);
    else
        findings_addf(&examination->findings, FINDING_NAME, "'%s' is no name of a plugin's file", name);
}

static void check_trust(const struct examiner *examiner, struct examination *examination)
{
    mesh_error err = MESH_ERROR_INIT;
    int fd;
    if (trust_open(&examiner->trust, examination->path, &fd, &err) == MESH_OK)
        close(fd);
    else
        findings_add_error(&examination->findings, FINDING_TRUST, &err, ": ");
    mesh_error_clear(&err);
}

/* -1: it is no file that can be read. */
static int open_file(struct examination *examination)
{
    struct stat stat;
    auto_fd int fd = open(examination->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) != 0)
        findings_addf(&examination->findings, FINDING_UNREADABLE, "it cannot be opened: %s", strerror(errno));
    else if (!S_ISREG(stat.st_mode))
        findings_addf(&examination->findings, FINDING_UNREADABLE, "it is not a regular file");
    else
        return take_fd(&fd);
    return -1;
}

/* ---- the whole ---- */

static mesh_status look_at_copy(const struct examiner *examiner, const struct image *image,
                                struct examination *examination, mesh_error *err)
{
    auto_buf struct buf bytes;
    buf_init(&bytes, FILE_MAX);
    mesh_status status = file_read(image->path, &bytes, err);
    if (status != MESH_OK)
        return status;
    bool can_be_tried = elf_examine(buf_bytes(&bytes), mesh_version(), &examination->findings);
    buf_clear(&bytes);
    if (!can_be_tried)
        return MESH_OK;
    return rehearsal_run(image->path, examiner->timeout_ms, &examination->findings, &examination->told, err);
}

/* It is the file's fault: others can be examined all the same. */
static mesh_status refuse_copy(struct examination *examination, mesh_error *err)
{
    findings_add(&examination->findings, FINDING_UNREADABLE, mesh_error_text(err));
    mesh_error_clear(err);
    return MESH_OK;
}

mesh_status examine(const struct examiner *examiner, const char *path, struct examination *ret_examination,
                    mesh_error *err)
{
    struct examination *examination = ret_examination;
    *examination = (struct examination){ .path = path };
    auto_fd int fd = open_file(examination);
    if (fd < 0)
        return MESH_OK;
    read_name(examination);
    check_trust(examiner, examination);

    auto_image struct image *image = NULL;
    mesh_status status = image_copy_open(examiner->folder, "copy", fd, &image, err);
    if (status == MESH_E_CONFLICT || status == MESH_E_TOO_LARGE)
        return refuse_copy(examination, err);
    if (status == MESH_OK)
        status = look_at_copy(examiner, image, examination, err);
    if (status == MESH_OK && examination->findings.failed)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    return status;
}

void examination_clear(struct examination *examination)
{
    findings_clear(&examination->findings);
    cJSON_Delete(examination->told);
    examination->told = NULL;
}

/* ---- names ---- */

static bool lists(const struct examination *examination, const char *agent)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(examination->told, "agents"))
    {
        if (strcmp(json_string(item, "name", ""), agent) == 0)
            return true;
    }
    return false;
}

void examination_compare(const struct examination *earlier, struct examination *later)
{
    if (later->plugin[0] && strcmp(earlier->plugin, later->plugin) == 0) {
        findings_addf(&later->findings, FINDING_SAME_NAME, "'%s' is plugin '%s', too", earlier->path, later->plugin);
        return;
    }
    if (examination_serves(earlier) != ANSWER_YES)
        return;
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(later->told, "agents"))
    {
        const char *agent = json_string(item, "name", "");
        if (*agent && lists(earlier, agent))
            findings_addf(&later->findings, FINDING_CLASH, "agent '%s' is also in '%s'", agent, earlier->path);
    }
}

/* ---- the answers ---- */

static unsigned hinders(const struct examination *examination)
{
    return findings_hinder(&examination->findings);
}

enum answer examination_loads(const struct examination *examination)
{
    return hinders(examination) & HINDERS_LOAD ? ANSWER_NO : ANSWER_YES;
}

enum answer examination_serves(const struct examination *examination)
{
    return hinders(examination) & (HINDERS_LOAD | HINDERS_SERVE) ? ANSWER_NO : ANSWER_YES;
}

enum answer examination_unloads(const struct examination *examination)
{
    if (hinders(examination) & HINDERS_UNLOAD)
        return ANSWER_NO;
    return hinders(examination) & HINDERS_LOAD ? ANSWER_UNKNOWN : ANSWER_YES;
}
