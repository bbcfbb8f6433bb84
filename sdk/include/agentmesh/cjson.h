/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and answers as cJSON trees, for handlers that want them. Nothing else of libagentmesh speaks of cJSON; a
 * plugin that includes this header builds with cJSON of its own.
 *
 * Look members up with cJSON_GetObjectItemCaseSensitive(): JSON names are case-sensitive, cJSON_GetObjectItem() is not.
 */
#ifndef AGENTMESH_CJSON_H
#define AGENTMESH_CJSON_H

#include <cjson/cJSON.h>

#include <agentmesh/agent.h>

MESH_BEGIN_DECLS

/**
 * The input as a tree. Lent as the request is, and read-only: other threads may be reading it. NULL for a trigger.
 * Each number keeps its text as it came in valuestring. [any-thread]
 */
MESH_API const cJSON *mesh_request_tree(const mesh_request *request);

/** mesh_request_answer() and mesh_request_chunk() with a tree, which is lent and printed. [as those] */
MESH_API mesh_status mesh_request_answer_tree(mesh_request *request, const cJSON *output, mesh_error *err);
MESH_API mesh_status mesh_request_chunk_tree(mesh_request *request, const cJSON *chunk, mesh_error *err);

/** mesh_emit() with a tree, lent, which the library prints. [emitter] */
MESH_API mesh_status mesh_emit_tree(mesh_emitter *emitter, const cJSON *event, mesh_error *err);

MESH_END_DECLS

#endif
