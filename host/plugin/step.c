/* SPDX-License-Identifier: Apache-2.0 */
/* One call into a plugin, on a thread made for it. */
#include "plugin/step.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "plugin/crash.h"

struct step {
    /* Read-only once the thread runs. */
    void (*run)(void *closure);
    void *closure;
    char name[16];
    pthread_t thread;
    /* Guarded by lock. */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended;
};

static void *step_main(void *closure)
{
    struct step *step = closure;
    pthread_setname_np(pthread_self(), step->name);
    crash_enter_thread();
    step->run(step->closure);
    pthread_mutex_lock(&step->lock);
    step->has_ended = true;
    pthread_cond_signal(&step->ended);
    pthread_mutex_unlock(&step->lock);
    return NULL;
}

static struct step *step_destroy(struct step *step)
{
    pthread_cond_destroy(&step->ended);
    pthread_mutex_destroy(&step->lock);
    free(step);
    return NULL;
}

struct step *step_start(const char *thread_name, void (*run)(void *closure), void *closure)
{
    struct step *step = calloc(1, sizeof(*step));
    if (!step)
        return NULL;
    if (!clock_cond_init(&step->ended)) {
        free(step);
        return NULL;
    }
    pthread_mutex_init(&step->lock, NULL);
    step->run = run;
    step->closure = closure;
    snprintf(step->name, sizeof(step->name), "%s", thread_name);
    if (pthread_create(&step->thread, NULL, step_main, step) != 0)
        return step_destroy(step);
    return step;
}

bool step_wait(struct step *step, uint64_t deadline)
{
    pthread_mutex_lock(&step->lock);
    while (!step->has_ended && clock_cond_wait(&step->ended, &step->lock, deadline))
        continue;
    bool ended = step->has_ended;
    pthread_mutex_unlock(&step->lock);
    return ended;
}

struct step *step_free(struct step *step)
{
    if (!step)
        return NULL;
    pthread_join(step->thread, NULL);
    return step_destroy(step);
}
