/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/output.h"

/* An output that comes when all is over is no news. */
static bool is_open(mesh_request *request)
{
    pthread_mutex_lock(&request->lock);
    bool open = !request->done;
    pthread_mutex_unlock(&request->lock);
    return open;
}

static bool is_chunk(const mesh_request *request)
{
    return request->agent->contract->streaming;
}

/* What the author reads becomes what the caller reads. */
static void fail_request(mesh_request *request, const mesh_error *reason)
{
    const char *agent = request->agent->contract->name;
    mesh_error failure = MESH_ERROR_INIT;

    mesh_error_set(&failure, MESH_E_HANDLER_ERROR, "%s of agent '%s' does not fit its schema: %s",
                   is_chunk(request) ? "A chunk" : "Output", agent, mesh_error_message(reason));
    mesh_error_set_context(&failure, agent, NULL, mesh_error_details(reason));
    request->is_refused = true;
    if (request_fail(request, &failure))
        client_tell(request->service->client, MESH_LOG_WARN, MESH_E_HANDLER_ERROR, agent,
                    "its %s does not fit its schema, so its caller has an error instead: %s",
                    is_chunk(request) ? "chunk" : "output", mesh_error_message(reason));
    mesh_error_clear(&failure);
}

mesh_status output_check(mesh_request *request, mesh_bytes output, mesh_error *err)
{
    const mesh_schema *schema = request->agent->schemas.output;
    mesh_error reason = MESH_ERROR_INIT;

    if (!schema || !is_open(request))
        return MESH_OK;
    mesh_status status = mesh_schema_check(schema, output, &reason);
    if (status == MESH_E_INVALID_INPUT) {
        fail_request(request, &reason);
        mesh_error_prefix(&reason, status, "the %s does not fit output_schema", is_chunk(request) ? "chunk" : "output");
    }
    if (status != MESH_OK)
        mesh_error_move(err, &reason);
    mesh_error_clear(&reason);
    return status;
}
