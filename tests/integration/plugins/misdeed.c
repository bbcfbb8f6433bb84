/* SPDX-License-Identifier: Apache-2.0 */
/* A responder "misdeed" that answers VERSION and does what no plugin should, DEED: IN_CONSTRUCTOR, IN_START, IN_STOP,
 * or IN_HANDLER where its input says "now": true. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <agentmesh/plugin.h>

#ifndef VERSION
#define VERSION "1"
#endif
#ifndef DEED
#define DEED
#endif
#define MAYBE_UNUSED __attribute__((unused))

MAYBE_UNUSED static __thread char storage[4 << 20]; /* there for a thread once it is touched */

/* ---- deeds ---- */

MAYBE_UNUSED static void hang(void)
{
    for (;;)
        pause();
}

MAYBE_UNUSED static void crash(void)
{
    *(volatile int *)8 = 1;
}

/* Until the stack is full. */
MAYBE_UNUSED static int overflow(int depth)
{
    volatile char room[4096];
    room[0] = (char)depth;
    return depth < 0 ? 0 : overflow(depth + 1) + room[0];
}

static void *thread_main(void *closure)
{
    hang();
    return closure;
}

MAYBE_UNUSED static void leave_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_main, NULL) == 0)
        pthread_detach(thread);
}

static void on_thread_end(void *value)
{
    free(value);
}

/* It is never deleted, and its destructor is ours. */
MAYBE_UNUSED static void leave_key(void)
{
    pthread_key_t key;
    if (pthread_key_create(&key, on_thread_end) == 0)
        pthread_setspecific(key, strdup("left behind"));
}

static void on_signal(int number)
{
    (void)number;
}

MAYBE_UNUSED static void leave_signal_handlers(void)
{
    static const int numbers[] = { SIGSEGV, SIGABRT, SIGUSR1, SIGUSR2 };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        signal(numbers[i], on_signal);
}

/* A process that stays for a while, with all that it has inherited but the log. */
MAYBE_UNUSED static void fork_and_stay(void)
{
    if (fork() == 0) {
        sigset_t none;
        for (int fd = 0; fd <= 2; fd++)
            close(fd);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL); /* the alarm is to be heard: worker threads block it */
        alarm(30);
        hang();
    }
}

MAYBE_UNUSED static void fork_and_exit(void)
{
    if (fork() == 0)
        exit(0);
}

MAYBE_UNUSED static void close_descriptors(void)
{
    for (int fd = 3; fd <= 64; fd++)
        close(fd);
}

MAYBE_UNUSED static void take_storage(void)
{
    memset(storage, 1, sizeof(storage));
}

/* The process that only tries a plugin has hardly any descriptors. */
MAYBE_UNUSED static int is_tried(void)
{
    return fcntl(4, F_GETFD) < 0 && fcntl(5, F_GETFD) < 0;
}

#define UNLESS_TRIED(deed) (is_tried() ? (void)0 : (deed))

/* ---- the plugin ---- */

static mesh_status misdeed_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
#ifdef IN_HANDLER
    if (mesh_request_bool(request, "now", 0)) {
        DEED;
    }
#endif
    return mesh_request_answerf(request, err, "{\"version\": %s}", mesh_quote(request, VERSION));
}

#ifdef IN_CONSTRUCTOR
__attribute__((constructor)) static void construct(void)
{
    DEED;
}
#endif

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

static const mesh_agent misdeed = MESH_RESPONDER("misdeed", "Does what it should not.", misdeed_call, "{}", "{}");

MESH_PLUGIN_WITH(VERSION, start, stop, &misdeed);
