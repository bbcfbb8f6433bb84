/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins of which only one copy can be started at a time. */
#include "plugin/exclusive.h"

#include <agentmesh/serving.h>

#include "base/clock.h"
#include "log.h"
#include "plugin/handover.h"

/* Bring to rest, and have saved what there is to save. */
static mesh_status lay_down(struct move *move, mesh_saved *saved)
{
    const struct config *config = move->config->config;
    struct generation *old = move->serving;
    mesh_status status = mesh_child_hold(old->client, config->handover_timeout_ms, &move->err);
    if (status != MESH_OK)
        return mesh_error_prefix(&move->err, status, "what serves could not be brought to rest");
    if (old->entry.plugin.save)
        status = handover_save(old, saved, config->start_timeout_ms, &move->err);
    if (status != MESH_OK)
        mesh_child_release(old->client);
    return status;
}

/* From prepared to serving. */
static mesh_status pick_up(struct move *move, struct generation *generation, const mesh_saved *saved, mesh_error *err)
{
    const struct config *config = move->config->config;
    mesh_status status = generation_start(generation, config->start_timeout_ms, err);
    if (status == MESH_OK && move->serving->entry.plugin.save && generation->entry.plugin.restore)
        status = handover_restore(generation, move->serving->entry.plugin.version, mesh_saved_bytes(saved),
                                  config->start_timeout_ms, err);
    if (status == MESH_OK)
        status = generation_register(generation, err);
    if (status == MESH_OK)
        status = generation_serve(generation, move->serving, err);
    return generation->serves ? MESH_OK : status;
}

/* A copy of the old one under a path of its own, since nothing is called again on what was stopped. */
static mesh_status revive(struct move *move, const mesh_saved *saved, mesh_error *err)
{
    struct image *image = NULL;
    struct generation *generation = NULL;
    mesh_status status = image_copy(move->folder, move->plugin, move->serving->image->path, &move->trust, &image, err);
    if (status == MESH_OK)
        status = image_check(image, mesh_version(), err);
    if (status == MESH_OK)
        status = generation_open(move->plugin, image, &generation, err);
    if (status != MESH_OK) {
        image_free(image);
        return status;
    }
    move->revived = generation;
    status = generation_prepare(generation, move->mesh, move->serving->config, err);
    return status == MESH_OK ? pick_up(move, generation, saved, err) : status;
}

static void tell_lost(const struct move *move, const mesh_error *err)
{
    log_event(MESH_LOG_ERROR, "neither the new version nor the old one can be started, its agents are not available",
              "plugin", move->plugin, "reason", mesh_error_text(err), NULL);
}

/* Nothing is called again on what was stopped: whom its calls are to tell of their end, they tell now. */
static void stop(const struct move *move)
{
    const struct config *config = move->config->config;
    mesh_error err = MESH_ERROR_INIT;
    if (mesh_child_end_calls(move->serving->client, config->handover_timeout_ms, &err) != MESH_OK)
        log_event(MESH_LOG_WARN, "is stopped although something of it still runs", "plugin", move->plugin, "reason",
                  mesh_error_text(&err), NULL);
    mesh_error_clear(&err);
    generation_stop(move->serving, config->start_timeout_ms);
}

static enum move_verdict take_turns(struct move *move, mesh_saved *saved)
{
    mesh_error again = MESH_ERROR_INIT;
    stop(move);
    mesh_status status = pick_up(move, move->next, saved, &move->err);
    if (status == MESH_OK)
        return MOVE_SERVES;
    move->took_turns = true;
    move->did_harm = status == MESH_E_TIMEOUT;
    mesh_error_prefix(&move->err, status, "it can be started only once, and could not take its turn");
    bool is_lost = revive(move, saved, &again) != MESH_OK;
    if (is_lost) {
        tell_lost(move, &again);
        generation_leave(move->serving, NULL); /* those who wait are to hear of it */
    }
    mesh_error_clear(&again);
    return is_lost ? MOVE_FAILED : MOVE_REFUSED; /* trying again would interrupt what serves again */
}

enum move_verdict exclusive_replace(struct move *move)
{
    uint64_t began = clock_ms();
    mesh_saved *saved = mesh_saved_new();
    if (!saved) {
        mesh_error_set(&move->err, MESH_E_NO_MEMORY, "out of memory");
        return MOVE_FAILED;
    }
    enum move_verdict verdict = MOVE_FAILED;
    claims_wait(move->claims, &move->claim);
    if (generation_prepare(move->next, move->mesh, move->config, &move->err) != MESH_OK)
        verdict = MOVE_REFUSED; /* before anything that serves is touched */
    else if (lay_down(move, saved) == MESH_OK)
        verdict = take_turns(move, saved);
    mesh_saved_free(saved);
    move->held_ms = (uint32_t)(clock_ms() - began);
    return verdict;
}
