/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log: levels, fields, and foreign text that cannot forge a line. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "suite.h"

enum { CAPTURE_MAX = 1024 * 1024, THREADS = 8, EVENTS = 200 };

static int capture_fd = -1;

/* From here to log_captured(), lines go into a file of no name. */
static void log_capture(enum log_form form)
{
    capture_fd = memfd_create("log", MFD_CLOEXEC);
    expect_true(capture_fd >= 0);
    log_set_fd(capture_fd);
    log_set_form(form);
    log_set_level(MESH_LOG_DEBUG);
}

/* What was logged; given. */
static char *log_captured(void)
{
    char *text = calloc(CAPTURE_MAX, 1);

    lseek(capture_fd, 0, SEEK_SET);
    expect_true(read(capture_fd, text, CAPTURE_MAX - 1) >= 0);
    close(capture_fd);
    log_set_fd(STDERR_FILENO);
    return text;
}

static void an_event_is_one_line_with_its_fields(void)
{
    log_capture(LOG_FORM_JOURNAL);
    log_event(MESH_LOG_INFO, "plugin loaded", "plugin", "echo", "agents", LOG_INT(-3), "owner", NULL, "path", "/a b",
              NULL);
    auto_free char *text = log_captured();
    expect_str(text, "<6>plugin loaded plugin=echo agents=-3 path=\"/a b\"\n");
}

static void the_journal_gets_a_priority(void)
{
    log_capture(LOG_FORM_JOURNAL);
    log_event(MESH_LOG_DEBUG, "d", NULL);
    log_event(MESH_LOG_INFO, "i", NULL);
    log_event(MESH_LOG_WARN, "w", NULL);
    log_event(MESH_LOG_ERROR, "e", NULL);
    log_event(5, "below debug", NULL);
    log_set_level(0);
    log_event(5, "far below", NULL);
    auto_free char *text = log_captured();
    expect_str(text, "<7>d\n<6>i\n<4>w\n<3>e\n<7>far below\n");
}

static void people_get_time_and_level(void)
{
    log_capture(LOG_FORM_PLAIN);
    log_event(MESH_LOG_WARN, "careful", "why", "x", NULL);
    auto_free char *text = log_captured();
    expect_contains(text, " warn  careful why=x\n");
    expect_int(strspn(text, "0123456789-"), 10);
    expect_int(text[10], 'T');
    expect_int(strcspn(text, " "), strlen("2026-01-01T00:00:00.000+0000"));
}

static void levels_below_the_least_are_not_written(void)
{
    log_capture(LOG_FORM_JOURNAL);
    log_set_level(MESH_LOG_WARN);
    expect_int(log_level(), MESH_LOG_WARN);
    log_event(MESH_LOG_INFO, "no", NULL);
    log_textf(MESH_LOG_INFO, "%s", "no");
    log_event(MESH_LOG_WARN, "yes", NULL);
    auto_free char *text = log_captured();
    expect_str(text, "<4>yes\n");
}

static void values_are_quoted_where_they_need_it(void)
{
    static const struct {
        const char *value, *line;
    } cases[] = {
        { "plain", "<6>t k=plain\n" },
        { "", "<6>t k=\"\"\n" },
        { "a b", "<6>t k=\"a b\"\n" },
        { "a=b", "<6>t k=\"a=b\"\n" },
        { "say \"hi\"", "<6>t k=\"say \\\"hi\\\"\"\n" },
        { "back\\slash", "<6>t k=\"back\\\\slash\"\n" },
        { "größer", "<6>t k=größer\n" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        log_capture(LOG_FORM_JOURNAL);
        log_event(MESH_LOG_INFO, "t", "k", cases[i].value, NULL);
        auto_free char *text = log_captured();
        expect_str(text, cases[i].line);
    }
}

static void foreign_text_cannot_forge_a_line(void)
{
    static const struct {
        const char *value, *line;
    } cases[] = {
        { "a\n<0>forged", "<6>a\\n<0>forged k=\"a\\n<0>forged\"\n" },
        { "a\r\tb", "<6>a\\r\\tb k=\"a\\r\\tb\"\n" },
        { "\x1b[2J", "<6>\\x1b[2J k=\\x1b[2J\n" },
        { "caf\xe9", "<6>caf\\xe9 k=caf\\xe9\n" },
        { "\xc2\x9b"
          "2J",
          "<6>\\xc2\\x9b2J k=\\xc2\\x9b2J\n" },
        { "\xe2\x80\xae"
          "txt",
          "<6>\\xe2\\x80\\xaetxt k=\\xe2\\x80\\xaetxt\n" },
        { "\xe2\x80\xa8", "<6>\\xe2\\x80\\xa8 k=\\xe2\\x80\\xa8\n" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        log_capture(LOG_FORM_JOURNAL);
        log_event(MESH_LOG_INFO, cases[i].value, "k", cases[i].value, NULL);
        auto_free char *text = log_captured();
        expect_str(text, cases[i].line);
    }
}

static void a_long_line_is_cut_and_says_so(void)
{
    auto_free char *value = calloc(100001, 1);

    memset(value, 'v', 100000);
    log_capture(LOG_FORM_JOURNAL);
    log_event(MESH_LOG_INFO, "text", "short", "1", "long", value, "later", "2", NULL);
    log_event(MESH_LOG_INFO, "next", NULL);
    auto_free char *text = log_captured();
    expect_contains(text, "<6>text short=1 long=");
    expect_contains(text, "...\n<6>next\n");
    expect_true(strstr(text, "later") == NULL);
}

static void a_text_may_be_formatted(void)
{
    log_capture(LOG_FORM_JOURNAL);
    log_textf(MESH_LOG_INFO, "%d of %s\n", 3, "four");
    auto_free char *text = log_captured();
    expect_str(text, "<6>3 of four\\n\n");
}

static void the_form_follows_where_stderr_leads(void)
{
    struct stat stat;
    char stream[64];

    log_capture(LOG_FORM_AUTO);
    fstat(capture_fd, &stat);
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)stat.st_dev, (uintmax_t)stat.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_event(MESH_LOG_INFO, "to the journal", NULL);
    auto_free char *journal = log_captured();
    expect_str(journal, "<6>to the journal\n");

    log_capture(LOG_FORM_AUTO);
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_event(MESH_LOG_INFO, "elsewhere", NULL);
    auto_free char *plain = log_captured();
    unsetenv("JOURNAL_STREAM");
    expect_contains(plain, " info  elsewhere\n");
}

static void errno_survives(void)
{
    log_set_fd(-1);
    log_set_level(MESH_LOG_INFO);
    errno = EDOM;
    log_event(MESH_LOG_INFO, "into nothing", NULL);
    expect_int(errno, EDOM);
    log_set_fd(STDERR_FILENO);
}

static void *log_many(void *data)
{
    for (int i = 0; i < EVENTS; i++)
        log_event(MESH_LOG_INFO, "event", "thread", data, "at", LOG_INT(i), NULL);
    return NULL;
}

static void lines_of_many_threads_stay_whole(void)
{
    static char names[THREADS][2];
    pthread_t threads[THREADS];
    size_t lines = 0, whole = 0;

    log_capture(LOG_FORM_JOURNAL);
    for (int i = 0; i < THREADS; i++) {
        names[i][0] = (char)('a' + i);
        expect_int(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    auto_free char *text = log_captured();
    for (char *at = text, *end; (end = strchr(at, '\n')); at = end + 1, lines++) {
        char thread;
        int number;
        *end = '\0';
        whole += sscanf(at, "<6>event thread=%c at=%d", &thread, &number) == 2;
    }
    expect_int(lines, THREADS * EVENTS);
    expect_int(whole, THREADS * EVENTS);
}

/* Says "b" in other words, and nothing of "c". */
static bool reword(const char *text, const char *const *fields, char *words, size_t size)
{
    if (strcmp(text, "b") == 0)
        snprintf(words, size, "in words: %s", fields[1]);
    return strcmp(text, "c") != 0;
}

static void who_looks_on_gets_the_words_of_a_listener(void)
{
    log_capture(LOG_FORM_SHORT);
    log_set_wording(reword);
    log_event(MESH_LOG_INFO, "a", "key", "value", "none", NULL, NULL);
    log_event(MESH_LOG_ERROR, "b", "missing", NULL, "key", "a\nline", NULL);
    log_event(MESH_LOG_ERROR, "c", NULL);
    log_event(MESH_LOG_WARN, "d", NULL);
    log_set_wording(NULL);
    auto_free char *text = log_captured();
    int hour, minute, second;
    expect_int(sscanf(text, "%2d:%2d:%2d ", &hour, &minute, &second), 3);
    expect_contains(text, " a key=value\n");
    expect_contains(text, " in words: a\\nline\n");
    expect_contains(text, " warning: d\n");
    expect_false(strstr(text, "c\n"));
}

SUITE(host_log, TEST(an_event_is_one_line_with_its_fields), TEST(the_journal_gets_a_priority),
      TEST(people_get_time_and_level), TEST(levels_below_the_least_are_not_written),
      TEST(values_are_quoted_where_they_need_it), TEST(foreign_text_cannot_forge_a_line),
      TEST(a_long_line_is_cut_and_says_so), TEST(a_text_may_be_formatted), TEST(the_form_follows_where_stderr_leads),
      TEST(who_looks_on_gets_the_words_of_a_listener), TEST(errno_survives), TEST(lines_of_many_threads_stay_whole))
