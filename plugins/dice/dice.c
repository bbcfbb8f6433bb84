/* SPDX-License-Identifier: Apache-2.0 */
/* dice: rolls one. Shows a trigger, which is called without input, and start and stop with something to hold in between. */
#include <agentmesh/agentmesh.h>

#include <stdlib.h>
#include <sys/random.h>

/* What all calls share. */
struct cup {
    unsigned sides;
};

static mesh_status dice_call(mesh_request *request, void *state, mesh_error *err)
{
    const struct cup *cup = state;
    uint32_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return mesh_error_set(err, MESH_E_SYSTEM, "no random number is to be had");
    return mesh_request_answerf(request, err, MESH_JSON({"roll": %u}), random % cup->sides + 1);
}

/* Called once, before the first request. What it returns in ret_state is what handlers get. */
static mesh_status dice_start(mesh_client *client, void **ret_state, mesh_error *err)
{
    struct cup *cup = malloc(sizeof(*cup));
    if (!cup)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a cup");
    cup->sides = (unsigned)mesh_setting_int(client, "sides", 6);
    *ret_state = cup;
    return MESH_OK;
}

/* Called once, after the last request. */
static void dice_stop(mesh_client *client, void *state)
{
    (void)client;
    free(state);
}

static const mesh_agent dice = MESH_TRIGGER("dice", "Rolls a dice.", dice_call,
    MESH_JSON({"type": "object", "properties": {"roll": {"type": "integer", "minimum": 1}}, "required": ["roll"]}));

static const mesh_setting_spec sides =
    MESH_SETTING_RANGE("sides", MESH_SETTING_NUMBER, "6", 2, 1000, "How many sides the dice has.");

static const mesh_agent *const agents[] = { &dice, NULL };
static const mesh_setting_spec *const settings[] = { &sides, NULL };

const mesh_plugin mesh_plugin_entry = {
    MESH_PLUGIN_MAGIC, MESH_PLUGIN_ABI, sizeof(mesh_plugin), MESH_VERSION, 0, "1.0.0",
    agents, dice_start, dice_stop, settings, NULL, NULL
};
