/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh monitor: the health monitor of a mesh, in the foreground. */
#include <agentmesh/local.h>

#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "command.h"
#include "print.h"
#include "signals.h"

static bool print_line(const char *format, ...) MESH_PRINTF(1, 2);

static bool print_line(const char *format, ...)
{
    char line[1100];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    return print_result(line, len < (int)sizeof(line) ? (size_t)len : sizeof(line) - 1);
}

/* From any thread. What it does is the result, what goes wrong is talk. */
static void on_event(void *data, const mesh_event *event)
{
    (void)data;
    if (event->level >= MESH_LOG_WARN)
        print_talk("%s", event->text);
    else if (event->level >= MESH_LOG_INFO)
        print_line("%s\n", event->text);
}

/* Where a system account is said, that mesh is watched; else the local server. */
static mesh_status start(const struct arguments *arguments, mesh_location **ret_location, mesh_monitor **ret_monitor,
                         mesh_error *err)
{
    mesh_monitor_options options = MESH_MONITOR_OPTIONS_INIT;
    bool is_local = !arguments->sys_url && !arguments->sys_creds;
    options.on_event = on_event;
    options.store = arguments->store;
    options.flags = is_local ? MESH_MONITOR_LOCAL : 0;
    options.credentials = arguments->creds;
    options.sys_url = arguments->sys_url;
    options.sys_credentials = arguments->sys_creds;
    if (!is_local) {
        mesh_status status = mesh_location_find(arguments->url, ret_location, err);
        if (status != MESH_OK)
            return status;
        options.url = mesh_location_url(*ret_location);
    }
    return mesh_monitor_start(&options, ret_monitor, err);
}

static int misused(const char *text)
{
    print_talk("%s", text);
    print_talk("Try: agentmesh monitor --help");
    return EXIT_MISUSED;
}

static int watch(const mesh_monitor *monitor, int signals)
{
    if (!print_line("Health monitor watching %s (Ctrl-C to stop)\n", mesh_monitor_url(monitor)))
        return EXIT_FAILED;
    if (!signals_wait(signals, mesh_monitor_fd(monitor)))
        print_line("The local server has ended, and the monitor with it\n");
    return EXIT_DONE;
}

static int run(const struct arguments *arguments)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_location *location = NULL;
    mesh_monitor *monitor = NULL;
    bool is_remote = arguments->sys_url || arguments->sys_creds;
    if (is_remote && arguments->store)
        return misused("--store is for the local server, --sys-url and --sys-creds are for another one");
    if (!is_remote && (arguments->url || arguments->creds))
        return misused("--url and --creds want --sys-url or --sys-creds beside them, for the system account");

    auto_fd int signals = signals_catch();
    mesh_status status = start(arguments, &location, &monitor, &err);
    int code = status == MESH_OK ? watch(monitor, signals) : EXIT_FAILED;
    if (status != MESH_OK)
        print_talk("Error: %s", mesh_error_text(&err));
    mesh_monitor_stop(monitor);
    mesh_location_free(location);
    mesh_error_clear(&err);
    return code;
}

static const struct option options[] = {
    OPTION_URL,
    OPTION_CREDS,
    { "--sys-url", 0, OPTION_TEXT, "URL", "the same mesh as a user of the system account", OPTION_AT(sys_url) },
    { "--sys-creds", 0, OPTION_TEXT, "FILE", "credentials of the system account", OPTION_AT(sys_creds) },
    OPTION_STORE,
    OPTION_END,
};

const struct command command_monitor = {
    .name = "monitor",
    .operands = "",
    .summary = "Take agents off the mesh whose host has died",
    .about = "Without --sys-url and --sys-creds it watches the local mesh, beside which 'agentmesh up' starts one "
             "already.\n",
    .options = options,
    .run = run,
};
