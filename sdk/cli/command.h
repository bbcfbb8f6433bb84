/* SPDX-License-Identifier: Apache-2.0 */
/* A subcommand: its name, what it takes, what it does. The one table of them serves parser and help alike. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the program ends. */
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,       /* the mesh, the machine or a check said no */
    EXIT_MISUSED = 2,      /* the command line is wrong */
    EXIT_INTERRUPTED = 130 /* Ctrl-C */
};

/* What the command line says. All strings are lent from argv. */
struct arguments {
    const char *url, *creds, *sys_url, *sys_creds, *channel, *store, *socket, *level, *tool, *card_url, *tag, *plugins,
        *config, *input, *agent, *lang, *shape, *folder;
    uint32_t timeout_ms; /* 0: not said */
    uint32_t port;       /* 0: not said */
    bool json, text, foreground, format, force, wait, unset, strict, card;
    const char *const *operands; /* NULL behind the last of them */
    size_t operand_count;
};

enum option_kind {
    OPTION_FLAG,    /* bool */
    OPTION_TEXT,    /* const char *, not empty */
    OPTION_SECONDS, /* uint32_t of milliseconds, not 0 */
    OPTION_PORT     /* uint32_t, 1 to 65535 */
};

/* One option of a subcommand. */
struct option {
    const char *name; /* "--port"; NULL ends a list */
    char letter;      /* 'p' for -p; 0: none */
    enum option_kind kind;
    const char *value; /* what the help calls its value; NULL for a flag */
    const char *help;  /* choices, if its value is one of a few, stand at its end: "...: debug, info, warn" */
    size_t at;         /* where in struct arguments it is kept */
};

struct command {
    const char *name, *operands; /* "NAME [PAYLOAD]", "" for none */
    const char *summary;         /* one line for the list of commands */
    const char *about;           /* what else to know, whole lines */
    const struct option *options;
    size_t operands_min, operands_max;
    int (*run)(const struct arguments *arguments); /* returns the exit code */
};

extern const struct command command_call, command_stream, command_catalog, command_contract, command_up, command_down,
    command_check, command_check_schema, command_host, command_monitor, command_logs, command_level, command_run,
    command_new;

/* The table, ended by NULL; one by its name, or NULL. */
extern const struct command *const commands[];
const struct command *command_find(const char *name);

/* Read what follows the subcommand's name. False: *ret_exit says how to end (help was asked for, or it was misused). */
bool command_parse(const struct command *command, int argc, char **argv, struct arguments *ret, int *ret_exit);

#define OPTION_AT(member) offsetof(struct arguments, member)

/* Options that several subcommands have. */
#define OPTION_URL                                                                                                     \
    {                                                                                                                  \
        "--url", 0, OPTION_TEXT, "URL", "the mesh to talk to, nats://host:port", OPTION_AT(url)                        \
    }
#define OPTION_CREDS                                                                                                   \
    {                                                                                                                  \
        "--creds", 0, OPTION_TEXT, "FILE", "credentials to show it, a .creds file", OPTION_AT(creds)                   \
    }
#define OPTION_STORE                                                                                                   \
    {                                                                                                                  \
        "--store", 0, OPTION_TEXT, "FOLDER", "where the server keeps its files", OPTION_AT(store)                      \
    }
#define OPTION_END                                                                                                     \
    {                                                                                                                  \
        NULL, 0, OPTION_FLAG, NULL, NULL, 0                                                                            \
    }

#endif
