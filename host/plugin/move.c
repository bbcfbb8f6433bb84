/* SPDX-License-Identifier: Apache-2.0 */
/* A move. */
#include "plugin/move.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "plugin/exclusive.h"
#include "plugin/handover.h"

struct move *move_new(const char *plugin, enum move_deed deed, const char *path)
{
    struct move *move = calloc(1, sizeof(*move));
    if (!move)
        return NULL;
    move->job.run = move_run;
    move->deed = deed;
    move->plugin = strdup(plugin);
    move->path = path ? strdup(path) : NULL;
    if (!move->plugin || (path && !move->path))
        return move_free(move);
    return move;
}

struct move *move_free(struct move *move)
{
    if (move) {
        config_unref(move->config);
        mesh_error_clear(&move->err);
        free(move->plugin);
        free(move->path);
        free(move);
    }
    return NULL;
}

/* What is short now may be there later; everything else stays as it is until somebody changes the file. */
static enum move_verdict no(mesh_status status)
{
    return status == MESH_E_SYSTEM || status == MESH_E_NO_MEMORY ? MOVE_FAILED : MOVE_REFUSED;
}

static bool is_known(const struct move *move, const char *hash)
{
    if (move->is_demanded)
        return false;
    return strcmp(hash, move->refused_hash) == 0 || (move->serving && strcmp(hash, move->serving->image->hash) == 0);
}

static bool is_aside(struct move *move)
{
    const char *why = move->is_forced ? NULL : record_why_aside(move->record, move->hash);
    if (why)
        mesh_error_set(&move->err, MESH_E_DATA, "this version was set aside: %s", why);
    return why;
}

static bool is_remembered(const struct record *record, const char *hash)
{
    return strcmp(record->good.hash, hash) == 0 || strcmp(record->previous.hash, hash) == 0;
}

/* Read the file. MOVE_SERVES: there is an image to go on with. */
static enum move_verdict read_file(struct move *move, struct image **ret_image)
{
    mesh_status status = image_copy(move->folder, move->plugin, move->path, &move->trust, ret_image, &move->err);
    if (status == MESH_E_CONFLICT)
        return MOVE_AGAIN;
    if (status == MESH_E_NOT_FOUND)
        return move->state.problem ? MOVE_FAILED : MOVE_AGAIN;
    if (status != MESH_OK)
        return no(status);
    memcpy(move->hash, (*ret_image)->hash, sizeof(move->hash));
    if (move->is_stand_in && !is_remembered(move->record, move->hash)) {
        mesh_error_set(&move->err, MESH_E_DATA, "the copy of it that was kept is damaged");
        return MOVE_REFUSED;
    }
    if (is_known(move, move->hash))
        return MOVE_SAME;
    return is_aside(move) ? MOVE_ASIDE : MOVE_SERVES;
}

/* Load it, once nothing speaks against it. */
static enum move_verdict load(struct move *move, struct image **image)
{
    const struct config *config = move->config->config;
    mesh_status status = image_check(*image, mesh_version(), &move->err);
    if (status == MESH_OK) {
        status = trials_pass(move->trials, *image, config->start_timeout_ms, &move->err);
        move->did_harm = status == MESH_E_AGENT_DIED || status == MESH_E_TIMEOUT;
    }
    if (status == MESH_OK)
        status = generation_open(move->plugin, *image, &move->next, &move->err);
    if (status != MESH_OK)
        return no(status);
    take(image);
    claims_know(move->claims, &move->claim, move->next->entry.agents, move->next->entry.agent_count);
    return MOVE_SERVES;
}

/* A start that hangs did harm; one that says no may say yes later. */
static enum move_verdict start(struct move *move)
{
    const struct config *config = move->config->config;
    mesh_status status = generation_prepare(move->next, move->mesh, move->config, &move->err);
    if (status != MESH_OK)
        return no(status);
    status = generation_start(move->next, config->start_timeout_ms, &move->err);
    move->did_harm = status == MESH_E_TIMEOUT;
    if (status != MESH_OK)
        return move->did_harm ? MOVE_REFUSED : MOVE_FAILED;
    status = generation_register(move->next, &move->err);
    return status == MESH_OK ? MOVE_SERVES : no(status);
}

/* Say it with the plugin's name in the place of its generation's. */
static void explain_clash(struct move *move)
{
    auto_json cJSON *details = NULL;
    json_parse(mesh_text(mesh_error_details(&move->err)), &details, NULL);
    const char *agent = json_string(details, "agent", "?");
    const char *owner = generation_plugin_of(json_string(details, "owner", "?"));
    snprintf(move->clash_owner, sizeof(move->clash_owner), "%s", owner);
    mesh_error_set(&move->err, MESH_E_EXISTS, "its agent '%s' is served by plugin '%s': it waits until that one leaves",
                   agent, owner);
}

/* ---- handing over ---- */

static mesh_status hold(struct move *move, struct generation *from)
{
    mesh_status status = mesh_child_hold(from->client, move->config->config->handover_timeout_ms, &move->err);
    return status == MESH_OK ? MESH_OK
                             : mesh_error_prefix(&move->err, status, "what serves could not be brought to rest");
}

/* Swap, with what from knows where there is something to hand over. On failure from serves as before. */
static mesh_status take_over(struct move *move, struct generation *from, struct generation *to)
{
    uint64_t began = clock_ms();
    bool hands_over = handover_is_due(from, to);
    mesh_status status = hands_over ? hold(move, from) : MESH_OK;
    if (status != MESH_OK)
        return status;
    if (hands_over)
        status = handover_run(from, to, move->config->config->start_timeout_ms, &move->err);
    if (status == MESH_OK)
        status = generation_serve(to, from, &move->err);
    if (hands_over) {
        mesh_child_release(from->client);
        move->held_ms = (uint32_t)(clock_ms() - began);
    }
    return status;
}

static bool nothing_has_changed(const struct generation *next)
{
    return !next->serves;
}

static enum move_verdict serve(struct move *move)
{
    claims_wait(move->claims, &move->claim);
    mesh_status status = take_over(move, move->serving, move->next);
    if (!nothing_has_changed(move->next))
        return MOVE_SERVES;
    if (status != MESH_E_EXISTS)
        return MOVE_FAILED;
    explain_clash(move);
    return MOVE_CLASH;
}

/* Those that can be started only once take turns: see exclusive.h. */
static bool must_take_turns(const struct move *move)
{
    return move->serving &&
           ((move->next->entry.plugin.flags | move->serving->entry.plugin.flags) & MESH_PLUGIN_EXCLUSIVE);
}

static enum move_verdict bring_up(struct move *move)
{
    auto_image struct image *image = NULL;
    enum move_verdict verdict = read_file(move, &image);
    if (verdict == MOVE_SERVES)
        verdict = load(move, &image);
    if (verdict == MOVE_SERVES && must_take_turns(move))
        return exclusive_replace(move);
    if (verdict == MOVE_SERVES)
        verdict = start(move);
    if (verdict == MOVE_SERVES)
        verdict = serve(move);
    return verdict;
}

/* Nothing is loaded and nothing started: what is warm has been there all the time. */
static enum move_verdict go_back(struct move *move)
{
    take_over(move, move->serving, move->warm);
    return nothing_has_changed(move->warm) ? MOVE_FAILED : MOVE_BACK;
}

static enum move_verdict leave(struct move *move)
{
    generation_leave(move->serving, &move->err);
    return MOVE_LEFT;
}

void move_run(struct job *job)
{
    struct move *move = (struct move *)job;
    uint64_t began = clock_ms();
    switch (move->deed) {
    case MOVE_UP:
        move->verdict = bring_up(move);
        claims_leave(move->claims, &move->claim);
        break;
    case MOVE_AWAY:
        move->verdict = leave(move);
        break;
    case MOVE_BACKWARDS:
        move->verdict = go_back(move);
        break;
    }
    move->took_ms = (uint32_t)(clock_ms() - began);
}
