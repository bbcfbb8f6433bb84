/* SPDX-License-Identifier: Apache-2.0 */
/* One large object into the workspace and out again: how fast, and through how much memory. Usage: bench_workspace MIB
 * URL; exit status 1 if it did not come back whole or the process had more than PEAK_MAX_KB. */
#include <agentmesh/agentmesh.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"

enum { PEAK_MAX_KB = 64 << 10 };

struct flow {
    uint64_t size, at;
    bool is_wrong;
};

/* Eight bytes that tell their place, again and again. */
static mesh_status give(void *data, void *buffer, size_t size, size_t *ret_len, mesh_error *err)
{
    struct flow *flow = data;
    uint64_t left = flow->size - flow->at;
    size_t len = left < size ? (size_t)left : size;

    (void)err;
    for (size_t i = 0; i + sizeof(uint64_t) <= len; i += sizeof(uint64_t)) {
        uint64_t place = (flow->at + i) * 0x9e3779b97f4a7c15U;
        memcpy((char *)buffer + i, &place, sizeof(place));
    }
    flow->at += len;
    *ret_len = len;
    return MESH_OK;
}

/* The library compares the digest: here only whether pieces come in their order. */
static mesh_status take(void *data, mesh_bytes bytes, mesh_error *err)
{
    struct flow *flow = data;
    uint64_t place = flow->at * 0x9e3779b97f4a7c15U;

    (void)err;
    if (bytes.len >= sizeof(place) && memcmp(bytes.data, &place, sizeof(place)) != 0)
        flow->is_wrong = true;
    flow->at += bytes.len;
    return MESH_OK;
}

static double rate(uint64_t bytes, uint64_t since_ns)
{
    return (double)bytes / 1e6 / ((double)(clock_ns() - since_ns) / 1e9);
}

static mesh_status pass_through(mesh_client *mesh, uint64_t size, mesh_error *err)
{
    struct flow in = { .size = size }, out = { .size = size };
    uint64_t begin = clock_ns();
    mesh_status status = mesh_workspace_put_from(mesh, "bench/large", give, &in, NULL, err);

    if (status != MESH_OK)
        return status;
    printf("object of %" PRIu64 " MiB: put %.0f MB/s", size >> 20, rate(size, begin));
    begin = clock_ns();
    status = mesh_workspace_get_to(mesh, "bench/large", take, &out, NULL, err);
    if (status != MESH_OK)
        return status;
    printf(", got %.0f MB/s", rate(size, begin));
    if (out.is_wrong || out.at != size)
        return mesh_error_set(err, MESH_E_DATA, "what came back is not what was put");
    return mesh_workspace_delete(mesh, "bench/large", err);
}

int main(int argc, char **argv)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_client *mesh = NULL;
    struct rusage usage;

    if (argc != 3)
        return 2;
    options.url = argv[2];
    mesh_status status = mesh_client_open(&options, &mesh, &err);
    if (status == MESH_OK)
        status = pass_through(mesh, strtoull(argv[1], NULL, 10) << 20, &err);
    mesh_client_close(mesh);
    if (status != MESH_OK) {
        fprintf(stderr, "bench_workspace: %s\n", mesh_error_text(&err));
        return 1;
    }
    getrusage(RUSAGE_SELF, &usage);
    bool kept = usage.ru_maxrss <= PEAK_MAX_KB;
    printf(", peak of the process %ld MiB, budget %d MiB %s\n", usage.ru_maxrss >> 10, PEAK_MAX_KB >> 10,
           kept ? "kept" : "missed");
    return kept ? 0 : 1;
}
