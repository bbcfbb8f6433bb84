/* SPDX-License-Identifier: Apache-2.0 */
/* `agentmesh run --input`. */
#include "author/ask.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <agentmesh/discover.h>
#include <agentmesh/stream.h>

#include "author/run.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "log.h"
#include "payload.h"
#include "place.h"
#include "plugin/crash.h"
#include "plugin/generation.h"
#include "plugin/step.h"
#include "plugin/trial.h"
#include "print.h"
#include "state.h"

/* Once it has answered, a plugin that does not end is not waited for as long as by a host. */
enum { DRAIN_MS = 1000, STOP_MS = 2000, NAMES_MAX = 1 << 16 };

/* What is asked, and in what. */
struct question {
    const struct arguments *arguments;
    struct config_ref *config;
    struct place *place;
    struct state *state;
    struct generation *generation;
    struct buf input;
};

static int failed(mesh_error *err)
{
    print_error(err);
    mesh_error_clear(err);
    return EXIT_FAILURE;
}

/* ---- the plugin ---- */

static const struct config *config_of(const struct question *question)
{
    return question->config->config;
}

/* The plugin's file, copied and looked at as a host does it: what it refuses is refused here too. */
static mesh_status read_image(struct question *question, const char *name, struct image **ret_image, mesh_error *err)
{
    auto_image struct image *image = NULL;
    struct tried tried = { NULL, "" };
    struct trust trust;
    trust_init(&trust, (gid_t)-1, true);
    mesh_status status =
        image_copy(question->state->generations, name, question->arguments->run_path, &trust, &image, err);
    if (status == MESH_OK)
        status = image_check(image, mesh_version(), err);
    if (status == MESH_OK)
        status = trial_load(NULL, image->path, config_of(question)->start_timeout_ms, &tried, err);
    tried_clear(&tried);
    if (status == MESH_OK)
        *ret_image = take(&image);
    return status;
}

static mesh_status bring_up(struct question *question, mesh_error *err)
{
    auto_image struct image *image = NULL;
    const char *file = config_of(question)->only;
    auto_free char *name = strndup(file, strlen(file) - strlen(".so"));
    if (!name)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    mesh_status status = read_image(question, name, &image, err);
    if (status == MESH_OK)
        status = generation_open(name, image, &question->generation, err);
    if (status != MESH_OK)
        return status;
    take(&image);
    status = generation_prepare(question->generation, question->place->client, question->config, err);
    if (status == MESH_OK)
        status = generation_start(question->generation, config_of(question)->start_timeout_ms, err);
    if (status == MESH_OK)
        status = generation_register(question->generation, err);
    if (status == MESH_OK)
        status = generation_serve(question->generation, NULL, err);
    return status;
}

static void end(void *closure)
{
    _Atomic(const char *) phase;
    char pin[GENERATION_PIN_SIZE];
    generation_end(closure, DRAIN_MS, STOP_MS, &phase, pin);
}

/* False: it runs on. */
static bool bring_down(struct generation *generation)
{
    struct step *step = generation ? step_start("end", end, generation) : NULL;
    bool has_ended = step && step_wait(step, clock_deadline(DRAIN_MS + STOP_MS));
    if (has_ended)
        step_free(step);
    return has_ended || !generation;
}

/* ---- whom to ask ---- */

static bool can_be_asked(const mesh_catalog_entry *entry)
{
    return entry->invocable;
}

/* The first name after another one ("": of all) that can be asked; NULL: there is none. */
static const char *name_after(const mesh_catalog *catalog, const char *name)
{
    const char *next = NULL;
    for (size_t i = 0; i < mesh_catalog_count(catalog); i++) {
        const mesh_catalog_entry *entry = mesh_catalog_at(catalog, i);
        if (can_be_asked(entry) && strcmp(entry->name, name) > 0 && (!next || strcmp(entry->name, next) < 0))
            next = entry->name;
    }
    return next;
}

static void add_names(const mesh_catalog *catalog, struct buf *names)
{
    for (const char *name = ""; (name = name_after(catalog, name));)
        buf_printf(names, "%s'%s'", names->len > 0 ? ", " : "", name);
}

/* The one that was named, or the only one. */
static mesh_status choose(const mesh_catalog *catalog, const char *name, const mesh_catalog_entry **ret_entry,
                          mesh_error *err)
{
    auto_buf struct buf names;
    size_t count = 0;
    buf_init(&names, NAMES_MAX);
    for (size_t i = 0; i < mesh_catalog_count(catalog); i++) {
        const mesh_catalog_entry *entry = mesh_catalog_at(catalog, i);
        if (!can_be_asked(entry) || (name && strcmp(entry->name, name) != 0))
            continue;
        *ret_entry = entry;
        count++;
    }
    if (count == 1)
        return MESH_OK;
    add_names(catalog, &names);
    if (names.len == 0)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "the plugin has no agent that takes requests");
    if (name)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "the plugin has no agent '%s' that takes requests: it has %s", name, buf_text(&names));
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "the plugin has several agents, name one with --agent: %s",
                          buf_text(&names));
}

/* ---- asking ---- */

static mesh_status call(struct question *question, const char *agent, const mesh_call_options *options, mesh_error *err)
{
    mesh_reply *reply = NULL;
    mesh_status status = mesh_call(question->place->client, agent, buf_bytes(&question->input), options, &reply, err);
    if (status == MESH_OK && !print_json(mesh_reply_body(reply), question->arguments->json))
        status = mesh_error_set(err, MESH_E_SYSTEM, "the answer could not be written");
    mesh_reply_free(reply);
    return status;
}

static mesh_status stream(struct question *question, const char *agent, const mesh_call_options *options,
                          mesh_error *err)
{
    mesh_stream *stream = NULL;
    mesh_bytes chunk;
    mesh_status status =
        mesh_stream_open(question->place->client, agent, buf_bytes(&question->input), options, &stream, err);
    while (status == MESH_OK && (status = mesh_stream_next(stream, &chunk, err)) == MESH_OK) {
        if (!print_json(chunk, question->arguments->json))
            status = mesh_error_set(err, MESH_E_SYSTEM, "a chunk could not be written");
    }
    mesh_stream_close(stream);
    return status == MESH_E_END ? MESH_OK : status;
}

static mesh_status ask(struct question *question, mesh_error *err)
{
    mesh_catalog *catalog = NULL;
    const mesh_catalog_entry *entry = NULL;
    mesh_call_options options = MESH_CALL_OPTIONS_INIT;
    options.timeout_ms = question->arguments->timeout_ms;
    mesh_status status = mesh_catalog_read(question->place->client, NULL, &catalog, err);
    if (status == MESH_OK)
        status = choose(catalog, question->arguments->agent, &entry, err);
    if (status == MESH_OK)
        status = (entry->streaming ? stream : call)(question, entry->name, &options, err);
    mesh_catalog_free(catalog);
    return status;
}

/* ---- the whole ---- */

static mesh_status open_question(struct question *question, mesh_error *err)
{
    mesh_status status = state_open(config_of(question)->state, &question->state, err);
    if (status == MESH_OK)
        status = crash_begin(question->state->folder, err);
    if (status == MESH_OK)
        status = place_open(config_of(question), false, &question->place, err);
    return status;
}

static void close_question(struct question *question)
{
    question->place = place_close(question->place);
    question->state = state_close(question->state);
    question->config = config_unref(question->config);
    buf_clear(&question->input);
}

static int answer(struct question *question)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = open_question(question, &err);
    if (status == MESH_OK)
        status = bring_up(question, &err);
    if (status == MESH_OK)
        status = ask(question, &err);
    int code = status == MESH_OK ? EXIT_SUCCESS : failed(&err);
    if (!bring_down(question->generation)) {
        print_talk("Warning: something of the plugin still runs, ending without it");
        crash_end();
        _exit(code); /* threads that did not end may still use all of it */
    }
    crash_end();
    return code;
}

static int read_config(struct question *question)
{
    auto_config_report struct config_report report;
    auto_config struct config *config = NULL;
    config_report_init(&report);
    mesh_status status = arguments_config(question->arguments, &config, &report);
    for (size_t i = 0; i < report.count; i++)
        print_talk("Error: %s", report.lines[i]);
    if (status == MESH_OK)
        question->config = config_ref_new(config);
    if (!question->config)
        return EXIT_FAILURE;
    log_set_level((int32_t)take(&config)->log_level);
    return EXIT_SUCCESS;
}

int ask_main(const struct arguments *arguments)
{
    struct question question = { .arguments = arguments };
    buf_init(&question.input, PAYLOAD_MAX);
    run_begin();
    int code = payload_read_file(arguments->input, &question.input);
    if (code == EXIT_SUCCESS)
        code = read_config(&question);
    if (code == EXIT_SUCCESS)
        code = answer(&question);
    close_question(&question);
    return code;
}
