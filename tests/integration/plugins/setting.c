/* SPDX-License-Identifier: Apache-2.0 */
/* Answers its setting "word", as it was when it started. */
#include <stdlib.h>
#include <string.h>

#include <agentmesh/plugin.h>

static mesh_status setting_call(mesh_request *request, void *state, mesh_error *err)
{
    return mesh_request_answerf(request, err, "{\"word\": %s}", mesh_quote(request, state));
}

static mesh_status start(mesh_client *client, void **ret_state, mesh_error *err)
{
    *ret_state = strdup(mesh_setting(client, "word", "none"));
    return *ret_state ? MESH_OK : mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
}

static void stop(mesh_client *client, void *state)
{
    (void)client;
    free(state);
}

static const mesh_agent setting = MESH_RESPONDER("setting", "Answers its setting.", setting_call, "{}", "{}");

MESH_PLUGIN_WITH("1.0.0", start, stop, &setting);
