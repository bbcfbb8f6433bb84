/* Answers in capitals. It registers its agent itself, instead of listing it. */
#include <agentmesh/agentmesh.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static mesh_status shout(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    char *text = strdup(mesh_request_string(request, "text", ""));
    if (!text)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    for (char *at = text; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    mesh_status status = mesh_request_answerf(request, err, MESH_JSON({"text": %s}), mesh_quote(request, text));
    free(text);
    return status;
}

static const mesh_agent shouter = MESH_RESPONDER("stranger.shout", "Says it in capitals.", shout, "{}", "{}");

static mesh_status start(mesh_client *mesh, void **ret_state, mesh_error *err)
{
    (void)ret_state;
    return mesh_register(mesh, &shouter, NULL, err);
}

MESH_PLUGIN_WITH("1.0.0", start, NULL, NULL);
