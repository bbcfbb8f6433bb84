/* SPDX-License-Identifier: Apache-2.0 */
/* Something that keeps what a link tells. */
#include "link_probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "suite.h"

void probe_init(struct probe *probe)
{
    memset(probe, 0, sizeof(*probe));
    pthread_mutex_init(&probe->lock, NULL);
    clock_cond_init(&probe->changed);
}

void probe_clear(struct probe *probe)
{
    link_close(probe->link);
    for (size_t i = 0; i < probe->message_count; i++)
        link_message_clear(&probe->messages[i]);
    free(probe->messages);
    probe_forget_lines(probe);
    free(probe->lines);
    pthread_cond_destroy(&probe->changed);
    pthread_mutex_destroy(&probe->lock);
}

static void add_line(struct probe *probe, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_line(struct probe *probe, const char *format, ...)
{
    char *line = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&line, format, args) < 0)
        abort();
    va_end(args);
    pthread_mutex_lock(&probe->lock);
    probe->lines = realloc(probe->lines, (probe->line_count + 1) * sizeof(*probe->lines));
    probe->lines[probe->line_count++] = line;
    pthread_cond_broadcast(&probe->changed);
    pthread_mutex_unlock(&probe->lock);
}

static void on_state(void *closure, enum link_state state, const char *text)
{
    if (state == LINK_CONNECTED)
        add_line(closure, "linked");
    else
        add_line(closure, "cut off: %s", text);
}

static void on_denied(void *closure, bool is_publish, const char *subject)
{
    add_line(closure, "denied: %s %s", is_publish ? "publish" : "subscribe", subject);
}

static void on_warning(void *closure, const char *text)
{
    add_line(closure, "warning: %s", text);
}

bool probe_open(struct probe *probe, const char *url, const struct link_options *changes)
{
    struct link_options options = changes ? *changes : (struct link_options){ 0 };
    mesh_error err = MESH_ERROR_INIT;

    options.url = url;
    options.name = options.name ? options.name : "probe";
    options.connect_timeout_ms = options.connect_timeout_ms ? options.connect_timeout_ms : 5000;
    options.on_state = on_state;
    options.on_denied = on_denied;
    options.on_warning = on_warning;
    options.closure = probe;
    mesh_status status = link_open(&options, &probe->link, &err);
    if (status != MESH_OK)
        add_line(probe, "refused (%d): %s", (int)status, mesh_error_text(&err));
    mesh_error_clear(&err);
    return status == MESH_OK;
}

void probe_message(void *closure, struct link_message *message)
{
    struct probe *probe = closure;

    pthread_mutex_lock(&probe->lock);
    probe->messages = realloc(probe->messages, (probe->message_count + 1) * sizeof(*probe->messages));
    probe->messages[probe->message_count++] = *message;
    message->handle = NULL;
    pthread_cond_broadcast(&probe->changed);
    while (probe->held)
        pthread_cond_wait(&probe->changed, &probe->lock);
    pthread_mutex_unlock(&probe->lock);
}

void probe_gone(void *closure)
{
    struct probe *probe = closure;

    pthread_mutex_lock(&probe->lock);
    probe->gone++;
    pthread_cond_broadcast(&probe->changed);
    pthread_mutex_unlock(&probe->lock);
}

void probe_entry(void *closure, const struct link_entry *entry)
{
    if (entry->deleted)
        add_line(closure, "%s deleted", entry->key);
    else
        add_line(closure, "%s=%.*s @%llu", entry->key, (int)entry->value.len, (const char *)entry->value.data,
                 (unsigned long long)entry->revision);
}

void probe_hold(struct probe *probe, bool held)
{
    pthread_mutex_lock(&probe->lock);
    probe->held = held;
    pthread_cond_broadcast(&probe->changed);
    pthread_mutex_unlock(&probe->lock);
}

static bool await_count(struct probe *probe, const size_t *count, size_t wanted)
{
    uint64_t deadline = clock_deadline(PROBE_WAIT_MS);

    pthread_mutex_lock(&probe->lock);
    while (*count < wanted && clock_left_ms(deadline) > 0)
        clock_cond_wait(&probe->changed, &probe->lock, deadline);
    bool ok = *count >= wanted;
    pthread_mutex_unlock(&probe->lock);
    return ok;
}

bool probe_await_messages(struct probe *probe, size_t count)
{
    return await_count(probe, &probe->message_count, count);
}

bool probe_await_gone(struct probe *probe, size_t count)
{
    return await_count(probe, &probe->gone, count);
}

static size_t count_lines(const struct probe *probe, const char *text)
{
    size_t count = 0;

    for (size_t i = 0; i < probe->line_count; i++)
        count += strstr(probe->lines[i], text) != NULL;
    return count;
}

bool probe_await_line(struct probe *probe, const char *text)
{
    uint64_t deadline = clock_deadline(PROBE_WAIT_MS);

    pthread_mutex_lock(&probe->lock);
    while (count_lines(probe, text) == 0 && clock_left_ms(deadline) > 0)
        clock_cond_wait(&probe->changed, &probe->lock, deadline);
    bool ok = count_lines(probe, text) > 0;
    pthread_mutex_unlock(&probe->lock);
    if (!ok) {
        printf("waited for: %s\n", text);
        probe_print(probe);
    }
    return ok;
}

size_t probe_count_lines(struct probe *probe, const char *text)
{
    pthread_mutex_lock(&probe->lock);
    size_t count = count_lines(probe, text);
    pthread_mutex_unlock(&probe->lock);
    return count;
}

bool probe_has_line(struct probe *probe, const char *text)
{
    return probe_count_lines(probe, text) > 0;
}

void probe_forget_lines(struct probe *probe)
{
    pthread_mutex_lock(&probe->lock);
    for (size_t i = 0; i < probe->line_count; i++)
        free(probe->lines[i]);
    probe->line_count = 0;
    pthread_mutex_unlock(&probe->lock);
}

void probe_print(struct probe *probe)
{
    pthread_mutex_lock(&probe->lock);
    for (size_t i = 0; i < probe->line_count; i++)
        printf("    %s\n", probe->lines[i]);
    pthread_mutex_unlock(&probe->lock);
}
