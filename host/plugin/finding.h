/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be wrong with a plugin: one table of kinds, each with what it hinders, why it matters and what mends it; and
 * a list of what was found in one file.
 */
#ifndef PLUGIN_FINDING_H
#define PLUGIN_FINDING_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <agentmesh/error.h>

enum finding {
    /* The file. */
    FINDING_UNREADABLE,
    FINDING_NAME,
    FINDING_TRUST,
    FINDING_SAME_NAME,
    /* Its bytes. */
    FINDING_NOT_ELF,
    FINDING_DAMAGED,
    FINDING_MACHINE,
    FINDING_NOT_SHARED,
    FINDING_EXECUTABLE_STACK,
    FINDING_TEXT_RELOCATIONS,
    FINDING_GLOBAL_SYMBOLS,
    FINDING_OTHER_LIBRARY,
    FINDING_NEWER,
    FINDING_OWN_COPY,
    FINDING_NO_ENTRY,
    FINDING_HIDDEN_ENTRY,
    FINDING_MANGLED_ENTRY,
    FINDING_NEWER_HEADERS,
    FINDING_RUNPATH,
    FINDING_STATIC_TLS,
    FINDING_UNIQUE,
    FINDING_NODELETE,
    /* Loading it. */
    FINDING_TRIAL,
    FINDING_LOADER,
    FINDING_MISSING_LIBRARY,
    FINDING_UNDEFINED,
    FINDING_FOREIGN_ENTRY,
    FINDING_ABI,
    FINDING_ENTRY,
    /* Serving. */
    FINDING_SCHEMA,
    FINDING_AGENT,
    FINDING_CLASH,
    FINDING_NO_AGENTS,
    /* Unloading it. */
    FINDING_THREAD,
    FINDING_DESTRUCTOR,
    FINDING_STAYS,
    FINDING_COUNT
};

/* What a kind of finding keeps a plugin from. */
enum { HINDERS_LOAD = 1, HINDERS_SERVE = 2, HINDERS_UNLOAD = 4 };

struct finding_kind {
    const char *code; /* "executable-stack" */
    mesh_status status;
    unsigned hinders;   /* HINDERS_; 0: it is a warning */
    bool is_last;       /* nothing more can be said of such a file */
    const char *why;    /* it matters; NULL: that is plain */
    const char *remedy; /* what mends it; NULL: the text says it, or nothing does */
};

extern const struct finding_kind finding_kinds[FINDING_COUNT];

/* The kind of that code; FINDING_COUNT: there is none. */
enum finding finding_find(const char *code);

struct found {
    enum finding kind;
    char *text;
    char *remedy; /* NULL: none is known */
};

/* Failure sticks, and is asked for once. */
struct findings {
    struct found *items;
    size_t count;
    bool failed; /* no memory; the list is not whole */
};

void findings_clear(struct findings *findings);

#define auto_findings __attribute__((cleanup(findings_clear)))

/* Add one, with the remedy of its kind or another. What is there already is not added again. */
void findings_add(struct findings *findings, enum finding kind, const char *text);
void findings_addf(struct findings *findings, enum finding kind, const char *format, ...) MESH_PRINTF(3, 4);
void findings_addv(struct findings *findings, enum finding kind, const char *format, va_list args) MESH_PRINTF(3, 0);
void findings_put(struct findings *findings, enum finding kind, const char *text, const char *remedy);

/* Add an error's text, whose remedy begins behind the first separator, if it has one. */
void findings_add_error(struct findings *findings, enum finding kind, const mesh_error *err, const char *separator);

bool findings_has(const struct findings *findings, enum finding kind);
void findings_drop(struct findings *findings, enum finding kind);

/* Whether one of them is the last that can be said. */
bool findings_end(const struct findings *findings);

/* All that they hinder, HINDERS_. */
unsigned findings_hinder(const struct findings *findings);

#endif
