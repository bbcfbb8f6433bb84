/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service manager is told: readiness, state and signs of life, a datagram each. Where none listens
 * (NOTIFY_SOCKET is not set) every function succeeds and does nothing.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <agentmesh/error.h>

struct notify {
    int fd; /* -1: nobody listens */
    struct sockaddr_un address;
    socklen_t address_len;
    uint32_t watchdog_ms; /* say notify_alive() at least this often, better twice; 0: nobody waits for it */
};

/* Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and remove them from the environment, so that no child speaks for
 * us. Call it before threads exist. On failure notify is as if nobody listened. [main] */
mesh_status notify_open(struct notify *notify, mesh_error *err);
void notify_close(struct notify *notify);

/* Started, or done with a reload. status: one line for people, may be NULL. [any-thread] */
mesh_status notify_ready(const struct notify *notify, const char *status, mesh_error *err);

/* A reload begins; notify_ready() ends it. [any-thread] */
mesh_status notify_reloading(const struct notify *notify, mesh_error *err);

/* The end begins. [any-thread] */
mesh_status notify_stopping(const struct notify *notify, mesh_error *err);

/* What we are doing, one line for people. [any-thread] */
mesh_status notify_status(const struct notify *notify, const char *status, mesh_error *err);

/* Still alive. [any-thread] */
mesh_status notify_alive(const struct notify *notify, mesh_error *err);

#endif
