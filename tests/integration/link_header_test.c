/* SPDX-License-Identifier: Apache-2.0 */
/* Headers as they stand on the wire, sent by a server that is a thread and a socket. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/link.h"
#include "link_probe.h"
#include "suite.h"

struct puppet {
    int listener, port;
    pthread_t thread;
    const char *headers; /* the block to send with each SUB that is not our own inbox's; NULL: a message without any */
    const char *reply, *body;
};

static void say(int socket, const char *text, size_t len)
{
    for (ssize_t n; len > 0 && (n = send(socket, text, len, MSG_NOSIGNAL)) > 0; text += n, len -= (size_t)n)
        continue;
}

static void send_message(const struct puppet *puppet, int socket, const char *subject, const char *sid)
{
    char line[4096];
    size_t headers = puppet->headers ? strlen(puppet->headers) : 0, body = strlen(puppet->body);
    const char *reply = puppet->reply ? puppet->reply : "";
    int len = puppet->headers
                  ? snprintf(line, sizeof(line), "HMSG %s %s %s %zu %zu\r\n%s%s\r\n", subject, sid, reply, headers,
                             headers + body, puppet->headers, puppet->body)
                  : snprintf(line, sizeof(line), "MSG %s %s %s %zu\r\n%s\r\n", subject, sid, reply, body, puppet->body);
    say(socket, line, (size_t)len);
}

static void obey(const struct puppet *puppet, int socket, char *line)
{
    char subject[256], sid[32];

    if (strncmp(line, "PING", 4) == 0)
        say(socket, "PONG\r\n", 6);
    else if (sscanf(line, "SUB %255s %31s", subject, sid) == 2 && strcmp(subject, "probe") == 0)
        send_message(puppet, socket, subject, sid);
}

static void *play(void *closure)
{
    struct puppet *puppet = closure;
    static const char info[] = "INFO {\"server_id\":\"P\",\"version\":\"2.9.10\",\"proto\":1,\"headers\":true,"
                               "\"max_payload\":1048576}\r\n";
    int socket = accept(puppet->listener, NULL, NULL);
    char line[4096];
    size_t len = 0;

    say(socket, info, strlen(info));
    while (len < sizeof(line) - 1 && read(socket, line + len, 1) == 1) {
        if (line[len++] != '\n')
            continue;
        line[len] = '\0';
        len = 0;
        obey(puppet, socket, line);
    }
    close(socket);
    return NULL;
}

static void puppet_start(struct puppet *puppet)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    puppet->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect_int(bind(puppet->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    expect_int(listen(puppet->listener, 1), 0);
    getsockname(puppet->listener, (struct sockaddr *)&address, &len);
    puppet->port = ntohs(address.sin_port);
    pthread_create(&puppet->thread, NULL, play, puppet);
}

/* Receive what the puppet sends, once. */
static bool receive(struct puppet *puppet, struct probe *probe)
{
    struct link_subscription *subscription = NULL;
    char url[64];

    probe_init(probe);
    puppet_start(puppet);
    snprintf(url, sizeof(url), "nats://127.0.0.1:%d", puppet->port);
    return expect_true(probe_open(probe, url, NULL)) &&
           expect_int(link_subscribe(probe->link, "probe", NULL, probe_message, probe, &subscription, NULL), MESH_OK) &&
           expect_true(probe_await_messages(probe, 1));
}

static void dismiss(struct puppet *puppet, struct probe *probe)
{
    close(puppet->listener);
    probe_clear(probe);
    pthread_join(puppet->thread, NULL);
}

#define ID "X-Mesh-Request-Id"
#define STATUS "X-Mesh-Status"
#define STREAM "X-Mesh-Stream"

static void empty_values_do_not_swallow_the_next_line(void)
{
    static const struct {
        const char *block, *id, *status, *stream, *own;
    } cases[] = {
        { "NATS/1.0\r\nX-Mesh-Request-Id: 1\r\nX-Mesh-Status: ok\r\n\r\n", "1", "ok", NULL, NULL },
        { "NATS/1.0\r\nX-Mesh-Request-Id: \r\nX-Mesh-Status: error\r\n\r\n", "", "error", NULL, NULL },
        { "NATS/1.0\r\nX-Mesh-Request-Id:\r\nX-Mesh-Status:error\r\n\r\n", "", "error", NULL, NULL },
        { "NATS/1.0\r\nOwn: a\r\nX-Mesh-Request-Id: \r\nX-Mesh-Status: ok\r\n\r\n", "", "ok", NULL, "a" },
        { "NATS/1.0\r\nX-Mesh-Status: ok\r\nX-Mesh-Request-Id: \r\n\r\n", "", "ok", NULL, NULL },
        { "NATS/1.0\r\nX-Mesh-Request-Id:\r\n\r\n", "", NULL, NULL, NULL },
        { "NATS/1.0\r\nX-Mesh-Request-Id: \r\nX-Mesh-Stream: \r\nX-Mesh-Status: ok\r\n\r\n", "", "ok", "", NULL },
        { "NATS/1.0\r\nX-Mesh-Status: ok\r\nX-Mesh-Stream: \r\nX-Mesh-Request-Id: \r\n\r\n", "", "ok", "", NULL },
        { "NATS/1.0\r\nOwn: X-Mesh-Status: ok\r\n\r\n", NULL, NULL, NULL, "X-Mesh-Status: ok" },
        { "NATS/1.0\r\nOwn:   padded \t \r\nX-Mesh-Request-Id: \t \r\n\r\n", "", NULL, NULL, "padded" },
        { "NATS/1.0\r\nX-Mesh-Status: first\r\nX-Mesh-Status: second\r\n\r\n", NULL, "first", NULL, NULL },
        { "NATS/1.0\r\nx-mesh-status: ok\r\nX-Mesh-Statu: ok\r\nX-Mesh-Status2: ok\r\n\r\n", NULL, NULL, NULL, NULL },
        { "NATS/1.0\r\nX-Mesh-Request-Id: 1\nOwn: b\r\nX-Mesh-Status: ok\r\n\r\n", NULL, "ok", NULL, "b" },
        { "NATS/1.0\r\n\r\n", NULL, NULL, NULL, NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int replied = 0; replied <= 1; replied++) {
            struct puppet puppet = { .headers = cases[i].block, .reply = replied ? "back" : NULL, .body = "{\"a\":1}" };
            struct probe probe;
            if (receive(&puppet, &probe)) {
                const struct link_message *message = &probe.messages[0];
                for (int again = 0; again <= 1; again++) {
                    expect_str(link_message_header(message, ID), cases[i].id);
                    expect_str(link_message_header(message, STREAM), cases[i].stream);
                    expect_str(link_message_header(message, STATUS), cases[i].status);
                    expect_str(link_message_header(message, "Own"), cases[i].own);
                }
                expect_str(link_message_body(message).data, "{\"a\":1}");
                expect_str(link_message_reply(message), replied ? "back" : NULL);
                expect_false(link_message_is_no_responders(message));
            }
            dismiss(&puppet, &probe);
        }
    }
}

static void a_value_stays_while_others_are_read(void)
{
    struct puppet puppet = { .headers = "NATS/1.0\r\nX-Mesh-Request-Id: 7 \r\nX-Mesh-Status: ok\r\n\r\n", .body = "" };
    struct probe probe;

    if (receive(&puppet, &probe)) {
        const char *id = link_message_header(&probe.messages[0], ID);
        expect_str(link_message_header(&probe.messages[0], STATUS), "ok");
        expect_str(link_message_header(&probe.messages[0], "Missing"), NULL);
        expect_str(id, "7");
        expect_int(link_message_body(&probe.messages[0]).len, 0);
    }
    dismiss(&puppet, &probe);
}

static void messages_without_headers_have_none(void)
{
    static const char *const bodies[] = { "", "x", "NATS/1.0\r\nX-Mesh-Status: ok\r\n\r\n" };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct puppet puppet = { .body = bodies[i], .reply = i == 1 ? "back" : NULL };
        struct probe probe;
        if (receive(&puppet, &probe)) {
            expect_str(link_message_header(&probe.messages[0], STATUS), NULL);
            expect_false(link_message_is_no_responders(&probe.messages[0]));
            expect_str(link_message_body(&probe.messages[0]).data, bodies[i]);
        }
        dismiss(&puppet, &probe);
    }
}

static void what_is_no_header_block_does_no_harm(void)
{
    static const char *const blocks[] = {
        "NATS/1.0",
        "NATS/1.0\r\nX-Mesh-Status",
        "NATS/1.0\r\nX-Mesh-Status: ok",
        "NATS/1.0\r\n: ok\r\n\r\n",
        "NATS/1.0 503\r\n",
        "\r\n\r\n",
        "NATS/9.9\r\nX-Mesh-Status: ok\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        struct puppet puppet = { .headers = blocks[i], .body = "x" };
        struct probe probe;
        if (receive(&puppet, &probe)) {
            expect_str(link_message_header(&probe.messages[0], STATUS), NULL);
            expect_false(link_message_is_no_responders(&probe.messages[0]));
            expect_str(link_message_body(&probe.messages[0]).data, "x");
        }
        dismiss(&puppet, &probe);
    }
}

static void the_servers_503_is_known(void)
{
    static const struct {
        const char *block, *body;
        bool known;
    } cases[] = {
        { "NATS/1.0 503\r\n\r\n", "", true },
        { "NATS/1.0 503 No Responders\r\n\r\n", "", true },
        { "NATS/1.0 503\r\n\r\n", "x", false },
        { "NATS/1.0\r\n503: 503\r\n\r\n", "", false },
        { "NATS/1.0 100 Idle Heartbeat\r\n\r\n", "", false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct puppet puppet = { .headers = cases[i].block, .body = cases[i].body };
        struct probe probe;
        if (receive(&puppet, &probe))
            expect_int(link_message_is_no_responders(&probe.messages[0]), cases[i].known);
        dismiss(&puppet, &probe);
    }
}

SUITE(link_header, TEST(empty_values_do_not_swallow_the_next_line), TEST(a_value_stays_while_others_are_read),
      TEST(messages_without_headers_have_none), TEST(what_is_no_header_block_does_no_harm),
      TEST(the_servers_503_is_known))
