/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of agentmeshd. */
#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <agentmesh/client.h>

#include "base/cleanup.h"
#include "text.h"

/* Of a plugin that is being written: its link may change its target unheard; while it is built anew it is missing, and
 * the version that serves goes on. */
enum { RUN_POLL_MS = 1000, RUN_GRACE_MS = 24 * 3600 * 1000 };

enum {
    OPTION_PLUGINS = 256,
    OPTION_STATE,
    OPTION_LOCAL,
    OPTION_PRINT,
    OPTION_PRINT_MANUAL,
    OPTION_INSPECT,
    OPTION_JSON,
    OPTION_STRICT,
    OPTION_TIMEOUT,
    OPTION_TRIAL,
    OPTION_REHEARSE,
    OPTION_LEVEL,
    OPTION_VERSION,
    OPTION_RUN,
    OPTION_URL,
    OPTION_PORT,
    OPTION_INPUT,
    OPTION_AGENT
};

static const struct {
    struct option option;
    const char *value, *help; /* help NULL: not for people */
} table[] = {
    { { "config", required_argument, NULL, 'c' }, "FILE", "read FILE instead of the usual mesh.ini" },
    { { "check", no_argument, NULL, 'n' }, "", "only check the configuration" },
    { { "local", no_argument, NULL, OPTION_LOCAL }, "", "start a private server and serve there" },
    { { "plugins", required_argument, NULL, OPTION_PLUGINS }, "DIR", "load plugins from DIR instead; may be repeated" },
    { { "state", required_argument, NULL, OPTION_STATE }, "DIR", "keep the host's own files in DIR" },
    { { "log-level", required_argument, NULL, OPTION_LEVEL }, "LEVEL", "debug, info, warn or error" },
    { { "print-config", no_argument, NULL, OPTION_PRINT }, "", "print a mesh.ini with every key explained" },
    { { "print-manual", no_argument, NULL, OPTION_PRINT_MANUAL }, "", NULL },
    { { "inspect", no_argument, NULL, OPTION_INSPECT }, "FILE...", "tell whether plugins will load, serve and unload" },
    { { "json", no_argument, NULL, OPTION_JSON }, "", "with --inspect: print one JSON document" },
    { { "strict", no_argument, NULL, OPTION_STRICT }, "", "with --inspect: end with 1 also because of warnings" },
    { { "timeout", required_argument, NULL, OPTION_TIMEOUT },
      "MS",
      "with --inspect: for each file; 10000 if not given" },
    { { "trial", required_argument, NULL, OPTION_TRIAL }, "FILE", NULL },
    { { "rehearse", required_argument, NULL, OPTION_REHEARSE }, "FILE", NULL },
    { { "run", required_argument, NULL, OPTION_RUN }, "FILE", NULL },
    { { "url", required_argument, NULL, OPTION_URL }, "URL", NULL },
    { { "port", required_argument, NULL, OPTION_PORT }, "PORT", NULL },
    { { "input", required_argument, NULL, OPTION_INPUT }, "FILE", NULL },
    { { "agent", required_argument, NULL, OPTION_AGENT }, "NAME", NULL },
    { { "version", no_argument, NULL, OPTION_VERSION }, "", "print the version" },
    { { "help", no_argument, NULL, 'h' }, "", "print this" },
};

enum { OPTION_COUNT = sizeof(table) / sizeof(table[0]) };

void arguments_help(void)
{
    printf("Usage: agentmeshd [OPTION]...\n       agentmeshd --inspect [OPTION]... FILE...\n"
           "Load agents from a folder of plugins and serve them on the mesh.\n\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!table[i].help)
            continue;
        char letter[4] = "   ", name[32];
        if (table[i].option.val < OPTION_PLUGINS)
            snprintf(letter, sizeof(letter), "-%c,", table[i].option.val);
        snprintf(name, sizeof(name), "--%s %s", table[i].option.name, table[i].value);
        printf("  %s %-20s  %s\n", letter, name, table[i].help);
    }
    printf("\nSIGHUP reads the configuration again and looks at the folders; SIGTERM finishes what is in hand and "
           "ends.\n");
}

static int32_t level_of(const char *name)
{
    static const struct {
        const char *name;
        int32_t level;
    } levels[] = {
        { "debug", MESH_LOG_DEBUG }, { "info", MESH_LOG_INFO }, { "warn", MESH_LOG_WARN }, { "error", MESH_LOG_ERROR }
    };
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(levels[i].name, name) == 0)
            return levels[i].level;
    }
    return 0;
}

static void refuse(struct arguments *arguments, const char *what, const char *which)
{
    fprintf(stderr, "agentmeshd: %s%s\nTry 'agentmeshd --help'.\n", what, which);
    arguments->deed = DEED_REFUSE;
}

static void add_folder(struct arguments *arguments, const char *folder)
{
    const char **folders = reallocarray(arguments->plugins, arguments->plugin_count + 2, sizeof(*folders));
    if (!folders) {
        refuse(arguments, "out of memory", "");
        return;
    }
    arguments->plugins = folders;
    folders[arguments->plugin_count++] = folder;
    folders[arguments->plugin_count] = NULL;
}

static uint32_t number_of(struct arguments *arguments, const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (end == text || *end || number > UINT32_MAX)
        refuse(arguments, "this is no number: ", text);
    return (uint32_t)number;
}

/* False: it is not one of those of `agentmesh run`. */
static bool take_run_option(struct arguments *arguments, int option)
{
    switch (option) {
    case OPTION_RUN:
        arguments->deed = DEED_RUN;
        arguments->run_path = optarg;
        return true;
    case OPTION_URL:
        arguments->url = optarg;
        return true;
    case OPTION_PORT:
        arguments->port = number_of(arguments, optarg);
        return true;
    case OPTION_INPUT:
        arguments->input = optarg;
        return true;
    case OPTION_AGENT:
        arguments->agent = optarg;
        return true;
    default:
        return false;
    }
}

static void take_option(struct arguments *arguments, int option)
{
    if (take_run_option(arguments, option))
        return;
    switch (option) {
    case 'c':
        arguments->config_path = optarg;
        break;
    case 'n':
        arguments->deed = DEED_CHECK;
        break;
    case 'h':
        arguments->deed = DEED_HELP;
        break;
    case OPTION_VERSION:
        arguments->deed = DEED_VERSION;
        break;
    case OPTION_PRINT:
        arguments->deed = DEED_PRINT_CONFIG;
        break;
    case OPTION_PRINT_MANUAL:
        arguments->deed = DEED_PRINT_MANUAL;
        break;
    case OPTION_INSPECT:
        arguments->deed = DEED_INSPECT;
        break;
    case OPTION_JSON:
        arguments->json = true;
        break;
    case OPTION_STRICT:
        arguments->strict = true;
        break;
    case OPTION_TIMEOUT:
        arguments->timeout_ms = number_of(arguments, optarg);
        break;
    case OPTION_TRIAL:
        arguments->deed = DEED_TRY;
        arguments->trial_path = optarg;
        break;
    case OPTION_REHEARSE:
        arguments->deed = DEED_REHEARSE;
        arguments->trial_path = optarg;
        break;
    case OPTION_LOCAL:
        arguments->local = true;
        break;
    case OPTION_PLUGINS:
        add_folder(arguments, optarg);
        break;
    case OPTION_STATE:
        arguments->state = optarg;
        break;
    case OPTION_LEVEL:
        arguments->log_level = level_of(optarg);
        arguments->log_level_name = optarg;
        if (!arguments->log_level)
            refuse(arguments, "--log-level is debug, info, warn or error, not ", optarg);
        break;
    default:
        refuse(arguments, "the command line is wrong", "");
    }
}

/* What only goes together. */
static void check(struct arguments *arguments)
{
    bool inspects = arguments->deed == DEED_INSPECT;
    if (inspects && arguments->file_count == 0)
        refuse(arguments, "--inspect needs the files of plugins", "");
    else if (arguments->deed == DEED_SERVE && (arguments->json || arguments->strict || arguments->timeout_ms))
        refuse(arguments, "--json, --strict and --timeout are options of --inspect", "");
    else if (arguments->deed != DEED_REFUSE && !inspects && arguments->file_count > 0)
        refuse(arguments, "there is too much on the command line: ", arguments->files[0]);
}

void arguments_read(int argc, char **argv, struct arguments *arguments)
{
    struct option options[OPTION_COUNT + 1] = { 0 };
    for (size_t i = 0; i < OPTION_COUNT; i++)
        options[i] = table[i].option;
    *arguments = (struct arguments){ .deed = DEED_SERVE };
    for (int option; arguments->deed != DEED_REFUSE && (option = getopt_long(argc, argv, "c:nh", options, NULL)) != -1;)
        take_option(arguments, option);
    arguments->files = (const char *const *)argv + optind;
    arguments->file_count = (size_t)(argc - optind);
    check(arguments);
    if (arguments->deed == DEED_RUN && arguments->url)
        arguments->deed = arguments->input ? DEED_ASK : DEED_SERVE;
}

void arguments_clear(struct arguments *arguments)
{
    free(arguments->plugins);
    arguments->plugins = NULL;
}

/* ---- applying ---- */

static char *absolute(const char *path)
{
    auto_free char *here = getcwd(NULL, 0);
    return here || path[0] == '/' ? text_path(here, path) : NULL;
}

static bool replace_folders(struct config_list *list, const char *const *folders, size_t count)
{
    char **items = calloc(count + 1, sizeof(*items));
    if (!items)
        return false;
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct config_list){ items, 0 };
    for (; list->count < count; list->count++) {
        items[list->count] = absolute(folders[list->count]);
        if (!items[list->count])
            return false;
    }
    return true;
}

/* The local server's files go along, unless the file puts them elsewhere. */
static bool replace_state(struct config *config, const char *path)
{
    auto_free char *usual_store = text_path(config->state, "server");
    auto_free char *state = absolute(path);
    auto_free char *store = state ? text_path(state, "server") : NULL;
    if (!usual_store || !store)
        return false;
    if (strcmp(config->local_store, usual_store) == 0) {
        free(config->local_store);
        config->local_store = take(&store);
    }
    free(config->state);
    config->state = take(&state);
    return true;
}

static bool replace_text(char **slot, const char *text)
{
    char *copy = strdup(text);
    if (copy) {
        free(*slot);
        *slot = copy;
    }
    return copy;
}

/* What an author wants of a host that has one plugin, and that changes all the time: see author/run.h. */
static bool serve_one(const struct arguments *arguments, struct config *config)
{
    const char *slash = strrchr(arguments->run_path, '/');
    auto_free char *folder = slash ? strndup(arguments->run_path, (size_t)(slash - arguments->run_path) + 1) : NULL;
    const char *folders[] = { folder ? folder : "." };
    config->local = false;
    config->poll_ms = RUN_POLL_MS;
    config->grace_ms = RUN_GRACE_MS;
    config->probation_ms = 0;
    return (!slash || folder) && replace_folders(&config->plugin_folders, folders, 1) &&
           replace_text(&config->only, slash ? slash + 1 : arguments->run_path) &&
           replace_text(&config->url, arguments->url);
}

/* False: no memory. */
static bool apply(const struct arguments *arguments, struct config *config)
{
    if (arguments->run_path && !serve_one(arguments, config))
        return false;
    if (arguments->plugin_count > 0 &&
        !replace_folders(&config->plugin_folders, arguments->plugins, arguments->plugin_count))
        return false;
    if (arguments->state && !replace_state(config, arguments->state))
        return false;
    if (arguments->log_level)
        config->log_level = (uint32_t)arguments->log_level;
    if (arguments->local)
        config->local = true;
    return true;
}

/* Who tries a plugin does not mean the mesh.ini of the machine. */
static mesh_status load(const struct arguments *arguments, struct config **ret_config, struct config_report *report)
{
    if (!arguments->run_path || arguments->config_path)
        return config_load(arguments->config_path, ret_config, report);
    *ret_config = config_default();
    return *ret_config ? MESH_OK : MESH_E_NO_MEMORY;
}

mesh_status arguments_config(const struct arguments *arguments, struct config **ret_config,
                             struct config_report *report)
{
    auto_config struct config *config = NULL;
    mesh_status status = load(arguments, &config, report);
    if (status == MESH_OK && !apply(arguments, config))
        status = MESH_E_NO_MEMORY;
    if (status == MESH_OK)
        *ret_config = take(&config);
    return status;
}
