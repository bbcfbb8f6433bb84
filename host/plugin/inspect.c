/* SPDX-License-Identifier: Apache-2.0 */
/* The trial load. */
#include "plugin/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "plugin/entry.h"
#include "plugin/loader.h"

/* The verdict goes here; what constructors print goes to the same pipe before it. */
enum { VERDICT_FD = 3, MAX_OUTPUT = 1 << 16 };

/* "MARK yes LIBRARY-ID\n" and paths, or "MARK no STATUS\n" and the reason. */
#define MARK "\nagentmesh-verdict: "

/* ---- inside the process ---- */

static void limit(int resource, rlim_t value)
{
    struct rlimit limits = { value, value };
    setrlimit(resource, &limits);
}

/* Room for any plugin, and not much more; none for files, core dumps, or outliving the host. */
static void set_limits(void)
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

static int write_library(struct dl_phdr_info *info, size_t size, void *verdict)
{
    (void)size;
    if (info->dlpi_name[0] == '/')
        buf_printf(verdict, "%s\n", info->dlpi_name);
    return 0;
}

static void write_verdict(const char *path, struct buf *verdict)
{
    mesh_error err = MESH_ERROR_INIT;
    struct entry entry;
    void *handle;
    mesh_status status = loader_open(path, &handle, &err);
    if (status == MESH_OK)
        status = entry_load(handle, &entry, &err);
    if (status == MESH_OK) {
        char id[ELF_BUILD_ID_SIZE];
        loader_build_id((const void *)(uintptr_t)mesh_version, id);
        buf_printf(verdict, MARK "yes %s\n", id);
        dl_iterate_phdr(write_library, verdict);
    } else {
        buf_printf(verdict, MARK "no %" PRId32 "\n%s", status, mesh_error_text(&err));
    }
}

_Noreturn void inspect_main(const char *path)
{
    struct buf verdict;
    buf_init(&verdict, MAX_OUTPUT);
    set_limits();
    write_verdict(path, &verdict);
    const char *at = buf_text(&verdict);
    for (size_t left = strlen(at); left > 0;) {
        ssize_t written = write(VERDICT_FD, at, left);
        if (written <= 0)
            break;
        at += written;
        left -= (size_t)written;
    }
    /* No destructor runs: a plugin's must not be able to change the answer, or to hang. */
    _exit(EXIT_SUCCESS);
}

/* ---- on the host's side ---- */

struct trial {
    pid_t pid;
    int pipe;  /* what it says */
    int pidfd; /* readable when it has ended; -1 where the kernel has none */
};

static mesh_status cannot_start(mesh_error *err, int reason)
{
    return mesh_error_set(err, MESH_E_SYSTEM, "a trial load cannot be started: %s", strerror(reason));
}

static int spawn(const char *program, const char *path, int pipe_end, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    char *argv[] = { (char *)"agentmeshd", (char *)"--inspect", (char *)path, NULL };
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
                     posix_spawn_file_actions_adddup2(&actions, pipe_end, VERDICT_FD) ||
                     posix_spawn_file_actions_addclosefrom_np(&actions, VERDICT_FD + 1) ||
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

static mesh_status trial_start(const char *program, const char *path, struct trial *trial, mesh_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cannot_start(err, errno);
    int failed = spawn(program ? program : "/proc/self/exe", path, ends[1], &trial->pid);
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

/* Read what there is. False: nothing more will come. */
static bool read_some(struct trial *trial, struct buf *output)
{
    char chunk[4096];
    for (;;) {
        ssize_t got = read(trial->pipe, chunk, sizeof(chunk));
        if (got > 0)
            buf_append(output, chunk, (size_t)got);
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

/* The last line of what a constructor or the loader said before the end. */
static const char *last_words(struct buf *output)
{
    while (output->len > 0 && output->data[output->len - 1] == '\n')
        buf_truncate(output, output->len - 1);
    const char *text = buf_text(output);
    const char *newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

static mesh_status ended_badly(int ended, struct buf *output, mesh_error *err)
{
    char how[64];
    if (WIFSIGNALED(ended))
        snprintf(how, sizeof(how), "crashed (%s)", strsignal(WTERMSIG(ended)));
    else
        snprintf(how, sizeof(how), "ended the process (exit status %d)", WEXITSTATUS(ended));
    const char *words = last_words(output);
    return mesh_error_set(err, MESH_E_AGENT_DIED,
                          "its trial load %s: the file is damaged, or a constructor does more than touch its own "
                          "memory%s%s",
                          how, *words ? "; it said: " : "", words);
}

static mesh_status read_verdict(const char *verdict, struct inspection *ret_inspection, mesh_error *err)
{
    int status, skipped = 0;
    if (sscanf(verdict, "no %d%n", &status, &skipped) == 1 && status != MESH_OK)
        return mesh_error_set_text(err, status, verdict + skipped + (verdict[skipped] == '\n'));
    struct inspection inspection = { .library_id = "" };
    sscanf(verdict, "yes %64[0-9a-f]", inspection.library_id);
    const char *newline = strchr(verdict, '\n');
    inspection.libraries = strdup(newline ? newline + 1 : "");
    if (!inspection.libraries)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    *ret_inspection = inspection;
    return MESH_OK;
}

void inspection_clear(struct inspection *inspection)
{
    free(inspection->libraries);
    *inspection = (struct inspection){ .libraries = NULL };
}

mesh_status inspect_file(const char *program, const char *path, uint32_t timeout_ms, struct inspection *ret_inspection,
                         mesh_error *err)
{
    auto_buf struct buf output;
    buf_init(&output, 2 * MAX_OUTPUT);
    struct trial trial;
    mesh_status status = trial_start(program, path, &trial, err);
    if (status != MESH_OK)
        return status;

    bool in_time = trial_wait(&trial, clock_deadline(timeout_ms), &output);
    int ended = trial_end(&trial, in_time);
    if (!in_time)
        return mesh_error_set(err, MESH_E_TIMEOUT,
                              "its trial load did not end within %" PRIu32 " ms: a constructor waits for something; do "
                              "that in start",
                              timeout_ms);
    const char *verdict = strstr(buf_text(&output), MARK);
    if (!verdict || !WIFEXITED(ended) || WEXITSTATUS(ended) != EXIT_SUCCESS)
        return ended_badly(ended, &output, err);
    return read_verdict(verdict + strlen(MARK), ret_inspection, err);
}
