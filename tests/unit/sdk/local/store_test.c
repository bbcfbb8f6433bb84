/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a local server: its locks and its record. */
#include "local/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "suite.h"

static char root[64];

static void start_afresh(struct store *store)
{
    snprintf(root, sizeof(root), "/tmp/store_test.XXXXXX");
    if (!mkdtemp(root))
        abort();
    *store = (struct store)STORE_INIT;
    auto_free char *folder = path_join(root, "a/b");
    expect_int(store_open(folder, true, store, NULL), MESH_OK);
}

static void clean_up(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    if (system(command) != 0)
        abort();
}

static void the_folder_is_made_and_private(void)
{
    auto_store struct store store;
    struct stat st;
    start_afresh(&store);
    expect_int(stat(store.folder, &st), 0);
    expect_int(st.st_mode & 0777, 0700);
    clean_up();
}

static void a_missing_folder_is_not_made_for_one_who_only_looks(void)
{
    auto_store struct store store = STORE_INIT;
    mesh_error err = MESH_ERROR_INIT;
    expect_int(store_open("/nonexistent/store", false, &store, &err), MESH_E_NOT_FOUND);
    expect_contains(mesh_error_text(&err), "/nonexistent/store");
    mesh_error_clear(&err);
}

static void a_folder_into_which_others_can_write_is_refused(void)
{
    auto_store struct store store;
    auto_store struct store again = STORE_INIT;
    mesh_error err = MESH_ERROR_INIT;
    start_afresh(&store);
    for (int deed = 0; deed < 2; deed++) {
        bool is_root = geteuid() == 0;
        if (deed == 1 && !is_root)
            break; /* nobody else can give a folder away */
        expect_int(deed == 0 ? chmod(store.folder, 0770) : chown(store.folder, 1, (gid_t)-1), 0);
        expect_int(store_open(store.folder, deed == 0, &again, &err), MESH_E_SYSTEM);
        expect_contains(mesh_error_text(&err), store.folder);
        expect_int(chmod(store.folder, 0755), 0);
        mesh_error_clear(&err);
    }
    clean_up();
}

static void a_lock_is_held_by_one(void)
{
    auto_store struct store first;
    auto_store struct store second = STORE_INIT;
    mesh_error err = MESH_ERROR_INIT;
    bool runs = true;
    start_afresh(&first);
    expect_int(store_open(first.folder, false, &second, NULL), MESH_OK);

    expect_int(store_own(&first, clock_deadline(0), NULL), MESH_OK);
    expect_int(store_own(&second, clock_deadline(0), &err), MESH_E_TIMEOUT);
    expect_int(store_lock_server(&first, &runs, NULL), MESH_OK);
    expect_false(runs);
    expect_int(store_lock_server(&second, &runs, NULL), MESH_OK);
    expect_true(runs);

    store_close(&first);
    expect_int(store_own(&second, clock_deadline(0), NULL), MESH_OK);
    expect_int(store_lock_server(&second, &runs, NULL), MESH_OK);
    expect_false(runs);
    mesh_error_clear(&err);
    clean_up();
}

static void an_owner_of_a_running_server_is_not_waited_for(void)
{
    auto_store struct store first;
    auto_store struct store second = STORE_INIT;
    mesh_error err = MESH_ERROR_INIT;
    char url[] = "nats://127.0.0.1:7", part[64];
    const struct server_record record = { .pid = (int32_t)getpid(), .owner = (int32_t)getppid(), .url = url };
    start_afresh(&first);
    expect_int(store_open(first.folder, false, &second, NULL), MESH_OK);
    expect_int(store_own(&first, clock_deadline(0), NULL), MESH_OK);
    expect_int(server_record_write(&first, &record, NULL), MESH_OK);

    expect_int(store_own(&second, CLOCK_NEVER, &err), MESH_E_EXISTS);
    snprintf(part, sizeof(part), "belongs to process %d", (int)getppid());
    expect_contains(mesh_error_text(&err), part);
    expect_contains(mesh_error_text(&err), url);
    mesh_error_clear(&err);
    clean_up();
}

/* The lock is not its own then: another program is about to end the server that it has left. */
static void an_owner_that_has_died_owns_nothing(void)
{
    auto_store struct store first;
    auto_store struct store second = STORE_INIT;
    char url[] = "nats://127.0.0.1:7";
    pid_t owner = fork();
    if (owner == 0)
        _exit(0);
    expect_int(waitpid(owner, NULL, 0), owner);
    const struct server_record record = { .pid = (int32_t)getpid(), .owner = (int32_t)owner, .url = url };
    start_afresh(&first);
    expect_int(store_open(first.folder, false, &second, NULL), MESH_OK);
    expect_int(store_own(&first, clock_deadline(0), NULL), MESH_OK);
    expect_int(server_record_write(&first, &record, NULL), MESH_OK);
    expect_int(store_own(&second, clock_deadline(0), NULL), MESH_E_TIMEOUT);
    clean_up();
}

static void a_record_comes_back_as_it_was_written(void)
{
    auto_store struct store store;
    char name[] = "n", url[] = "nats://127.0.0.1:7", mark[] = "/a \"b\"/.oam-url";
    const struct server_record written = {
        .pid = 12, .owner = 13, .detached = true, .name = name, .url = url, .url_files = { NULL, mark }
    };
    auto_record struct server_record read = { 0 };
    start_afresh(&store);
    expect_int(server_record_write(&store, &written, NULL), MESH_OK);
    expect_int(server_record_read(&store, &read, NULL), MESH_OK);
    expect_int(read.pid, 12);
    expect_int(read.owner, 13);
    expect_true(read.detached);
    expect_str(read.name, name);
    expect_str(read.url, url);
    expect_str(read.url_files[0], NULL);
    expect_str(read.url_files[1], mark);
    clean_up();
}

static void what_cannot_be_read_is_an_empty_record(void)
{
    static const char *const texts[] = {
        NULL, "", "{", "[]", "12", "{\"pid\": -1}", "{\"pid\": \"12\"}", "{\"pid\": 1e30}"
    };
    auto_store struct store store;
    start_afresh(&store);
    auto_free char *path = store_path(&store, "server.json");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        auto_record struct server_record record = { .pid = 1 };
        if (texts[i])
            file_replace(path, 0600, mesh_text(texts[i]), NULL);
        expect_int(server_record_read(&store, &record, NULL), MESH_OK);
        expect_int(record.pid, 0);
    }
    clean_up();
}

SUITE(local_store, TEST(the_folder_is_made_and_private), TEST(a_missing_folder_is_not_made_for_one_who_only_looks),
      TEST(a_folder_into_which_others_can_write_is_refused), TEST(a_lock_is_held_by_one),
      TEST(an_owner_of_a_running_server_is_not_waited_for), TEST(an_owner_that_has_died_owns_nothing),
      TEST(a_record_comes_back_as_it_was_written), TEST(what_cannot_be_read_is_an_empty_record))
