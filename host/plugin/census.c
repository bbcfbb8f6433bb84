/* SPDX-License-Identifier: Apache-2.0 */
/* The names of all threads of this process. */
#include "plugin/census.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum { MAX_NAMES = 4 << 20 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t taken;
    /* Guarded by lock. */
    uint64_t begun, finished; /* numbers of censuses */
    bool is_being_taken;
    struct buf names; /* each ended by a newline, the first preceded by one */
    bool is_complete;
} census = { .lock = PTHREAD_MUTEX_INITIALIZER, .taken = PTHREAD_COND_INITIALIZER, .names = { .max = MAX_NAMES } };

static void add_name(int tasks, const char *task, struct buf *names)
{
    char path[32], name[CENSUS_NAME_SIZE + 1];
    snprintf(path, sizeof(path), "%.20s/comm", task);
    auto_fd int fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, name, sizeof(name)) : 0;
    if (len > 0)
        buf_append(names, name, (size_t)len); /* its newline comes with it */
}

static bool take_census(struct buf *names)
{
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return false;
    buf_puts(names, "\n");
    for (const struct dirent *task; (task = readdir(tasks));) {
        if (task->d_name[0] != '.')
            add_name(dirfd(tasks), task->d_name, names);
    }
    closedir(tasks);
    return !buf_failed(names);
}

/* Under the lock, which is given up meanwhile. */
static void take_now(void)
{
    struct buf names;
    buf_init(&names, MAX_NAMES);
    uint64_t number = ++census.begun;
    census.is_being_taken = true;
    pthread_mutex_unlock(&census.lock);
    bool is_complete = take_census(&names);
    pthread_mutex_lock(&census.lock);
    buf_clear(&census.names);
    census.names = names;
    census.is_complete = is_complete;
    census.finished = number;
    census.is_being_taken = false;
    pthread_cond_broadcast(&census.taken);
}

/* Under the lock. */
static bool find(const char *prefix, char ret_name[CENSUS_NAME_SIZE])
{
    char wanted[CENSUS_NAME_SIZE + 1];
    snprintf(wanted, sizeof(wanted), "\n%s", prefix);
    const char *at = strstr(buf_text(&census.names), wanted);
    snprintf(ret_name, CENSUS_NAME_SIZE, "%.*s", at ? (int)strcspn(at + 1, "\n") : 1, at ? at + 1 : "?");
    return at;
}

bool census_finds(const char *prefix, char ret_name[CENSUS_NAME_SIZE])
{
    pthread_mutex_lock(&census.lock);
    uint64_t wanted = census.begun + 1; /* one that is being taken may have passed the thread by already */
    while (census.finished < wanted) {
        if (census.is_being_taken)
            pthread_cond_wait(&census.taken, &census.lock);
        else
            take_now();
    }
    bool found = find(prefix, ret_name) || !census.is_complete;
    pthread_mutex_unlock(&census.lock);
    return found;
}
