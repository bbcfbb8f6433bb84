/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of a local nats-server, or of the health monitor beside it: find the program, launch it, tell whether it
 * lives, end it.
 *
 * A server that is not detached ends with this process, however this process ends. The kernel sends the signal for that
 * when the thread that forked the server is gone, so each such server has a thread that waits for nothing but its end.
 */
#ifndef LOCAL_SERVER_PROCESS_H
#define LOCAL_SERVER_PROCESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <agentmesh/error.h>

struct server_process {
    pid_t pid;     /* 0: none */
    int pidfd;     /* readable when it has ended; -1 where the kernel has none */
    int gate;      /* the server waits behind it until let go; -1 when it has been */
    bool is_child; /* ours to reap */
    bool is_kept;  /* keeper is to be joined */
    pthread_t keeper;
};

#define SERVER_PROCESS_INIT                                                                                            \
    {                                                                                                                  \
        0, -1, -1, false, false, 0                                                                                     \
    }

/* All lent. */
struct server_launch {
    const char *program;
    char *const *arguments; /* from argv[0] on, ended by NULL */
    int log_fd;    /* for what it says */
    int lock_fd;   /* inherited: its lock is held until the server has ended */
    bool detached; /* it outlives us */
};

/* The path of nats-server: the wished one, or the first in PATH, /usr/sbin, /usr/local/sbin. To free(). */
mesh_status server_program_find(const char *wished, char **ret_path, mesh_error *err);

/* Launch. The server is born but does nothing until let go: so its pid can be written down first. */
mesh_status server_process_launch(const struct server_launch *launch, struct server_process *process, mesh_error *err);
mesh_status server_process_let_go(struct server_process *process, mesh_error *err);

/* Take up a server that somebody else has launched. */
void server_process_adopt(pid_t pid, struct server_process *process);

bool server_process_has_ended(const struct server_process *process);

/* Wait until it has ended; false: it still lives. */
bool server_process_wait(const struct server_process *process, uint32_t timeout_ms);

/* End it (at first kindly), reap it, clear. Nothing happens to a cleared one. */
void server_process_end(struct server_process *process);

/* Clear, and leave it running; it must be detached. */
void server_process_leave(struct server_process *process);

#endif
