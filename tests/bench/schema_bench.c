/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What checking against a schema costs: an ordinary order, beside reading it; and what was made to take long, each in a
 * process of its own, whose memory is watched. Usage: bench_schema [SAMPLES]
 */
#include "wire/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "malloc_count.h"
#include "order.h"
#include "schema_hostile.h"

enum { SAMPLES = 1001, SAMPLES_MAX = 100001, BATCH = 50, TEXT_MAX = 64 << 20, HOSTILE_ROUNDS = 5 };

static const double check_budget_us = 3, compile_budget_us = 300, hostile_budget_ms = 50;

static void give_up(const char *what, mesh_error *err)
{
    fprintf(stderr, "%s: %s\n", what, mesh_error_text(err));
    exit(1);
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), compare);
    return values[count / 2];
}

static const char *verdict(double value, double budget)
{
    return value <= budget ? "kept" : "missed";
}

/* ---- an order ---- */

static const mesh_schema *schema;
static cJSON *order;

static void parse(void)
{
    mesh_error err = MESH_ERROR_INIT;
    cJSON *tree = NULL;
    if (json_parse(mesh_text(order_text), &tree, &err) != MESH_OK)
        give_up("order", &err);
    cJSON_Delete(tree);
}

static void check(void)
{
    mesh_error err = MESH_ERROR_INIT;
    if (!schema_fits(schema, order, NULL)) {
        mesh_schema_check(schema, mesh_text(order_text), &err);
        give_up("order", &err);
    }
}

static void compile(void)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_schema *compiled = NULL;
    if (mesh_schema_compile(mesh_text(order_schema), NULL, &compiled, &err) != MESH_OK)
        give_up("schema", &err);
    mesh_schema_free(compiled);
}

/* The median of samples, each of some deeds in a row. */
static double measure_us(void (*deed)(void), int samples)
{
    static double took[SAMPLES_MAX];
    for (int i = 0; i < samples; i++) {
        double begin = now_us();
        for (int j = 0; j < BATCH; j++)
            deed();
        took[i] = (now_us() - begin) / BATCH;
    }
    return median(took, samples);
}

static void measure_order(int samples)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_schema mesh_schema *compiled = NULL;
    if (mesh_schema_compile(mesh_text(order_schema), NULL, &compiled, &err) != MESH_OK ||
        json_parse(mesh_text(order_text), &order, &err) != MESH_OK)
        give_up("order", &err);
    schema = compiled;
    check();
    size_t before = malloc_count();
    double check_us = measure_us(check, samples);
    size_t allocations = malloc_count() - before;
    double parse_us = measure_us(parse, samples), compile_us = measure_us(compile, samples / 10 + 1);
    cJSON_Delete(order);

    printf("\n%-48s %10s %10s %s\n", "an order of 779 bytes with ten items", "", "budget", "verdict");
    printf("%-48s %10.2f %10s %s\n", "read it, us", parse_us, "-", "-");
    printf("%-48s %10.2f %10.2f %s\n", "check it, us", check_us, check_budget_us, verdict(check_us, check_budget_us));
    printf("%-48s %10zu %10d %s\n", "allocations of all these checks", allocations, 0, verdict((double)allocations, 0));
    printf("%-48s %10.1f %10.1f %s\n", "compile its schema, us", compile_us, compile_budget_us,
           verdict(compile_us, compile_budget_us));
}

/* ---- what takes long ---- */

struct outcome {
    double compile_ms, read_ms, check_ms;
    long kib; /* beyond what the value itself takes */
    char word[10];
};

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* With what a caller would be told, as a host does it. */
static bool check_tree(const mesh_schema *compiled, const cJSON *tree)
{
    auto_buf struct buf violations;
    buf_init(&violations, TEXT_MAX);
    return schema_fits(compiled, tree, &violations);
}

static void check_hostile(const mesh_schema *compiled, const cJSON *tree, struct outcome *outcome)
{
    double took[HOSTILE_ROUNDS];
    long before = peak_kib();
    bool fits = false;
    for (int i = 0; i < HOSTILE_ROUNDS; i++) {
        double begin = now_us();
        fits = check_tree(compiled, tree);
        took[i] = (now_us() - begin) / 1e3;
    }
    outcome->check_ms = median(took, HOSTILE_ROUNDS);
    outcome->kib = peak_kib() - before;
    snprintf(outcome->word, sizeof(outcome->word), fits ? "fits" : "differs");
}

static void run_hostile(const struct hostile *hostile, struct outcome *outcome)
{
    struct buf text, instance;
    mesh_error err = MESH_ERROR_INIT;
    mesh_schema *compiled = NULL;
    cJSON *tree = NULL;
    mesh_schema_options options = MESH_SCHEMA_OPTIONS_INIT;
    options.flags = MESH_SCHEMA_ASSERT_FORMAT;
    buf_init(&text, TEXT_MAX);
    buf_init(&instance, TEXT_MAX);
    hostile->write(&text, &instance);

    double begin = now_us();
    if (mesh_schema_compile(buf_bytes(&text), &options, &compiled, &err) != MESH_OK)
        give_up(hostile->name, &err);
    double compiled_at = now_us();
    bool is_read = json_parse(buf_bytes(&instance), &tree, &err) == MESH_OK;
    outcome->compile_ms = (compiled_at - begin) / 1e3;
    outcome->read_ms = (now_us() - compiled_at) / 1e3;
    if (is_read)
        check_hostile(compiled, tree, outcome);
    else
        snprintf(outcome->word, sizeof(outcome->word), "unread");
}

/* Nothing is freed in the child: it ends. */
static bool in_a_child(const struct hostile *hostile, struct outcome *outcome)
{
    int ends[2], status = 0;
    fflush(stdout);
    if (pipe(ends) < 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        run_hostile(hostile, outcome);
        _exit(write(ends[1], outcome, sizeof(*outcome)) == sizeof(*outcome) ? 0 : 1);
    }
    close(ends[1]);
    bool is_told = child > 0 && read(ends[0], outcome, sizeof(*outcome)) == sizeof(*outcome);
    close(ends[0]);
    return child > 0 && waitpid(child, &status, 0) == child && is_told && status == 0;
}

static bool measure_hostile(void)
{
    bool all_ended = true;
    printf("\n%-48s %10s %10s %10s %10s %8s %s\n", "made to take long, or large", "compile ms", "read ms", "check ms",
           "KiB more", "budget", "verdict");
    for (int i = 0; i < hostile_count; i++) {
        struct outcome outcome = { 0 };
        if (!in_a_child(&hostiles[i], &outcome)) {
            printf("%-48s did not end well\n", hostiles[i].name);
            all_ended = false;
            continue;
        }
        printf("%-48s %10.2f %10.2f %10.2f %10ld %5.0f ms %s, %s\n", hostiles[i].name, outcome.compile_ms,
               outcome.read_ms, outcome.check_ms, outcome.kib, hostile_budget_ms,
               verdict(outcome.check_ms, hostile_budget_ms), outcome.word);
    }
    return all_ended;
}

int main(int argc, char **argv)
{
    long samples = argc > 1 ? strtol(argv[1], NULL, 10) : SAMPLES;
    if (samples < 1 || samples > SAMPLES_MAX) {
        fprintf(stderr, "usage: bench_schema [SAMPLES]    SAMPLES: 1 to %d, %d if not given\n", SAMPLES_MAX, SAMPLES);
        return 2;
    }
    measure_order((int)samples);
    return measure_hostile() ? 0 : 1;
}
