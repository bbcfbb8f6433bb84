/* SPDX-License-Identifier: Apache-2.0 */
/* The workspace: objects from and to memory, files and callbacks; listed, deleted, refused. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "bus.h"
#include "folder.h"
#include "golden.h"
#include "peer.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { WAIT_MS = 20000, MANY = 10 << 20 };

static char *bytes_of(size_t len, unsigned seed)
{
    char *bytes = malloc(len + 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((i * 2654435761U + seed) >> 13);
    return bytes;
}

/* ---- memory ---- */

static void objects_of_any_name_and_size_come_back(void)
{
    static const struct {
        const char *name;
        size_t len;
    } cases[] = {
        { "empty", 0 },
        { "one", 1 },
        { "a dir/with spaces/x.bin", 131072 },
        { "d\xc3\xa9j\xc3\xa0/\xe6\x97\xa5\xe6\x9c\xac.txt", 131073 },
        { "\"quoted\" \\ > * .", 300 },
        { "large", MANY },
    };
    mesh_client *mesh = peer_client(NULL);

    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *bytes = bytes_of(cases[i].len, (unsigned)i);
        mesh_content *content = NULL;
        expect_int(mesh_workspace_put(mesh, cases[i].name, mesh_bytes_of(bytes, cases[i].len), NULL, NULL), MESH_OK);
        if (!expect_int(mesh_workspace_get(mesh, cases[i].name, 0, NULL, &content, NULL), MESH_OK))
            continue;
        mesh_bytes got = mesh_content_bytes(content);
        expect_true(got.len == cases[i].len && memcmp(got.data, bytes, got.len) == 0 && got.data[got.len] == '\0');
        mesh_content_free(content);
    }
    mesh_client_close(mesh);
}

static void what_is_no_name_is_refused(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_content *content = NULL;
    char *longest = calloc(1, 6000);

    memset(longest, 'n', 5999);
    expect_int(mesh_workspace_put(mesh, "", mesh_text("x"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_workspace_put(mesh, "\xff", mesh_text("x"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_workspace_put(mesh, longest, mesh_text("x"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_workspace_put(mesh, NULL, mesh_text("x"), NULL, NULL), MESH_E_INVALID_ARGUMENT);
    longest[1024] = '\0';
    expect_int(mesh_workspace_put(mesh, longest, mesh_text("x"), NULL, NULL), MESH_OK);
    expect_int(mesh_workspace_get(mesh, longest, 0, NULL, &content, NULL), MESH_OK);
    expect_int(mesh_workspace_delete(mesh, longest, NULL), MESH_OK);
    mesh_content_free(content);
    free(longest);
    mesh_client_close(mesh);
}

static void what_is_not_there_is_not_found(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_content *content = NULL;
    mesh_error err = MESH_ERROR_INIT;

    expect_int(mesh_workspace_get(mesh, "no \"such\"", 0, NULL, &content, &err), MESH_E_NOT_FOUND);
    expect_str(mesh_error_code(&err), "not_found");
    expect_str(mesh_error_details(&err), "{\"key\":\"no \\\"such\\\"\"}");
    expect_contains(mesh_error_text(&err), "get object 'no \"such\"'");
    expect_int(mesh_workspace_delete(mesh, "no", &err), MESH_E_NOT_FOUND);
    expect_str(mesh_error_details(&err), "{\"key\":\"no\"}");
    mesh_workspace_put(mesh, "yes", mesh_text("1"), NULL, NULL);
    expect_int(mesh_workspace_delete(mesh, "yes", NULL), MESH_OK);
    expect_int(mesh_workspace_delete(mesh, "yes", NULL), MESH_E_NOT_FOUND);
    expect_int(mesh_workspace_get(mesh, "yes", 0, NULL, &content, NULL), MESH_E_NOT_FOUND);
    mesh_error_clear(&err);
    mesh_client_close(mesh);
}

static void what_is_larger_than_wanted_is_not_fetched(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_content *content = NULL;

    mesh_workspace_put(mesh, "five", mesh_text("12345"), NULL, NULL);
    expect_int(mesh_workspace_get(mesh, "five", 4, NULL, &content, NULL), MESH_E_TOO_LARGE);
    expect_int(mesh_workspace_get(mesh, "five", 5, NULL, &content, NULL), MESH_OK);
    expect_str(mesh_content_bytes(content).data, "12345");
    mesh_content_free(content);
    mesh_client_close(mesh);
}

/* ---- what others have stored ---- */

/* Publish a document in the place of an object's, and wait until it is stored. */
static void forge(struct peer *peer, const char *name, const char *document)
{
    char encoded[BASE64_SIZE(100)], subject[200];

    base64url_encode(encoded, mesh_text(name));
    snprintf(subject, sizeof(subject), "$O.mesh-artifacts.M.%s", encoded);
    struct link_message ack = peer_ask(peer, subject, document, "Nats-Rollup", "sub", NULL);
    expect_contains(said(&ack), "\"seq\"");
    link_message_clear(&ack);
}

static void store_chunk(struct peer *peer, const char *nuid, const char *bytes)
{
    char subject[200];

    snprintf(subject, sizeof(subject), "$O.mesh-artifacts.C.%s", nuid);
    struct link_message ack = peer_ask(peer, subject, bytes, NULL);
    link_message_clear(&ack);
}

static void an_object_that_python_deleted_is_gone_and_can_be_put_again(void)
{
    if (!bus_has_server("it stores documents as others do"))
        return;
    mesh_client *mesh = peer_client(NULL);
    struct peer *peer = peer_open();
    mesh_content *content = NULL;
    mesh_objects *objects = NULL;

    forge(peer, "python's",
          "{\"name\": \"python's\", \"bucket\": \"mesh-artifacts\", \"nuid\": \"FCQ3mRJ6s40PUgEr0gF2Rh\", \"size\": 0, "
          "\"mtime\": \"\", \"chunks\": 0, \"digest\": \"\", \"deleted\": true, \"options\": {\"max_chunk_size\": "
          "131072}}");
    expect_int(mesh_workspace_get(mesh, "python's", 0, NULL, &content, NULL), MESH_E_NOT_FOUND);
    expect_int(mesh_workspace_delete(mesh, "python's", NULL), MESH_E_NOT_FOUND);
    expect_int(mesh_workspace_list(mesh, "python", &objects, NULL), MESH_OK);
    expect_int(mesh_objects_count(objects), 0);
    mesh_objects_free(objects);
    expect_int(mesh_workspace_put(mesh, "python's", mesh_text("ours"), NULL, NULL), MESH_OK);
    expect_int(mesh_workspace_get(mesh, "python's", 0, NULL, &content, NULL), MESH_OK);
    expect_str(mesh_content_bytes(content).data, "ours");
    mesh_content_free(content);
    peer_close(peer);
    mesh_client_close(mesh);
}

#define DIGEST_OF_ABC "SHA-256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0="

static void what_is_stored_is_checked_before_it_is_given(void)
{
    if (!bus_has_server("it stores documents as others do"))
        return;
    static const struct {
        const char *document;
        mesh_status status;
    } cases[] = {
        { "{\"name\":\"forged\",\"nuid\":\"abcchunks\",\"size\":3,\"digest\":\"" DIGEST_OF_ABC "\"}", MESH_OK },
        { "{\"name\":\"forged\",\"nuid\":\"abcchunks\",\"size\":3,\"digest\":\"SHA-256=ungWv48Bz-"
          "pBQUDeXa4iI7ADYaOWF3qctBD_"
          "YfIAFa0\",\"deleted\":null,\"chunks\":\"x\",\"mtime\":5}",
          MESH_OK },
        { "{\"name\":\"forged\",\"nuid\":\"abcchunks\",\"size\":4,\"digest\":\"" DIGEST_OF_ABC "\"}", MESH_E_DATA },
        { "{\"name\":\"forged\",\"nuid\":\"abcchunks\",\"size\":2,\"digest\":\"" DIGEST_OF_ABC "\"}", MESH_E_DATA },
        { "{\"name\":\"forged\",\"nuid\":\"abcchunks\",\"size\":3,\"digest\":\"SHA-256="
          "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\"}",
          MESH_E_DATA },
        { "{\"name\":\"forged\",\"nuid\":\"abcchunks\",\"size\":3}", MESH_E_DATA },
        { "{\"name\":\"forged\",\"nuid\":\"nochunks\",\"size\":3,\"digest\":\"" DIGEST_OF_ABC "\"}", MESH_E_DATA },
        { "{\"name\":\"forged\",\"nuid\":\">\",\"size\":3,\"digest\":\"" DIGEST_OF_ABC "\"}", MESH_E_DATA },
        { "{\"name\":\"forged\",\"size\":3,\"digest\":\"" DIGEST_OF_ABC "\"}", MESH_E_DATA },
        { "{\"nuid\":\"abcchunks\",\"size\":3,\"digest\":\"" DIGEST_OF_ABC "\"}", MESH_E_DATA },
        { "{\"name\":\"forged\",\"nuid\":\"abcchunks\",\"size\":-3}", MESH_E_DATA },
        { "[]", MESH_E_DATA },
        { "garbled", MESH_E_DATA },
        { "", MESH_E_DATA },
    };
    mesh_client *mesh = peer_client(NULL);
    struct peer *peer = peer_open();

    store_chunk(peer, "abcchunks", "ab");
    store_chunk(peer, "abcchunks", "c");
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_content *content = NULL;
        forge(peer, "forged", cases[i].document);
        if (!expect_int(mesh_workspace_get(mesh, "forged", 0, NULL, &content, NULL), cases[i].status))
            fprintf(stderr, "%s\n", cases[i].document);
        if (cases[i].status == MESH_OK)
            expect_str(mesh_content_bytes(content).data, "abc");
        mesh_content_free(content);
    }
    peer_close(peer);
    mesh_client_close(mesh);
}

static void a_forged_document_makes_nobody_forget_the_chunks_of_others(void)
{
    if (!bus_has_server("it stores documents as others do"))
        return;
    mesh_client *mesh = peer_client(NULL);
    struct peer *peer = peer_open();
    mesh_content *content = NULL;

    mesh_workspace_put(mesh, "bystander", mesh_text("still here"), NULL, NULL);
    forge(peer, "bomb", "{\"name\":\"bomb\",\"nuid\":\">\",\"size\":3,\"chunks\":1}");
    expect_int(mesh_workspace_delete(mesh, "bomb", NULL), MESH_OK);
    forge(peer, "bomb", "{\"name\":\"bomb\",\"nuid\":\"*\",\"size\":3,\"chunks\":1}");
    expect_int(mesh_workspace_put(mesh, "bomb", mesh_text("new"), NULL, NULL), MESH_OK);
    expect_int(mesh_workspace_get(mesh, "bystander", 0, NULL, &content, NULL), MESH_OK);
    expect_str(mesh_content_bytes(content).data, "still here");
    mesh_content_free(content);
    peer_close(peer);
    mesh_client_close(mesh);
}

/* What a document says of its own name leads nowhere: neither out of a buffer nor to another object. */
static void a_document_that_is_not_in_its_place_is_no_object(void)
{
    if (!bus_has_server("it stores documents as others do"))
        return;
    static const int blanks[] = { 0, 20000 };
    static char document[30000];
    mesh_client *mesh = peer_client(NULL);
    struct peer *peer = peer_open();
    mesh_content *content = NULL;

    mesh_workspace_put(mesh, "bystander", mesh_text("still here"), NULL, NULL);
    for (size_t i = 0; i < COUNT(blanks); i++) {
        snprintf(document, sizeof(document), "{\"nuid\":\"none\",\"size\":3,\"name\":\"bystander%*s\"}", blanks[i], "");
        forge(peer, "astray", document);
        expect_int(mesh_workspace_get(mesh, "astray", 0, NULL, &content, NULL), MESH_E_DATA);
        expect_int(mesh_workspace_delete(mesh, "astray", NULL), MESH_E_DATA);
        expect_int(mesh_workspace_put(mesh, "astray", mesh_text("ours"), NULL, NULL), MESH_OK);
        expect_int(mesh_workspace_delete(mesh, "astray", NULL), MESH_OK);
    }
    expect_int(mesh_workspace_get(mesh, "bystander", 0, NULL, &content, NULL), MESH_OK);
    mesh_content_free(content);
    peer_close(peer);
    mesh_client_close(mesh);
}

static void a_link_is_followed_once_and_within_the_workspace(void)
{
    if (!bus_has_server("it stores documents as others do"))
        return;
    mesh_client *mesh = peer_client(NULL);
    struct peer *peer = peer_open();
    mesh_content *content = NULL;
    mesh_error err = MESH_ERROR_INIT;

    mesh_workspace_put(mesh, "target", mesh_text("linked"), NULL, NULL);
    forge(peer, "link",
          "{\"name\":\"link\",\"nuid\":\"\",\"size\":0,\"options\":{\"link\":{\"bucket\":\"mesh-artifacts\",\"name\":"
          "\"target\"}}}");
    expect_int(mesh_workspace_get(mesh, "link", 0, NULL, &content, NULL), MESH_OK);
    expect_str(mesh_content_bytes(content).data, "linked");
    content = mesh_content_free(content);
    forge(peer, "loop", "{\"name\":\"loop\",\"options\":{\"link\":{\"bucket\":\"mesh-artifacts\",\"name\":\"loop\"}}}");
    expect_int(mesh_workspace_get(mesh, "loop", 0, NULL, &content, &err), MESH_E_DATA);
    expect_contains(mesh_error_text(&err), "is a link");
    forge(peer, "away", "{\"name\":\"away\",\"options\":{\"link\":{\"bucket\":\"other\",\"name\":\"x\"}}}");
    expect_int(mesh_workspace_get(mesh, "away", 0, NULL, &content, &err), MESH_E_DATA);
    expect_contains(mesh_error_text(&err), "bucket 'other'");
    expect_int(mesh_workspace_put(mesh, "link", mesh_text("no more"), NULL, NULL), MESH_OK);
    expect_int(mesh_workspace_get(mesh, "target", 0, NULL, &content, NULL), MESH_OK);
    mesh_content_free(content);
    mesh_error_clear(&err);
    peer_close(peer);
    mesh_client_close(mesh);
}

/* ---- on the wire ---- */

/* The document of a put as it was recorded, but for the place of its chunks and its time. */
static void expect_document(const struct link_message *got, const char *file, const char *nuid)
{
    auto_free char *recorded = golden(file);
    auto_json cJSON *expected = NULL, *tree = NULL;

    expect_int(json_parse(mesh_text(recorded), &expected, NULL), MESH_OK);
    if (!expect_int(json_parse(link_message_body(got), &tree, NULL), MESH_OK))
        return;
    expect_str(json_string(tree, "nuid", ""), nuid);
    expect_true(strlen(json_string(tree, "mtime", "")) > 20);
    cJSON_ReplaceItemInObject(expected, "nuid", cJSON_Duplicate(json_get(tree, "nuid"), true));
    cJSON_ReplaceItemInObject(expected, "mtime", cJSON_Duplicate(json_get(tree, "mtime"), true));
    expect_true(json_equal(tree, expected));
}

static void what_is_put_is_as_recorded(void)
{
    if (!bus_has_server("it reads what the server is sent"))
        return;
    static const struct {
        const char *name, *content, *file, *subject;
    } cases[] = {
        { "hello.txt", "hello world", "object/small.json", "$O.mesh-artifacts.M.aGVsbG8udHh0" },
        { "reports/2025 q1/summary.md", "# summary", "object/slash.json",
          "$O.mesh-artifacts.M.cmVwb3J0cy8yMDI1IHExL3N1bW1hcnkubWQ=" },
        { "empty", "", "object/empty.json", "$O.mesh-artifacts.M.ZW1wdHk=" },
    };
    mesh_client *mesh = peer_client(NULL);
    struct peer *peer = peer_open();
    struct ear *ear = peer_listen(peer, "$O.mesh-artifacts.>");

    for (size_t i = 0; i < COUNT(cases); i++) {
        char nuid[23] = "";
        mesh_workspace_put(mesh, cases[i].name, mesh_text(cases[i].content), NULL, NULL);
        if (*cases[i].content) {
            struct link_message chunk = ear_next(ear, WAIT_MS);
            expect_str(said(&chunk), cases[i].content);
            snprintf(nuid, sizeof(nuid), "%s", strrchr(link_message_subject(&chunk), '.') + 1);
            link_message_clear(&chunk);
        }
        struct link_message meta = ear_next(ear, WAIT_MS);
        expect_str(link_message_subject(&meta), cases[i].subject);
        expect_str(said_header(&meta, "Nats-Rollup"), "sub");
        if (*nuid)
            expect_document(&meta, cases[i].file, nuid);
        link_message_clear(&meta);
    }
    peer_close(peer);
    mesh_client_close(mesh);
}

/* ---- lists ---- */

static void live_objects_are_listed_with_what_is_known_of_them(void)
{
    if (!bus_has_server("it stores documents as others do"))
        return;
    mesh_client *mesh = peer_client(NULL);
    struct peer *peer = peer_open();
    mesh_transfer_options options = MESH_TRANSFER_OPTIONS_INIT;
    mesh_objects *objects = NULL;

    options.description = "the first";
    mesh_workspace_put(mesh, "list/b", mesh_text("12"), NULL, NULL);
    mesh_workspace_put(mesh, "list/a", mesh_text("abc"), &options, NULL);
    mesh_workspace_put(mesh, "list/gone", mesh_text("1"), NULL, NULL);
    mesh_workspace_put(mesh, "listed", mesh_text("1"), NULL, NULL);
    mesh_workspace_put(mesh, "list/a", mesh_text("abc"), &options, NULL);
    mesh_workspace_delete(mesh, "list/gone", NULL);
    forge(peer, "list/garbled", "{\"name\":");
    forge(peer, "list/elsewhere", "{\"name\":\"list/not here\",\"size\":1}");
    if (expect_int(mesh_workspace_list(mesh, "list/", &objects, NULL), MESH_OK) &&
        expect_int(mesh_objects_count(objects), 2)) {
        const mesh_object *first = mesh_objects_at(objects, 0), *second = mesh_objects_at(objects, 1);
        expect_str(first->name, "list/a");
        expect_str(first->description, "the first");
        expect_str(first->digest, DIGEST_OF_ABC);
        expect_true(strlen(first->modified) >= strlen("2026-11-22T10:59:44+00:00"));
        expect_int(first->length, 3);
        expect_str(second->name, "list/b");
        expect_str(second->description, "");
        expect_true(mesh_objects_at(objects, 2) == NULL);
    }
    objects = mesh_objects_free(objects);
    expect_int(mesh_workspace_list(mesh, NULL, &objects, NULL), MESH_OK);
    expect_true(mesh_objects_count(objects) > 2);
    mesh_objects_free(objects);
    peer_close(peer);
    mesh_client_close(mesh);
}

static void hundreds_of_objects_are_listed(void)
{
    mesh_client *mesh = peer_client(NULL);
    mesh_objects *objects = NULL;
    char name[32];

    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "many/%03d", i);
        mesh_workspace_put(mesh, name, mesh_text(name), NULL, NULL);
    }
    expect_int(mesh_workspace_list(mesh, "many/", &objects, NULL), MESH_OK);
    expect_int(mesh_objects_count(objects), 300);
    expect_str(mesh_objects_at(objects, 299)->name, "many/299");
    mesh_objects_free(objects);
    mesh_client_close(mesh);
}

/* ---- files ---- */

static bool holds(const char *path, const char *bytes, size_t len)
{
    auto_buf struct buf content = { .max = 64 << 20 };

    return file_read(path, &content, NULL) == MESH_OK && content.len == len &&
           (len == 0 || memcmp(content.data, bytes, len) == 0);
}

static void files_go_in_and_come_out(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *from = path_join(folder, "from"), *to = path_join(folder, "to");
    auto_free char *bytes = bytes_of(MANY, 4);
    mesh_client *mesh = peer_client(NULL);
    struct stat st;

    file_replace(from, 0600, mesh_bytes_of(bytes, MANY), NULL);
    mode_t before = umask(027);
    expect_int(mesh_workspace_put_file(mesh, "files/a", from, NULL, NULL), MESH_OK);
    expect_int(mesh_workspace_get_file(mesh, "files/a", to, NULL, NULL), MESH_OK);
    umask(before);
    expect_true(holds(to, bytes, MANY));
    expect_true(stat(to, &st) == 0 && (st.st_mode & 07777) == 0640);
    mesh_workspace_put(mesh, "files/a", mesh_text("short"), NULL, NULL);
    expect_int(mesh_workspace_get_file(mesh, "files/a", to, NULL, NULL), MESH_OK);
    expect_true(holds(to, "short", 5));
    mesh_client_close(mesh);
}

static void a_get_that_fails_leaves_the_file_and_nothing_beside_it(void)
{
    if (!bus_has_server("it stores documents as others do"))
        return;
    auto_folder char *folder = folder_new();
    auto_free char *to = path_join(folder, "to"), *missing = path_join(folder, "no/where");
    mesh_client *mesh = peer_client(NULL);
    struct peer *peer = peer_open();

    file_replace(to, 0600, mesh_text("old"), NULL);
    forge(peer, "files/bad", "{\"name\":\"files/bad\",\"nuid\":\"nochunks\",\"size\":3}");
    expect_int(mesh_workspace_get_file(mesh, "files/bad", to, NULL, NULL), MESH_E_DATA);
    expect_int(mesh_workspace_get_file(mesh, "files/none", to, NULL, NULL), MESH_E_NOT_FOUND);
    expect_true(holds(to, "old", 3));
    expect_int(mesh_workspace_get_file(mesh, "files/none", missing, NULL, NULL), MESH_E_SYSTEM);
    unlink(to);
    expect_int(rmdir(folder), 0); /* empty, that is */
    mkdir(folder, 0700);
    peer_close(peer);
    mesh_client_close(mesh);
}

static void only_regular_files_are_read_and_replaced(void)
{
    auto_folder char *folder = folder_new();
    auto_free char *pipe = path_join(folder, "pipe"), *link = path_join(folder, "link");
    auto_free char *real = path_join(folder, "real");
    mesh_client *mesh = peer_client(NULL);
    struct stat st;

    mesh_workspace_put(mesh, "files/x", mesh_text("x"), NULL, NULL);
    expect_int(mkfifo(pipe, 0600), 0);
    expect_int(mesh_workspace_put_file(mesh, "files/y", pipe, NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_workspace_get_file(mesh, "files/x", pipe, NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_workspace_put_file(mesh, "files/y", folder, NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_workspace_get_file(mesh, "files/x", "/dev/null", NULL, NULL), MESH_E_INVALID_ARGUMENT);
    expect_int(mesh_workspace_put_file(mesh, "files/y", real, NULL, NULL), MESH_E_SYSTEM);
    file_replace(real, 0600, mesh_text("old"), NULL);
    expect_int(symlink("real", link), 0);
    expect_int(mesh_workspace_get_file(mesh, "files/x", link, NULL, NULL), MESH_OK);
    expect_true(holds(real, "x", 1));
    expect_true(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    mesh_client_close(mesh);
}

/* ---- progress, callbacks, the end ---- */

struct gauge {
    uint64_t last, total;
    unsigned calls, end_at; /* end_at: the call that gives up; 0: none */
    bool goes_back;
};

static int note(void *data, uint64_t done, uint64_t total)
{
    struct gauge *gauge = data;

    gauge->goes_back = gauge->goes_back || done < gauge->last;
    gauge->last = done;
    gauge->total = total;
    return ++gauge->calls == gauge->end_at;
}

static void progress_is_told_and_may_give_up(void)
{
    auto_free char *bytes = bytes_of(MANY, 1);
    mesh_client *mesh = peer_client(NULL);
    struct gauge gauge = { 0 };
    mesh_transfer_options options = MESH_TRANSFER_OPTIONS_INIT;
    mesh_content *content = NULL;

    options.progress = note;
    options.data = &gauge;
    expect_int(mesh_workspace_put(mesh, "gauged", mesh_bytes_of(bytes, MANY), &options, NULL), MESH_OK);
    expect_true(gauge.last == MANY && gauge.total == MANY && gauge.calls == 80 && !gauge.goes_back);
    gauge = (struct gauge){ 0 };
    expect_int(mesh_workspace_get(mesh, "gauged", 0, &options, &content, NULL), MESH_OK);
    expect_true(gauge.last == MANY && gauge.total == MANY && gauge.calls == 80 && !gauge.goes_back);
    content = mesh_content_free(content);
    gauge = (struct gauge){ .end_at = 20 };
    expect_int(mesh_workspace_put(mesh, "gauged", mesh_text("new"), &options, NULL), MESH_OK);
    expect_int(mesh_workspace_put(mesh, "gauged", mesh_bytes_of(bytes, MANY), &options, NULL), MESH_E_STOPPED);
    expect_int(mesh_workspace_get(mesh, "gauged", 0, NULL, &content, NULL), MESH_OK);
    expect_str(mesh_content_bytes(content).data, "new");
    mesh_content_free(content);
    mesh_client_close(mesh);
}

/* Gives bytes without end until the client is stopped, which it brings about. */
struct endless {
    mesh_client *mesh;
    pthread_t stopper;
    uint64_t given;
};

static void *stop(void *mesh)
{
    mesh_client_stop(mesh, 0, NULL);
    return NULL;
}

static mesh_status give_for_ever(void *data, void *buffer, size_t size, size_t *ret_len, mesh_error *err)
{
    struct endless *endless = data;

    (void)err;
    if (endless->given == 0)
        pthread_create(&endless->stopper, NULL, stop, endless->mesh);
    memset(buffer, 'x', size);
    endless->given += size;
    *ret_len = size;
    return MESH_OK;
}

static void a_stop_of_the_client_ends_a_transfer(void)
{
    mesh_client *mesh = peer_client(NULL), *other = peer_client(NULL);
    struct endless endless = { .mesh = mesh };
    mesh_content *content = NULL;
    mesh_objects *objects = NULL;

    expect_int(mesh_workspace_put_from(mesh, "endless", give_for_ever, &endless, NULL, NULL), MESH_E_STOPPED);
    pthread_join(endless.stopper, NULL);
    expect_int(mesh_workspace_get(mesh, "endless", 0, NULL, &content, NULL), MESH_E_STOPPED);
    expect_int(mesh_workspace_list(mesh, NULL, &objects, NULL), MESH_E_STOPPED);
    expect_int(mesh_workspace_get(other, "endless", 0, NULL, &content, NULL), MESH_E_NOT_FOUND);
    mesh_client_close(mesh);
    mesh_client_close(other);
}

static mesh_status store_and_answer(mesh_request *request, void *state, mesh_error *err)
{
    mesh_client *mesh = mesh_request_client(request);
    mesh_content *content = NULL;
    auto_free char *bytes = bytes_of(400000, 2);
    mesh_entry *entry = NULL;

    (void)state;
    mesh_status status = mesh_workspace_put(mesh, "by a handler", mesh_bytes_of(bytes, 400000), NULL, err);
    if (status == MESH_OK)
        status = mesh_workspace_get(mesh, "by a handler", 0, NULL, &content, err);
    if (status == MESH_OK)
        status = mesh_key_put(mesh, "by.a.handler", mesh_text("\"kept\""), NULL, err);
    if (status == MESH_OK)
        status = mesh_key_get(mesh, "by.a.handler", &entry, err);
    if (status == MESH_OK)
        status = mesh_request_answer(request, mesh_entry_value(entry), err);
    mesh_content_free(content);
    mesh_entry_free(entry);
    return status;
}

static void handlers_use_keys_and_the_workspace(void)
{
    static const mesh_agent keeper = MESH_TRIGGER("store.keeper", "Keeps things.", store_and_answer, "{}");
    mesh_client *mesh = peer_client(NULL), *caller = peer_client(NULL);
    mesh_reply *reply = NULL;

    expect_int(mesh_register(mesh, &keeper, NULL, NULL), MESH_OK);
    expect_int(mesh_call(caller, "store.keeper", mesh_text(NULL), NULL, &reply, NULL), MESH_OK);
    if (reply)
        expect_str(mesh_reply_body(reply).data, "\"kept\"");
    mesh_reply_free(reply);
    mesh_client_close(caller);
    mesh_client_close(mesh);
}

/* ---- memory ---- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED
#endif

#ifndef IS_SANITIZED

enum { LARGE = 64 << 20, GROWTH_MAX_KB = 24 << 10 };

/* The most memory that this process has had, in KiB. */
static long peak_kb(void)
{
    long peak = 0;

    FILE *file = fopen("/proc/self/status", "r");
    char line[200];
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "VmHWM: %ld", &peak) == 1)
            break;
    if (file)
        fclose(file);
    return peak;
}

/* From now on. */
static void forget_peak(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    if (fd >= 0 && write(fd, "5", 1) != 1)
        fprintf(stderr, "the peak of this process cannot be reset\n");
    if (fd >= 0)
        close(fd);
}

static mesh_status give_large(void *data, void *buffer, size_t size, size_t *ret_len, mesh_error *err)
{
    size_t *left = data;
    size_t len = *left < size ? *left : size;

    (void)err;
    memset(buffer, (int)(*left >> 17), len);
    *left -= len;
    *ret_len = len;
    return MESH_OK;
}

static mesh_status count_large(void *data, mesh_bytes bytes, mesh_error *err)
{
    (void)err;
    *(size_t *)data += bytes.len;
    return MESH_OK;
}

static void a_large_object_passes_through_little_memory(void)
{
    if (!bus_has_server("in memory it has to be kept"))
        return;
    mesh_client *mesh = peer_client(NULL);
    size_t left = LARGE, got = 0;

    forget_peak();
    long before = peak_kb();
    expect_int(mesh_workspace_put_from(mesh, "large", give_large, &left, NULL, NULL), MESH_OK);
    expect_int(mesh_workspace_get_to(mesh, "large", count_large, &got, NULL, NULL), MESH_OK);
    expect_int(got, LARGE);
    long growth = peak_kb() - before;
    if (!expect_true(growth < GROWTH_MAX_KB))
        fprintf(stderr, "the peak has grown by %ld KiB\n", growth);
    mesh_workspace_delete(mesh, "large", NULL);
    mesh_client_close(mesh);
}

#else

static void a_large_object_passes_through_little_memory(void)
{
    skip("a sanitizer needs memory of its own");
}

#endif

SUITE(integration_workspace, STATEMENT("14", objects_of_any_name_and_size_come_back), TEST(what_is_no_name_is_refused),
      TEST(what_is_not_there_is_not_found), TEST(what_is_larger_than_wanted_is_not_fetched),
      STATEMENT("15", an_object_that_python_deleted_is_gone_and_can_be_put_again),
      TEST(what_is_stored_is_checked_before_it_is_given),
      TEST(a_forged_document_makes_nobody_forget_the_chunks_of_others),
      TEST(a_document_that_is_not_in_its_place_is_no_object), TEST(a_link_is_followed_once_and_within_the_workspace),
      TEST(what_is_put_is_as_recorded), TEST(live_objects_are_listed_with_what_is_known_of_them),
      TEST(hundreds_of_objects_are_listed), TEST(files_go_in_and_come_out),
      TEST(a_get_that_fails_leaves_the_file_and_nothing_beside_it), TEST(only_regular_files_are_read_and_replaced),
      TEST(progress_is_told_and_may_give_up), TEST(a_stop_of_the_client_ends_a_transfer),
      TEST(handlers_use_keys_and_the_workspace), TEST(a_large_object_passes_through_little_memory))
