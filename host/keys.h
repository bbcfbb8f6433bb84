/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of mesh.ini: each stands once in a table, with its type, default, range, help, and the field it fills. */
#ifndef HOST_KEYS_H
#define HOST_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum section { SECTION_MESH, SECTION_HOST, SECTION_PLUGIN, SECTION_SETTINGS, SECTION_AGENT, SECTION_COUNT };

/* What a value is, and the field that it fills. */
enum key_type {
    KEY_URL,      /* char *: "local", or servers separated by commas */
    KEY_PATH,     /* char *: made absolute */
    KEY_PATHS,    /* struct config_list: paths separated by commas or lines, made absolute */
    KEY_GATE,     /* char *: "key:NAME" or "subject:NAME" */
    KEY_GROUP,    /* gid_t: a group that this machine knows */
    KEY_DURATION, /* uint32_t: ms */
    KEY_COUNT,    /* uint32_t */
    KEY_CHOICE,   /* uint32_t: the number of a word */
    KEY_SWITCH    /* bool: yes or no */
};

/* What becomes of a new value when a running host reads its file again. */
enum key_change { CHANGE_LIVE, CHANGE_RESTART, CHANGE_PLUGIN };

struct key_choice {
    const char *word; /* NULL: the end */
    uint32_t number;
};

struct key {
    enum section section;
    const char *name;
    enum key_type type;
    enum key_change change;
    const char *fallback; /* the default as it would be written; NULL: none, or one that depends on the machine */
    const char *example;  /* written into the template where there is no default */
    uint32_t min, max;
    const struct key_choice *choices;
    size_t offset; /* in struct config, config_plugin or config_agent */
    const char *help;
    const char *not_built; /* the key is known, but not to this version: why it is refused */
};

struct section_info {
    const char *word; /* "plugin" */
    bool has_name;    /* [plugin NAME] */
    bool has_keys;    /* of ours; else they are free */
    const char *help;
};

extern const struct section_info section_infos[SECTION_COUNT];

/* for (const struct key *key = NULL; (key = key_next(key, SECTION_HOST));) */
const struct key *key_next(const struct key *key, enum section section);

/* The key of that name, also one that is not built; NULL: there is none. */
const struct key *key_find(enum section section, const char *name);

/* The name that was meant, in this section; NULL: no idea. Lives for ever. */
const char *key_guess(enum section section, const char *name);

/* The section that knows a key of this name; SECTION_COUNT: none. */
enum section key_home(const char *name);

#endif
