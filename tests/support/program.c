/* SPDX-License-Identifier: Apache-2.0 */
/* Programs under test. */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { OUTPUT_MAX = 64 << 20, END_MS = 60000 };

extern char **environ;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "program: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) < 0)
        die("pipe");
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(take_fd(fd));
}

/* ---- starting ---- */

static void redirect(posix_spawn_file_actions_t *actions, int from, int to)
{
    if (from < 0)
        posix_spawn_file_actions_addclose(actions, to);
    else
        posix_spawn_file_actions_adddup2(actions, from, to);
}

static pid_t spawn(const char *const *argv, int in_fd, int out_fd, int err_fd)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t pid;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    redirect(&actions, in_fd, STDIN_FILENO);
    redirect(&actions, out_fd, STDOUT_FILENO);
    redirect(&actions, err_fd, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    errno = posix_spawn(&pid, argv[0], &actions, &attributes, (char **)argv, environ);
    if (errno != 0)
        die(argv[0]);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return pid;
}

static int open_null(int flags)
{
    int fd = open("/dev/null", flags | O_CLOEXEC);
    if (fd < 0)
        die("/dev/null");
    return fd;
}

/* ---- ending ---- */

static int code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Its output has ended, or it was told to end: the rest is a matter of moments. */
static int reap(pid_t pid)
{
    int status = 0;
    for (uint64_t deadline = clock_deadline(END_MS); waitpid(pid, &status, WNOHANG) == 0; poll(NULL, 0, 5))
        if (clock_left_ms(deadline) == 0)
            kill(pid, SIGKILL);
    return code_of(status);
}

/* ---- talking ---- */

/* One step of whatever its pipes allow. False when nothing is left to do, or nothing happened for too long. */
static bool converse(struct pollfd pipes[3], const char **input, struct outcome *outcome)
{
    struct buf *const outputs[] = { NULL, &outcome->out, &outcome->err };
    if ((pipes[1].fd < 0 && pipes[2].fd < 0) || poll(pipes, 3, END_MS) <= 0)
        return false;
    if (pipes[0].revents) {
        ssize_t written = write(pipes[0].fd, *input, strlen(*input));
        *input += written > 0 ? written : 0;
        if (written < 0 || !**input)
            close_end(&pipes[0].fd);
    }
    for (int i = 1; i < 3; i++) {
        char piece[4096];
        ssize_t got = pipes[i].revents ? read(pipes[i].fd, piece, sizeof(piece)) : -1;
        if (got > 0)
            buf_append(outputs[i], piece, (size_t)got);
        if (got == 0)
            close_end(&pipes[i].fd);
    }
    return true;
}

void program_run(struct outcome *outcome, const char *input, const char *const *argv)
{
    int in[2] = { -1, -1 }, out[2], err[2];
    if (input)
        make_pipe(in);
    else
        in[0] = open_null(O_RDONLY);
    make_pipe(out);
    make_pipe(err);
    buf_init(&outcome->out, OUTPUT_MAX);
    buf_init(&outcome->err, OUTPUT_MAX);

    void (*pipe_handler)(int) = signal(SIGPIPE, SIG_IGN);
    pid_t pid = spawn(argv, in[0], out[1], err[1]);
    close_end(&in[0]);
    close_end(&out[1]);
    close_end(&err[1]);
    struct pollfd pipes[] = { { .fd = in[1], .events = POLLOUT },
                              { .fd = out[0], .events = POLLIN },
                              { .fd = err[0], .events = POLLIN } };
    while (converse(pipes, &input, outcome))
        ;
    for (int i = 0; i < 3; i++)
        close_end(&pipes[i].fd);
    outcome->code = reap(pid);
    signal(SIGPIPE, pipe_handler);
}

void outcome_clear(struct outcome *outcome)
{
    buf_clear(&outcome->out);
    buf_clear(&outcome->err);
}

int program_run_into(int out_fd, int err_fd, const char *const *argv)
{
    int null = open_null(O_RDONLY);
    pid_t pid = spawn(argv, null, out_fd, err_fd);
    close(null);
    return reap(pid);
}

/* ---- beside the test ---- */

void program_start(struct program *program, const char *const *argv)
{
    int out[2], null = open_null(O_RDONLY);
    make_pipe(out);
    program->pid = spawn(argv, null, out[1], STDERR_FILENO);
    program->out_fd = out[0];
    close(null);
    close(out[1]);
}

char *program_line(const struct program *program)
{
    auto_buf struct buf line;
    buf_init(&line, OUTPUT_MAX);
    for (;;) {
        struct pollfd ready = { .fd = program->out_fd, .events = POLLIN };
        char c;
        if (poll(&ready, 1, END_MS) <= 0 || read(program->out_fd, &c, 1) != 1)
            return NULL;
        if (c == '\n')
            return line.len > 0 ? buf_take(&line) : strdup("");
        buf_putc(&line, c);
    }
}

int program_stop(struct program *program, int signal)
{
    if (signal != 0)
        kill(program->pid, signal);
    int code = reap(program->pid);
    close(program->out_fd);
    return code;
}
