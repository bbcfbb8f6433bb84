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

/* What the author reads becomes what the caller reads. */
static void fail_request(mesh_request *request, const mesh_error *reason)
{
    const char *agent = request->agent->contract->name;
    mesh_error failure = MESH_ERROR_INIT;

    mesh_error_set(&failure, MESH_E_HANDLER_ERROR, "Output of agent '%s' does not fit its schema: %s", agent,
                   mesh_error_message(reason));
    mesh_error_set_context(&failure, agent, NULL, mesh_error_details(reason));
    request->is_refused = true;
    if (request_fail(request, &failure))
        client_tell(request->service->client, MESH_LOG_WARN, MESH_E_HANDLER_ERROR, agent,
                    "its output does not fit its schema, so its caller has an error instead: %s",
                    mesh_error_message(reason));
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
        mesh_error_prefix(&reason, status, "the output does not fit output_schema");
    }
    if (status != MESH_OK)
        mesh_error_move(err, &reason);
    mesh_error_clear(&reason);
    return status;
}
