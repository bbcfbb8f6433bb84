/* SPDX-License-Identifier: Apache-2.0 */
#include "payload.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "command.h"
#include "print.h"

static int read_input(struct buf *payload)
{
    char piece[16 << 10];
    while (!buf_failed(payload)) {
        ssize_t got = read(STDIN_FILENO, piece, sizeof(piece));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            print_talk("cannot read the payload from the standard input: %s", strerror(errno));
            return EXIT_FAILED;
        }
        if (got == 0)
            break;
        buf_append(payload, piece, (size_t)got);
    }
    return EXIT_DONE;
}

static bool is_blank(const struct buf *payload)
{
    return strspn(buf_text(payload), " \t\r\n") == payload->len;
}

static int check(const struct buf *payload)
{
    mesh_error err = MESH_ERROR_INIT;
    if (json_check(buf_bytes(payload), &err) == MESH_OK)
        return EXIT_DONE;
    print_talk("Invalid JSON payload: %s", mesh_error_message(&err));
    mesh_error_clear(&err);
    return EXIT_MISUSED;
}

int payload_read(const char *argument, struct buf *payload)
{
    int code = EXIT_DONE;
    if (argument)
        buf_puts(payload, argument);
    else if (!isatty(STDIN_FILENO))
        code = read_input(payload);
    if (code != EXIT_DONE)
        return code;

    if (buf_failed(payload)) {
        print_talk("the payload has more than %d bytes", PAYLOAD_MAX);
        return EXIT_FAILED;
    }
    if (is_blank(payload)) {
        buf_reset(payload);
        return EXIT_DONE;
    }
    return check(payload);
}
