/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: tells the time to whoever subscribes. Shows a publisher, which runs for as long as the plugin serves, and settings
 * that are declared, so that mesh.ini is checked against them:
 *
 *   [settings clock]
 *   every = 5s
 */
#include <agentmesh/agentmesh.h>

#include <time.h>

static mesh_status clock_publish(mesh_emitter *emitter, void *state, mesh_error *err)
{
    uint32_t every_ms = mesh_setting_ms(mesh_emitter_client(emitter), "every", 1000);
    (void)state;

    /* Waiting is where a publisher notices that it is to stop: never sleep in another way. */
    do {
        char text[32];
        struct tm utc;
        time_t now = time(NULL);
        gmtime_r(&now, &utc);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
        mesh_status status = mesh_emitf(emitter, err, MESH_JSON({"now": "%s"}), text);
        if (status != MESH_OK)
            return status;
    } while (mesh_emitter_wait(emitter, every_ms) == MESH_STOP_NONE);
    return MESH_OK;
}

static const mesh_agent clock_agent = MESH_PUBLISHER("clock", "Tells the time, again and again.", clock_publish,
    MESH_JSON({"type": "object", "properties": {"now": {"type": "string", "format": "date-time"}}, "required": ["now"]}));

static const mesh_setting_spec every = MESH_SETTING_RANGE("every", MESH_SETTING_DURATION, "1s", 10, 3600000,
    "The time from one event to the next.");

static const mesh_agent *const agents[] = { &clock_agent, NULL };
static const mesh_setting_spec *const settings[] = { &every, NULL };

const mesh_plugin mesh_plugin_entry = {
    MESH_PLUGIN_MAGIC, MESH_PLUGIN_ABI, sizeof(mesh_plugin), MESH_VERSION, 0, "1.0.0",
    agents, NULL, NULL, settings, NULL, NULL
};
