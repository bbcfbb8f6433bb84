/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counter: counts how often it was asked. Shows state that outlives a new version: the old copy saves it, the new one takes it
 * over, and no request is counted twice or not at all, for none runs meanwhile. When the new version is given up, it goes
 * back in the same way.
 */
#include <agentmesh/agentmesh.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef COUNTER_VERSION
#define COUNTER_VERSION "1.0.0"
#endif

enum { NUMBER_SIZE = 24 };

/* No lock: the agent runs one request at a time, and nothing runs while it is saved. */
struct counter {
    int64_t count;
};

static mesh_status counter_call(mesh_request *request, void *state, mesh_error *err)
{
    struct counter *counter = state;
    counter->count++;
    return mesh_request_answerf(request, err, MESH_JSON({"count": %lld, "version": "%s"}), (long long)counter->count,
                                COUNTER_VERSION);
}

static mesh_status counter_start(mesh_client *client, void **ret_state, mesh_error *err)
{
    struct counter *counter = malloc(sizeof(*counter));
    if (!counter)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a counter");
    counter->count = mesh_setting_int(client, "first", 1) - 1;
    *ret_state = counter;
    return MESH_OK;
}

static void counter_stop(mesh_client *client, void *state)
{
    (void)client;
    free(state);
}

/* Text, not memory: another version may keep it in another way. */
static mesh_status counter_save(mesh_client *client, void *state, mesh_saved *saved, mesh_error *err)
{
    const struct counter *counter = state;
    char text[NUMBER_SIZE];
    (void)client;
    snprintf(text, sizeof(text), "%lld", (long long)counter->count);
    return mesh_save(saved, mesh_text(text), err);
}

static mesh_status counter_restore(mesh_client *client, void *state, const char *version, mesh_bytes saved,
                                   mesh_error *err)
{
    struct counter *counter = state;
    char text[NUMBER_SIZE] = "";
    char *end;
    (void)client;
    if (saved.len == 0 || saved.len >= sizeof(text))
        return mesh_error_set(err, MESH_E_DATA, "version %s has saved %zu bytes, which are no number", version, saved.len);
    memcpy(text, saved.data, saved.len);
    int64_t count = strtoll(text, &end, 10);
    if (*end)
        return mesh_error_set(err, MESH_E_DATA, "version %s has saved what is no number", version);
    counter->count = count;
    return MESH_OK;
}

static const mesh_agent counter = MESH_TRIGGER("counter", "Counts how often it was asked.", counter_call,
    MESH_JSON({
        "type": "object",
        "properties": {"count": {"type": "integer"}, "version": {"type": "string"}},
        "required": ["count", "version"]
    }));

static const mesh_setting_spec first =
    MESH_SETTING_RANGE("first", MESH_SETTING_NUMBER, "1", 0, 0, "The first number, where nothing is taken over.");

static const mesh_agent *const agents[] = { &counter, NULL };
static const mesh_setting_spec *const settings[] = { &first, NULL };

const mesh_plugin mesh_plugin_entry = {
    MESH_PLUGIN_MAGIC, MESH_PLUGIN_ABI, sizeof(mesh_plugin), MESH_VERSION, 0, COUNTER_VERSION,
    agents, counter_start, counter_stop, settings, counter_save, counter_restore
};
