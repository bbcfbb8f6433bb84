/* SPDX-License-Identifier: Apache-2.0 */
/* The last words of a local server. */
#include "local/server_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "suite.h"

static char path[] = "/tmp/server_log_test.XXXXXX";

static void last_words_come_without_stamp(void)
{
    static const struct {
        const char *log, *words;
    } cases[] = {
        { "", NULL },
        { "\n\n  \n", NULL },
        { "[1] 2026/11/22 13:38:40.1 [INF] Starting\n[1] 2026/11/22 13:38:40.2 [FTL] No room\n", "No room" },
        { "[1] 2026/11/22 13:38:40.1 [INF] Starting\nnats-server: x.conf:3:1: odd\r\n\n",
          "nats-server: x.conf:3:1: odd" },
        { "one line without end", "one line without end" },
        { "[half a stamp", "[half a stamp" },
        { "[1] x [INF", "[1] x [INF" },
    };
    close(mkstemp(path));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        file_replace(path, 0600, mesh_text(cases[i].log), NULL);
        auto_free char *words = server_log_last_words(path);
        expect_str(words, cases[i].words);
    }
    unlink(path);
}

static void a_missing_log_says_nothing(void)
{
    expect_true(server_log_last_words("/nonexistent/log") == NULL);
    expect_false(server_log_says("/nonexistent/log", "x"));
}

static void what_an_earlier_server_said_is_kept_once(void)
{
    char folder[] = "/tmp/server_log_test.XXXXXX";
    if (!mkdtemp(folder))
        abort();
    auto_free char *log = path_join(folder, "server.log");
    auto_free char *old = path_join(folder, "server.log.old");
    expect_int(file_replace(log, 0600, mesh_text("first\n"), NULL), MESH_OK);
    int fd = -1;
    expect_int(server_log_open(log, true, &fd, NULL), MESH_OK);
    expect_int(write(fd, "second\n", 7), 7);
    close(fd);
    expect_int(server_log_open(log, false, &fd, NULL), MESH_OK);
    close(fd);
    expect_true(server_log_says(old, "first"));
    expect_false(server_log_says(log, "second"));
    unlink(log);
    unlink(old);
    rmdir(folder);
}

SUITE(local_server_log, TEST(last_words_come_without_stamp), TEST(a_missing_log_says_nothing),
      TEST(what_an_earlier_server_said_is_kept_once))
