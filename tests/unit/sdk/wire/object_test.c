/* SPDX-License-Identifier: Apache-2.0 */
/* Meta documents of objects, and what follows from them: subjects, digests. */
#include "wire/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "golden.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void recorded_documents_are_read(void)
{
    static const struct {
        const char *file, *name, *nuid, *modified, *digest;
        uint64_t size, chunks;
        bool deleted;
    } cases[] = {
        { "object/small.json", "hello.txt", "FCQ3mRJ6s40PUgEr0gF1px", "2026-11-22T12:05:36.575397+00:00",
          "SHA-256=uU0nuZNNPgilLlLX2n2r-sSE7-N6U4DukIj3rOLvzek=", 11, 1, false },
        { "object/slash.json", "reports/2025 q1/summary.md", "FCQ3mRJ6s40PUgEr0gF22X",
          "2026-11-22T12:05:37.189871+00:00", "SHA-256=y6u5psUbqo0XlfFhqT8g4nCm3FJHb-hIE4ZTPhL2794=", 9, 1, false },
        { "object/chunked.json", "big.bin", "FCQ3mRJ6s40PUgEr0gF2hQ", "2026-11-22T12:05:39.044579+00:00",
          "SHA-256=EuG5sXmymk9-WImxhdescb_wrR9Jp7OR0JEbc3oPU4E=", 300000, 3, false },
        { "object/empty.json", "empty", "FCQ3mRJ6s40PUgEr0gF39j", "2026-11-22T12:05:40.280649+00:00",
          "SHA-256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=", 0, 0, false },
        { "object/deleted.json", "hello.txt", "FCQ3mRJ6s40PUgEr0gF2Rh", "", "", 0, 0, true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *document = golden(cases[i].file);
        auto_object struct object object = { 0 };
        if (!expect_int(object_read(mesh_text(document), &object, NULL), MESH_OK))
            continue;
        expect_str(object.name, cases[i].name);
        expect_str(object.nuid, cases[i].nuid);
        expect_str(object.modified, cases[i].modified);
        expect_str(object.digest, cases[i].digest);
        expect_str(object.description, "");
        expect_str(object.link_name, "");
        expect_int(object.size, cases[i].size);
        expect_int(object.chunks, cases[i].chunks);
        expect_int(object.deleted, cases[i].deleted);
    }
}

/* The document with another time. To free(). */
static char *with_time(const char *document, const char *from, const char *to)
{
    static const char label[] = "\"mtime\": \"";
    const char *at = strstr(document, label);
    char *changed = NULL;

    if (!at || asprintf(&changed, "%.*s%s%s", (int)(at - document + (long)strlen(label)), document, to,
                        at + strlen(label) + strlen(from)) < 0)
        return NULL;
    return changed;
}

static void documents_are_written_as_recorded(void)
{
    static const char *const files[] = { "object/small.json", "object/slash.json", "object/chunked.json",
                                         "object/empty.json", "object/deleted.json" };

    for (size_t i = 0; i < COUNT(files); i++) {
        auto_free char *document = golden(files[i]);
        auto_object struct object object = { 0 }, again = { 0 };
        auto_buf struct buf out = { .max = 10000 };
        expect_int(object_read(mesh_text(document), &object, NULL), MESH_OK);
        object_write(&out, "mesh-artifacts", &object, OBJECT_CHUNK_SIZE);
        expect_int(object_read(buf_bytes(&out), &again, NULL), MESH_OK);
        expect_true(strlen(again.modified) > 20); /* never empty, as some readers take it ill */
        auto_free char *expected = with_time(document, object.modified, again.modified);
        expect_json(buf_text(&out), expected);
    }
}

static void a_description_is_written_where_there_is_one(void)
{
    char name[] = "n", nuid[] = "N", digest[] = "", description[] = "two \"words\"";
    struct object object = { .name = name, .nuid = nuid, .digest = digest, .description = description };
    auto_object struct object again = { 0 };
    auto_buf struct buf out = { .max = 10000 };

    object_write(&out, "b", &object, 5);
    expect_contains(buf_text(&out), "{\"max_chunk_size\":5}");
    expect_int(object_read(buf_bytes(&out), &again, NULL), MESH_OK);
    expect_str(again.description, "two \"words\"");
}

static void what_others_write_is_read_leniently(void)
{
    static const struct {
        const char *document, *nuid, *link;
        uint64_t size;
    } cases[] = {
        { "{\"name\":\"a\"}", "", "", 0 },
        { "{\"name\":\"a\",\"nuid\":7,\"size\":\"9\",\"mtime\":null,\"digest\":[],\"deleted\":\"yes\"}", "", "", 0 },
        { "{\"name\":\"a\",\"nuid\":\"Ab9\",\"size\":9007199254740993,\"other\":{}}", "Ab9", "", 9007199254740993 },
        { "{\"name\":\"a\",\"size\":-1}", "", "", 0 },
        { "{\"name\":\"a\",\"nuid\":\">\"}", "", "", 0 },
        { "{\"name\":\"a\",\"nuid\":\"*\"}", "", "", 0 },
        { "{\"name\":\"a\",\"nuid\":\"a.b\"}", "", "", 0 },
        { "{\"name\":\"a\",\"nuid\":\"a b\"}", "", "", 0 },
        { "{\"name\":\"a\",\"nuid\":\"a\\\"b\"}", "", "", 0 },
        { "{\"name\":\"a\",\"options\":{\"link\":{\"bucket\":\"b\",\"name\":\"c\"}}}", "", "c", 0 },
        { "{\"name\":\"a\",\"options\":[],\"headers\":{\"x\":[\"y\"]},\"metadata\":{\"k\":\"v\"}}", "", "", 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_object struct object object = { 0 };
        if (!expect_int(object_read(mesh_text(cases[i].document), &object, NULL), MESH_OK))
            continue;
        expect_str(object.name, "a");
        expect_str(object.nuid, cases[i].nuid);
        expect_str(object.link_name, cases[i].link);
        expect_int(object.size, cases[i].size);
        expect_false(object.deleted);
    }
}

static void what_tells_no_name_is_no_document(void)
{
    static const char *const documents[] = { "", "null", "[]", "{}", "{\"name\":\"\"}", "{\"name\":5}", "{\"name\":" };
    struct object object = { 0 };

    for (size_t i = 0; i < COUNT(documents); i++)
        expect_int(object_read(mesh_text(documents[i]), &object, NULL), MESH_E_DATA);
    expect_true(object.name == NULL);
}

static void names_become_the_recorded_subjects(void)
{
    static const struct {
        const char *name, *subject;
    } cases[] = {
        { "hello.txt", "$O.mesh-artifacts.M.aGVsbG8udHh0" },
        { "d/x.bin", "$O.mesh-artifacts.M.ZC94LmJpbg==" },
        { "empty", "$O.mesh-artifacts.M.ZW1wdHk=" },
        { "reports/2025 q1/summary.md", "$O.mesh-artifacts.M.cmVwb3J0cy8yMDI1IHExL3N1bW1hcnkubWQ=" },
        { "\xc3\xbf\xc3\xbe?>", "$O.mesh-artifacts.M.w7_Dvj8-" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *subject = object_meta_subject("mesh-artifacts", cases[i].name);
        expect_str(subject, cases[i].subject);
    }
    auto_free char *chunks = object_chunk_subject("mesh-artifacts", "NUID");
    expect_str(chunks, "$O.mesh-artifacts.C.NUID");
}

static void names_are_texts_that_fit_into_a_subject(void)
{
    auto_free char *longest = calloc(1, OBJECT_NAME_MAX + 2);

    expect_true(object_name_is_valid("a"));
    expect_true(object_name_is_valid("a b/\xe6\x97\xa5 > *.\n"));
    expect_false(object_name_is_valid(""));
    expect_false(object_name_is_valid("\xc3"));
    memset(longest, 'x', OBJECT_NAME_MAX);
    expect_true(object_name_is_valid(longest));
    auto_free char *subject = object_meta_subject("mesh-artifacts", longest);
    expect_true(strlen(subject) < 1500);
    longest[OBJECT_NAME_MAX] = 'x';
    expect_false(object_name_is_valid(longest));
}

static void digests_are_compared_without_their_padding(void)
{
    unsigned char digest[SHA256_SIZE];
    char text[OBJECT_DIGEST_SIZE];
    auto_sha256 struct sha256 *sha256 = sha256_new();

    sha256_add(sha256, mesh_text("hello "));
    sha256_add(sha256, mesh_text("world"));
    expect_true(sha256_end(sha256, digest));
    object_digest(text, digest);
    expect_str(text, "SHA-256=uU0nuZNNPgilLlLX2n2r-sSE7-N6U4DukIj3rOLvzek=");
    expect_true(object_digest_is(text, digest));
    expect_true(object_digest_is("sha-256=uU0nuZNNPgilLlLX2n2r-sSE7-N6U4DukIj3rOLvzek", digest));
    expect_false(object_digest_is("SHA-256=uU0nuZNNPgilLlLX2n2r-sSE7-N6U4DukIj3rOLvzeks", digest));
    expect_false(object_digest_is("SHA-256=UU0nuZNNPgilLlLX2n2r-sSE7-N6U4DukIj3rOLvzek=", digest));
    expect_false(object_digest_is("SHA-256=uU0nuZNN", digest));
    expect_false(object_digest_is("uU0nuZNNPgilLlLX2n2r-sSE7-N6U4DukIj3rOLvzek=", digest));
    expect_false(object_digest_is("", digest));
}

static void each_object_has_chunks_of_its_own(void)
{
    char one[OBJECT_NUID_SIZE], two[OBJECT_NUID_SIZE];

    object_nuid(one);
    object_nuid(two);
    expect_int(strlen(one), 22);
    expect_true(strcmp(one, two) != 0);
}

SUITE(wire_object, TEST(recorded_documents_are_read), TEST(documents_are_written_as_recorded),
      TEST(a_description_is_written_where_there_is_one), TEST(what_others_write_is_read_leniently),
      TEST(what_tells_no_name_is_no_document), TEST(names_become_the_recorded_subjects),
      TEST(names_are_texts_that_fit_into_a_subject), TEST(digests_are_compared_without_their_padding),
      TEST(each_object_has_chunks_of_its_own))
