/* SPDX-License-Identifier: Apache-2.0 */
/* Calls whose answers callbacks are told: any number in flight from one thread. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents.h"
#include "base/cleanup.h"
#include "base/clock.h"

enum { PATIENCE_MS = 60000, MANY = 10000 };

/* ---- what callbacks were told ---- */

struct tally {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int expected, done, by_status[64];
    char text[256]; /* of the last failure */
};

static void tally_init(struct tally *tally, int expected)
{
    *tally = (struct tally){ .expected = expected };
    pthread_mutex_init(&tally->lock, NULL);
    clock_cond_init(&tally->changed);
}

static void count(struct tally *tally, mesh_status status, const mesh_error *err)
{
    pthread_mutex_lock(&tally->lock);
    tally->by_status[status]++;
    if (status != MESH_OK)
        snprintf(tally->text, sizeof(tally->text), "%s", mesh_error_text(err));
    if (++tally->done >= tally->expected)
        pthread_cond_broadcast(&tally->changed);
    pthread_mutex_unlock(&tally->lock);
}

static bool all_done(struct tally *tally)
{
    uint64_t deadline = clock_deadline(PATIENCE_MS);
    pthread_mutex_lock(&tally->lock);
    while (tally->done < tally->expected && clock_cond_wait(&tally->changed, &tally->lock, deadline))
        ;
    bool done = tally->done >= tally->expected;
    pthread_mutex_unlock(&tally->lock);
    return done;
}

static void count_done(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err)
{
    expect_int(reply != NULL, status == MESH_OK);
    count(data, status, err);
}

static mesh_client *child_of(mesh_client *parent)
{
    mesh_client *child = NULL;
    expect_int(mesh_client_child(parent, "many", &child, NULL), MESH_OK);
    return child;
}

static void start(mesh_client *client, const char *agent, uint32_t timeout_ms, struct tally *tally)
{
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    options.timeout_ms = timeout_ms;
    if (mesh_call_start(client, agent, mesh_text("1"), &options, count_done, tally, &err) != MESH_OK)
        expect_str(mesh_error_text(&err), "");
    mesh_error_clear(&err);
}

/* ---- answers ---- */

struct asked {
    struct tally *tally;
    int number;
    int answer;
};

static void keep_answer(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err)
{
    struct asked *asked = data;
    asked->answer = reply ? atoi(mesh_reply_body(reply).data) : -1;
    count(asked->tally, status, err);
}

static mesh_status answer_same(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answer(request, mesh_request_input(request), err);
}

static void ten_thousand_calls_get_their_own_answers(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.queue = MANY;
    mesh_client *host = peer_client(&options), *client = peer_client(NULL);
    struct tally tally;
    auto_free struct asked *asked = calloc(MANY, sizeof(*asked));
    tally_init(&tally, MANY);
    expect_int(serve(host, "same", answer_same, NULL), MESH_OK);
    mesh_call_options patient = MESH_CALL_OPTIONS_INIT;
    patient.timeout_ms = PATIENCE_MS;
    for (int i = 0; i < MANY; i++) {
        char input[16];
        asked[i] = (struct asked){ &tally, i, -1 };
        snprintf(input, sizeof(input), "%d", i);
        if (mesh_call_start(client, "same", mesh_text(input), &patient, keep_answer, &asked[i], NULL) != MESH_OK)
            expect_int(i, -1);
    }
    expect_true(all_done(&tally));
    expect_int(tally.by_status[MESH_OK], MANY);
    int right = 0;
    for (int i = 0; i < MANY; i++)
        right += asked[i].answer == asked[i].number;
    expect_int(right, MANY);
    mesh_client_close(client);
    mesh_client_close(host);
    expect_int(tally.done, MANY);
}

/* ---- what ends them from outside ---- */

/* An agent that takes requests and never answers. Returns when it has them all. */
static void start_many_silent(struct peer *peer, mesh_client *client, uint32_t timeout_ms, struct tally *tally)
{
    struct ear *requests = peer_listen(peer, "mesh.agent.silent");
    tally_init(tally, MANY);
    for (int i = 0; i < MANY; i++)
        start(client, "silent", timeout_ms, tally);
    for (int i = 0; i < MANY; i++) {
        struct link_message request = ear_next(requests, PATIENCE_MS);
        if (!request.handle)
            expect_int(i, MANY);
        link_message_clear(&request);
    }
}

static void each_ends_at_its_own_time(void)
{
    static const uint32_t times[] = { 500, 100, 300, 200, 400, 100 };
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct tally tally[6];
    peer_listen(peer, "mesh.agent.silent");
    uint64_t begin = clock_ms();
    for (size_t i = 0; i < 6; i++) {
        tally_init(&tally[i], 10);
        for (int n = 0; n < 10; n++)
            start(client, "silent", times[i], &tally[i]);
    }
    static const size_t order[] = { 1, 5, 3, 2, 4, 0 };
    for (size_t i = 0; i < 6; i++) {
        expect_true(all_done(&tally[order[i]]));
        expect_true(clock_ms() - begin >= times[order[i]]);
        expect_int(tally[order[i]].by_status[MESH_E_TIMEOUT], 10);
    }
    expect_str(tally[0].text, "call 'silent': no reply from agent 'silent' within 500 ms");
    mesh_client_close(client);
    peer_close(peer);
}

static void ten_thousand_end_in_time(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct tally tally;
    start_many_silent(peer, client, 3000, &tally);
    expect_true(all_done(&tally));
    expect_int(tally.by_status[MESH_E_TIMEOUT], MANY);
    mesh_client_close(client);
    peer_close(peer);
}

static void a_death_ends_them_all(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct tally tally;
    start_many_silent(peer, client, PATIENCE_MS, &tally);
    peer_say(peer, "mesh.death.silent", NULL, "{\"agent\": \"silent\", \"reason\": \"killed\"}", NULL);
    expect_true(all_done(&tally));
    expect_int(tally.by_status[MESH_E_AGENT_DIED], MANY);
    expect_str(tally.text, "call 'silent': Agent 'silent' left the mesh during the request");
    mesh_client_close(client);
    peer_close(peer);
}

static void a_stop_ends_them_all_before_it_returns(void)
{
    struct peer *peer = peer_open();
    mesh_client *root = peer_client(NULL), *client = child_of(root);
    struct tally tally;
    start_many_silent(peer, client, PATIENCE_MS, &tally);
    uint64_t begin = clock_ms();
    expect_int(mesh_client_stop(client, 0, NULL), MESH_OK);
    expect_int(tally.by_status[MESH_E_STOPPED], MANY);
    expect_int(tally.done, MANY);
    expect_true(clock_ms() - begin < 15000);
    expect_int(mesh_call_start(client, "silent", mesh_text("1"), NULL, count_done, &tally, NULL), MESH_E_STOPPED);
    mesh_client_close(client);
    mesh_client_close(root);
    peer_close(peer);
    expect_int(tally.done, MANY);
}

static void nobody_serving_is_told_at_once(void)
{
    mesh_client *client = peer_client(NULL);
    struct tally tally;
    uint64_t begin = clock_ms();
    tally_init(&tally, 3);
    for (int i = 0; i < 3; i++)
        start(client, "nobody", PATIENCE_MS, &tally);
    expect_true(all_done(&tally));
    expect_int(tally.by_status[MESH_E_NOT_FOUND], 3);
    expect_str(tally.text, "call 'nobody': Agent 'nobody' not found");
    expect_true(clock_ms() - begin < 10000);
    mesh_client_close(client);
}

static void a_refused_publish_is_told_also_of_names_with_capitals(void)
{
    static const char permissions[] =
        "authorization { users = [ { user: all, password: p }\n"
        "  { user: mute, password: p, permissions: { publish: { deny: [\"mesh.agent.Top.Secret\"] } } } ] }\n";
    struct nats_server *server = nats_server_start(permissions);
    struct tally tally;
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    mesh_client *client = NULL;
    auto_free char *url = NULL;
    expect_true(asprintf(&url, "nats://mute:p@127.0.0.1:%d", nats_server_port(server)) > 0);
    options.url = url;
    expect_int(mesh_client_open(&options, &client, NULL), MESH_OK);
    tally_init(&tally, 5);
    for (int i = 0; i < 5; i++)
        start(client, "Top.Secret", PATIENCE_MS, &tally);
    expect_true(all_done(&tally));
    expect_int(tally.by_status[MESH_E_CONNECTION_DENIED], 5);
    mesh_client_close(client);
    nats_server_stop(server);
}

static void what_cannot_be_sent_is_told_by_the_status_alone(void)
{
    enum { TWO_MIB = 2 << 20 };
    mesh_client *client = peer_client(NULL);
    struct tally tally;
    auto_free char *large = calloc(1, TWO_MIB);
    tally_init(&tally, 0);
    expect_int(mesh_call_start(client, "a b", mesh_text("1"), NULL, count_done, &tally, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_call_start(client, "a", mesh_text("1"), NULL, NULL, &tally, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_call_start(client, "a", mesh_bytes_of(large, TWO_MIB), NULL, count_done, &tally, NULL),
               MESH_E_TOO_LARGE);
    mesh_client_close(client);
    expect_int(tally.done, 0);
}

/* ---- callbacks that go on ---- */

struct chain {
    mesh_client *client;
    struct tally *tally;
    atomic_int left;
};

/* Asks again inside: by waiting, and by starting the next. */
static void call_inside(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err)
{
    struct chain *chain = data;
    mesh_reply *inner = NULL;
    (void)reply;
    mesh_status waited = mesh_call(chain->client, "same", mesh_text("2"), NULL, &inner, NULL);
    mesh_reply_free(inner);
    if (atomic_fetch_sub(&chain->left, 1) > 1)
        expect_int(mesh_call_start(chain->client, "same", mesh_text("3"), NULL, call_inside, chain, NULL), MESH_OK);
    count(chain->tally, status == MESH_OK ? waited : status, err);
}

static void a_callback_may_call_and_start_calls(void)
{
    mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
    options.workers = 4;
    mesh_client *host = peer_client(NULL), *client = peer_client(&options);
    struct tally tally;
    struct chain chains[50];
    expect_int(serve(host, "same", answer_same, NULL), MESH_OK);
    tally_init(&tally, 50 * 5);
    for (int i = 0; i < 50; i++) {
        chains[i] = (struct chain){ client, &tally, 5 };
        expect_int(mesh_call_start(client, "same", mesh_text("1"), NULL, call_inside, &chains[i], NULL), MESH_OK);
    }
    expect_true(all_done(&tally));
    expect_int(tally.by_status[MESH_OK], 50 * 5);
    mesh_client_close(client);
    mesh_client_close(host);
}

/* Goes on for ever; a stop of the client is what ends it. */
struct loop {
    mesh_client *client;
    atomic_int rounds, running;
    atomic_bool ended;
};

static void go_on(void *data, mesh_status status, const mesh_reply *reply, const mesh_error *err)
{
    struct loop *loop = data;
    mesh_reply *inner = NULL;
    (void)reply;
    (void)err;
    loop->rounds++;
    mesh_call(loop->client, "same", mesh_text("2"), NULL, &inner, NULL);
    mesh_reply_free(inner);
    if (status != MESH_OK || mesh_call_start(loop->client, "same", mesh_text("1"), NULL, go_on, loop, NULL) != MESH_OK)
        loop->running--;
}

static bool goes_round(void *data)
{
    return ((struct loop *)data)->rounds > 500;
}

static void a_stop_is_not_held_up_by_callbacks_that_go_on(void)
{
    mesh_client *host = peer_client(NULL), *client = child_of(host);
    struct loop loop = { .client = client };
    expect_int(serve(host, "same", answer_same, NULL), MESH_OK);
    for (int i = 0; i < 64; i++) {
        loop.running++;
        expect_int(mesh_call_start(client, "same", mesh_text("1"), NULL, go_on, &loop, NULL), MESH_OK);
    }
    expect_true(comes_true(goes_round, &loop, PATIENCE_MS));
    uint64_t begin = clock_ms();
    expect_int(mesh_client_stop(client, 20000, NULL), MESH_OK);
    expect_true(clock_ms() - begin < 10000);
    expect_int(loop.running, 0);
    mesh_client_close(client);
    mesh_client_close(host);
}

/* ---- in handlers ---- */

struct relay {
    struct tally tally;
};

static mesh_status relay_and_outlive(mesh_request *request, void *state, mesh_error *err)
{
    struct relay *relay = state;
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    (void)err;
    expect_int(mesh_call_start(mesh_request_client(request), "silent", mesh_text("1"), &options, count_done,
                               &relay->tally, NULL),
               MESH_OK);
    mesh_request_wait(request, 10000);
    return MESH_OK;
}

static void it_ends_with_the_request_that_it_is_made_for(void)
{
    struct peer *peer = peer_open();
    mesh_client *client = peer_client(NULL);
    struct relay relay;
    const mesh_agent agent = { .size = sizeof(agent),
                               .name = "relay",
                               .description = "Relays.",
                               .input_schema = "{}",
                               .call = relay_and_outlive,
                               .timeout_ms = 200 };
    tally_init(&relay.tally, 1);
    peer_listen(peer, "mesh.agent.silent");
    expect_int(mesh_register(client, &agent, &relay, NULL), MESH_OK);
    auto_free char *answer = call(client, "relay");
    expect_contains(answer, "timeout: ");
    expect_true(all_done(&relay.tally));
    expect_int(relay.tally.by_status[MESH_E_STOPPED] + relay.tally.by_status[MESH_E_TIMEOUT], 1);
    mesh_client_close(client);
    peer_close(peer);
}

SUITE(integration_many, TEST(ten_thousand_calls_get_their_own_answers), TEST(each_ends_at_its_own_time),
      TEST(ten_thousand_end_in_time), STATEMENT("43", a_death_ends_them_all),
      TEST(a_stop_ends_them_all_before_it_returns), STATEMENT("42", nobody_serving_is_told_at_once),
      STATEMENT("44", a_refused_publish_is_told_also_of_names_with_capitals),
      TEST(what_cannot_be_sent_is_told_by_the_status_alone), TEST(a_callback_may_call_and_start_calls),
      TEST(a_stop_is_not_held_up_by_callbacks_that_go_on), TEST(it_ends_with_the_request_that_it_is_made_for))
