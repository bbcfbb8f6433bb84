/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins with other languages inside: Rust leaves destructors with threads, Go brings a runtime, C++ has variables
 * that outlive their object. Each serves, and is replaced by its next version. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "caller.h"
#include "folder.h"
#include "host.h"
#include "peer.h"
#include "program.h"
#include "suite.h"

enum { SOON_MS = 20000, VERSIONS = 3 };

/* Whether a script, with the places that it needs in its environment, has built a plugin at path. */
static bool build(const char *script, const char *version, const char *folder, const char *path)
{
    /* FOREIGN_SOURCES, SDK_INCLUDE, LIBRARY and COMPILER come from CMake. */
    static const char places[] = "set -e; s='" FOREIGN_SOURCES "' i='" SDK_INCLUDE "' l='" LIBRARY "' cc='" COMPILER
                                 "' v=\"-DVERSION=\\\"$1\\\"\"; cd \"$2\"; ";
    auto_outcome struct outcome outcome;
    auto_free char *text = NULL;
    if (asprintf(&text, "%s%s", places, script) < 0)
        exit(1);
    const char *const argv[] = { "/bin/sh", "-c", text, "sh", version, folder, path, NULL };
    program_run(&outcome, NULL, argv);
    if (outcome.code != 0)
        fprintf(stderr, "foreign: %s\n%s\n", script, buf_text(&outcome.err));
    return outcome.code == 0;
}

static bool has(const char *tool)
{
    auto_outcome struct outcome outcome;
    const char *const argv[] = { "/bin/sh", "-c", "command -v \"$1\"", "sh", tool, NULL };
    program_run(&outcome, NULL, argv);
    return outcome.code == 0;
}

static void drop_and_hear(const struct host *host, const char *script, int version)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "out.so");
    auto_free char *expected = NULL;
    char name[16];
    snprintf(name, sizeof(name), "%d", version);
    if (!expect_true(build(script, name, folder, path)))
        return;
    folder_put(host->plugins, "foreign.so", path);
    if (asprintf(&expected, "{\"version\": \"%d\"}", version) < 0)
        exit(1);
    expect_true(caller_hears("misdeed", "{}", expected, SOON_MS));
}

/* One version after the other, each of which ends as the log is to say. */
static void expect_served_and_replaced(const char *tool, const char *script, const char *ends_as)
{
    if (SANITIZED || !has(tool)) {
        skip(SANITIZED ? "not among sanitizers" : "its compiler is not installed");
        return;
    }
    auto_host struct host *host = host_new(nats_server_url(peer_server()), "");
    host_start(host, NULL);
    drop_and_hear(host, script, 1);
    for (int version = 2; version <= VERSIONS; version++) {
        host_mark(host);
        drop_and_hear(host, script, version);
        expect_true(host_says(host, ends_as, "plugin=foreign"));
    }
}

static void one_with_rust_inside_serves_and_is_unloaded(void)
{
    expect_served_and_replaced("rustc",
                               "rustc --crate-type staticlib -C panic=abort -o work.a $s/work.rs;"
                               "$cc -shared -fPIC -fvisibility=hidden -I $i \"$v\" $s/shim.c work.a $l -o $3",
                               "unloaded");
}

static void one_with_go_inside_serves_and_stays(void)
{
    expect_served_and_replaced("go",
                               "cp $s/work.go $s/shim.c .; GO111MODULE=off CGO_CFLAGS=\"-I$i '$v'\" CGO_LDFLAGS=$l "
                               "go build -buildmode=c-shared -o $3 .",
                               "pinned in memory");
}

static void one_with_unique_symbols_serves_and_stays(void)
{
    expect_served_and_replaced("g++",
                               "g++ -c -fPIC $s/work.cc -o work.o;"
                               "$cc -shared -fPIC -I $i \"$v\" $s/shim.c work.o $l -o $3",
                               "GNU_UNIQUE");
}

SUITE(foreign, TEST(one_with_rust_inside_serves_and_is_unloaded), TEST(one_with_go_inside_serves_and_stays),
      TEST(one_with_unique_symbols_serves_and_stays))
