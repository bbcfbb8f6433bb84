/* SPDX-License-Identifier: Apache-2.0 */
/* Something that keeps what a link tells, so that a test can wait for it. All waits end after some seconds. */
#ifndef SUPPORT_LINK_PROBE_H
#define SUPPORT_LINK_PROBE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "link/link.h"

enum { PROBE_WAIT_MS = 20000 };

struct probe {
    struct link *link; /* probe_open() */
    /* Guarded by lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct link_message *messages; /* in the order of their arrival */
    size_t message_count;
    /* "key=value @revision", "key deleted", "linked", "cut off: why", "denied: publish subject", "refused (status):
     * why" */
    char **lines;
    size_t line_count;
    size_t gone;
    bool held; /* on_message waits, which no callback outside a test may do */
};

void probe_init(struct probe *probe);
void probe_clear(struct probe *probe); /* closes the link first, if there is one */

/* Open a link that tells this probe; whether it worked. changes: options beside the URL and the callbacks, or NULL. */
bool probe_open(struct probe *probe, const char *url, const struct link_options *changes);

/* The callbacks, all with the probe as closure. */
void probe_message(void *probe, struct link_message *message); /* takes it */
void probe_gone(void *probe);
void probe_entry(void *probe, const struct link_entry *entry);

void probe_hold(struct probe *probe, bool held);

/* Each waits until there are so many, or a line that contains text; false after PROBE_WAIT_MS. */
bool probe_await_messages(struct probe *probe, size_t count);
bool probe_await_gone(struct probe *probe, size_t count);
bool probe_await_line(struct probe *probe, const char *text);

bool probe_has_line(struct probe *probe, const char *text);
size_t probe_count_lines(struct probe *probe, const char *text); /* those that contain it */
void probe_forget_lines(struct probe *probe);
void probe_print(struct probe *probe); /* for a test that failed */

#endif
