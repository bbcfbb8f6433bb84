/* SPDX-License-Identifier: Apache-2.0 */
#include "local/server_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

enum { LOG_MAX = 1 << 20 }; /* of a server that is just starting */

mesh_status server_log_open(const char *path, bool keep, int *ret_fd, mesh_error *err)
{
    auto_free char *old = NULL;
    if (asprintf(&old, "%s.old", path) < 0)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the local server's log");
    if (keep)
        rename(path, old); /* the first time there is none */

    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot write '%s': %s", path, strerror(errno));
    *ret_fd = fd;
    return MESH_OK;
}

static void read_log(const char *path, struct buf *text)
{
    buf_init(text, LOG_MAX);
    file_read(path, text, NULL); /* an unreadable log has nothing to quote */
}

static void cut_line_ends(struct buf *text)
{
    while (text->len > 0 && strchr("\r\n \t", text->data[text->len - 1]))
        buf_truncate(text, text->len - 1);
}

/* A line of the server's reads: [pid] date time [LEVEL] words */
static const char *skip_stamp(const char *line)
{
    const char *level = *line == '[' ? strstr(line + 1, " [") : NULL;
    const char *end = level ? strchr(level, ']') : NULL;
    return end && end[1] == ' ' ? end + 2 : line;
}

char *server_log_last_words(const char *path)
{
    auto_buf struct buf text;
    read_log(path, &text);
    cut_line_ends(&text);
    if (text.len == 0)
        return NULL;
    const char *line = strrchr(buf_text(&text), '\n');
    return strdup(skip_stamp(line ? line + 1 : buf_text(&text)));
}

bool server_log_says(const char *path, const char *words)
{
    auto_buf struct buf text;
    read_log(path, &text);
    return strstr(buf_text(&text), words) != NULL;
}
