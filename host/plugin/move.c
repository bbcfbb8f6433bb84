/* SPDX-License-Identifier: Apache-2.0 */
/* A move. */
#include "plugin/move.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

struct move *move_new(const char *plugin, const char *path)
{
    struct move *move = calloc(1, sizeof(*move));
    if (!move)
        return NULL;
    move->job.run = move_run;
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
    return is_known(move, move->hash) ? MOVE_SAME : MOVE_SERVES;
}

/* Load it, once nothing speaks against it. */
static enum move_verdict load(struct move *move, struct image **image)
{
    const struct config *config = move->config->config;
    mesh_status status = image_check(*image, mesh_version(), &move->err);
    if (status == MESH_OK)
        status = trials_pass(move->trials, *image, config->start_timeout_ms, &move->err);
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
    mesh_status status = generation_start(move->next, move->mesh, config, &move->err);
    if (status != MESH_OK)
        return status == MESH_E_TIMEOUT ? MOVE_REFUSED : MOVE_FAILED;
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

static enum move_verdict serve(struct move *move)
{
    claims_wait(move->claims, &move->claim);
    mesh_status status = generation_serve(move->next, move->serving, &move->err);
    if (status == MESH_E_NO_MEMORY || status == MESH_E_STOPPED)
        return MOVE_FAILED;
    if (status != MESH_E_EXISTS)
        return MOVE_SERVES;
    explain_clash(move);
    return MOVE_CLASH;
}

static enum move_verdict bring_up(struct move *move)
{
    auto_image struct image *image = NULL;
    enum move_verdict verdict = read_file(move, &image);
    if (verdict == MOVE_SERVES)
        verdict = load(move, &image);
    if (verdict == MOVE_SERVES)
        verdict = start(move);
    if (verdict == MOVE_SERVES)
        verdict = serve(move);
    return verdict;
}

void move_run(struct job *job)
{
    struct move *move = (struct move *)job;
    uint64_t began = clock_ms();
    if (move->path) {
        move->verdict = bring_up(move);
        claims_leave(move->claims, &move->claim);
    } else {
        generation_leave(move->serving, &move->err);
        move->verdict = MOVE_LEFT;
    }
    move->took_ms = (uint32_t)(clock_ms() - began);
}
