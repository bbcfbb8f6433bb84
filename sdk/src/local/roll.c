/* SPDX-License-Identifier: Apache-2.0 */
#include "local/roll.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum {
    PAGE = 1024,         /* connections asked for at a time */
    PAGES_MAX = 1024,    /* against servers that never come to an end */
    FIRST_MS = 3000,     /* for the first server to answer */
    SILENCE_MS = 150,    /* when no other one has answered for so long, all have */
    ANSWERS_MAX = 10000, /* of one page */
};

/* The answers to one question. Shared with the subscription that brings them, which may end later than who asked. */
struct answers {
    pthread_mutex_t lock;
    pthread_cond_t came;
    struct link_message *messages;
    size_t count;
    bool is_cut; /* one found no room: who is told of in it would be missed */
};

static void answers_free(void *closure)
{
    struct answers *answers = closure;
    for (size_t i = 0; i < answers->count; i++)
        link_message_clear(&answers->messages[i]);
    free(answers->messages);
    pthread_cond_destroy(&answers->came);
    pthread_mutex_destroy(&answers->lock);
    free(answers);
}

static struct answers *answers_new(void)
{
    struct answers *answers = calloc(1, sizeof(*answers));
    if (!answers || !clock_cond_init(&answers->came)) {
        free(answers);
        return NULL;
    }
    pthread_mutex_init(&answers->lock, NULL);
    return answers;
}

/* [link] */
static void on_answer(void *closure, struct link_message *message)
{
    struct answers *answers = closure;
    pthread_mutex_lock(&answers->lock);
    void *grown = answers->count < ANSWERS_MAX
                      ? realloc(answers->messages, (answers->count + 1) * sizeof(*answers->messages))
                      : NULL;
    answers->is_cut |= !grown;
    if (grown) {
        answers->messages = grown;
        answers->messages[answers->count++] = *message;
        message->handle = NULL;
    }
    pthread_cond_signal(&answers->came);
    pthread_mutex_unlock(&answers->lock);
}

/* Wait for the first one, and if all are wanted for as long as they keep coming. Returns how many there are. */
static size_t await(struct answers *answers, bool all)
{
    pthread_mutex_lock(&answers->lock);
    uint64_t deadline = clock_deadline(FIRST_MS);
    size_t seen = 0;
    do {
        if (answers->count == seen)
            continue;
        seen = answers->count;
        deadline = clock_deadline(SILENCE_MS);
        if (!all || link_message_is_no_responders(&answers->messages[seen - 1]))
            break;
    } while (clock_cond_wait(&answers->came, &answers->lock, deadline));
    size_t count = answers->count;
    pthread_mutex_unlock(&answers->lock);
    return count;
}

/* Whether these answers are from servers. */
static mesh_status check_answers(struct answers *answers, size_t count, mesh_error *err)
{
    pthread_mutex_lock(&answers->lock);
    bool is_cut = answers->is_cut;
    bool nobody = count > 0 && link_message_is_no_responders(&answers->messages[0]);
    pthread_mutex_unlock(&answers->lock);
    if (is_cut)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for all that servers tell of who is connected");
    if (count == 0)
        return mesh_error_set(err, MESH_E_TIMEOUT, "no server has told within %d ms who is connected", FIRST_MS);
    if (nobody)
        return mesh_error_set(err, MESH_E_CONNECTION_DENIED,
                              "nobody tells who is connected: this is not the system account");
    return MESH_OK;
}

/* A question of our own, and what came back. */
struct inquiry {
    struct answers *answers;
    struct link_subscription *subscription;
    size_t count;
};

static void inquiry_end(struct inquiry *inquiry)
{
    if (inquiry->subscription)
        link_unsubscribe(inquiry->subscription, answers_free);
    else if (inquiry->answers)
        answers_free(inquiry->answers);
}

/* MESH_OK: at least one server has answered. body NULL: one is enough. To be ended in any case. */
static mesh_status inquire(struct inquiry *inquiry, struct link *link, const char *subject, const char *body,
                           mesh_error *err)
{
    auto_free char *inbox = link_new_inbox(link);
    const struct link_outgoing question = { .subject = subject, .reply = inbox, .body = mesh_text(body) };
    mesh_status status = MESH_OK;

    inquiry->answers = answers_new();
    if (!inbox || !inquiry->answers)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory to call the roll");
    status = link_subscribe(link, inbox, NULL, on_answer, inquiry->answers, &inquiry->subscription, err);
    if (status == MESH_OK)
        status = link_publish(link, &question, err);
    if (status != MESH_OK)
        return status;
    inquiry->count = await(inquiry->answers, body != NULL);
    return check_answers(inquiry->answers, inquiry->count, err);
}

/* The messages stay where they are, but the list may be moved while more come. */
static struct link_message answer_at(struct answers *answers, size_t index)
{
    pthread_mutex_lock(&answers->lock);
    struct link_message message = answers->messages[index];
    pthread_mutex_unlock(&answers->lock);
    return message;
}

static mesh_status call_page(struct link *link, unsigned page, connz_callback callback, void *closure, bool *ret_more,
                             mesh_error *err)
{
    struct inquiry inquiry = { NULL, NULL, 0 };
    char body[96];
    snprintf(body, sizeof(body), "{\"auth\": true, \"limit\": %d, \"offset\": %u}", PAGE, page * PAGE);
    mesh_status status = inquire(&inquiry, link, "$SYS.REQ.SERVER.PING.CONNZ", body, err);
    for (size_t i = 0; i < inquiry.count && status == MESH_OK; i++) {
        struct link_message message = answer_at(inquiry.answers, i);
        uint64_t left = 0;
        status = connz_read(link_message_body(&message), callback, closure, &left, err);
        *ret_more |= left > 0;
    }
    inquiry_end(&inquiry);
    return status;
}

/* Other accounts may ask who is connected to them, but not how the server is. */
mesh_status roll_check(struct link *link, mesh_error *err)
{
    struct inquiry inquiry = { NULL, NULL, 0 };
    mesh_status status = inquire(&inquiry, link, "$SYS.REQ.SERVER.PING.VARZ", NULL, err);
    inquiry_end(&inquiry);
    return status;
}

mesh_status roll_call(struct link *link, connz_callback callback, void *closure, mesh_error *err)
{
    mesh_status status = MESH_OK;
    bool more = true;
    for (unsigned page = 0; page < PAGES_MAX && more && status == MESH_OK; page++) {
        more = false;
        status = call_page(link, page, callback, closure, &more, err);
    }
    return status;
}
