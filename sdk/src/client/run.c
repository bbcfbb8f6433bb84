/* SPDX-License-Identifier: Apache-2.0 */
/* Serving until told to end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

#include "client/client.h"

/* Where the signal handlers of the one mesh_run() write; -1 while there is none. */
static atomic_int signalled_fd = -1;

static void on_signal(int number)
{
    int saved = errno;
    (void)number;
    eventfd_write(signalled_fd, 1);
    errno = saved;
}

/* One stop ends one run, however often it was said. */
static void wait_for_end(int fd)
{
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    eventfd_t stops;
    while (poll(&readable, 1, -1) < 0 && errno == EINTR)
        ;
    eventfd_read(fd, &stops);
}

mesh_status mesh_run(mesh_client *client, mesh_error *err)
{
    if (client->run_fd < 0)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "mesh_run() is for the client that was opened, not for a "
                              "child of it");
    int none = -1;
    if (!atomic_compare_exchange_strong(&signalled_fd, &none, client->run_fd))
        return mesh_error_set(err, MESH_E_EXISTS, "another thread of this process is in mesh_run()");

    struct sigaction ours = { .sa_handler = on_signal }, interrupt, terminate;
    sigfillset(&ours.sa_mask);
    sigaction(SIGINT, &ours, &interrupt);
    sigaction(SIGTERM, &ours, &terminate);
    wait_for_end(client->run_fd);
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &terminate, NULL);
    signalled_fd = -1;
    return MESH_OK;
}

void mesh_stop(mesh_client *client)
{
    if (client && client->run_fd >= 0)
        eventfd_write(client->run_fd, 1);
}
