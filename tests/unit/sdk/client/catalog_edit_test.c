/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the catalog where others change it too. */
#include "client/catalog_edit.h"

#include "base/cleanup.h"
#include "suite.h"

struct rival {
    struct link *link;
    int writes; /* still to come in between */
};

/* Takes "mine" off; each time a rival has written by then. */
static bool change(void *closure, struct catalog *catalog, bool *ok)
{
    struct rival *rival = closure;

    (void)ok;
    if (rival->writes-- > 0)
        expect_int(link_key_put(rival->link, "mesh-catalog", "catalog",
                                mesh_text("[{\"name\":\"mine\"},{\"name\":\"theirs\"}]"), NULL, NULL),
                   MESH_OK);
    return catalog_remove(catalog, "mine");
}

static void a_change_is_made_in_the_end_and_leaves_no_error(void)
{
    const struct link_options options = { .url = "memory:" };
    struct rival rival = { .writes = 3 };
    mesh_error err = MESH_ERROR_INIT;
    auto_buf struct buf catalog;

    buf_init(&catalog, 4096);
    expect_int(link_open(&options, &rival.link, NULL), MESH_OK);
    expect_int(link_key_put(rival.link, "mesh-catalog", "catalog", mesh_text("[{\"name\":\"mine\"}]"), NULL, NULL),
               MESH_OK);
    expect_int(catalog_edit(rival.link, change, &rival, &err), MESH_OK);
    expect_int(err.status, MESH_OK);
    expect_int(link_key_get(rival.link, "mesh-catalog", "catalog", &catalog, NULL, NULL), MESH_OK);
    expect_str(buf_text(&catalog), "[{\"name\":\"theirs\"}]");
    mesh_error_clear(&err);
    link_close(rival.link);
}

SUITE(client_catalog_edit, TEST(a_change_is_made_in_the_end_and_leaves_no_error))
