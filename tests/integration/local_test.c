/* SPDX-License-Identifier: Apache-2.0 */
/* A local server from start to end. Every test has a folder of its own, with a store, a runtime folder, a place to
 * work. */
#include <agentmesh/agentmesh.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "program.h"
#include "suite.h"

enum { GONE_MS = 20000 };

static char root[64], store[128], runtime_file[128], mark_file[128];
static uint32_t port;

/* ---- a place for one test ---- */

static int listen_somewhere(uint32_t *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        abort();
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void start_afresh(void)
{
    char path[128];
    snprintf(root, sizeof(root), "/tmp/local_test.XXXXXX");
    if (!mkdtemp(root))
        abort();
    snprintf(store, sizeof(store), "%s/store", root);
    snprintf(runtime_file, sizeof(runtime_file), "%s/run/oam-url", root);
    snprintf(mark_file, sizeof(mark_file), "%s/work/.oam-url", root);
    snprintf(path, sizeof(path), "%s/run", root);
    setenv("AGENTMESH_RUNTIME_DIR", path, 1);
    snprintf(path, sizeof(path), "%s/work", root);
    if (mkdir(path, 0700) < 0 || chdir(path) < 0)
        abort();
    close(listen_somewhere(&port));
}

static void clean_up(void)
{
    char command[128];
    if (chdir("/") < 0)
        abort();
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    if (system(command) != 0)
        abort();
}

static mesh_local_options options_with(uint32_t flags)
{
    mesh_local_options options = MESH_LOCAL_OPTIONS_INIT;
    options.store = store;
    options.port = port;
    options.flags = flags;
    return options;
}

static mesh_local *start(uint32_t flags)
{
    mesh_local_options options = options_with(flags);
    mesh_error err = MESH_ERROR_INIT;
    mesh_local *local = NULL;
    if (!expect_int(mesh_local_start(&options, &local, &err), MESH_OK))
        fprintf(stderr, "%s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
    return local;
}

static void expect_refused(const mesh_local_options *options, mesh_status status, const char *part)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_local *local = NULL;
    expect_int(mesh_local_start(options, &local, &err), status);
    expect_contains(mesh_error_text(&err), part);
    mesh_error_clear(&err);
    mesh_local_stop(local);
}

/* ---- what there is to see ---- */

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void expect_told(const char *path, const char *url)
{
    char expected[128];
    auto_buf struct buf text;
    buf_init(&text, 4096);
    snprintf(expected, sizeof(expected), "%s\n", url);
    expect_int(file_read(path, &text, NULL), MESH_OK);
    expect_str(buf_text(&text), expected);
}

static void expect_mesh_at(const char *url)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    mesh_catalog *catalog = NULL;
    options.url = url;
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    if (client)
        expect_int(mesh_catalog_read(client, NULL, &catalog, NULL), MESH_OK);
    mesh_catalog_free(catalog);
    mesh_client_close(client);
}

/* A descriptor on any process, child or not. */
static int watch(int32_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool has_gone(int pidfd, int timeout_ms)
{
    struct pollfd gone = { .fd = pidfd, .events = POLLIN };
    return poll(&gone, 1, timeout_ms) == 1;
}

/* ---- one server, one program ---- */

static void a_server_answers_and_its_url_is_told(void)
{
    char url[64];
    start_afresh();
    mesh_local *local = start(MESH_LOCAL_MARK);
    if (local) {
        auto_fd int pidfd = watch(mesh_local_pid(local));
        snprintf(url, sizeof(url), "nats://127.0.0.1:%u", port);
        expect_str(mesh_local_url(local), url);
        expect_told(runtime_file, url);
        expect_told(mark_file, url);
        expect_mesh_at(url);
        mesh_local_stop(local);
        expect_true(has_gone(pidfd, 0));
    }
    expect_false(is_there(runtime_file));
    expect_false(is_there(mark_file));
    clean_up();
}

static void without_a_mark_the_working_directory_stays_clean(void)
{
    start_afresh();
    mesh_local *local = start(0);
    expect_true(is_there(runtime_file));
    expect_false(is_there(mark_file));
    mesh_local_stop(local);
    clean_up();
}

static void its_files_are_for_its_user_alone(void)
{
    static const char *const names[] = { "", "/server.conf", "/server.json", "/server.log" };
    start_afresh();
    mesh_local *local = start(0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[256];
        struct stat st = { .st_mode = 0777 };
        snprintf(path, sizeof(path), "%s%s", store, names[i]);
        expect_int(stat(path, &st), 0);
        expect_int(st.st_mode & 077, 0);
    }
    mesh_local_stop(local);
    clean_up();
}

static bool has_open(int32_t pid, const char *path)
{
    bool found = false;
    for (int fd = 0; fd < 256 && !found; fd++) {
        char link[64], target[256] = "";
        snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, fd);
        ssize_t len = readlink(link, target, sizeof(target) - 1);
        found = len > 0 && strcmp(target, path) == 0;
    }
    return found;
}

static void it_inherits_none_of_our_descriptors(void)
{
    char path[128];
    start_afresh();
    snprintf(path, sizeof(path), "%s/ours", root);
    int ours = open(path, O_WRONLY | O_CREAT, 0600); /* not close-on-exec, as a careless library opens it */
    mesh_local *local = start(0);
    if (local)
        expect_false(has_open(mesh_local_pid(local), path));
    expect_true(has_open((int32_t)getpid(), path));
    mesh_local_stop(local);
    close(ours);
    clean_up();
}

static void its_end_can_be_waited_for(void)
{
    start_afresh();
    mesh_local *local = start(0);
    if (local) {
        struct pollfd ended = { .fd = mesh_local_fd(local), .events = POLLIN };
        expect_int(poll(&ended, 1, 0), 0);
        kill(mesh_local_pid(local), SIGKILL);
        expect_int(poll(&ended, 1, GONE_MS), 1);
    }
    mesh_local_stop(local);
    expect_false(is_there(runtime_file));
    clean_up();
}

static void another_start_finds_the_same_port_and_the_same_data(void)
{
    start_afresh();
    mesh_local *local = start(0);
    kill(mesh_local_pid(local), SIGKILL);
    mesh_local_stop(local);

    uint32_t last = port;
    int taken = listen_somewhere(&port); /* the wish is another one now, and cannot be had */
    char url[64];
    snprintf(url, sizeof(url), "nats://127.0.0.1:%u", last);
    local = start(MESH_LOCAL_FLOAT);
    expect_str(local ? mesh_local_url(local) : NULL, url);
    mesh_local_stop(local);
    close(taken);
    clean_up();
}

/* ---- ports ---- */

static void a_taken_port_is_refused_by_number(void)
{
    char part[64];
    start_afresh();
    auto_fd int taken = listen_somewhere(&port);
    mesh_local_options options = options_with(MESH_LOCAL_MARK);
    snprintf(part, sizeof(part), "port %u on 127.0.0.1 is taken", port);
    expect_refused(&options, MESH_E_EXISTS, part);
    expect_false(is_there(runtime_file));
    expect_false(is_there(mark_file));
    clean_up();
    (void)taken;
}

static void what_another_server_told_survives_a_refused_start(void)
{
    char url[64];
    start_afresh();
    auto_fd int taken = listen_somewhere(&port);
    mesh_local_options options = options_with(MESH_LOCAL_MARK);
    snprintf(url, sizeof(url), "nats://127.0.0.1:%u", port);
    expect_int(file_replace(mark_file, 0644, mesh_text(url), NULL), MESH_OK);
    expect_refused(&options, MESH_E_EXISTS, "is taken");
    expect_true(is_there(mark_file));
    clean_up();
    (void)taken;
}

static void a_taken_port_floats_if_it_may(void)
{
    char url[64];
    start_afresh();
    auto_fd int taken = listen_somewhere(&port);
    mesh_local *local = start(MESH_LOCAL_FLOAT);
    if (local) {
        snprintf(url, sizeof(url), "nats://127.0.0.1:%u", port);
        expect_false(strcmp(mesh_local_url(local), url) == 0);
        expect_told(runtime_file, mesh_local_url(local));
        expect_mesh_at(mesh_local_url(local));
    }
    mesh_local_stop(local);
    clean_up();
    (void)taken;
}

/* ---- one store, one server ---- */

static void a_store_that_is_owned_is_refused_by_name_of_its_owner(void)
{
    char part[64];
    mesh_error err = MESH_ERROR_INIT;
    start_afresh();
    mesh_local *local = start(0);
    mesh_local_options options = options_with(MESH_LOCAL_FLOAT);
    snprintf(part, sizeof(part), "belongs to process %d", (int)getpid());
    expect_refused(&options, MESH_E_EXISTS, part);
    expect_int(mesh_local_stop_running(store, NULL, &err), MESH_E_EXISTS);
    expect_contains(mesh_error_text(&err), part);
    if (local)
        expect_mesh_at(mesh_local_url(local));
    mesh_error_clear(&err);
    mesh_local_stop(local);
    clean_up();
}

static void a_detached_server_stays_until_it_is_stopped(void)
{
    int32_t stopped = 0;
    mesh_error err = MESH_ERROR_INIT;
    start_afresh();
    mesh_local *local = start(MESH_LOCAL_DETACH | MESH_LOCAL_MARK);
    int32_t pid = local ? mesh_local_pid(local) : 0;
    auto_fd int pidfd = watch(pid);
    mesh_local_stop(local);
    expect_false(has_gone(pidfd, 0));
    expect_true(is_there(runtime_file));
    expect_true(is_there(mark_file));

    expect_int(mesh_local_stop_running(store, &stopped, NULL), MESH_OK);
    expect_int(stopped, pid);
    expect_true(has_gone(pidfd, 0));
    expect_false(is_there(runtime_file));
    expect_false(is_there(mark_file));
    expect_int(mesh_local_stop_running(store, NULL, &err), MESH_E_NOT_FOUND);
    expect_contains(mesh_error_text(&err), store);
    mesh_error_clear(&err);
    clean_up();
}

static void a_detached_server_is_joined_but_not_doubled(void)
{
    char part[64];
    start_afresh();
    mesh_local *first = start(MESH_LOCAL_DETACH);
    int32_t pid = first ? mesh_local_pid(first) : 0;
    mesh_local_stop(first);

    mesh_local_options options = options_with(MESH_LOCAL_DETACH);
    snprintf(part, sizeof(part), "process %d at nats://127.0.0.1:%u", (int)pid, port);
    expect_refused(&options, MESH_E_EXISTS, part);
    options = options_with(MESH_LOCAL_OWN);
    expect_refused(&options, MESH_E_EXISTS, part);

    auto_fd int taken = listen_somewhere(&port); /* the wished port does not matter to one who joins */
    mesh_local *second = start(MESH_LOCAL_MARK);
    mesh_local *third = start(0);
    expect_int(second ? mesh_local_pid(second) : 0, pid);
    expect_int(third ? mesh_local_pid(third) : 0, pid);
    expect_true(is_there(mark_file));
    mesh_local_stop(second);
    mesh_local_stop(third);
    expect_false(is_there(mark_file));
    expect_true(is_there(runtime_file));
    expect_int(mesh_local_stop_running(store, NULL, NULL), MESH_OK);
    clean_up();
    (void)taken;
}

static void a_mark_of_the_joined_server_is_left_to_it(void)
{
    start_afresh();
    mesh_local_stop(start(MESH_LOCAL_DETACH | MESH_LOCAL_MARK));
    mesh_local_stop(start(MESH_LOCAL_MARK));
    expect_true(is_there(mark_file));
    expect_int(mesh_local_stop_running(store, NULL, NULL), MESH_OK);
    expect_false(is_there(mark_file));
    clean_up();
}

static void a_joined_server_is_told_again_where_its_file_is_gone(void)
{
    start_afresh();
    mesh_local_stop(start(MESH_LOCAL_DETACH));
    expect_int(unlink(runtime_file), 0);
    mesh_local_stop(start(0));
    expect_true(is_there(runtime_file));
    expect_int(mesh_local_stop_running(store, NULL, NULL), MESH_OK);
    expect_false(is_there(runtime_file));
    clean_up();
}

/* ---- programs and threads that die ---- */

static void *start_in_thread(void *slot)
{
    *(mesh_local **)slot = start(0);
    return NULL;
}

static void a_server_outlives_the_thread_that_started_it(void)
{
    pthread_t thread;
    mesh_local *local = NULL;
    start_afresh();
    expect_int(pthread_create(&thread, NULL, start_in_thread, &local), 0);
    pthread_join(thread, NULL);
    if (local)
        expect_mesh_at(mesh_local_url(local));
    mesh_local_stop(local);
    clean_up();
}

static void start_program(struct program *program, char *const port_text)
{
    const char *const argv[] = {
        getenv("AGENTMESH_CLI"), "up", "--foreground", "--store", store, "--port", port_text, NULL
    };
    program_start(program, argv);
    auto_free char *line = program_line(program);
    expect_contains(line ? line : "", "listening on nats://127.0.0.1:");
}

static void a_server_ends_with_its_killed_program_and_the_next_start_is_clean(void)
{
    char port_text[16];
    struct program program;
    auto_buf struct buf record;
    start_afresh();
    snprintf(port_text, sizeof(port_text), "%u", port);
    start_program(&program, port_text);

    buf_init(&record, 4096);
    auto_free char *path = path_join(store, "server.json");
    expect_int(file_read(path, &record, NULL), MESH_OK);
    int pid = 0;
    expect_int(sscanf(buf_text(&record), "{\"pid\":%d", &pid), 1);
    auto_fd int pidfd = watch(pid);
    expect_false(has_gone(pidfd, 0));
    expect_int(program_stop(&program, SIGKILL), 128 + SIGKILL);
    expect_true(has_gone(pidfd, GONE_MS));
    expect_true(is_there(mark_file));

    mesh_local *local = start(0);
    if (local)
        expect_mesh_at(mesh_local_url(local));
    expect_false(is_there(mark_file));
    mesh_local_stop(local);
    expect_false(is_there(runtime_file));
    clean_up();
}

/* Started at the very moment the old program is gone: its server may still be on its way out. */
static void a_start_right_after_a_kill_does_not_take_the_dying_server(void)
{
    char port_text[16];
    start_afresh();
    snprintf(port_text, sizeof(port_text), "%u", port);
    for (int i = 0; i < 5; i++) {
        struct program program;
        start_program(&program, port_text);
        program_stop(&program, SIGKILL);
        mesh_local *local = start(0);
        if (local) {
            struct pollfd ended = { .fd = mesh_local_fd(local), .events = POLLIN };
            expect_mesh_at(mesh_local_url(local));
            expect_int(poll(&ended, 1, 0), 0);
        }
        mesh_local_stop(local);
    }
    clean_up();
}

static void ctrl_c_in_the_foreground_ends_everything(void)
{
    char port_text[16];
    struct program program;
    start_afresh();
    snprintf(port_text, sizeof(port_text), "%u", port);
    start_program(&program, port_text);
    expect_int(program_stop(&program, SIGINT), 0);
    expect_false(is_there(mark_file));
    expect_false(is_there(runtime_file));
    clean_up();
}

/* A service manager's socket in this test's folder, named in NOTIFY_SOCKET. */
static int listen_as_manager(void)
{
    const struct timeval patience = { .tv_sec = GONE_MS / 1000 };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", root);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
        abort();
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    return fd;
}

static void expect_heard(int manager, const char *words)
{
    char text[512];
    ssize_t len = recv(manager, text, sizeof(text) - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    expect_contains(text, words);
}

static void the_service_manager_hears_when_the_foreground_is_ready_and_when_it_ends(void)
{
    char port_text[16];
    struct program program;
    start_afresh();
    auto_fd int manager = listen_as_manager();
    snprintf(port_text, sizeof(port_text), "%u", port);
    start_program(&program, port_text);
    unsetenv("NOTIFY_SOCKET");
    expect_heard(manager, "READY=1\nSTATUS=nats://127.0.0.1:");
    expect_true(is_there(runtime_file));
    expect_int(program_stop(&program, SIGTERM), 0);
    expect_heard(manager, "STOPPING=1");
    clean_up();
}

/* ---- servers that fail ---- */

static const char *write_script(const char *text)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/nats-server", root);
    expect_int(file_replace(path, 0700, mesh_text(text), NULL), MESH_OK);
    return path;
}

static void a_server_that_ends_at_once_is_quoted(void)
{
    start_afresh();
    mesh_local_options options = options_with(0);
    options.program =
        write_script("#!/bin/sh\necho first >&2\necho '[7] 2026/11/22 10:00:00.1 [FTL] disk on fire' >&2\nexit 1\n");
    expect_refused(&options, MESH_E_SYSTEM, "ended at once; it last said: 'disk on fire'");
    expect_false(is_there(runtime_file));
    clean_up();
}

static void a_server_that_does_not_answer_is_quoted_and_ended(void)
{
    start_afresh();
    mesh_local_options options = options_with(0);
    options.start_timeout_ms = 1000;
    options.program = write_script("#!/bin/sh\necho warming up\nexec sleep 600\n");
    expect_refused(&options, MESH_E_TIMEOUT, "within 1000 ms; it last said: 'warming up'");
    mesh_local *local = start(0); /* nothing of it is in the way */
    mesh_local_stop(local);
    clean_up();
}

static void a_file_that_cannot_be_run_is_told_from_a_missing_one(void)
{
    start_afresh();
    mesh_local_options options = options_with(0);
    options.program = "/nonexistent/nats-server";
    expect_refused(&options, MESH_E_NOT_FOUND, "/nonexistent/nats-server");
    options.program = write_script("neither a script nor a program");
    expect_refused(&options, MESH_E_SYSTEM, "Exec format error");
    clean_up();
}

/* ---- wishes that cannot be met ---- */

static void an_oam_url_of_another_mesh_is_not_replaced(void)
{
    start_afresh();
    expect_int(file_replace(mark_file, 0644, mesh_text("nats://mesh.example:4222\n"), NULL), MESH_OK);
    mesh_local_options options = options_with(MESH_LOCAL_MARK);
    expect_refused(&options, MESH_E_EXISTS, mark_file);
    expect_told(mark_file, "nats://mesh.example:4222");
    expect_false(is_there(runtime_file));
    clean_up();
}

static void wrong_options_are_refused(void)
{
    start_afresh();
    mesh_local_options options = options_with(64);
    expect_refused(&options, MESH_E_INVALID_ARGUMENT, "flags 0x40");
    options = options_with(0);
    options.port = 70000;
    expect_refused(&options, MESH_E_INVALID_ARGUMENT, "70000");
    options = options_with(0);
    options.size = 4;
    expect_refused(&options, MESH_E_INCOMPATIBLE, "mesh_local_options");
    clean_up();
}

static void a_store_that_cannot_be_made_is_named(void)
{
    start_afresh();
    snprintf(store, sizeof(store), "%s/work/file/store", root);
    expect_int(file_replace("file", 0600, mesh_text(""), NULL), MESH_OK);
    mesh_local_options options = options_with(0);
    mesh_error err = MESH_ERROR_INIT;
    mesh_local *local = NULL;
    expect_true(mesh_local_start(&options, &local, &err) != MESH_OK);
    expect_contains(mesh_error_text(&err), "work/file");
    mesh_error_clear(&err);
    clean_up();
}

static bool nats_server_is_missing(void)
{
    mesh_local_options options = options_with(0);
    mesh_local *local = NULL;
    start_afresh();
    options = options_with(0);
    bool is_missing = mesh_local_start(&options, &local, NULL) == MESH_E_NOT_FOUND;
    mesh_local_stop(local);
    clean_up();
    return is_missing;
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_server_answers_and_its_url_is_told),
        TEST(without_a_mark_the_working_directory_stays_clean),
        TEST(its_files_are_for_its_user_alone),
        TEST(it_inherits_none_of_our_descriptors),
        TEST(its_end_can_be_waited_for),
        TEST(another_start_finds_the_same_port_and_the_same_data),
        TEST(a_taken_port_is_refused_by_number),
        TEST(what_another_server_told_survives_a_refused_start),
        TEST(a_taken_port_floats_if_it_may),
        TEST(a_store_that_is_owned_is_refused_by_name_of_its_owner),
        TEST(a_detached_server_stays_until_it_is_stopped),
        TEST(a_detached_server_is_joined_but_not_doubled),
        TEST(a_mark_of_the_joined_server_is_left_to_it),
        TEST(a_joined_server_is_told_again_where_its_file_is_gone),
        TEST(a_server_outlives_the_thread_that_started_it),
        TEST(a_server_ends_with_its_killed_program_and_the_next_start_is_clean),
        TEST(a_start_right_after_a_kill_does_not_take_the_dying_server),
        TEST(ctrl_c_in_the_foreground_ends_everything),
        TEST(the_service_manager_hears_when_the_foreground_is_ready_and_when_it_ends),
        TEST(a_server_that_ends_at_once_is_quoted),
        TEST(a_server_that_does_not_answer_is_quoted_and_ended),
        TEST(a_file_that_cannot_be_run_is_told_from_a_missing_one),
        TEST(an_oam_url_of_another_mesh_is_not_replaced),
        TEST(wrong_options_are_refused),
        TEST(a_store_that_cannot_be_made_is_named),
    };
    enum { SKIPPED = 77 };
    if (!getenv("AGENTMESH_CLI")) {
        fprintf(stderr, "AGENTMESH_CLI must name the program to test\n");
        return 1;
    }
    if (nats_server_is_missing()) {
        printf("skipped: there is no nats-server\n");
        return SKIPPED;
    }
    return suite_run("local", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
