/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets: the streams behind them, and what JetStream answers about them. */
#include "link/nats_internal.h"

#include <stdio.h>

#include "base/json.h"

enum {
    STREAM_IN_USE = 10058,
    STREAM_NOT_FOUND = 10059,
    JETSTREAM_NOT_ENABLED_FOR_ACCOUNT = 10039,
    JETSTREAM_NOT_ENABLED = 10076,
};

/* The six buckets of protocol 2.1, with the settings of 2.1 for those that are missing. */
#define KV_SETTINGS                                                                                                    \
    "\"max_msgs_per_subject\":1,\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,"                  \
    "\"discard\":\"new\",\"deny_delete\":true,\"allow_rollup_hdrs\":true,\"allow_msg_ttl\":true,"                      \
    "\"duplicate_window\":120000000000"
#define OBJECT_SETTINGS                                                                                                \
    "\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,"                                             \
    "\"discard\":\"new\",\"allow_rollup_hdrs\":true,\"allow_direct\":true"

static const struct bucket {
    const char *stream, *subjects, *settings;
} buckets[] = {
    { "KV_mesh-catalog", "\"$KV.mesh-catalog.>\"", KV_SETTINGS },
    { "KV_mesh-registry", "\"$KV.mesh-registry.>\"", KV_SETTINGS },
    { "KV_mesh-instances", "\"$KV.mesh-instances.>\"", KV_SETTINGS },
    { "KV_mesh-observability", "\"$KV.mesh-observability.>\"", KV_SETTINGS },
    { "KV_mesh-context", "\"$KV.mesh-context.>\"", KV_SETTINGS },
    { "OBJ_mesh-artifacts", "\"$O.mesh-artifacts.C.>\",\"$O.mesh-artifacts.M.>\"", OBJECT_SETTINGS },
};

enum { BUCKETS = sizeof(buckets) / sizeof(buckets[0]), BUCKET_TEXT = 512 };

static mesh_status without_jetstream(const struct link *link, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_CONNECTION_FAILED,
                          "the server at %s runs without JetStream: start one with 'agentmesh up' or 'nats-server -js' "
                          "(the nats-server service that Debian starts on port 4222 has none)",
                          link->shown_url);
}

mesh_status api_read(const struct link *link, const struct question *question, cJSON **ret_tree, int *ret_code,
                     mesh_error *err)
{
    auto_json cJSON *tree = NULL;

    if (link_message_is_no_responders(&question->answer))
        return without_jetstream(link, err);
    mesh_status status = json_parse(link_message_body(&question->answer), &tree, err);
    if (status != MESH_OK)
        return mesh_error_prefix(err, status, "the answer to '%s'", question->subject);
    const cJSON *error = json_get(tree, "error");
    int code = error ? (int)json_int(error, "err_code", json_int(error, "code", -1)) : 0;
    if (code == JETSTREAM_NOT_ENABLED || code == JETSTREAM_NOT_ENABLED_FOR_ACCOUNT)
        return without_jetstream(link, err);
    *ret_code = code;
    *ret_tree = tree;
    tree = NULL;
    return MESH_OK;
}

mesh_status api_refused(const struct question *question, const cJSON *tree, int code, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "the server refused '%s': %s (code %d)", question->subject,
                          json_string(json_get(tree, "error"), "description", "no reason given"), code);
}

mesh_status bucket_missing(const struct link *link, const char *bucket, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "bucket '%s' does not exist on the server at %s", bucket,
                          link->shown_url);
}

bool api_stream_is_missing(int code)
{
    return code == STREAM_NOT_FOUND;
}

/* Which of the buckets are missing. */
static mesh_status find_missing(struct link *link, bool missing[BUCKETS], mesh_error *err)
{
    char subjects[BUCKETS][BUCKET_TEXT];
    struct question questions[BUCKETS] = { 0 };

    for (size_t i = 0; i < BUCKETS; i++) {
        snprintf(subjects[i], BUCKET_TEXT, "$JS.API.STREAM.INFO.%s", buckets[i].stream);
        questions[i].subject = subjects[i];
    }
    mesh_status status = questions_ask(link, questions, BUCKETS, err);
    for (size_t i = 0; i < BUCKETS && status == MESH_OK; i++) {
        auto_json cJSON *tree = NULL;
        int code = 0;
        status = api_read(link, &questions[i], &tree, &code, err);
        missing[i] = code == STREAM_NOT_FOUND;
        if (status == MESH_OK && code != 0 && !missing[i])
            status = api_refused(&questions[i], tree, code, err);
    }
    questions_clear(questions, BUCKETS);
    return status;
}

/* Create those. Somebody else may have been faster: that is as good. */
static mesh_status create_missing(struct link *link, const bool missing[BUCKETS], mesh_error *err)
{
    char subjects[BUCKETS][BUCKET_TEXT], bodies[BUCKETS][BUCKET_TEXT];
    struct question questions[BUCKETS] = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        if (!missing[i])
            continue;
        snprintf(subjects[count], BUCKET_TEXT, "$JS.API.STREAM.CREATE.%s", buckets[i].stream);
        int len = snprintf(bodies[count], BUCKET_TEXT,
                           "{\"name\":\"%s\",\"subjects\":[%s],\"retention\":\"limits\",\"storage\":\"file\","
                           "\"num_replicas\":1,%s}",
                           buckets[i].stream, buckets[i].subjects, buckets[i].settings);
        questions[count].subject = subjects[count];
        questions[count].body = mesh_bytes_of(bodies[count], (size_t)len);
        count++;
    }
    mesh_status status = questions_ask(link, questions, count, err);
    for (size_t i = 0; i < count && status == MESH_OK; i++) {
        auto_json cJSON *tree = NULL;
        int code = 0;
        status = api_read(link, &questions[i], &tree, &code, err);
        if (status == MESH_OK && code != 0 && code != STREAM_IN_USE)
            status = api_refused(&questions[i], tree, code, err);
    }
    questions_clear(questions, count);
    return status;
}

static bool are_all_there(struct link *link)
{
    bool missing[BUCKETS] = { false };

    if (find_missing(link, missing, NULL) != MESH_OK)
        return false;
    for (size_t i = 0; i < BUCKETS; i++)
        if (missing[i])
            return false;
    return true;
}

mesh_status nats_buckets_ensure(struct link *link, mesh_error *err)
{
    bool missing[BUCKETS] = { false };
    mesh_status status = find_missing(link, missing, err);

    if (status == MESH_OK)
        status = create_missing(link, missing, err);
    /* A server that is creating the same bucket for somebody else may say that the subjects overlap. */
    if (status == MESH_E_CONNECTION_FAILED && are_all_there(link)) {
        mesh_error_clear(err);
        status = MESH_OK;
    }
    return status;
}
