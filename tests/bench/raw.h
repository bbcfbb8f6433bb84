/* SPDX-License-Identifier: Apache-2.0 */
/* Raw nats.c, as both raw programs use it: connections, subjects and messages with the headers of the protocol. */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stdbool.h>
#include <stdint.h>

#include <nats/nats.h>

/* How a connection sends: each message at once, or what has gathered by a thread of its own. */
enum raw_sending { RAW_ASAP, RAW_GATHERED };

#define RAW_ECHO_ASAP "bench.raw.asap"
#define RAW_ECHO_GATHERED "bench.raw.gathered"
#define RAW_FLOOD_ASAP "bench.flood.asap"
#define RAW_FLOOD_GATHERED "bench.flood.gathered"

#define RAW_INPUT "{\"message\": \"hello\"}"
#define RAW_OUTPUT "{\"reply\": \"Echo: hello\"}"
#define RAW_INSTANCE_ID "0123456789abcdef0123456789abcdef"

/* End the program with 1 and say what could not be done. */
void raw_check(natsStatus status, const char *what);

natsConnection *raw_connect(const char *url, enum raw_sending sending);

/* A request with the headers of a call (protocol 5.4) and an id never used before; reply may be NULL. */
natsMsg *raw_request(const char *subject, const char *reply, const char *body);

#endif
