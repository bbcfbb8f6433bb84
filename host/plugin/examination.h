/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An examination of one file: whether a host would load it, serve it and unload it, and all that speaks against that.
 * Nothing of it is loaded into this process.
 */
#ifndef PLUGIN_EXAMINATION_H
#define PLUGIN_EXAMINATION_H

#include <stdint.h>

#include "base/json.h"
#include "config.h"
#include "plugin/finding.h"
#include "plugin/trust.h"

/* What is needed for examinations. */
struct examiner {
    const char *folder; /* for private copies; writable by us alone, and not mounted noexec */
    struct trust trust;
    uint32_t timeout_ms;
};

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

struct examination {
    const char *path;                        /* lent */
    char plugin[CONFIG_PLUGIN_NAME_MAX + 1]; /* its name; "" if the file's name gives none */
    struct findings findings;
    cJSON *told; /* what it says of itself, see rehearsal.h; NULL: nothing */
};

/*
 * Examine a file. [main; blocks]
 *
 * path             lent until examination_clear()
 * ret_examination  filled in any case; end it with examination_clear()
 * MESH_E_SYSTEM, MESH_E_NO_MEMORY  it could not be examined; the file is not to blame
 */
mesh_status examine(const struct examiner *examiner, const char *path, struct examination *ret_examination,
                    mesh_error *err);

void examination_clear(struct examination *examination);

/* Two that a host is to load both: what the later one cannot do because of the earlier one is added to its findings. */
void examination_compare(const struct examination *earlier, struct examination *later);

enum answer examination_loads(const struct examination *examination);
enum answer examination_serves(const struct examination *examination);
enum answer examination_unloads(const struct examination *examination);

#endif
