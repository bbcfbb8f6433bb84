/* SPDX-License-Identifier: Apache-2.0 */
/* The handover. */
#include "plugin/handover.h"

#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "base/clock.h"
#include "plugin/step.h"

/* One call of save or restore. It has everything that it works with, so that it may outlive the one who waits for it.
 */
struct handover_call {
    struct generation *generation;
    struct step *step;
    mesh_saved *saved; /* what is being saved, or is to be restored */
    char *version;     /* NULL: it saves */
    mesh_status status;
    mesh_error err;
};

static void call_free(struct handover_call *call)
{
    step_free(call->step);
    mesh_saved_free(call->saved);
    mesh_error_clear(&call->err);
    free(call->version);
    free(call);
}

static void run(void *closure)
{
    struct handover_call *call = closure;
    const struct generation *generation = call->generation;
    const mesh_plugin *plugin = &generation->entry.plugin;
    void *state = generation_state(generation);
    call->status = call->version ? plugin->restore(generation->client, state, call->version,
                                                   mesh_saved_bytes(call->saved), &call->err)
                                 : plugin->save(generation->client, state, call->saved, &call->err);
}

static struct handover_call *call_new(struct generation *generation, const char *version, mesh_bytes bytes)
{
    struct handover_call *call = calloc(1, sizeof(*call));
    if (!call)
        return NULL;
    call->generation = generation;
    call->saved = mesh_saved_new();
    call->version = version ? strdup(version) : NULL;
    bool fits = call->saved && (!version || call->version) && mesh_save(call->saved, bytes, NULL) == MESH_OK;
    call->step = fits ? step_start(generation->name, run, call) : NULL;
    if (!call->step) {
        call_free(call);
        return NULL;
    }
    return call;
}

/* Take the outcome of a call that has come back. */
static mesh_status conclude(struct handover_call *call, const char *deed, mesh_error *err)
{
    mesh_status status = call->status;
    if (status == MESH_OK)
        return MESH_OK;
    if (call->err.status == MESH_OK)
        mesh_error_set(&call->err, status, "%s", mesh_status_text(status));
    mesh_error_move(err, &call->err);
    return mesh_error_prefix(err, status, "its %s failed", deed);
}

/* ret_saved: what was saved is moved to there; NULL: it restores. */
static mesh_status make_call(struct generation *generation, const char *version, mesh_bytes bytes, uint32_t timeout_ms,
                             mesh_saved *ret_saved, mesh_error *err)
{
    const char *deed = version ? "restore" : "save";
    if (generation->late)
        return mesh_error_set(err, MESH_E_TIMEOUT, "an earlier save or restore of it has not returned yet");
    struct handover_call *call = call_new(generation, version, bytes);
    if (!call)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory or no thread for its %s", deed);
    if (!step_wait(call->step, clock_deadline(timeout_ms))) {
        generation->late = call;
        return mesh_error_set(err, MESH_E_TIMEOUT, "its %s did not return within %u ms", deed, (unsigned)timeout_ms);
    }
    mesh_status status = conclude(call, deed, err);
    if (status == MESH_OK && ret_saved)
        status = mesh_save(ret_saved, mesh_saved_bytes(call->saved), err);
    call_free(call);
    return status;
}

mesh_status handover_save(struct generation *from, mesh_saved *saved, uint32_t timeout_ms, mesh_error *err)
{
    return make_call(from, NULL, mesh_text(NULL), timeout_ms, saved, err);
}

mesh_status handover_restore(struct generation *to, const char *version, mesh_bytes saved, uint32_t timeout_ms,
                             mesh_error *err)
{
    return make_call(to, version ? version : "", saved, timeout_ms, NULL, err);
}

bool handover_is_due(const struct generation *from, const struct generation *to)
{
    return from && from->entry.plugin.save && to->entry.plugin.restore;
}

mesh_status handover_run(struct generation *from, struct generation *to, uint32_t step_timeout_ms, mesh_error *err)
{
    mesh_saved *saved = mesh_saved_new();
    if (!saved)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    mesh_status status = handover_save(from, saved, step_timeout_ms, err);
    if (status == MESH_OK)
        status = handover_restore(to, from->entry.plugin.version, mesh_saved_bytes(saved), step_timeout_ms, err);
    mesh_saved_free(saved);
    return status;
}

void handover_wait(struct generation *generation)
{
    if (!generation->late)
        return;
    step_wait(generation->late->step, CLOCK_NEVER);
    call_free(generation->late);
    generation->late = NULL;
}
