/* SPDX-License-Identifier: Apache-2.0 */
/* A process of ours for one file. */
#include "plugin/trial_process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* What is to be heard goes here; what constructors print goes to the same pipe. */
enum { REPORT_FD = 3 };

/* ---- inside the process ---- */

static void limit(int resource, rlim_t value)
{
    struct rlimit limits = { value, value };
    setrlimit(resource, &limits);
}

void trial_process_limit(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NOFILE, 64);
    limit(RLIMIT_CPU, 60);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    limit(RLIMIT_AS, (rlim_t)8 << 30); /* sanitizers reserve far more */
#endif
}

void trial_process_say(const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t written = write(REPORT_FD, text, left);
        if (written <= 0)
            break;
        text += written;
        left -= (size_t)written;
    }
}

/* ---- on the side of who wants to know ---- */

struct trial {
    pid_t pid;
    int pipe;  /* what it says */
    int pidfd; /* readable when it has ended; -1 where the kernel has none */
};

static mesh_status cannot_start(mesh_error *err, int reason)
{
    return mesh_error_set(err, MESH_E_SYSTEM, "a trial load cannot be started: %s", strerror(reason));
}

static int spawn(const char *program, const char *option, const char *path, int pipe_end, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    char *argv[] = { (char *)"agentmeshd", (char *)option, (char *)path, NULL };
    sigemptyset(&none);
    sigfillset(&all);
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }

    failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
                     posix_spawn_file_actions_adddup2(&actions, pipe_end, STDOUT_FILENO) ||
                     posix_spawn_file_actions_adddup2(&actions, pipe_end, STDERR_FILENO) ||
                     posix_spawn_file_actions_adddup2(&actions, pipe_end, REPORT_FD) ||
                     posix_spawn_file_actions_addclosefrom_np(&actions, REPORT_FD + 1) ||
                     posix_spawnattr_setsigmask(&attributes, &none) ||
                     posix_spawnattr_setsigdefault(&attributes, &all) || posix_spawnattr_setpgroup(&attributes, 0) ||
                     posix_spawnattr_setflags(&attributes,
                                              POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP)
                 ? ENOMEM
                 : posix_spawn(ret_pid, program, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static mesh_status trial_start(const char *program, const char *option, const char *path, struct trial *trial,
                               mesh_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cannot_start(err, errno);
    int failed = spawn(program ? program : "/proc/self/exe", option, path, ends[1], &trial->pid);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return cannot_start(err, failed);
    }
    trial->pipe = ends[0];
    trial->pidfd = (int)syscall(SYS_pidfd_open, trial->pid, 0);
    fcntl(trial->pipe, F_SETFL, O_NONBLOCK);
    return MESH_OK;
}

/* All that is told is text: a NUL that foreign code prints must not hide what comes after it. */
static void keep(struct buf *output, char *chunk, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (chunk[i] == '\0')
            chunk[i] = ' ';
    buf_append(output, chunk, len);
}

/* Read what there is. False: nothing more will come. */
static bool read_some(struct trial *trial, struct buf *output)
{
    char chunk[4096];
    for (;;) {
        ssize_t got = read(trial->pipe, chunk, sizeof(chunk));
        if (got > 0)
            keep(output, chunk, (size_t)got);
        else
            return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
}

/* Until it has ended, or its time is over. A process of its own making may keep the pipe open: that does not hold us.
 */
static bool trial_wait(struct trial *trial, uint64_t deadline, struct buf *output)
{
    for (bool open = true; open;) {
        struct pollfd fds[] = { { trial->pipe, POLLIN, 0 }, { trial->pidfd, POLLIN, 0 } };
        uint32_t left = clock_left_ms(deadline);
        if (left == 0)
            return false;
        if (poll(fds, 2, left > INT32_MAX ? INT32_MAX : (int)left) < 0 && errno != EINTR)
            return false;
        open = read_some(trial, output) && !(fds[1].revents & POLLIN);
    }
    return true;
}

/* Its descendants end with it. Returns how it ended itself, as waitpid() tells. */
static int trial_end(struct trial *trial, bool in_time)
{
    siginfo_t info;
    /* One whose pipe is closed is about to end by itself: do not take that from it. */
    if (in_time && trial->pidfd >= 0) {
        struct pollfd fd = { trial->pidfd, POLLIN, 0 };
        poll(&fd, 1, 1000);
    }
    kill(-trial->pid, SIGKILL);
    while (waitid(P_PID, (id_t)trial->pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        continue;
    kill(-trial->pid, SIGKILL);
    int ended = 0;
    while (waitpid(trial->pid, &ended, 0) < 0 && errno == EINTR)
        continue;
    close(trial->pipe);
    if (trial->pidfd >= 0)
        close(trial->pidfd);
    return ended;
}

mesh_status trial_process_run(const char *program, const char *option, const char *path, uint32_t timeout_ms,
                              struct buf *output, int *ret_ended, mesh_error *err)
{
    struct trial trial;
    mesh_status status = trial_start(program, option, path, &trial, err);
    if (status != MESH_OK)
        return status;
    bool in_time = trial_wait(&trial, clock_deadline(timeout_ms), output);
    *ret_ended = trial_end(&trial, in_time);
    if (in_time)
        return MESH_OK;
    return mesh_error_set(err, MESH_E_TIMEOUT,
                          "its trial load did not end within %" PRIu32 " ms: a constructor waits for something; do "
                          "that in start",
                          timeout_ms);
}

bool trial_process_is_well(int ended)
{
    return WIFEXITED(ended) && WEXITSTATUS(ended) == EXIT_SUCCESS;
}

/* The last line of what a constructor or the loader said before the end. */
static const char *last_words(struct buf *output)
{
    while (output->len > 0 && output->data[output->len - 1] == '\n')
        buf_truncate(output, output->len - 1);
    const char *text = buf_text(output);
    const char *newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

const char *trial_process_tell_end(int ended, struct buf *output, char ret_how[TRIAL_HOW_SIZE])
{
    if (WIFSIGNALED(ended))
        snprintf(ret_how, TRIAL_HOW_SIZE, "crashed (%s)", strsignal(WTERMSIG(ended)));
    else
        snprintf(ret_how, TRIAL_HOW_SIZE, "ended the process (exit status %d)", WEXITSTATUS(ended));
    return last_words(output);
}
