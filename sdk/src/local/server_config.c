/* SPDX-License-Identifier: Apache-2.0 */
#include "local/server_config.h"

/* The whole catalog is one message: above the server's own default of 1 MiB it would end at about 5 000 agents. */
enum { MAX_PAYLOAD = 8 << 20 };

static void write_quoted(struct buf *out, const char *text)
{
    buf_putc(out, '"');
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            buf_printf(out, "\\x%02x", (unsigned)(unsigned char)*text);
            continue;
        }
        if (*text == '"' || *text == '\\')
            buf_putc(out, '\\');
        buf_putc(out, *text);
    }
    buf_putc(out, '"');
}

static void write_user(struct buf *out, const char *user, const char *password)
{
    buf_puts(out, "users: [ { user: ");
    write_quoted(out, user);
    buf_puts(out, ", password: ");
    write_quoted(out, password);
    buf_puts(out, " } ]");
}

void server_config_write(struct buf *out, const struct server_config *config)
{
    buf_puts(out, "# Written afresh at each start of the local server.\nserver_name: ");
    write_quoted(out, config->name);
    buf_printf(out, "\nlisten: \"127.0.0.1:%u\"\n", (unsigned)config->port);
    buf_printf(out, "max_payload: %d\nping_interval: \"10s\"\nping_max: 2\n", MAX_PAYLOAD);
    buf_puts(out, "jetstream { store_dir: ");
    write_quoted(out, config->data);
    buf_puts(out, " }\naccounts {\n  APP { jetstream: enabled, ");
    write_user(out, "oam-app", config->password);
    buf_puts(out, " }\n  SYS { ");
    write_user(out, "oam-sys", config->password);
    buf_puts(out, " }\n}\nsystem_account: SYS\nno_auth_user: oam-app\n");
}
