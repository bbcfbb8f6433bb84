/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the server: requests that are answered on the link's own inbox, asked in bulk and waited for together.
 */
#include "link/nats_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- under the link's lock ---- */

static void close_question(struct link *link, struct question *question, mesh_status status)
{
    map_remove(&link->questions, question->token);
    question->open = false;
    question->status = status;
    pthread_cond_broadcast(&link->answered);
}

void questions_fail(struct link *link)
{
    const char *token;
    void *value;

    for (size_t at = 0; map_next(&link->questions, &at, &token, &value);)
        close_question(link, value, MESH_E_CONNECTION_FAILED);
}

/* The text of a refusal may have been cut short by nats.c. */
static bool is_meant(const struct question *question, const char *subject)
{
    size_t len = strlen(subject);

    return strncasecmp(question->subject, subject, len) == 0 && (question->subject[len] == '\0' || len > 150);
}

bool questions_refuse(struct link *link, const char *subject)
{
    const char *token;
    void *value;
    bool found = false;

    pthread_mutex_lock(&link->lock);
    for (size_t at = 0; map_next(&link->questions, &at, &token, &value);) {
        if (!is_meant(value, subject))
            continue;
        close_question(link, value, MESH_E_CONNECTION_DENIED);
        found = true;
    }
    pthread_mutex_unlock(&link->lock);
    return found;
}

/* ---- asking ---- */

/* [link] */
static void on_answer(void *closure, struct link_message *message)
{
    struct link *link = closure;
    const char *dot = strrchr(link_message_subject(message), '.');

    pthread_mutex_lock(&link->lock);
    struct question *question = dot ? map_get(&link->questions, dot + 1) : NULL;
    if (question) {
        question->answer = *message;
        message->handle = NULL;
        close_question(link, question, MESH_OK);
    }
    pthread_mutex_unlock(&link->lock);
}

mesh_status questions_open(struct link *link, mesh_error *err)
{
    char subject[LINK_INBOX_SIZE + 2];

    snprintf(subject, sizeof(subject), "%s.*", link->inbox);
    return link_subscribe(link, subject, NULL, on_answer, link, &link->answers, err);
}

mesh_status question_open(struct link *link, struct question *question, mesh_error *err)
{
    pthread_mutex_lock(&link->lock);
    snprintf(question->token, sizeof(question->token), "%llu", (unsigned long long)++link->asked);
    bool connected = link->session && link->session->up && !link->stopping;
    bool open = connected && map_put(&link->questions, question->token, question);
    question->open = open;
    pthread_mutex_unlock(&link->lock);
    if (open)
        return MESH_OK;
    question->status = connected ? MESH_E_NO_MEMORY : MESH_E_CONNECTION_FAILED;
    return connected ? mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for a request")
                     : mesh_error_set(err, MESH_E_CONNECTION_FAILED, "not connected to %s", link->shown_url);
}

void question_drop(struct link *link, struct question *question, mesh_status status)
{
    pthread_mutex_lock(&link->lock);
    if (question->open)
        close_question(link, question, status);
    pthread_mutex_unlock(&link->lock);
}

mesh_status question_send(struct link *link, struct question *question, mesh_error *err)
{
    char reply[LINK_INBOX_SIZE + sizeof(question->token)];
    mesh_status status = question_open(link, question, err);

    if (status != MESH_OK)
        return status;
    snprintf(reply, sizeof(reply), "%s.%s", link->inbox, question->token);
    struct link_outgoing message = { .subject = question->subject,
                                     .reply = reply,
                                     .headers = question->headers,
                                     .header_count = question->header_count,
                                     .body = question->body };
    status = link_publish(link, &message, err);
    if (status != MESH_OK)
        question_drop(link, question, status);
    return status;
}

static mesh_status explain(struct link *link, const struct question *question, uint32_t timeout_ms, mesh_error *err)
{
    switch (question->status) {
    case MESH_OK:
        return MESH_OK;
    case MESH_E_CONNECTION_DENIED:
        return mesh_error_set(err, MESH_E_CONNECTION_DENIED, "the server does not permit publishing to '%s'",
                              question->subject);
    case MESH_E_TIMEOUT:
        return mesh_error_set(err, MESH_E_TIMEOUT, "no answer from the server to '%s' within %u ms", question->subject,
                              timeout_ms);
    case MESH_E_STOPPED:
        return mesh_error_set(err, MESH_E_STOPPED, "given up before '%s' was answered", question->subject);
    default:
        return mesh_error_set(err, question->status, "the connection to %s was lost before '%s' was answered",
                              link->shown_url, question->subject);
    }
}

/* Wait until all are answered; what is not by the deadline has timed out. */
static void await_answers(struct link *link, struct question *questions, size_t count)
{
    uint64_t deadline = clock_deadline(LINK_SERVER_ANSWER_MS);

    pthread_mutex_lock(&link->lock);
    for (size_t i = 0; i < count; i++) {
        while (questions[i].open && clock_ms() < deadline)
            clock_cond_wait(&link->answered, &link->lock, deadline);
        if (questions[i].open)
            close_question(link, &questions[i], MESH_E_TIMEOUT);
    }
    pthread_mutex_unlock(&link->lock);
}

mesh_status questions_ask(struct link *link, struct question *questions, size_t count, mesh_error *err)
{
    mesh_status failed = MESH_OK;
    size_t asked = 0;

    for (; asked < count && failed == MESH_OK; asked++) {
        failed = question_send(link, &questions[asked], err);
        if (failed != MESH_OK)
            questions[asked].status = failed;
    }
    for (size_t i = asked; i < count; i++)
        questions[i].status = failed;
    await_answers(link, questions, asked);
    for (size_t i = 0; i < asked && failed == MESH_OK; i++)
        failed = explain(link, &questions[i], LINK_SERVER_ANSWER_MS, err);
    return failed;
}

mesh_status question_await(struct link *link, struct question *question, const struct link_patience *patience,
                           mesh_error *err)
{
    uint64_t deadline = clock_deadline(patience->timeout_ms);

    pthread_mutex_lock(&link->lock);
    while (question->open && !patience_is_over(patience) && clock_ms() < deadline)
        clock_cond_wait(&link->answered, &link->lock, deadline);
    if (question->open)
        close_question(link, question, patience_is_over(patience) ? MESH_E_STOPPED : MESH_E_TIMEOUT);
    pthread_mutex_unlock(&link->lock);
    return explain(link, question, patience->timeout_ms, err);
}

void questions_clear(struct question *questions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        link_message_clear(&questions[i].answer);
}

void nats_wake(struct link *link)
{
    pthread_mutex_lock(&link->lock);
    pthread_cond_broadcast(&link->answered);
    pthread_mutex_unlock(&link->lock);
}
