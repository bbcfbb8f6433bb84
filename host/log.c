/* SPDX-License-Identifier: Apache-2.0 */
/* The log: lines are put together in one buffer under a lock, and leave by one write. */
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

enum {
    LINE_SIZE = 16384, /* bytes of a line with its newline; what is more is cut */
    TEXT_SIZE = 4096,  /* bytes of a text from log_textf() */
    FIELDS_MAX = 32    /* of one event; what is more is left out */
};

static const char cut_mark[] = "...";

/* Guarded by lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char line[LINE_SIZE];
static size_t line_len;
static bool line_is_cut;
static int line_fd = STDERR_FILENO;
static enum log_form form = LOG_FORM_AUTO;
static log_wording wording;

static _Atomic int32_t least = MESH_LOG_INFO;

/* ---- the line ---- */

static void put(const char *text, size_t len)
{
    size_t room = LINE_SIZE - sizeof(cut_mark) - 1 - line_len; /* the mark and the newline always fit */

    if (line_is_cut || len > room) {
        line_is_cut = true;
        return;
    }
    memcpy(line + line_len, text, len);
    line_len += len;
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

/* A byte that could end a line, steer a terminal, or is no UTF-8. */
static void put_escape(unsigned char byte)
{
    char text[8];

    switch (byte) {
    case '\n':
        put_text("\\n");
        return;
    case '\r':
        put_text("\\r");
        return;
    case '\t':
        put_text("\\t");
        return;
    default:
        snprintf(text, sizeof(text), "\\x%02x", byte);
        put_text(text);
    }
}

/* Characters that do not show, or change how their neighbours show: C0, C1, line separators, directions. */
static bool is_unseen(uint32_t point)
{
    return point < ' ' || (point >= 0x7f && point < 0xa0) || (point >= 0x200b && point <= 0x200f) ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

static void put_safe(const char *text, size_t len, bool is_quoted)
{
    for (size_t at = 0; at < len;) {
        uint32_t point = 0;
        size_t count = utf8_read(text + at, len - at, &point);
        size_t used = count ? count : 1;
        if (count == 0 || is_unseen(point)) {
            for (size_t i = 0; i < used; i++)
                put_escape((unsigned char)text[at + i]);
        } else {
            if (is_quoted && (point == '"' || point == '\\'))
                put("\\", 1);
            put(text + at, count);
        }
        at += used;
    }
}

static bool needs_quotes(const char *value)
{
    return *value == '\0' || strpbrk(value, " \"\\=\n\r\t") != NULL;
}

static void put_field(const char *key, const char *value)
{
    bool is_quoted = needs_quotes(value);

    put(" ", 1);
    put_safe(key, strlen(key), false);
    put_text(is_quoted ? "=\"" : "=");
    put_safe(value, strlen(value), is_quoted);
    if (is_quoted)
        put("\"", 1);
}

/* ---- what stands in front ---- */

struct level {
    int32_t from;
    const char *prefix; /* for the journal: a syslog priority */
    const char *name;
};

static const struct level *level_of(int32_t number)
{
    static const struct level levels[] = {
        { MESH_LOG_ERROR, "<3>", "error" },
        { MESH_LOG_WARN, "<4>", "warn " },
        { MESH_LOG_INFO, "<6>", "info " },
        { INT32_MIN, "<7>", "debug" },
    };
    const struct level *level = levels;

    while (number < level->from)
        level++;
    return level;
}

/* JOURNAL_STREAM names the journal's socket by device and inode; stderr may have been sent elsewhere since. */
static bool leads_to_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat stat;
    char here[64];

    if (!stream || fstat(fd, &stat) < 0)
        return false;
    snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)stat.st_dev, (uintmax_t)stat.st_ino);
    return strcmp(stream, here) == 0;
}

static void put_time(void)
{
    char stamp[64], zone[8];
    struct timespec now;
    struct tm local;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    size_t len = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &local);
    strftime(zone, sizeof(zone), "%z", &local);
    snprintf(stamp + len, sizeof(stamp) - len, ".%03ld%s ", now.tv_nsec / 1000000, zone);
    put_text(stamp);
}

static void put_time_of_day(void)
{
    char stamp[16];
    struct tm local;
    time_t now = time(NULL);

    localtime_r(&now, &local);
    strftime(stamp, sizeof(stamp), "%H:%M:%S ", &local);
    put_text(stamp);
}

/* What goes well needs no word. */
static void put_gravity(int32_t number)
{
    if (number >= MESH_LOG_WARN)
        put_text(number >= MESH_LOG_ERROR ? "error: " : "warning: ");
}

static void line_begin(int32_t number)
{
    const struct level *level = level_of(number);

    line_len = 0;
    line_is_cut = false;
    if (form == LOG_FORM_AUTO)
        form = leads_to_journal(line_fd) ? LOG_FORM_JOURNAL : LOG_FORM_PLAIN;
    if (form == LOG_FORM_JOURNAL) {
        put_text(level->prefix);
    } else if (form == LOG_FORM_SHORT) {
        put_time_of_day();
    } else {
        put_time();
        put_text(level->name);
        put(" ", 1);
    }
}

static void line_end(void)
{
    size_t at = 0;

    if (line_is_cut) {
        memcpy(line + line_len, cut_mark, sizeof(cut_mark) - 1);
        line_len += sizeof(cut_mark) - 1;
    }
    line[line_len++] = '\n';
    while (at < line_len) {
        ssize_t sent = write(line_fd, line + at, line_len - at);
        if (sent < 0 && errno != EINTR)
            return;
        at += sent > 0 ? (size_t)sent : 0;
    }
}

/* ---- for everybody ---- */

void log_set_form(enum log_form wished)
{
    pthread_mutex_lock(&lock);
    form = wished;
    pthread_mutex_unlock(&lock);
}

void log_set_wording(log_wording wished)
{
    pthread_mutex_lock(&lock);
    wording = wished;
    pthread_mutex_unlock(&lock);
}

void log_set_level(int32_t level)
{
    atomic_store(&least, level);
}

int32_t log_level(void)
{
    return atomic_load(&least);
}

void log_set_fd(int fd)
{
    pthread_mutex_lock(&lock);
    line_fd = fd;
    pthread_mutex_unlock(&lock);
}

/* Under the lock. */
static void tell(int32_t level, const char *text, const char *const *fields)
{
    char words[TEXT_SIZE] = "";

    if (wording && !wording(text, fields, words, sizeof(words)))
        return;
    line_begin(level);
    if (form == LOG_FORM_SHORT && !*words)
        put_gravity(level);
    put_safe(*words ? words : text, strlen(*words ? words : text), false);
    for (; !*words && *fields; fields += 2)
        put_field(fields[0], fields[1]);
    line_end();
}

void log_event(int32_t level, const char *text, ...)
{
    int saved = errno;
    const char *fields[2 * FIELDS_MAX + 1];
    size_t count = 0;
    va_list args;

    if (level < log_level())
        return;
    va_start(args, text);
    for (const char *key; (key = va_arg(args, const char *)) && count < FIELDS_MAX;) {
        const char *value = va_arg(args, const char *);
        if (!value)
            continue;
        fields[2 * count] = key;
        fields[2 * count++ + 1] = value;
    }
    va_end(args);
    fields[2 * count] = NULL;
    pthread_mutex_lock(&lock);
    tell(level, text, fields);
    pthread_mutex_unlock(&lock);
    errno = saved;
}

void log_textf(int32_t level, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list args;

    if (level < log_level())
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    log_event(level, text, NULL);
}

const char *log_int(char text[LOG_INT_SIZE], int64_t number)
{
    snprintf(text, LOG_INT_SIZE, "%" PRId64, number);
    return text;
}
