/* SPDX-License-Identifier: Apache-2.0 */
/* An ordinary message of 779 bytes, an order with ten items, and its schema. */
#ifndef BENCH_ORDER_H
#define BENCH_ORDER_H

static const char order_text[] =
    "{\"id\":\"ord-20261122-0001\","
    "\"customer\":{\"name\":\"Ada Lovelace\",\"email\":\"ada@example.org\"},"
    "\"currency\":\"CHF\",\"items\":["
    "{\"sku\":\"AB-1000\",\"qty\":1,\"price\":9.95,\"gift\":true},"
    "{\"sku\":\"AB-1001\",\"qty\":2,\"price\":13.45,\"gift\":false},"
    "{\"sku\":\"AB-1002\",\"qty\":3,\"price\":16.95,\"gift\":true},"
    "{\"sku\":\"AB-1003\",\"qty\":4,\"price\":20.45,\"gift\":false},"
    "{\"sku\":\"AB-1004\",\"qty\":5,\"price\":23.95,\"gift\":true},"
    "{\"sku\":\"AB-1005\",\"qty\":6,\"price\":27.45,\"gift\":false},"
    "{\"sku\":\"AB-1006\",\"qty\":7,\"price\":30.95,\"gift\":true},"
    "{\"sku\":\"AB-1007\",\"qty\":8,\"price\":34.45,\"gift\":false},"
    "{\"sku\":\"AB-1008\",\"qty\":9,\"price\":37.95,\"gift\":true},"
    "{\"sku\":\"AB-1009\",\"qty\":10,\"price\":41.45,\"gift\":false}],"
    "\"address\":{\"street\":\"Bahnhofstrasse 1\",\"zip\":\"3011\",\"city\":\"Bern\",\"country\":\"CH\"},"
    "\"note\":\"Please ring twice: the bell is hard of hearing.!\"}";

static const char order_schema[] =
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
    "\"title\":\"Order\",\"type\":\"object\",\"required\":[\"id\",\"customer\",\"currency\",\"items\"],"
    "\"properties\":{\"id\":{\"type\":\"string\",\"pattern\":\"^ord-[0-9]{8}-[0-9]{4}$\"},"
    "\"customer\":{\"type\":\"object\",\"required\":[\"name\",\"email\"],"
    "\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200},"
    "\"email\":{\"type\":\"string\",\"format\":\"email\",\"maxLength\":254}}},"
    "\"currency\":{\"enum\":[\"CHF\",\"EUR\",\"USD\",\"GBP\"]},"
    "\"items\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":500,\"items\":{\"$ref\":\"#/$defs/item\"}},"
    "\"address\":{\"$ref\":\"#/$defs/address\"},"
    "\"note\":{\"type\":[\"string\",\"null\"],\"maxLength\":1000}},"
    "\"additionalProperties\":false,\"$defs\":{"
    "\"item\":{\"type\":\"object\",\"required\":[\"sku\",\"qty\",\"price\"],"
    "\"properties\":{\"sku\":{\"type\":\"string\",\"pattern\":\"^[A-Z]{2}-[0-9]+$\"},"
    "\"qty\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000},"
    "\"price\":{\"type\":\"number\",\"exclusiveMinimum\":0},\"gift\":{\"type\":\"boolean\",\"default\":false}},"
    "\"additionalProperties\":false},"
    "\"address\":{\"type\":\"object\",\"required\":[\"street\",\"city\",\"country\"],"
    "\"properties\":{\"street\":{\"type\":\"string\",\"minLength\":1},"
    "\"zip\":{\"type\":\"string\",\"maxLength\":12},"
    "\"city\":{\"type\":\"string\",\"minLength\":1},\"country\":{\"type\":\"string\",\"pattern\":\"^[A-Z]{2}$\"}}}}}";

_Static_assert(sizeof(order_text) - 1 == 779, "an order is of that size");

#endif
