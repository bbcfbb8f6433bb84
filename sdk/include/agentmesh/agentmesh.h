/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agentmesh.h includes all that a program or a plugin needs of libagentmesh. This is how the parts fit together; each
 * header then says the details of its own part.
 *
 * What a mesh is
 *
 *   A mesh is a NATS server and the agents that are on it. An agent is a service with a name ("nlp.summarizer"), a
 *   description for people and language models, and JSON schemas of what it takes and gives. Whoever is on the mesh
 *   finds agents in the catalog and calls them by name, not knowing in which process, on which machine or in which
 *   language they run. Several processes may serve the same name; each request goes to one of them.
 *
 *   Three kinds of people use this library. A caller asks agents: call.h, stream.h, discover.h. An author writes
 *   agents: agent.h, and either a program that serves them or a plugin, plugin.h. An operator runs agentmeshd,
 *   which serves what lies in its plugins folder, and needs no line of C.
 *
 * A program that calls
 *
 *   #include <agentmesh/agentmesh.h>
 *   #include <stdio.h>
 *
 *   int main(void)
 *   {
 *       mesh_error err = MESH_ERROR_INIT;
 *       mesh_client *mesh = NULL;
 *       mesh_reply *reply = NULL;
 *
 *       mesh_status status = mesh_client_open(NULL, &mesh, &err);
 *       if (status == MESH_OK)
 *           status = mesh_call(mesh, "echo", mesh_text("{\"message\": \"hello\"}"), NULL, &reply, &err);
 *       if (status == MESH_OK)
 *           printf("%s\n", mesh_reply_body(reply).data);
 *       else
 *           fprintf(stderr, "ask: %s\n", mesh_error_text(&err));
 *
 *       mesh_reply_free(reply);
 *       mesh_client_close(mesh);
 *       mesh_error_clear(&err);
 *       return status == MESH_OK ? 0 : 1;
 *   }
 *
 *   It builds with: cc ask.c $(pkg-config --cflags --libs agentmesh). mesh_location_find() tells which server the
 *   command line and the host would join; its answer goes into the options.
 *
 *   With the url "memory:" in the options there is no server: the mesh is inside the program. That is how a handler is
 *   tested. A server of one's own, and the monitor that takes dead hosts off its mesh, are in local.h.
 *
 * A program that serves
 *
 *   static mesh_status echo_call(mesh_request *request, void *state, mesh_error *err)
 *   {
 *       const char *message = mesh_request_string(request, "message", "");
 *       return mesh_request_answerf(request, err, MESH_JSON({"reply": %s}), mesh_quotef(request, "Echo: %s", message));
 *   }
 *
 *   static const mesh_agent echo = MESH_RESPONDER("echo", "Echoes a message back.", echo_call,
 *       MESH_JSON({"type": "object", "properties": {"message": {"type": "string"}}}), "{}");
 *
 *   int main(void)
 *   {
 *       mesh_client *mesh = NULL;
 *       if (mesh_client_open(NULL, &mesh, NULL) == MESH_OK && mesh_register(mesh, &echo, NULL, NULL) == MESH_OK)
 *           mesh_run(mesh, NULL);
 *       mesh_client_close(mesh);
 *   }
 *
 *   mesh_run() waits for SIGINT or SIGTERM. The agent answers from mesh_register() on, in threads of the client's.
 *   A program with a loop of its own opens its client with MESH_CLIENT_DISPATCH, watches mesh_dispatch_fd(), and calls
 *   mesh_dispatch() when that is readable: handlers and callbacks then run in its own thread, one after the other.
 *
 * Agents of other shapes
 *
 *   What an agent is follows from what is filled in. One that has publish emits events to whoever listens; one that
 *   has run works by itself, once or every so often; one that has on_message handles what its sources bring, a
 *   subject or shared keys that change. active_when ties any of them to a gate, a key or a subject that tells whether it
 *   is active now. agent.h has a macro for each.
 *
 *   static mesh_status tick(mesh_emitter *emitter, void *state, mesh_error *err)
 *   {
 *       mesh_status status = MESH_OK;
 *       for (int n = 0; status == MESH_OK && mesh_emitter_wait(emitter, 1000) == MESH_STOP_NONE; n++)
 *           status = mesh_emitf(emitter, err, MESH_JSON({"tick": %d}), n);
 *       return status;
 *   }
 *
 *   static const mesh_agent ticker = MESH_PUBLISHER("ticker", "Ticks once a second.", tick, "{}");
 *
 * A plugin
 *
 *   The same handler and the same constant, and in the place of main():
 *
 *   MESH_PLUGIN("1.0.0", &echo);
 *
 *   Built with cc -shared -fPIC echo.c -o echo.so $(pkg-config --cflags --libs agentmesh), and moved into a
 *   plugins folder of agentmeshd, it is on the mesh; a newer file of that name takes over from it without losing
 *   a request; when the file is deleted, the agent leaves. `agentmesh run echo.so` serves it without a host or a server
 *   of one's own, and each build after it; `agentmesh new` writes a whole project. C++, Rust and Zig fill in the same structures; what
 *   has no macro there is written out, beginning with the size. Nothing leaves an entry but by return: exceptions
 *   and panics end inside.
 *
 * Who owns what
 *
 *   lent   good until the call returns, or as long as the comment says; copy it to keep it
 *   given  yours from now on; the comment names the function that ends it
 *   taken  the library's from now on if the call succeeds, still yours if it fails
 *
 *   A parameter ret_x gives something: it is always set on success and never touched on failure. What ends a thing
 *   accepts NULL and returns NULL: mesh = mesh_client_close(mesh). Nothing is freed on the other side of the library.
 *
 * Errors
 *
 *   A function that can fail returns a mesh_status, and fills the mesh_error that it was passed, or none if that
 *   is NULL. The status is for deciding, mesh_error_text() for people, mesh_error_code() is what other languages
 *   see. The library neither prints nor ends the process; what it has to say beside errors goes to on_event of
 *   the client's options.
 *
 * Threads
 *
 *   A mesh_client is for any number of threads. A mesh_reply, a mesh_stream and a mesh_error are for one at a time.
 *   Publishers and tasks have a thread each. A handler runs in a thread of its own and may block; each agent has one
 *   request at a time unless it asks for more (concurrency), and no agent waits for another. Tags in the comments say
 *   the rest; agent.h explains them.
 *
 * Requests and deadlines
 *
 *   A request belongs to its handler until that returns. mesh_request_ref() keeps it for longer, to be answered
 *   later and by any thread. The first answer counts; a request that nobody answered is answered by the library,
 *   so that no caller waits for nothing. Every request has a deadline. When it has passed the caller has been
 *   told, and what the handler still says is thrown away: a handler that works for long asks
 *   mesh_request_stopped() now and then. A call made on behalf of a request (mesh_call_options.request) ends with
 *   it.
 *
 *   Times are in milliseconds. 0 means "not said" everywhere: the default holds.
 *
 * Where to find what
 *
 *   client.h     join and leave a mesh, one server, several, or none ("memory:"); serve until asked to end, or from a
 *                loop of the program's own; children, which share a connection
 *   local.h      a server of one's own; the monitor, which takes hosts that have died off a mesh
 *   agent.h      agents of all shapes: register, answer, emit, and take off again while running
 *   call.h       ask for one answer, waiting for it, among thousands in flight, or not at all (mesh_call(),
 *                mesh_call_start(), mesh_send()); publish to a subject
 *   stream.h     answers in chunks; subscriptions to an agent's events, a channel or a subject
 *   message.h    what arrives without being asked for: in subscriptions, sources and watches
 *   discover.h   the catalog, asked for or known; contracts, as agent cards and as tools of language models
 *   store.h      what all members share: keys, changed only if nobody else did in between, and followed as they change;
 *                a workspace of objects of any size, which pass between members by name
 *   observe.h    log events: their levels, following them; what requests have used
 *   error.h      statuses and errors, with the names that they have on the wire
 *   schema.h     checking a value against a schema oneself
 *   plugin.h     what a plugin is, its settings, and what it hands over to the version after it
 *
 *   Not included here: testing.h, for tests of a plugin, which need no server; cjson.h, for those who work with trees of
 *   cJSON; serving.h, for hosts. Small whole programs, one for each thing to do, are in the folder examples of the sources.
 *
 * Versions
 *
 *   Every structure that is filled in begins with its own size, which the macros write, so that later versions
 *   can add fields. Functions are added, never taken away or given another meaning: what was built against one
 *   version runs with every later one. A plugin that needs a newer library than the host has is refused with that
 *   reason.
 */
#ifndef AGENTMESH_H
#define AGENTMESH_H

#include <agentmesh/agent.h>
#include <agentmesh/bytes.h>
#include <agentmesh/call.h>
#include <agentmesh/client.h>
#include <agentmesh/discover.h>
#include <agentmesh/error.h>
#include <agentmesh/local.h>
#include <agentmesh/message.h>
#include <agentmesh/observe.h>
#include <agentmesh/plugin.h>
#include <agentmesh/schema.h>
#include <agentmesh/store.h>
#include <agentmesh/stream.h>
#include <agentmesh/version.h>

#endif
