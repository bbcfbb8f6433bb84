/* SPDX-License-Identifier: Apache-2.0 */
/* Ids. */
#include "base/id.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/map.h"
#include "suite.h"

/* The kernel's random bytes pass through here: how often they are interrupted, and whether they are refused. */
static atomic_int interruptions;
static atomic_bool is_refused;

ssize_t __real_getrandom(void *bytes, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags);

ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags)
{
    if (interruptions > 0 || is_refused) {
        errno = interruptions > 0 ? EINTR : ENOSYS;
        interruptions -= interruptions > 0;
        return -1;
    }
    return __real_getrandom(bytes, len, flags);
}

static void an_id_is_a_random_uuid_in_lowercase_hex(void)
{
    char id[ID_SIZE];

    for (int i = 0; i < 100; i++) {
        id_new(id);
        expect_int(strspn(id, "0123456789abcdef"), 32);
        expect_int(strlen(id), 32);
        expect_int(id[12], '4');
        expect_true(strchr("89ab", id[16]) != NULL);
    }
}

static void expect_different_ids(void)
{
    struct map seen = { 0 };
    char id[ID_SIZE];

    for (int i = 0; i < 10000; i++) {
        id_new(id);
        map_put(&seen, id, &seen);
    }
    expect_int(map_count(&seen), 10000);
    map_clear(&seen, NULL);
}

static void no_two_are_the_same(void)
{
    expect_different_ids();
}

static void a_signal_does_not_matter(void)
{
    char id[ID_SIZE];

    interruptions = 3;
    id_new(id);
    expect_int(interruptions, 0);
    expect_int(strlen(id), 32);
}

static void a_sandbox_without_random_bytes_has_ids_too(void)
{
    is_refused = true;
    expect_different_ids();
    is_refused = false;
}

static void a_forked_child_makes_others(void)
{
    char id[ID_SIZE], childs[ID_SIZE] = "";
    int ends[2];

    id_new(id);
    expect_int(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        id_new(childs);
        _exit(write(ends[1], childs, sizeof(childs)) != (ssize_t)sizeof(childs));
    }
    id_new(id);
    expect_int(read(ends[0], childs, sizeof(childs)), sizeof(childs));
    waitpid(child, NULL, 0);
    expect_true(strcmp(id, childs) != 0);
    close(ends[0]);
    close(ends[1]);
}

enum { THREADS = 4, PER_THREAD = 500 };

static void *make_many(void *closure)
{
    char(*ids)[ID_SIZE] = closure;

    for (int i = 0; i < PER_THREAD; i++)
        id_new(ids[i]);
    return NULL;
}

static void threads_may_make_them_at_once(void)
{
    static char ids[THREADS][PER_THREAD][ID_SIZE];
    pthread_t threads[THREADS];
    struct map seen = { 0 };

    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, make_many, ids[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS * PER_THREAD; i++)
        map_put(&seen, ids[i / PER_THREAD][i % PER_THREAD], &seen);
    expect_int(map_count(&seen), THREADS * PER_THREAD);
    map_clear(&seen, NULL);
}

SUITE(base_id, STATEMENT("3", an_id_is_a_random_uuid_in_lowercase_hex), STATEMENT("3", no_two_are_the_same),
      TEST(a_signal_does_not_matter), TEST(a_sandbox_without_random_bytes_has_ids_too),
      STATEMENT("3", a_forked_child_makes_others), TEST(threads_may_make_them_at_once))
