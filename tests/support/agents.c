/* SPDX-License-Identifier: Apache-2.0 */
#include "agents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "suite.h"

enum { WAIT_MS = 20000, TEXT_MAX = 16 << 20 };

/* ---- agents ---- */

mesh_status answer_text(mesh_request *request, void *state, mesh_error *err)
{
    return mesh_request_answer(request, mesh_text(state), err);
}

void gate_init(struct gate *gate)
{
    memset(gate, 0, sizeof(*gate));
    pthread_mutex_init(&gate->lock, NULL);
    clock_cond_init(&gate->changed);
}

mesh_status wait_at_gate(mesh_request *request, void *state, mesh_error *err)
{
    struct gate *gate = state;
    pthread_mutex_lock(&gate->lock);
    gate->waiting++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    gate->waiting--;
    pthread_mutex_unlock(&gate->lock);
    return mesh_request_answer(request, mesh_text("\"passed\""), err);
}

bool gate_has(struct gate *gate, int count)
{
    uint64_t deadline = clock_deadline(WAIT_MS);
    pthread_mutex_lock(&gate->lock);
    while (gate->waiting < count && clock_cond_wait(&gate->changed, &gate->lock, deadline))
        ;
    bool has = gate->waiting >= count;
    pthread_mutex_unlock(&gate->lock);
    return has;
}

void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

mesh_status serve(mesh_client *client, const char *name, mesh_handler handler, void *state)
{
    const mesh_agent agent = {
        .size = sizeof(agent), .name = name, .description = "For a test.", .input_schema = "{}", .call = handler
    };
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = mesh_register(client, &agent, state, &err);
    if (status != MESH_OK)
        fprintf(stderr, "register: %s\n", mesh_error_text(&err));
    mesh_error_clear(&err);
    return status;
}

mesh_status serve_text(mesh_client *client, const char *name, const char *text)
{
    return serve(client, name, answer_text, (void *)text);
}

/* ---- callers ---- */

static char *call_or_fail(mesh_client *client, const char *agent, mesh_error *err)
{
    mesh_reply *reply = NULL;
    char *text = NULL;
    if (mesh_call(client, agent, mesh_text("1"), NULL, &reply, err) == MESH_OK)
        text = strdup(mesh_reply_body(reply).data);
    else if (asprintf(&text, "%s: %s", mesh_error_code(err), mesh_error_message(err)) < 0)
        text = NULL;
    mesh_reply_free(reply);
    return text;
}

char *call(mesh_client *client, const char *agent)
{
    mesh_error err = MESH_ERROR_INIT;
    char *text = call_or_fail(client, agent, &err);
    mesh_error_clear(&err);
    return text;
}

struct expected {
    mesh_client *client;
    const char *agent, *answer;
};

static bool answers_as_expected(void *data)
{
    const struct expected *what = data;
    auto_free char *answer = call(what->client, what->agent);
    return answer && strcmp(answer, what->answer) == 0;
}

bool becomes_callable(mesh_client *client, const char *agent, const char *expected)
{
    struct expected what = { client, agent, expected };
    return comes_true(answers_as_expected, &what, WAIT_MS);
}

static void *run_caller(void *closure)
{
    struct caller *caller = closure;
    caller->said = call_or_fail(caller->client, caller->agent, &caller->failure);
    return NULL;
}

void caller_start(struct caller *caller, mesh_client *client, const char *agent)
{
    *caller = (struct caller){ .client = client, .agent = agent, .failure = MESH_ERROR_INIT };
    pthread_create(&caller->thread, NULL, run_caller, caller);
}

void caller_join(struct caller *caller)
{
    pthread_join(caller->thread, NULL);
}

void caller_clear(struct caller *caller)
{
    free(caller->said);
    mesh_error_clear(&caller->failure);
}

/* ---- JSON ---- */

/* The member that holds the last one of a path; *last is its name. */
static cJSON *parent_at(cJSON *tree, const char *path, const char **last)
{
    for (const char *dot; tree && (dot = strchr(path, '.')); path = dot + 1) {
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
        tree = cJSON_GetObjectItemCaseSensitive(tree, name);
    }
    *last = path;
    return tree;
}

static char *print(const cJSON *tree)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    json_print(&text, tree);
    return buf_take(&text);
}

char *with_string(const char *text, const char *path, const char *value)
{
    auto_json cJSON *tree = NULL;
    const char *last;
    json_parse(mesh_text(text), &tree, NULL);
    cJSON *parent = parent_at(tree, path, &last);
    if (!cJSON_ReplaceItemInObjectCaseSensitive(parent, last, cJSON_CreateString(value)))
        return strdup(text);
    return print(tree);
}

char *string_at(const char *text, const char *path)
{
    auto_json cJSON *tree = NULL;
    const char *last;
    json_parse(mesh_text(text), &tree, NULL);
    cJSON *parent = parent_at(tree, path, &last);
    return strdup(json_string(parent, last, "(none)"));
}

bool is_stamp(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.dddddd+00:00", whole[] = "dddd-dd-ddTdd:dd:dd+00:00";
    const char *expected = strchr(text, '.') ? form : whole;
    size_t i = 0;
    for (; expected[i] && text[i]; i++)
        if (expected[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != expected[i])
            return false;
    return expected[i] == text[i];
}

/* ---- what is stored ---- */

char *stored_entry(struct peer *peer, const char *agent)
{
    auto_free char *document = peer_key(peer, "mesh-catalog", "catalog");
    auto_json cJSON *catalog = NULL;
    const cJSON *entry;
    json_parse(mesh_text(document), &catalog, NULL);
    cJSON_ArrayForEach(entry, catalog)
    {
        if (strcmp(json_string(entry, "name", ""), agent) == 0)
            return print(entry);
    }
    return NULL;
}

char *stored_contract(struct peer *peer, const char *agent)
{
    return peer_key(peer, "mesh-registry", agent);
}

char *stored_record(struct peer *peer, const mesh_client *client)
{
    return peer_key(peer, "mesh-instances", mesh_client_instance_id(client));
}

bool is_announced(struct peer *peer, const mesh_client *client, const char *agent)
{
    auto_free char *entry = stored_entry(peer, agent);
    auto_free char *contract = stored_contract(peer, agent);
    auto_free char *record = stored_record(peer, client);
    auto_free char *quoted = NULL;
    return asprintf(&quoted, "\"%s\"", agent) >= 0 && entry && contract && record && strstr(record, quoted);
}

struct announced {
    struct peer *peer;
    const mesh_client *client;
    const char *agent;
};

static bool announced_now(void *data)
{
    const struct announced *what = data;
    return is_announced(what->peer, what->client, what->agent);
}

bool becomes_announced(struct peer *peer, const mesh_client *client, const char *agent)
{
    struct announced what = { peer, client, agent };
    return comes_true(announced_now, &what, WAIT_MS);
}

static bool forgotten_now(void *data)
{
    const struct announced *what = data;
    auto_free char *catalog = peer_key(what->peer, "mesh-catalog", "catalog");
    auto_free char *entry = stored_entry(what->peer, what->agent);
    auto_free char *contract = stored_contract(what->peer, what->agent);
    return catalog && !entry && !contract; /* with a catalog the server is there */
}

bool becomes_forgotten(struct peer *peer, const char *agent)
{
    struct announced what = { peer, NULL, agent };
    return comes_true(forgotten_now, &what, WAIT_MS);
}
