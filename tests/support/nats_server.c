/* SPDX-License-Identifier: Apache-2.0 */
/* A private nats-server for one test program. */
#include "nats_server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { READY_MS = 20000, CHECK_MS = 100, SKIPPED = 77, PATH_SIZE = 1024 };

struct nats_server {
    char folder[PATH_SIZE / 2];
    char url[64];
    char *extra;
    bool jetstream;
    int port;  /* 0 before the first start: the server takes a free one */
    pid_t pid; /* 0 when it does not run */
    pid_t guard;
    int guard_pipe;
    struct nats_server *next;
};

static struct nats_server *servers;

extern char **environ;

/* ---- small helpers ---- */

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("nats_server: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n", stderr);
    va_end(args);
    exit(1);
}

static bool find_in(const char *folders, char path[PATH_SIZE])
{
    while (*folders) {
        size_t len = strcspn(folders, ":");
        snprintf(path, PATH_SIZE, "%.*s/nats-server", (int)len, folders);
        if (len > 0 && access(path, X_OK) == 0)
            return true;
        folders += len + (folders[len] == ':');
    }
    return false;
}

static void find_program(char path[PATH_SIZE])
{
    const char *folders = getenv("PATH");

    if ((folders && find_in(folders, path)) || find_in("/usr/sbin:/usr/local/sbin", path))
        return;
    printf("skipped: there is no nats-server in PATH, /usr/sbin or /usr/local/sbin\n");
    exit(SKIPPED);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    remove(path);
    return 0;
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (!file)
        return strdup("");
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = strdup("");
    }
    fclose(file);
    return text;
}

static void path_in(const struct nats_server *server, const char *name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s", server->folder, name);
}

/* ---- the guard: a shell that ends the server when this program has ended without doing so ---- */

static void spawn_guard(struct nats_server *server)
{
    static const char script[] = "trap '' INT TERM HUP; read line && exit 0; kill -9 $1; rm -rf \"$2\"";
    char pid[24];
    const char *arguments[] = { "sh", "-c", script, "sh", pid, server->folder, NULL };
    posix_spawn_file_actions_t actions;
    int ends[2];

    snprintf(pid, sizeof(pid), "%d", (int)server->pid);
    if (pipe2(ends, O_CLOEXEC) != 0)
        die("pipe: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    int failed = posix_spawn(&server->guard, "/bin/sh", &actions, NULL, (char **)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    if (failed)
        die("/bin/sh: %s", strerror(failed));
    server->guard_pipe = ends[1];
}

static void dismiss_guard(struct nats_server *server)
{
    if (write(server->guard_pipe, "\n", 1) == 1)
        waitpid(server->guard, NULL, 0);
    close(server->guard_pipe);
}

/* ---- the server ---- */

static void write_config(const struct nats_server *server)
{
    char path[PATH_SIZE];

    path_in(server, "server.conf", path);
    FILE *file = fopen(path, "we");
    if (!file)
        die("%s: %s", path, strerror(errno));
    fprintf(file, "listen: \"127.0.0.1:%d\"\nserver_name: test\n", server->port ? server->port : -1);
    if (server->jetstream)
        fprintf(file, "jetstream { store_dir: \"%s/store\", max_memory_store: 256MB, max_file_store: 1GB }\n",
                server->folder);
    fprintf(file, "%s\n", server->extra ? server->extra : "");
    if (fclose(file) != 0)
        die("%s: %s", path, strerror(errno));
}

static void spawn_server(struct nats_server *server, const char *log)
{
    char program[PATH_SIZE], config[PATH_SIZE];
    const char *arguments[] = { "nats-server", "-c", config, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;

    find_program(program);
    path_in(server, "server.conf", config);
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_APPEND, 0);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    int failed = posix_spawn(&server->pid, program, &actions, &attributes, (char **)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failed)
        die("%s: %s", program, strerror(failed));
}

static bool has_ended(struct nats_server *server)
{
    if (waitpid(server->pid, NULL, WNOHANG) != server->pid)
        return false;
    server->pid = 0;
    return true;
}

/* Follow the log until it says so; false: the server has ended. */
static bool await_ready(struct nats_server *server, const char *log, int changes)
{
    uint64_t deadline = clock_deadline(READY_MS);
    struct pollfd wait = { .fd = changes, .events = POLLIN };

    for (;;) {
        char events[4096];
        auto_free char *text = read_all(log);
        const char *address = text ? strstr(text, "client connections on 127.0.0.1:") : NULL;
        if (address && strstr(text, "Server is ready")) {
            server->port = (int)strtol(strrchr(strtok((char *)address, "\n"), ':') + 1, NULL, 10);
            return true;
        }
        if (has_ended(server))
            return false;
        if (clock_left_ms(deadline) == 0)
            die("the server is not ready after %d ms:\n%s", READY_MS, text);
        if (poll(&wait, 1, CHECK_MS) > 0 && read(changes, events, sizeof(events)) < 0)
            die("inotify: %s", strerror(errno));
    }
}

static bool try_launch(struct nats_server *server)
{
    char log[PATH_SIZE];
    auto_fd int changes = inotify_init1(IN_CLOEXEC);

    write_config(server);
    path_in(server, "server.log", log);
    FILE *file = fopen(log, "we"); /* a new start begins an empty log */
    if (!file || fclose(file) != 0 || inotify_add_watch(changes, log, IN_MODIFY) < 0)
        die("%s: %s", log, strerror(errno));
    spawn_server(server, log);
    spawn_guard(server);
    if (await_ready(server, log, changes))
        return true;
    dismiss_guard(server);
    return false;
}

/* Its port may be somebody else's for a moment, when it is started again. */
static void launch(struct nats_server *server)
{
    uint64_t deadline = clock_deadline(READY_MS);
    char log[PATH_SIZE];

    while (!try_launch(server)) {
        path_in(server, "server.log", log);
        auto_free char *text = read_all(log);
        if (!strstr(text, "address already in use") || clock_left_ms(deadline) == 0)
            die("the server does not start:\n%s", text);
    }
    snprintf(server->url, sizeof(server->url), "nats://127.0.0.1:%d", server->port);
}

static void stop_all(void)
{
    while (servers)
        nats_server_stop(servers);
}

static struct nats_server *start(const char *extra, bool jetstream)
{
    const char *temporary = getenv("TMPDIR");
    struct nats_server *server = calloc(1, sizeof(*server));

    if (!server)
        die("no memory");
    snprintf(server->folder, sizeof(server->folder), "%s/mesh-nats-XXXXXX",
             temporary && *temporary ? temporary : "/tmp");
    if (!mkdtemp(server->folder))
        die("%s: %s", server->folder, strerror(errno));
    if (!servers)
        atexit(stop_all);
    server->next = servers;
    servers = server;
    server->jetstream = jetstream;
    nats_server_configure(server, extra);
    launch(server);
    return server;
}

struct nats_server *nats_server_start(const char *extra)
{
    return start(extra, true);
}

struct nats_server *nats_server_start_plain(void)
{
    return start(NULL, false);
}

const char *nats_server_url(const struct nats_server *server)
{
    return server->url;
}

int nats_server_port(const struct nats_server *server)
{
    return server->port;
}

int nats_server_pid(const struct nats_server *server)
{
    return server->pid;
}

void nats_server_configure(struct nats_server *server, const char *extra)
{
    free(server->extra);
    server->extra = extra ? strdup(extra) : NULL;
}

void nats_server_kill(struct nats_server *server)
{
    if (server->pid == 0)
        return;
    kill(server->pid, SIGKILL);
    dismiss_guard(server); /* before the process id can be somebody else's */
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void nats_server_restart(struct nats_server *server)
{
    nats_server_kill(server);
    launch(server);
}

void nats_server_wipe(struct nats_server *server)
{
    char store[PATH_SIZE];

    path_in(server, "store", store);
    remove_tree(store);
}

struct nats_server *nats_server_stop(struct nats_server *server)
{
    if (!server)
        return NULL;
    for (struct nats_server **at = &servers; *at; at = &(*at)->next) {
        if (*at == server) {
            *at = server->next;
            break;
        }
    }
    nats_server_kill(server);
    remove_tree(server->folder);
    free(server->extra);
    free(server);
    return NULL;
}
