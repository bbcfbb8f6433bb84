/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of a local server, as text. */
#include "local/server_config.h"

#include "suite.h"

static const char *write_config(struct buf *out, const char *name, const char *data)
{
    const struct server_config config = { .name = name, .data = data, .password = "0123", .port = 4222 };
    buf_init(out, 64 << 10);
    server_config_write(out, &config);
    return buf_text(out);
}

static void it_has_what_a_development_mesh_needs(void)
{
    static const char *const lines[] = {
        "server_name: \"n\"\n",
        "listen: \"127.0.0.1:4222\"\n",
        "max_payload: 8388608\n",
        "ping_interval: \"10s\"\n",
        "ping_max: 2\n",
        "jetstream { store_dir: \"/var/d\" }\n",
        "APP { jetstream: enabled, users: [ { user: \"oam-app\", password: \"0123\" } ] }\n",
        "SYS { users: [ { user: \"oam-sys\", password: \"0123\" } ] }\n",
        "system_account: SYS\n",
        "no_auth_user: oam-app\n",
    };
    auto_buf struct buf out;
    const char *text = write_config(&out, "n", "/var/d");
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        expect_contains(text, lines[i]);
    expect_false(buf_failed(&out));
}

static void a_path_cannot_break_out_of_its_quotes(void)
{
    auto_buf struct buf out;
    const char *text = write_config(&out, "n", "/a \"b\" \\c\n}");
    expect_contains(text, "store_dir: \"/a \\\"b\\\" \\\\c\\x0a}\" }");
}

SUITE(local_server_config, TEST(it_has_what_a_development_mesh_needs), TEST(a_path_cannot_break_out_of_its_quotes))
