/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon at work. */
#include "daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <agentmesh/serving.h>

#include "author/example.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/runtime_folder.h"
#include "config_ref.h"
#include "control.h"
#include "jobs.h"
#include "log.h"
#include "operate.h"
#include "plugin/plan.h"
#include "plugin/roster.h"
#include "plugin/survey.h"
#include "plugin/watch.h"

enum {
    PATIENCE_MS = 10000,    /* for files that are being written when everything else stands */
    BEYOND_DRAIN_MS = 5000, /* for stopping and unloading, once everything has drained */
    GOODBYE_MS = 10000,     /* for telling the mesh and ending a server of ours */
    AWAKE_MS = 1000,        /* whatever happens, look around as often as this */
    AT_REST_MS = 12000      /* after the last work: idle threads have ended, too */
};

enum phase { SERVING, LEAVING, GOODBYE, ENDED };

/* Work that is there once, made again and again. */
struct errand {
    struct job job; /* first */
    struct daemon *daemon;
    struct config_ref *config;
    struct survey *survey;
    mesh_error err;
    mesh_status status;
    bool is_out;
};

struct daemon {
    const struct arguments *arguments;
    const struct state *state;
    const struct notify *notify;
    struct place *place;
    struct config_ref *config;
    struct jobs jobs;
    struct watch watch;
    struct roster *roster;
    struct control *control; /* NULL: nobody can be heard */
    struct operate_tools operate;
    int signals; /* signalfd */

    enum phase phase;
    bool has_seen;     /* the folders, since start or reload */
    bool is_ready;     /* and told so */
    uint64_t ready_by; /* files that are being written are not waited for any longer */
    uint64_t began_ms, plan_at, alive_at, end_at, restart_at, rest_at;
    uint32_t restarts;
    struct errand look, restart, goodbye;
};

static const struct config *config_of(const struct daemon *daemon)
{
    return daemon->config->config;
}

/* ---- errands ---- */

static void errand_start(struct daemon *daemon, struct errand *errand, const char *name)
{
    if (errand->is_out)
        return;
    errand->config = config_ref(daemon->config);
    errand->is_out = jobs_start(&daemon->jobs, &errand->job, name);
    if (!errand->is_out) {
        errand->config = config_unref(errand->config);
        log_textf(MESH_LOG_ERROR, "no thread can be started, trying again later");
    }
}

static void errand_end(struct errand *errand)
{
    errand->is_out = false;
    errand->config = config_unref(errand->config);
    mesh_error_clear(&errand->err);
}

/* ---- looking at the folders ---- */

static void look_run(struct job *job)
{
    struct errand *look = (struct errand *)job;
    const struct config *config = look->config->config;
    const char *const *folders = (const char *const *)config->plugin_folders.items;
    /* Follow first: what changes after that is looked at again. */
    watch_follow(&look->daemon->watch, folders, config->only);
    look->status = survey_take(folders, config->only, config->settle_ms, &look->survey, &look->err);
}

static void look_done(struct job *job)
{
    struct errand *look = (struct errand *)job;
    struct daemon *daemon = look->daemon;
    watch_read(&daemon->watch); /* what was removed meanwhile should be known as removed */
    if (look->status != MESH_OK) {
        log_event(MESH_LOG_ERROR, "cannot look at the plugins folders, trying again", "reason",
                  mesh_error_text(&look->err), NULL);
    } else if (look->config != daemon->config) {
        watch_demand(&daemon->watch); /* they were another configuration's folders */
    } else {
        roster_see(daemon->roster, look->survey);
        daemon->has_seen = true;
    }
    look->survey = survey_free(look->survey);
    errand_end(look);
}

static void look_if_due(struct daemon *daemon)
{
    if (daemon->phase != SERVING || daemon->look.is_out || clock_ms() < watch_due(&daemon->watch))
        return;
    watch_begin(&daemon->watch);
    roster_look(daemon->roster);
    errand_start(daemon, &daemon->look, "look");
}

/* Be ready again when everything that is there now stands. */
static void look_anew(struct daemon *daemon)
{
    daemon->is_ready = daemon->has_seen = false;
    daemon->ready_by = clock_deadline(PATIENCE_MS);
    watch_demand(&daemon->watch);
}

/* ---- a local server that has ended ---- */

static void restart_run(struct job *job)
{
    struct errand *restart = (struct errand *)job;
    restart->status = place_restart_server(restart->daemon->place, &restart->err);
}

static void restart_done(struct job *job)
{
    struct errand *restart = (struct errand *)job;
    struct daemon *daemon = restart->daemon;
    if (restart->status == MESH_OK) {
        log_textf(MESH_LOG_INFO, "the local server runs again");
        daemon->restart_at = CLOCK_NEVER;
    } else {
        daemon->restarts++;
        daemon->restart_at = clock_deadline(plan_pause_ms(daemon->restarts));
        log_event(MESH_LOG_ERROR, "the local server cannot be started, trying again", "reason",
                  mesh_error_text(&restart->err), NULL);
    }
    errand_end(restart);
}

/* -1 while another thread has the place in hand. */
static int server_fd(const struct daemon *daemon)
{
    bool is_in_hand = daemon->restart.is_out || daemon->phase == GOODBYE;
    if (is_in_hand || daemon->restart_at != CLOCK_NEVER || !daemon->place->local)
        return -1;
    return mesh_local_fd(daemon->place->local);
}

static void server_has_ended(struct daemon *daemon)
{
    if (daemon->phase != SERVING)
        return;
    log_textf(MESH_LOG_ERROR, "the local server has ended by itself, starting it again");
    daemon->restarts = 0;
    daemon->restart_at = clock_ms();
}

static void restart_if_due(struct daemon *daemon)
{
    if (daemon->phase == SERVING && !daemon->restart.is_out && clock_ms() >= daemon->restart_at)
        errand_start(daemon, &daemon->restart, "restart");
}

/* ---- configuration ---- */

static void log_report(const struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        log_textf(MESH_LOG_ERROR, "%s", report->lines[i]);
}

static struct config *read_config(const struct daemon *daemon)
{
    auto_config_report struct config_report report;
    auto_config struct config *config = NULL;
    config_report_init(&report);
    if (arguments_config(daemon->arguments, &config, &report) != MESH_OK)
        log_report(&report);
    return take(&config);
}

static void use_config(struct daemon *daemon, struct config_ref *config, const struct config_diff *diff)
{
    for (size_t i = 0; i < diff->restart.count; i++)
        log_event(MESH_LOG_WARN, "a changed key keeps its old value until agentmeshd is restarted", "key",
                  diff->restart.items[i], NULL);
    config_unref(daemon->config);
    daemon->config = config;
    log_set_level((int32_t)config_of(daemon)->log_level);
    watch_set_times(&daemon->watch, config_of(daemon)->settle_ms, config_of(daemon)->poll_ms);
    if (daemon->control)
        control_set_group(daemon->control, config_of(daemon)->trusted_gid);
    roster_set_config(daemon->roster, config, diff);
}

/* True: a fresh configuration is in use. */
static bool reload_config(struct daemon *daemon)
{
    auto_config struct config *config = read_config(daemon);
    if (!config)
        return false;
    auto_config_diff struct config_diff diff = { 0 };
    if (config_diff(config_of(daemon), config, &diff) != MESH_OK)
        return false;
    struct config_ref *ref = config_ref_new(config);
    if (!ref)
        return false;
    take(&config);
    use_config(daemon, ref, &diff);
    return true;
}

/* False: mesh.ini is wrong. */
static bool reload(struct daemon *daemon)
{
    log_textf(MESH_LOG_INFO, "reloading");
    notify_reloading(daemon->notify, NULL);
    bool is_right = reload_config(daemon);
    if (!is_right)
        log_textf(MESH_LOG_ERROR, "the configuration could not be read, keeping the one in use");
    look_anew(daemon);
    roster_demand(daemon->roster);
    return is_right;
}

/* ---- operators ---- */

static bool is_ending(const void *closure)
{
    const struct daemon *daemon = closure;
    return daemon->phase != SERVING;
}

static bool reload_for_operator(void *closure)
{
    return reload(closure);
}

static void look_for_operator(void *closure)
{
    struct daemon *daemon = closure;
    watch_demand(&daemon->watch);
}

static void put_text(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "\"%s\": ", name);
    json_put_string(out, "", text ? text : "");
    buf_puts(out, ", ");
}

static void describe_for_operator(void *closure, struct buf *out)
{
    const struct daemon *daemon = closure;
    const mesh_client *client = daemon->place->client;
    static const char *const phases[] = { "serving", "leaving", "leaving", "ended" };
    put_text(out, "version", mesh_version());
    put_text(out, "state", daemon->phase == SERVING && !daemon->is_ready ? "starting" : phases[daemon->phase]);
    put_text(out, "url", mesh_client_url(client));
    put_text(out, "instance", mesh_client_instance_id(client));
    put_text(out, "config", config_of(daemon)->path);
    put_text(out, "state_folder", config_of(daemon)->state);
    buf_printf(out, "\"pid\": %ld, \"uptime_ms\": %ju, \"connected\": %s, ", (long)getpid(),
               (uintmax_t)(clock_ms() - daemon->began_ms), mesh_client_is_connected(client) ? "true" : "false");
}

/* Where mesh.ini names no socket, another host may well have the usual one. */
static mesh_status open_control(struct daemon *daemon, mesh_error *err)
{
    const struct config *config = config_of(daemon);
    if (config->only)
        return MESH_OK; /* an author's host: the usual socket is the operator's */
    auto_free char *folder = NULL;
    auto_free char *usual = NULL;
    mesh_error reason = MESH_ERROR_INIT;
    daemon->operate =
        (struct operate_tools){ daemon->roster,       daemon, is_ending, reload_for_operator, look_for_operator,
                                describe_for_operator };
    mesh_status status = config->control ? MESH_OK : runtime_folder_make(&folder, &reason);
    if (folder && !(usual = path_join(folder, "control")))
        status = mesh_error_set(&reason, MESH_E_NO_MEMORY, "out of memory");
    if (status == MESH_OK)
        status = control_open(config->control ? config->control : usual, config->trusted_gid, operate_hear,
                              &daemon->operate, &daemon->control, &reason);
    if (status != MESH_OK && config->control)
        mesh_error_move(err, &reason);
    else if (status != MESH_OK)
        log_event(MESH_LOG_WARN, "`agentmesh host` cannot reach this host", "reason", mesh_error_text(&reason), NULL);
    mesh_error_clear(&reason);
    return config->control ? status : MESH_OK;
}

/* ---- ready ---- */

/* Every plugin of the first look serves or has been refused. */
static bool everything_stands(const struct daemon *daemon)
{
    bool settled = roster_unsettled(daemon->roster) == 0 || clock_ms() >= daemon->ready_by;
    return daemon->has_seen && settled && !daemon->look.is_out && roster_moving(daemon->roster) == 0;
}

static void tell_if_ready(struct daemon *daemon)
{
    if (daemon->is_ready || daemon->phase != SERVING || !everything_stands(daemon))
        return;
    char text[64];
    snprintf(text, sizeof(text), "%zu plugins serve", roster_serving(daemon->roster));
    log_event(MESH_LOG_INFO, "ready", "plugins", LOG_INT(roster_serving(daemon->roster)), NULL);
    notify_ready(daemon->notify, text, NULL);
    daemon->is_ready = true;
}

static void tell_alive(struct daemon *daemon)
{
    if (clock_ms() < daemon->alive_at)
        return;
    notify_alive(daemon->notify, NULL);
    daemon->alive_at = clock_deadline(daemon->notify->watchdog_ms / 3);
}

static size_t moving_or_ending(const struct daemon *daemon)
{
    return roster_moving(daemon->roster) + roster_ending(daemon->roster);
}

/* A look at the folders alone is no work, and comes more often than rest would. */
static void collect_jobs(struct daemon *daemon)
{
    size_t before = moving_or_ending(daemon);
    jobs_collect(&daemon->jobs);
    if (moving_or_ending(daemon) != before)
        daemon->rest_at = clock_deadline(AT_REST_MS);
}

/* What generations and their threads have used and given back stays with the process otherwise. */
static void rest_if_due(struct daemon *daemon)
{
    if (clock_ms() < daemon->rest_at)
        return;
    malloc_trim(0);
    log_textf(MESH_LOG_DEBUG, "at rest: free memory is given back");
    daemon->rest_at = CLOCK_NEVER;
}

/* ---- the end ---- */

static void goodbye_run(struct job *job)
{
    place_leave(((struct errand *)job)->daemon->place);
}

static void goodbye_done(struct job *job)
{
    struct errand *goodbye = (struct errand *)job;
    goodbye->daemon->phase = ENDED;
    errand_end(goodbye);
}

static void leave(struct daemon *daemon)
{
    log_textf(MESH_LOG_INFO, "ending: finishing what is in hand");
    notify_stopping(daemon->notify, NULL);
    daemon->phase = LEAVING;
    daemon->end_at = clock_deadline(config_of(daemon)->drain_timeout_ms) + BEYOND_DRAIN_MS;
    roster_stop(daemon->roster);
}

static bool has_left(const struct daemon *daemon)
{
    return roster_serving(daemon->roster) == 0 && roster_moving(daemon->roster) == 0 &&
           roster_ending(daemon->roster) == 0 && !daemon->look.is_out && !daemon->restart.is_out;
}

static void say_goodbye(struct daemon *daemon)
{
    if (!has_left(daemon))
        log_event(MESH_LOG_ERROR, "ending although something still runs", "serving",
                  LOG_INT(roster_serving(daemon->roster)), "moving", LOG_INT(roster_moving(daemon->roster)),
                  "unloading", LOG_INT(roster_ending(daemon->roster)), NULL);
    daemon->phase = GOODBYE;
    daemon->end_at = clock_deadline(GOODBYE_MS);
    errand_start(daemon, &daemon->goodbye, "goodbye");
}

/* Whoever asks twice does not want to wait: the signal does what it would have done without us. */
static void end_at_once(int number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    signal(number, SIG_DFL);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void give_up(struct daemon *daemon)
{
    log_textf(MESH_LOG_ERROR, "leaving the mesh takes too long, ending without");
    daemon->phase = ENDED;
}

static void go_on_leaving(struct daemon *daemon)
{
    bool is_late = clock_ms() >= daemon->end_at;
    if (daemon->phase == LEAVING && (is_late || has_left(daemon)))
        say_goodbye(daemon);
    else if (daemon->phase == GOODBYE && is_late)
        give_up(daemon);
}

/* ---- the loop ---- */

static void take_signal(struct daemon *daemon, int number)
{
    if (number == SIGHUP) {
        if (daemon->phase == SERVING)
            reload(daemon);
    } else if (daemon->phase == SERVING) {
        leave(daemon);
    } else {
        end_at_once(number);
    }
}

static void take_signals(struct daemon *daemon)
{
    struct signalfd_siginfo info;
    while (read(daemon->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        take_signal(daemon, (int)info.ssi_signo);
}

static int wait_ms(const struct daemon *daemon)
{
    uint64_t look_at = daemon->phase == SERVING && !daemon->look.is_out ? watch_due(&daemon->watch) : CLOCK_NEVER;
    uint64_t restart_at = daemon->phase == SERVING && !daemon->restart.is_out ? daemon->restart_at : CLOCK_NEVER;
    uint64_t control_at = daemon->control ? control_due(daemon->control) : CLOCK_NEVER;
    const uint64_t moments[] = { look_at, restart_at, control_at, daemon->plan_at, daemon->alive_at, daemon->end_at };
    uint64_t first = CLOCK_NEVER;
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
        first = moments[i] < first ? moments[i] : first;
    uint32_t left = clock_left_ms(first);
    return left > AWAKE_MS ? AWAKE_MS : (int)left;
}

/* Nobody but a plugin closes what is ours. The numbers may be somebody else's by now: neither a farewell nor a thread
 * of ours can be relied on, a fresh host can. */
static void end_if_robbed(const struct pollfd *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!(fds[i].revents & POLLNVAL))
            continue;
        log_textf(MESH_LOG_ERROR, "a plugin has closed a descriptor of agentmeshd, ending at once");
        _exit(EXIT_FAILURE);
    }
}

static void wait_for_something(struct daemon *daemon)
{
    struct pollfd fds[] = {
        { daemon->signals, POLLIN, 0 },
        { daemon->jobs.fd, POLLIN, 0 },
        { daemon->watch.fd, POLLIN, 0 },
        { server_fd(daemon), POLLIN, 0 },
        { daemon->control ? control_fd(daemon->control) : -1, POLLIN, 0 },
    };
    if (poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms(daemon)) < 0)
        return;
    end_if_robbed(fds, sizeof(fds) / sizeof(fds[0]));
    if (fds[0].revents)
        take_signals(daemon);
    if (fds[1].revents)
        collect_jobs(daemon);
    if (fds[2].revents)
        watch_read(&daemon->watch);
    if (fds[3].revents)
        server_has_ended(daemon);
    if (daemon->control)
        control_attend(daemon->control);
}

mesh_status daemon_run(struct daemon *daemon, mesh_error *err)
{
    look_anew(daemon);
    while (daemon->phase != ENDED) {
        look_if_due(daemon);
        restart_if_due(daemon);
        wait_for_something(daemon);
        daemon->plan_at = roster_plan(daemon->roster);
        tell_if_ready(daemon);
        tell_alive(daemon);
        rest_if_due(daemon);
        go_on_leaving(daemon);
    }
    if (daemon->jobs.running > 0)
        return mesh_error_set(err, MESH_E_TIMEOUT, "%zu jobs still run", daemon->jobs.running);
    log_textf(MESH_LOG_INFO, "ended");
    return MESH_OK;
}

/* ---- new, free ---- */

static void fill_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

void daemon_block_signals(void)
{
    sigset_t set;
    fill_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static struct errand errand_of(struct daemon *daemon, void (*run)(struct job *), void (*done)(struct job *))
{
    return (struct errand){ .job = { .run = run, .done = done }, .daemon = daemon };
}

static mesh_status open_ears(struct daemon *daemon, mesh_error *err)
{
    sigset_t set;
    fill_signals(&set);
    daemon->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (daemon->signals < 0)
        return mesh_error_set(err, MESH_E_SYSTEM, "cannot hear signals: %s", strerror(errno));
    mesh_status status = jobs_open(&daemon->jobs, err);
    if (status != MESH_OK)
        return status;
    mesh_error warning = MESH_ERROR_INIT;
    status = watch_open(&daemon->watch, config_of(daemon)->settle_ms, config_of(daemon)->poll_ms, &warning);
    if (warning.status != MESH_OK)
        log_event(MESH_LOG_WARN, "plugins folders are only looked at now and then", "reason", mesh_error_text(&warning),
                  NULL);
    mesh_error_clear(&warning);
    return status;
}

static mesh_status open_roster(struct daemon *daemon, mesh_error *err)
{
    const struct roster_tools tools = { &daemon->jobs,          &daemon->watch,
                                        daemon->place->client,  daemon->state->generations,
                                        daemon->state->records, config_of(daemon)->only ? example_tell : NULL };
    return roster_new(&tools, daemon->config, &daemon->roster, err);
}

mesh_status daemon_new(const struct arguments *arguments, struct config *config, const struct state *state,
                       struct place *place, const struct notify *notify, struct daemon **ret_daemon, mesh_error *err)
{
    auto_daemon struct daemon *daemon = calloc(1, sizeof(*daemon));
    struct config_ref *ref = daemon ? config_ref_new(config) : NULL;
    if (!ref) {
        config_free(config);
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    }
    daemon->signals = daemon->jobs.fd = daemon->watch.fd = -1;
    daemon->config = ref;
    daemon->arguments = arguments;
    daemon->state = state;
    daemon->notify = notify;
    daemon->place = place;
    daemon->plan_at = daemon->end_at = daemon->restart_at = daemon->rest_at = CLOCK_NEVER;
    daemon->began_ms = clock_ms();
    daemon->alive_at = notify->watchdog_ms > 0 ? clock_ms() : CLOCK_NEVER;
    daemon->look = errand_of(daemon, look_run, look_done);
    daemon->restart = errand_of(daemon, restart_run, restart_done);
    daemon->goodbye = errand_of(daemon, goodbye_run, goodbye_done);

    mesh_status status = open_ears(daemon, err);
    if (status == MESH_OK)
        status = open_roster(daemon, err);
    if (status == MESH_OK)
        status = open_control(daemon, err);
    if (status == MESH_OK)
        *ret_daemon = take(&daemon);
    return status;
}

struct daemon *daemon_free(struct daemon *daemon)
{
    if (daemon) {
        control_close(daemon->control);
        roster_free(daemon->roster);
        watch_close(&daemon->watch);
        jobs_close(&daemon->jobs);
        if (daemon->signals >= 0)
            close(daemon->signals);
        config_unref(daemon->config);
        free(daemon);
    }
    return NULL;
}
