/* SPDX-License-Identifier: Apache-2.0 */
#include "local/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

enum { GREETING_MAX = 16 << 10 };

static struct sockaddr_in local_address(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* ---- free ports ---- */

/* As nats-server itself does it, so that connections in TIME_WAIT do not count. Returns the bound socket, or -1. */
static int bind_port(uint16_t port)
{
    struct sockaddr_in address = local_address(port);
    auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
        return -1;
    return take_fd(&fd);
}

mesh_status port_check(uint16_t port, bool *ret_is_free, mesh_error *err)
{
    auto_fd int fd = bind_port(port);
    if (fd < 0 && errno != EADDRINUSE)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot listen on 127.0.0.1:%u: %s", (unsigned)port, strerror(errno));
    *ret_is_free = fd >= 0;
    return MESH_OK;
}

mesh_status port_pick(uint16_t *ret_port, mesh_error *err)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    auto_fd int fd = bind_port(0);
    if (fd < 0 || getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "no free port on 127.0.0.1: %s", strerror(errno));
    *ret_port = ntohs(address.sin_port);
    return MESH_OK;
}

/* ---- who answers ---- */

static bool wait_for(int fd, short events, uint64_t deadline)
{
    struct pollfd ready = { .fd = fd, .events = events };
    int count;
    while ((count = poll(&ready, 1, (int)clock_left_ms(deadline))) < 0 && errno == EINTR)
        ;
    return count > 0;
}

static int connect_to(uint16_t port, uint64_t deadline)
{
    struct sockaddr_in address = local_address(port);
    auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return take_fd(&fd);

    int reason = 0;
    socklen_t size = sizeof(reason);
    bool connected = errno == EINPROGRESS && wait_for(fd, POLLOUT, deadline) &&
                     getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size) == 0 && reason == 0;
    return connected ? take_fd(&fd) : -1;
}

/* A server speaks first, one line: INFO {...} */
static bool read_greeting(int fd, uint64_t deadline, struct buf *line)
{
    char piece[2048];
    while (!buf_failed(line) && !memchr(buf_text(line), '\n', line->len)) {
        if (!wait_for(fd, POLLIN, deadline))
            return false;
        ssize_t got = recv(fd, piece, sizeof(piece), 0);
        if (got <= 0)
            return false;
        buf_append(line, piece, (size_t)got);
    }
    return !buf_failed(line) && strncmp(buf_text(line), "INFO ", 5) == 0;
}

bool port_answers(uint16_t port, const char *server_name, uint32_t timeout_ms)
{
    uint64_t deadline = clock_deadline(timeout_ms);
    auto_buf struct buf line;
    buf_init(&line, GREETING_MAX);
    auto_fd int fd = connect_to(port, deadline);
    if (fd < 0 || !read_greeting(fd, deadline, &line))
        return false;

    auto_json cJSON *info = NULL;
    const char *text = buf_text(&line) + 5;
    if (json_parse(mesh_bytes_of(text, strcspn(text, "\r\n")), &info, NULL) != MESH_OK)
        return false;
    return strcmp(json_string(info, "server_name", ""), server_name) == 0;
}
