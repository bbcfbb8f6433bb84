/* SPDX-License-Identifier: Apache-2.0 */
/* The roll of hosts, called over a bus in memory where the test is the server. */
#include "local/roll.h"

#include <stdio.h>

#include "suite.h"

/* A server that answers each question so often, with one host in each answer. */
struct server {
    struct link *link;
    unsigned answers;
};

/* [link] */
static void on_question(void *closure, struct link_message *message)
{
    const struct server *server = closure;

    for (unsigned i = 0; i < server->answers; i++) {
        char body[160];
        snprintf(body, sizeof(body),
                 "{\"data\": {\"server_id\": \"S\", \"total\": 1, \"connections\": [{\"cid\": 1, \"name\": "
                 "\"oam-host-%u\"}]}}",
                 i);
        const struct link_outgoing answer = { .subject = link_message_reply(message), .body = mesh_text(body) };
        expect_int(link_publish(server->link, &answer, NULL), MESH_OK);
    }
}

static void server_begin(struct server *server, unsigned answers)
{
    const struct link_options options = { .url = "memory:" };
    struct link_subscription *subscription = NULL;

    *server = (struct server){ .answers = answers };
    expect_int(link_open(&options, &server->link, NULL), MESH_OK);
    expect_int(
        link_subscribe(server->link, "$SYS.REQ.SERVER.PING.CONNZ", NULL, on_question, server, &subscription, NULL),
        MESH_OK);
}

static void count(void *closure, const struct host_connection *connection)
{
    unsigned *counted = closure;

    (void)connection;
    (*counted)++;
}

static void the_hosts_of_all_servers_are_on_the_roll(void)
{
    struct server server;
    unsigned counted = 0;

    server_begin(&server, 3);
    expect_int(roll_call(server.link, count, &counted, NULL), MESH_OK);
    expect_int(counted, 3);
    link_close(server.link);
}

/* Whoever is missing on a roll counts as dead. */
static void a_roll_that_is_not_whole_is_none(void)
{
    struct server server;
    mesh_error err = MESH_ERROR_INIT;
    unsigned counted = 0;

    server_begin(&server, 10001);
    expect_int(roll_call(server.link, count, &counted, &err), MESH_E_NO_MEMORY);
    expect_int(counted, 0);
    expect_contains(mesh_error_text(&err), "who is connected");
    mesh_error_clear(&err);
    link_close(server.link);
}

SUITE(local_roll, TEST(the_hosts_of_all_servers_are_on_the_roll), TEST(a_roll_that_is_not_whole_is_none))
