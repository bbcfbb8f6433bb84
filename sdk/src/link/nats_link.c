/* SPDX-License-Identifier: Apache-2.0 */
/* The link: opened, closed, asked how it is. */
#include "link/nats_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/id.h"
#include "base/url.h"

enum {
    CLOSE_MS = 2000,
    LOCK_TRIES = 20,
    DELIVERY_THREADS_MIN = 2,
    DELIVERY_THREADS_MAX = 8,
};

static bool copy_text(const char **slot)
{
    if (*slot && !**slot)
        *slot = NULL;
    return !*slot || (*slot = strdup(*slot)) != NULL;
}

static bool copy_options(struct link *link, const struct link_options *from)
{
    const char **texts[] = { &link->options.url,    &link->options.name,     &link->options.credentials,
                             &link->options.tls_ca, &link->options.tls_cert, &link->options.tls_key };
    bool ok = true;

    link->options = *from;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!copy_text(texts[i]))
            ok = false;
    link->shown_url = url_hide_secrets(from->url);
    return ok && link->shown_url;
}

static struct link *link_free(struct link *link)
{
    const char *texts[] = { link->options.url,    link->options.name,     link->options.credentials,
                            link->options.tls_ca, link->options.tls_cert, link->options.tls_key };

    subscriptions_clear(link);
    legs_clear(link);
    map_clear(&link->questions, NULL);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free((void *)texts[i]);
    free(link->shown_url);
    pthread_cond_destroy(&link->changed);
    pthread_cond_destroy(&link->graves);
    pthread_cond_destroy(&link->answered);
    pthread_mutex_destroy(&link->lock);
    free(link);
    return NULL;
}

void link_write_inbox(char inbox[LINK_INBOX_SIZE])
{
    char id[ID_SIZE];

    id_new(id);
    snprintf(inbox, LINK_INBOX_SIZE, "_INBOX.%s", id);
}

/* Either all of them, or none. */
static bool init_conditions(struct link *link)
{
    pthread_cond_t *conditions[] = { &link->changed, &link->graves, &link->answered };
    size_t made = 0;

    while (made < 3 && clock_cond_init(conditions[made]))
        made++;
    for (size_t i = 0; made < 3 && i < made; i++)
        pthread_cond_destroy(conditions[i]);
    return made == 3;
}

static struct link *link_new(const struct link_options *options)
{
    auto_free struct link *link = calloc(1, sizeof(*link));

    if (!link || !init_conditions(link))
        return NULL;
    pthread_mutex_init(&link->lock, NULL);
    map_init(&link->questions);
    atomic_init(&link->max_payload, LINK_PAYLOAD_DEFAULT);
    link_write_inbox(link->inbox);
    return copy_options(link, options) ? take(&link) : link_free(take(&link));
}

/* Intake is spread over as many threads as there are processors, within reason. Process-wide in nats.c. */
static void size_delivery_pool(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (processors < DELIVERY_THREADS_MIN)
        processors = DELIVERY_THREADS_MIN;
    if (processors > DELIVERY_THREADS_MAX)
        processors = DELIVERY_THREADS_MAX;
    nats_SetMessageDeliveryPoolSize((int)processors);
}

/*
 * nats.c holds a connection's lock while it writes to the socket. Left to itself it tries two thousand times for a lock
 * that is taken before it sleeps: many publishers then keep the processor from the one who writes. The first to open
 * nats.c in a process decides.
 */
static bool open_library(void)
{
    return nats_Open(LOCK_TRIES) == NATS_OK;
}

static bool start_thread(pthread_t *thread, void *(*run)(void *), struct link *link, const char *name)
{
    if (pthread_create(thread, NULL, run, link) != 0)
        return false;
    pthread_setname_np(*thread, name);
    return true;
}

/* The first connection, unless the keeper is to make it. */
static mesh_status first_session(struct link *link, mesh_error *err)
{
    struct session *session = NULL;
    mesh_status status = session_open(link, &session, err);

    if (status != MESH_OK)
        return status;
    session_install(link, session);
    subscriptions_attach(link, session);
    return MESH_OK;
}

static mesh_status no_thread(mesh_error *err)
{
    return mesh_error_set(err, MESH_E_SYSTEM, "cannot start a thread for the connection");
}

/* The threads of nats.c and ours, the first connection. */
static mesh_status start(struct link *link, mesh_error *err)
{
    link->sexton_runs = start_thread(&link->sexton, sexton_main, link, "mesh-sexton");
    mesh_status status = link->sexton_runs ? questions_open(link, err) : no_thread(err);
    if (status == MESH_OK)
        status = link->options.keep_trying ? session_check(link, err) : first_session(link, err);
    if (status != MESH_OK)
        return status;
    link->keeper_runs = start_thread(&link->keeper, keeper_main, link, "mesh-keeper");
    return link->keeper_runs ? MESH_OK : no_thread(err);
}

/* Let those that drain deliver what they have. */
static void await_drains(struct link *link)
{
    uint64_t deadline = clock_deadline(CLOSE_MS);

    pthread_mutex_lock(&link->lock);
    while ((link->draining > 0 || link->line) && clock_ms() < deadline)
        clock_cond_wait(&link->changed, &link->lock, deadline);
    pthread_mutex_unlock(&link->lock);
}

/* Close the connection and wait until nats.c has let go of everything. */
static void end_session(struct link *link)
{
    struct session *session = session_get(link);

    if (!session)
        return;
    natsConnection_Close(session->nc);
    session_put(session);
    pthread_mutex_lock(&link->lock);
    link->session = NULL;
    session_bury(session);
    pthread_mutex_unlock(&link->lock);
}

static void close_link(struct link *link)
{
    if (link_is_connected(link) && link_flush(link, CLOSE_MS, NULL) == MESH_OK)
        await_drains(link);
    pthread_mutex_lock(&link->lock);
    link->stopping = true;
    questions_fail(link);
    pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
    if (link->keeper_runs)
        pthread_join(link->keeper, NULL);
    end_session(link);
    pthread_mutex_lock(&link->lock);
    link->buried = true;
    pthread_cond_broadcast(&link->graves);
    pthread_mutex_unlock(&link->lock);
    if (link->sexton_runs)
        pthread_join(link->sexton, NULL);
    link_free(link);
}

static bool is_connected(const struct link *link)
{
    return atomic_load(&link->connected);
}

static size_t max_payload(const struct link *link)
{
    return atomic_load(&link->max_payload);
}

static mesh_status flush(struct link *link, uint32_t timeout_ms, mesh_error *err)
{
    struct session *session = session_get(link);

    if (!session)
        return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "not connected to %s", link->shown_url);
    natsStatus flushed = natsConnection_FlushTimeout(session->nc, timeout_ms ? timeout_ms : 1);
    session_hear(session);
    session_put(session);
    return status_from_nats(flushed, err, "flush");
}

/* ---- opening ---- */

static const struct link_ops nats_ops = {
    .close = close_link,
    .is_connected = is_connected,
    .max_payload = max_payload,
    .publish = nats_publish,
    .flush = flush,
    .subscribe = nats_subscribe,
    .drain = nats_drain,
    .unsubscribe = nats_unsubscribe,
    .buckets_ensure = nats_buckets_ensure,
    .key_get = nats_key_get,
    .key_put = nats_key_put,
    .key_update = nats_key_update,
    .key_delete = nats_key_delete,
    .keys_put = nats_keys_put,
    .keys_each = nats_keys_each,
    .keys_watch = nats_keys_watch,
    .object_put = nats_object_put,
    .object_info = nats_object_info,
    .object_read = nats_object_read,
    .object_delete = nats_object_delete,
    .objects_each = nats_objects_each,
    .wake = nats_wake,
};

mesh_status nats_link_open(const struct link_options *options, struct link **ret_link, mesh_error *err)
{
    sigset_t before;

    struct link *link = link_new(options);
    if (!link)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a connection");
    link->ops = &nats_ops;
    signals_block(&before);
    bool opened = open_library();
    if (opened)
        size_delivery_pool();
    mesh_status status =
        opened ? start(link, err) : mesh_error_set(err, MESH_E_SYSTEM, "the NATS library does not start");
    signals_restore(&before);
    if (status != MESH_OK) {
        close_link(link);
        return status;
    }
    *ret_link = link;
    return MESH_OK;
}
