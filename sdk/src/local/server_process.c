/* SPDX-License-Identifier: Apache-2.0 */
#include "local/server_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/program.h"
#include "link/signals.h"

extern char **environ;

enum { END_KINDLY_MS = 5000, LOOK_AGAIN_MS = 10 };

/* ---- the program ---- */

mesh_status server_program_find(const char *wished, char **ret_path, mesh_error *err)
{
    char *path = NULL;
    if (wished && *wished) {
        if (!program_is_runnable(wished))
            return mesh_error_set(err, MESH_E_NOT_FOUND, "'%s' is not a program that can be run", wished);
        path = strdup(wished);
    } else {
        /* Debian installs it outside an ordinary user's PATH. */
        path = program_find("nats-server", "/usr/sbin:/usr/local/sbin");
        if (!path)
            return mesh_error_set(err, MESH_E_NOT_FOUND,
                                  "there is no nats-server in PATH, /usr/sbin or /usr/local/sbin: "
                                  "install the package 'nats-server'");
    }
    if (!path)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the local server");
    *ret_path = path;
    return MESH_OK;
}

/* ---- in the child: only what is safe between fork() and exec ---- */

/* Handlers go with exec by themselves, ignored signals and the mask would not. */
static void reset_signals(void)
{
    struct sigaction by_default = { .sa_handler = SIG_DFL };
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &by_default, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* 0: nothing to read, 1 and 2: the log, 3: the lock, 4: the gate until exec; nothing else of ours. *gate is where the
 * gate is by then, on failure too. */
static bool arrange_descriptors(int log_fd, int lock_fd, int *gate)
{
    enum { COUNT = 5, CLEAR_OF_TARGETS = 10 };
    int empty = open("/dev/null", O_RDONLY);
    const int wanted[COUNT] = { empty, log_fd, log_fd, lock_fd, *gate };
    int from[COUNT];
    for (int to = 0; to < COUNT; to++)
        if ((from[to] = fcntl(wanted[to], F_DUPFD, CLEAR_OF_TARGETS)) < 0)
            return false;
    *gate = from[4];
    for (int to = 0; to < COUNT; to++)
        if (dup2(from[to], to) < 0)
            return false;
    *gate = 4;
    closefrom(COUNT);
    return fcntl(4, F_SETFD, FD_CLOEXEC) == 0;
}

static _Noreturn void become_server(const struct server_launch *launch, int gate)
{
    char go;

    /* A session of its own: a Ctrl-C is for the program, which may still need its server to leave in order. */
    setsid();
    if (!launch->detached)
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* Had our parent died before prctl(), nobody would open the gate. */
    if (read(gate, &go, 1) != 1)
        _exit(127);
    reset_signals();
    umask(077);
    if (arrange_descriptors(launch->log_fd, launch->lock_fd, &gate) && chdir("/") == 0)
        execve(launch->program, launch->arguments, environ);

    int reason = errno;
    ssize_t told = write(gate, &reason, sizeof(reason));
    _exit(told == sizeof(reason) ? 126 : 127);
}

/* ---- launching ---- */

/* What a launch needs and gives. For a kept server: what the keeper's thread shares with the one that waits for it to
 * have forked. */
struct keeping {
    const struct server_launch *launch;
    int gate[2]; /* the server's end, ours */
    pid_t pid;   /* or -1 with reason */
    int reason;
    sem_t forked;
};

/*
 * fork() and not posix_spawn(): only the child itself can ask to be ended with its parent. Every signal waits
 * meanwhile, for our handlers must not run in the child.
 */
static pid_t fork_server(const struct server_launch *launch, int gate, int our_end)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        close(our_end); /* or the gate would never be seen to close */
        become_server(launch, gate);
    }
    int reason = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return pid;
}

static void *keep(void *data)
{
    struct keeping *keeping = data;
    pid_t pid = fork_server(keeping->launch, keeping->gate[0], keeping->gate[1]);
    keeping->pid = pid;
    keeping->reason = errno;
    sem_post(&keeping->forked); /* from here on *keeping is gone */

    siginfo_t end;
    while (pid > 0 && waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    return NULL;
}

/* A thread without signals: they are for the program's own threads. */
static int start_keeper(struct keeping *keeping, pthread_t *ret_keeper)
{
    sigset_t before;
    signals_block(&before);
    int reason = pthread_create(ret_keeper, NULL, keep, keeping);
    signals_restore(&before);
    return reason;
}

/* Returns 0, or the reason it failed. */
static int launch_kept(struct keeping *keeping, struct server_process *process)
{
    sem_init(&keeping->forked, 0, 0);
    int reason = start_keeper(keeping, &process->keeper);
    if (reason == 0) {
        while (sem_wait(&keeping->forked) < 0 && errno == EINTR)
            ;
        process->is_kept = keeping->pid > 0;
        reason = keeping->pid > 0 ? 0 : keeping->reason;
        if (!process->is_kept)
            pthread_join(process->keeper, NULL);
    }
    sem_destroy(&keeping->forked);
    return reason;
}

static int launch_detached(struct keeping *keeping)
{
    keeping->pid = fork_server(keeping->launch, keeping->gate[0], keeping->gate[1]);
    return keeping->pid > 0 ? 0 : errno;
}

static int pidfd_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

mesh_status server_process_launch(const struct server_launch *launch, struct server_process *process, mesh_error *err)
{
    struct keeping keeping = { .launch = launch };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, keeping.gate) < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot launch '%s': %s", launch->program, strerror(errno));

    int reason = launch->detached ? launch_detached(&keeping) : launch_kept(&keeping, process);
    close(keeping.gate[0]);
    if (reason != 0) {
        close(keeping.gate[1]);
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot launch '%s': %s", launch->program, strerror(reason));
    }
    process->pid = keeping.pid;
    process->is_child = true;
    process->pidfd = pidfd_of(keeping.pid);
    process->gate = keeping.gate[1];
    return MESH_OK;
}

mesh_status server_process_let_go(struct server_process *process, mesh_error *err)
{
    auto_fd int gate = take_fd(&process->gate);
    int reason = 0;
    ssize_t got = -1;
    if (send(gate, "", 1, MSG_NOSIGNAL) == 1)
        while ((got = read(gate, &reason, sizeof(reason))) < 0 && errno == EINTR)
            ;
    if (got == 0)
        return MESH_OK; /* exec has closed it */
    return mesh_error_set(err, MESH_E_SYSTEM, "the program cannot be run: %s", strerror(got > 0 ? reason : errno));
}

/* ---- its life ---- */

void server_process_adopt(pid_t pid, struct server_process *process)
{
    *process = (struct server_process)SERVER_PROCESS_INIT;
    process->pid = pid;
    process->pidfd = pidfd_of(pid);
}

/* Fails for one that is not ours; then there is nobody to tell but kill(). */
static bool child_has_ended(pid_t pid, bool *ret_is_child)
{
    siginfo_t end = { 0 };
    *ret_is_child = waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0;
    return end.si_pid == pid;
}

bool server_process_has_ended(const struct server_process *process)
{
    struct pollfd ended = { .fd = process->pidfd, .events = POLLIN };
    if (process->pidfd >= 0)
        return poll(&ended, 1, 0) > 0;
    bool is_child;
    bool has_ended = child_has_ended(process->pid, &is_child);
    return is_child ? has_ended : kill(process->pid, 0) < 0 && errno == ESRCH;
}

bool server_process_wait(const struct server_process *process, uint32_t timeout_ms)
{
    uint64_t deadline = clock_deadline(timeout_ms);
    while (!server_process_has_ended(process)) {
        uint32_t left = clock_left_ms(deadline);
        if (left == 0)
            return false;
        struct pollfd ended = { .fd = process->pidfd, .events = POLLIN };
        if (process->pidfd < 0 && left > LOOK_AGAIN_MS)
            left = LOOK_AGAIN_MS;
        poll(&ended, 1, (int)left);
    }
    return true;
}

static void send_signal(const struct server_process *process, int signal)
{
    if (process->pidfd >= 0)
        syscall(SYS_pidfd_send_signal, process->pidfd, signal, NULL, 0);
    else
        kill(process->pid, signal);
}

static void clear(struct server_process *process)
{
    if (process->gate >= 0)
        close(process->gate);
    if (process->pidfd >= 0)
        close(process->pidfd);
    *process = (struct server_process)SERVER_PROCESS_INIT;
}

void server_process_end(struct server_process *process)
{
    if (process->pid <= 0)
        return;
    if (process->gate >= 0)
        close(take_fd(&process->gate)); /* one that was never let go hears no signal, but this */
    send_signal(process, SIGTERM);
    if (!server_process_wait(process, END_KINDLY_MS)) {
        send_signal(process, SIGKILL);
        server_process_wait(process, END_KINDLY_MS);
    }
    if (process->is_kept)
        pthread_join(process->keeper, NULL);
    /* Adopted ones may be our children too: a detached server that this same process started. */
    while (waitpid(process->pid, NULL, WNOHANG) < 0 && errno == EINTR)
        ;
    clear(process);
}

void server_process_leave(struct server_process *process)
{
    if (process->is_child)
        waitpid(process->pid, NULL, WNOHANG); /* it may have ended by now */
    clear(process);
}
