/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the health monitor: what its files share. */
#ifndef LOCAL_MONITOR_INTERNAL_H
#define LOCAL_MONITOR_INTERNAL_H

#include <pthread.h>

#include "base/clock.h"
#include "base/map.h"
#include "link/link.h"
#include "local/burial.h"
#include "local/monitor.h"
#include "local/roll.h"

/* A host that may be dead. */
struct suspect {
    struct suspect *next;
    struct host_connection lost; /* the connection that has ended; number 0: none in particular */
    struct burial *burial;
    uint64_t since; /* clock_ns() when it was last thought dead */
    uint64_t at;    /* not before */
};

/* Who was connected at a moment. */
struct roll {
    struct host_connection *connections;
    size_t count, capacity;
    uint64_t at; /* clock_ns() when it was begun */
    bool no_memory;
};

struct mesh_monitor {
    /* Set while starting, read-only after. */
    struct link *mesh, *system;
    char *url; /* without password */
    void (*on_event)(void *data, const mesh_event *event);
    void *on_event_data;
    uint32_t sweep_ms;
    int server_fd;
    pthread_t thread;
    bool has_thread;

    /* Guarded by lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct suspect *suspects;
    bool is_sweep_due; /* from the beginning */
    bool is_stopping;

    /* The thread's. */
    struct roll roll;   /* the last one */
    struct map missing; /* after the first look of a sweep: records without a connection */
    bool has_looked;    /* once */
    uint64_t next_look; /* CLOCK_NEVER: none is due */
};

/* ---- monitor.c ---- */

void monitor_say(const mesh_monitor *monitor, int level, mesh_status status, const char *agent, const char *format, ...)
    MESH_PRINTF(5, 6);

/* ---- monitor_suspect.c ---- */

/* A host may have died: it is seen after in its turn. [any-thread] */
void monitor_suspect(mesh_monitor *monitor, const struct host_connection *lost);

/* The first suspect whose time has come, NULL: there is none. The lock is held. */
struct suspect *monitor_next_suspect(mesh_monitor *monitor);

/* [monitor's thread] See whether it is dead, and bury it. It is taken. */
void monitor_attend(mesh_monitor *monitor, struct suspect *suspect);

void monitor_forget_suspects(mesh_monitor *monitor); /* at the end */

/* ---- monitor_sweep.c ---- */

/* [monitor's thread] Look for records without a connection; the second time in a row they are suspects. */
void monitor_sweep(mesh_monitor *monitor);

#endif
