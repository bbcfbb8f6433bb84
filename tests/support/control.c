/* SPDX-License-Identifier: Apache-2.0 */
/* A question to a host's control socket. */
#include "control.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum { ANSWER_MAX = 16 << 20, PATIENCE_S = 60 };

static int dial(const char *path)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

char *control_ask(const char *path, const char *line)
{
    auto_fd int fd = dial(path);
    auto_buf struct buf answer;
    char part[4096];
    buf_init(&answer, ANSWER_MAX);
    if (fd < 0 || send(fd, line, strlen(line), MSG_NOSIGNAL) < 0 || send(fd, "\n", 1, MSG_NOSIGNAL) < 0)
        return NULL;
    for (ssize_t got; (got = recv(fd, part, sizeof(part), 0)) > 0;)
        buf_append(&answer, part, (size_t)got);
    return answer.len > 0 ? buf_take(&answer) : NULL;
}
