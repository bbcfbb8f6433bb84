/* SPDX-License-Identifier: Apache-2.0 */
/* What a request has used, summed up over its reports; as header value and as data of an event (protocol 12.5). */
#ifndef WIRE_USAGE_H
#define WIRE_USAGE_H

#include <stdbool.h>

#include <agentmesh/observe.h>

#include "base/buf.h"

/* All zeroes: nothing reported. */
struct usage {
    bool is_reported;
    uint32_t given; /* MESH_USAGE_ */
    int64_t input_tokens, output_tokens, total_tokens;
    double estimated_cost_usd;
    char *model; /* or NULL */
};

enum { USAGE_MODEL_MAX = 1024 };

/* Merge one more report, whole or not at all. Sums stop at the ends of their range. MESH_E_INVALID_ARGUMENT: a cost
 * that is no number, unknown bits in given, a model that is too long. */
mesh_status usage_add(struct usage *usage, const mesh_usage *step, mesh_error *err);

/* Compact, ASCII only: good in a header. Fields never given are left out. */
void usage_write(struct buf *out, const struct usage *usage);

/* Any field may be missing; what has another type or is out of range counts as missing. MESH_E_DATA: no JSON object. */
mesh_status usage_read(mesh_bytes json, struct usage *ret_usage, mesh_error *err);

void usage_clear(struct usage *usage);

#endif
