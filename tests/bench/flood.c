/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin bench_flood: an agent that streams as many chunks as it is asked for, as fast as they go. */
#include <agentmesh/agentmesh.h>

static mesh_status flood_stream(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    int64_t chunks = mesh_request_int(request, "chunks", 0);
    mesh_status status = MESH_OK;
    for (int64_t i = 0; i < chunks && status == MESH_OK; i++)
        status = mesh_request_chunkf(request, err, "{\"number\": %lld}", (long long)i);
    return status;
}

static const mesh_agent flood = MESH_STREAMER(
    "bench.flood", "Streams as many chunks as asked for.", flood_stream,
    MESH_JSON({"type": "object", "properties": {"chunks": {"type": "integer"}}, "required": ["chunks"]}),
               MESH_JSON({"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}));

MESH_PLUGIN("1.0.0", &flood);
