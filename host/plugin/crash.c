/* SPDX-License-Identifier: Apache-2.0 */
/* The crash record. */
#include "plugin/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <agentmesh/serving.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "config.h"

enum { KNOWN_MAX = 4096, RECORD_MAX = 4096, STACK_SIZE = 32 << 10 };

static const struct {
    int number;
    const char *name;
} signals[] = {
    { SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" }, { SIGILL, "SIGILL" }, { SIGABRT, "SIGABRT" },
};

enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

static struct sigaction earlier[SIGNALS];

/* Read by the handler without a lock: an entry is complete while its number is set. */
struct known {
    atomic_uint generation; /* 0: free */
    char plugin[65], hash[IMAGE_HASH_SIZE];
};

static struct known known[KNOWN_MAX];
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER; /* for those who write */
static atomic_int record_fd = -1;                              /* -1: nothing is to be recorded, or all has been */
static char record_path[PATH_MAX];
static struct stat record_file; /* what record_fd was opened as */
static pid_t host;              /* not what a plugin has forked */

void crash_know(unsigned generation, const char *plugin, const char *hash)
{
    pthread_mutex_lock(&known_lock);
    for (size_t i = 0; i < KNOWN_MAX; i++) {
        if (atomic_load(&known[i].generation) != 0)
            continue;
        snprintf(known[i].plugin, sizeof(known[i].plugin), "%s", plugin);
        snprintf(known[i].hash, sizeof(known[i].hash), "%s", hash);
        atomic_store(&known[i].generation, generation);
        break;
    }
    pthread_mutex_unlock(&known_lock);
}

void crash_forget(unsigned generation)
{
    pthread_mutex_lock(&known_lock);
    for (size_t i = 0; i < KNOWN_MAX; i++) {
        if (atomic_load(&known[i].generation) == generation)
            atomic_store(&known[i].generation, 0);
    }
    pthread_mutex_unlock(&known_lock);
}

/* ---- writing: only what is safe in a signal handler ---- */

static void put(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0)
        return; /* there is nobody left to tell */
}

static void put_line(int fd, const char *name, const char *value)
{
    put(fd, name);
    put(fd, "=");
    put(fd, value);
    put(fd, "\n");
}

/* The generation whose code runs on this thread; 0: none's. */
static unsigned generation_here(void)
{
    char name[17] = "";
    unsigned number = 0;
    prctl(PR_GET_NAME, name, 0, 0, 0);
    if (name[0] != 'g')
        return 0;
    const char *at = name + 1;
    for (; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (unsigned)(*at - '0');
    return *at == '.' ? number : 0;
}

/* The record to write to; a plugin may have closed it, and its number may be anything by now. */
static int reopened(int fd)
{
    struct stat now;
    if (fstat(fd, &now) == 0 && now.st_dev == record_file.st_dev && now.st_ino == record_file.st_ino)
        return fd;
    return open(record_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void blame(int fd, unsigned generation)
{
    for (size_t i = 0; generation > 0 && i < KNOWN_MAX; i++) {
        if (atomic_load(&known[i].generation) != generation)
            continue;
        put_line(fd, "plugin", known[i].plugin);
        put_line(fd, "sha256", known[i].hash);
    }
    const char *agent = mesh_running_agent();
    if (agent)
        put_line(fd, "agent", agent);
}

/* Once: the first one to come writes, and closes the book. False: there is nothing to record. */
static bool record(const char *what, bool is_own_doing)
{
    if (getpid() != host)
        return false;
    int fd = atomic_exchange(&record_fd, -1);
    if (fd < 0)
        return false;
    fd = reopened(fd);
    put_line(fd, "what", what);
    if (is_own_doing)
        blame(fd, generation_here());
    return true;
}

/* What another process sends says nothing about the thread that it happens to hit. */
static bool is_own_doing(const siginfo_t *info)
{
    bool was_sent = info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL;
    return !was_sent || info->si_pid == getpid();
}

/* Whoever handled the signal before, a sanitizer or nobody, has it next. What caused it happens again when we return;
 * one that was sent is sent again. */
static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    int before = errno;
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i].number != number)
            continue;
        record(signals[i].name, is_own_doing(info));
        sigaction(number, &earlier[i], NULL);
    }
    errno = before;
    if (info->si_code <= 0)
        raise(number);
}

/* An end that nobody wanted should not look like success to whoever started the host. */
static void on_exit_called(void)
{
    if (record("exit", true))
        _exit(EXIT_FAILURE);
}

/* ---- its stack ---- */

static pthread_key_t stack_key;
static pthread_once_t stack_once = PTHREAD_ONCE_INIT;

static void drop_stack(void *stack)
{
    const stack_t none = { .ss_flags = SS_DISABLE };
    sigaltstack(&none, NULL);
    free(stack);
}

static void make_stack_key(void)
{
    pthread_key_create(&stack_key, drop_stack);
}

/* Without memory a full stack leaves no record. */
void crash_enter_thread(void)
{
    stack_t now;
    pthread_once(&stack_once, make_stack_key);
    bool has_one = sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE); /* ours, or a sanitizer's */
    const stack_t stack = { .ss_sp = has_one ? NULL : malloc(STACK_SIZE), .ss_size = STACK_SIZE };
    if (!stack.ss_sp)
        return;
    if (sigaltstack(&stack, NULL) == 0)
        pthread_setspecific(stack_key, stack.ss_sp);
    else
        free(stack.ss_sp);
}

/* ---- life ---- */

static void watch(int number, struct sigaction *ret_earlier)
{
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, ret_earlier);
}

mesh_status crash_begin(const char *folder, mesh_error *err)
{
    if (snprintf(record_path, sizeof(record_path), "%s/crash", folder) >= (int)sizeof(record_path))
        return mesh_error_set(err, MESH_E_TOO_LARGE, "the path of the state folder is too long: '%s'", folder);
    int fd = open(record_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &record_file) != 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot create '%s': %s", record_path, strerror(errno));
    host = getpid();
    atomic_store(&record_fd, fd);
    for (size_t i = 0; i < SIGNALS; i++)
        watch(signals[i].number, &earlier[i]);
    atexit(on_exit_called);
    return MESH_OK;
}

void crash_watch(int number)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i].number == number)
            watch(number, NULL);
    }
}

void crash_end(void)
{
    int fd = atomic_exchange(&record_fd, -1);
    if (fd < 0)
        return;
    close(fd);
    unlink(record_path);
}

/* ---- reading ---- */

static void read_line(struct crash *crash, const char *line, size_t len)
{
    const struct {
        const char *name;
        char *room;
        size_t size;
    } fields[] = {
        { "what=", crash->what, sizeof(crash->what) },
        { "plugin=", crash->plugin, sizeof(crash->plugin) },
        { "sha256=", crash->hash, sizeof(crash->hash) },
        { "agent=", crash->agent, sizeof(crash->agent) },
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        size_t name_len = strlen(fields[i].name);
        if (len > name_len && len - name_len < fields[i].size && memcmp(line, fields[i].name, name_len) == 0)
            snprintf(fields[i].room, fields[i].size, "%.*s", (int)(len - name_len), line + name_len);
    }
}

/* A record is no better than what wrote it: only what can be a plugin is blamed. */
static void check_blame(struct crash *crash)
{
    bool is_hash = strspn(crash->hash, "0123456789abcdef") == sizeof(crash->hash) - 1;
    if (!is_hash || !config_plugin_name_is_valid(crash->plugin))
        crash->plugin[0] = crash->hash[0] = crash->agent[0] = '\0';
}

bool crash_read(const char *folder, struct crash *ret_crash)
{
    auto_free char *path = path_join(folder, "crash");
    auto_buf struct buf text;
    *ret_crash = (struct crash){ 0 };
    buf_init(&text, RECORD_MAX);
    if (!path || file_read(path, &text, NULL) != MESH_OK)
        return false;
    for (const char *line = buf_text(&text); *line;) {
        size_t len = strcspn(line, "\n");
        read_line(ret_crash, line, len);
        line += len + (line[len] == '\n');
    }
    unlink(path);
    check_blame(ret_crash);
    return ret_crash->what[0];
}
