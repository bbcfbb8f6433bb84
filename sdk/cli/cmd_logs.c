/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh logs: log events as they come, a line for each. */
#include <agentmesh/observe.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "level.h"
#include "print.h"
#include "session.h"

enum { LINE_MAX = 4 << 20 };

/* Whoever watches ends it so: that is no failure. Every line has been flushed. */
static void end_well(int signal)
{
    (void)signal;
    _exit(EXIT_DONE);
}

static void write_event(struct buf *out, const mesh_log_event *event)
{
    print_clean(out, event->timestamp, true);
    buf_printf(out, " [%s] ", mesh_level_name(event->level));
    print_clean(out, event->agent, true);
    buf_putc(out, ' ');
    print_clean(out, event->event, true);
    if (event->request_id[0]) {
        buf_puts(out, " request_id=");
        print_clean(out, event->request_id, true);
    }
    if (event->message[0]) {
        buf_puts(out, " \xe2\x80\x94 ");
        print_clean(out, event->message, true);
    }
    if (strcmp(event->data, "{}") != 0) {
        buf_putc(out, ' ');
        print_clean(out, event->data, true);
    }
    buf_putc(out, '\n');
}

static int print_events(mesh_tail *tail)
{
    for (;;) {
        mesh_error err = MESH_ERROR_INIT;
        const mesh_log_event *event;
        auto_buf struct buf line;
        buf_init(&line, LINE_MAX);
        if (mesh_tail_next(tail, UINT32_MAX, &event, &err) != MESH_OK)
            return session_failed(&err, NULL);
        write_event(&line, event);
        if (!buf_failed(&line) && !print_result(buf_text(&line), line.len))
            return EXIT_FAILED;
    }
}

static int follow(mesh_client *client, const struct arguments *arguments, const struct buf *payload)
{
    const struct sigaction action = { .sa_handler = end_well };
    mesh_error err = MESH_ERROR_INIT;
    mesh_tail *tail = NULL;
    int32_t level = MESH_LOG_DEBUG;
    (void)payload;
    if (arguments->level)
        level_parse(arguments->level, false, &level);
    if (mesh_tail_open(client, arguments->operands[0], level, &tail, &err) != MESH_OK)
        return session_failed(&err, NULL);
    sigaction(SIGINT, &action, NULL);
    int code = print_events(tail);
    mesh_tail_close(tail);
    return code;
}

static int run(const struct arguments *arguments)
{
    int32_t level;
    if (arguments->level && !level_parse(arguments->level, false, &level))
        return EXIT_MISUSED;
    return session_run(arguments, NULL, follow);
}

static const struct option options[] = {
    OPTION_URL,
    OPTION_CREDS,
    { "--level", 0, OPTION_TEXT, "LEVEL", "only events from this level up: debug, info, warn, error",
      OPTION_AT(level) },
    OPTION_END,
};

const struct command command_logs = {
    .name = "logs",
    .operands = "[AGENT]",
    .summary = "Follow the log events of an agent, or of all, until Ctrl-C",
    .about = "Agents publish events from info up, unless 'agentmesh level' says otherwise.\n",
    .options = options,
    .operands_max = 1,
    .run = run,
};
