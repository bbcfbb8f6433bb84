/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials files. The keys below were made for this test and open nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "link/link.h"
#include "link_probe.h"
#include "nats_server.h"
#include "suite.h"

static const char operator_jwt[] =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJpYXQiOjE3MDAwMDAwMDAsImlzcyI6Ik9ENktHVTdYSEpBU"
    "FVZS0NMQ0tLWUFKUTNCTVNaNVNWSVJWU1hVNE4yWUZSS1oyVlk2UUw3MlNBIiwibmFtZSI6InRlc3RzIiwic3ViIjoiT0Q2S"
    "0dVN1hISkFQVVlLQ0xDS0tZQUpRM0JNU1o1U1ZJUlZTWFU0TjJZRlJLWjJWWTZRTDcyU0EiLCJuYXRzIjp7InR5cGUiOiJvc"
    "GVyYXRvciIsInZlcnNpb24iOjJ9LCJqdGkiOiJZTEwzQzRQU1hGUllNREdIQUFKUDJHVFlMNjNLTkJaU1lKTVE1UkNTSUszN"
    "lBFQ0RNWFdRIn0.6iZiDs-iU1Kr1LW7C7DtAofXFmx5Kz3XaXXHvmUJrL44avlkyXKUpmas2VyM861YbwMFlw9zQJkc2Ko3L"
    "E6ABA";
static const char account_jwt[] =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJpYXQiOjE3MDAwMDAwMDAsImlzcyI6Ik9ENktHVTdYSEpBU"
    "FVZS0NMQ0tLWUFKUTNCTVNaNVNWSVJWU1hVNE4yWUZSS1oyVlk2UUw3MlNBIiwibmFtZSI6InRlc3RzIiwic3ViIjoiQUJWW"
    "U5SQlZaRllIVVdBUUVVWFlETkM1UUlETElHNzczUktLQUpKQlJQNUo2MjVBQkk1R1MzV04iLCJuYXRzIjp7ImxpbWl0cyI6e"
    "yJzdWJzIjotMSwiZGF0YSI6LTEsInBheWxvYWQiOi0xLCJpbXBvcnRzIjotMSwiZXhwb3J0cyI6LTEsIndpbGRjYXJkcyI6d"
    "HJ1ZSwiY29ubiI6LTEsImxlYWYiOi0xfSwidHlwZSI6ImFjY291bnQiLCJ2ZXJzaW9uIjoyfSwianRpIjoiM0dGRExMRlBTT"
    "Ek0SjNFWkNNSlVPM1BINVNUVzZBNUI3NklIT0lYNVZCQjVLUk5RUTJRUSJ9.Hsx12aeCYK3EsMpSPvn7AMfRiChDeITpnLzK"
    "j5wZtufisQurIy0au3i4ZtI-lR5PFlbC8bvCZQgn1aOvSn74BA";
static const char account_key[] = "ABVYNRBVZFYHUWAQEUXYDNC5QIDLIG773RKKAJJBRP5J625ABI5GS3WN";
static const char member_jwt[] =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJpYXQiOjE3MDAwMDAwMDAsImlzcyI6IkFCVllOUkJWWkZZS"
    "FVXQVFFVVhZRE5DNVFJRExJRzc3M1JLS0FKSkJSUDVKNjI1QUJJNUdTM1dOIiwibmFtZSI6Im1lbWJlciIsInN1YiI6IlVCV"
    "FFJWUhDWEc3T0E1N0QyMjU0M1M0REhZVDZTUEk2TFNEUTJNVFRZRVZWQ1pNTUQ1WDNMQzc0IiwibmF0cyI6eyJwdWIiOnt9L"
    "CJzdWIiOnt9LCJzdWJzIjotMSwiZGF0YSI6LTEsInBheWxvYWQiOi0xLCJ0eXBlIjoidXNlciIsInZlcnNpb24iOjJ9LCJqd"
    "GkiOiJPVDRMQ0pZVTNPWUhNSjROTzM1Vk9VRjRJQVFDWEZSM1pVRUFDVVpOMktOV1FGTUtNV1ZRIn0.cWG-NtQUEl2eIaV4K"
    "JdBHY57syhAsu1j4otLbv6EO9AOamjHDBGUOiveG6I0GYsM7i9oMypZ5kfkYd3aLF2hBw";
static const char member_seed[] = "SUAOA4QCBFYPSVILUHGP4UCIFQRH2NRSMPXGOHVMRADFVG4FR3ETQJIJCU";
static const char stranger_jwt[] =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJpYXQiOjE3MDAwMDAwMDAsImlzcyI6IkFCWlhFNURIRFVZT"
    "klWTjdKNzRBTTRORU40SVJOVUNSWjZKSEdXTVozQktaN1FFUUdPQ0g2TVJBIiwibmFtZSI6InN0cmFuZ2VyIiwic3ViIjoiV"
    "UNCVkJBVTZBMzRXWVFXWldGRjdJMkw3TFpEUUFaT09NRVUzWllXNEIzTVRINldVVU9OVlFCWU0iLCJuYXRzIjp7InB1YiI6e"
    "30sInN1YiI6e30sInN1YnMiOi0xLCJkYXRhIjotMSwicGF5bG9hZCI6LTEsInR5cGUiOiJ1c2VyIiwidmVyc2lvbiI6Mn0sI"
    "mp0aSI6IlVYQk1HTUk2R1VWT01KSDdQRFpZUjc0UzRLNktUSDNQN0RLRUZYWFA1UFI3WkdSUFY2S1EifQ.90_HxYhQbUFeUj"
    "UsJVGz8NqmrDtaqnzcHpzX-_unF_LUgB4ep3USgSB7iRsR0ZuL-GlRSSUFvaVdNgpacSR8BQ";
static const char stranger_seed[] = "SUADNHAYO6TGBPAA7O63OG576DF6DZ7EJLRFUP3IH7ZH4UF7BNSPYU6NOM";

static char path[] = "/tmp/mesh-creds-XXXXXX";

/* Replace the file at once, as who renews credentials should. */
static void write_credentials(const char *jwt, const char *seed)
{
    char next[sizeof(path) + 8];

    snprintf(next, sizeof(next), "%s.next", path);
    FILE *file = fopen(next, "we");
    if (!expect_true(file != NULL))
        return;
    fprintf(file,
            "-----BEGIN NATS USER JWT-----\n%s\n------END NATS USER JWT------\n\n"
            "-----BEGIN USER NKEY SEED-----\n%s\n------END USER NKEY SEED------\n",
            jwt, seed);
    expect_int(fclose(file), 0);
    expect_int(rename(next, path), 0);
}

static struct nats_server *start_server(void)
{
    struct nats_server *server = nats_server_start_plain();
    char extra[4096];

    snprintf(extra, sizeof(extra), "operator: %s\nresolver: MEMORY\nresolver_preload: { %s: %s }\n", operator_jwt,
             account_key, account_jwt);
    nats_server_configure(server, extra);
    nats_server_restart(server);
    return server;
}

static void who_has_none_or_others_is_denied(void)
{
    struct nats_server *server = start_server();
    struct link_options options = { .credentials = path };
    struct probe probe;

    probe_init(&probe);
    expect_false(probe_open(&probe, nats_server_url(server), NULL));
    expect_true(probe_has_line(&probe, "was denied: no credentials were presented"));
    write_credentials(stranger_jwt, stranger_seed);
    expect_false(probe_open(&probe, nats_server_url(server), &options));
    char text[128];
    snprintf(text, sizeof(text), "was denied with credentials file %s", path);
    expect_true(probe_has_line(&probe, text));
    write_credentials(member_jwt, member_seed);
    expect_true(probe_open(&probe, nats_server_url(server), &options));
    probe_clear(&probe);
    nats_server_stop(server);
}

static void the_file_is_read_afresh(void)
{
    struct nats_server *server = start_server();
    struct link_options options = { .credentials = path, .keep_trying = true };
    struct probe probe;

    write_credentials(stranger_jwt, stranger_seed);
    probe_init(&probe);
    expect_true(probe_open(&probe, nats_server_url(server), &options));
    expect_true(probe_await_line(&probe, "cut off: Connection to mesh at"));
    write_credentials(member_jwt, member_seed);
    expect_true(probe_await_line(&probe, "linked"));

    /* Refused twice: the connection is closed for good, and made anew. */
    write_credentials(stranger_jwt, stranger_seed);
    probe_forget_lines(&probe);
    nats_server_kill(server);
    nats_server_restart(server);
    expect_true(probe_await_line(&probe, "was denied with credentials file"));
    write_credentials(member_jwt, member_seed);
    expect_true(probe_await_line(&probe, "linked"));
    probe_clear(&probe);
    nats_server_stop(server);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = { TEST(who_has_none_or_others_is_denied), TEST(the_file_is_read_afresh) };
    int fd = mkstemp(path);

    if (fd < 0)
        return 1;
    close(fd);
    int status = suite_run("link_credentials", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
    unlink(path);
    return status;
}
