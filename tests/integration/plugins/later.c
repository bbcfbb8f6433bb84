/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin looks like whose headers are newer than the host: a field more, set to FIELD. */
#include <agentmesh/plugin.h>

struct later_plugin {
    mesh_plugin plugin;
    void *field;
};

static mesh_status later_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answerf(request, err, "{}");
}

static const mesh_agent later = MESH_RESPONDER("later", "From another time.", later_call, "{}", "{}");
static const mesh_agent *const agents[] = { &later, NULL };

extern MESH_API const struct later_plugin entry __asm__("mesh_plugin_entry");

const struct later_plugin entry = {
    { MESH_PLUGIN_MAGIC, MESH_PLUGIN_ABI, sizeof(struct later_plugin), 0x000400, 0, "1.0.0", agents, NULL, NULL },
    (void *)FIELD,
};
