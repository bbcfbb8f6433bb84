/* SPDX-License-Identifier: Apache-2.0 */
/* Agent cards. */
#include "wire/card.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "golden.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void a_card_is_the_contract_without_what_is_ours(void)
{
    static const struct {
        const char *document, *url, *card;
    } cases[] = {
        { "{\"name\": \"a\", \"x-agentmesh\": {\"mcp\": true}, \"n\": 1.50}", NULL, "{\"name\":\"a\",\"n\":1.50}" },
        { "{\"name\": \"a\", \"x-agentmesh\": null}", "https://x/\"a\"",
          "{\"name\":\"a\",\"url\":\"https://x/\\\"a\\\"\"}" },
        { "{\"url\": \"old\", \"name\": \"a\"}", NULL, "{\"url\":\"old\",\"name\":\"a\"}" },
        { "{\"url\": \"old\", \"name\": \"a\"}", "new", "{\"name\":\"a\",\"url\":\"new\"}" },
        { "{\"x-agentmesh\": {}}", "u", "{\"url\":\"u\"}" },
        { "{}", NULL, "{}" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_buf struct buf card = { .max = 1000 };
        expect_int(card_write(&card, mesh_text(cases[i].document), cases[i].url, NULL), MESH_OK);
        expect_str(buf_text(&card), cases[i].card);
    }
}

static void skills_stay_as_they_are_recorded(void)
{
    auto_free char *document = golden("contract/rec.echo.json");
    auto_buf struct buf card = { .max = 1 << 16 };
    expect_int(card_write(&card, mesh_text(document), NULL, NULL), MESH_OK);
    expect_contains(buf_text(&card), "\"skills\":[{\"id\":\"rec.echo\"");
    expect_true(strstr(buf_text(&card), "x-agentmesh") == NULL);
}

static void what_is_no_object_has_no_card(void)
{
    static const char *const documents[] = { "", "[]", "7", "{\"name\":" };
    for (size_t i = 0; i < COUNT(documents); i++) {
        auto_buf struct buf card = { .max = 1000 };
        expect_int(card_write(&card, mesh_text(documents[i]), NULL, NULL), MESH_E_DATA);
    }
}

SUITE(wire_card, TEST(a_card_is_the_contract_without_what_is_ours), TEST(skills_stay_as_they_are_recorded),
      TEST(what_is_no_object_has_no_card))
