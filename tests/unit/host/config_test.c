/* SPDX-License-Identifier: Apache-2.0 */
/* mesh.ini: what it may say, what is told of a wrong one, what is different in a new one. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <agentmesh/client.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "keys.h"
#include "suite.h"
#include "text.h"

enum { TEXT_MAX = 4 * 1024 * 1024 };

/* ---- helpers ---- */

static struct config *parse(const char *text)
{
    struct config *config = NULL;
    auto_config_report struct config_report report = { 0 };

    expect_int(config_parse("mesh.ini", "/etc/agentmesh", text, strlen(text), &config, &report), MESH_OK);
    for (size_t i = 0; i < report.count; i++)
        expect_str(report.lines[i], "no mistake");
    return config ? config : config_default();
}

static void put_report(struct buf *out, const struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        buf_printf(out, "%s\n", report->lines[i]);
}

static void expect_mistakes(const char *text, const char *expected)
{
    struct config *config = NULL;
    auto_config_report struct config_report report = { 0 };
    struct buf lines;

    buf_init(&lines, TEXT_MAX);
    expect_int(config_parse("mesh.ini", "/etc/agentmesh", text, strlen(text), &config, &report), MESH_E_DATA);
    put_report(&lines, &report);
    expect_str(buf_text(&lines), expected);
    expect_true(config == NULL);
    buf_clear(&lines);
}

static char *read_text(const char *path)
{
    struct buf text;

    buf_init(&text, TEXT_MAX);
    expect_int(file_read(path, &text, NULL), MESH_OK);
    return buf_take(&text);
}

/* A file of this test's own; remove it with unlink(). */
static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (!expect_true(file != NULL))
        return;
    fputs(text, file);
    expect_int(fclose(file), 0);
}

/* The commented template with every key uncommented. */
static char *template_uncommented(void)
{
    auto_free char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct buf uncommented;

    config_write_template(out);
    fclose(out);
    buf_init(&uncommented, TEXT_MAX);
    for (const char *at = text; *at; at++) {
        bool is_key = *at == ';' && at[1] != ' ' && at[1] != '\n' && (at == text || at[-1] == '\n');
        if (!is_key)
            buf_putc(&uncommented, *at);
    }
    return buf_take(&uncommented);
}

/* ---- a good file ---- */

static void an_empty_file_is_all_defaults(void)
{
    auto_config struct config *config = parse("");

    expect_true(config->url == NULL);
    expect_false(config->local);
    expect_true(config->credentials == NULL);
    expect_true(config->tls_ca == NULL && config->tls_cert == NULL && config->tls_key == NULL);
    expect_int(config->plugin_folders.count, 2);
    expect_str(config->plugin_folders.items[0], MESH_PLUGINDIR);
    expect_str(config->plugin_folders.items[1], MESH_STATEDIR "/plugins");
    expect_true(config->plugin_folders.items[2] == NULL);
    expect_int(config->connect_timeout_ms, 2000);
    expect_int(config->call_timeout_ms, 30000);
    expect_int(config->stream_timeout_ms, 60000);
    expect_int(config->handler_timeout_ms, 30000);
    expect_int(config->chunk_timeout_ms, 60000);
    expect_int(config->start_timeout_ms, 10000);
    expect_int(config->drain_timeout_ms, 30000);
    expect_int(config->settle_ms, 200);
    expect_int(config->grace_ms, 5000);
    expect_int(config->poll_ms, 10000);
    expect_int(config->queue, 256);
    expect_int(config->workers, 64);
    expect_int(config->workers_total, 512);
    expect_true(config->trusted_gid == (gid_t)-1);
    expect_int(config->error_detail, CONFIG_DETAIL_FULL);
    expect_int(config->log_level, MESH_LOG_INFO);
    expect_int(config->local_port, 4222);
    expect_int(config->plugin_count + config->settings_count + config->agent_count, 0);
}

static void every_key_lands_in_its_field(void)
{
    auto_config struct config *config = parse("[mesh]\n"
                                              "url = nats://a:1, tls://user:pw@[::1]:2\n"
                                              "credentials = host.creds\n"
                                              "tls_ca = /ca.pem\n"
                                              "tls_cert = ../host.pem\n"
                                              "tls_key = host.key\n"
                                              "[host]\n"
                                              "plugins = /one, two\n"
                                              "state = /var/state\n"
                                              "connect_timeout = 1ms\n"
                                              "call_timeout = 2s\n"
                                              "stream_timeout = 3m\n"
                                              "handler_timeout = 24h\n"
                                              "chunk_timeout = 5s\n"
                                              "start_timeout = 6s\n"
                                              "drain_timeout = 7s\n"
                                              "settle = 0s\n"
                                              "grace = 9s\n"
                                              "poll = 10m\n"
                                              "queue = 11\n"
                                              "workers = 12\n"
                                              "workers_total = 13\n"
                                              "trusted_group = root\n"
                                              "error_detail = code\n"
                                              "log_level = warn\n"
                                              "local_port = 4232\n"
                                              "local_store = store\n");
    expect_str(config->url, "nats://a:1,tls://user:pw@[::1]:2");
    expect_str(config->credentials, "/etc/agentmesh/host.creds");
    expect_str(config->tls_ca, "/ca.pem");
    expect_str(config->tls_cert, "/etc/agentmesh/../host.pem");
    expect_str(config->tls_key, "/etc/agentmesh/host.key");
    expect_str(config->plugin_folders.items[0], "/one");
    expect_str(config->plugin_folders.items[1], "/etc/agentmesh/two");
    expect_int(config->plugin_folders.count, 2);
    expect_str(config->state, "/var/state");
    expect_int(config->connect_timeout_ms, 1);
    expect_int(config->call_timeout_ms, 2000);
    expect_int(config->stream_timeout_ms, 180000);
    expect_int(config->handler_timeout_ms, 86400000);
    expect_int(config->chunk_timeout_ms, 5000);
    expect_int(config->start_timeout_ms, 6000);
    expect_int(config->drain_timeout_ms, 7000);
    expect_int(config->settle_ms, 0);
    expect_int(config->grace_ms, 9000);
    expect_int(config->poll_ms, 600000);
    expect_int(config->queue, 11);
    expect_int(config->workers, 12);
    expect_int(config->workers_total, 13);
    expect_int(config->trusted_gid, 0);
    expect_int(config->error_detail, CONFIG_DETAIL_CODE);
    expect_int(config->log_level, MESH_LOG_WARN);
    expect_int(config->local_port, 4232);
    expect_str(config->local_store, "/etc/agentmesh/store");
}

static void local_is_a_word_of_its_own(void)
{
    auto_config struct config *config = parse("[mesh]\nurl = local\n");

    expect_true(config->local);
    expect_true(config->url == NULL);
    expect_mistakes("[mesh]\nurl = local, nats://a\n",
                    "mesh.ini:2: [mesh] url: \"local\" must stand alone; it cannot be one of several servers\n");
}

static void servers_are_checked(void)
{
    static const struct {
        const char *url;
        const char *problem; /* NULL: fine */
    } cases[] = {
        { "a", NULL },
        { "a:4222", NULL },
        { "nats://a", NULL },
        { "nats://a:4222/", NULL },
        { "tls://token@a", NULL },
        { "nats://[fe80::1]:4222", NULL },
        { "nats://", "has no host" },
        { "nats://:4222", "has no host" },
        { "nats://[::1", "has no host" },
        { "nats://a:0", "has a port that is none" },
        { "nats://a:", "has a port that is none" },
        { "nats://a:4222x", "has a port that is none" },
        { "nats://a:123456", "has a port that is none" },
        { "nats://a/b", "has text after host and port" },
        { "nats://a nats://b", "has blanks inside" },
        { "http://a", "is no server of a mesh" },
        { "://a", "is no server of a mesh" },
        { ",", "names no server" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_free char *text = text_format("[mesh]\nurl = %s\n", cases[i].url);
        auto_config struct config *config = NULL;
        auto_config_report struct config_report report = { 0 };
        config_parse("mesh.ini", "/", text, strlen(text), &config, &report);
        if (cases[i].problem && expect_int(report.count, 1))
            expect_contains(report.lines[0], cases[i].problem);
        else if (!cases[i].problem && expect_true(config != NULL))
            expect_str(config->url, cases[i].url);
    }
}

static void named_sections_are_found_by_name(void)
{
    auto_config struct config *config = parse("[plugin echo]\nenabled = no\n[plugin reverse]\n"
                                              "[agent nlp.summarizer]\nconcurrency = 4\nqueue = 5\ntimeout = 6s\n"
                                              "[agent other]\n");
    expect_false(config_plugin_enabled(config, "echo"));
    expect_true(config_plugin_enabled(config, "reverse"));
    expect_true(config_plugin_enabled(config, "nobody"));
    expect_true(config_plugin(config, "nobody") == NULL);
    expect_true(config_agent(config, "nobody") == NULL);
    const struct config_agent *agent = config_agent(config, "nlp.summarizer");
    if (!expect_true(agent != NULL))
        return;
    expect_int(agent->concurrency, 4);
    expect_int(agent->queue, 5);
    expect_int(agent->timeout_ms, 6000);
    expect_int(config_agent(config, "other")->concurrency, 0);
}

static void names_of_any_length_are_whole(void)
{
    static const char part[] = "a-part-of-a-name-that-is-longer-than-forty-nine-characters.";
    auto_free char *name = text_format("%s%s%s%send", part, part, part, part);
    auto_free char *text = text_format("[agent %s]\nqueue = 7\n[agent %s.more]\nqueue = 8\n", name, name);
    auto_config struct config *config = parse(text);

    expect_int(config_agent(config, name)->queue, 7);
}

static void settings_keep_their_order_and_their_bytes(void)
{
    auto_config struct config *config = parse("[settings echo]\n"
                                              "zebra = 1\n"
                                              "greeting = good day ; sir\n"
                                              "empty =\n"
                                              "prompt = first\n"
                                              "  second\n"
                                              "\n"
                                              "  fourth = x\n"
                                              "at = @@home\n"
                                              "Ärger = größer\n");
    static const char *const expected[] = { "zebra", "1",     "greeting", "good day ; sir",
                                            "empty", "",      "prompt",   "first\nsecond\n\nfourth = x",
                                            "at",    "@home", "Ärger",    "größer" };
    const char *const *pairs = config_settings(config, "echo");
    size_t count = 0;

    for (; pairs[count] && count < sizeof(expected) / sizeof(expected[0]); count++)
        expect_str(pairs[count], expected[count]);
    expect_int(count, sizeof(expected) / sizeof(expected[0]));
    expect_true(pairs[count] == NULL);
    expect_true(config_settings(config, "nobody")[0] == NULL);
}

static void a_value_may_stand_in_a_file(void)
{
    char folder[] = "/tmp/config_test.XXXXXX";
    if (!expect_true(mkdtemp(folder) != NULL))
        return;
    auto_free char *token = text_format("%s/token", folder);
    auto_free char *empty = text_format("%s/empty", folder);
    auto_free char *lines = text_format("%s/lines", folder);
    auto_free char *bytes = text_format("%s/bytes", folder);
    write_text(token, "s3cret\r\n");
    write_text(empty, "");
    write_text(lines, "a\n\nb\n\n");
    write_text(bytes, "caf\xe9");
    auto_free char *text = text_format("[settings a]\ntoken = @token\nempty = @%s\nlines = @lines\n"
                                       "[host]\nqueue = @%s\n",
                                       empty, token);
    auto_config struct config *config = NULL;
    auto_config_report struct config_report report = { 0 };

    expect_int(config_parse("mesh.ini", folder, text, strlen(text), &config, &report), MESH_E_DATA);
    if (expect_int(report.count, 1))
        expect_str(report.lines[0], "mesh.ini:6: [host] queue: \"s3cret\" is no whole number; allowed is 1 to 1000000");
    *strstr(text, "[host]") = '\0';
    config_report_clear(&report);
    expect_int(config_parse("mesh.ini", folder, text, strlen(text), &config, &report), MESH_OK);
    if (expect_true(config != NULL)) {
        expect_str(config_settings(config, "a")[1], "s3cret");
        expect_str(config_settings(config, "a")[3], "");
        expect_str(config_settings(config, "a")[5], "a\n\nb\n");
    }
    auto_free char *wrong = text_format("[settings a]\nbytes = @%s\ntwo = @a\n  b\n", bytes);
    auto_free char *expected =
        text_format("mesh.ini:2: [settings a] bytes: '%s' holds bytes that are no text in UTF-8\n"
                    "mesh.ini:3: [settings a] two: \"@\" and a second line; it names one file, "
                    "and any other value that begins so is written \"@@\"\n",
                    bytes);
    expect_mistakes(wrong, expected);
    unlink(token);
    unlink(empty);
    unlink(lines);
    unlink(bytes);
    rmdir(folder);
}

/* ---- the table ---- */

/* A file of conf/ beside what writes it. */
static void expect_written(const char *path, void (*write)(FILE *out))
{
    auto_free char *written = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&written, &len);

    write(out);
    fclose(out);
    if (strcmp(MESH_SYSCONFDIR MESH_PLUGINDIR MESH_STATEDIR,
               "/etc/agentmesh/usr/lib/agentmesh/plugins/var/lib/agentmesh") != 0) {
        skip("built for other folders than conf/ tells");
        return;
    }
    auto_free char *installed = read_text(path);
    expect_str(installed, written);
}

static void conf_mesh_ini_is_what_the_table_writes(void)
{
    expect_written(CONF_FOLDER "/mesh.ini", config_write_template);
}

static void conf_mesh_ini_5_is_what_the_table_writes(void)
{
    expect_written(CONF_FOLDER "/mesh.ini.5", config_write_manual);
}

static void the_template_says_nothing(void)
{
    auto_free char *text = read_text(CONF_FOLDER "/mesh.ini");
    auto_config struct config *config = parse(text), *fallback = config_default();
    auto_config_diff struct config_diff diff = { 0 };

    expect_int(config_diff(fallback, config, &diff), MESH_OK);
    expect_int(diff.restart.count + diff.live.count + diff.plugins.count + diff.agents.count, 0);
}

static void every_default_of_the_template_is_the_default(void)
{
    struct group *example = getgrnam("adm");
    if (!example) {
        skip("this machine has no group adm, which is the template's example");
        return;
    }
    auto_free char *text = template_uncommented();
    auto_config struct config *config = parse(text), *fallback = config_default();
    auto_config_diff struct config_diff diff = { 0 };

    expect_int(config_diff(fallback, config, &diff), MESH_OK);
    for (size_t i = 0; i < diff.restart.count; i++) {
        const struct key *key = key_find(strncmp(diff.restart.items[i], "[mesh]", 6) == 0 ? SECTION_MESH : SECTION_HOST,
                                         strchr(diff.restart.items[i], ' ') + 1);
        if (expect_true(key != NULL) && key->fallback)
            expect_str(diff.restart.items[i], "not among those with a default");
    }
    expect_int(diff.live.count, 1);
    expect_str(diff.live.items[0], "[host] trusted_group");
    expect_true(config_plugin_enabled(config, "NAME"));
}

static void dev_ini_is_right(void)
{
    auto_config struct config *config = NULL;
    auto_config_report struct config_report report = { 0 };

    expect_int(config_load(CONF_FOLDER "/dev.ini", &config, &report), MESH_OK);
    expect_int(report.count, 0);
    if (!expect_true(config != NULL))
        return;
    expect_true(config->local);
    expect_int(config->log_level, MESH_LOG_DEBUG);
    expect_str(config->plugin_folders.items[0], CONF_FOLDER "/../build/dev/plugins");
    expect_str(config->path, CONF_FOLDER "/dev.ini");
}

static void every_key_says_what_it_is(void)
{
    for (enum section section = 0; section < SECTION_COUNT; section++) {
        for (const struct key *key = NULL; (key = key_next(key, section));) {
            expect_true(key->not_built || (key->help && *key->help));
            expect_true(key->not_built || key->fallback || key->example);
            expect_true(key->type != KEY_CHOICE || key->not_built || key->choices);
            expect_true((key->type != KEY_DURATION && key->type != KEY_COUNT) || key->max > key->min);
            expect_true(key_find(section, key->name) == key);
        }
    }
}

/* ---- a wrong file ---- */

static void expect_gallery_picture(const char *name)
{
    auto_free char *ini_path = text_format("%s/%s", GALLERY_FOLDER, name);
    auto_free char *txt_path = text_format("%s/%.*s.txt", GALLERY_FOLDER, (int)strlen(name) - 4, name);
    auto_free char *ini = read_text(ini_path);
    auto_free char *expected = read_text(txt_path);
    auto_config struct config *config = NULL;
    auto_config_report struct config_report report = { 0 };
    struct buf found;

    buf_init(&found, TEXT_MAX);
    expect_int(config_parse(name, "/nowhere", ini, strlen(ini), &config, &report), MESH_E_DATA);
    put_report(&found, &report);
    expect_str(buf_text(&found), expected);
    buf_clear(&found);
}

static void every_wrong_file_gets_its_messages(void)
{
    DIR *folder = opendir(GALLERY_FOLDER);
    size_t count = 0;

    if (!expect_true(folder != NULL))
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        const char *end = strrchr(entry->d_name, '.');
        if (!end || strcmp(end, ".ini") != 0)
            continue;
        expect_gallery_picture(entry->d_name);
        count++;
    }
    closedir(folder);
    expect_true(count >= 17);
}

static void a_message_about_a_long_path_is_whole(void)
{
    auto_free char *name = text_format("%060000d", 0);
    auto_free char *text = text_format("[settings a]\nk = @%s\n", name);
    auto_free char *expected = text_format("mesh.ini:2: [settings a] k: cannot read '/etc/agentmesh/%s': File name too "
                                           "long; a value that begins with \"@\" is written \"@@\"\n",
                                           name);

    expect_mistakes(text, expected);
}

static void a_report_has_a_ceiling(void)
{
    struct buf text;
    auto_config struct config *config = NULL;
    auto_config_report struct config_report report = { 0 };

    buf_init(&text, TEXT_MAX);
    for (int i = 0; i < CONFIG_REPORT_MAX + 5; i++)
        buf_printf(&text, "word%d\n", i);
    expect_int(config_parse("mesh.ini", "/", buf_text(&text), text.len, &config, &report), MESH_E_DATA);
    expect_int(report.count, CONFIG_REPORT_MAX + 1);
    expect_str(report.lines[CONFIG_REPORT_MAX], "mesh.ini: and 5 more");
    buf_clear(&text);
}

/* ---- which file ---- */

static void expect_unreadable(const char *path, const char *expected)
{
    auto_config struct config *config = NULL;
    auto_config_report struct config_report report = { 0 };

    expect_int(config_load(path, &config, &report), MESH_E_SYSTEM);
    expect_true(config == NULL);
    if (expect_int(report.count, 1))
        expect_str(report.lines[0], expected);
}

static void a_file_that_cannot_be_read_is_told_with_the_reason(void)
{
    expect_unreadable("/nowhere/mesh.ini",
                      "/nowhere/mesh.ini: cannot read '/nowhere/mesh.ini': No such file or directory");
    expect_unreadable("/etc/passwd/mesh.ini",
                      "/etc/passwd/mesh.ini: cannot read '/etc/passwd/mesh.ini': Not a directory");
    expect_unreadable("/etc", "/etc: cannot read '/etc': not a regular file");
}

static void a_file_over_1_mib_is_refused(void)
{
    char folder[] = "/tmp/config_test.XXXXXX";
    if (!expect_true(mkdtemp(folder) != NULL))
        return;
    auto_free char *path = text_format("%s/mesh.ini", folder);
    auto_free char *expected = text_format("%s: '%s': larger than 1048576 bytes", path, path);
    write_text(path, "");
    expect_int(truncate(path, 1024 * 1024 + 1), 0);
    expect_unreadable(path, expected);
    unlink(path);
    rmdir(folder);
}

static void a_path_is_relative_to_where_we_are_and_those_inside_to_the_file(void)
{
    char folder[] = "/tmp/config_test.XXXXXX";
    char here[4096];
    auto_config struct config *config = NULL;
    auto_config_report struct config_report report = { 0 };

    if (!expect_true(getcwd(here, sizeof(here)) && mkdtemp(folder)))
        return;
    expect_int(chdir(folder), 0);
    expect_int(mkdir("sub", 0700), 0);
    write_text("sub/mesh.ini", "[host]\nstate = s\nworkerz = 3\n");
    expect_int(config_load("sub/mesh.ini", &config, &report), MESH_E_DATA);
    if (expect_int(report.count, 1))
        expect_str(report.lines[0], "sub/mesh.ini:3: [host] workerz: unknown key; did you mean \"workers\"?");
    write_text("sub/mesh.ini", "[host]\nstate = s\n");
    config_report_clear(&report);
    expect_int(config_load("sub/mesh.ini", &config, &report), MESH_OK);
    auto_free char *path = text_format("%s/sub/mesh.ini", folder);
    auto_free char *state = text_format("%s/sub/s", folder);
    auto_free char *store = text_format("%s/sub/s/server", folder);
    if (expect_true(config != NULL)) {
        expect_str(config->path, path);
        expect_str(config->state, state);
        expect_str(config->local_store, store);
    }
    unlink("sub/mesh.ini");
    rmdir("sub");
    expect_int(chdir(here), 0);
    rmdir(folder);
}

static void the_state_folder_is_that_of_the_service_if_there_is_one(void)
{
    setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two", 1);
    auto_config struct config *config = config_default();
    unsetenv("STATE_DIRECTORY");
    expect_str(config->state, "/var/lib/one");
    expect_str(config->local_store, "/var/lib/one/server");
}

static void root_and_users_have_folders_of_their_own(void)
{
    if (geteuid() != 0) {
        skip("becomes another user, which only root can");
        return;
    }
    auto_config struct config *as_root = config_default();
    auto_free char *roots_path = config_default_path();
    expect_str(as_root->state, MESH_STATEDIR);
    expect_str(roots_path, MESH_SYSCONFDIR "/mesh.ini");

    char folder[] = "/tmp/config_test.XXXXXX";
    if (!expect_true(mkdtemp(folder) && chmod(folder, 0755) == 0))
        return;
    auto_free char *config_home = text_format("%s/agentmesh", folder);
    auto_free char *own = text_format("%s/agentmesh/mesh.ini", folder);
    expect_int(mkdir(config_home, 0755), 0);
    expect_int(seteuid(65534), 0);
    setenv("XDG_CONFIG_HOME", folder, 1);
    setenv("XDG_STATE_HOME", "/home/you/state", 1);
    auto_free char *without_own = config_default_path();
    auto_config struct config *with_xdg = config_default();
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/home/you", 1);
    auto_config struct config *with_home = config_default();
    expect_int(seteuid(0), 0);
    write_text(own, "");
    expect_int(seteuid(65534), 0);
    auto_free char *with_own = config_default_path();
    expect_int(seteuid(0), 0);
    expect_str(without_own, MESH_SYSCONFDIR "/mesh.ini");
    expect_str(with_own, own);
    expect_str(with_xdg->state, "/home/you/state/agentmesh");
    expect_str(with_home->state, "/home/you/.local/state/agentmesh");
    unsetenv("XDG_CONFIG_HOME");
    unlink(own);
    rmdir(config_home);
    rmdir(folder);
}

/* ---- what is different ---- */

static void expect_diff(const char *before, const char *after, const char *expected)
{
    auto_config struct config *old = parse(before), *fresh = parse(after);
    auto_config_diff struct config_diff diff = { 0 };
    const struct {
        const char *word;
        const struct config_list *list;
    } parts[] = {
        { "restart", &diff.restart }, { "live", &diff.live }, { "plugins", &diff.plugins }, { "agents", &diff.agents }
    };
    struct buf text;

    buf_init(&text, TEXT_MAX);
    expect_int(config_diff(old, fresh, &diff), MESH_OK);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        for (size_t j = 0; j < parts[i].list->count; j++)
            buf_printf(&text, "%s %s\n", parts[i].word, parts[i].list->items[j]);
    expect_str(buf_text(&text), expected);
    buf_clear(&text);
}

static void a_difference_names_what_changed(void)
{
    expect_diff("", "", "");
    expect_diff("[host]\nqueue = 256\n", "", "");
    expect_diff("[host]\nsettle = 1s\nqueue = 3\n", "[host]\nsettle = 2s\nqueue = 4\n[mesh]\nurl = a\n",
                "restart [mesh] url\nrestart [host] queue\nlive [host] settle\n");
    expect_diff("[mesh]\nurl = local\n", "", "restart [mesh] url\n");
    expect_diff("[host]\nplugins = /a\n", "[host]\nplugins = /a, /b\n", "live [host] plugins\n");
    expect_diff("[host]\ntrusted_group = root\n", "", "live [host] trusted_group\n");
}

static void a_difference_names_plugins_and_agents(void)
{
    expect_diff("[plugin a]\n[settings b]\n[agent c]\n", "", "");
    expect_diff("[plugin a]\nenabled = no\n[settings b]\nk = 1\n[agent c]\nqueue = 1\n", "",
                "plugins a\nplugins b\nagents c\n");
    expect_diff("", "[plugin a]\nenabled = no\n[settings a]\nk = 1\n[agent c]\ntimeout = 1s\n",
                "plugins a\nagents c\n");
    expect_diff("[settings a]\nk = 1\n[settings b]\nk = 1\n", "[settings a]\nk = 2\n[settings b]\nk = 1\n",
                "plugins a\n");
    expect_diff("[settings a]\nk = 1\nl = 2\n", "[settings a]\nk = 1\n", "plugins a\n");
    expect_diff("[agent a]\nconcurrency = 2\n", "[agent a]\nconcurrency = 3\n", "agents a\n");
}

SUITE(host_config, TEST(an_empty_file_is_all_defaults), TEST(every_key_lands_in_its_field),
      TEST(local_is_a_word_of_its_own), TEST(servers_are_checked), TEST(named_sections_are_found_by_name),
      TEST(names_of_any_length_are_whole), TEST(settings_keep_their_order_and_their_bytes),
      TEST(a_value_may_stand_in_a_file), TEST(conf_mesh_ini_is_what_the_table_writes),
      TEST(conf_mesh_ini_5_is_what_the_table_writes), TEST(the_template_says_nothing),
      TEST(every_default_of_the_template_is_the_default), TEST(dev_ini_is_right), TEST(every_key_says_what_it_is),
      TEST(every_wrong_file_gets_its_messages), TEST(a_message_about_a_long_path_is_whole),
      TEST(a_report_has_a_ceiling), TEST(a_file_that_cannot_be_read_is_told_with_the_reason),
      TEST(a_file_over_1_mib_is_refused), TEST(a_path_is_relative_to_where_we_are_and_those_inside_to_the_file),
      TEST(the_state_folder_is_that_of_the_service_if_there_is_one), TEST(root_and_users_have_folders_of_their_own),
      TEST(a_difference_names_what_changed), TEST(a_difference_names_plugins_and_agents))
