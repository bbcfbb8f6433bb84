/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin around work in another language: it answers VERSION, once that work has gone well. */
#include <agentmesh/plugin.h>

#ifndef VERSION
#define VERSION "1"
#endif

extern int foreign_work(void);

static mesh_status foreign_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    if (foreign_work() <= 0)
        return mesh_error_set(err, MESH_E_HANDLER_ERROR, "the foreign work has failed");
    return mesh_request_answerf(request, err, "{\"version\": %s}", mesh_quote(request, VERSION));
}

static const mesh_agent foreign = MESH_RESPONDER("misdeed", "Works in another language.", foreign_call, "{}", "{}");

MESH_PLUGIN(VERSION, &foreign);
