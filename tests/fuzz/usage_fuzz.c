/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a request has used, and as the name of a model. */
#include "wire/usage.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "fuzz.h"

/* One line of ASCII that reads back as the same. */
static void must_be_header(const struct usage *usage)
{
    struct usage again = { 0 };
    auto_buf struct buf text = { .max = SIZE_MAX };

    usage_write(&text, usage);
    for (const char *c = buf_text(&text); *c; c++)
        must(*c >= ' ' && *c < 0x7f);
    must(usage_read(buf_bytes(&text), &again, NULL) == MESH_OK);
    must(again.given == usage->given && !again.model == !usage->model);
    must(again.input_tokens == usage->input_tokens && again.output_tokens == usage->output_tokens);
    must(again.estimated_cost_usd == usage->estimated_cost_usd || !(usage->given & MESH_USAGE_COST));
    usage_clear(&again);
}

static mesh_usage step_of(const uint8_t *data, size_t size, const char *model)
{
    mesh_usage step = MESH_USAGE_INIT;

    memcpy(&step.input_tokens, data, size < 16 ? size : 16);
    if (size >= 24)
        memcpy(&step.estimated_cost_usd, data + 16, 8);
    step.given = size > 0 ? data[size - 1] : 0;
    step.model = model;
    return step;
}

static void report(const uint8_t *data, size_t size)
{
    auto_free char *model = strndup((const char *)data, size);
    const mesh_usage step = step_of(data, size, model);
    struct usage usage = { 0 };

    for (int i = 0; i < 2; i++)
        if (usage_add(&usage, &step, NULL) == MESH_OK)
            must_be_header(&usage);
    usage_clear(&usage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct usage usage = { 0 };

    if (usage_read(mesh_bytes_of(data, size), &usage, NULL) == MESH_OK)
        must_be_header(&usage);
    usage_clear(&usage);
    report(data, size);
    return 0;
}
