/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all members of a mesh share: keys with small values (protocol 9), and a workspace of named objects of any size
 * (protocol 10). Values are bytes; by convention texts, and JSON for what has structure.
 *
 * A key is at most 1024 letters, digits and - / _ = . in any order but for a dot at its ends or two dots in a row.
 * Patterns, for lists and watches, may have * in the place of one part between dots, and > in that of all the last
 * ones: "jobs.*.state", "jobs.>". A slash is a character like any other. The name of an object is any text of 1 to 1024
 * bytes of UTF-8; by convention a path with slashes.
 */
#ifndef AGENTMESH_STORE_H
#define AGENTMESH_STORE_H

#include <agentmesh/call.h>
#include <agentmesh/message.h>

MESH_BEGIN_DECLS

/* ---- keys ---- */

/* One key as it was read. Opaque; immutable. */
typedef struct mesh_entry mesh_entry;

/** The key, its value (NUL-terminated; may be empty), its revision, MESH_ENTRY_. Lent as the entry is. */
MESH_API const char *mesh_entry_key(const mesh_entry *entry);
MESH_API mesh_bytes mesh_entry_value(const mesh_entry *entry);
MESH_API uint64_t mesh_entry_revision(const mesh_entry *entry);
MESH_API int32_t mesh_entry_operation(const mesh_entry *entry);

/** Returns NULL; NULL is fine. For entries that were given, not for lent ones. */
MESH_API mesh_entry *mesh_entry_free(mesh_entry *entry);

/*
 * All of these block for a round trip, are [any-thread], and fail so (keys, values: lent):
 *
 * MESH_E_INVALID_ARGUMENT   the key is none; nothing was sent
 * MESH_E_NOT_FOUND          there is no such key, or it was deleted; details {"key": ...}
 * MESH_E_CONNECTION_DENIED  the server does not let this client
 * MESH_E_TIMEOUT            the server did not answer within 5 s
 * MESH_E_CONNECTION_FAILED  there is no connection now, or the server refused for another reason, which the text tells
 * MESH_E_TOO_LARGE          the value is over what the server takes in one message (1 MiB if not configured)
 * MESH_E_STOPPED            the client was stopped
 */

/** Write a key, whatever it was. ret_revision: what this write is known by; may be NULL. */
MESH_API mesh_status mesh_key_put(mesh_client *client, const char *key, mesh_bytes value, uint64_t *ret_revision,
                                  mesh_error *err);

/** Read a key. ret_entry: given; end it with mesh_entry_free(). */
MESH_API mesh_status mesh_key_get(mesh_client *client, const char *key, mesh_entry **ret_entry, mesh_error *err);

/** Write a key that does not exist, or was deleted. MESH_E_KV_KEY_EXISTS, details {"key": ...}: it does exist. */
MESH_API mesh_status mesh_key_create(mesh_client *client, const char *key, mesh_bytes value, uint64_t *ret_revision,
                                     mesh_error *err);

/** Compare and set: write only if the key's revision is still the one given, as mesh_entry_revision() told it; 0 is
 * none. MESH_E_CONFLICT, details {"key": ...}: somebody else has written or deleted it. */
MESH_API mesh_status mesh_key_replace(mesh_client *client, const char *key, mesh_bytes value, uint64_t revision,
                                      uint64_t *ret_revision, mesh_error *err);

/** Delete a key. None of that name is fine. */
MESH_API mesh_status mesh_key_delete(mesh_client *client, const char *key, mesh_error *err);

/*
 * Makes the next value out of the current one: point value at it (lent until the edit is called again or the whole is
 * over) and return MESH_OK. Value left as it was, or equal: nothing is written. Any other status gives up and is what
 * the caller gets. Called again with the new current value when somebody else wrote in between. In the caller's thread.
 */
typedef mesh_status (*mesh_key_edit)(void *data, const mesh_entry *current, mesh_bytes *value, mesh_error *err);

/* What became of mesh_key_try(). */
typedef struct mesh_key_outcome {
    size_t size;        /* set by the caller: sizeof(mesh_key_outcome) */
    uint64_t revision;  /* of the key, as written or as read; 0 before */
    uint32_t committed; /* 1: the key is as the edit wants it; 0: somebody else wrote first */
    uint32_t attempted; /* 1: a write was tried; 0: the edit left the value as it was */
} mesh_key_outcome;

/** Read, edit, write if nobody else did: one try, and a conflict is no failure. A missing key is MESH_E_NOT_FOUND. */
MESH_API mesh_status mesh_key_try(mesh_client *client, const char *key, mesh_key_edit edit, void *data,
                                  mesh_key_outcome *ret_outcome, mesh_error *err);

/**
 * Read, edit, write, and again from the start while others write in between, after a pause of some milliseconds. A
 * missing key is MESH_E_NOT_FOUND.
 *
 * tries  at most so many; 0: 10
 * MESH_E_CONFLICT  somebody else was faster each time
 */
MESH_API mesh_status mesh_key_update(mesh_client *client, const char *key, mesh_key_edit edit, void *data,
                                     uint32_t tries, uint64_t *ret_revision, mesh_error *err);

/* Live keys and their values, as they were. Opaque; immutable. */
typedef struct mesh_entries mesh_entries;

/** All live keys that match a pattern, sorted; ret_entries: given; end it with mesh_entries_free(). None is an empty
 * list. */
MESH_API mesh_status mesh_key_list(mesh_client *client, const char *pattern, mesh_entries **ret_entries,
                                   mesh_error *err);

/** How many, and each of them; NULL past the end. Lent until freed. */
MESH_API size_t mesh_entries_count(const mesh_entries *entries);
MESH_API const mesh_entry *mesh_entries_at(const mesh_entries *entries, size_t index);
MESH_API mesh_entries *mesh_entries_free(mesh_entries *entries); /* returns NULL; NULL is fine */

/* Keys followed as they change. One thread at a time. Ends before its client. */
typedef struct mesh_watch mesh_watch;

/**
 * Follow the keys that match a pattern: first what is there now, then an entry MESH_ENTRY_CURRENT, then each change,
 * deletes included. Goes on by itself when the server was away: then the last change of each key is told, those in
 * between are not, and a key that has vanished with the server's store is told as deleted, with revision 0.
 * [any-thread; blocks for the set-up]
 *
 * ret_watch  given; end it with mesh_watch_close()
 */
MESH_API mesh_status mesh_key_watch(mesh_client *client, const char *pattern, mesh_watch **ret_watch, mesh_error *err);

/**
 * Wait for the next entry. [blocks]
 *
 * timeout_ms  at most so long; 0: do not wait; UINT32_MAX: for ever
 * ret_entry   lent until the next call
 * MESH_E_TIMEOUT    nothing changed in that time; go on as you like
 * MESH_E_STOPPED    the client was stopped
 * MESH_E_TOO_LARGE  changes came faster than they were read, and 64 MiB of them waited: the watch is over
 * MESH_E_NO_MEMORY  there was none for a change: the watch is over
 */
MESH_API mesh_status mesh_watch_next(mesh_watch *watch, uint32_t timeout_ms, const mesh_entry **ret_entry,
                                     mesh_error *err);

/** A descriptor that is readable while an entry, or the end, waits, for programs with a loop of their own. Lent until
 * closed; -1: none to be had. */
MESH_API int mesh_watch_fd(mesh_watch *watch);

/** Stop following, at any time, and free. Returns NULL; NULL is fine. */
MESH_API mesh_watch *mesh_watch_close(mesh_watch *watch);

/* ---- workspace ---- */

typedef struct mesh_transfer_options {
    size_t size; /* set by MESH_TRANSFER_OPTIONS_INIT */

    /* Told as bytes are stored or handed over, about once for each 128 KiB; total is 0 where it is not known. Returning
     * anything but 0 ends the transfer with MESH_E_STOPPED. In the thread that transfers. */
    int (*progress)(void *data, uint64_t done, uint64_t total);
    void *data;
    const char *description; /* UTF-8, stored beside the object; put only; NULL: none */
    uint32_t timeout_ms;     /* without progress; 0: 30 000. A get goes on when the server is back in that time */
    uint32_t reserved;       /* 0 */
} mesh_transfer_options;

#define MESH_TRANSFER_OPTIONS_INIT                                                                                     \
    {                                                                                                                  \
        sizeof(mesh_transfer_options), NULL, NULL, NULL, 0, 0                                                          \
    }

/* Reads up to size bytes into buffer and says how many; 0 in *ret_len is the end. Any other status than MESH_OK gives
 * up. */
typedef mesh_status (*mesh_reader)(void *data, void *buffer, size_t size, size_t *ret_len, mesh_error *err);

/* Takes the next bytes. Any other status than MESH_OK gives up. */
typedef mesh_status (*mesh_writer)(void *data, mesh_bytes bytes, mesh_error *err);

/* An object as the workspace lists it. Lent with its list. */
typedef struct mesh_object {
    size_t size; /* of this struct */
    const char *name;
    const char *digest;      /* "SHA-256=..."; "" of a link */
    const char *modified;    /* RFC 3339, UTC; "" if not told */
    const char *description; /* "" if not told */
    uint64_t length;         /* bytes */
} mesh_object;

/*
 * All of these block until done and are [any-thread]; options are lent, NULL for defaults. Whatever the size, memory
 * stays within some MiB, but for what the caller asks to have in memory. What is read is checked against its digest
 * before success is told. A put replaces what was there only when all of it has arrived; one that fails leaves what was
 * there; where it failed with its connection, bytes of it that nobody sees may stay on the server. Of several at once
 * under one name the last one to finish wins. A stop of the client ends a transfer.
 *
 * A link that another program has stored is followed when something is got, once, and within the workspace; any other
 * is MESH_E_DATA. Put, delete and list treat it as what it is: something under that name.
 *
 * MESH_E_NOT_FOUND   no such object, or it was deleted; details {"key": name}
 * MESH_E_DATA        what is stored does not fit its digest or its description
 * MESH_E_SYSTEM      a file cannot be read or written: the text says which and why
 * MESH_E_STOPPED     the client was stopped, or progress said so
 * others             as for keys, and what a reader or writer returned
 */

MESH_API mesh_status mesh_workspace_put(mesh_client *client, const char *name, mesh_bytes content,
                                        const mesh_transfer_options *options, mesh_error *err);
MESH_API mesh_status mesh_workspace_put_file(mesh_client *client, const char *name, const char *path,
                                             const mesh_transfer_options *options, mesh_error *err);
MESH_API mesh_status mesh_workspace_put_from(mesh_client *client, const char *name, mesh_reader reader, void *data,
                                             const mesh_transfer_options *options, mesh_error *err);

/* The content of an object in memory. Opaque; immutable. */
typedef struct mesh_content mesh_content;

/** ret_content: given; end it with mesh_content_free(). max: refuse larger ones (MESH_E_TOO_LARGE); 0: 256 MiB. */
MESH_API mesh_status mesh_workspace_get(mesh_client *client, const char *name, uint64_t max,
                                        const mesh_transfer_options *options, mesh_content **ret_content,
                                        mesh_error *err);
MESH_API mesh_bytes mesh_content_bytes(const mesh_content *content); /* lent until freed; NUL-terminated */
MESH_API mesh_content *mesh_content_free(mesh_content *content);     /* returns NULL; NULL is fine */

/** Written beside the path under another name, and moved there when whole and checked, with the mode of a new file.
 * Through symbolic links; only in the place of a regular file. */
MESH_API mesh_status mesh_workspace_get_file(mesh_client *client, const char *name, const char *path,
                                             const mesh_transfer_options *options, mesh_error *err);

/** The writer has had all bytes before they could be checked: on failure throw away what it took. MESH_E_CONFLICT: the
 * object was replaced while it was read; read it again. (The other ways do so by themselves.) */
MESH_API mesh_status mesh_workspace_get_to(mesh_client *client, const char *name, mesh_writer writer, void *data,
                                           const mesh_transfer_options *options, mesh_error *err);

MESH_API mesh_status mesh_workspace_delete(mesh_client *client, const char *name, mesh_error *err);

/* Objects as they were. Opaque; immutable. */
typedef struct mesh_objects mesh_objects;

/** All live objects whose name begins with prefix (NULL: all), sorted by name. Given; end it with mesh_objects_free().
 * What cannot be read of what others stored is left out. */
MESH_API mesh_status mesh_workspace_list(mesh_client *client, const char *prefix, mesh_objects **ret_objects,
                                         mesh_error *err);
MESH_API size_t mesh_objects_count(const mesh_objects *objects);
MESH_API const mesh_object *mesh_objects_at(const mesh_objects *objects, size_t index); /* NULL past the end */
MESH_API mesh_objects *mesh_objects_free(mesh_objects *objects);                        /* returns NULL; NULL is fine */

MESH_END_DECLS

#endif
