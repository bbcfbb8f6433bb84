/* SPDX-License-Identifier: Apache-2.0 */
#include "author/sample.h"

#include <agentmesh/agent.h> /* MESH_JSON */

#include "suite.h"

static void a_sample_has_what_the_schema_asks_for(void)
{
    static const struct {
        const char *schema, *sample;
    } cases[] = {
        { "{}", "{}" },
        { "true", "{}" },
        { MESH_JSON({"type": "string"}), "\"some text\"" },
          { MESH_JSON({"type": "integer", "minimum": 18}), "18" },
            { MESH_JSON({"type": "boolean"}), "true" },
              { MESH_JSON({"type": "array"}), "[]" },
                { MESH_JSON({"type": "array", "minItems": 1, "items": {"type": "null"}}), "[null]" },
                  { MESH_JSON({"enum": ["red", "blue"]}), "\"red\"" },
                    { MESH_JSON({"const": 5}), "5" },
                      { MESH_JSON({"type": "string", "examples": ["Ada"], "default": "Bob"}), "\"Ada\"" },
                        { MESH_JSON({"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "string"}}}),
                             "{\"a\": 1}" },
                            { MESH_JSON({"properties": {"a": {"type": "number"}, "b": {"default": "x"}, "c": {}}, "required": ["b", "c"]}),
                                                              "{\"b\": \"x\", \"c\": {}}" },
                             };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        auto_buf struct buf out;
        buf_init(&out, 1024);
        expect_true(sample_write(&out, cases[i].schema));
        expect_str(buf_text(&out), cases[i].sample);
    }
}

static void none_is_given_that_does_not_fit(void)
{
    static const char *const schemas[] = { MESH_JSON({"type": "string", "pattern": "^x"}),
        MESH_JSON({"required": ["a"], "properties": {"a": {"$ref": "#/$defs/a"}},
                                                      "$defs": {"a": {"type": "string"}}}),
                                "false", "no JSON" };
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        auto_buf struct buf out;
        buf_init(&out, 1024);
        expect_false(sample_write(&out, schemas[i]));
    }
}

SUITE(host_sample, TEST(a_sample_has_what_the_schema_asks_for), TEST(none_is_given_that_does_not_fit))
