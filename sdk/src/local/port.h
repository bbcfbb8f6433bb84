/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP port on 127.0.0.1: whether it is free, and which nats-server answers there. */
#ifndef LOCAL_PORT_H
#define LOCAL_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <agentmesh/error.h>

/* Whether a server could listen there now. Nobody holds it afterwards: it may be taken when the server comes. */
mesh_status port_check(uint16_t port, bool *ret_is_free, mesh_error *err);

/* A port that is free now. */
mesh_status port_pick(uint16_t *ret_port, mesh_error *err);

/* Whether a nats-server of this name answers, within timeout_ms. */
bool port_answers(uint16_t port, const char *server_name, uint32_t timeout_ms);

#endif
