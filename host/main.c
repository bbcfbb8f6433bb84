/* SPDX-License-Identifier: Apache-2.0 */
/* agentmeshd: loads agents from a folder of plugins and serves them on the mesh. The story of a run. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "author/ask.h"
#include "author/inspect.h"
#include "author/run.h"
#include "base/cleanup.h"
#include "daemon.h"
#include "log.h"
#include "plugin/crash.h"
#include "plugin/record.h"
#include "plugin/rehearsal.h"
#include "plugin/trial.h"

enum { EXIT_USAGE = 2, EXIT_CONFIG = 78 };

/* What made the last host end is not loaded again, if there is anything else. */
static void blame(const struct state *state, const struct crash *crash)
{
    struct record record;
    char reason[320];
    mesh_error err = MESH_ERROR_INIT;
    snprintf(reason, sizeof(reason), "%s ended the host%s%s", crash->what,
             crash->agent[0] ? ", in a handler of agent " : "", crash->agent);
    record_read(state->records, crash->plugin, &record, NULL);
    bool is_aside = record_crashed(&record, crash->hash, reason, (int64_t)time(NULL));
    log_event(MESH_LOG_ERROR, "a plugin ended the last host", "plugin", crash->plugin, "what", crash->what, "agent",
              crash->agent, "sha256", crash->hash, "now",
              is_aside ? "this version is set aside" : "it is tried again, there is no other version", NULL);
    if (record_write(state->records, crash->plugin, &record, &err) != MESH_OK)
        log_event(MESH_LOG_ERROR, "the state folder cannot be written", "reason", mesh_error_text(&err), NULL);
    mesh_error_clear(&err);
    record_clear(&record);
}

static mesh_status look_back(const struct state *state, mesh_error *err)
{
    struct crash crash;
    bool has_crashed = crash_read(state->folder, &crash);
    if (has_crashed && crash.plugin[0])
        blame(state, &crash);
    else if (has_crashed)
        log_event(MESH_LOG_ERROR, "the last host ended by itself, and no plugin is to blame", "what", crash.what, NULL);
    record_tidy(state->records);
    return crash_begin(state->folder, err);
}

static mesh_status serve(const struct arguments *arguments, struct config *config, const struct notify *notify,
                         mesh_error *err)
{
    auto_state struct state *state = NULL;
    auto_place struct place *place = NULL;
    auto_daemon struct daemon *daemon = NULL;
    auto_config struct config *unused = config;

    mesh_status status = state_open(config->state, &state, err);
    if (status == MESH_OK)
        status = look_back(state, err);
    if (status == MESH_OK)
        status = place_open(config, arguments->local, &place, err);
    if (status == MESH_OK)
        status = daemon_new(arguments, take(&unused), state, place, notify, &daemon, err);
    if (status == MESH_OK)
        status = daemon_run(daemon, err);
    crash_end();
    if (status == MESH_E_TIMEOUT)
        _exit(EXIT_SUCCESS); /* threads that did not end may still use all of it */
    return status;
}

/* The allocator would have eight arenas for each processor, and keep in each what generations gave back, for the
 * threads of the next one use others. All messages pass one connection, so that one arena is no narrower. */
static void share_memory(void)
{
    if (!getenv("MALLOC_ARENA_MAX"))
        mallopt(M_ARENA_MAX, 1);
}

/* From a configuration that is right to the end. */
static int run(const struct arguments *arguments, struct config *config)
{
    mesh_error err = MESH_ERROR_INIT;
    struct notify notify;
    share_memory();         /* before the first thread, as is the next */
    daemon_block_signals(); /* which every thread inherits */
    if (config->only)
        run_begin();
    log_set_level((int32_t)config->log_level);
    if (notify_open(&notify, &err) != MESH_OK)
        log_event(MESH_LOG_WARN, "the service manager is not told anything", "reason", mesh_error_text(&err), NULL);
    mesh_error_clear(&err);

    log_event(MESH_LOG_INFO, "agentmeshd begins", "version", mesh_version(), "config", config->path, "state",
              config->state, NULL);
    mesh_status status = serve(arguments, config, &notify, &err);
    if (status != MESH_OK)
        log_event(MESH_LOG_ERROR, "agentmeshd cannot go on", "reason", mesh_error_text(&err), NULL);
    mesh_error_clear(&err);
    notify_close(&notify);
    return status == MESH_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int read_config(const struct arguments *arguments, struct config **ret_config)
{
    auto_config_report struct config_report report;
    config_report_init(&report);
    mesh_status status = arguments_config(arguments, ret_config, &report);
    for (size_t i = 0; i < report.count; i++)
        fprintf(stderr, "agentmeshd: %s\n", report.lines[i]);
    return status == MESH_OK ? EXIT_SUCCESS : status == MESH_E_NO_MEMORY ? EXIT_FAILURE : EXIT_CONFIG;
}

static int serve_or_check(const struct arguments *arguments)
{
    auto_config struct config *config = NULL;
    int code = read_config(arguments, &config);
    if (code != EXIT_SUCCESS || arguments->deed == DEED_CHECK)
        return code;
    return run(arguments, take(&config));
}

int main(int argc, char **argv)
{
    auto_arguments struct arguments arguments;
    signal(SIGCHLD, SIG_DFL); /* where who started us ignores it, nobody would be told how a child has ended */
    arguments_read(argc, argv, &arguments);
    switch (arguments.deed) {
    case DEED_INSPECT:
        return inspect(&arguments);
    case DEED_TRY:
        trial_main(arguments.trial_path);
    case DEED_REHEARSE:
        rehearsal_main(arguments.trial_path);
    case DEED_PRINT_CONFIG:
        config_write_template(stdout);
        return EXIT_SUCCESS;
    case DEED_PRINT_MANUAL:
        config_write_manual(stdout);
        return EXIT_SUCCESS;
    case DEED_VERSION:
        printf("agentmeshd %s\n", mesh_version());
        return EXIT_SUCCESS;
    case DEED_HELP:
        arguments_help();
        return EXIT_SUCCESS;
    case DEED_REFUSE:
        return EXIT_USAGE;
    case DEED_RUN:
        return run_main(&arguments);
    case DEED_ASK:
        return ask_main(&arguments);
    case DEED_CHECK:
    case DEED_SERVE:
        break;
    }
    return serve_or_check(&arguments);
}
