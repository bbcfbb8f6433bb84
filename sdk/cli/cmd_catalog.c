/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh catalog: who is on the mesh. */
#include <agentmesh/discover.h>

#include <string.h>

#include "command.h"
#include "print.h"
#include "session.h"

enum { TABLE_MAX = 64 << 20 };

#define NAME_TITLE "NAME"
#define STREAMING_TITLE "STREAMING"

static size_t name_width(const mesh_catalog *catalog)
{
    size_t width = strlen(NAME_TITLE);
    for (size_t i = 0; i < mesh_catalog_count(catalog); i++) {
        size_t len = strlen(mesh_catalog_at(catalog, i)->name);
        width = len > width ? len : width;
    }
    return width;
}

static void cut_blanks(struct buf *out)
{
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        buf_truncate(out, out->len - 1);
}

/* Names are plain ASCII; a description can be anything. */
static void write_row(struct buf *out, size_t width, const char *name, const char *streaming, const char *description)
{
    buf_printf(out, "%-*s  %-*s  ", (int)width, name, (int)strlen(STREAMING_TITLE), streaming);
    print_clean(out, description, true);
    if (!buf_failed(out))
        cut_blanks(out);
    buf_putc(out, '\n');
}

static bool print_table(const mesh_catalog *catalog)
{
    auto_buf struct buf table;
    buf_init(&table, TABLE_MAX);
    size_t width = name_width(catalog);
    write_row(&table, width, NAME_TITLE, STREAMING_TITLE, "DESCRIPTION");
    for (size_t i = 0; i < mesh_catalog_count(catalog); i++) {
        const mesh_catalog_entry *entry = mesh_catalog_at(catalog, i);
        write_row(&table, width, entry->name, entry->streaming ? "yes" : "no", entry->description);
    }
    if (mesh_catalog_count(catalog) == 0)
        buf_puts(&table, "(empty)\n");
    if (buf_failed(&table)) {
        print_talk("no memory for a table of %zu agents", mesh_catalog_count(catalog));
        return false;
    }
    return print_result(buf_text(&table), table.len);
}

static int show(mesh_client *client, const struct arguments *arguments, const struct buf *payload)
{
    (void)payload;
    mesh_catalog_filter filter = MESH_CATALOG_FILTER_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_catalog *catalog = NULL;
    const char *const tags[] = { arguments->tag, NULL };
    filter.channel = arguments->channel;
    filter.tags = tags;
    if (mesh_catalog_read(client, &filter, &catalog, &err) != MESH_OK)
        return session_failed(&err, NULL);

    bool printed = arguments->json ? print_json(mesh_catalog_json(catalog), true) : print_table(catalog);
    if (mesh_catalog_skipped(catalog) > 0)
        print_talk("%zu entries of the catalog cannot be understood and are not shown", mesh_catalog_skipped(catalog));
    mesh_catalog_free(catalog);
    return printed ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct arguments *arguments)
{
    return session_run(arguments, NULL, show);
}

static const struct option options[] = {
    OPTION_URL,
    OPTION_CREDS,
    { "--channel", 0, OPTION_TEXT, "NAME", "only the agent of this name, and those below it", OPTION_AT(channel) },
    { "--tag", 0, OPTION_TEXT, "TAG", "only agents that have this tag", OPTION_AT(tag) },
    { "--json", 0, OPTION_FLAG, NULL, "print the entries as a JSON array", OPTION_AT(json) },
    OPTION_END,
};

const struct command command_catalog = {
    .name = "catalog",
    .operands = "",
    .summary = "List the agents on the mesh",
    .about = "",
    .options = options,
    .run = run,
};
