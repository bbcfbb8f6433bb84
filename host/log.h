/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line per event on stderr, "text key=value key=value". Values are quoted where they need it, and no byte
 * of a text or value can begin a new line or move a terminal's cursor. [any-thread]
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <agentmesh/client.h> /* MESH_LOG_DEBUG and its neighbours */
#include <agentmesh/version.h>

/* What stands in front of a line. */
enum log_form {
    LOG_FORM_AUTO,    /* journal when stderr leads there, else plain */
    LOG_FORM_JOURNAL, /* <6>text: what a service manager reads */
    LOG_FORM_PLAIN,   /* time, level, text: what people read */
    LOG_FORM_SHORT    /* time of day, text: what somebody reads who looks on */
};

/* Before the first event, if at all. [main] */
void log_set_form(enum log_form form);

/* Events below this level are not written; MESH_LOG_INFO at first. */
void log_set_level(int32_t level);

int32_t log_level(void);

/*
 * An event in words of somebody else's choice, in the place of its text and fields. Called under the log's lock, so it
 * must not log. [any-thread]
 *
 * fields  key, value, ..., NULL; those without a value are not there
 * words   room for them; left "" the event is told as it is
 * Returns false: it is not told at all.
 */
typedef bool (*log_wording)(const char *text, const char *const *fields, char *words, size_t size);

/* Before the first event, if at all. [main] */
void log_set_wording(log_wording wording);

/* Where lines go instead of stderr; the descriptor stays the caller's. [main] */
void log_set_fd(int fd);

/* One event with its fields: pairs of key and value, all strings, ended by NULL. A pair without a value (NULL) is left
 * out. log_event(MESH_LOG_INFO, "plugin loaded", "plugin", name, "agents", LOG_INT(count), NULL); */
void log_event(int32_t level, const char *text, ...) __attribute__((sentinel));

/* One event that is text alone. */
void log_textf(int32_t level, const char *format, ...) MESH_PRINTF(2, 3);

/* A number as a field's value; lives until the end of the block that it stands in. */
enum { LOG_INT_SIZE = 24 };
#define LOG_INT(number) log_int((char[LOG_INT_SIZE]){ 0 }, (int64_t)(number))
const char *log_int(char text[LOG_INT_SIZE], int64_t number);

#endif
