/* SPDX-License-Identifier: Apache-2.0 */
/* `agentmesh run`. */
#include "author/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <agentmesh/local.h>

#include "author/scratch.h"
#include "author/wording.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "log.h"
#include "plugin/crash.h"
#include "plugin/survey.h"
#include "print.h"

enum {
    SHORT_LIFE_MS = 2000, /* a child that ended sooner has hardly served */
    SHORT_LIVES_MAX = 5,  /* so many of them one after the other, and it is hopeless */
    ARGUMENTS_MAX = 24,
    PORT_SIZE = 16,
    BURIAL_MS = 1000,
    CODE_SIGNAL = 128
};

extern char **environ;

/* What runs, and what it runs in. */
struct run {
    const struct arguments *arguments;
    char *folder; /* for the state and the server's files */
    char *state;
    mesh_local *local; /* NULL: there is no server, the child is a mesh of its own */
    int signals;       /* signalfd */
    int buried;        /* eventfd: the mesh has been told that agents have died */
    pid_t child;
    uint64_t began_ms; /* the child */
    unsigned short_lives;
    bool is_ending; /* somebody wants it to */
};

#define auto_run __attribute__((cleanup(run_clear)))

static void run_clear(struct run *run)
{
    if (run->signals >= 0)
        close(run->signals);
    run->local = mesh_local_stop(run->local); /* its monitor uses buried */
    if (run->buried >= 0)
        close(run->buried);
    free(run->state);
    run->folder = scratch_remove(run->folder);
}

static int failed(mesh_error *err)
{
    print_talk("Error: %s", mesh_error_text(err));
    mesh_error_clear(err);
    return EXIT_FAILURE;
}

/* ---- the child ---- */

static void fill_arguments(const struct run *run, const char **argv, char timeout[PORT_SIZE])
{
    const struct arguments *arguments = run->arguments;
    size_t count = 0;
    snprintf(timeout, PORT_SIZE, "%u", (unsigned)arguments->timeout_ms);
    const struct {
        const char *option, *value;
    } pairs[] = {
        { "--run", arguments->run_path },
        { "--url", run->local ? mesh_local_url(run->local) : "memory:" },
        { "--state", run->state },
        { "--config", arguments->config_path },
        { "--log-level", arguments->log_level_name },
        { "--input", arguments->input },
        { "--agent", arguments->agent },
        { "--timeout", arguments->timeout_ms > 0 ? timeout : NULL },
    };
    argv[count++] = "agentmeshd";
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (!pairs[i].value)
            continue;
        argv[count++] = pairs[i].option;
        argv[count++] = pairs[i].value;
    }
    if (arguments->json)
        argv[count++] = "--json";
    argv[count] = NULL;
}

/* A group of its own keeps Ctrl-C from it: we pass on what is meant for it, once. One that reads the terminal has to
 * stay in ours. */
static int spawn(struct run *run, const char *const *argv)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (run->arguments->input ? 0 : POSIX_SPAWN_SETPGROUP);
    sigemptyset(&none);
    sigfillset(&all);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    int failure = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1) ||
                          posix_spawnattr_setsigmask(&attributes, &none) ||
                          posix_spawnattr_setsigdefault(&attributes, &all) ||
                          posix_spawnattr_setpgroup(&attributes, 0) || posix_spawnattr_setflags(&attributes, flags)
                      ? ENOMEM
                      : posix_spawn(&run->child, "/proc/self/exe", &actions, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

static mesh_status start_child(struct run *run, mesh_error *err)
{
    const char *argv[ARGUMENTS_MAX];
    char timeout[PORT_SIZE];
    eventfd_t earlier;
    eventfd_read(run->buried, &earlier); /* burials so far are of children before this one */
    fill_arguments(run, argv, timeout);
    int failure = spawn(run, argv);
    if (failure != 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot start a process: %s", strerror(failure));
    run->began_ms = clock_ms();
    return MESH_OK;
}

void run_begin(void)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN); /* who went away without reading the answer is no crash */
    log_set_form(LOG_FORM_SHORT);
    log_set_wording(wording_for_authors);
}

/* ---- waiting for it ---- */

/* True: it has ended, as waitpid() tells. */
static bool child_has_ended(const struct run *run, int *ret_ended)
{
    return waitpid(run->child, ret_ended, WNOHANG) == run->child;
}

/* True: it has ended. */
static bool take_signals(struct run *run, int *ret_ended)
{
    struct signalfd_siginfo info;
    while (read(run->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            continue;
        run->is_ending = true;
        kill(run->child, run->arguments->input ? (int)info.ssi_signo : SIGTERM);
    }
    return child_has_ended(run, ret_ended);
}

/* The end of the server is the end of the mesh. */
static void server_has_ended(struct run *run)
{
    print_talk("Error: the local server has ended by itself");
    run->local = mesh_local_stop(run->local);
    kill(run->child, SIGTERM);
}

/* Until the child ends; how, as waitpid() tells. */
static int wait_for_child(struct run *run)
{
    int ended = 0;
    for (;;) {
        struct pollfd fds[] = { { run->signals, POLLIN, 0 },
                                { run->local ? mesh_local_fd(run->local) : -1, POLLIN, 0 } };
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents)
            server_has_ended(run);
        if (fds[0].revents && take_signals(run, &ended))
            return ended;
    }
}

/* exit() in a plugin is a crash too: only what ends in order takes its record away. */
static bool has_crashed(const struct run *run, int ended)
{
    auto_free char *record = path_join(run->state, "crash");
    return WIFSIGNALED(ended) || (record && file_is_regular(record));
}

/* ---- answering once ---- */

static int code_of(int ended)
{
    return WIFSIGNALED(ended) ? CODE_SIGNAL + WTERMSIG(ended) : WEXITSTATUS(ended);
}

/* By the record that it left, if it could leave one. */
static const char *how_it_ended(const struct crash *crash, int ended)
{
    if (crash->what[0])
        return strcmp(crash->what, "exit") == 0 ? "it called exit()" : crash->what;
    return WIFSIGNALED(ended) ? strsignal(WTERMSIG(ended)) : "its process ended";
}

static int ask(struct run *run)
{
    mesh_error err = MESH_ERROR_INIT;
    struct crash crash;
    if (start_child(run, &err) != MESH_OK)
        return failed(&err);
    int ended = wait_for_child(run), code = code_of(ended);
    if (!has_crashed(run, ended) || run->is_ending)
        return code;
    crash_read(run->state, &crash);
    print_talk("Error: the plugin crashed%s%s%s: %s", crash.agent[0] ? " in a handler of agent '" : "", crash.agent,
               crash.agent[0] ? "'" : "", how_it_ended(&crash, ended));
    return code == EXIT_SUCCESS ? EXIT_FAILURE : code; /* _exit(0) */
}

/* ---- serving ---- */

/* What the health monitor says. [any-thread] */
static void on_event(void *data, const mesh_event *event)
{
    const struct run *run = data;
    if (event->agent)
        eventfd_write(run->buried, 1);
    else if (event->level >= MESH_LOG_WARN)
        print_talk("%s", event->text);
}

/* Whoever waits for an answer of the one that crashed is told only if it is seen to be gone: one that is back too soon
 * is taken for the same. Where it served nothing, nobody is told. */
static void wait_for_burial(struct run *run)
{
    struct pollfd fd = { run->buried, POLLIN, 0 };
    eventfd_t count;
    if (poll(&fd, 1, BURIAL_MS) == 1)
        eventfd_read(run->buried, &count);
}

static mesh_status start_server(struct run *run, mesh_error *err)
{
    auto_free char *store = path_join(run->folder, "server");
    mesh_local_options options = MESH_LOCAL_OPTIONS_INIT;
    if (!store)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    options.store = store;
    options.port = run->arguments->port;
    options.flags = MESH_LOCAL_MARK | (options.port == 0 ? MESH_LOCAL_FLOAT : 0);
    options.on_event = on_event;
    options.on_event_data = run;
    return mesh_local_start(&options, &run->local, err);
}

static bool announce(const struct run *run)
{
    char line[512];
    int len = snprintf(line, sizeof(line),
                       "A mesh of its own is at %s; .oam-url in this folder leads there.\n"
                       "Each build of '%s' is loaded. Ctrl-C ends it.\n",
                       mesh_local_url(run->local), run->arguments->run_path);
    return print_result(line, len < (int)sizeof(line) ? (size_t)len : sizeof(line) - 1);
}

/* A child that ends has either done what it should, told why it cannot, or crashed. */
static bool goes_on(struct run *run, int ended)
{
    if (run->is_ending || !run->local || !has_crashed(run, ended))
        return false;
    run->short_lives = clock_ms() - run->began_ms < SHORT_LIFE_MS ? run->short_lives + 1 : 0;
    if (run->short_lives == SHORT_LIVES_MAX) {
        print_talk("Error: it crashes again and again before it serves");
        return false;
    }
    /* Where it was and what is done about that build is told by the next child, which reads the record. */
    print_talk("The plugin crashed (%s); starting again.",
               WIFSIGNALED(ended) ? strsignal(WTERMSIG(ended)) : "its process ended");
    wait_for_burial(run);
    return true;
}

static int serve(struct run *run)
{
    mesh_error err = MESH_ERROR_INIT;
    int ended = 0;
    if (start_server(run, &err) != MESH_OK)
        return failed(&err);
    if (!announce(run))
        return EXIT_FAILURE;
    do {
        if (start_child(run, &err) != MESH_OK)
            return failed(&err);
        ended = wait_for_child(run);
    } while (goes_on(run, ended));
    return run->is_ending || (ended == 0 && run->local) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the whole ---- */

static bool file_will_do(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct stat found;
    if (survey_ignores(slash ? slash + 1 : path)) {
        print_talk("Error: '%s' is no plugin by its name, which ends in .so", path);
        return false;
    }
    if (stat(path, &found) != 0) {
        print_talk("Error: cannot find '%s': %s%s", path, strerror(errno), errno == ENOENT ? "; build it first" : "");
        return false;
    }
    return true;
}

/* From now on they wait to be read, in all threads. */
static int catch_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int run_main(const struct arguments *arguments)
{
    auto_run struct run run = { .arguments = arguments,
                                .signals = -1,
                                .buried = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    mesh_error err = MESH_ERROR_INIT;
    if (!file_will_do(arguments->run_path))
        return EXIT_FAILURE;
    run.signals = catch_signals();
    mesh_status status = scratch_new(&run.folder, &err);
    if (status == MESH_OK && !(run.state = path_join(run.folder, "state")))
        status = mesh_error_set(&err, MESH_E_NO_MEMORY, "out of memory");
    if (status == MESH_OK && (run.signals < 0 || run.buried < 0))
        status = mesh_error_set(&err, MESH_E_SYSTEM, "cannot hear signals: %s", strerror(errno));
    if (status != MESH_OK)
        return failed(&err);
    return arguments->input ? ask(&run) : serve(&run);
}
