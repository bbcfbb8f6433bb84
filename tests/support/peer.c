/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "bus.h"

enum { HEADERS_MAX = 16 };

struct ear {
    struct ear *next;
    struct link_subscription *subscription;
    pthread_mutex_t lock;
    pthread_cond_t heard;
    struct link_message *messages;
    size_t count, capacity, read;
};

struct pretender {
    struct pretender *next;
    struct link *link;
    const struct canned *messages;
    size_t count;
};

struct peer {
    struct link *link;
    struct ear *ears;
    struct pretender *pretenders;
};

static void must(mesh_status status, const mesh_error *err, const char *what)
{
    if (status == MESH_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, mesh_error_text(err));
    exit(1);
}

struct nats_server *peer_server(void)
{
    return bus_server();
}

static void on_event(void *data, const mesh_event *event)
{
    (void)data;
    if (event->level >= MESH_LOG_ERROR || getenv("PEER_VERBOSE"))
        fprintf(stderr, "[%d] %s%s%s\n", event->level, event->agent ? event->agent : "", event->agent ? ": " : "",
                event->text);
}

mesh_client *peer_client(const mesh_client_options *options)
{
    mesh_client_options given = MESH_CLIENT_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_client *client = NULL;
    if (options)
        given = *options;
    given.url = bus_url();
    if (!given.on_event)
        given.on_event = on_event;
    must(mesh_client_open(&given, &client, &err), &err, "open a client");
    return client;
}

struct peer *peer_open(void)
{
    return peer_open_at(bus_url());
}

struct peer *peer_open_at(const char *url)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    mesh_error err = MESH_ERROR_INIT;
    const struct link_options options = { .url = url, .name = "peer", .connect_timeout_ms = 5000 };
    must(link_open(&options, &peer->link, &err), &err, "open a peer");
    return peer;
}

struct peer *peer_close(struct peer *peer)
{
    link_close(peer->link);
    for (struct ear *ear = peer->ears, *next; ear; ear = next) {
        next = ear->next;
        for (size_t i = ear->read; i < ear->count; i++)
            link_message_clear(&ear->messages[i]);
        free(ear->messages);
        pthread_cond_destroy(&ear->heard);
        pthread_mutex_destroy(&ear->lock);
        free(ear);
    }
    for (struct pretender *one = peer->pretenders, *next; one; one = next) {
        next = one->next;
        free(one);
    }
    free(peer);
    return NULL;
}

struct link *peer_link(struct peer *peer)
{
    return peer->link;
}

/* [link] */
static void hear(void *closure, struct link_message *message)
{
    struct ear *ear = closure;
    pthread_mutex_lock(&ear->lock);
    if (ear->count == ear->capacity) {
        ear->capacity = ear->capacity ? ear->capacity * 2 : 16;
        ear->messages = realloc(ear->messages, ear->capacity * sizeof(*ear->messages));
    }
    ear->messages[ear->count++] = *message;
    message->handle = NULL;
    pthread_cond_signal(&ear->heard);
    pthread_mutex_unlock(&ear->lock);
}

struct ear *peer_listen(struct peer *peer, const char *subject)
{
    struct ear *ear = calloc(1, sizeof(*ear));
    mesh_error err = MESH_ERROR_INIT;
    pthread_mutex_init(&ear->lock, NULL);
    clock_cond_init(&ear->heard);
    ear->next = peer->ears;
    peer->ears = ear;
    must(link_subscribe(peer->link, subject, NULL, hear, ear, &ear->subscription, &err), &err, "listen");
    must(link_flush(peer->link, 5000, &err), &err, "listen");
    return ear;
}

struct link_message ear_next(struct ear *ear, unsigned timeout_ms)
{
    struct link_message message = { NULL };
    uint64_t deadline = clock_deadline(timeout_ms);
    pthread_mutex_lock(&ear->lock);
    while (ear->read == ear->count && clock_cond_wait(&ear->heard, &ear->lock, deadline))
        ;
    if (ear->read < ear->count)
        message = ear->messages[ear->read++];
    pthread_mutex_unlock(&ear->lock);
    return message;
}

static void publish(struct peer *peer, const char *subject, const char *reply, const char *body, va_list args)
{
    struct header headers[HEADERS_MAX];
    size_t count = 0;
    mesh_error err = MESH_ERROR_INIT;
    for (const char *name; (name = va_arg(args, const char *)) != NULL;)
        headers[count++] = (struct header){ name, va_arg(args, const char *) };
    const struct link_outgoing message = { .subject = subject, .reply = reply, .headers = headers,
                                           .header_count = count, .body = mesh_text(body) };
    must(link_publish(peer->link, &message, &err), &err, "publish");
    must(link_flush(peer->link, 5000, &err), &err, "publish");
}

void peer_say(struct peer *peer, const char *subject, const char *reply, const char *body, ...)
{
    va_list args;
    va_start(args, body);
    publish(peer, subject, reply, body, args);
    va_end(args);
}

struct link_message peer_ask(struct peer *peer, const char *subject, const char *body, ...)
{
    char *inbox = link_new_inbox(peer->link);
    struct ear *ear = peer_listen(peer, inbox);
    va_list args;
    va_start(args, body);
    publish(peer, subject, inbox, body, args);
    va_end(args);
    free(inbox);
    return ear_next(ear, 5000);
}

static void say_canned(struct link *link, const char *subject, const struct canned *canned)
{
    struct header headers[HEADERS_MAX];
    size_t count = 0;
    for (const char *const *name = canned->headers; *name; name += 2)
        headers[count++] = (struct header){ name[0], name[1] };
    const struct link_outgoing message = { .subject = subject, .headers = headers, .header_count = count,
                                           .body = mesh_text(canned->body) };
    link_publish(link, &message, NULL);
}

/* [link] */
static void pretend(void *closure, struct link_message *message)
{
    const struct pretender *one = closure;
    char subject[128];
    bool wants_stream = link_message_header(message, HEADER_STREAM) != NULL;
    if (wants_stream)
        snprintf(subject, sizeof(subject), "mesh.stream.%s", link_message_header(message, HEADER_REQUEST_ID));
    else
        snprintf(subject, sizeof(subject), "%s", link_message_reply(message));
    for (size_t i = 0; i < one->count; i++)
        say_canned(one->link, subject, &one->messages[i]);
}

void peer_pretend(struct peer *peer, const char *agent, const struct canned *messages, size_t count)
{
    struct pretender *one = calloc(1, sizeof(*one));
    struct link_subscription *unused;
    char subject[128];
    mesh_error err = MESH_ERROR_INIT;
    *one = (struct pretender){ peer->pretenders, peer->link, messages, count };
    peer->pretenders = one;
    snprintf(subject, sizeof(subject), "mesh.agent.%s", agent);
    must(link_subscribe(peer->link, subject, NULL, pretend, one, &unused, &err), &err, "pretend");
    must(link_flush(peer->link, 5000, &err), &err, "pretend");
}

char *peer_key(struct peer *peer, const char *bucket, const char *key)
{
    struct buf value;
    buf_init(&value, 16 << 20);
    if (link_key_get(peer->link, bucket, key, &value, NULL, NULL) != MESH_OK) {
        buf_clear(&value);
        return NULL;
    }
    return value.len > 0 ? buf_take(&value) : strdup("");
}

const char *said(const struct link_message *message)
{
    return message->handle ? link_message_body(message).data : "(none)";
}

const char *said_header(const struct link_message *message, const char *name)
{
    const char *value = message->handle ? link_message_header(message, name) : NULL;
    return value ? value : "(none)";
}

bool comes_true(bool (*is_so)(void *data), void *data, unsigned timeout_ms)
{
    uint64_t deadline = clock_deadline(timeout_ms);
    while (!is_so(data)) {
        if (clock_left_ms(deadline) == 0)
            return false;
        const struct timespec pause = { 0, 2000000 };
        nanosleep(&pause, NULL);
    }
    return true;
}
