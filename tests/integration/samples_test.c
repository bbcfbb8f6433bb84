/* SPDX-License-Identifier: Apache-2.0 */
/* The sample plugins in a host: what somebody who copies from them sees. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "caller.h"
#include "folder.h"
#include "host.h"
#include "peer.h"
#include "suite.h"

enum { SOON_MS = 10000 };

/* A host that serves one built plugin; NULL: it was not built here. */
static struct host *host_of(const char *name, const char *ini)
{
    auto_free char *file = NULL;
    if (asprintf(&file, "%s.so", name) < 0)
        exit(1);
    auto_free char *built = folder_path(PLUGINS_FOLDER, file);
    if (access(built, R_OK) != 0)
        return NULL;
    struct host *host = host_new(nats_server_url(peer_server()), ini);
    folder_put(host->plugins, file, built);
    host_start(host, NULL);
    return host;
}

static mesh_subscription *listen_to(const char *agent, const char *subject)
{
    mesh_subscribe_options options = MESH_SUBSCRIBE_OPTIONS_INIT;
    mesh_subscription *subscription = NULL;
    mesh_error err = MESH_ERROR_INIT;
    options.agent = agent;
    options.subject = subject;
    options.timeout_ms = SOON_MS;
    if (!expect_int(mesh_subscribe(caller_client(), &options, &subscription, &err), MESH_OK))
        fprintf(stderr, "%s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
    return subscription;
}

static const char *next(mesh_subscription *subscription)
{
    const mesh_message *message = NULL;
    if (!expect_int(mesh_subscription_next(subscription, &message, NULL), MESH_OK))
        return "";
    return mesh_message_body(message).data;
}

static void clock_tells_the_time(void)
{
    auto_host struct host *host = host_of("clock", "[settings clock]\nevery = 20ms\n");
    expect_true(caller_lists("clock", true, SOON_MS));
    mesh_subscription *events = listen_to("clock", NULL);
    for (int i = 0; i < 3; i++)
        expect_contains(next(events), "{\"now\": \"20");
    mesh_subscription_close(events);
}

static void clock_ends_when_its_file_is_deleted(void)
{
    auto_host struct host *host = host_of("clock", "[settings clock]\nevery = 20ms\n");
    auto_free char *file = folder_path(host->plugins, "clock.so");
    const mesh_message *message = NULL;
    mesh_status status = MESH_OK;
    expect_true(caller_lists("clock", true, SOON_MS));
    mesh_subscription *events = listen_to("clock", NULL);
    expect_contains(next(events), "{\"now\": \"20");
    expect_int(unlink(file), 0);
    while (status == MESH_OK)
        status = mesh_subscription_next(events, &message, NULL);
    expect_int(status, MESH_E_END);
    mesh_subscription_close(events);
}

static void a_setting_that_does_not_fit_is_told_with_its_line(void)
{
    auto_host struct host *host = host_of("clock", "[settings clock]\nevry = 20ms\nevery = 1ms\n");
    expect_true(
        host_said(host, "plugin refused", "[settings clock] evry: unknown setting; did you mean \\\"every\\\"?"));
    expect_true(host_says(host, "plugin refused", "is out of range; allowed is 10ms to 1h"));
}

static void dice_rolls(void)
{
    auto_host struct host *host = host_of("dice", "[settings dice]\nsides = 2\n");
    for (int i = 0; i < 20; i++) {
        auto_free char *roll = caller_ask("dice", "", 5000);
        expect_true(strcmp(roll, "{\"roll\": 1}") == 0 || strcmp(roll, "{\"roll\": 2}") == 0);
    }
}

static void pulse_writes_its_key(void)
{
    auto_host struct host *host = host_of("pulse", "");
    mesh_watch *watch = NULL;
    const mesh_entry *entry = NULL;
    expect_int(mesh_key_watch(caller_client(), "pulse.*", &watch, NULL), MESH_OK);
    do {
        expect_int(mesh_watch_next(watch, SOON_MS, &entry, NULL), MESH_OK);
    } while (entry && mesh_entry_operation(entry) == MESH_ENTRY_CURRENT);
    expect_contains(mesh_entry_value(entry).data, "{\"seconds\": ");
    mesh_watch_close(watch);
}

static void stock_books_what_is_sold_and_says_what_runs_low(void)
{
    auto_host struct host *host = host_of("stock", "");
    mesh_client *client = caller_client();
    mesh_subscription *low = listen_to(NULL, "shop.low");
    expect_int(mesh_key_put(client, "stock.tea", mesh_text("10"), NULL, NULL), MESH_OK);
    expect_int(mesh_publish(client, "shop.sold", mesh_text("{\"item\": \"tea\", \"count\": 7}"), NULL, NULL), MESH_OK);
    expect_str(next(low), "{\"item\": \"tea\", \"left\": 3}");
    mesh_subscription_close(low);
}

static void counter_counts(void)
{
    auto_host struct host *host = host_of("counter", "[settings counter]\nfirst = 7\n");
    auto_free char *first = caller_ask("counter", "", 5000);
    auto_free char *second = caller_ask("counter", "", 5000);
    expect_str(first, "{\"count\": 7, \"version\": \"1.0.0\"}");
    expect_str(second, "{\"count\": 8, \"version\": \"1.0.0\"}");
}

static void geometry_measures(void)
{
    auto_host struct host *host = host_of("geometry", "");
    if (!host) {
        skip("there is no C++ compiler");
        return;
    }
    auto_free char *length = caller_ask("geo.length", "{\"points\": [[0, 0], [0, 90], [0, 180]]}", 5000);
    expect_str(length, "{\"km\": 20015.114}");
}

static void reverse_reverses(void)
{
    auto_host struct host *host = host_of("reverse", "");
    if (!host) {
        skip("there is no Rust compiler, or this build has a sanitizer");
        return;
    }
    auto_free char *text = caller_ask("text.reverse", "{\"text\": \"gro\\u00df \\\"x\\\"\"}", 5000);
    expect_str(text, "{\"text\": \"\\\"x\\\" ßorg\"}");
}

SUITE(samples, TEST(clock_tells_the_time), STATEMENT("50", clock_ends_when_its_file_is_deleted),
      TEST(a_setting_that_does_not_fit_is_told_with_its_line), TEST(dice_rolls), TEST(pulse_writes_its_key),
      TEST(stock_books_what_is_sold_and_says_what_runs_low), TEST(counter_counts), TEST(geometry_measures),
      TEST(reverse_reverses))
