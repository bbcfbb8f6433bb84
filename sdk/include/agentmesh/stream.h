/* SPDX-License-Identifier: Apache-2.0 */
/* Calling an agent that answers in chunks (protocol 5.5). */
#ifndef AGENTMESH_STREAM_H
#define AGENTMESH_STREAM_H

#include <agentmesh/call.h>

MESH_BEGIN_DECLS

/* An answer that arrives in chunks. One thread at a time. */
typedef struct mesh_stream mesh_stream;

/**
 * Ask a streaming agent. Returns as soon as the request is on its way; what the agent says comes by
 * mesh_stream_next(). [any-thread]
 *
 * input       one JSON value, lent
 * options     lent; NULL for defaults. timeout_ms is for the whole stream; 0: the client's stream_timeout_ms
 * ret_stream  given; end it with mesh_stream_close()
 * MESH_E_INVOCATION_MISMATCH  the agent does not stream
 */
MESH_API mesh_status mesh_stream_open(mesh_client *client, const char *agent, mesh_bytes input,
                                      const mesh_call_options *options, mesh_stream **ret_stream, mesh_error *err);

/**
 * Wait for the next chunk. What ends it from outside is the stop of its client, or of the request on whose behalf.
 * [blocks]
 *
 * ret_chunk  lent until the next call on this stream; one JSON value, NUL-terminated
 * MESH_E_END             the stream is complete; no error is filled
 * MESH_E_CHUNK_SEQUENCE  a chunk was lost; the stream is over
 * MESH_E_TOO_LARGE       chunks arrived faster than they were read, and 64 MiB of them were waiting
 * anything else          as for mesh_call(); what was read before stays valid. The same comes again if called again.
 */
MESH_API mesh_status mesh_stream_next(mesh_stream *stream, mesh_bytes *ret_chunk, mesh_error *err);

/** What the agent reported to have used (protocol 12.5), after MESH_E_END; empty if nothing. Lent until closed. */
MESH_API mesh_bytes mesh_stream_usage(const mesh_stream *stream);

/** Stop listening, at any time, and free. Returns NULL; NULL is fine. */
MESH_API mesh_stream *mesh_stream_close(mesh_stream *stream);

MESH_END_DECLS

#endif
