/* SPDX-License-Identifier: Apache-2.0 */
/* A responder "numbered" that answers VERSION, a number, and the "number" that it is asked with. */
#include <stdint.h>

#include <agentmesh/plugin.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

static mesh_status numbered_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answerf(request, err, "{\"version\": %d, \"number\": %lld}", VERSION,
                                (long long)mesh_request_int(request, "number", -1));
}

static const mesh_agent numbered =
    MESH_RESPONDER("numbered", "Answers its version and your number.", numbered_call, "{}", "{}");

MESH_PLUGIN(TEXT(VERSION), &numbered);
