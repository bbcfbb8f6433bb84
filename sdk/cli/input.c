/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "print.h"

bool input_read(int fd, const char *what, struct buf *out)
{
    char piece[16 << 10];
    while (!buf_failed(out)) {
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            print_talk("cannot read %s: %s", what, strerror(errno));
            return false;
        }
        if (got == 0)
            break;
        buf_append(out, piece, (size_t)got);
    }
    return true;
}

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

const char *input_name(const char *path)
{
    return is_stdin(path) ? "the standard input" : path;
}

bool input_read_file(const char *path, struct buf *out)
{
    const char *name = input_name(path);
    auto_fd int fd = is_stdin(path) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                                    : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        print_talk("cannot read %s: %s", name, strerror(errno));
        return false;
    }
    if (!input_read(fd, name, out))
        return false;
    if (buf_failed(out))
        print_talk("%s has more than %zu bytes", name, out->max);
    return !buf_failed(out);
}
