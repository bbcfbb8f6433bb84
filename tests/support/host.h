/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agentmeshd under test, with folders of its own: plugins, state, mesh.ini. What it logs is kept, and can be waited
 * for. It ends with the test program, however that ends. Whatever goes wrong here ends the program.
 */
#ifndef SUPPORT_HOST_H
#define SUPPORT_HOST_H

#include <stdbool.h>

#include <sys/types.h>

struct host {
    char *folder; /* of everything below */
    char *plugins, *state, *config, *control;
    bool (*prepare)(const struct host *host); /* called in its process before it begins; false: it ends with 77 */
    pid_t pid;
    struct host_log *log;
};

/* Folders and a mesh.ini of these lines, which begin in [host] and may be ""; without a probation, unless they name one.
 * Nothing is started yet. */
struct host *host_new(const char *url, const char *ini);

/* Start it and wait until it is ready. arguments: more of them, ending with NULL; may be NULL. */
void host_start(struct host *host, const char *const *arguments);

/* The same without waiting, for one that is not expected to get that far. */
void host_spawn(struct host *host, const char *const *arguments);

/* Write mesh.ini anew, as host_new() does. */
void host_configure(struct host *host, const char *url, const char *ini);

/* Whether it logs a line with these words (each may be NULL) from the last host_mark() on, within some seconds. */
bool host_says(struct host *host, const char *words, const char *more);

/* Whether it has logged such a line by now. */
bool host_said(struct host *host, const char *words, const char *more);

void host_mark(struct host *host);

void host_signal(const struct host *host, int number);

/* Wait for its end and return its exit code, 128 + the signal if one ended it. Killed if it takes too long. */
int host_wait(struct host *host);

/* End it and remove its folders. SIGTERM; killed if that takes too long. Returns NULL; NULL is fine. */
struct host *host_free(struct host *host);

/* The same at once. */
struct host *host_kill(struct host *host);

static inline void cleanup_host(struct host **slot)
{
    host_free(*slot);
}

#define auto_host __attribute__((cleanup(cleanup_host), unused)) /* its end may be all that is wanted of it */

#endif
