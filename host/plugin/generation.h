/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A generation: one loaded copy of a plugin, with a place on the mesh of its own. Its life is open, start, register,
 * serve, end, in this order; it may be ended after each. One thread at a time, but where it says otherwise.
 *
 * Code of the plugin runs only on threads that bear the generation's name: those of its client and of its steps. That
 * is how a thread is told that the plugin left behind.
 */
#ifndef PLUGIN_GENERATION_H
#define PLUGIN_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include <agentmesh/client.h>

#include "config_ref.h"
#include "plugin/entry.h"
#include "plugin/image.h"

enum { GENERATION_NAME_SIZE = 65 };

struct generation {
    unsigned number;                 /* counts all generations of this process */
    char *plugin;                    /* the plugin's name */
    char name[GENERATION_NAME_SIZE]; /* "g7.echo": of its client and, cut short, its threads */
    struct image *image;
    void *handle;
    struct entry entry;
    struct config_ref *config;      /* by which it was prepared; NULL before */
    mesh_client *client;            /* from start on */
    struct generation_start *start; /* what its start said; NULL: not called */
    struct handover_call *late;     /* a save or restore that has not come back; NULL: none */
    bool serves;                    /* its agents are on the mesh */
};

enum { GENERATION_PIN_SIZE = 160 };

/*
 * Load a copy, which has passed its trial. [step]
 *
 * image  taken
 */
mesh_status generation_open(const char *plugin, struct image *image, struct generation **ret_generation,
                            mesh_error *err);

/* Why it will not leave memory when it ends; NULL: it should. */
const char *generation_stays_because(const struct generation *generation);

/*
 * Give it a place on the mesh, with the settings and limits of a configuration. [step]
 *
 * MESH_E_INVALID_ARGUMENT  the configuration gives it what it does not understand
 */
mesh_status generation_prepare(struct generation *generation, mesh_client *mesh, struct config_ref *config,
                               mesh_error *err);

/*
 * Let it get ready, after generation_prepare(). [step]
 *
 * MESH_E_TIMEOUT  it is still at it; generation_end() waits for it
 * anything else   what the plugin said
 */
mesh_status generation_start(struct generation *generation, uint32_t timeout_ms, mesh_error *err);

/* Add the agents that it lists. [step] MESH_E_INVALID_ARGUMENT: one of them contradicts itself or mesh.ini. */
mesh_status generation_register(struct generation *generation, mesh_error *err);

/*
 * Take the place of another (NULL: there is none). [step]
 *
 * MESH_E_EXISTS  another plugin has one of the names; nothing has changed. Details tell agent and owner.
 * MESH_E_NO_MEMORY, MESH_E_STOPPED  nothing has changed
 * anything else  it serves; announcing it has failed and is tried again
 */
mesh_status generation_serve(struct generation *generation, struct generation *old, mesh_error *err);

/* Call its stop now, before its end. It has nothing in hand and is held; nothing else of it is called any more. [step]
 */
void generation_stop(struct generation *generation, uint32_t timeout_ms);

/* What its start has returned, for its other entries. [after generation_start()] */
void *generation_state(const struct generation *generation);

/* Take no more requests. [step] Failures: it has left; announcing it has failed. */
mesh_status generation_leave(struct generation *generation, mesh_error *err);

/*
 * Leave the mesh if it serves, finish what is in hand, stop, unload, free. Says in the log what holds it up, and how it
 * ended. Blocks for as long as something of it runs: nothing is pulled away from under running code. [step]
 *
 * phase    set to what it is at, for people, as it goes on; texts that live for ever
 * ret_pin  why it is still in memory; "" if it is not
 */
void generation_end(struct generation *generation, uint32_t drain_timeout_ms, uint32_t stop_timeout_ms,
                    _Atomic(const char *) *phase, char ret_pin[GENERATION_PIN_SIZE]);

/* "echo" of "g7.echo": the plugin behind a client's name; the name itself if it is no generation's. */
const char *generation_plugin_of(const char *name);

#endif
