/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pulse: writes under the shared key pulse.INSTANCE, every ten seconds, that this host is alive. Shows a background task,
 * which nobody calls: the library calls it again and again, and after a failure later and later.
 */
#include <agentmesh/agentmesh.h>

#include <stdio.h>
#include <time.h>

enum { EVERY_MS = 10000 };

static mesh_status pulse_run(mesh_emitter *emitter, void *state, mesh_error *err)
{
    mesh_client *client = mesh_emitter_client(emitter);
    char key[64], value[64];
    (void)state;
    snprintf(key, sizeof(key), "pulse.%s", mesh_client_instance_id(client));
    snprintf(value, sizeof(value), MESH_JSON({"seconds": %lld}), (long long)time(NULL));
    return mesh_key_put(client, key, mesh_text(value), NULL, err);
}

static const mesh_agent pulse = MESH_REPEATED("pulse", "Tells that this host is alive.", pulse_run, EVERY_MS);

MESH_PLUGIN("1.0.0", &pulse);
