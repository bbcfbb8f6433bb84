/* SPDX-License-Identifier: Apache-2.0 */
/* One version after the other, under load: no request is lost, none is answered twice, none by a version that was
 * replaced; and what the host has taken from the system for them, it gives back. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "peer.h"
#include "suite.h"
#include "versions.h"
#include "vitals.h"

enum { ROUNDS = 500, WARM_UP = 50, LANES = 2, WINDOW = 48, SETTLED_MS = 20000, SLACK_KB = 1024 };

static unsigned rounds_wanted(void)
{
    const char *text = getenv("MESH_RELOAD_ROUNDS");
    return text && *text ? (unsigned)strtoul(text, NULL, 10) : ROUNDS;
}

static struct traffic *begin_traffic(const struct versions *versions)
{
    const struct traffic_order order = { nats_server_url(peer_server()), LANES, WINDOW, 0, versions->current };
    return traffic_begin(&order);
}

/* Put and reload so many versions under load. */
static void reload_often(struct versions *versions, unsigned rounds, struct traffic_tally *tally)
{
    struct traffic *traffic = begin_traffic(versions);
    unsigned good = 0;
    for (unsigned i = 0; i < rounds; i++) {
        versions_put_next(versions, traffic);
        good += versions_reload(versions, traffic);
    }
    traffic_end(traffic, tally);
    expect_int(good, rounds);
}

static void expect_nothing_amiss(const struct traffic_tally *tally)
{
    expect_int(tally->lost, 0);
    expect_int(tally->doubled, 0);
    expect_int(tally->stale, 0);
    expect_str(tally->failure, "");
    expect_true(tally->requests > 0);
}

static void print_rate(unsigned rounds, const struct traffic_tally *tally)
{
    printf("     %u reloads in %.1f s under %.0f requests/s: %llu requests\n", rounds, tally->seconds,
           (double)tally->requests / tally->seconds, (unsigned long long)tally->requests);
}

static void expect_reloads_to_lose_nothing(const char *ini, unsigned rounds)
{
    auto_versions struct versions *versions = versions_new(nats_server_url(peer_server()), ini, NULL);
    struct traffic_tally tally;
    reload_often(versions, rounds, &tally);
    print_rate(rounds, &tally);
    expect_nothing_amiss(&tally);
}

static void nothing_is_lost_doubled_or_stale(void)
{
    expect_reloads_to_lose_nothing("settle = 0s", rounds_wanted());
}

static void nor_with_a_settle_time(void)
{
    expect_reloads_to_lose_nothing("settle = 20ms", rounds_wanted() / 5);
}

static void nor_while_the_version_before_is_kept_warm(void)
{
    expect_reloads_to_lose_nothing("settle = 0s\nprobation = 50ms", rounds_wanted() / 5);
}

/* ---- what the host holds ---- */

struct stay {
    struct versions *versions;
    struct vitals before, now;
};

/* The same, or less, to two percent; memory and its mappings are a sanitizer's where there is one. */
static bool is_back(unsigned long now, unsigned long before)
{
    return now * 100 <= before * 102;
}

static bool has_given_back(void *data)
{
    struct stay *stay = data;
    stay->now = vitals_of(stay->versions->host->pid);
    return is_back(stay->now.descriptors, stay->before.descriptors) &&
           is_back(stay->now.threads, stay->before.threads) &&
           (SANITIZED || (is_back(stay->now.mappings, stay->before.mappings) &&
                          is_back(stay->now.resident_kb, stay->before.resident_kb + SLACK_KB)));
}

static void what_they_took_is_given_back(void)
{
    unsigned rounds = rounds_wanted();
    setenv("MALLOC_ARENA_MAX", "1", 1); /* what many arenas keep for themselves would hide what is lost */
    auto_versions struct versions *versions = versions_new(nats_server_url(peer_server()), "settle = 0s", NULL);
    unsetenv("MALLOC_ARENA_MAX");
    struct stay stay = { .versions = versions };
    struct traffic_tally tally;
    reload_often(versions, WARM_UP, &tally);
    expect_true(versions_are_gone(versions));
    stay.before = vitals_of(versions->host->pid);
    reload_often(versions, rounds, &tally);
    expect_true(versions_are_gone(versions));
    expect_true(comes_true(has_given_back, &stay, SETTLED_MS));
    vitals_print("before", &stay.before);
    vitals_print("after", &stay.now);
}

SUITE(reload, TEST(nothing_is_lost_doubled_or_stale), TEST(nor_with_a_settle_time),
      TEST(nor_while_the_version_before_is_kept_warm), TEST(what_they_took_is_given_back))
