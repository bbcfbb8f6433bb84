/* SPDX-License-Identifier: Apache-2.0 */
#include "payload.h"

#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "command.h"
#include "input.h"
#include "print.h"

static bool is_blank(const struct buf *payload)
{
    return strspn(buf_text(payload), " \t\r\n") == payload->len;
}

static int check(struct buf *payload)
{
    mesh_error err = MESH_ERROR_INIT;
    if (is_blank(payload)) {
        buf_reset(payload);
        return EXIT_DONE;
    }
    if (json_check(buf_bytes(payload), &err) == MESH_OK)
        return EXIT_DONE;
    print_talk("Invalid JSON payload: %s", mesh_error_message(&err));
    mesh_error_clear(&err);
    return EXIT_MISUSED;
}

int payload_read(const char *argument, struct buf *payload)
{
    if (argument)
        buf_puts(payload, argument);
    else if (!isatty(STDIN_FILENO) && !input_read(STDIN_FILENO, "the payload from the standard input", payload))
        return EXIT_FAILED;
    if (buf_failed(payload)) {
        print_talk("the payload has more than %d bytes", PAYLOAD_MAX);
        return EXIT_FAILED;
    }
    return check(payload);
}

int payload_read_file(const char *path, struct buf *payload)
{
    return input_read_file(path, payload) ? check(payload) : EXIT_FAILED;
}
