/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged plugins: whatever passes the checks of bytes and the trial load can be loaded, too; what cannot be loaded
 * ends a trial, never the host. Here the place of the host is taken by a child that loads what has passed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "folder.h"
#include "plugin/elf.h"
#include "plugin/entry.h"
#include "plugin/loader.h"
#include "plugin/trial.h"
#include "suite.h"

enum { TRIAL_MS = 20000, FILE_MAX = 64 << 20, STEPS = 150 };

struct tally {
    unsigned refused_by_bytes, refused_by_trial, loaded;
};

/* True if a process that loads the file lives, be it by refusing: a wrong pointer leads elsewhere in each process. */
static bool survives(const char *path)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        void *handle;
        struct entry entry;
        bool ok = loader_open(path, &handle, NULL) == MESH_OK && entry_load(handle, &entry, NULL) == MESH_OK;
        _exit(ok ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) <= 1;
}

static void try_bytes(const char *folder, const char *name, const struct buf *bytes, struct tally *tally)
{
    struct elf_facts facts;
    if (elf_check(buf_bytes(bytes), "0.1.0", &facts, NULL) != MESH_OK) {
        tally->refused_by_bytes++;
        return;
    }
    auto_free char *path = folder_path(folder, name);
    struct tried tried = { .libraries = NULL };
    folder_write_bytes(folder, name, buf_text(bytes), bytes->len);
    if (trial_load(getenv("AGENTMESHD"), path, TRIAL_MS, &tried, NULL) != MESH_OK) {
        tally->refused_by_trial++;
    } else {
        tally->loaded++;
        if (!expect_true(survives(path)))
            fprintf(stderr, "damage: '%s' passed its trial and ended the process that loaded it\n", path);
    }
    tried_clear(&tried);
    unlink(path);
}

static void read_plugin(struct buf *bytes)
{
    buf_init(bytes, FILE_MAX);
    expect_int(file_read(PLUGIN, bytes, NULL), MESH_OK);
}

static void print(const char *what, const struct tally *tally)
{
    printf("     %s: %u refused by their bytes, %u by their trial, %u loaded\n", what, tally->refused_by_bytes,
           tally->refused_by_trial, tally->loaded);
}

static void a_truncated_plugin_is_refused_by_its_bytes(void)
{
    auto_folder char *folder = folder_new();
    auto_buf struct buf bytes;
    struct tally tally = { 0 };
    read_plugin(&bytes);
    size_t whole = bytes.len;
    for (size_t i = 1; i <= STEPS; i++) {
        buf_truncate(&bytes, whole - (whole * i / (STEPS + 1)));
        try_bytes(folder, "truncated.so", &bytes, &tally);
    }
    print("truncated", &tally);
    expect_int(tally.refused_by_bytes, STEPS);
}

static void a_zero_filled_tail_ends_the_trial_alone(void)
{
    auto_folder char *folder = folder_new();
    auto_buf struct buf bytes;
    struct tally tally = { 0 };
    read_plugin(&bytes);
    for (size_t i = 1; i <= STEPS; i++) {
        size_t from = bytes.len - (bytes.len * i / (STEPS + 1));
        memset(bytes.data + from, 0, bytes.len - from);
        try_bytes(folder, "zeroes.so", &bytes, &tally);
    }
    print("zero-filled", &tally);
    expect_int(tally.refused_by_bytes + tally.refused_by_trial + tally.loaded, STEPS);
}

static void a_wrong_byte_ends_the_trial_alone(void)
{
    auto_folder char *folder = folder_new();
    auto_buf struct buf bytes;
    struct tally tally = { 0 };
    read_plugin(&bytes);
    srand(1); /* the same bytes every time */
    for (size_t i = 0; i < 2 * STEPS; i++) {
        size_t at = (size_t)rand() % bytes.len;
        char right = bytes.data[at];
        bytes.data[at] = (char)(right ^ (1 << (rand() % 8)));
        try_bytes(folder, "wrong.so", &bytes, &tally);
        bytes.data[at] = right;
    }
    print("one wrong bit", &tally);
    expect_int(tally.refused_by_bytes + tally.refused_by_trial + tally.loaded, 2 * STEPS);
}

SUITE(damage, TEST(a_truncated_plugin_is_refused_by_its_bytes), TEST(a_zero_filled_tail_ends_the_trial_alone),
      TEST(a_wrong_byte_ends_the_trial_alone))
