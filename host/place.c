/* SPDX-License-Identifier: Apache-2.0 */
/* The host's place on the mesh. */
#include "place.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "log.h"
#include "plugin/generation.h"

enum { LOOK_AGAIN_MS = 5 };

static void cleanup_location(mesh_location **slot)
{
    mesh_location_free(*slot);
}

#define auto_location __attribute__((cleanup(cleanup_location)))

/* [any-thread] */
static void log_what_happened(void *data, const mesh_event *event)
{
    (void)data;
    log_event(event->level, event->text, "agent", event->agent, "plugin", generation_plugin_of(event->source), NULL);
}

/* ---- the client ---- */

static mesh_client_options options_for(const struct config *config, const char *url)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.url = url;
    options.credentials = config->credentials;
    options.tls_ca = config->tls_ca;
    options.tls_cert = config->tls_cert;
    options.tls_key = config->tls_key;
    options.on_event = log_what_happened;
    options.connect_timeout_ms = config->connect_timeout_ms;
    options.call_timeout_ms = config->call_timeout_ms;
    options.stream_timeout_ms = config->stream_timeout_ms;
    options.handler_timeout_ms = config->handler_timeout_ms;
    options.chunk_timeout_ms = config->chunk_timeout_ms;
    options.drain_timeout_ms = config->drain_timeout_ms;
    options.queue = config->queue;
    options.workers = config->workers;
    options.workers_total = config->workers_total;
    options.flags = MESH_CLIENT_KEEP_TRYING;
    if (config->error_detail == CONFIG_DETAIL_CODE)
        options.flags |= MESH_CLIENT_HIDE_ERRORS;
    if (config->check_output)
        options.flags |= MESH_CLIENT_CHECK_OUTPUT;
    return options;
}

/* The client connects by itself. A server that is there is waited for: then an agent that serves is one that answers.
 */
static void wait_for_server(const mesh_client *client, uint32_t timeout_ms)
{
    uint64_t deadline = clock_deadline(timeout_ms);
    while (!mesh_client_is_connected(client) && clock_left_ms(deadline) > 0)
        poll(NULL, 0, LOOK_AGAIN_MS);
}

static mesh_status join(struct place *place, const struct config *config, const char *url, const char *origin,
                        mesh_error *err)
{
    mesh_client_options options = options_for(config, url);
    mesh_status status = mesh_client_open(&options, &place->client, err);
    if (status != MESH_OK)
        return status;
    log_event(MESH_LOG_INFO, "joining the mesh", "url", mesh_client_url(place->client), "from", origin, NULL);
    wait_for_server(place->client, config->connect_timeout_ms);
    return MESH_OK;
}

/* ---- the local server ---- */

/* Whether a server answers there now: a file may tell of one that is long gone. */
static bool answers(const struct config *config, const char *url)
{
    mesh_client *client = NULL;
    mesh_client_options options = options_for(config, url);
    options.on_event = NULL;
    options.flags = 0;
    if (mesh_client_open(&options, &client, NULL) != MESH_OK)
        return false;
    mesh_client_close(client);
    return true;
}

/* The URL of a local server that runs, as other programs of ours find it; NULL: none is told of. */
static mesh_location *find_running(const struct config *config)
{
    auto_location mesh_location *location = NULL;
    if (mesh_location_find(NULL, &location, NULL) != MESH_OK)
        return NULL;
    const char *slash = strrchr(mesh_location_origin(location), '/');
    bool is_local = slash && strcmp(slash, "/oam-url") == 0;
    if (!is_local || !answers(config, mesh_location_url(location)))
        return NULL;
    return take(&location);
}

static mesh_status start_server(struct place *place, const struct config *config, bool own, mesh_error *err)
{
    place->local_store = config->local_store ? strdup(config->local_store) : NULL;
    if (config->local_store && !place->local_store)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    place->local_options = (mesh_local_options)MESH_LOCAL_OPTIONS_INIT;
    place->local_options.store = place->local_store;
    place->local_options.port = config->local_port;
    place->local_options.flags = own ? MESH_LOCAL_FLOAT | MESH_LOCAL_MARK : 0;
    place->local_options.on_event = log_what_happened; /* to hosts that died */
    return mesh_local_start(&place->local_options, &place->local, err);
}

static mesh_status join_local(struct place *place, const struct config *config, bool own, mesh_error *err)
{
    auto_location mesh_location *running = own ? NULL : find_running(config);
    if (running)
        return join(place, config, mesh_location_url(running), mesh_location_origin(running), err);
    mesh_status status = start_server(place, config, own, err);
    if (status != MESH_OK)
        return mesh_error_prefix(err, status, "no local server could be started");
    return join(place, config, mesh_local_url(place->local), "our local server", err);
}

/* Clients know the port by now: it does not float any more. */
static void keep_port(struct place *place)
{
    unsigned port;
    if (place->local && sscanf(mesh_local_url(place->local), "nats://127.0.0.1:%5u", &port) == 1)
        place->local_options.port = port;
    place->local_options.flags &= ~(uint32_t)MESH_LOCAL_FLOAT;
}

mesh_status place_restart_server(struct place *place, mesh_error *err)
{
    keep_port(place);
    place->local = mesh_local_stop(place->local);
    return mesh_local_start(&place->local_options, &place->local, err);
}

/* ---- open, close ---- */

mesh_status place_open(const struct config *config, bool own, struct place **ret_place, mesh_error *err)
{
    auto_place struct place *place = calloc(1, sizeof(*place));
    auto_location mesh_location *location = NULL;
    if (!place)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    mesh_status status;
    if (own || config->local)
        status = join_local(place, config, own, err);
    else if (config->url)
        status = join(place, config, config->url, config->path, err);
    else if ((status = mesh_location_find(NULL, &location, err)) == MESH_OK)
        status = join(place, config, mesh_location_url(location), mesh_location_origin(location), err);
    if (status == MESH_OK)
        *ret_place = take(&place);
    return status;
}

void place_leave(struct place *place)
{
    place->client = mesh_client_close(place->client);
    place->local = mesh_local_stop(place->local);
}

struct place *place_close(struct place *place)
{
    if (place) {
        place_leave(place);
        free(place->local_store);
        free(place);
    }
    return NULL;
}
