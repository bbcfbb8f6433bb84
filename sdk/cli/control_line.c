/* SPDX-License-Identifier: Apache-2.0 */
/* One question to the host. */
#include "control_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/runtime_folder.h"

enum { ANSWER_MAX = 64 << 20 };

static mesh_status dial(const char *path, int *ret_fd, mesh_error *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(address.sun_path))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "the path '%s' is too long for a socket", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "no socket can be opened: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        *ret_fd = fd;
        fd = -1;
        return MESH_OK;
    }
    if (errno == EACCES)
        return mesh_error_set(err, MESH_E_CONNECTION_DENIED, "'%s' may not be opened by this user", path);
    return mesh_error_set(err, MESH_E_NOT_FOUND, "no agentmeshd listens at '%s': %s", path, strerror(errno));
}

/* The usual places, in their order; the last error is the one that is told. */
static mesh_status dial_usual(int *ret_fd, mesh_error *err)
{
    char *folders[RUNTIME_FOLDERS_MAX];
    mesh_status status = runtime_folders(folders, err);
    if (status != MESH_OK)
        return status;
    status = MESH_E_NOT_FOUND;
    for (size_t i = 0; i < RUNTIME_FOLDERS_MAX; i++) {
        auto_free char *folder = folders[i];
        auto_free char *path = folder ? path_join(folder, "control") : NULL;
        if (path && status == MESH_E_NOT_FOUND)
            status = dial(path, ret_fd, err);
    }
    if (status == MESH_E_NOT_FOUND)
        mesh_error_prefix(err, status, "no host runs here, or it listens elsewhere (--socket)");
    return status;
}

static mesh_status hung_up(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "agentmeshd hung up: %s",
                          errno ? strerror(errno) : "it ended, or too many talk to it");
}

/* Who does not wait for the end of the question may have answered already. */
static mesh_status say(int fd, const char *text, size_t len, mesh_error *err)
{
    while (len > 0) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
            return MESH_OK;
        if (sent < 0)
            return hung_up(err);
        text += sent;
        len -= (size_t)sent;
    }
    return MESH_OK;
}

static mesh_status hear(int fd, struct buf *answer, mesh_error *err)
{
    char part[4096];
    for (;;) {
        ssize_t got = recv(fd, part, sizeof(part), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 || (got < 0 && errno == ECONNRESET && answer->len > 0))
            return buf_error(answer, err);
        if (got < 0)
            return hung_up(err);
        buf_append(answer, part, (size_t)got);
    }
}

static mesh_status read_answer(mesh_bytes answer, cJSON **ret_result, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    errno = 0;
    if (answer.len == 0)
        return hung_up(err);
    mesh_status status = json_parse(answer, &tree, err);
    if (status != MESH_OK)
        return mesh_error_prefix(err, status, "what agentmeshd answered is not to be understood");
    const cJSON *failure = json_get(tree, "error");
    if (!json_bool(tree, "ok", false))
        return mesh_error_set_code(err, json_string(failure, "code", "mesh_error"),
                                   json_string(failure, "message", "it said no"), NULL);
    *ret_result = cJSON_DetachItemFromObjectCaseSensitive(tree, "result");
    return *ret_result ? MESH_OK : mesh_error_set(err, MESH_E_DATA, "what agentmeshd answered has no result");
}

mesh_status control_line_ask(const char *socket_path, mesh_bytes question, cJSON **ret_result, mesh_error *err)
{
    auto_fd int fd = -1;
    auto_buf struct buf answer;
    buf_init(&answer, ANSWER_MAX);
    mesh_status status = socket_path ? dial(socket_path, &fd, err) : dial_usual(&fd, err);
    if (status == MESH_OK)
        status = say(fd, question.data, question.len, err);
    if (status == MESH_OK)
        status = say(fd, "\n", 1, err);
    if (status == MESH_OK)
        status = hear(fd, &answer, err);
    return status == MESH_OK ? read_answer(buf_bytes(&answer), ret_result, err) : status;
}
