/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The official test suite of JSON Schema, draft 2020-12, against the compiler (with the suite's own documents at hand,
 * which the public function never takes) and mesh_schema_check(). Each of its mandatory files is a test here, and fails
 * on anything that is not among the exceptions below. Its optional files and its formats, which implementations may
 * differ in, are only told.
 */
#include <agentmesh/schema.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "remotes.h"
#include "suite.h"

enum { FILES_MAX = 200, TEXT_MAX = 16 << 20 };

#define DRAFT SUITE_FOLDER "/tests/draft2020-12"

/* What we do otherwise, and why. One that passes is a failure: it has to leave. */
static const struct exception {
    const char *file, *group, *reason;
} exceptions[] = {
    { "const.json", "nul characters in strings", "the strict reader takes no escaped NUL, in schemas or instances" },
    { "enum.json", "nul characters in strings", "the strict reader takes no escaped NUL, in schemas or instances" },
};

static struct remotes remotes;

/* ---- one group: a schema and its tests ---- */

struct figures {
    unsigned passed, failed, refused;
};

struct group {
    const char *file;
    const char *description; /* lent from its tree */
    uint32_t flags;
    struct figures figures;
};

static unsigned wrong(const struct figures *figures)
{
    return figures->failed + figures->refused;
}

static void refuse(struct group *group, const cJSON *tests, const char *reason)
{
    int count = cJSON_GetArraySize(tests);
    group->figures.refused += (unsigned)count;
    printf("     %s: %s: refused: %s\n", group->file, group->description, reason);
}

static mesh_schema *compile(const cJSON *schema, uint32_t flags, mesh_error *err)
{
    auto_buf struct buf text;
    mesh_schema *compiled = NULL;
    buf_init(&text, TEXT_MAX);
    json_print(&text, schema);
    schema_compile_with(buf_bytes(&text), flags, remotes.items, remotes.count, &compiled, err);
    return compiled;
}

static void check_test(struct group *group, const mesh_schema *schema, const cJSON *test)
{
    auto_buf struct buf text;
    mesh_error err = MESH_ERROR_INIT;
    bool expected = json_bool(test, "valid", false);
    buf_init(&text, TEXT_MAX);
    json_print(&text, json_get(test, "data"));
    mesh_status status = mesh_schema_check(schema, buf_bytes(&text), &err);
    bool is_right = status == (expected ? MESH_OK : MESH_E_INVALID_INPUT);
    group->figures.passed += is_right;
    group->figures.failed += !is_right;
    if (!is_right)
        printf("     %s: %s: %s: should %sfit: %s\n", group->file, group->description,
               json_string(test, "description", ""), expected ? "" : "not ", mesh_error_text(&err));
    mesh_error_clear(&err);
}

static void check_tests(struct group *group, const cJSON *tree)
{
    const cJSON *tests = json_get(tree, "tests"), *test;
    mesh_error err = MESH_ERROR_INIT;
    mesh_schema *schema = compile(json_get(tree, "schema"), group->flags, &err);
    if (!schema)
        refuse(group, tests, mesh_error_text(&err));
    for (test = tests->child; schema && test; test = test->next)
        check_test(group, schema, test);
    mesh_schema_free(schema);
    mesh_error_clear(&err);
}

/* ---- exceptions ---- */

/* Other releases of the suite word a group a little differently. */
static const struct exception *exception_of(const struct group *group)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
        if (strcmp(exceptions[i].file, group->file) == 0 && strstr(group->description, exceptions[i].group))
            return &exceptions[i];
    return NULL;
}

/* Whether nothing is wrong but what may be. */
static bool is_as_expected(const struct group *group)
{
    const struct exception *exception = exception_of(group);
    if (!exception)
        return wrong(&group->figures) == 0;
    if (wrong(&group->figures) == 0) {
        printf("     %s: %s passes: it is no exception any more\n", group->file, group->description);
        return false;
    }
    printf("     %s: %s is an exception: %s\n", group->file, group->description, exception->reason);
    return true;
}

/* ---- one file ---- */

/* What our reader refuses is read by cJSON, which is content with more, to tell what it was. False: something is wrong
 * that should not be. */
static bool check_group(struct group *group, mesh_bytes text)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_json cJSON *tree = NULL;
    bool is_read = json_parse(text, &tree, &err) == MESH_OK;
    if (!is_read)
        tree = cJSON_ParseWithLength(text.data, text.len);
    group->description = json_string(tree, "description", "?");
    if (is_read)
        check_tests(group, tree);
    else
        refuse(group, json_get(tree, "tests"), mesh_error_text(&err));
    mesh_error_clear(&err);
    return is_as_expected(group);
}

static void print_row(const char *name, const struct figures *figures)
{
    printf("     %-40s %6u %6u %7u\n", name, figures->passed, figures->failed, figures->refused);
}

/* The next value of an array, behind the bracket or comma at *at; empty at the end, where *at is then. */
static mesh_bytes next_value(mesh_bytes array, size_t *at)
{
    const char *text = array.data;
    bool is_between = *at < array.len && text[*at] != ']';
    size_t begin = is_between ? json_skip_space(array, *at + 1) : *at;
    size_t end = is_between ? json_skip(array, begin) : 0;
    *at = end > 0 ? json_skip_space(array, end) : begin;
    return mesh_bytes_of(text + begin, end > 0 ? end - begin : 0);
}

/* The groups that are not as they should be. */
static unsigned check_file(const char *file, uint32_t flags, struct figures *sum)
{
    auto_free char *path = path_join(DRAFT, file);
    auto_buf struct buf text;
    unsigned bad = 0;
    buf_init(&text, TEXT_MAX);
    if (!expect_int(file_read(path, &text, NULL), MESH_OK))
        return 1;
    size_t at = json_skip_space(buf_bytes(&text), 0);
    for (mesh_bytes one; (one = next_value(buf_bytes(&text), &at)).len > 0;) {
        struct group group = { .file = file, .flags = flags };
        bad += !check_group(&group, one);
        sum->passed += group.figures.passed;
        sum->failed += group.figures.failed;
        sum->refused += group.figures.refused;
    }
    expect_true(at < text.len && text.data[at] == ']'); /* all of it has been read */
    print_row(file, sum);
    return bad;
}

/* ---- the folder ---- */

static int is_json(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

static void print_head(const char *what)
{
    printf("     %-40s %6s %6s %7s\n", what, "passed", "failed", "refused");
}

static void every_test_of_a_file_is_judged_right(void)
{
    struct figures figures = { 0 };
    expect_int(check_file(suite_current(), 0, &figures), 0);
}

static void report(const char *folder, uint32_t flags)
{
    auto_free char *path = path_join(DRAFT, folder);
    struct figures sum = { 0 };
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_json, alphasort);
    print_head(folder);
    for (int i = 0; i < count; i++) {
        auto_free char *file = path_join(folder, entries[i]->d_name);
        struct figures figures = { 0 };
        check_file(file, flags, &figures);
        sum.passed += figures.passed;
        sum.failed += figures.failed;
        sum.refused += figures.refused;
        free(entries[i]);
    }
    free(entries);
    print_row("together", &sum);
}

static void what_is_optional_is_told(void)
{
    report("optional", 0);
    report("optional/format", MESH_SCHEMA_ASSERT_FORMAT);
}

static void the_suite_is_there(void)
{
    skip("no official test suite in build/json-schema-test-suite: packaging/setup unpacks it, or says why it cannot");
}

int main(int argc, char **argv)
{
    static struct test tests[FILES_MAX];
    struct dirent **entries = NULL;
    int count = scandir(DRAFT, &entries, is_json, alphasort), used = 0;
    if (count <= 0) {
        static const struct test missing[] = { TEST(the_suite_is_there) };
        return suite_run("conformance", missing, 1, argc, argv);
    }
    remotes_load(&remotes, SUITE_FOLDER "/remotes");
    for (; used < count && used < FILES_MAX - 1; used++)
        tests[used] = (struct test){ .name = entries[used]->d_name, .run = every_test_of_a_file_is_judged_right };
    tests[used++] = (struct test)TEST(what_is_optional_is_told);
    print_head("file");
    int code = suite_run("conformance", tests, (size_t)used, argc, argv);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    remotes_clear(&remotes);
    return code;
}
