/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metaschema: a schema of schemas. The draft publishes one in eight documents; this says the same in one, so that a
 * schema may refer to it. Its anchor is the draft's, so that schemas which extend it work.
 */
#include "wire/schema_compile.h"

#define SCHEMA "{\"$dynamicRef\": \"#meta\"}"
#define SCHEMA_MAP "{\"type\": \"object\", \"additionalProperties\": " SCHEMA "}"
#define SCHEMA_LIST "{\"type\": \"array\", \"minItems\": 1, \"items\": " SCHEMA "}"
#define STRING "{\"type\": \"string\"}"
#define NUMBER "{\"type\": \"number\"}"
#define BOOLEAN "{\"type\": \"boolean\"}"
#define COUNT "{\"type\": \"integer\", \"minimum\": 0}"
#define NAMES "{\"type\": \"array\", \"uniqueItems\": true, \"items\": " STRING "}"
#define TYPE "{\"enum\": [\"array\", \"boolean\", \"integer\", \"null\", \"number\", \"object\", \"string\"]}"
#define REFERENCE "{\"type\": \"string\", \"format\": \"uri-reference\"}"
#define URI "{\"type\": \"string\", \"format\": \"uri\"}"
#define ANCHOR "{\"type\": \"string\", \"pattern\": \"^[A-Za-z_][-A-Za-z0-9._]*$\"}"

const char meta_uri[] = "https://json-schema.org/draft/2020-12/schema";

const char meta_text[] =
    "{\"$id\": \"https://json-schema.org/draft/2020-12/schema\","
    "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\","
    "\"$dynamicAnchor\": \"meta\","
    "\"type\": [\"object\", \"boolean\"],"
    "\"properties\": {"
    "\"$id\": {\"type\": \"string\", \"format\": \"uri-reference\", \"pattern\": \"^[^#]*#?$\"},"
    "\"$schema\": " URI ","
    "\"$ref\": " REFERENCE ","
    "\"$dynamicRef\": " REFERENCE ","
    "\"$anchor\": " ANCHOR ","
    "\"$dynamicAnchor\": " ANCHOR ","
    "\"$vocabulary\": {\"type\": \"object\", \"propertyNames\": " URI ", \"additionalProperties\": " BOOLEAN "},"
    "\"$comment\": " STRING ","
    "\"$defs\": " SCHEMA_MAP ","
    "\"prefixItems\": " SCHEMA_LIST ","
    "\"items\": " SCHEMA ","
    "\"contains\": " SCHEMA ","
    "\"additionalProperties\": " SCHEMA ","
    "\"properties\": " SCHEMA_MAP ","
    "\"patternProperties\": {\"type\": \"object\", \"propertyNames\": {\"format\": \"regex\"},"
    "\"additionalProperties\": " SCHEMA "},"
    "\"dependentSchemas\": " SCHEMA_MAP ","
    "\"propertyNames\": " SCHEMA ","
    "\"if\": " SCHEMA ", \"then\": " SCHEMA ", \"else\": " SCHEMA ", \"not\": " SCHEMA ","
    "\"allOf\": " SCHEMA_LIST ", \"anyOf\": " SCHEMA_LIST ", \"oneOf\": " SCHEMA_LIST ","
    "\"unevaluatedItems\": " SCHEMA ", \"unevaluatedProperties\": " SCHEMA ","
    "\"type\": {\"anyOf\": [" TYPE ", {\"type\": \"array\", \"minItems\": 1, \"uniqueItems\": true, \"items\": " TYPE
    "}]},"
    "\"enum\": {\"type\": \"array\"},"
    "\"multipleOf\": {\"type\": \"number\", \"exclusiveMinimum\": 0},"
    "\"maximum\": " NUMBER ", \"exclusiveMaximum\": " NUMBER ", \"minimum\": " NUMBER ", \"exclusiveMinimum\": " NUMBER
    ","
    "\"maxLength\": " COUNT ", \"minLength\": " COUNT ","
    "\"pattern\": {\"type\": \"string\", \"format\": \"regex\"},"
    "\"maxItems\": " COUNT ", \"minItems\": " COUNT ", \"uniqueItems\": " BOOLEAN ","
    "\"maxContains\": " COUNT ", \"minContains\": " COUNT ","
    "\"maxProperties\": " COUNT ", \"minProperties\": " COUNT ","
    "\"required\": " NAMES ","
    "\"dependentRequired\": {\"type\": \"object\", \"additionalProperties\": " NAMES "},"
    "\"format\": " STRING ","
    "\"contentEncoding\": " STRING ", \"contentMediaType\": " STRING ", \"contentSchema\": " SCHEMA ","
    "\"title\": " STRING ", \"description\": " STRING ","
    "\"deprecated\": " BOOLEAN ", \"readOnly\": " BOOLEAN ", \"writeOnly\": " BOOLEAN ","
    "\"examples\": {\"type\": \"array\"},"
    /* Names that earlier drafts used, which must not be used in another sense. */
    "\"definitions\": " SCHEMA_MAP ","
    "\"dependencies\": {\"type\": \"object\", \"additionalProperties\": {\"anyOf\": [" SCHEMA ", " NAMES "]}},"
    "\"$recursiveAnchor\": " ANCHOR ", \"$recursiveRef\": " REFERENCE "}}";
