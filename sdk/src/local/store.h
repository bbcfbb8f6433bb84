/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a local server: its files, who may touch it, and which server runs over it.
 *
 * Three locks, all given up by the kernel when their holder dies, however it dies:
 *   owner.lock   held by a program while it starts or stops the server, and for as long as the server is meant to end
 *                with that program
 *   server.lock  inherited by the server itself; held exactly as long as it lives
 *   monitor.lock the same of the health monitor beside a detached server
 * So a server whose owner.lock is free was left behind (an orphan), unless its record says that it was meant to stay.
 */
#ifndef LOCAL_STORE_H
#define LOCAL_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <agentmesh/error.h>

struct store {
    char *folder;  /* absolute */
    int owner_fd;  /* -1, or the lock */
    int server_fd; /* -1, or the lock, while it is ours to hand on */
};

/* What is noted of the server that runs. Owned strings; NULL where not said. */
struct server_record {
    int32_t pid;
    int32_t owner;      /* the program that started it */
    bool detached;      /* meant to outlive that program */
    int32_t monitor;    /* the health monitor's process beside a detached one; 0: none */
    char *name, *url;   /* noted before it answers */
    char *system_url;   /* with the password of the system account's user */
    char *url_files[2]; /* where its URL was told; NULL where not */
};

#define auto_store __attribute__((cleanup(store_close)))
#define auto_record __attribute__((cleanup(server_record_clear)))
#define STORE_INIT                                                                                                     \
    {                                                                                                                  \
        NULL, -1, -1                                                                                                   \
    }

/* Open the folder, NULL: the default; make it if asked to. MESH_E_NOT_FOUND: it is missing. MESH_E_SYSTEM: it is
 * another user's, or others may write into it. */
mesh_status store_open(const char *folder, bool make, struct store *store, mesh_error *err);
void store_close(struct store *store); /* gives up both locks */

/*
 * Take the owner's lock; waits while another program starts or stops the server. MESH_E_EXISTS: a program owns the
 * running server; the text names both. MESH_E_TIMEOUT: the other one has not come to an end.
 */
mesh_status store_own(struct store *store, uint64_t deadline, mesh_error *err);

/* Take the server's lock, to hand it on; *ret_runs tells that a server holds it. After store_own(). */
mesh_status store_lock_server(struct store *store, bool *ret_runs, mesh_error *err);
void store_unlock_server(struct store *store);

/* Take the monitor's lock, to hand it on; *ret_fd -1: a monitor holds it. Given: close it. */
mesh_status store_lock_monitor(const struct store *store, int *ret_fd, mesh_error *err);

/* "folder/name", to free(); NULL: no memory. */
char *store_path(const struct store *store, const char *name);

/* The record. What cannot be read is an empty one (pid 0): the locks, not it, say whether a server runs. */
mesh_status server_record_read(const struct store *store, struct server_record *ret, mesh_error *err);
mesh_status server_record_write(const struct store *store, const struct server_record *record, mesh_error *err);
/* The server has ended: of its record only the URL is kept, for the next one to listen there if it can. */
void server_record_retire(const struct store *store, const struct server_record *record);
void server_record_clear(struct server_record *record);

#endif
