/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin for the tests of the service: tries what a sandbox may refuse, and answers slowly. */
#include <agentmesh/agentmesh.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORK_MS = 150 };

/* 0, or why it cannot be done. */
static int reason_of(int result)
{
    return result < 0 ? errno : 0;
}

static int create(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int reason = reason_of(fd);
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return reason;
}

static int look(const char *path)
{
    int fd = open(path, O_RDONLY);
    int reason = reason_of(fd);
    if (fd >= 0)
        close(fd);
    return reason;
}

/* Newer versions of systemd have the kernel refuse it, which has another number for it. */
static int make_code(const char *unused)
{
    (void)unused;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return errno == EACCES ? EPERM : errno;
    munmap(page, 4096);
    return 0;
}

static int open_socket(int family)
{
    int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, 0);
    int reason = reason_of(fd);
    if (fd >= 0)
        close(fd);
    return reason;
}

static int use_netlink(const char *unused)
{
    (void)unused;
    return open_socket(AF_NETLINK);
}

static int be_nice(const char *unused)
{
    (void)unused;
    return reason_of(setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 1));
}

/* In a child, which the host does not become. */
static int in_a_child(int (*deed)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(deed());
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int unshare_users(void)
{
    return reason_of(unshare(CLONE_NEWUSER));
}

static int make_namespace(const char *unused)
{
    (void)unused;
    return in_a_child(unshare_users);
}

static int trace(void)
{
    return reason_of((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int debug(const char *unused)
{
    (void)unused;
    return in_a_child(trace);
}

static int mark_set_user_id(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    int reason = fd < 0 ? errno : reason_of(fchmod(fd, 04700));
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return reason;
}

static int become_realtime(void)
{
    const struct sched_param param = { .sched_priority = 1 };
    return reason_of(sched_setscheduler(0, SCHED_FIFO, &param));
}

static int run_in_realtime(const char *unused)
{
    (void)unused;
    return in_a_child(become_realtime);
}

/* Whether a program that may become root still does. */
static int become_root(const char *program)
{
    char command[256];
    snprintf(command, sizeof(command), "test \"$(%s -u)\" = 0", program);
    int status = system(command);
    return status == 0 ? 0 : EPERM;
}

static const struct deed {
    const char *name;
    int (*try)(const char *operand);
} deeds[] = {
    { "create", create },
    { "look", look },
    { "make_code", make_code },
    { "use_netlink", use_netlink },
    { "be_nice", be_nice },
    { "make_namespace", make_namespace },
    { "debug", debug },
    { "mark_set_user_id", mark_set_user_id },
    { "run_in_realtime", run_in_realtime },
    { "become_root", become_root },
};

static mesh_status answer_reason(mesh_request *request, int reason, mesh_error *err)
{
    const char *name = reason == 0 ? "none" : strerrorname_np(reason);
    return mesh_request_answerf(request, err, MESH_JSON({"reason": %s}), mesh_quote(request, name));
}

static mesh_status cell_try(mesh_request *request, void *state, mesh_error *err)
{
    const char *name = mesh_request_string(request, "deed", "");
    (void)state;
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
        if (strcmp(deeds[i].name, name) == 0)
            return answer_reason(request, deeds[i].try(mesh_request_string(request, "with", "")), err);
    return mesh_error_set_text(err, MESH_E_INVALID_INPUT, "there is no such deed");
}

static mesh_status cell_work(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    usleep(WORK_MS * 1000); /* the work */
    return mesh_request_answerf(request, err, MESH_JSON({"number": %.0f}), mesh_request_number(request, "number", -1));
}

#define NUMBER_AND_WORD "{\"type\": \"object\", \"properties\": {\"word\": {\"pattern\": \"^[a-z]+$\"}}}"

static const mesh_agent prisoner = MESH_RESPONDER("cell.try", "Tries what may be refused.", cell_try, "{}", "{}");

static const mesh_agent worker = {
    .size = sizeof(mesh_agent),
    .name = "cell.work",
    .description = "Takes its time.",
    .version = "1.0.0",
    .input_schema = NUMBER_AND_WORD,
    .concurrency = 8,
    .call = cell_work,
};

MESH_PLUGIN("1.0.0", &prisoner, &worker);
