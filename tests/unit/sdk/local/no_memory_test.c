/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the mesh, and noting a local server, when memory runs out: each allocation fails once. */
#include <agentmesh/client.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "client/locate.h"
#include "local/store.h"
#include "local/url_file.h"
#include "suite.h"
#include "torture.h"

static char root[64];

static void start_afresh(void)
{
    snprintf(root, sizeof(root), "/tmp/no_memory_test.XXXXXX");
    if (!mkdtemp(root) || chdir(root) < 0)
        abort();
    unsetenv("OAM_URL");
    unsetenv("OAM_CREDS");
    setenv("AGENTMESH_RUNTIME_DIR", root, 1);
}

static void clean_up(void)
{
    char command[128];
    if (chdir("/") < 0)
        abort();
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    if (system(command) != 0)
        abort();
}

static bool has_memory(mesh_status status)
{
    expect_int(status, torture_has_struck() ? MESH_E_NO_MEMORY : MESH_OK);
    return status == MESH_OK;
}

static bool find_mesh(void)
{
    mesh_location *location = NULL;
    mesh_status status = mesh_location_find(NULL, &location, NULL);
    mesh_location_free(location);
    return has_memory(status);
}

static void finding_the_mesh(void)
{
    start_afresh();
    torture(find_mesh);
    expect_int(file_replace("oam-url", 0600, mesh_text("nats://run:1\n"), NULL), MESH_OK);
    torture(find_mesh);
    expect_int(file_replace(".oam-url", 0600, mesh_text("url = 'nats://near:1'\n"), NULL), MESH_OK);
    torture(find_mesh);
    clean_up();
}

static bool find_credentials(void)
{
    auto_free char *path = NULL;
    return has_memory(locate_credentials(NULL, &path, NULL));
}

static void finding_the_credentials(void)
{
    start_afresh();
    expect_int(file_replace("a.creds", 0600, mesh_text("x"), NULL), MESH_OK);
    expect_int(file_replace(".oam-url", 0600, mesh_text("creds = 'a.creds'\n"), NULL), MESH_OK);
    torture(find_credentials);
    setenv("OAM_CREDS", "a.creds", 1);
    torture(find_credentials);
    clean_up();
}

static bool note_a_server(void)
{
    char name[] = "n", url[] = "nats://127.0.0.1:7", file[] = "/f";
    const struct server_record written = { .pid = 12, .name = name, .url = url, .url_files = { file, file } };
    auto_store struct store store = STORE_INIT;
    auto_record struct server_record read = { 0 };
    mesh_status status = store_open(root, true, &store, NULL);
    if (status == MESH_OK)
        status = server_record_write(&store, &written, NULL);
    if (status == MESH_OK)
        status = server_record_read(&store, &read, NULL);
    return has_memory(status);
}

static void noting_a_server(void)
{
    start_afresh();
    torture(note_a_server);
    clean_up();
}

static bool tell_a_url(void)
{
    auto_free char *path = NULL;
    mesh_status status = url_file_mark_path(&path, NULL);
    if (status == MESH_OK)
        status = url_file_write(path, "nats://127.0.0.1:7", NULL);
    return has_memory(status);
}

static void telling_a_url(void)
{
    start_afresh();
    torture(tell_a_url);
    clean_up();
}

SUITE(local_no_memory, TEST(finding_the_mesh), TEST(finding_the_credentials), TEST(noting_a_server),
      TEST(telling_a_url))
