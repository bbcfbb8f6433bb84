/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket. */
#include "control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "log.h"

enum {
    CONVERSATIONS_MAX = 64,
    ASKED_MAX = 64 << 10,
    ANSWER_MAX = 64 << 20,
    PATIENCE_MS = 10000, /* for an operator to say what it wants, and to take the answer */
    EVENTS = 8,
    GROUPS_MAX = 1024 /* of one process; who is in more is heard for its primary group alone */
};

struct conversation {
    struct control *control;
    struct conversation *next;
    int fd; /* -1: the operator has gone, the answer is awaited all the same */
    struct buf asked, answer;
    size_t sent;
    uint64_t due;
    bool is_heard, is_answered;
};

struct control {
    int fd, epoll;
    char *path;
    gid_t group;
    control_hear hear;
    void *closure;
    struct conversation *first;
    size_t count; /* of those who have not gone */
};

/* ---- conversations ---- */

/* From now on it keeps nobody else from being heard. */
static void hang_up(struct conversation *conversation)
{
    if (conversation->fd < 0)
        return;
    close(conversation->fd);
    conversation->fd = -1;
    conversation->control->count--;
}

static void conversation_free(struct conversation *conversation)
{
    struct control *control = conversation->control;
    struct conversation **at = &control->first;
    while (*at != conversation)
        at = &(*at)->next;
    *at = conversation->next;
    hang_up(conversation);
    buf_clear(&conversation->asked);
    buf_clear(&conversation->answer);
    free(conversation);
}

static bool expect_events(struct conversation *conversation, uint32_t events, int deed)
{
    struct epoll_event event = { .events = events, .data.ptr = conversation };
    return epoll_ctl(conversation->control->epoll, deed, conversation->fd, &event) == 0;
}

/* Send what is left of the answer, as far as the operator takes it. */
static void go_on_answering(struct conversation *conversation)
{
    while (conversation->fd >= 0 && conversation->sent < conversation->answer.len) {
        ssize_t sent = send(conversation->fd, conversation->answer.data + conversation->sent,
                            conversation->answer.len - conversation->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0)
            conversation->sent += (size_t)sent;
        else if (errno == EAGAIN && expect_events(conversation, EPOLLOUT, EPOLL_CTL_MOD))
            return;
        else if (errno != EINTR)
            hang_up(conversation);
    }
    conversation_free(conversation);
}

static void finish(struct conversation *conversation)
{
    conversation->is_answered = true;
    conversation->due = clock_deadline(PATIENCE_MS);
    if (buf_failed(&conversation->answer)) {
        buf_reset(&conversation->answer);
        buf_puts(&conversation->answer,
                 "{\"ok\": false, \"error\": {\"code\": \"no_memory\", \"message\": \"out of memory\"}}\n");
    }
    go_on_answering(conversation);
}

void conversation_answer(struct conversation *conversation, mesh_bytes result)
{
    buf_puts(&conversation->answer, "{\"ok\": true, \"result\": ");
    if (result.len > 0)
        buf_append(&conversation->answer, result.data, result.len);
    else
        buf_puts(&conversation->answer, "null");
    buf_puts(&conversation->answer, "}\n");
    finish(conversation);
}

/* What never travels on a mesh has names of its own here. */
static const char *code_of(const mesh_error *err)
{
    switch (err->status) {
    case MESH_E_CONFLICT:
        return "conflict";
    case MESH_E_STOPPED:
        return "stopped";
    case MESH_E_NO_MEMORY:
        return "no_memory";
    default:
        return mesh_error_code(err);
    }
}

void conversation_refuse(struct conversation *conversation, const mesh_error *err)
{
    json_put_string(&conversation->answer, "{\"ok\": false, \"error\": {\"code\": ", code_of(err));
    json_put_string(&conversation->answer, ", \"message\": ", mesh_error_text(err));
    buf_puts(&conversation->answer, "}}\n");
    finish(conversation);
}

static void refuse(struct conversation *conversation, mesh_status status, const char *text)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_error_set_text(&err, status, text);
    conversation_refuse(conversation, &err);
    mesh_error_clear(&err);
}

/* A whole line is there. */
static void hear(struct conversation *conversation, size_t len)
{
    auto_json cJSON *asked = NULL;
    mesh_error err = MESH_ERROR_INIT;
    conversation->is_heard = true;
    conversation->due = CLOCK_NEVER;
    /* Only hanging up is of interest now, and epoll tells of that unasked. */
    if (!expect_events(conversation, 0, EPOLL_CTL_MOD))
        hang_up(conversation);
    mesh_status status = json_parse(mesh_bytes_of(conversation->asked.data, len), &asked, &err);
    if (status != MESH_OK)
        conversation_refuse(conversation, &err);
    else if (!cJSON_IsObject(asked))
        refuse(conversation, MESH_E_INVALID_ARGUMENT, "what is asked must be a JSON object on one line");
    else
        conversation->control->hear(conversation->control->closure, conversation, asked);
    mesh_error_clear(&err);
}

/* The operator sends, or has gone. */
static void listen_to(struct conversation *conversation)
{
    char part[4096];
    ssize_t got = recv(conversation->fd, part, sizeof(part), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        conversation_free(conversation);
        return;
    }
    buf_append(&conversation->asked, part, (size_t)got);
    const char *end =
        conversation->asked.len > 0 ? memchr(conversation->asked.data, '\n', conversation->asked.len) : NULL;
    if (end)
        hear(conversation, (size_t)(end - conversation->asked.data));
    else if (buf_failed(&conversation->asked))
        refuse(conversation, MESH_E_TOO_LARGE, "what is asked is longer than 64 KiB");
}

static void attend_to(struct conversation *conversation, uint32_t events)
{
    if (conversation->is_answered)
        go_on_answering(conversation);
    else if (!conversation->is_heard)
        listen_to(conversation);
    else if (events & (EPOLLHUP | EPOLLERR))
        hang_up(conversation); /* what was asked is done all the same */
}

/* ---- who may speak ---- */

/* By what its process was when it connected: no user database is asked, which might keep us waiting. */
static bool is_member(int fd, gid_t primary, gid_t wanted)
{
    gid_t groups[GROUPS_MAX];
    socklen_t size = sizeof(groups);
    if (wanted == (gid_t)-1)
        return false;
    if (primary == wanted)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0)
        return false;
    for (size_t i = 0; i < size / sizeof(groups[0]); i++) {
        if (groups[i] == wanted)
            return true;
    }
    return false;
}

static bool may_speak(const struct control *control, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    if (peer.uid == 0 || peer.uid == geteuid() || is_member(fd, peer.gid, control->group))
        return true;
    log_event(MESH_LOG_WARN, "refused somebody at the control socket", "user", LOG_INT(peer.uid), "process",
              LOG_INT(peer.pid), NULL);
    return false;
}

static struct conversation *conversation_new(struct control *control, int fd)
{
    struct conversation *conversation = calloc(1, sizeof(*conversation));
    if (!conversation)
        return NULL;
    conversation->control = control;
    conversation->fd = fd;
    conversation->due = clock_deadline(PATIENCE_MS);
    buf_init(&conversation->asked, ASKED_MAX);
    buf_init(&conversation->answer, ANSWER_MAX);
    if (!expect_events(conversation, EPOLLIN, EPOLL_CTL_ADD)) {
        free(conversation);
        return NULL;
    }
    conversation->next = control->first;
    control->first = conversation;
    control->count++;
    return conversation;
}

static void welcome(struct control *control)
{
    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct conversation *conversation = control->count < CONVERSATIONS_MAX ? conversation_new(control, fd) : NULL;
    if (!conversation)
        close(fd);
    else if (!may_speak(control, fd))
        refuse(conversation, MESH_E_CONNECTION_DENIED,
               "only root, the host's own user and members of its trusted_group may control it");
}

/* ---- from outside ---- */

int control_fd(const struct control *control)
{
    return control->epoll;
}

uint64_t control_due(const struct control *control)
{
    uint64_t due = CLOCK_NEVER;
    for (const struct conversation *at = control->first; at; at = at->next)
        due = at->due < due ? at->due : due;
    return due;
}

static void drop_the_silent(struct control *control)
{
    uint64_t now = clock_ms();
    for (struct conversation *at = control->first, *next; at; at = next) {
        next = at->next;
        if (now >= at->due)
            conversation_free(at);
    }
}

/* One at a time: attending to one conversation may end another that the kernel has told of too. */
void control_attend(struct control *control)
{
    struct epoll_event event;
    for (unsigned turn = 0; turn < EVENTS && epoll_wait(control->epoll, &event, 1, 0) == 1; turn++) {
        if (event.data.ptr)
            attend_to(event.data.ptr, event.events);
        else
            welcome(control);
    }
    drop_the_silent(control);
}

void control_set_group(struct control *control, gid_t group)
{
    control->group = group;
}

/* ---- open, close ---- */

static mesh_status system_error(mesh_error *err, const char *deed, const char *path)
{
    return mesh_error_set(err, MESH_E_SYSTEM, "cannot %s the control socket '%s': %s", deed, path, strerror(errno));
}

/* A socket that nobody listens at is what a host left that was killed. */
static mesh_status remove_old(const struct sockaddr_un *address, mesh_error *err)
{
    struct stat found;
    if (lstat(address->sun_path, &found) != 0)
        return errno == ENOENT ? MESH_OK : system_error(err, "look at", address->sun_path);
    if (!S_ISSOCK(found.st_mode))
        return mesh_error_set(err, MESH_E_EXISTS, "'%s' is in the place of the control socket and is none: remove it",
                              address->sun_path);
    auto_fd int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return system_error(err, "look at", address->sun_path);
    /* Only a refusal says so: one that has too much to do does not answer either. */
    if (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno != ECONNREFUSED)
        return mesh_error_set(err, MESH_E_EXISTS,
                              "another agentmeshd listens at '%s': end it, or set control of [host] to another path",
                              address->sun_path);
    if (unlink(address->sun_path) != 0 && errno != ENOENT)
        return system_error(err, "replace", address->sun_path);
    return MESH_OK;
}

static mesh_status listen_at(struct control *control, mesh_error *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(control->path) >= sizeof(address.sun_path))
        return mesh_error_set(err, MESH_E_TOO_LARGE,
                              "the path of the control socket is longer than %zu bytes: '%s'. Set control of [host] to "
                              "a shorter one",
                              sizeof(address.sun_path) - 1, control->path);
    memcpy(address.sun_path, control->path, strlen(control->path) + 1);
    mesh_status status = remove_old(&address, err);
    if (status != MESH_OK)
        return status;
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->fd < 0 || bind(control->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        return system_error(err, "create", control->path);
    /* Everybody may connect; who is heard is decided by who it is. */
    if (chmod(control->path, 0666) != 0 || listen(control->fd, CONVERSATIONS_MAX) != 0)
        return system_error(err, "listen at", control->path);
    struct epoll_event event = { .events = EPOLLIN };
    if (epoll_ctl(control->epoll, EPOLL_CTL_ADD, control->fd, &event) != 0)
        return system_error(err, "watch", control->path);
    return MESH_OK;
}

mesh_status control_open(const char *path, gid_t group, control_hear hear_it, void *closure,
                         struct control **ret_control, mesh_error *err)
{
    struct control *control = calloc(1, sizeof(*control));
    if (!control)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    control->fd = -1;
    control->epoll = epoll_create1(EPOLL_CLOEXEC);
    control->path = strdup(path);
    control->group = group;
    control->hear = hear_it;
    control->closure = closure;
    mesh_status status = MESH_OK;
    if (control->epoll < 0)
        status = system_error(err, "watch", path);
    else if (!control->path)
        status = mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    else
        status = listen_at(control, err);
    if (status != MESH_OK) {
        control_close(control);
        return status;
    }
    *ret_control = control;
    return MESH_OK;
}

struct control *control_close(struct control *control)
{
    if (control) {
        while (control->first)
            conversation_free(control->first);
        if (control->fd >= 0) {
            close(control->fd);
            unlink(control->path);
        }
        if (control->epoll >= 0)
            close(control->epoll);
        free(control->path);
        free(control);
    }
    return NULL;
}
