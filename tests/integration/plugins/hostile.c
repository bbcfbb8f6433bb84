/* SPDX-License-Identifier: Apache-2.0 */
/* Does one thing that no plugin should do: IN_CONSTRUCTOR, IN_START or IN_STOP, what DEED says. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <agentmesh/plugin.h>

static mesh_status hostile_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answerf(request, err, "{}");
}

static const mesh_agent hostile = MESH_RESPONDER("hostile", "Does what it should not.", hostile_call, "{}", "{}");

#ifdef IN_CONSTRUCTOR
__attribute__((constructor)) static void construct(void)
{
    DEED;
}
#endif

static void *thread_main(void *closure)
{
    pause();
    return closure;
}

__attribute__((unused)) static void leave_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_main, NULL) == 0)
        pthread_detach(thread);
}

static void on_signal(int number)
{
    (void)number;
}

__attribute__((unused)) static void leave_handler(void)
{
    signal(SIGUSR1, on_signal);
}

static mesh_status start(mesh_client *client, void **ret_state, mesh_error *err)
{
    (void)client;
    (void)ret_state;
    (void)err;
#ifdef IN_START
    DEED;
#endif
    return MESH_OK;
}

static void stop(mesh_client *client, void *state)
{
    (void)client;
    (void)state;
#ifdef IN_STOP
    DEED;
#endif
}

MESH_PLUGIN_WITH("1.0.0", start, stop, &hostile);
