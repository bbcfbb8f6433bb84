/* SPDX-License-Identifier: Apache-2.0 */
/* bench_soak: thousands of reloads under load, and what they cost: those who call, and the host. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "control.h"
#include "load.h"
#include "peer.h"
#include "suite.h"
#include "versions.h"
#include "vitals.h"

enum { WARM_UP = 500, LANES = 2, WINDOW = 48, QUIET_MS = 5000, HEARD_MS = 20000, STILL_MS = 11000, REST_MS = 60000 };

/* What was asked for; percent of what the host can do. */
static struct plan {
    unsigned reloads, settle_ms, percent;
} plan = { .reloads = 10000, .settle_ms = 10, .percent = 100 };

struct figures {
    double full; /* requests a second */
    unsigned unheard, unsettled;
    struct histogram first; /* from the moment when the file is closed to the first answer of the new version */
    struct vitals before, after;
    struct traffic_tally tally;
};

static struct traffic *begin(const struct versions *versions, unsigned per_second)
{
    const struct traffic_order order = { nats_server_url(peer_server()), LANES, WINDOW, per_second, versions->current };
    return traffic_begin(&order);
}

/* ---- the host at rest ---- */

struct rest {
    struct versions *versions;
    struct vitals vitals;
};

/* Its idle workers have ended: for longer than they stay, nothing has changed. */
static bool is_at_rest(void *data)
{
    struct rest *rest = data;
    const struct vitals last = rest->vitals;
    load_wait(STILL_MS);
    rest->vitals = vitals_of(rest->versions->host->pid);
    return last.threads == rest->vitals.threads && last.mappings == rest->vitals.mappings;
}

static struct vitals vitals_at_rest(struct versions *versions)
{
    struct rest rest = { .versions = versions };
    versions_are_gone(versions);
    comes_true(is_at_rest, &rest, REST_MS);
    return rest.vitals;
}

/* ---- measuring ---- */

static double measure_full(const struct versions *versions)
{
    struct traffic_tally tally;
    struct traffic *traffic = begin(versions, 0);
    load_wait(QUIET_MS);
    traffic_end(traffic, &tally);
    return (double)tally.requests / tally.seconds;
}

/* Put one in place and leave it to the host to notice. */
static void wait_for_notice(struct versions *versions, struct traffic *traffic, struct figures *figures)
{
    uint64_t heard_ns, closed_ns;
    versions_put_next(versions, traffic);
    closed_ns = clock_ns();
    if (!traffic_hears(traffic, HEARD_MS, &heard_ns))
        figures->unheard++;
    else
        histogram_add(&figures->first, heard_ns > closed_ns ? heard_ns - closed_ns : 0);
    figures->unsettled += !versions_reload(versions, traffic);
}

static void reload_at_once(struct versions *versions, struct traffic *traffic, struct figures *figures)
{
    versions_put_next(versions, traffic);
    figures->unsettled += !versions_reload(versions, traffic);
}

static void reload_often(struct versions *versions, unsigned reloads, unsigned per_second, struct figures *figures)
{
    struct traffic *traffic = begin(versions, per_second);
    load_wait(QUIET_MS);
    for (unsigned i = 0; i < reloads; i++) {
        if (i % 2 == 0)
            wait_for_notice(versions, traffic, figures);
        else
            reload_at_once(versions, traffic, figures);
        if (i % 1000 == 999)
            fprintf(stderr, "soak: %u reloads, %llu requests answered\n", i + 1,
                    (unsigned long long)traffic_answered(traffic));
    }
    load_wait(QUIET_MS);
    traffic_end(traffic, &figures->tally);
}

static void print_times(const char *name, const struct histogram *times, double less_ms)
{
    printf("%-34s p50 %.2f  p99 %.2f  longest %.2f ms  (%llu)\n", name, histogram_ms(times, 50) - less_ms,
           histogram_ms(times, 99) - less_ms, (double)times->longest_ns / 1e6 - less_ms,
           (unsigned long long)times->count);
}

static void print(const struct figures *figures)
{
    const struct traffic_tally *tally = &figures->tally;
    printf("full load %.0f requests/s; measured under %.0f requests/s\n", figures->full,
           (double)tally->requests / tally->seconds);
    printf("%u reloads in %.0f s, %llu requests\n", plan.reloads, tally->seconds - 2 * QUIET_MS / 1000.0,
           (unsigned long long)tally->requests);
    printf("lost %llu, doubled %llu, stale %llu, not served in time %u\n", (unsigned long long)tally->lost,
           (unsigned long long)tally->doubled, (unsigned long long)tally->stale, figures->unheard + figures->unsettled);
    if (tally->failure[0])
        printf("the first error: %s\n", tally->failure);
    print_times("a request in quiet times", &tally->quiet, 0);
    print_times("a request that sees a reload", &tally->around, 0);
    print_times("file closed to answer, less settle", &figures->first, plan.settle_ms);
    vitals_print("before", &figures->before);
    vitals_print("after", &figures->after);
}

/* The one run, as a test: what starts and ends hosts speaks to one. */
static void nothing_is_lost_however_often_it_is_replaced(void)
{
    static struct figures warm_up, figures;
    char ini[64];
    snprintf(ini, sizeof(ini), "settle = %ums", plan.settle_ms);
    auto_versions struct versions *versions = versions_new(nats_server_url(peer_server()), ini, NULL);
    auto_free char *quiet = control_ask(versions->host->control, "{\"do\": \"log-level\", \"level\": \"warn\"}");
    (void)quiet;
    figures.full = measure_full(versions);
    unsigned per_second = plan.percent < 100 ? (unsigned)(figures.full * plan.percent / 100) : 0;
    reload_often(versions, WARM_UP, per_second, &warm_up);
    figures.before = vitals_at_rest(versions);
    reload_often(versions, plan.reloads, per_second, &figures);
    figures.after = vitals_at_rest(versions);
    print(&figures);
    const struct traffic_tally *tally = &figures.tally;
    expect_int(tally->lost + tally->doubled + tally->stale + figures.unheard + figures.unsettled, 0);
}

static int usage(void)
{
    fputs("usage: AGENTMESHD=PROGRAM bench_soak [--reloads N] [--settle MILLISECONDS] [--half]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "reloads", required_argument, NULL, 'r' },
        { "settle", required_argument, NULL, 's' },
        { "half", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'r')
            plan.reloads = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 's')
            plan.settle_ms = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'h')
            plan.percent = 50;
        else
            return usage();
    }
    static const struct test run = TEST(nothing_is_lost_however_often_it_is_replaced);
    return optind == argc ? suite_run("soak", &run, 1, 1, argv) : usage();
}
