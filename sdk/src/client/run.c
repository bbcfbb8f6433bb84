/* SPDX-License-Identifier: Apache-2.0 */
/* Serving in a thread of the program: until told to end, or for a moment. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "client/client.h"
#include "serve/service.h"

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
static void wait_for_end(mesh_client *client)
{
    struct pollfd readable[] = { { .fd = client->run_fd, .events = POLLIN },
                                 { .fd = mesh_dispatch_fd(client), .events = POLLIN } };
    eventfd_t stops;
    do {
        if (poll(readable, 2, -1) > 0 && readable[1].revents != 0)
            workers_dispatch(&client->service->workers, 0);
    } while (readable[0].revents == 0);
    eventfd_read(client->run_fd, &stops);
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
    wait_for_end(client);
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

/* ---- a moment at a time ---- */

static bool dispatches(const mesh_client *client)
{
    return client->core->options.flags & MESH_CLIENT_DISPATCH;
}

mesh_status mesh_dispatch(mesh_client *client, uint32_t timeout_ms, mesh_error *err)
{
    if (!client || !dispatches(client))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "mesh_dispatch() is for a client that was opened with MESH_CLIENT_DISPATCH");
    uint64_t deadline = clock_deadline_or_never(timeout_ms);
    if (workers_dispatch(&client->service->workers, deadline))
        return MESH_OK;
    if (client->stopped)
        return mesh_error_set(err, MESH_E_STOPPED, "the client has been stopped");
    return MESH_E_TIMEOUT;
}

int mesh_dispatch_fd(mesh_client *client)
{
    return client && dispatches(client) ? workers_fd(&client->service->workers) : -1;
}
