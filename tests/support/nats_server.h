/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private nats-server with JetStream on a free port, for one test program: started in a folder of its own under
 * TMPDIR, ended and removed at exit, also when the program is killed.
 */
#ifndef SUPPORT_NATS_SERVER_H
#define SUPPORT_NATS_SERVER_H

#include <stdbool.h>

struct nats_server;

/* Start and wait until it answers. extra: lines appended to its configuration, or NULL. Without nats-server on this
 * machine it prints why and exits the program with 77 (skipped); any other failure ends the program with 1. */
struct nats_server *nats_server_start(const char *extra);

/* The same without JetStream. */
struct nats_server *nats_server_start_plain(void);

const char *nats_server_url(const struct nats_server *server);
int nats_server_port(const struct nats_server *server);
int nats_server_pid(const struct nats_server *server);

void nats_server_kill(struct nats_server *server);    /* SIGKILL, and wait until it is gone */
void nats_server_restart(struct nats_server *server); /* after a kill: same port, same store */
void nats_server_wipe(struct nats_server *server);    /* after a kill: forget the store */

/* Other lines for the configuration, from the next restart on. */
void nats_server_configure(struct nats_server *server, const char *extra);

struct nats_server *nats_server_stop(struct nats_server *server); /* returns NULL */

#endif
