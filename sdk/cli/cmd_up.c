/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh up: a local mesh of one's own. */
#include <agentmesh/local.h>

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/notify.h"
#include "command.h"
#include "print.h"
#include "signals.h"

static bool tell_where(const mesh_local *local)
{
    char line[128];
    int len = snprintf(line, sizeof(line), "NATS listening on %s (pid %d)\n", mesh_local_url(local),
                       (int)mesh_local_pid(local));
    if (!print_result(line, (size_t)len))
        return false;
    print_talk("Wrote .oam-url");
    return true;
}

static int refused(mesh_error *err)
{
    print_talk("Error: %s", mesh_error_text(err));
    mesh_error_clear(err);
    return EXIT_FAILED;
}

/* This program is the monitor too. NULL: its path cannot be told. */
static const char *own_path(char *path, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", path, size - 1);
    if (len <= 0)
        return NULL;
    path[len] = '\0';
    return path;
}

/* Until somebody wants it to end (EXIT_DONE), or it ends by itself. */
static int wait_for_end(const mesh_local *local, int signals)
{
    if (signals_wait(signals, mesh_local_fd(local)))
        return EXIT_DONE;
    print_talk("Error: the local server (pid %d) ended by itself; what it said is in server.log in its folder",
               (int)mesh_local_pid(local));
    return EXIT_FAILED;
}

/* What its health monitor does, while we stay. */
static void on_event(void *data, const mesh_event *event)
{
    (void)data;
    if (event->level >= MESH_LOG_INFO)
        print_talk("%s", event->text);
}

/* The local server is there for everybody now. */
static int serve(const mesh_local *local, const struct notify *notify, int signals)
{
    mesh_error err = MESH_ERROR_INIT;
    if (notify_ready(notify, mesh_local_url(local), &err) != MESH_OK)
        print_talk("Warning: %s", mesh_error_text(&err));
    mesh_error_clear(&err);
    int code = wait_for_end(local, signals);
    notify_stopping(notify, NULL);
    return code;
}

static int stay(const mesh_local_options *options)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_local *local = NULL;
    struct notify notify;
    auto_fd int signals = signals_catch(); /* before the first thread, as is the next line */
    if (notify_open(&notify, &err) != MESH_OK)
        print_talk("Warning: %s", mesh_error_text(&err));
    mesh_error_clear(&err);
    if (mesh_local_start(options, &local, &err) != MESH_OK) {
        notify_close(&notify);
        return refused(&err);
    }
    int code = tell_where(local) ? serve(local, &notify, signals) : EXIT_FAILED;
    mesh_local_stop(local);
    notify_close(&notify);
    return code;
}

static int leave_behind(const mesh_local_options *options)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_local *local = NULL;
    if (mesh_local_start(options, &local, &err) != MESH_OK)
        return refused(&err);
    int code = tell_where(local) ? EXIT_DONE : EXIT_FAILED;
    mesh_local_stop(local);
    return code;
}

static int run(const struct arguments *arguments)
{
    mesh_local_options options = MESH_LOCAL_OPTIONS_INIT;
    char path[PATH_MAX];
    options.port = arguments->port;
    options.store = arguments->store;
    options.monitor = own_path(path, sizeof(path));
    options.on_event = on_event;
    options.flags = MESH_LOCAL_MARK | (arguments->foreground ? MESH_LOCAL_OWN : MESH_LOCAL_DETACH);
    return arguments->foreground ? stay(&options) : leave_behind(&options);
}

static const struct option options[] = {
    { "--port", 'p', OPTION_PORT, "PORT", "where to listen on 127.0.0.1; 4222 if not given", OPTION_AT(port) },
    { "--foreground", 'f', OPTION_FLAG, NULL, "stay, and end the server on Ctrl-C", OPTION_AT(foreground) },
    OPTION_STORE,
    OPTION_END,
};

const struct command command_up = {
    .name = "up",
    .operands = "",
    .summary = "Start a local mesh: a nats-server with JetStream on this machine",
    .about = "It runs until 'agentmesh down', and .oam-url in the working directory leads programs to it.\n"
             "A health monitor runs beside it, which takes agents off the mesh whose host has died.\n",
    .options = options,
    .run = run,
};
