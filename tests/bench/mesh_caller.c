/* SPDX-License-Identifier: Apache-2.0 */
/* bench_mesh_caller: calls and streams as every program makes them, through the public API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/agentmesh.h>

#include "base/clock.h"
#include "load.h"

static bool complain(const char *what, mesh_error *err)
{
    fprintf(stderr, "bench: %s: %s\n", what, mesh_error_text(err));
    mesh_error_clear(err);
    return false;
}

static void *caller_open(void *closure)
{
    return closure; /* one client serves all threads */
}

static bool caller_once(void *own)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    if (mesh_call(own, "echo", mesh_text("{\"message\": \"hello\"}"), NULL, &reply, &err) != MESH_OK)
        return complain("call", &err);
    mesh_reply_free(reply);
    return true;
}

static void caller_close(void *own)
{
    (void)own;
}

static bool calls(mesh_client *client, unsigned in_flight, unsigned ms)
{
    struct load load = { caller_open, caller_once, caller_close, client };
    struct load_result result;
    if (!load_run(&load, in_flight, ms, &result))
        return false;
    load_print("p50_us", result.p50_us);
    load_print("p99_us", result.p99_us);
    load_print("per_second", (double)result.count / result.seconds);
    return true;
}

/* Read a stream to its end. */
static bool read_chunks(mesh_stream *stream, long *count, mesh_error *err)
{
    mesh_bytes chunk;
    mesh_status status;
    *count = 0;
    while ((status = mesh_stream_next(stream, &chunk, err)) == MESH_OK)
        ++*count;
    return status == MESH_E_END;
}

static bool stream(mesh_client *client, const char *chunks)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_stream *stream = NULL;
    char input[64];
    long count = 0;
    snprintf(input, sizeof(input), "{\"chunks\": %s}", chunks);
    uint64_t began = clock_ns();
    if (mesh_stream_open(client, "bench.flood", mesh_text(input), NULL, &stream, &err) != MESH_OK)
        return complain("stream", &err);
    bool whole = read_chunks(stream, &count, &err);
    load_print("per_second", (double)count / ((double)(clock_ns() - began) / 1e9));
    stream = mesh_stream_close(stream);
    if (!whole)
        return complain("stream", &err);
    return count == strtol(chunks, NULL, 10);
}

static mesh_client *join(const char *url)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    options.url = url;
    if (mesh_client_open(&options, &client, &err) != MESH_OK)
        complain("open", &err);
    return client;
}

int main(int argc, char **argv)
{
    if ((argc != 4 || strcmp(argv[2], "stream") != 0) && (argc != 5 || strcmp(argv[2], "call") != 0)) {
        fputs("usage: bench_mesh_caller URL call IN_FLIGHT MILLISECONDS\n"
              "       bench_mesh_caller URL stream CHUNKS\n",
              stderr);
        return 2;
    }
    mesh_client *client = join(argv[1]);
    if (!client)
        return 1;
    bool good = argc == 4 ? stream(client, argv[3])
                          : calls(client, (unsigned)strtoul(argv[3], NULL, 10), (unsigned)strtoul(argv[4], NULL, 10));
    client = mesh_client_close(client);
    return good ? 0 : 1;
}
