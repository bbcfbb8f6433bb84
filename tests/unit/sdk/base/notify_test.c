/* SPDX-License-Identifier: Apache-2.0 */
/* What a service manager hears, on a path and on an abstract name. */
#include "base/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "suite.h"

/* A service manager: a bound socket and its name as NOTIFY_SOCKET has it. */
struct manager {
    int fd;
    char folder[32];
    char name[108];
};

static void manager_bind(struct manager *manager)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = 5 };
    size_t len = strlen(manager->name);
    bool is_path = manager->name[0] == '/';

    memcpy(address.sun_path, manager->name, len);
    if (!is_path)
        address.sun_path[0] = '\0';
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(manager->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    expect_int(bind(manager->fd, (struct sockaddr *)&address,
                    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + is_path)),
               0);
    setenv("NOTIFY_SOCKET", manager->name, 1);
}

static struct manager manager_on_path(void)
{
    struct manager manager = { .folder = "/tmp/notify_test.XXXXXX" };

    expect_true(mkdtemp(manager.folder) != NULL);
    snprintf(manager.name, sizeof(manager.name), "%s/socket", manager.folder);
    manager_bind(&manager);
    return manager;
}

static struct manager manager_on_name(void)
{
    struct manager manager = { .folder = "" };

    snprintf(manager.name, sizeof(manager.name), "@notify_test.%d", (int)getpid());
    manager_bind(&manager);
    return manager;
}

static void manager_end(struct manager *manager)
{
    close(manager->fd);
    if (manager->folder[0]) {
        unlink(manager->name);
        rmdir(manager->folder);
    }
}

/* The next message; given. */
static char *manager_hears(const struct manager *manager)
{
    char *message = calloc(4096, 1);

    expect_true(recv(manager->fd, message, 4095, 0) > 0);
    return message;
}

static void expect_heard(const struct manager *manager, const char *expected)
{
    auto_free char *message = manager_hears(manager);
    expect_str(message, expected);
}

static void expect_life_is_heard(const struct manager *manager)
{
    struct notify notify;

    expect_int(notify_open(&notify, NULL), MESH_OK);
    expect_int(notify_status(&notify, "loading", NULL), MESH_OK);
    expect_int(notify_ready(&notify, "3 agents", NULL), MESH_OK);
    expect_int(notify_ready(&notify, NULL, NULL), MESH_OK);
    expect_int(notify_alive(&notify, NULL), MESH_OK);
    expect_int(notify_stopping(&notify, NULL), MESH_OK);
    expect_heard(manager, "STATUS=loading");
    expect_heard(manager, "READY=1\nSTATUS=3 agents");
    expect_heard(manager, "READY=1");
    expect_heard(manager, "WATCHDOG=1");
    expect_heard(manager, "STOPPING=1");
    notify_close(&notify);
}

static void a_life_is_heard_on_a_path(void)
{
    struct manager manager = manager_on_path();

    expect_life_is_heard(&manager);
    manager_end(&manager);
}

static void a_life_is_heard_on_an_abstract_name(void)
{
    struct manager manager = manager_on_name();

    expect_life_is_heard(&manager);
    manager_end(&manager);
}

static void a_reload_tells_when_it_began(void)
{
    struct manager manager = manager_on_path();
    struct notify notify;
    unsigned long long moment = 0;
    uint64_t before = clock_ns() / 1000;

    expect_int(notify_open(&notify, NULL), MESH_OK);
    expect_int(notify_reloading(&notify, NULL), MESH_OK);
    auto_free char *message = manager_hears(&manager);
    expect_int(sscanf(message, "RELOADING=1\nMONOTONIC_USEC=%llu", &moment), 1);
    expect_true(moment >= before && moment <= clock_ns() / 1000);
    notify_close(&notify);
    manager_end(&manager);
}

static void a_status_is_one_line_that_fits(void)
{
    struct manager manager = manager_on_path();
    struct notify notify;
    auto_free char *status = calloc(5001, 1);

    memset(status, 's', 5000);
    expect_int(notify_open(&notify, NULL), MESH_OK);
    expect_int(notify_status(&notify, "one\nREADY=1", NULL), MESH_OK);
    expect_heard(&manager, "STATUS=one READY=1");
    expect_int(notify_ready(&notify, status, NULL), MESH_OK);
    auto_free char *message = manager_hears(&manager);
    expect_contains(message, "READY=1\nSTATUS=sss");
    expect_true(strlen(message) < 1024);
    notify_close(&notify);
    manager_end(&manager);
}

static void without_a_manager_nothing_is_told(void)
{
    struct notify notify;

    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "1000000", 1);
    expect_int(notify_open(&notify, NULL), MESH_OK);
    expect_int(notify.fd, -1);
    expect_int(notify.watchdog_ms, 0);
    expect_int(notify_ready(&notify, "ready", NULL), MESH_OK);
    expect_int(notify_reloading(&notify, NULL), MESH_OK);
    notify_close(&notify);
}

static uint32_t watchdog_with(const char *usec, const char *pid)
{
    struct manager manager = manager_on_path();
    struct notify notify;

    setenv("WATCHDOG_USEC", usec, 1);
    if (pid)
        setenv("WATCHDOG_PID", pid, 1);
    expect_int(notify_open(&notify, NULL), MESH_OK);
    uint32_t watchdog_ms = notify.watchdog_ms;
    notify_close(&notify);
    manager_end(&manager);
    return watchdog_ms;
}

static void the_watchdog_is_for_the_process_that_it_names(void)
{
    char own[16];

    snprintf(own, sizeof(own), "%d", (int)getpid());
    expect_int(watchdog_with("30000000", own), 30000);
    expect_int(watchdog_with("30000000", NULL), 30000);
    expect_int(watchdog_with("30000000", "1"), 0);
    expect_int(watchdog_with("soon", own), 0);
    expect_int(watchdog_with("-1", own), 0);
    expect_int(watchdog_with("99999999999999999999", own), 0);
}

static void children_do_not_speak_for_us(void)
{
    struct manager manager = manager_on_path();
    struct notify notify;

    setenv("WATCHDOG_USEC", "1", 1);
    setenv("WATCHDOG_PID", "1", 1);
    expect_int(notify_open(&notify, NULL), MESH_OK);
    expect_true(getenv("NOTIFY_SOCKET") == NULL);
    expect_true(getenv("WATCHDOG_USEC") == NULL);
    expect_true(getenv("WATCHDOG_PID") == NULL);
    notify_close(&notify);
    manager_end(&manager);
}

static void expect_refused(const char *socket_name, const char *reason)
{
    mesh_error err = MESH_ERROR_INIT;
    struct notify notify;

    setenv("NOTIFY_SOCKET", socket_name, 1);
    expect_int(notify_open(&notify, &err), MESH_E_SYSTEM);
    expect_contains(mesh_error_text(&err), reason);
    expect_int(notify_ready(&notify, NULL, NULL), MESH_OK);
    notify_close(&notify);
    mesh_error_clear(&err);
}

static void a_socket_that_is_none_is_told(void)
{
    char far[256];
    snprintf(far, sizeof(far), "/%0200d", 0);

    expect_refused("relative", "NOTIFY_SOCKET is 'relative'");
    expect_refused("vsock:2:1234", "expected a path or '@' and a name");
    expect_refused("@", "expected a path or '@' and a name");
    expect_refused(far, "longer than 107 bytes");
}

static void a_manager_that_is_gone_is_told(void)
{
    struct manager manager = manager_on_path();
    struct notify notify;
    mesh_error err = MESH_ERROR_INIT;

    expect_int(notify_open(&notify, NULL), MESH_OK);
    manager_end(&manager);
    expect_int(notify_ready(&notify, NULL, &err), MESH_E_SYSTEM);
    expect_contains(mesh_error_text(&err), "the service manager cannot be told: No such file or directory");
    mesh_error_clear(&err);
    notify_close(&notify);
}

SUITE(base_notify, TEST(a_life_is_heard_on_a_path), TEST(a_life_is_heard_on_an_abstract_name),
      TEST(a_reload_tells_when_it_began), TEST(a_status_is_one_line_that_fits), TEST(without_a_manager_nothing_is_told),
      TEST(the_watchdog_is_for_the_process_that_it_names), TEST(children_do_not_speak_for_us),
      TEST(a_socket_that_is_none_is_told), TEST(a_manager_that_is_gone_is_told))
