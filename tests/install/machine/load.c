/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: asks cell.work without a pause, on several threads, until SIGTERM. Then it tells what became of the requests:
 * answered; refused, and told so at once; or lost. Ends with 0 if none was lost.
 */
#include <agentmesh/agentmesh.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { THREADS = 8, PAUSE_NS = 5000000, AT_ONCE_MS = 1000, CODES_MAX = 16 };

static mesh_client *mesh;
static atomic_bool is_over;
static atomic_uint number_of_last;

/* Guarded by lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned answered, lost;
static struct {
    char code[32];
    unsigned count;
} refused[CODES_MAX];
static long long last_answer_ms, longest_gap_ms;

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void count_answer(bool is_right)
{
    long long now = now_ms();
    if (last_answer_ms && now - last_answer_ms > longest_gap_ms)
        longest_gap_ms = now - last_answer_ms;
    last_answer_ms = now;
    if (is_right)
        answered++;
    else
        lost++;
}

static void count_refusal(const char *code)
{
    for (int i = 0; i < CODES_MAX; i++) {
        if (!refused[i].count)
            snprintf(refused[i].code, sizeof(refused[i].code), "%s", code);
        if (strncmp(refused[i].code, code, sizeof(refused[i].code) - 1) == 0) {
            refused[i].count++;
            return;
        }
    }
}

/* Only who is told at once, and of an agent that is not there, knows that the request was never begun. */
static bool is_refusal(mesh_status status, long long took_ms)
{
    return (status == MESH_E_NOT_FOUND || status == MESH_E_NOT_AVAILABLE) && took_ms < AT_ONCE_MS;
}

static void ask(void)
{
    char input[64], expected[64];
    mesh_error err = MESH_ERROR_INIT;
    mesh_reply *reply = NULL;
    unsigned number = ++number_of_last;
    snprintf(input, sizeof(input), "{\"number\": %u, \"word\": \"abc\"}", number);
    snprintf(expected, sizeof(expected), "{\"number\": %u}", number);

    long long began = now_ms();
    mesh_status status = mesh_call(mesh, "cell.work", mesh_text(input), NULL, &reply, &err);
    long long took = now_ms() - began;
    pthread_mutex_lock(&lock);
    if (status == MESH_OK) {
        count_answer(strcmp(mesh_reply_body(reply).data, expected) == 0);
    } else if (is_refusal(status, took)) {
        count_refusal(mesh_error_code(&err));
    } else {
        printf("lost: request %u after %lld ms: %s: %s\n", number, took, mesh_error_code(&err), mesh_error_text(&err));
        lost++;
    }
    pthread_mutex_unlock(&lock);
    mesh_reply_free(reply);
    mesh_error_clear(&err);
}

static void *ask_on(void *unused)
{
    const struct timespec pause = { 0, PAUSE_NS };
    (void)unused;
    while (!is_over) {
        ask();
        nanosleep(&pause, NULL); /* as many are in hand as there are threads; a refusal must not become a loop */
    }
    return NULL;
}

static void tell(void)
{
    printf("answered %u, lost %u, longest time without an answer %lld ms", answered, lost, longest_gap_ms);
    for (int i = 0; i < CODES_MAX && refused[i].count; i++)
        printf(", told '%s' %u times", refused[i].code, refused[i].count);
    putchar('\n');
}

int main(void)
{
    pthread_t threads[THREADS];
    mesh_location *location = NULL;
    mesh_error err = MESH_ERROR_INIT;
    sigset_t end;
    int number;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &end, NULL); /* before there are threads */

    mesh_status status = mesh_location_find(NULL, &location, &err);
    if (status == MESH_OK) {
        mesh_client_options options = MESH_CLIENT_OPTIONS_INIT;
        options.url = mesh_location_url(location);
        status = mesh_client_open(&options, &mesh, &err);
    }
    if (status != MESH_OK) {
        fprintf(stderr, "load: %s\n", mesh_error_text(&err));
        return 1;
    }
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, ask_on, NULL) != 0)
            return 1;
    sigwait(&end, &number);
    is_over = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    tell();
    mesh_client_close(mesh);
    mesh_location_free(location);
    return lost == 0 && answered > 0 ? 0 : 1;
}
