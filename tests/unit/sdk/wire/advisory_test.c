/* SPDX-License-Identifier: Apache-2.0 */
/* What a server tells of connections: disconnect advisories, lists of who is connected. */
#include "wire/advisory.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "golden.h"
#include "suite.h"

static bool reads(const char *text, struct host_connection *ret)
{
    return advisory_read(mesh_text(text), ret);
}

static void an_advisory_tells_which_host_has_left(void)
{
    struct host_connection lost = { .number = 0 };
    auto_free char *text = golden("server/advisory.json");

    expect_true(reads(text, &lost));
    expect_str(lost.instance_id, "9da7313a9aa74ddcb4e254fabc052701");
    expect_str(lost.server, "NAEC3XZGMPBXK3GPE74CN2KKBOSJ2SMNOYO7UJOQX4JZWSGMBA7LKHHY");
    expect_int(lost.number, 6);
}

static void what_is_no_advisory_of_a_host_is_ignored(void)
{
    static const char *const texts[] = {
        "",
        "x",
        "null",
        "[]",
        "{}",
        "{\"client\":null}",
        "{\"client\":{}}",
        "{\"client\":{\"name\":7}}",
        "{\"client\":{\"name\":\"\"}}",
        "{\"client\":{\"name\":\"oam-host-\"}}",
        "{\"client\":{\"name\":\"oam-host\"}}",
        "{\"client\":{\"name\":\"somebody\"}}",
        "{\"client\":{\"name\":\"xoam-host-1\"}}",
        "{\"client\":{\"name\":\"oam-host-a.b\"}}",
        "{\"client\":{\"name\":\"oam-host-*\"}}",
        "{\"client\":{\"name\":\"oam-host->\"}}",
        "{\"client\":{\"name\":\"oam-host-a b\"}}",
        "{\"type\":\"io.nats.server.advisory.v1.client_connect\",\"client\":{\"name\":\"oam-host-1\"}}",
        "{\"client\":{\"name\":\"oam-host-1\"}",
    };
    struct host_connection lost;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!expect_false(reads(texts[i], &lost)))
            printf("%s\n", texts[i]);
    char text[400] = "{\"client\":{\"name\":\"oam-host-";
    memset(text + strlen(text), 'a', 200);
    strcat(text, "\"}}");
    expect_false(reads(text, &lost));
}

static void what_an_advisory_does_not_say_is_not_known(void)
{
    struct host_connection lost, other;

    expect_true(reads("{\"client\":{\"name\":\"oam-host-1\",\"id\":-3},\"server\":{\"id\":7}}", &lost));
    expect_str(lost.instance_id, "1");
    expect_str(lost.server, "");
    expect_int(lost.number, 0);
    other = lost;
    expect_false(host_connection_equal(&lost, &other));
    lost.number = other.number = 4;
    expect_true(host_connection_equal(&lost, &other));
    strcpy(other.server, "B");
    expect_false(host_connection_equal(&lost, &other));
}

/* ---- lists ---- */

struct told {
    size_t count;
    struct host_connection last;
};

static void keep(void *closure, const struct host_connection *connection)
{
    struct told *told = closure;
    told->count++;
    told->last = *connection;
}

static void a_list_tells_the_hosts_and_how_many_are_left(void)
{
    struct told told = { .count = 0 };
    uint64_t left = 0;
    auto_free char *text = golden("server/connz.json");

    expect_int(connz_read(mesh_text(text), keep, &told, &left, NULL), MESH_OK);
    expect_int(told.count, 1);
    expect_str(told.last.instance_id, "9da7313a9aa74ddcb4e254fabc052701");
    expect_str(told.last.server, "NAEC3XZGMPBXK3GPE74CN2KKBOSJ2SMNOYO7UJOQX4JZWSGMBA7LKHHY");
    expect_int(told.last.number, 6);
    expect_int(left, 3);
}

static void a_list_that_is_none_is_told(void)
{
    static const char *const texts[] = { "", "x", "{}", "{\"data\":{}}", "{\"data\":{\"connections\":{}}}" };
    struct told told = { .count = 0 };
    uint64_t left = 0;
    mesh_error err = MESH_ERROR_INIT;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_int(connz_read(mesh_text(texts[i]), keep, &told, &left, NULL), MESH_E_DATA);
    expect_int(
        connz_read(mesh_text("{\"error\":{\"code\":400,\"description\":\"bad offset\"}}"), keep, &told, &left, &err),
        MESH_E_DATA);
    expect_contains(mesh_error_text(&err), "bad offset");
    mesh_error_clear(&err);
    expect_int(told.count, 0);
}

static void an_endless_list_comes_to_an_end(void)
{
    struct told told = { .count = 0 };
    uint64_t left = 7;

    expect_int(
        connz_read(mesh_text("{\"data\":{\"total\":9,\"offset\":-1,\"connections\":[]}}"), keep, &told, &left, NULL),
        MESH_OK);
    expect_int(left, 0);
    expect_int(connz_read(mesh_text("{\"data\":{\"total\":-9,\"connections\":[1,null,{\"name\":3}]}}"), keep, &told,
                          &left, NULL),
               MESH_OK);
    expect_int(left, 0);
    expect_int(told.count, 0);
}

SUITE(wire_advisory, TEST(an_advisory_tells_which_host_has_left),
      STATEMENT("64", what_is_no_advisory_of_a_host_is_ignored), TEST(what_an_advisory_does_not_say_is_not_known),
      TEST(a_list_tells_the_hosts_and_how_many_are_left), TEST(a_list_that_is_none_is_told),
      TEST(an_endless_list_comes_to_an_end))
