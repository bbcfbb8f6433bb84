/* SPDX-License-Identifier: Apache-2.0 */
/* Every way in which people and tools put a file in the place of another: each is followed, in time, under load. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "compiler.h"
#include "peer.h"
#include "program.h"
#include "suite.h"
#include "versions.h"

enum { SETTLE_MS = 100, POLL_MS = 500, ROUNDS = 3, PER_SECOND = 1000, FILE_MAX = 64 << 20 };

#define INI "settle = 100ms\npoll = 500ms"

/* Puts the file of a build in the place of numbered.so in a folder. closure: what the way is made of. */
typedef void (*writer)(const void *closure, const char *folder, const char *build);

/* The next version, written so: heard soon, and the only one that answers then. */
static void write_next(struct versions *versions, struct traffic *traffic, const char *name, writer write,
                       const void *closure)
{
    auto_free char *build = versions_next(versions, traffic);
    uint64_t heard_ns;
    write(closure, versions->host->plugins, build);
    if (!expect_true(traffic_hears(traffic, SETTLE_MS + POLL_MS + BUDGET_MS, &heard_ns)))
        fprintf(stderr, "writers: not followed: %s\n", name);
    expect_true(versions_reload(versions, traffic));
}

static void expect_followed(const char *name, writer write, const void *closure)
{
    const char *url = nats_server_url(peer_server());
    auto_versions struct versions *versions = versions_new(url, INI, NULL);
    const struct traffic_order order = { url, 1, 64, PER_SECOND, versions->current };
    struct traffic *traffic = traffic_begin(&order);
    struct traffic_tally tally;
    for (int i = 0; i < ROUNDS; i++)
        write_next(versions, traffic, name, write, closure);
    traffic_end(traffic, &tally);
    bool good = expect_int(tally.lost + tally.doubled + tally.stale, 0) && expect_str(tally.failure, "");
    printf("     %s: %llu requests%s\n", name, (unsigned long long)tally.requests, good ? "" : ", amiss");
}

/* ---- by commands ---- */

/* In the folder; $1 is the build, $2 its folder. */
static void run_script(const void *closure, const char *folder, const char *build)
{
    auto_outcome struct outcome outcome;
    auto_free char *script = NULL;
    if (asprintf(&script, "set -e; cd '%s'; %s", folder, (const char *)closure) < 0)
        exit(1);
    auto_free char *above = strndup(build, (size_t)(strrchr(build, '/') - build));
    const char *const argv[] = { "/bin/sh", "-c", script, "sh", build, above, NULL };
    program_run(&outcome, NULL, argv);
    expect_int(outcome.code, 0);
    expect_str(buf_text(&outcome.err), "");
}

struct way {
    const char *name, *script;
};

static void expect_all_followed(const struct way *ways, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_followed(ways[i].name, run_script, ways[i].script);
}

static void what_people_type_is_followed(void)
{
    static const struct way ways[] = {
        { "cp, in place", "cp $1 numbered.so" },
        { "mv", "cp $1 $2/moving; mv $2/moving numbered.so" },
        { "mv from another file system", "d=$(mktemp -d -p /dev/shm); cp $1 $d/n; mv $d/n numbered.so; rmdir $d" },
        { "install", "install -m 644 $1 numbered.so" },
        { "cat, in two parts", "head -c 5000 $1 >numbered.so; sleep 0.05; tail -c +5001 $1 >>numbered.so" },
        { "rm, then cp", "rm -f numbered.so; cp $1 numbered.so" },
    };
    expect_all_followed(ways, sizeof(ways) / sizeof(ways[0]));
}

static void links_are_followed(void)
{
    static const struct way ways[] = {
        { "ln", "ln -f $1 numbered.so" },
        { "ln -s", "ln -sfn $1 numbered.so" },
        { "a link whose target is written",
          "cp $1 $2/target.so; test -L numbered.so || ln -sf $2/target.so numbered.so" },
        { "a link whose target is replaced",
          "cp $1 $2/.t; mv $2/.t $2/target.so; test -L numbered.so || ln -sf $2/target.so numbered.so" },
    };
    expect_all_followed(ways, sizeof(ways) / sizeof(ways[0]));
}

static void what_tools_do_is_followed(void)
{
    static const struct way ways[] = {
        { "as dpkg does",
          "cp $1 numbered.so.dpkg-new; ln -f numbered.so numbered.so.dpkg-tmp; sync numbered.so.dpkg-new;"
          "mv numbered.so.dpkg-new numbered.so; rm numbered.so.dpkg-tmp" },
        { "as rpm does", "cp $1 'numbered.so;65a0b1c2'; mv 'numbered.so;65a0b1c2' numbered.so" },
        { "as rsync does",
          "cp $1 .numbered.so.Xy12Zw; touch -r $1 .numbered.so.Xy12Zw; mv .numbered.so.Xy12Zw numbered.so" },
        { "as an editor does", "mv numbered.so numbered.so~; cp $1 numbered.so" },
        { "as Kubernetes does",
          "v=$(mktemp -d ..v.XXXXXX); chmod 755 $v; cp $1 $v/numbered.so; old=$(readlink ..data || true);"
          "ln -s $v ..data_tmp; mv -T ..data_tmp ..data;"
          "test -L numbered.so || { ln -s ..data/numbered.so .n; mv -T .n numbered.so; };"
          "test -z \"$old\" || rm -r \"$old\"" },
    };
    expect_all_followed(ways, sizeof(ways) / sizeof(ways[0]));
}

static void a_folder_that_is_gone_for_a_while_is_followed(void)
{
    static const struct way ways[] = {
        { "a folder that is removed and made again", "d=$PWD; cd ..; rm -r $d; mkdir $d; cp $1 $d/numbered.so" },
        { "a folder that is replaced", "d=$PWD; cd ..; mkdir $d.new; cp $1 $d.new/numbered.so; mv $d $d.old;"
                                       "mv $d.new $d; rm -r $d.old" },
        { "a folder that is moved away and back", "d=$PWD; cd ..; mv $d $d.away; sleep 0.7; cp $1 $d.away/numbered.so;"
                                                  "mv $d.away $d" },
    };
    expect_all_followed(ways, sizeof(ways) / sizeof(ways[0]));
}

/* ---- by calls ---- */

/* O_TMPFILE: a file that is whole when it gets its name. */
static void link_nameless(const void *closure, const char *folder, const char *build)
{
    (void)closure;
    auto_buf struct buf content;
    auto_free char *path = NULL;
    char nameless[64];
    buf_init(&content, FILE_MAX);
    auto_fd int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    snprintf(nameless, sizeof(nameless), "/proc/self/fd/%d", fd);
    if (fd < 0 || asprintf(&path, "%s/numbered.so", folder) < 0)
        exit(1);
    expect_int(file_read(build, &content, NULL), MESH_OK);
    expect_int(write(fd, buf_text(&content), content.len), content.len);
    unlink(path);
    expect_int(linkat(AT_FDCWD, nameless, AT_FDCWD, path, AT_SYMLINK_FOLLOW), 0);
}

static void files_that_get_their_name_last_are_followed(void)
{
    expect_followed("O_TMPFILE and linkat", link_nameless, NULL);
}

/* The build "7.so" is of version 7. */
static void compile_in_place(const void *closure, const char *folder, const char *build)
{
    (void)closure;
    auto_free char *path = NULL;
    char flag[32];
    snprintf(flag, sizeof(flag), "-DVERSION=%c", strrchr(build, '/')[1]);
    if (asprintf(&path, "%s/numbered.so", folder) < 0)
        exit(1);
    compile_plugin("numbered.c", path, flag, NULL);
}

static void what_a_compiler_writes_is_followed(void)
{
    expect_followed("cc -o", compile_in_place, NULL);
}

SUITE(writers, TEST(what_people_type_is_followed), TEST(links_are_followed), TEST(what_tools_do_is_followed),
      TEST(a_folder_that_is_gone_for_a_while_is_followed), TEST(files_that_get_their_name_last_are_followed),
      TEST(what_a_compiler_writes_is_followed))
