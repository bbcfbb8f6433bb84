/* SPDX-License-Identifier: Apache-2.0 */
/* An agentmeshd under test. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "folder.h"
#include "suite.h"

enum { LOG_MAX = 64 << 20, PATIENCE_MS = 20000, END_MS = 60000, MAX_ARGUMENTS = 16 };

/* Lines are collected by a thread of its own. */
struct host_log {
    int pipe;
    pthread_t reader;
    pthread_mutex_t lock;
    pthread_cond_t grown;
    struct buf text;
    size_t mark;
    bool ended;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "host: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- the log ---- */

static void *read_log(void *closure)
{
    struct host_log *log = closure;
    char chunk[4096];
    bool aloud = getenv("HOST_VERBOSE");
    for (ssize_t got; (got = read(log->pipe, chunk, sizeof(chunk))) > 0;) {
        if (aloud)
            fprintf(stderr, "%.*s", (int)got, chunk);
        pthread_mutex_lock(&log->lock);
        buf_append(&log->text, chunk, (size_t)got);
        pthread_cond_broadcast(&log->grown);
        pthread_mutex_unlock(&log->lock);
    }
    pthread_mutex_lock(&log->lock);
    log->ended = true;
    pthread_cond_broadcast(&log->grown);
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

static struct host_log *log_open(int pipe)
{
    struct host_log *log = calloc(1, sizeof(*log));
    if (!log || !clock_cond_init(&log->grown))
        die("log");
    pthread_mutex_init(&log->lock, NULL);
    buf_init(&log->text, LOG_MAX);
    log->pipe = pipe;
    if (pthread_create(&log->reader, NULL, read_log, log) != 0)
        die("thread");
    return log;
}

static void log_close(struct host_log *log)
{
    if (!log)
        return;
    pthread_join(log->reader, NULL);
    close(log->pipe);
    buf_clear(&log->text);
    pthread_cond_destroy(&log->grown);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

static bool line_has(const char *line, size_t len, const char *words)
{
    return !words || memmem(line, len, words, strlen(words));
}

/* Under the lock. */
static bool log_has(const struct host_log *log, const char *words, const char *more)
{
    for (const char *line = buf_text(&log->text) + log->mark; *line;) {
        size_t len = strcspn(line, "\n");
        if (line[len] == '\n' && line_has(line, len, words) && line_has(line, len, more))
            return true;
        line += len + (line[len] == '\n');
    }
    return false;
}

static bool log_wait(struct host_log *log, const char *words, const char *more, uint64_t deadline)
{
    pthread_mutex_lock(&log->lock);
    bool found;
    while (!(found = log_has(log, words, more)) && !log->ended && clock_left_ms(deadline) > 0)
        clock_cond_wait(&log->grown, &log->lock, deadline);
    if (!found && clock_left_ms(deadline) == 0)
        fprintf(stderr, "host: it did not say \"%s\" \"%s\" but:\n%s\n", words ? words : "", more ? more : "",
                buf_text(&log->text) + log->mark);
    pthread_mutex_unlock(&log->lock);
    return found;
}

bool host_says(struct host *host, const char *words, const char *more)
{
    return log_wait(host->log, words, more, clock_deadline(PATIENCE_MS));
}

bool host_said(struct host *host, const char *words, const char *more)
{
    pthread_mutex_lock(&host->log->lock);
    bool found = log_has(host->log, words, more);
    pthread_mutex_unlock(&host->log->lock);
    return found;
}

void host_mark(struct host *host)
{
    pthread_mutex_lock(&host->log->lock);
    host->log->mark = host->log->text.len;
    pthread_mutex_unlock(&host->log->lock);
}

/* ---- start ---- */

void host_configure(struct host *host, const char *url, const char *ini)
{
    auto_buf struct buf text;
    buf_init(&text, 1 << 20);
    if (url)
        buf_printf(&text, "[mesh]\nurl = %s\n", url);
    buf_printf(&text, "[host]\nplugins = %s\nstate = %s\ncontrol = %s\n", host->plugins, host->state, host->control);
    if (!strstr(ini, "probation"))
        buf_puts(&text, "probation = 0s\n");
    buf_printf(&text, "%s\n", ini);
    folder_write(host->folder, "mesh.ini", buf_text(&text));
}

struct host *host_new(const char *url, const char *ini)
{
    struct host *host = calloc(1, sizeof(*host));
    if (!host)
        die("memory");
    host->folder = folder_new();
    host->plugins = folder_path(host->folder, "plugins");
    host->state = folder_path(host->folder, "state");
    host->config = folder_path(host->folder, "mesh.ini");
    host->control = folder_path(host->folder, "control");
    if (mkdir(host->plugins, 0755) != 0)
        die(host->plugins);
    host_configure(host, url, ini);
    return host;
}

static _Noreturn void become_host(const struct host *host, const char *const *argv, int log_fd)
{
    sigset_t none;
    sigemptyset(&none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (host->prepare && !host->prepare(host))
        _exit(77);
    dup2(log_fd, STDOUT_FILENO);
    dup2(log_fd, STDERR_FILENO);
    execv(argv[0], (char *const *)argv);
    _exit(127);
}

void host_spawn(struct host *host, const char *const *arguments)
{
    const char *argv[MAX_ARGUMENTS] = { getenv("AGENTMESHD"), "--config", host->config, "--log-level", "debug" };
    int ends[2];
    if (!argv[0] || pipe2(ends, O_CLOEXEC) != 0)
        die("AGENTMESHD is not set, or no pipe");
    for (size_t i = 0; arguments && arguments[i] && i + 6 < MAX_ARGUMENTS; i++)
        argv[i + 5] = arguments[i];
    log_close(host->log);
    host->pid = fork();
    if (host->pid < 0)
        die("fork");
    if (host->pid == 0)
        become_host(host, argv, ends[1]);
    close(ends[1]);
    host->log = log_open(ends[0]);
}

void host_start(struct host *host, const char *const *arguments)
{
    host_spawn(host, arguments);
    if (!host_says(host, " ready ", NULL)) {
        fprintf(stderr, "host: it does not start:\n%s\n", buf_text(&host->log->text));
        exit(1);
    }
}

/* ---- end ---- */

void host_signal(const struct host *host, int number)
{
    kill(host->pid, number);
}

static bool has_ended(struct host_log *log, uint64_t deadline)
{
    pthread_mutex_lock(&log->lock);
    while (!log->ended && clock_left_ms(deadline) > 0)
        clock_cond_wait(&log->grown, &log->lock, deadline);
    bool ended = log->ended;
    pthread_mutex_unlock(&log->lock);
    return ended;
}

/* Its log ends with it. */
int host_wait(struct host *host)
{
    int status = 0;
    if (!has_ended(host->log, clock_deadline(END_MS))) {
        fprintf(stderr, "host: it does not end:\n%s\n", buf_text(&host->log->text));
        kill(host->pid, SIGKILL);
    }
    if (waitpid(host->pid, &status, 0) != host->pid)
        die("wait");
    host->pid = 0;
    if (strstr(buf_text(&host->log->text), "Sanitizer"))
        fprintf(stderr, "host: it was found to be wrong:\n%s\n", buf_text(&host->log->text));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static struct host *end_with(struct host *host, int number)
{
    if (!host)
        return NULL;
    if (host->pid > 0) {
        host_signal(host, number);
        expect_int(host_wait(host), number == SIGTERM ? 0 : 128 + number);
    }
    log_close(host->log);
    free(host->plugins);
    free(host->state);
    free(host->config);
    free(host->control);
    folder_remove(host->folder);
    free(host);
    return NULL;
}

struct host *host_free(struct host *host)
{
    return end_with(host, SIGTERM);
}

struct host *host_kill(struct host *host)
{
    return end_with(host, SIGKILL);
}
