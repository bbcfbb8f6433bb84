/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of agentmeshd. */
#ifndef HOST_ARGUMENTS_H
#define HOST_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

enum deed {
    DEED_SERVE,
    DEED_RUN,
    DEED_ASK,
    DEED_CHECK,
    DEED_PRINT_CONFIG,
    DEED_PRINT_MANUAL,
    DEED_INSPECT,
    DEED_TRY,
    DEED_REHEARSE,
    DEED_HELP,
    DEED_VERSION,
    DEED_REFUSE
};

struct arguments {
    enum deed deed; /* DEED_REFUSE: a mistake, which has been told on stderr */
    const char *config_path;
    const char *trial_path;   /* for DEED_TRY and DEED_REHEARSE */
    const char *const *files; /* for DEED_INSPECT */
    size_t file_count;
    const char *state;
    const char **plugins; /* folders; ends with NULL */
    size_t plugin_count;
    int32_t log_level; /* MESH_LOG_; 0: not said */
    const char *log_level_name;
    uint32_t timeout_ms; /* 0: not said */
    bool local, json, strict;

    /* Of `agentmesh run`, see author/run.h. */
    const char *run_path; /* the plugin's file */
    const char *url;      /* the mesh on which to serve, or ask, that one file alone; NULL: one of its own */
    const char *input;    /* a file with one request to ask; "-": stdin */
    const char *agent;    /* whom to ask; NULL: the only one */
    uint32_t port;        /* of the private server; 0: any */
};

/* Strings are argv's. End with arguments_clear(). */
void arguments_read(int argc, char **argv, struct arguments *arguments);
void arguments_clear(struct arguments *arguments);

#define auto_arguments __attribute__((cleanup(arguments_clear)))

void arguments_help(void); /* to stdout */

/*
 * mesh.ini, with what the command line says in the place of what the file says. [main]
 *
 * ret_config  given; end it with config_free()
 * report      filled on failure
 */
mesh_status arguments_config(const struct arguments *arguments, struct config **ret_config,
                             struct config_report *report);

#endif
