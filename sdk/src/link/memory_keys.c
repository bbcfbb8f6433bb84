/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets of keys in memory: revisions, writing if nobody else has, watches (protocol 2.3). */
#include "link/memory_internal.h"

#include <stdlib.h>
#include <string.h>

#include "link/grammar.h"
#include "link/memory_subject.h"

void memory_keys_init(struct memory_bus *bus)
{
    static const char *const names[MEMORY_BUCKETS] = { "mesh-catalog", "mesh-registry", "mesh-instances",
                                                       "mesh-observability", "mesh-context" };

    for (size_t i = 0; i < MEMORY_BUCKETS; i++) {
        bus->buckets[i].name = names[i];
        map_init(&bus->buckets[i].keys);
    }
}

void memory_keys_clear(struct memory_bus *bus)
{
    for (size_t i = 0; i < MEMORY_BUCKETS; i++)
        map_clear(&bus->buckets[i].keys, free);
}

mesh_status memory_buckets_ensure(struct link *link, mesh_error *err)
{
    (void)link;
    (void)err;
    return MESH_OK; /* they are there from the beginning */
}

static mesh_status find_bucket(struct link *link, const char *name, struct memory_bucket **ret_bucket, mesh_error *err)
{
    for (size_t i = 0; i < MEMORY_BUCKETS; i++) {
        *ret_bucket = &link->bus->buckets[i];
        if (strcmp((*ret_bucket)->name, name) == 0)
            return MESH_OK;
    }
    return mesh_error_set(err, MESH_E_CONNECTION_FAILED, "bucket '%s' does not exist on a bus in memory", name);
}

static mesh_status find_key(struct link *link, const char *name, const char *key, struct memory_bucket **ret_bucket,
                            mesh_error *err)
{
    mesh_status status = grammar_check_key(key, err);

    return status == MESH_OK ? find_bucket(link, name, ret_bucket, err) : status;
}

/* ---- reading ---- */

/* The lock is held. */
static mesh_status read_key(const struct memory_bucket *bucket, const char *key, struct buf *value,
                            uint64_t *ret_revision, mesh_error *err)
{
    const struct memory_message *stored = map_get(&bucket->keys, key);

    *ret_revision = stored ? stored->revision : 0;
    if (!stored)
        return mesh_error_set(err, MESH_E_NOT_FOUND, "the key does not exist");
    if (stored->is_deleted)
        return mesh_error_set(err, MESH_E_NOT_FOUND, "the key was deleted");
    if (!value)
        return MESH_OK;
    buf_append(value, stored->body.data, stored->body.len);
    return buf_error(value, err);
}

mesh_status memory_key_get(struct link *link, const char *name, const char *key, struct buf *value,
                           uint64_t *ret_revision, mesh_error *err)
{
    struct memory_bucket *bucket = NULL;
    uint64_t revision = 0;
    mesh_status status = find_key(link, name, key, &bucket, err);

    if (status == MESH_OK) {
        pthread_mutex_lock(&link->bus->lock);
        status = read_key(bucket, key, value, &revision, err);
        pthread_mutex_unlock(&link->bus->lock);
    }
    if (ret_revision && (status == MESH_OK || status == MESH_E_NOT_FOUND))
        *ret_revision = revision;
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "get '%s' from %s", key, name);
}

/* ---- writing ---- */

enum write_kind { WRITE_ALWAYS, WRITE_IF_LAST, WRITE_MARKER };

/* What is to become of a key. */
struct write {
    enum write_kind kind;
    const char *key;
    mesh_bytes value;
    uint64_t expected; /* for WRITE_IF_LAST; 0: there is no value */
};

static bool is_expected(const struct memory_message *stored, uint64_t expected)
{
    if (expected == 0)
        return !stored || stored->is_deleted;
    return stored && stored->revision == expected;
}

/* A watch that gets no copy for want of memory would go on with an old value; it hears of the next one. */
static void tell_watches(struct memory_bucket *bucket, const struct memory_message *stored)
{
    for (struct link_subscription *watch = bucket->watches; watch; watch = watch->next) {
        if (!memory_subject_matches(watch->subject, stored->subject))
            continue;
        struct memory_message *copy = memory_message_copy(stored);
        if (copy)
            memory_subscription_push(watch, copy);
    }
}

/* Put a piece in the place of what is stored; it is taken. The lock is held. */
static bool store(struct memory_bucket *bucket, struct memory_message *made)
{
    struct memory_message *before = map_get(&bucket->keys, made->subject);

    if (!map_put(&bucket->keys, made->subject, made))
        return false;
    memory_message_free(before);
    made->revision = ++bucket->revision;
    tell_watches(bucket, made);
    return true;
}

static mesh_status no_memory(const char *key, mesh_error *err)
{
    return mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for key '%s'", key);
}

/* The piece is taken on success. The lock is held. */
static mesh_status write_made(struct memory_bucket *bucket, const struct write *write, struct memory_message *made,
                              mesh_error *err)
{
    if (write->kind == WRITE_IF_LAST && !is_expected(map_get(&bucket->keys, write->key), write->expected))
        return mesh_error_set(err, MESH_E_CONFLICT, "somebody else has written the key");
    return store(bucket, made) ? MESH_OK : no_memory(write->key, err);
}

static mesh_status write_key(struct link *link, const char *name, const struct write *write, uint64_t *ret_revision,
                             mesh_error *err)
{
    const struct link_outgoing message = { .subject = write->key, .body = write->value };
    struct memory_bucket *bucket = NULL;
    mesh_status status = find_key(link, name, write->key, &bucket, err);

    if (status == MESH_OK)
        status = grammar_check_outgoing(&message, MEMORY_PAYLOAD_MAX, err);
    if (status != MESH_OK)
        return status;
    struct memory_message *made = memory_message_new(&message);
    if (!made)
        return no_memory(write->key, err);
    made->is_deleted = write->kind == WRITE_MARKER;
    pthread_mutex_lock(&link->bus->lock);
    status = write_made(bucket, write, made, err);
    uint64_t revision = bucket->revision;
    pthread_mutex_unlock(&link->bus->lock);
    if (status != MESH_OK)
        memory_message_free(made);
    else if (ret_revision)
        *ret_revision = revision;
    return status;
}

mesh_status memory_key_put(struct link *link, const char *name, const char *key, mesh_bytes value,
                           uint64_t *ret_revision, mesh_error *err)
{
    const struct write write = { .kind = WRITE_ALWAYS, .key = key, .value = value };
    mesh_status status = write_key(link, name, &write, ret_revision, err);

    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "put '%s' into %s", key, name);
}

mesh_status memory_key_update(struct link *link, const char *name, const char *key, mesh_bytes value, uint64_t expected,
                              uint64_t *ret_revision, mesh_error *err)
{
    const struct write write = { .kind = WRITE_IF_LAST, .key = key, .value = value, .expected = expected };
    mesh_status status = write_key(link, name, &write, ret_revision, err);

    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "update '%s' in %s", key, name);
}

mesh_status memory_key_delete(struct link *link, const char *name, const char *key, mesh_error *err)
{
    const struct write write = { .kind = WRITE_MARKER, .key = key };
    mesh_status status = write_key(link, name, &write, NULL, err);

    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "delete '%s' from %s", key, name);
}

mesh_status memory_keys_put(struct link *link, const char *name, const struct link_pair *pairs, size_t count,
                            mesh_error *err)
{
    mesh_status status = MESH_OK;

    for (size_t i = 0; i < count && status == MESH_OK; i++) {
        const struct write write = { .kind = WRITE_ALWAYS, .key = pairs[i].key, .value = pairs[i].value };
        status = write_key(link, name, &write, NULL, err);
    }
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "put %zu keys into %s", count, name);
}

/* ---- current values, in the order in which they were written ---- */

struct values {
    struct memory_message **items; /* copies; NULL where one was taken */
    size_t count;
};

static void values_clear(struct values *values)
{
    for (size_t i = 0; i < values->count; i++)
        memory_message_free(values->items[i]);
    free(values->items);
}

static int by_revision(const void *a, const void *b)
{
    const struct memory_message *one = *(struct memory_message *const *)a, *two = *(struct memory_message *const *)b;

    return one->revision < two->revision ? -1 : one->revision > two->revision;
}

/* Copy what matches. False: no memory. The lock is held. */
static bool values_gather(struct values *values, const struct memory_bucket *bucket, const char *pattern)
{
    const char *key;
    void *value;

    values->items = calloc(map_count(&bucket->keys) + 1, sizeof(struct memory_message *));
    if (!values->items)
        return false;
    for (size_t at = 0; map_next(&bucket->keys, &at, &key, &value);) {
        if (!memory_subject_matches(pattern, key))
            continue;
        if (!(values->items[values->count] = memory_message_copy(value)))
            return false;
        values->count++;
    }
    qsort(values->items, values->count, sizeof(struct memory_message *), by_revision);
    return true;
}

static mesh_status find_keys(struct link *link, const char *name, const char *pattern,
                             struct memory_bucket **ret_bucket, mesh_error *err)
{
    mesh_status status = grammar_check_pattern(pattern, err);

    return status == MESH_OK ? find_bucket(link, name, ret_bucket, err) : status;
}

mesh_status memory_keys_each(struct link *link, const char *name, const char *pattern, link_entry_callback callback,
                             void *closure, mesh_error *err)
{
    struct memory_bucket *bucket = NULL;
    struct values values = { NULL, 0 };
    mesh_status status = find_keys(link, name, pattern, &bucket, err);

    if (status == MESH_OK) {
        pthread_mutex_lock(&link->bus->lock);
        if (!values_gather(&values, bucket, pattern))
            status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the keys");
        pthread_mutex_unlock(&link->bus->lock);
    }
    for (size_t i = 0; i < values.count && status == MESH_OK; i++) {
        const struct memory_message *item = values.items[i];
        const struct link_entry entry = { .key = item->subject, .value = item->body, .revision = item->revision };
        if (!item->is_deleted)
            callback(closure, &entry);
    }
    values_clear(&values);
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "list '%s' in %s", pattern, name);
}

/* ---- watches ---- */

/* With the current values first, then, if that is to be told, one without a key. False: no memory. The lock is held. */
static bool begin_watch(struct link_subscription *watch, struct memory_bucket *bucket, bool tell_current)
{
    static const struct link_outgoing no_key = { .subject = "" };
    struct values values = { NULL, 0 };
    struct memory_message *mark = tell_current ? memory_message_new(&no_key) : NULL;
    bool ok = (mark || !tell_current) && values_gather(&values, bucket, watch->subject);

    if (ok)
        memory_subscription_enlist(watch, &bucket->watches);
    for (size_t i = 0; i < values.count && ok; i++) {
        memory_subscription_push(watch, values.items[i]);
        values.items[i] = NULL;
    }
    if (mark && ok)
        memory_subscription_push(watch, mark);
    else
        memory_message_free(mark);
    values_clear(&values);
    return ok;
}

mesh_status memory_keys_watch(struct link *link, const char *name, const char *pattern, bool tell_current,
                              link_entry_callback callback, void *closure, struct link_subscription **ret_subscription,
                              mesh_error *err)
{
    struct memory_bucket *bucket = NULL;
    struct link_subscription *watch = NULL;
    mesh_status status = find_keys(link, name, pattern, &bucket, err);

    if (status == MESH_OK)
        status = memory_subscription_new(link, pattern, NULL, &watch, err);
    if (status == MESH_OK) {
        watch->entry_callback = callback;
        watch->closure = closure;
        pthread_mutex_lock(&link->bus->lock);
        bool begun = begin_watch(watch, bucket, tell_current);
        if (begun)
            *ret_subscription = watch;
        pthread_mutex_unlock(&link->bus->lock);
        if (!begun) {
            memory_subscription_free(watch);
            status = mesh_error_set(err, MESH_E_NO_MEMORY, "no memory for the keys");
        }
    }
    return status == MESH_OK ? MESH_OK : mesh_error_prefix(err, status, "watch '%s' in %s", pattern, name);
}
