/* SPDX-License-Identifier: Apache-2.0 */
/* The process of a local server: what it gets of ours. */
#include "local/server_process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "suite.h"

/* Where the server would have its own end of what it is let go by. */
enum { GATE_OF_SERVER = 4 };

/* A pipe of ours in that place; returns the end to read from. */
static int take_the_place(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        abort();
    int reading = fcntl(ends[0], F_DUPFD_CLOEXEC, GATE_OF_SERVER + 1);
    if (reading < 0 || dup2(ends[1], GATE_OF_SERVER) < 0)
        abort();
    for (size_t i = 0; i < 2; i++)
        if (ends[i] != GATE_OF_SERVER)
            close(ends[i]);
    return reading;
}

static void limit_descriptors(rlim_t count)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        abort();
    limit.rlim_cur = count < limit.rlim_max ? count : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        abort();
}

static void without_descriptors_nothing_is_written_into_ours(void)
{
    char program[] = "/bin/true", said[8];
    char *const arguments[] = { program, NULL };
    auto_fd int ours = take_the_place();
    auto_fd int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const struct server_launch launch = { .program = program, .arguments = arguments, .log_fd = log, .lock_fd = log };
    struct server_process process = SERVER_PROCESS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    limit_descriptors(10);
    expect_int(server_process_launch(&launch, &process, NULL), MESH_OK);
    limit_descriptors(RLIM_INFINITY);
    expect_int(server_process_let_go(&process, &err), MESH_E_SYSTEM);
    expect_contains(mesh_error_text(&err), "cannot be run");
    server_process_end(&process);
    expect_true(read(ours, said, sizeof(said)) < 0);
    mesh_error_clear(&err);
    close(GATE_OF_SERVER);
}

SUITE(local_server_process, TEST(without_descriptors_nothing_is_written_into_ours))
