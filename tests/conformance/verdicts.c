/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges what it is told. Each line of the input is a schema and instances, separated by tabs; for each a line comes
 * out: a digit per instance, 1 if it fits and 0 if not, or "refused: " and why.
 */
#include <agentmesh/schema.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static bool judge(const mesh_schema *schema, const char *instance)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = mesh_schema_check(schema, mesh_text(instance), &err);
    if (status != MESH_OK && status != MESH_E_INVALID_INPUT) {
        fprintf(stderr, "%s: %s\n", instance, mesh_error_text(&err));
        exit(1);
    }
    mesh_error_clear(&err);
    return status == MESH_OK;
}

static void judge_line(char *line)
{
    mesh_error err = MESH_ERROR_INIT;
    mesh_schema *schema = NULL;
    char *rest = line;
    line[strcspn(line, "\n")] = '\0';
    if (mesh_schema_compile(mesh_text(strsep(&rest, "\t")), NULL, &schema, &err) != MESH_OK)
        printf("refused: %s", mesh_error_text(&err));
    for (char *instance; schema && (instance = strsep(&rest, "\t"));)
        putchar(judge(schema, instance) ? '1' : '0');
    putchar('\n');
    mesh_schema_free(schema);
    mesh_error_clear(&err);
}

int main(void)
{
    auto_free char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0)
        judge_line(line);
    return fflush(stdout) == 0 && !ferror(stdin) ? 0 : 1;
}
