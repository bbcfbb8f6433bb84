/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams for the service manager. */
#include "base/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    MESSAGE_SIZE = 1024, /* a longer status is cut */
    STATUS_MAX = 900
};

/* Do not wait longer for a service manager that reads nothing. */
static const struct timeval send_timeout = { .tv_sec = 1 };

/* "/path" or "@abstract". */
static mesh_status set_address(struct notify *notify, const char *name, mesh_error *err)
{
    size_t len = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || len < 2)
        return mesh_error_set(err, MESH_E_SYSTEM, "NOTIFY_SOCKET is '%s'; expected a path or '@' and a name", name);
    if (len >= sizeof(notify->address.sun_path))
        return mesh_error_set(err, MESH_E_SYSTEM, "NOTIFY_SOCKET is longer than %zu bytes",
                              sizeof(notify->address.sun_path) - 1);
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, name, len + 1);
    notify->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (name[0] == '@')
        notify->address.sun_path[0] = '\0';
    else
        notify->address_len++;
    return MESH_OK;
}

/* A whole number in the environment; 0: there is none. */
static uint64_t number_of(const char *variable)
{
    const char *text = getenv(variable);
    char *end = NULL;

    if (!text || *text < '0' || *text > '9')
        return 0;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' ? number : 0;
}

static uint32_t watchdog_of_this_process(void)
{
    uint64_t pid = number_of("WATCHDOG_PID"), ms = number_of("WATCHDOG_USEC") / 1000;

    if (getenv("WATCHDOG_PID") && pid != (uint64_t)getpid())
        return 0;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static mesh_status open_socket(struct notify *notify, mesh_error *err)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "no socket for the service manager: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_timeout, sizeof(send_timeout));
    notify->fd = fd;
    return MESH_OK;
}

mesh_status notify_open(struct notify *notify, mesh_error *err)
{
    const char *name = getenv("NOTIFY_SOCKET");
    mesh_status status = MESH_OK;

    *notify = (struct notify){ .fd = -1 };
    if (name && *name) {
        status = set_address(notify, name, err);
        if (status == MESH_OK)
            status = open_socket(notify, err);
        if (status == MESH_OK)
            notify->watchdog_ms = watchdog_of_this_process();
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return status;
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    *notify = (struct notify){ .fd = -1 };
}

/* To the address anew each time: the service manager may have been replaced meanwhile. */
static mesh_status tell(const struct notify *notify, const char *message, mesh_error *err)
{
    ssize_t sent = 0;

    if (notify->fd < 0)
        return MESH_OK;
    do
        sent = sendto(notify->fd, message, strlen(message), MSG_NOSIGNAL, (const struct sockaddr *)&notify->address,
                      notify->address_len);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "the service manager cannot be told: %s", strerror(errno));
    return MESH_OK;
}

/* A newline in a status would begin a field of its own. */
static void flatten(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ')
            *text = ' ';
}

static mesh_status tell_with_status(const struct notify *notify, const char *state, const char *status, mesh_error *err)
{
    char line[STATUS_MAX + 1], message[MESSAGE_SIZE];

    snprintf(line, sizeof(line), "%s", status);
    flatten(line);
    snprintf(message, sizeof(message), "%sSTATUS=%s", state, line);
    return tell(notify, message, err);
}

mesh_status notify_ready(const struct notify *notify, const char *status, mesh_error *err)
{
    return status ? tell_with_status(notify, "READY=1\n", status, err) : tell(notify, "READY=1", err);
}

mesh_status notify_reloading(const struct notify *notify, mesh_error *err)
{
    char message[MESSAGE_SIZE];

    snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_ns() / 1000);
    return tell(notify, message, err);
}

mesh_status notify_stopping(const struct notify *notify, mesh_error *err)
{
    return tell(notify, "STOPPING=1", err);
}

mesh_status notify_status(const struct notify *notify, const char *status, mesh_error *err)
{
    return tell_with_status(notify, "", status, err);
}

mesh_status notify_alive(const struct notify *notify, mesh_error *err)
{
    return tell(notify, "WATCHDOG=1", err);
}
