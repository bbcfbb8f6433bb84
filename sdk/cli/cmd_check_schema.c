/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh check-schema: a schema, and a value against it, as agents check them. */
#include <agentmesh/schema.h>

#include <string.h>

#include "base/json.h"
#include "command.h"
#include "input.h"
#include "print.h"

enum { INPUT_MAX = 64 << 20, REPORT_MAX = 64 << 20 };

/* ---- violations ---- */

/* A step of "loc" as a part of a JSON pointer. */
static void write_step(struct buf *out, const cJSON *step)
{
    buf_putc(out, '/');
    if (!cJSON_IsString(step)) {
        json_print(out, step);
        return;
    }
    for (const char *at = step->valuestring; *at; at++) {
        if (*at == '~')
            buf_puts(out, "~0");
        else if (*at == '/')
            buf_puts(out, "~1");
        else
            buf_putc(out, *at);
    }
}

static void write_place(struct buf *out, const cJSON *loc)
{
    const cJSON *step;
    cJSON_ArrayForEach(step, loc)
    {
        write_step(out, step);
    }
    buf_puts(out, loc && loc->child ? ": " : "");
}

/* FILE: /items/3/price: Input should be a valid number (float_type) */
static void write_violation(struct buf *out, const char *file, const cJSON *violation)
{
    auto_buf struct buf line;
    buf_init(&line, REPORT_MAX);
    buf_printf(&line, "%s: ", file);
    write_place(&line, json_get(violation, "loc"));
    buf_printf(&line, "%s (%s)", json_string(violation, "msg", ""), json_string(violation, "type", ""));
    out->failed = out->failed || buf_failed(&line);
    print_clean(out, buf_text(&line), true);
    buf_putc(out, '\n');
}

static void write_lines(struct buf *out, const char *file, const cJSON *violations)
{
    const cJSON *violation;
    cJSON_ArrayForEach(violation, violations)
    {
        write_violation(out, file, violation);
    }
}

static bool print_violations(const struct arguments *arguments, const mesh_error *err)
{
    auto_json cJSON *details = NULL;
    auto_buf struct buf out;
    buf_init(&out, REPORT_MAX);
    if (json_parse(mesh_text(mesh_error_details(err)), &details, NULL) != MESH_OK) {
        print_error(err);
        return false;
    }
    const cJSON *violations = json_get(details, "errors");
    if (arguments->json) {
        json_print_pretty(&out, violations);
        buf_putc(&out, '\n');
    } else {
        write_lines(&out, input_name(arguments->operands[1]), violations);
    }
    if (buf_failed(&out)) {
        print_talk("no memory to print the violations");
        return false;
    }
    return print_result(buf_text(&out), out.len);
}

/* ---- the command ---- */

static bool print_ok(const struct arguments *arguments)
{
    const char *line = arguments->json ? "[]\n" : "ok\n";
    return print_result(line, strlen(line));
}

static int check_instance(const struct arguments *arguments, const mesh_schema *schema)
{
    auto_buf struct buf instance;
    mesh_error err = MESH_ERROR_INIT;
    buf_init(&instance, INPUT_MAX);
    if (!input_read_file(arguments->operands[1], &instance))
        return EXIT_FAILED;

    mesh_status status = mesh_schema_check(schema, buf_bytes(&instance), &err);
    if (status == MESH_OK)
        return print_ok(arguments) ? EXIT_DONE : EXIT_FAILED;
    if (status == MESH_E_INVALID_INPUT)
        print_violations(arguments, &err);
    else
        print_error(&err);
    mesh_error_clear(&err);
    return EXIT_FAILED;
}

static mesh_schema *compile(const struct arguments *arguments)
{
    auto_buf struct buf text;
    mesh_schema_options options = MESH_SCHEMA_OPTIONS_INIT;
    mesh_error err = MESH_ERROR_INIT;
    mesh_schema *schema = NULL;
    options.flags = arguments->format ? MESH_SCHEMA_ASSERT_FORMAT : 0;
    buf_init(&text, INPUT_MAX);
    if (!input_read_file(arguments->operands[0], &text))
        return NULL;
    if (mesh_schema_compile(buf_bytes(&text), &options, &schema, &err) != MESH_OK) {
        auto_buf struct buf clean;
        buf_init(&clean, REPORT_MAX);
        print_clean(&clean, mesh_error_text(&err), true);
        print_talk("%s: %s", input_name(arguments->operands[0]), buf_text(&clean));
    }
    mesh_error_clear(&err);
    return schema;
}

static int run(const struct arguments *arguments)
{
    const char *const *files = arguments->operands;
    if (files[1] && strcmp(files[0], "-") == 0 && strcmp(files[1], "-") == 0) {
        print_talk("the standard input is one file: FILE and INSTANCE cannot both be '-'");
        return EXIT_MISUSED;
    }
    mesh_schema *schema = compile(arguments);
    if (!schema)
        return EXIT_FAILED;
    int code = EXIT_FAILED;
    if (files[1])
        code = check_instance(arguments, schema);
    else if (print_ok(arguments))
        code = EXIT_DONE;
    mesh_schema_free(schema);
    return code;
}

static const struct option options[] = {
    { "--format", 0, OPTION_FLAG, NULL, "let \"format\" refuse what does not fit; else it is an annotation",
      OPTION_AT(format) },
    { "--json", 0, OPTION_FLAG, NULL, "print the violations as a JSON array, as a caller gets them", OPTION_AT(json) },
    OPTION_END,
};

const struct command command_check_schema = {
    .name = "check-schema",
    .operands = "FILE [INSTANCE]",
    .summary = "Check a JSON schema, and a value against it, as agents do",
    .about = "FILE is a schema, draft 2020-12; INSTANCE, if given, a file with one JSON value. '-' is the standard\n"
             "input. Prints 'ok', or a line for each violation: file, place, what is wrong, its type. No mesh is\n"
             "needed.\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 2,
    .run = run,
};
