/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent "tally" that counts, and hands its count over. LOCK: only one copy of it can be started, it holds a lock on
 * that file. RESTORE_FAILS, SAVE_HANGS, START_FAILS do what they say. ASKS: it calls that agent when it starts, and
 * logs whether it hears of the end before or after its stop.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <agentmesh/agentmesh.h>

struct tally {
    long long count;
    int lock;
};

static void pause_ms(int64_t ms)
{
    const struct timespec pause = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
    nanosleep(&pause, NULL);
}

static mesh_status tally_call(mesh_request *request, void *state, mesh_error *err)
{
    struct tally *tally = state;
    int64_t ms = mesh_request_int(request, "sleep_ms", 0);
    tally->count++;
    if (ms > 0)
        mesh_log(mesh_request_client(request), MESH_LOG_INFO, "going to sleep");
    pause_ms(ms);
#ifdef FAIL
    return mesh_error_set(err, MESH_E_HANDLER_ERROR, "broken");
#endif
    return mesh_request_answerf(request, err, "{\"count\": %lld, \"version\": \"%s\"}", tally->count, VERSION);
}

static mesh_status take_lock(struct tally *tally, mesh_error *err)
{
#ifdef LOCK
    tally->lock = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (tally->lock < 0 || flock(tally->lock, LOCK_EX | LOCK_NB) != 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "the lock is taken: %s", strerror(errno));
#endif
    (void)tally;
    (void)err;
    return MESH_OK;
}

static bool has_stopped; /* outlives the state */

#ifdef ASKS
static void hear(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err)
{
    (void)status;
    (void)reply;
    (void)err;
    mesh_log(data, MESH_LOG_INFO, "its call has ended %s its stop", has_stopped ? "after" : "before");
}
#endif

static mesh_status ask(mesh_client *client, mesh_error *err)
{
#ifdef ASKS
    return mesh_call_start(client, ASKS, mesh_text("{}"), NULL, hear, client, err);
#endif
    (void)client;
    (void)err;
    return MESH_OK;
}

static mesh_status tally_start(mesh_client *client, void **ret_state, mesh_error *err)
{
    struct tally *tally = calloc(1, sizeof(*tally));
#ifdef START_FAILS
    free(tally);
    return mesh_error_set(err, MESH_E_SYSTEM, "it does not want to start");
#endif
    if (!tally)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory");
    tally->lock = -1;
    mesh_status status = take_lock(tally, err);
    if (status == MESH_OK)
        status = ask(client, err);
    if (status != MESH_OK) {
        free(tally);
        return status;
    }
    *ret_state = tally;
    return MESH_OK;
}

static void tally_stop(mesh_client *client, void *state)
{
    struct tally *tally = state;
    (void)client;
    has_stopped = true;
    if (tally->lock >= 0)
        close(tally->lock);
    free(tally);
}

static mesh_status tally_save(mesh_client *client, void *state, mesh_saved *saved, mesh_error *err)
{
    const struct tally *tally = state;
    char text[24];
    (void)client;
#ifdef SAVE_HANGS
    pause_ms(3000);
#endif
    snprintf(text, sizeof(text), "%lld", tally->count);
    return mesh_save(saved, mesh_text(text), err);
}

static mesh_status tally_restore(mesh_client *client, void *state, const char *version, mesh_bytes saved,
                                 mesh_error *err)
{
    struct tally *tally = state;
    (void)client;
    (void)version;
    (void)err;
#ifdef RESTORE_FAILS
    return mesh_error_set(err, MESH_E_DATA, "version %s saved %zu bytes too many", version, saved.len);
#endif
    tally->count = atoll(saved.data);
    return MESH_OK;
}

static const mesh_agent agent = MESH_RESPONDER("tally", "Counts.", tally_call, "{}", "{}");
static const mesh_agent *const agents[] = { &agent, NULL };

#ifdef LOCK
enum { FLAGS = MESH_PLUGIN_EXCLUSIVE };
#else
enum { FLAGS = 0 };
#endif

const mesh_plugin mesh_plugin_entry = { MESH_PLUGIN_MAGIC, MESH_PLUGIN_ABI, sizeof(mesh_plugin), MESH_VERSION, FLAGS,
                                        VERSION,           agents,          tally_start,         tally_stop,   NULL,
                                        tally_save,        tally_restore };
