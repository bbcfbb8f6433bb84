/* SPDX-License-Identifier: Apache-2.0 */
#include "remotes.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define HOST "http://localhost:1234"

enum { REMOTES_MAX = 400, REMOTE_MAX = 1 << 20 };

static void give_up(const char *path, const char *reason)
{
    fprintf(stderr, "%s: %s\n", path, reason);
    exit(1);
}

/* Of the folders of drafts only ours: what others have is no schema of this one. */
static bool is_wanted(const FTSENT *entry)
{
    return strncmp(entry->fts_name, "draft", 5) != 0 || strcmp(entry->fts_name, "draft2020-12") == 0;
}

/* path: of a file in the folder, which is what stands behind the host too. */
static void add(struct remotes *remotes, const char *file, const char *path)
{
    struct buf text;
    mesh_error err = MESH_ERROR_INIT;
    buf_init(&text, REMOTE_MAX);
    if (remotes->count == REMOTES_MAX)
        give_up(file, "more documents than expected");
    if (file_read(file, &text, &err) != MESH_OK)
        give_up(file, mesh_error_text(&err));
    char *uri = path_join(HOST, path);
    remotes->items[remotes->count++] = (struct schema_document){ .uri = uri, .text = buf_bytes(&text) };
}

void remotes_load(struct remotes *remotes, const char *folder)
{
    char *roots[] = { (char *)folder, NULL };
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    *remotes = (struct remotes){ .items = calloc(REMOTES_MAX, sizeof(*remotes->items)) };
    if (!remotes->items || !walk)
        give_up(folder, "cannot be read");
    for (FTSENT *entry; (entry = fts_read(walk));) {
        if (entry->fts_info == FTS_D && entry->fts_level > 0 && !is_wanted(entry))
            fts_set(walk, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F)
            add(remotes, entry->fts_path, entry->fts_path + strlen(folder) + 1);
    }
    fts_close(walk);
}

void remotes_clear(struct remotes *remotes)
{
    for (size_t i = 0; i < remotes->count; i++) {
        free((char *)remotes->items[i].uri);
        free((char *)remotes->items[i].text.data);
    }
    free(remotes->items);
    *remotes = (struct remotes){ 0 };
}
