/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of a local nats-server: what a development mesh needs (protocol 13.3). */
#ifndef LOCAL_SERVER_CONFIG_H
#define LOCAL_SERVER_CONFIG_H

#include <stdint.h>

#include "base/buf.h"

/* All lent. */
struct server_config {
    const char *name;     /* by which this one start is told from any other server */
    const char *data;     /* folder for JetStream's files */
    const char *password; /* of both users: whoever can read the file may watch the system account */
    uint16_t port;        /* on 127.0.0.1 */
};

void server_config_write(struct buf *out, const struct server_config *config);

#endif
