/* SPDX-License-Identifier: Apache-2.0 */
/* Where the mesh is, and which credentials to show it. Each test works in an empty folder of its own. */
#include "client/locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <agentmesh/client.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "suite.h"

static char root[64];

/* An empty folder to stand in, with nothing in the environment. */
static void start_afresh(void)
{
    snprintf(root, sizeof(root), "/tmp/locate_test.XXXXXX");
    if (!mkdtemp(root) || chdir(root) < 0)
        abort();
    unsetenv("OAM_URL");
    unsetenv("OAM_CREDS");
    auto_free char *runtime = path_join(root, "run");
    setenv("AGENTMESH_RUNTIME_DIR", runtime, 1);
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

static void put(const char *path, const char *text)
{
    auto_free char *folder = strdup(path);
    char *slash = strrchr(folder, '/');
    if (slash) {
        *slash = '\0';
        folder_make(folder, 0755, NULL);
    }
    expect_int(file_replace(path, 0644, mesh_text(text), NULL), MESH_OK);
}

static void stand_in(const char *folder)
{
    folder_make(folder, 0755, NULL);
    expect_int(chdir(folder), 0);
}

static void expect_location(const char *given, const char *url, const char *origin)
{
    mesh_location *location = NULL;
    mesh_error err = MESH_ERROR_INIT;
    if (!expect_int(mesh_location_find(given, &location, &err), MESH_OK)) {
        mesh_error_clear(&err);
        return;
    }
    expect_str(mesh_location_url(location), url);
    expect_str(mesh_location_origin(location), origin);
    mesh_location_free(location);
}

static void expect_file_location(const char *url, const char *name)
{
    auto_free char *path = path_join(root, name);
    expect_location(NULL, url, path);
}

static void expect_credentials(const char *given, const char *expected)
{
    auto_free char *path = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(locate_credentials(given, &path, &err), MESH_OK);
    expect_str(path, expected);
    mesh_error_clear(&err);
}

/* ---- the URL ---- */

static void with_nothing_said_it_is_the_default(void)
{
    start_afresh();
    expect_location(NULL, "nats://localhost:4222", "the default");
    expect_location("", "nats://localhost:4222", "the default");
    clean_up();
}

static void the_first_place_that_says_something_wins(void)
{
    start_afresh();
    put("run/oam-url", "nats://run:1\n");
    expect_file_location("nats://run:1", "run/oam-url");
    put(".oam-url", "nats://near:2\n");
    expect_file_location("nats://near:2", ".oam-url");
    setenv("OAM_URL", "nats://env:3", 1);
    expect_location(NULL, "nats://env:3", "OAM_URL");
    expect_location("nats://given:4", "nats://given:4", "--url");
    clean_up();
}

static void an_empty_variable_says_nothing(void)
{
    start_afresh();
    setenv("OAM_URL", "", 1);
    expect_location(NULL, "nats://localhost:4222", "the default");
    clean_up();
}

static void the_nearest_file_is_looked_for_upwards(void)
{
    start_afresh();
    put(".oam-url", "\n  nats://far:1  \n");
    put("a/.oam-url", "url = \"nats://near:2\" # ours\n");
    stand_in("a/b/c");
    expect_file_location("nats://near:2", "a/.oam-url");
    expect_int(unlink("../../.oam-url"), 0);
    expect_file_location("nats://far:1", ".oam-url");
    clean_up();
}

static void a_folder_of_that_name_is_no_file(void)
{
    start_afresh();
    put(".oam-url", "nats://far:1\n");
    stand_in("a/.oam-url");
    expect_file_location("nats://far:1", ".oam-url");
    clean_up();
}

static void only_the_nearest_file_counts_even_if_it_names_no_url(void)
{
    start_afresh();
    put(".oam-url", "nats://far:1\n");
    put("a/.oam-url", "creds = 'x.creds'\n");
    stand_in("a");
    expect_location(NULL, "nats://localhost:4222", "the default");
    clean_up();
}

static void a_removed_working_directory_has_no_file(void)
{
    start_afresh();
    stand_in("gone");
    rmdir("../gone");
    expect_location(NULL, "nats://localhost:4222", "the default");
    clean_up();
}

static void a_file_that_is_too_large_is_an_error_that_names_it(void)
{
    start_afresh();
    FILE *file = fopen(".oam-url", "w");
    fprintf(file, "%*s", 70000, "nats://x:1");
    fclose(file);
    mesh_location *location = NULL;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(mesh_location_find(NULL, &location, &err), MESH_E_TOO_LARGE);
    expect_contains(mesh_error_text(&err), ".oam-url");
    mesh_error_clear(&err);
    clean_up();
}

/* ---- the credentials ---- */

static void without_a_word_there_are_no_credentials(void)
{
    start_afresh();
    expect_credentials(NULL, NULL);
    put(".oam-url", "nats://x:1\n");
    expect_credentials(NULL, NULL);
    clean_up();
}

static void credentials_are_explicit_then_of_the_environment_then_of_the_file(void)
{
    start_afresh();
    put("file.creds", "x");
    put("env.creds", "x");
    put("given.creds", "x");
    put(".oam-url", "url = \"nats://x:1\"\ncreds = \"file.creds\"\n");
    auto_free char *of_file = path_join(root, "file.creds");
    expect_credentials(NULL, of_file);
    setenv("OAM_CREDS", "env.creds", 1);
    expect_credentials(NULL, "env.creds");
    expect_credentials("", "env.creds");
    expect_credentials("given.creds", "given.creds");
    clean_up();
}

static void a_relative_path_in_a_file_is_meant_from_where_the_file_stands(void)
{
    start_afresh();
    put("keys/a.creds", "x");
    put("project/.oam-url", "creds = '../keys/a.creds'\n");
    stand_in("project/deep/er");
    auto_free char *expected = path_join(root, "project/../keys/a.creds");
    expect_credentials(NULL, expected);
    clean_up();
}

static void an_absolute_path_in_a_file_stays_as_it_is(void)
{
    start_afresh();
    put("a.creds", "x");
    char text[128];
    auto_free char *expected = path_join(root, "a.creds");
    snprintf(text, sizeof(text), "creds = '%s'\n", expected);
    put(".oam-url", text);
    stand_in("deep");
    expect_credentials(NULL, expected);
    clean_up();
}

static void credentials_that_are_no_regular_file_are_refused(void)
{
    static const char *const paths[] = { "missing.creds", "." };
    start_afresh();
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char expected[128];
        auto_free char *path = NULL;
        mesh_error err = MESH_ERROR_INIT;
        expect_int(locate_credentials(paths[i], &path, &err), MESH_E_CONNECTION_FAILED);
        snprintf(expected, sizeof(expected), "Credentials file not found: %s", paths[i]);
        expect_str(mesh_error_message(&err), expected);
        mesh_error_clear(&err);
    }
    clean_up();
}

SUITE(client_locate, TEST(with_nothing_said_it_is_the_default), TEST(the_first_place_that_says_something_wins),
      TEST(an_empty_variable_says_nothing), STATEMENT("8", the_nearest_file_is_looked_for_upwards),
      TEST(a_folder_of_that_name_is_no_file), TEST(only_the_nearest_file_counts_even_if_it_names_no_url),
      TEST(a_removed_working_directory_has_no_file), TEST(a_file_that_is_too_large_is_an_error_that_names_it),
      TEST(without_a_word_there_are_no_credentials),
      STATEMENT("7", credentials_are_explicit_then_of_the_environment_then_of_the_file),
      STATEMENT("8", a_relative_path_in_a_file_is_meant_from_where_the_file_stands),
      TEST(an_absolute_path_in_a_file_stays_as_it_is), STATEMENT("7", credentials_that_are_no_regular_file_are_refused))
