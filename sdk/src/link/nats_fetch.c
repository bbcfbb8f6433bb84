/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches. A fetch reads in turns: each has a consumer of its own on the server, which gives as many messages as it is
 * asked for and not one more; that bounds the memory without flow control, for which the roles of protocol 15 lack the
 * permission. When a turn is lost (reconnect, a gap, silence), the next begins behind the last message that came.
 */
#include "link/nats_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { QUIET_MS = 10000, AGAIN_MS = 200, EXPIRES_MS = 2000, IDLE_MS = 60000, TURN_SIZE = 12 };

struct fetch {
    /* Read-only. */
    struct link *link;
    const char *stream, *filter;
    struct link_patience patience;
    char inbox[LINK_INBOX_SIZE];
    struct link_subscription *subscription;
    /* The caller's. */
    char *pull;             /* the subject of asking for more */
    struct question pulled; /* open while the turn may go on: closed by a refusal and by the loss of the connection */
    unsigned barren;        /* turns that have brought nothing */
    /* Guarded by the link's lock. */
    char consumer[CONSUMER_NAME_SIZE];
    unsigned turn;
    struct link_message window[FETCH_WINDOW]; /* a ring */
    size_t first, count;
    size_t asked;      /* for, and not here yet */
    uint64_t number;   /* of the turn's last delivery */
    uint64_t revision; /* of the last message that came */
    uint64_t pending;  /* behind it */
    bool stands;       /* pending is known */
    bool lost, abandoned;
};

/* ---- deliveries [link] ---- */

/* Whether the consumer of this turn has delivered it. */
static bool is_of_turn(const struct fetch *fetch, const struct place *place)
{
    size_t len = strlen(fetch->consumer);

    return strncmp(place->consumer, fetch->consumer, len) == 0 && place->consumer[len] == '.';
}

static void keep(struct fetch *fetch, const struct place *place, struct link_message *message)
{
    if (place->number != fetch->number + 1 || fetch->count == FETCH_WINDOW || fetch->lost) {
        fetch->lost = true;
        return;
    }
    fetch->window[(fetch->first + fetch->count++) % FETCH_WINDOW] = *message;
    message->handle = NULL;
    fetch->number = place->number;
    fetch->revision = place->revision;
    fetch->pending = place->pending;
    fetch->asked -= fetch->asked > 0;
}

/* The server ends a request that it has not fulfilled with a status, on the inbox of its turn. */
static bool ends_turn(const struct fetch *fetch, const struct link_message *message)
{
    const char *dot = strrchr(link_message_subject(message), '.');

    return message_status(message) != 100 && dot && strtoul(dot + 1, NULL, 10) == fetch->turn;
}

static void on_delivery(void *closure, struct link_message *message)
{
    struct fetch *fetch = closure;
    struct link *link = fetch->link;
    struct place place;

    pthread_mutex_lock(&link->lock);
    if (fetch->abandoned) {
        /* nobody waits */
    } else if (message_status(message) != 0) {
        fetch->lost = fetch->lost || ends_turn(fetch, message);
    } else if (place_read(link_message_reply(message), &place) && is_of_turn(fetch, &place)) {
        keep(fetch, &place, message);
    }
    pthread_cond_broadcast(&link->answered);
    pthread_mutex_unlock(&link->lock);
}

/* ---- turns ---- */

static void consumer_end(struct fetch *fetch)
{
    auto_free char *subject = NULL, *reply = NULL;

    if (asprintf(&subject, "$JS.API.CONSUMER.DELETE.%s.%s", fetch->stream, fetch->consumer) < 0 ||
        asprintf(&reply, "%s.ignored", fetch->link->inbox) < 0)
        return;
    struct link_outgoing message = { .subject = subject, .reply = reply };
    link_publish(fetch->link, &message, NULL);
}

/* From the beginning, or behind what has come. To free(). */
static char *consumer_wish(const struct fetch *fetch)
{
    char start[64] = "\"deliver_policy\":\"all\"";
    char *wish = NULL;

    if (fetch->revision > 0)
        snprintf(start, sizeof(start), "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":%llu",
                 (unsigned long long)fetch->revision + 1);
    return asprintf(&wish,
                    "{\"stream_name\":\"%s\",\"config\":{\"name\":\"%s\",%s,\"ack_policy\":\"none\","
                    "\"replay_policy\":\"instant\",\"filter_subject\":\"%s\",\"max_deliver\":1,\"num_replicas\":1,"
                    "\"mem_storage\":true,\"inactive_threshold\":%d000000}}",
                    fetch->stream, fetch->consumer, start, fetch->filter, IDLE_MS) < 0
               ? NULL
               : wish;
}

static mesh_status read_created(struct fetch *fetch, const struct question *question, uint64_t *ret_pending,
                                mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    int code = 0;
    mesh_status status = api_read(fetch->link, question, &tree, &code, err);

    if (status != MESH_OK)
        return status;
    if (api_stream_is_missing(code))
        return bucket_missing(fetch->link, strchr(fetch->stream, '_') + 1, err);
    if (code != 0)
        return api_refused(question, tree, code, err);
    *ret_pending = (uint64_t)json_int(tree, "num_pending", 0);
    return MESH_OK;
}

static mesh_status consumer_begin(struct fetch *fetch, uint64_t *ret_pending, mesh_error *err)
{
    auto_free char *subject = NULL, *wish = consumer_wish(fetch);

    if (!wish || asprintf(&subject, "$JS.API.CONSUMER.CREATE.%s.%s", fetch->stream, fetch->consumer) < 0)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to read");
    struct question question = { .subject = subject, .body = mesh_text(wish) };
    mesh_status status = questions_ask(fetch->link, &question, 1, err);
    if (status == MESH_OK)
        status = read_created(fetch, &question, ret_pending, err);
    questions_clear(&question, 1);
    return status;
}

static void turn_end(struct fetch *fetch)
{
    if (!fetch->pull)
        return;
    question_drop(fetch->link, &fetch->pulled, MESH_E_STOPPED);
    consumer_end(fetch);
    free(fetch->pull);
    fetch->pull = NULL;
}

static void turn_reset(struct fetch *fetch)
{
    pthread_mutex_lock(&fetch->link->lock);
    consumer_name(fetch->consumer);
    fetch->turn++;
    fetch->asked = 0;
    fetch->number = 0;
    fetch->stands = false;
    fetch->lost = false;
    pthread_mutex_unlock(&fetch->link->lock);
}

static mesh_status turn_begin(struct fetch *fetch, mesh_error *err)
{
    uint64_t pending = 0;

    turn_end(fetch);
    turn_reset(fetch);
    if (asprintf(&fetch->pull, "$JS.API.CONSUMER.MSG.NEXT.%s.%s", fetch->stream, fetch->consumer) < 0) {
        fetch->pull = NULL;
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to read");
    }
    fetch->pulled = (struct question){ .subject = fetch->pull };
    mesh_status status = question_open(fetch->link, &fetch->pulled, err);
    if (status == MESH_OK)
        status = consumer_begin(fetch, &pending, err);
    pthread_mutex_lock(&fetch->link->lock);
    fetch->pending = pending;
    fetch->stands = status == MESH_OK;
    pthread_mutex_unlock(&fetch->link->lock);
    return status;
}

/* How many more may be asked for. Not one by one: a request costs the server as much as a message. */
static size_t room(struct fetch *fetch)
{
    size_t free_places = FETCH_WINDOW - fetch->count - fetch->asked;
    uint64_t wanted = fetch->pending > fetch->asked ? fetch->pending - fetch->asked : 0;

    if (!fetch->stands || fetch->lost || fetch->asked > FETCH_WINDOW / 2)
        return 0;
    return wanted < free_places ? (size_t)wanted : free_places;
}

static void ask_more(struct fetch *fetch)
{
    char body[64], reply[LINK_INBOX_SIZE + TURN_SIZE];
    struct link *link = fetch->link;

    pthread_mutex_lock(&link->lock);
    size_t count = room(fetch);
    fetch->asked += count;
    pthread_mutex_unlock(&link->lock);
    if (count == 0)
        return;
    snprintf(reply, sizeof(reply), "%s.%u", fetch->inbox, fetch->turn);
    int len = snprintf(body, sizeof(body), "{\"batch\":%zu,\"expires\":%d000000}", count, EXPIRES_MS);
    struct link_outgoing request = { .subject = fetch->pull, .reply = reply, .body = mesh_bytes_of(body, (size_t)len) };
    if (link_publish(link, &request, NULL) == MESH_OK)
        return;
    pthread_mutex_lock(&link->lock);
    fetch->lost = true;
    pthread_mutex_unlock(&link->lock);
}

/* ---- waiting ---- */

enum news { NEWS_NONE, NEWS_MESSAGE, NEWS_END, NEWS_LOST, NEWS_DENIED, NEWS_GIVEN_UP, NEWS_CLOSED, NEWS_LATE };

/* The lock is held. */
static enum news look(const struct fetch *fetch)
{
    if (patience_is_over(&fetch->patience))
        return NEWS_GIVEN_UP;
    if (fetch->count > 0)
        return NEWS_MESSAGE;
    if (fetch->stands && fetch->pending == 0)
        return NEWS_END;
    if (fetch->link->stopping)
        return NEWS_CLOSED;
    if (!fetch->pulled.open && fetch->pulled.status == MESH_E_CONNECTION_DENIED)
        return NEWS_DENIED;
    return fetch->lost || !fetch->pulled.open ? NEWS_LOST : NEWS_NONE;
}

/* How long nothing may come before the turn is taken for lost: a server does not always tell that a consumer is gone.
 * On a slow connection a single message takes its time, and those of a lost turn are in the way of the next. */
static uint32_t quiet_ms(const struct fetch *fetch)
{
    uint32_t third = fetch->patience.timeout_ms / 3;

    return third < QUIET_MS ? third : QUIET_MS;
}

static enum news await_news(struct fetch *fetch, uint64_t deadline, struct link_message *ret_message)
{
    struct link *link = fetch->link;
    uint64_t quiet = clock_deadline(quiet_ms(fetch));
    enum news news;

    pthread_mutex_lock(&link->lock);
    while ((news = look(fetch)) == NEWS_NONE &&
           clock_cond_wait(&link->answered, &link->lock, quiet < deadline ? quiet : deadline))
        ;
    if (news == NEWS_MESSAGE) {
        *ret_message = fetch->window[fetch->first];
        fetch->first = (fetch->first + 1) % FETCH_WINDOW;
        fetch->count--;
    }
    pthread_mutex_unlock(&link->lock);
    return news == NEWS_NONE ? NEWS_LOST : news;
}

/* Wait for a connection; and after a turn that brought nothing for a moment, so that none of this becomes a frenzy. */
static enum news await_chance(struct fetch *fetch, uint64_t deadline)
{
    struct link *link = fetch->link;
    uint64_t pause = fetch->barren++ > 0 ? clock_deadline(AGAIN_MS) : 0;

    pthread_mutex_lock(&link->lock);
    bool over = patience_is_over(&fetch->patience);
    while (!over && !link->stopping && clock_ms() < deadline && (!link_is_connected(link) || clock_ms() < pause)) {
        clock_cond_wait(&link->answered, &link->lock, link_is_connected(link) && pause < deadline ? pause : deadline);
        over = patience_is_over(&fetch->patience);
    }
    enum news news = over                     ? NEWS_GIVEN_UP
                     : link->stopping         ? NEWS_CLOSED
                     : clock_ms() >= deadline ? NEWS_LATE
                                              : NEWS_NONE;
    pthread_mutex_unlock(&link->lock);
    return news;
}

static mesh_status explain(const struct fetch *fetch, enum news news, mesh_error *err)
{
    switch (news) {
    case NEWS_DENIED:
        return mesh_error_set(err, MESH_E_CONNECTION_DENIED, "the server does not permit publishing to '%s'",
                              fetch->pull);
    case NEWS_GIVEN_UP:
        return mesh_error_set(err, MESH_E_STOPPED, "given up while it was read");
    case NEWS_CLOSED:
        return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "the connection to %s was closed", fetch->link->shown_url);
    default:
        return mesh_error_set(err, MESH_E_TIMEOUT, "nothing came from %s within %u ms", fetch->link->shown_url,
                              fetch->patience.timeout_ms);
    }
}

/* Begin turns until one stands. */
static mesh_status go_on(struct fetch *fetch, uint64_t deadline, mesh_error *err)
{
    mesh_status status = MESH_E_CONNECTION_FAILED;

    while (status == MESH_E_CONNECTION_FAILED || status == MESH_E_TIMEOUT) {
        enum news news = await_chance(fetch, deadline);
        if (news != NEWS_NONE)
            return explain(fetch, news, err);
        status = turn_begin(fetch, NULL);
    }
    return status == MESH_OK ? MESH_OK : mesh_error_set(err, status, "reading could not be taken up again");
}

/* ---- for users ---- */

mesh_status fetch_next(struct fetch *fetch, struct link_message *ret_message, mesh_error *err)
{
    uint64_t deadline = clock_deadline(fetch->patience.timeout_ms);
    mesh_status status = MESH_OK;
    enum news news = NEWS_LOST;

    while (status == MESH_OK && news == NEWS_LOST) {
        ask_more(fetch);
        news = await_news(fetch, deadline, ret_message);
        if (news == NEWS_LOST)
            status = go_on(fetch, deadline, err);
    }
    if (status != MESH_OK)
        return status;
    if (news == NEWS_END)
        return MESH_E_END;
    if (news != NEWS_MESSAGE)
        return explain(fetch, news, err);
    fetch->barren = 0;
    return MESH_OK;
}

static void fetch_free(void *closure)
{
    struct fetch *fetch = closure;

    for (; fetch->count > 0; fetch->count--, fetch->first = (fetch->first + 1) % FETCH_WINDOW)
        link_message_clear(&fetch->window[fetch->first]);
    free(fetch->pull);
    free(fetch);
}

struct fetch *fetch_close(struct fetch *fetch)
{
    if (!fetch)
        return NULL;
    turn_end(fetch);
    pthread_mutex_lock(&fetch->link->lock);
    fetch->abandoned = true;
    pthread_mutex_unlock(&fetch->link->lock);
    link_unsubscribe(fetch->subscription, fetch_free);
    return NULL;
}

mesh_status fetch_open(struct link *link, const char *stream, const char *filter, const struct link_patience *patience,
                       struct fetch **ret_fetch, mesh_error *err)
{
    char subject[LINK_INBOX_SIZE + 2];
    struct fetch *fetch = calloc(1, sizeof(*fetch));

    if (!fetch)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to read");
    fetch->link = link;
    fetch->stream = stream;
    fetch->filter = filter;
    fetch->patience = *patience;
    link_write_inbox(fetch->inbox);
    snprintf(subject, sizeof(subject), "%s.*", fetch->inbox);
    mesh_status status = link_subscribe(link, subject, NULL, on_delivery, fetch, &fetch->subscription, err);
    if (status != MESH_OK) {
        free(fetch);
        return status;
    }
    status = turn_begin(fetch, err);
    if (status == MESH_OK)
        *ret_fetch = fetch;
    else
        fetch_close(fetch);
    return status;
}
