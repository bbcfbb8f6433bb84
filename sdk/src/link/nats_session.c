/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: one natsConnection each, from its options to its burial, and what nats.c tells of it meanwhile. */
#include "link/nats_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

enum {
    PING_INTERVAL_MS = 20000,
    PINGS_UNANSWERED = 2,
    RECONNECT_BUFFER = 8 * 1024 * 1024,
    PAUSE_MIN_MS = 50,
    PAUSE_MAX_MS = 5000,
};

static mesh_status kind_of(natsStatus status)
{
    switch (status) {
    case NATS_OK:
        return MESH_OK;
    case NATS_NO_MEMORY:
        return MESH_E_NO_MEMORY;
    case NATS_TIMEOUT:
        return MESH_E_TIMEOUT;
    case NATS_NOT_PERMITTED:
    case NATS_CONNECTION_AUTH_FAILED:
        return MESH_E_CONNECTION_DENIED;
    case NATS_MAX_PAYLOAD:
        return MESH_E_TOO_LARGE;
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
    case NATS_INVALID_QUEUE_NAME:
    case NATS_ADDRESS_MISSING:
        return MESH_E_INVALID_ARGUMENT;
    default:
        return MESH_E_CONNECTION_FAILED;
    }
}

mesh_status status_from_nats(natsStatus status, mesh_error *err, const char *what)
{
    mesh_status kind = kind_of(status);

    return kind == MESH_OK ? MESH_OK : mesh_error_set(err, kind, "%s: %s", what, natsStatus_GetText(status));
}

/* ---- use ---- */

struct session *session_get(struct link *link)
{
    pthread_mutex_lock(&link->lock);
    struct session *session = link->session;
    if (session)
        session->users++;
    pthread_mutex_unlock(&link->lock);
    return session;
}

void session_put(struct session *session)
{
    struct link *link = session->link;

    pthread_mutex_lock(&link->lock);
    if (--session->users == 0 && session->closed)
        pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
}

/* A part of `range`, different for everybody who asks. */
static int64_t jitter(int64_t range)
{
    return (int64_t)(clock_ns() / 1000 % (uint64_t)range);
}

int64_t session_pause_ms(int attempts)
{
    int64_t pause = attempts > 6 ? PAUSE_MAX_MS : (int64_t)PAUSE_MIN_MS << attempts;

    if (pause > PAUSE_MAX_MS)
        pause = PAUSE_MAX_MS;
    return pause / 2 + jitter(pause / 2 + 1);
}

static int64_t on_reconnect_pause(natsConnection *nc, int attempts, void *closure)
{
    (void)nc;
    (void)closure;
    return session_pause_ms(attempts);
}

static void lose(struct session *session)
{
    struct link *link = session->link;

    session->up = false;
    link->drops++;
    if (link->session == session)
        atomic_store(&link->connected, false);
    questions_fail(link);
    pthread_cond_broadcast(&link->changed);
    pthread_cond_broadcast(&link->answered);
}

static void on_disconnected(natsConnection *nc, void *closure)
{
    struct session *session = closure;
    const char *ignored = NULL;
    natsStatus why = natsConnection_GetLastError(nc, &ignored);

    pthread_mutex_lock(&session->link->lock);
    session->why = why;
    lose(session);
    pthread_mutex_unlock(&session->link->lock);
}

static void on_reconnected(natsConnection *nc, void *closure)
{
    struct session *session = closure;
    struct link *link = session->link;
    int64_t max_payload = natsConnection_GetMaxPayload(nc);

    pthread_mutex_lock(&link->lock);
    session->up = true;
    atomic_store(&link->max_payload, (size_t)max_payload);
    if (link->session == session)
        atomic_store(&link->connected, true);
    link->tend = true;
    pthread_cond_broadcast(&link->changed);
    pthread_cond_broadcast(&link->graves);
    pthread_cond_broadcast(&link->answered);
    pthread_mutex_unlock(&link->lock);
}

static void on_closed(natsConnection *nc, void *closure)
{
    struct session *session = closure;
    struct link *link = session->link;
    const char *ignored = NULL;
    natsStatus why = natsConnection_GetLastError(nc, &ignored);

    pthread_mutex_lock(&link->lock);
    if (why != NATS_OK)
        session->why = why;
    lose(session);
    session->closed = true;
    pthread_cond_broadcast(&link->graves);
    pthread_mutex_unlock(&link->lock);
}

/* Find the subject between the quotes of: Permissions Violation for Publish to "subject". */
static bool read_violation(const char *text, bool *is_publish, char *subject, size_t size)
{
    const char *start = text ? strcasestr(text, "permissions violation for ") : NULL;

    if (!start)
        return false;
    *is_publish = strcasestr(start, " publish to ") != NULL;
    const char *open = strpbrk(start, "\"'");
    if (!open)
        return false;
    size_t len = strcspn(open + 1, "\"'");
    if (len == 0 || len >= size)
        return false;
    memcpy(subject, open + 1, len);
    subject[len] = '\0';
    return true;
}

static bool tell_refusal(struct link *link, const char *text)
{
    char subject[1024];
    bool is_publish = false;

    if (!read_violation(text, &is_publish, subject, sizeof(subject)))
        return false;
    bool ours = is_publish && questions_refuse(link, subject);
    if (!ours && link->options.on_denied)
        link->options.on_denied(link->options.closure, is_publish, subject);
    return true;
}

void session_hear(struct session *session)
{
    const char *text = NULL;
    char refusal[LINK_REFUSAL_SIZE];

    if (natsConnection_GetLastError(session->nc, &text) != NATS_NOT_PERMITTED || !text)
        return;
    snprintf(refusal, sizeof(refusal), "%s", text);
    pthread_mutex_lock(&session->link->lock);
    bool is_news = strcmp(session->refusal, refusal) != 0;
    if (is_news) {
        memcpy(session->refusal, refusal, sizeof(refusal));
        session->refusal_is_ahead = true;
    }
    pthread_mutex_unlock(&session->link->lock);
    if (is_news)
        tell_refusal(session->link, refusal); /* twice, if nats.c is about to tell it: better than not in time */
}

/* Unless session_hear() has told it already. Kept in mind after it has been told: who finds it there need not wait. */
static bool tell_once(struct session *session, const char *text)
{
    char refusal[LINK_REFUSAL_SIZE];

    snprintf(refusal, sizeof(refusal), "%s", text);
    pthread_mutex_lock(&session->link->lock);
    bool told = session->refusal_is_ahead && strcmp(session->refusal, refusal) == 0;
    pthread_mutex_unlock(&session->link->lock);
    if (!told)
        told = tell_refusal(session->link, refusal);
    pthread_mutex_lock(&session->link->lock);
    memcpy(session->refusal, refusal, sizeof(refusal));
    session->refusal_is_ahead = false;
    pthread_mutex_unlock(&session->link->lock);
    return told;
}

static void on_error(natsConnection *nc, natsSubscription *handle, natsStatus status, void *closure)
{
    struct session *session = closure;
    struct link *link = session->link;
    natsStatus last = NATS_OK;
    const char *text = nats_GetLastError(&last);

    (void)handle;
    if (!text || !*text)
        natsConnection_GetLastError(nc, &text);
    if (status == NATS_NOT_PERMITTED && text && tell_once(session, text))
        return;
    if (link->options.on_warning)
        link->options.on_warning(link->options.closure, text && *text ? text : natsStatus_GetText(status));
}

/* The lever of sending. Without "as soon as possible" a thread gathers what is published for up to a millisecond. */
static natsStatus set_flushing(natsOptions *options)
{
    return natsOptions_SetSendAsap(options, true);
}

static natsStatus set_servers(natsOptions *options, const char *urls)
{
    enum { SERVERS_MAX = 64 };
    const char *list[SERVERS_MAX];
    int count = 0;
    auto_free char *copy = strdup(urls);
    char *rest = copy;

    if (!copy)
        return NATS_NO_MEMORY;
    for (char *url; (url = strsep(&rest, ", ")) && count < SERVERS_MAX;)
        if (*url)
            list[count++] = url;
    return count > 0 ? natsOptions_SetServers(options, list, count) : NATS_ADDRESS_MISSING;
}

static natsStatus set_behaviour(natsOptions *options, struct session *session)
{
    natsStatus status = natsOptions_SetMaxReconnect(options, -1);

    if (status == NATS_OK)
        status = natsOptions_SetCustomReconnectDelay(options, on_reconnect_pause, NULL);
    if (status == NATS_OK)
        status = natsOptions_SetReconnectBufSize(options, RECONNECT_BUFFER);
    if (status == NATS_OK)
        status = natsOptions_SetPingInterval(options, PING_INTERVAL_MS);
    if (status == NATS_OK)
        status = natsOptions_SetMaxPingsOut(options, PINGS_UNANSWERED);
    if (status == NATS_OK)
        status = natsOptions_UseGlobalMessageDelivery(options, true);
    if (status == NATS_OK)
        status = natsOptions_SetDisconnectedCB(options, on_disconnected, session);
    if (status == NATS_OK)
        status = natsOptions_SetReconnectedCB(options, on_reconnected, session);
    if (status == NATS_OK)
        status = natsOptions_SetClosedCB(options, on_closed, session);
    if (status == NATS_OK)
        status = natsOptions_SetErrorHandler(options, on_error, session);
    return status;
}

static natsStatus set_options(natsOptions *options, const struct link_options *from, struct session *session)
{
    natsStatus status = set_servers(options, from->url);

    if (status == NATS_OK && from->name)
        status = natsOptions_SetName(options, from->name);
    if (status == NATS_OK && from->connect_timeout_ms)
        status = natsOptions_SetTimeout(options, from->connect_timeout_ms);
    if (status == NATS_OK && from->credentials)
        status = natsOptions_SetUserCredentialsFromFiles(options, from->credentials, NULL);
    if (status == NATS_OK)
        status = set_behaviour(options, session);
    if (status == NATS_OK)
        status = set_flushing(options);
    return status;
}

static natsStatus load_tls(natsOptions *options, const struct link_options *from)
{
    natsStatus status = natsOptions_SetSecure(options, true);

    if (status == NATS_OK && from->tls_ca)
        status = natsOptions_LoadCATrustedCertificates(options, from->tls_ca);
    if (status == NATS_OK && from->tls_cert && from->tls_key)
        status = natsOptions_LoadCertificatesChain(options, from->tls_cert, from->tls_key);
    return status;
}

static mesh_status set_tls(natsOptions *options, const struct link_options *from, mesh_error *err)
{
    natsStatus status = NATS_OK;

    if (!from->tls_ca && !from->tls_cert && !from->tls_key)
        return MESH_OK;
    if (load_tls(options, from) == NATS_OK)
        return MESH_OK;
    const char *text = nats_GetLastError(&status);
    return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "TLS files cannot be used: %s",
                          text && *text ? text : natsStatus_GetText(status));
}

static mesh_status check_credentials(const char *path, mesh_error *err)
{
    struct stat info;

    if (path && (stat(path, &info) != 0 || !S_ISREG(info.st_mode)))
        return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "Credentials file not found: %s", path);
    return MESH_OK;
}

static mesh_status denied(const struct link *link, mesh_error *err)
{
    const char *credentials = link->options.credentials;

    if (credentials)
        return mesh_error_set(err, MESH_E_CONNECTION_DENIED,
                              "Connection to mesh at %s was denied with credentials file %s", link->shown_url,
                              credentials);
    return mesh_error_set(err, MESH_E_CONNECTION_DENIED, "Connection to mesh at %s was denied: %s", link->shown_url,
                          strchr(link->options.url, '@') ? "the server refuses the user of this URL"
                                                         : "no credentials were presented");
}

static mesh_status connect_failed(const struct link *link, natsStatus status, mesh_error *err)
{
    switch (kind_of(status)) {
    case MESH_E_NO_MEMORY:
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a connection");
    case MESH_E_CONNECTION_DENIED:
        return denied(link, err);
    case MESH_E_INVALID_ARGUMENT:
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "'%s' is not the URL of a server", link->shown_url);
    default:
        break;
    }
    mesh_error_set(err, MESH_E_CONNECTION_FAILED, "Could not connect to mesh at %s. Is it running? Try: agentmesh up",
                   link->shown_url);
    if (status == NATS_SSL_ERROR || status == NATS_SECURE_CONNECTION_REQUIRED ||
        status == NATS_SECURE_CONNECTION_WANTED)
        mesh_error_prefix(err, MESH_E_CONNECTION_FAILED, "TLS (%s)", natsStatus_GetText(status));
    return MESH_E_CONNECTION_FAILED;
}

/* Everything nats.c has to know for a connection. ret_options is given: natsOptions_Destroy(). */
static mesh_status make_options(const struct link *link, struct session *session, natsOptions **ret_options,
                                mesh_error *err)
{
    natsOptions *options = NULL;
    mesh_status status = check_credentials(link->options.credentials, err);

    if (status != MESH_OK)
        return status;
    natsStatus made = natsOptions_Create(&options);
    if (made == NATS_OK)
        made = set_options(options, &link->options, session);
    status = made == NATS_OK ? set_tls(options, &link->options, err) : connect_failed(link, made, err);
    if (status != MESH_OK)
        natsOptions_Destroy(options);
    else
        *ret_options = options;
    return status;
}

mesh_status session_check(const struct link *link, mesh_error *err)
{
    struct session probe = { 0 };
    natsOptions *options = NULL;
    mesh_status status = make_options(link, &probe, &options, err);

    natsOptions_Destroy(options);
    return status;
}

mesh_status session_open(struct link *link, struct session **ret_session, mesh_error *err)
{
    natsOptions *options = NULL;
    auto_free struct session *session = calloc(1, sizeof(*session));

    if (!session)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a connection");
    session->link = link;
    session->up = true;
    session->since = clock_ms();
    mesh_status status = make_options(link, session, &options, err);
    if (status != MESH_OK)
        return status;
    natsStatus made = natsConnection_Connect(&session->nc, options);
    natsOptions_Destroy(options);
    if (made != NATS_OK)
        return connect_failed(link, made, err);
    atomic_store(&link->max_payload, (size_t)natsConnection_GetMaxPayload(session->nc));
    *ret_session = take(&session);
    return MESH_OK;
}

void session_install(struct link *link, struct session *session)
{
    pthread_mutex_lock(&link->lock);
    link->session = session;
    atomic_store(&link->connected, session->up);
    pthread_cond_broadcast(&link->answered);
    pthread_mutex_unlock(&link->lock);
}

void session_bury(struct session *session)
{
    struct link *link = session->link;

    while (!session->closed || session->users > 0 || session->legs > 0)
        pthread_cond_wait(&link->changed, &link->lock);
    pthread_mutex_unlock(&link->lock);
    natsConnection_Destroy(session->nc);
    free(session);
    pthread_mutex_lock(&link->lock);
}
