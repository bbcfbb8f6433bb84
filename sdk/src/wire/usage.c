/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/usage.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"

enum { ALL_GIVEN = MESH_USAGE_INPUT_TOKENS | MESH_USAGE_OUTPUT_TOKENS | MESH_USAGE_TOTAL_TOKENS | MESH_USAGE_COST };

void usage_clear(struct usage *usage)
{
    free(usage->model);
    *usage = (struct usage){ 0 };
}

/* ---- reports ---- */

static int64_t sum_of(int64_t a, int64_t b)
{
    int64_t sum;

    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

static double cost_of(double a, double b)
{
    double sum = a + b;

    return isfinite(sum) ? sum : copysign(DBL_MAX, sum);
}

static mesh_status check(const mesh_usage *step, mesh_error *err)
{
    if (step->given & ~(uint32_t)ALL_GIVEN)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT,
                              "mesh_usage.given has a bit that libagentmesh does not know");
    if ((step->given & MESH_USAGE_COST) && !isfinite(step->estimated_cost_usd))
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "estimated_cost_usd is no number");
    if (step->model && strlen(step->model) > USAGE_MODEL_MAX)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "model is longer than %d bytes", USAGE_MODEL_MAX);
    return MESH_OK;
}

mesh_status usage_add(struct usage *usage, const mesh_usage *step, mesh_error *err)
{
    mesh_status status = check(step, err);

    if (status != MESH_OK)
        return status;
    char *model = step->model ? strdup(step->model) : NULL;
    if (step->model && !model)
        return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
    if (model) {
        free(usage->model);
        usage->model = model;
    }
    if (step->given & MESH_USAGE_INPUT_TOKENS)
        usage->input_tokens = sum_of(usage->input_tokens, step->input_tokens);
    if (step->given & MESH_USAGE_OUTPUT_TOKENS)
        usage->output_tokens = sum_of(usage->output_tokens, step->output_tokens);
    if (step->given & MESH_USAGE_TOTAL_TOKENS)
        usage->total_tokens = sum_of(usage->total_tokens, step->total_tokens);
    if (step->given & MESH_USAGE_COST)
        usage->estimated_cost_usd = cost_of(usage->estimated_cost_usd, step->estimated_cost_usd);
    usage->given |= step->given;
    usage->is_reported = true;
    return MESH_OK;
}

/* ---- as text ---- */

static void put_name(struct buf *out, const char *name)
{
    char last = out->len > 0 ? buf_text(out)[out->len - 1] : '{';

    buf_printf(out, "%s\"%s\":", last == '{' ? "" : ",", name);
}

static void put_tokens(struct buf *out, const char *name, int64_t tokens)
{
    put_name(out, name);
    buf_printf(out, "%" PRId64, tokens);
}

void usage_write(struct buf *out, const struct usage *usage)
{
    char cost[NUMBER_SIZE];

    buf_putc(out, '{');
    if (usage->given & MESH_USAGE_INPUT_TOKENS)
        put_tokens(out, "input_tokens", usage->input_tokens);
    if (usage->given & MESH_USAGE_OUTPUT_TOKENS)
        put_tokens(out, "output_tokens", usage->output_tokens);
    if (usage->given & MESH_USAGE_TOTAL_TOKENS)
        put_tokens(out, "total_tokens", usage->total_tokens);
    if (usage->model) {
        put_name(out, "model");
        json_quote_ascii(out, usage->model, strlen(usage->model));
    }
    if (usage->given & MESH_USAGE_COST) {
        number_print(cost, usage->estimated_cost_usd);
        put_name(out, "estimated_cost_usd");
        buf_puts(out, cost);
    }
    buf_putc(out, '}');
}

/* A whole number that fits, told from a missing one by asking with two fallbacks. */
static void read_tokens(const cJSON *tree, const char *name, uint32_t bit, struct usage *usage, int64_t *tokens)
{
    int64_t number = json_int(tree, name, 0);

    if (json_int(tree, name, 1) != number)
        return;
    *tokens = number;
    usage->given |= bit;
}

static bool read_model(const cJSON *tree, struct usage *usage)
{
    const char *model = json_string(tree, "model", NULL);

    usage->model = model ? strdup(model) : NULL;
    return usage->model || !model;
}

mesh_status usage_read(mesh_bytes json, struct usage *ret_usage, mesh_error *err)
{
    auto_json cJSON *tree = NULL;
    struct usage usage = { .is_reported = true };
    mesh_status status = json_parse(json, &tree, err);

    if (status == MESH_E_NO_MEMORY)
        return status;
    if (status != MESH_OK)
        return mesh_error_prefix(err, MESH_E_DATA, "usage cannot be read");
    if (!cJSON_IsObject(tree))
        return mesh_error_set(err, MESH_E_DATA, "usage cannot be read: it is no JSON object");
    read_tokens(tree, "input_tokens", MESH_USAGE_INPUT_TOKENS, &usage, &usage.input_tokens);
    read_tokens(tree, "output_tokens", MESH_USAGE_OUTPUT_TOKENS, &usage, &usage.output_tokens);
    read_tokens(tree, "total_tokens", MESH_USAGE_TOTAL_TOKENS, &usage, &usage.total_tokens);
    const cJSON *cost = json_get(tree, "estimated_cost_usd");
    if (cJSON_IsNumber(cost) && isfinite(cost->valuedouble)) {
        usage.estimated_cost_usd = cost->valuedouble;
        usage.given |= MESH_USAGE_COST;
    }
    if (!read_model(tree, &usage))
        return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
    *ret_usage = usage;
    return MESH_OK;
}
