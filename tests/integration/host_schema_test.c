/* SPDX-License-Identifier: Apache-2.0 */
/* What mesh.ini says of schemas, and plugins whose schemas are none. */
#include <signal.h>

#include "base/cleanup.h"
#include "caller.h"
#include "compiler.h"
#include "folder.h"
#include "host.h"
#include "peer.h"
#include "suite.h"

enum { SOON_MS = 10000 };

/* A host with a plugin that promises integers, and these lines in its mesh.ini. */
static struct host *host_with(const char *ini)
{
    struct host *host = host_new(nats_server_url(peer_server()), ini);
    auto_free char *path = folder_path(host->plugins, "promise.so");

    compile_plugin("promise.c", path, NULL);
    host_start(host, NULL);
    return host;
}

static void the_host_or_the_agent_says_whether_output_is_checked(void)
{
    static const struct {
        const char *ini;
        bool is_checked;
    } cases[] = {
        { "", false },
        { "check_output = yes\n", true },
        { "check_output = no\n[agent promise]\ncheck_output = yes\n", true },
        { "check_output = yes\n[agent promise]\ncheck_output = no\n", false },
        { "[agent other]\ncheck_output = yes\n", false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct host *host = host_with(cases[i].ini);
        auto_free char *kept = caller_ask("promise", "7", SOON_MS);
        auto_free char *broken = caller_ask("promise", "\"seven\"", SOON_MS);
        expect_str(kept, "7");
        if (cases[i].is_checked)
            expect_contains(broken, "does not fit its schema");
        else
            expect_str(broken, "\"seven\"");
        host_free(host);
    }
}

static void a_reload_takes_up_what_is_said_of_an_agent(void)
{
    auto_host struct host *host = host_with("");

    host_configure(host, nats_server_url(peer_server()), "[agent promise]\ncheck_output = yes\n");
    host_signal(host, SIGHUP);
    expect_true(
        caller_hears("promise", "\"seven\"",
                     "error: call 'promise': Output of agent 'promise' does not fit its schema: 1 violation, at "
                     "the root: Input should be a valid integer, unable to parse string as an integer",
                     SOON_MS));
}

static void a_plugin_whose_schema_is_none_is_refused_and_the_old_one_serves(void)
{
    auto_host struct host *host = host_with("");
    auto_folder char *elsewhere = folder_new();
    auto_free char *made = folder_path(elsewhere, "promise.so");

    compile_plugin("promise.c", made, "-DINPUT=\"{\\\"type\\\": \\\"strin\\\"}\"", NULL);
    folder_put(host->plugins, "promise.so", made);
    expect_true(host_says(host, "agent 'promise': input_schema", "plugin=promise"));
    auto_free char *answer = caller_ask("promise", "7", SOON_MS);
    expect_str(answer, "7");
}

SUITE(integration_host_schema, TEST(the_host_or_the_agent_says_whether_output_is_checked),
      TEST(a_reload_takes_up_what_is_said_of_an_agent),
      TEST(a_plugin_whose_schema_is_none_is_refused_and_the_old_one_serves))
