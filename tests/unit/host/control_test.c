/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket, attended to by hand: who listens where, and conversations that end before they are answered. */
#include "control.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "folder.h"
#include "suite.h"

enum { SOON_MS = 5000, LONG_ANSWER = 4 << 20 };

/* What was asked last. */
struct ear {
    struct conversation *kept;
    char *asked;
};

static void keep(void *closure, struct conversation *conversation, const cJSON *asked)
{
    struct ear *ear = closure;
    free(ear->asked);
    ear->asked = cJSON_PrintUnformatted(asked);
    ear->kept = conversation;
}

static struct control *open_at(const char *path, struct ear *ear)
{
    struct control *control = NULL;
    expect_int(control_open(path, (gid_t)-1, keep, ear, &control, NULL), MESH_OK);
    return control;
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    return address;
}

static int dial(const char *path, int flags)
{
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void say(int fd, const char *text)
{
    expect_int(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Attend until nothing is to be heard any more. */
static void attend(struct control *control)
{
    struct pollfd ready = { control_fd(control), POLLIN, 0 };
    while (poll(&ready, 1, 0) == 1)
        control_attend(control);
}

/* All that is answered, while it is attended to. */
static void hear(struct control *control, int fd, struct buf *answer)
{
    char part[65536];
    uint64_t deadline = clock_deadline(SOON_MS);
    buf_init(answer, 64 << 20);
    while (clock_left_ms(deadline) > 0) {
        ssize_t got = recv(fd, part, sizeof(part), MSG_DONTWAIT);
        if (got == 0)
            return;
        if (got > 0)
            buf_append(answer, part, (size_t)got);
        control_attend(control);
    }
}

static void a_question_is_answered_later(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "control");
    auto_buf struct buf answer;
    struct ear ear = { 0 };
    struct control *control = open_at(path, &ear);
    auto_fd int fd = dial(path, 0);
    say(fd, "{\"do\": ");
    attend(control);
    expect_true(!ear.kept);
    say(fd, "1}\nand more");
    attend(control);
    expect_str(ear.asked, "{\"do\":1}");
    expect_true(control_due(control) == CLOCK_NEVER);
    conversation_answer(ear.kept, mesh_text("[2]"));
    hear(control, fd, &answer);
    expect_str(buf_text(&answer), "{\"ok\": true, \"result\": [2]}\n");
    control_close(control);
    free(ear.asked);
}

static void who_has_gone_may_still_be_answered(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "control");
    struct ear ear = { 0 };
    struct control *control = open_at(path, &ear);
    int fd = dial(path, 0);
    say(fd, "{}\n");
    attend(control);
    close(fd);
    attend(control);
    expect_true(ear.kept);
    conversation_answer(ear.kept, mesh_text("null"));
    control_close(control);
    free(ear.asked);
}

static void those_who_have_gone_keep_nobody_from_being_heard(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "control");
    auto_buf struct buf answer;
    struct ear ear = { 0 };
    struct control *control = open_at(path, &ear);
    for (int i = 0; i < 1000; i++) {
        auto_fd int gone = dial(path, 0);
        say(gone, "{}\n");
        attend(control);
    }
    attend(control);
    ear.kept = NULL;
    auto_fd int fd = dial(path, 0);
    say(fd, "{}\n");
    attend(control);
    expect_true(ear.kept);
    if (ear.kept)
        conversation_answer(ear.kept, mesh_text("1"));
    hear(control, fd, &answer);
    expect_str(buf_text(&answer), "{\"ok\": true, \"result\": 1}\n");
    control_close(control);
    free(ear.asked);
}

static void a_long_answer_is_taken_piece_by_piece(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "control");
    auto_buf struct buf result, answer;
    struct ear ear = { 0 };
    struct control *control = open_at(path, &ear);
    auto_fd int fd = dial(path, 0);
    buf_init(&result, LONG_ANSWER + 1);
    for (size_t i = 0; i < LONG_ANSWER / 8; i++)
        buf_puts(&result, "[1,2,3] ");
    say(fd, "{}\n");
    attend(control);
    conversation_answer(ear.kept, buf_bytes(&result));
    expect_true(control_due(control) != CLOCK_NEVER);
    hear(control, fd, &answer);
    expect_int(answer.len, LONG_ANSWER + strlen("{\"ok\": true, \"result\": }\n"));
    expect_true(control_due(control) == CLOCK_NEVER);
    control_close(control);
    free(ear.asked);
}

static void those_who_are_not_answered_are_hung_up_on(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "control");
    struct ear ear = { 0 };
    struct control *control = open_at(path, &ear);
    auto_fd int asking = dial(path, 0);
    auto_fd int silent = dial(path, 0);
    char byte;
    say(asking, "{}\n");
    attend(control);
    control_close(control);
    expect_int(recv(asking, &byte, 1, 0), 0);
    expect_int(recv(silent, &byte, 1, 0), 0);
    expect_true(access(path, F_OK) != 0);
    free(ear.asked);
}

static void expect_no_room(const char *path, mesh_status expected, const char *said)
{
    struct control *control = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(control_open(path, (gid_t)-1, keep, NULL, &control, &err), expected);
    expect_contains(mesh_error_text(&err), said);
    expect_true(!control);
    mesh_error_clear(&err);
}

static void of_two_hosts_at_one_path_the_first_one_is_heard(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "control");
    struct ear ear = { 0 };
    struct control *control = open_at(path, &ear);
    expect_no_room(path, MESH_E_EXISTS, "another agentmeshd listens at");
    auto_fd int fd = dial(path, 0);
    say(fd, "{}\n");
    attend(control);
    expect_true(ear.kept);
    control_close(control);
    free(ear.asked);
}

/* Its queue is full, so that it does not answer. */
static void a_host_that_is_busy_is_there_too(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "control");
    struct sockaddr_un address = address_of(path);
    auto_fd int busy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect_int(bind(busy, (struct sockaddr *)&address, sizeof(address)), 0);
    expect_int(listen(busy, 0), 0);
    auto_fd int first = dial(path, SOCK_NONBLOCK);
    auto_fd int second = dial(path, SOCK_NONBLOCK);
    expect_true(first >= 0 && second < 0);
    expect_no_room(path, MESH_E_EXISTS, "another agentmeshd listens at");
    expect_int(access(path, F_OK), 0);
}

static void what_a_killed_host_left_is_replaced(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "control");
    struct sockaddr_un address = address_of(path);
    struct ear ear = { 0 };
    int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect_int(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
    close(dead);
    control_close(open_at(path, &ear));
}

static void places_that_cannot_be_had_are_told(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *file = folder_path(folder, "file");
    auto_free char *nowhere = folder_path(folder, "no/control");
    auto_free char *link = folder_path(folder, "link");
    char path[200];
    folder_write(folder, "file", "precious");
    expect_int(symlink(file, link), 0);
    memset(path, 'x', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    expect_no_room(file, MESH_E_EXISTS, "and is none: remove it");
    expect_no_room(link, MESH_E_EXISTS, "and is none: remove it");
    expect_no_room(nowhere, MESH_E_SYSTEM, "cannot create the control socket");
    expect_no_room(path, MESH_E_TOO_LARGE, "longer than 107 bytes");
    expect_int(access(file, F_OK), 0);
}

SUITE(host_control, TEST(a_question_is_answered_later), TEST(who_has_gone_may_still_be_answered),
      TEST(those_who_have_gone_keep_nobody_from_being_heard), TEST(a_long_answer_is_taken_piece_by_piece),
      TEST(those_who_are_not_answered_are_hung_up_on), TEST(of_two_hosts_at_one_path_the_first_one_is_heard),
      TEST(a_host_that_is_busy_is_there_too), TEST(what_a_killed_host_left_is_replaced),
      TEST(places_that_cannot_be_had_are_told))
