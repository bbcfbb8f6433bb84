/* SPDX-License-Identifier: Apache-2.0 */
/* What a host that crashes leaves to the next one. Each crash is a child's. */
#include "plugin/crash.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "folder.h"
#include "suite.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct deed {
    const char *thread; /* its name */
    void (*run)(void);
};

static void *run_deed(void *closure)
{
    const struct deed *deed = closure;
    pthread_setname_np(pthread_self(), deed->thread);
    deed->run();
    return NULL;
}

/* A host with generation 7 of "echo" does something on a thread of that name, and ends as main() does. Returns how it
 * ended. */
static int end_of_host(const char *folder, const char *thread, void (*run)(void))
{
    struct deed deed = { thread, run };
    pthread_t id;
    int status = 0;
    pid_t pid = fork();
    if (pid != 0) {
        expect_int(waitpid(pid, &status, 0), pid);
        return status;
    }
    int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (quiet < 0 || dup2(quiet, STDERR_FILENO) < 0 || crash_begin(folder, NULL) != MESH_OK)
        _exit(99);
    crash_know(7, "echo", HASH);
    if (pthread_create(&id, NULL, run_deed, &deed) == 0)
        pthread_join(id, NULL);
    crash_end();
    _exit(0);
}

static void expect_blamed(const char *folder, const char *what, const char *plugin)
{
    struct crash crash;
    expect_true(crash_read(folder, &crash));
    expect_str(crash.what, what);
    expect_str(crash.plugin, plugin);
    expect_str(crash.hash, *plugin ? HASH : "");
    expect_str(crash.agent, "");
    expect_false(crash_read(folder, &crash));
}

static void follow_a_wild_pointer(void)
{
    int *volatile wild = (int *)8;
    *wild = 1;
}

static void a_crash_is_blamed_on_the_thread_it_happened_on(void)
{
    auto_folder char *folder = folder_new();
    expect_true(end_of_host(folder, "g7.echo", abort) != 0);
    expect_blamed(folder, "SIGABRT", "echo");
    expect_true(end_of_host(folder, "g7.a-long-name", follow_a_wild_pointer) != 0);
    expect_blamed(folder, "SIGSEGV", "echo");
}

static void a_crash_of_the_host_itself_is_told_and_blamed_on_nobody(void)
{
    static const char *const threads[] = { "move", "g", "g7", "g8.echo", "gear", "" };
    for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
        auto_folder char *folder = folder_new();
        expect_true(end_of_host(folder, threads[i], abort) != 0);
        expect_blamed(folder, "SIGABRT", "");
    }
}

static void call_exit(void)
{
    exit(0);
}

static void an_exit_is_a_failure(void)
{
    auto_folder char *folder = folder_new();
    int status = end_of_host(folder, "g7.echo", call_exit);
    expect_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
    expect_blamed(folder, "exit", "echo");
}

static void do_nothing(void)
{
}

static void an_end_in_peace_leaves_nothing(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "crash");
    struct crash crash;
    expect_int(end_of_host(folder, "g7.echo", do_nothing), 0);
    expect_true(access(path, F_OK) != 0);
    expect_false(crash_read(folder, &crash));
}

static void kill_from_a_child(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        kill(getppid(), SIGABRT);
        _exit(0);
    }
    pause();
}

static void what_another_process_sends_is_blamed_on_nobody(void)
{
    auto_folder char *folder = folder_new();
    expect_true(end_of_host(folder, "g7.echo", kill_from_a_child) != 0);
    expect_blamed(folder, "SIGABRT", "");
}

static void fork_and(void (*deed)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        deed();
    waitpid(pid, &status, 0);
}

static void fork_and_exit(void)
{
    fork_and(call_exit);
}

static void fork_and_abort(void)
{
    fork_and(abort);
}

static void be_killed_after(void (*deed)(void))
{
    fork_and(deed);
    raise(SIGKILL);
}

static void fork_exit_and_be_killed(void)
{
    be_killed_after(call_exit);
}

static void fork_abort_and_be_killed(void)
{
    be_killed_after(abort);
}

static void what_a_forked_child_does_is_not_the_hosts_end(void)
{
    static void (*const deeds[])(void) = { fork_and_exit, fork_and_abort, fork_exit_and_be_killed,
                                           fork_abort_and_be_killed };
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        auto_folder char *folder = folder_new();
        struct crash crash;
        int status = end_of_host(folder, "g7.echo", deeds[i]);
        expect_int(WIFSIGNALED(status) ? WTERMSIG(status) : 0, i < 2 ? 0 : SIGKILL);
        expect_false(crash_read(folder, &crash));
    }
}

/* And something else has their numbers. */
static void close_everything_and_abort(void)
{
    int other[2];
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    for (int i = 0; i < 8; i++)
        if (pipe2(other, O_CLOEXEC) != 0)
            _exit(98);
    abort();
}

static void descriptors_that_a_plugin_has_closed_are_not_needed(void)
{
    auto_folder char *folder = folder_new();
    expect_true(end_of_host(folder, "g7.echo", close_everything_and_abort) != 0);
    expect_blamed(folder, "SIGABRT", "echo");
}

static void a_garbled_record_blames_nobody(void)
{
    static const char *const records[] = {
        "what=SIGSEGV\nplugin=../../etc/passwd\nsha256=" HASH "\n",
        "what=SIGSEGV\nplugin=echo\nsha256=../../" HASH "\n",
        "what=SIGSEGV\nplugin=echo\nsha256=abc\nagent=echo\n",
        "what=SIGSEGV\nplugin=echo\n",
        "plugin=\nwhat=SIGSEGV",
    };
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        auto_folder char *folder = folder_new();
        folder_write(folder, "crash", records[i]);
        expect_blamed(folder, "SIGSEGV", "");
    }
}

SUITE(host_plugin_crash, TEST(a_crash_is_blamed_on_the_thread_it_happened_on),
      TEST(a_crash_of_the_host_itself_is_told_and_blamed_on_nobody), TEST(an_exit_is_a_failure),
      TEST(an_end_in_peace_leaves_nothing), TEST(what_another_process_sends_is_blamed_on_nobody),
      TEST(what_a_forked_child_does_is_not_the_hosts_end), TEST(descriptors_that_a_plugin_has_closed_are_not_needed),
      TEST(a_garbled_record_blames_nobody))
