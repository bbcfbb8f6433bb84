/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh check: a gallery of plugins, good and bad, each told rightly, with what mends it. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "compiler.h"
#include "folder.h"
#include "program.h"
#include "suite.h"

enum { FILE_MAX = 64 << 20, ROUNDS = 10 };

enum { MAX_FILES = 16, MAX_FLAGS = 6 };

/* ---- running it ---- */

/* Run it with these arguments (ending with NULL) and read what it prints. Given, to cJSON_Delete(); NULL: no JSON. */
static cJSON *check(int expected_code, const char *const *arguments)
{
    const char *argv[MAX_FILES + 4] = { getenv("AGENTMESH_CLI"), "check", "--json" };
    auto_outcome struct outcome outcome;
    cJSON *report = NULL;
    for (size_t i = 0; arguments[i]; i++)
        argv[i + 3] = arguments[i];
    program_run(&outcome, NULL, argv);
    if (!expect_int(outcome.code, expected_code))
        fprintf(stderr, "check: %s%s", buf_text(&outcome.out), buf_text(&outcome.err));
    expect_int(json_parse(buf_bytes(&outcome.out), &report, NULL), MESH_OK);
    return report;
}

static const cJSON *file_of(const cJSON *report, int index)
{
    return cJSON_GetArrayItem(report, index);
}

/* The codes of what was found: "schema schema agent". */
static void put_codes(struct buf *out, const cJSON *file)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, json_get(file, "findings"))
    {
        buf_printf(out, "%s%s", out->len > 0 ? " " : "", json_string(finding, "code", "?"));
    }
}

static void expect_codes(const cJSON *file, const char *expected)
{
    auto_buf struct buf codes;
    buf_init(&codes, 4096);
    put_codes(&codes, file);
    expect_str(buf_text(&codes), expected);
}

/* "yes yes no", "no no ?": loads, serves, unloads. */
static void expect_answers(const cJSON *file, const char *expected)
{
    static const char *const names[] = { "loads", "serves", "unloads" };
    char answers[32] = "";
    for (size_t i = 0; i < 3; i++) {
        const cJSON *answer = json_get(file, names[i]);
        const char *word = cJSON_IsTrue(answer) ? "yes" : cJSON_IsFalse(answer) ? "no" : "?";
        snprintf(answers + strlen(answers), sizeof(answers) - strlen(answers), "%s%s", i > 0 ? " " : "", word);
    }
    expect_str(answers, expected);
}

/* The words must stand in the text or the remedy of one finding. */
static bool says(const cJSON *file, const char *words)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, json_get(file, "findings"))
    {
        if (strstr(json_string(finding, "text", ""), words) || strstr(json_string(finding, "remedy", ""), words))
            return true;
    }
    return false;
}

static void expect_said(const cJSON *file, const char *words)
{
    if (words && !expect_true(says(file, words))) {
        auto_buf struct buf text;
        buf_init(&text, FILE_MAX);
        json_print(&text, file);
        fprintf(stderr, "check: nobody says \"%s\": %s\n", words, buf_text(&text));
    }
}

/* ---- making plugins ---- */

static char *compile(const char *folder, const char *name, const char *const *flags)
{
    char *path = folder_path(folder, name);
    const char *given[MAX_FLAGS] = { NULL };
    for (size_t i = 0; i < MAX_FLAGS && flags && flags[i]; i++)
        given[i] = flags[i];
    compile_plugin("flawed.c", path, given[0], given[1], given[2], given[3], given[4], given[5], NULL);
    return path;
}

static void read_good(struct buf *bytes)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = compile(folder, "good.so", NULL);
    buf_init(bytes, FILE_MAX);
    expect_int(file_read(path, bytes, NULL), MESH_OK);
}

/* ---- the gallery ---- */

/* A plugin of the gallery and what is right about it. */
struct exhibit {
    const char *name;
    const char *flags[MAX_FLAGS];
    const char *answers, *codes;
    int code;
    const char *says[3];
};

static const struct exhibit gallery[] = {
    { "good", { NULL }, "yes yes yes", "", 0, { NULL } },
    { "gate whose function needs a start", { "-DGATE" }, "yes yes yes", "", 0, { NULL } },
    { "loud constructor", { "-DCONSTRUCTOR=babble()" }, "yes yes yes", "", 0, { NULL } },

    { "executable stack",
      { "-Wl,-z,execstack" },
      "no no ?",
      "executable-stack",
      1,
      { "it asks for an executable stack", "-z noexecstack", ".note.GNU-stack" } },
    { "text relocations",
      { "-DTEXT_RELOCATION", "-Wl,-z,notext" },
      "no no ?",
      "text-relocations",
      1,
      { "it has text relocations", "-fPIC" } },
    { "global symbols", { "-Wl,-z,global" }, "no no ?", "global-symbols", 1, { "without -z global" } },
    { "never unloads", { "-Wl,-z,nodelete" }, "yes yes no", "nodelete", 1, { "without -z nodelete" } },
    { "unique symbols",
      { "-DUNIQUE" },
      "yes yes no",
      "unique-symbols",
      1,
      { "1 GNU_UNIQUE symbol: 'flawed_unique'", "-fno-gnu-unique", "agentmesh_add_plugin()" } },
    { "static thread-local storage",
      { "-DSTATIC_TLS=256" },
      "yes yes yes",
      "static-tls",
      0,
      { "256 bytes", "-ftls-model=global-dynamic" } },
    { "more of it than there is",
      { "-DSTATIC_TLS=100000" },
      "no no ?",
      "static-tls loader",
      1,
      { "100000 bytes", "no room" } },
    { "libraries beside itself",
      { "-Wl,-rpath,$ORIGIN/libs" },
      "yes yes yes",
      "runpath",
      0,
      { "'$ORIGIN/libs'", "absolute path" } },
    { "libraries wherever the host works",
      { "-Wl,-rpath,/opt/libs:libs" },
      "yes yes yes",
      "runpath",
      0,
      { "'/opt/libs:libs'" } },

    { "undefined symbols",
      { "-DUNDEFINED" },
      "no no ?",
      "undefined-symbols undefined-symbols undefined-symbols",
      1,
      { "built for a newer agentmesh", "link it with -lcjson", "defines 'from_nowhere'" } },
    { "no entry", { "-DNO_ENTRY" }, "no no ?", "no-entry", 1, { "MESH_PLUGIN()" } },
    { "entry with a C++ name",
      { "-DENTRY=\"_ZN4mine17mesh_plugin_entryE\"" },
      "no no ?",
      "mangled-entry",
      1,
      { "'_ZN4mine17mesh_plugin_entryE'", "extern \"C\"" } },
    { "copy of the library", { "-DOWN_COPY" }, "no no ?", "own-copy", 1, { "'mesh_client_open' is defined in it" } },
    { "other ABI", { "-DABI=7" }, "no no ?", "abi", 1, { "plugin ABI 7, this agentmeshd runs ABI 1" } },
    { "wrong size", { "-DSIZE=4" }, "no no ?", "entry", 1, { "says that it has 4 bytes" } },
    { "no magic number", { "-DMAGIC=1" }, "no no ?", "entry", 1, { "MESH_PLUGIN()" } },
    { "setting that contradicts itself",
      { "-DFALLBACK=\"101\"" },
      "no no ?",
      "entry",
      1,
      { "setting 'level'", "out of range" } },

    { "reserved field", { "-DRESERVED=1" }, "yes no yes", "agent", 1, { "agent 'flawed'", "reserved is not 0" } },
    { "bad name", { "-DAGENT=\"a b\"" }, "yes no yes", "agent", 1, { "a b" } },
    { "one agent twice", { "-DSECOND=&first," }, "yes no yes", "agent", 1, { "registered twice" } },
    { "everything wrong at once",
      { "-DINPUT=\"{\"", "-DOUTPUT=\"{\\\"type\\\": 3}\"", "-DSECOND=&second,", "-Wl,-z,nodelete", "-Wl,-z,execstack" },
      "no no no",
      "executable-stack nodelete schema schema agent",
      1,
      { "agent 'flawed': input_schema", "agent 'flawed': output_schema", "no good name" } },

    { "crashing constructor",
      { "-DCONSTRUCTOR=(fputs(\"last words\\n\",stderr),abort())" },
      "no no ?",
      "trial",
      1,
      { "it said: last words", "in start" } },
    { "hanging constructor", { "-DCONSTRUCTOR=pause()" }, "no no ?", "trial", 1, { "did not end within 3000 ms" } },
    { "constructor that exits", { "-DCONSTRUCTOR=_exit(0)" }, "no no ?", "trial", 1, { "ended the process" } },
    { "constructor that closes the pipe", { "-DCONSTRUCTOR=close(3)" }, "no no ?", "trial", 1, { "loading it" } },
    { "constructor that leaves a thread", { "-DCONSTRUCTOR=leave_thread()" }, "yes yes no", "thread", 1, { "start" } },
    { "constructor that leaves a thread-local object",
      { "-DCONSTRUCTOR=leave_thread_local()" },
      "yes yes no",
      "stays",
      1,
      { "still in memory" } },
    { "crashing destructor", { "-DDESTRUCTOR=abort()" }, "yes yes no", "destructor", 1, { "a destructor crashed" } },
    { "hanging destructor", { "-DDESTRUCTOR=pause()" }, "yes yes no", "destructor", 1, { "did not end within" } },
    { "destructor that exits", { "-DDESTRUCTOR=_exit(0)" }, "yes yes no", "destructor", 1, { "ended the process" } },
};

static bool hangs(const struct exhibit *exhibit)
{
    return strstr(exhibit->name, "hanging");
}

static void look_at(const struct exhibit *exhibit, const char *path)
{
    const char *timeout = hangs(exhibit) ? "3" : "60";
    auto_json cJSON *report = check(exhibit->code, (const char *const[]){ "--timeout", timeout, path, NULL });
    const cJSON *file = file_of(report, 0);
    expect_int(cJSON_GetArraySize(report), 1);
    expect_answers(file, exhibit->answers);
    expect_codes(file, exhibit->codes);
    for (size_t i = 0; i < 3; i++)
        expect_said(file, exhibit->says[i]);
}

static void each_plugin_of_the_gallery_is_told_rightly_each_time(void)
{
    auto_folder char *folder = folder_new();
    for (size_t i = 0; i < sizeof(gallery) / sizeof(gallery[0]); i++) {
        printf("     %s\n", gallery[i].name);
        auto_free char *path = compile(folder, "flawed.so", gallery[i].flags);
        for (int round = 0; round < (hangs(&gallery[i]) ? 1 : ROUNDS); round++)
            look_at(&gallery[i], path);
        unlink(path);
    }
}

/* ---- what is no plugin at all ---- */

static void expect_one(const char *path, const char *codes, const char *words)
{
    auto_json cJSON *report = check(1, (const char *const[]){ path, NULL });
    expect_answers(file_of(report, 0), "no no ?");
    expect_codes(file_of(report, 0), codes);
    expect_said(file_of(report, 0), words);
}

static void what_is_no_plugin_is_told_apart(void)
{
    auto_folder char *folder = folder_new();
    auto_buf struct buf good;
    auto_free char *path = folder_path(folder, "file.so");
    read_good(&good);

    folder_write(folder, "file.so", "this is a text\n");
    expect_one(path, "not-elf", "-shared -fPIC");
    folder_write(folder, "file.so", "");
    expect_one(path, "not-elf", "it is empty");
    folder_write_bytes(folder, "file.so", good.data, good.len / 2);
    expect_one(path, "damaged", "it is not whole");
    good.data[18] = good.data[18] == 40 ? 62 : 40; /* e_machine: ARM, or x86_64 there */
    folder_write_bytes(folder, "file.so", good.data, good.len);
    expect_one(path, "machine", "it is built for arm, this machine is");
    folder_copy(folder, "file.so", getenv("AGENTMESH_CLI"));
    expect_one(path, "not-shared", "link it with -shared");
    expect_one(folder, "unreadable", "not a regular file");
    unlink(path);
    expect_one(path, "unreadable", "No such file");
}

static void a_missing_library_is_named(void)
{
    auto_folder char *folder = folder_new(), *elsewhere = folder_new();
    auto_free char *library = compile(elsewhere, "libnowhere.so", (const char *const[]){ "-DNO_ENTRY", NULL });
    auto_free char *path =
        compile(folder, "flawed.so", (const char *const[]){ "-Wl,--no-as-needed", library, "-DUNDEFINED", NULL });
    expect_int(unlink(library), 0);
    expect_one(path, "missing-library", "libnowhere.so");
}

static void the_entry_of_a_library_is_not_taken_for_its_own(void)
{
    auto_folder char *folder = folder_new(), *elsewhere = folder_new();
    auto_free char *library = compile(elsewhere, "libother.so", NULL);
    auto_free char *path =
        compile(folder, "flawed.so", (const char *const[]){ "-Wl,--no-as-needed", library, "-DNO_ENTRY", NULL });
    expect_one(path, "foreign-entry", "libother.so");
}

static void an_entry_that_a_version_script_hides_is_told(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *script = folder_path(folder, "hide.map"), *flag = NULL;
    folder_write(folder, "hide.map", "{ local: *; };\n");
    if (asprintf(&flag, "-Wl,--version-script=%s", script) < 0)
        exit(1);
    auto_free char *path = compile(folder, "flawed.so", (const char *const[]){ flag, NULL });
    expect_one(path, "hidden-entry", "version script");
}

static void a_plugin_from_the_future_is_told_by_its_version(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = folder_path(folder, "later.so");
    compile_plugin("later.c", path, "-DFIELD=1", NULL);
    expect_one(path, "newer-headers abi", "it is built for agentmesh 0.4.0");
    compile_plugin("later.c", path, "-DFIELD=0", NULL);
    auto_json cJSON *report = check(0, (const char *const[]){ path, NULL });
    expect_answers(file_of(report, 0), "yes yes yes");
    expect_codes(file_of(report, 0), "newer-headers");
    expect_said(file_of(report, 0), "headers of agentmesh 0.4.0");
}

/* A library of that name with a version node that ours does not have, to be linked with and not to be found later. */
static void functions_of_a_newer_library_are_told_by_its_version(void)
{
    auto_folder char *folder = folder_new(), *elsewhere = folder_new();
    auto_free char *script = folder_path(elsewhere, "newer.map"), *flag = NULL;
    folder_write(elsewhere, "newer.map", "AGENTMESH_4.0 { global: mesh_from_tomorrow; local: *; };\n");
    if (asprintf(&flag, "-Wl,--version-script=%s", script) < 0)
        exit(1);
    auto_free char *library =
        compile(elsewhere, "libagentmesh.so",
                (const char *const[]){ "-DTOMORROW", "-DNO_ENTRY", flag, "-Wl,-soname,libagentmesh.so.0", NULL });
    auto_free char *path =
        compile(folder, "flawed.so", (const char *const[]){ "-DTOMORROW", "-Wl,--no-as-needed", library, NULL });
    expect_one(path, "newer", "it is built for agentmesh 4.0");
}

/* ---- the file, and others beside it ---- */

static void a_name_that_no_host_looks_at_is_refused(void)
{
    static const char *const names[] = { "flawed", ".flawed.so", "fla wed.so", ".so" };
    auto_folder char *folder = folder_new();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        auto_free char *path = compile(folder, names[i], NULL);
        expect_one(path, "name", "1 to 64 letters");
    }
}

static void a_file_that_others_can_change_is_a_warning(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = compile(folder, "flawed.so", NULL);
    expect_int(chmod(path, 0666), 0);
    auto_json cJSON *report = check(0, (const char *const[]){ path, NULL });
    expect_answers(file_of(report, 0), "yes yes yes");
    expect_codes(file_of(report, 0), "trust");
    expect_said(file_of(report, 0), "chmod o-w it");
    auto_json cJSON *strict = check(1, (const char *const[]){ "--strict", path, NULL });
    expect_codes(file_of(strict, 0), "trust");
}

static void two_files_with_one_agent_clash(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *one = compile(folder, "one.so", NULL);
    auto_free char *two = compile(folder, "two.so", NULL);
    auto_free char *three = compile(folder, "three.so", (const char *const[]){ "-DAGENT=\"third\"", NULL });
    auto_free char *broken = compile(folder, "broken.so", (const char *const[]){ "-DRESERVED=1", NULL });
    auto_json cJSON *report = check(1, (const char *const[]){ one, three, two, NULL });
    expect_answers(file_of(report, 0), "yes yes yes");
    expect_answers(file_of(report, 1), "yes yes yes");
    expect_answers(file_of(report, 2), "yes no yes");
    expect_codes(file_of(report, 2), "name-clash");
    expect_said(file_of(report, 2), "agent 'flawed' is also in");
    expect_said(file_of(report, 2), "one.so");
    auto_json cJSON *alone = check(1, (const char *const[]){ broken, two, NULL });
    expect_answers(file_of(alone, 1), "yes yes yes");
}

static void an_agent_that_another_folder_has_clashes_unless_the_file_replaces_it(void)
{
    auto_folder char *folder = folder_new(), *served = folder_new();
    auto_free char *fresh = compile(folder, "one.so", NULL);
    auto_free char *old = compile(served, "one.so", NULL);
    folder_write(served, "text.so", "no plugin\n");
    auto_json cJSON *replacing = check(0, (const char *const[]){ "--plugins", served, fresh, NULL });
    expect_codes(file_of(replacing, 0), "");
    auto_free char *other = compile(served, "two.so", NULL);
    expect_true(file_is_regular(other));
    auto_json cJSON *clashing = check(1, (const char *const[]){ "--plugins", served, fresh, NULL });
    expect_int(cJSON_GetArraySize(clashing), 1);
    expect_codes(file_of(clashing, 0), "name-clash");
    expect_said(file_of(clashing, 0), "two.so");
    auto_json cJSON *both = check(0, (const char *const[]){ fresh, old, NULL });
    expect_codes(file_of(both, 1), "same-name");
}

/* ---- all is well ---- */

static void the_plugins_of_this_project_pass(void)
{
    const char *arguments[MAX_FILES] = { "--strict" };
    glob_t found;
    expect_int(glob(PLUGINS_FOLDER "/*.so", 0, NULL, &found), 0);
    expect_true(found.gl_pathc >= 7 && found.gl_pathc < MAX_FILES - 1);
    for (size_t i = 0; i < found.gl_pathc && i < MAX_FILES - 2; i++)
        arguments[i + 1] = found.gl_pathv[i];
    auto_json cJSON *report = check(0, arguments);
    const cJSON *file;
    cJSON_ArrayForEach(file, report)
    {
        expect_answers(file, "yes yes yes");
        expect_codes(file, "");
    }
    globfree(&found);
}

static void what_a_plugin_says_of_itself_is_told(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *path = compile(folder, "flawed.so", NULL);
    auto_json cJSON *report = check(0, (const char *const[]){ path, NULL });
    const cJSON *told = json_get(file_of(report, 0), "told");
    const cJSON *agent = cJSON_GetArrayItem(json_get(told, "agents"), 0);
    const cJSON *setting = cJSON_GetArrayItem(json_get(told, "settings"), 0);
    expect_str(json_string(told, "version", ""), "1.2.3");
    expect_true(json_bool(told, "exclusive", false));
    expect_str(json_string(agent, "name", ""), "flawed");
    expect_str(json_string(agent, "shape", ""), "responder");
    expect_true(json_bool(agent, "ok", false));
    expect_str(json_string(setting, "key", ""), "level");
    expect_str(json_string(setting, "default", ""), "10");
}

static void the_page_for_people_tells_what_why_and_how_to_mend_it(void)
{
    auto_folder char *folder = folder_new();
    auto_outcome struct outcome outcome;
    auto_free char *path = compile(folder, "flawed.so", (const char *const[]){ "-Wl,-z,nodelete", NULL });
    program_run(&outcome, NULL, (const char *const[]){ getenv("AGENTMESH_CLI"), "check", path, NULL });
    expect_int(outcome.code, 1);
    expect_contains(buf_text(&outcome.out), "flawed.so: loads, serves, does not unload\n"
                                            "  plugin flawed 1.2.3, headers of agentmesh ");
    expect_contains(buf_text(&outcome.out), "\n  agent flawed: responder\n  setting level: number, default \"10\"\n"
                                            "  warning nodelete: it is linked with -z nodelete\n    why: ");
    expect_contains(buf_text(&outcome.out), "\n    fix: link it without -z nodelete\n");
    expect_str(buf_text(&outcome.err), "");
}

static void a_wrong_command_line_is_misuse(void)
{
    static const char *const lines[][3] = { { NULL }, { "--strange", "x.so" }, { "--timeout", "0", "x.so" } };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        auto_outcome struct outcome outcome;
        program_run(
            &outcome, NULL,
            (const char *const[]){ getenv("AGENTMESH_CLI"), "check", lines[i][0], lines[i][1], lines[i][2], NULL });
        expect_int(outcome.code, 2);
    }
}

static void a_plugin_without_a_name_is_told_by_its_version(void)
{
    auto_folder char *folder = folder_new();
    auto_outcome struct outcome outcome;
    auto_free char *path = compile(folder, "fla wed.so", NULL);
    program_run(&outcome, NULL, (const char *const[]){ getenv("AGENTMESH_CLI"), "check", path, NULL });
    expect_contains(buf_text(&outcome.out), "\n  plugin 1.2.3, headers of agentmesh ");
}

/* The fifo's only reader has gone before anything is written. */
static void nothing_is_left_behind_when_nobody_reads_the_report(void)
{
    static const char script[] = "mkfifo \"$1/pipe\" && exec 3<>\"$1/pipe\" 4>\"$1/pipe\" 3>&- && mkdir \"$1/tmp\" && "
                                 "! TMPDIR=\"$1/tmp\" \"$AGENTMESHD\" --inspect \"$2\" >&4 && rmdir \"$1/tmp\"";
    auto_folder char *folder = folder_new();
    auto_outcome struct outcome outcome;
    auto_free char *path = compile(folder, "flawed.so", NULL);
    program_run(&outcome, NULL, (const char *const[]){ "/bin/sh", "-c", script, "sh", folder, path, NULL });
    expect_int(outcome.code, 0);
    expect_contains(buf_text(&outcome.err), "cannot write to the standard output: Broken pipe");
}

static void nothing_is_left_behind(void)
{
    auto_folder char *folder = folder_new(), *scratch = folder_new();
    auto_free char *path = compile(folder, "flawed.so", (const char *const[]){ "-DCONSTRUCTOR=abort()", NULL });
    const char *before = getenv("TMPDIR");
    auto_free char *kept = before ? strdup(before) : NULL;
    setenv("TMPDIR", scratch, 1);
    auto_json cJSON *report = check(1, (const char *const[]){ path, NULL });
    expect_codes(file_of(report, 0), "trial");
    if (kept)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
    expect_int(rmdir(scratch), 0);
    expect_int(mkdir(scratch, 0700), 0);
}

SUITE(check, TEST(each_plugin_of_the_gallery_is_told_rightly_each_time), TEST(what_is_no_plugin_is_told_apart),
      TEST(a_missing_library_is_named), TEST(the_entry_of_a_library_is_not_taken_for_its_own),
      TEST(an_entry_that_a_version_script_hides_is_told), TEST(a_plugin_from_the_future_is_told_by_its_version),
      TEST(functions_of_a_newer_library_are_told_by_its_version), TEST(a_name_that_no_host_looks_at_is_refused),
      TEST(a_file_that_others_can_change_is_a_warning), TEST(two_files_with_one_agent_clash),
      TEST(an_agent_that_another_folder_has_clashes_unless_the_file_replaces_it),
      TEST(the_plugins_of_this_project_pass), TEST(what_a_plugin_says_of_itself_is_told),
      TEST(the_page_for_people_tells_what_why_and_how_to_mend_it), TEST(a_wrong_command_line_is_misuse),
      TEST(a_plugin_without_a_name_is_told_by_its_version), TEST(nothing_is_left_behind_when_nobody_reads_the_report),
      TEST(nothing_is_left_behind))
