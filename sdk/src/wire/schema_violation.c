/* SPDX-License-Identifier: Apache-2.0 */
/* The wording of violations. */
#include "wire/schema_violation.h"

#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { INPUT_SHOWN_MAX = 1024, INPUT_DEPTH_MAX = JSON_PART_DEPTH - 16, NAME_SHOWN_MAX = 1024, TEXT_MAX = 4096 };

/* ---- the frame ---- */

/* Bytes of a name that are shown: an instance may have enormous ones. Whole characters. */
static size_t shown_len(const char *name)
{
    size_t len = strnlen(name, NAME_SHOWN_MAX + 1);

    if (len <= NAME_SHOWN_MAX)
        return len;
    for (len = NAME_SHOWN_MAX; len > 0 && utf8_is_tail((unsigned char)name[len]);)
        len--;
    return len;
}

static void put_step(struct buf *out, const char *name, size_t index)
{
    buf_puts(out, out->data[out->len - 1] == '[' ? "" : ", ");
    if (name)
        json_quote(out, name, shown_len(name));
    else
        buf_printf(out, "%zu", index);
}

/* The way to the value, from the root on. */
static void put_way(struct buf *out, const struct visit *visit)
{
    if (visit->from)
        put_way(out, visit->from);
    if (visit->name || visit->index != NO_INDEX)
        put_step(out, visit->name, visit->index);
    if (visit->is_key)
        put_step(out, "[key]", NO_INDEX);
}

/* Whether the value's text may be short enough; saves printing megabytes to throw them away. */
static bool may_be_short(const cJSON *item, size_t *left, unsigned depth)
{
    const cJSON *child;
    size_t size = 1 + (item->valuestring ? strlen(item->valuestring) : 0) + (item->string ? strlen(item->string) : 0);

    if (size > *left || depth > INPUT_DEPTH_MAX)
        return false;
    *left -= size;
    cJSON_ArrayForEach(child, item)
    {
        if (!may_be_short(child, left, depth + 1))
            return false;
    }
    return true;
}

static void put_input(struct buf *out, const cJSON *item)
{
    auto_buf struct buf text = { .max = INPUT_SHOWN_MAX };
    size_t left = INPUT_SHOWN_MAX;

    if (!item || !may_be_short(item, &left, 0))
        return;
    json_print(&text, item);
    if (buf_failed(&text))
        return;
    buf_puts(out, ", \"input\": ");
    buf_append(out, buf_text(&text), text.len);
}

/* One violation. name: a member that the value lacks, or NULL; ctx: JSON, "" for none; format: the message. */
static bool put(struct check *check, const struct visit *visit, const char *name, const char *type, const char *ctx,
                const char *format, ...) MESH_PRINTF(6, 7);

static bool put(struct check *check, const struct visit *visit, const char *name, const char *type, const char *ctx,
                const char *format, ...)
{
    struct buf *out = check->out;
    auto_buf struct buf message = { .max = out->max };
    va_list args;

    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);
    buf_printf(out, "%s{\"type\": \"%s\", \"loc\": [", check->violation_count > 0 ? ", " : "", type);
    if (!buf_failed(out)) {
        put_way(out, visit);
        if (name)
            put_step(out, name, NO_INDEX);
    }
    buf_puts(out, "], \"msg\": ");
    json_quote(out, buf_text(&message), message.len);
    put_input(out, visit->item);
    if (*ctx)
        buf_printf(out, ", \"ctx\": %s", ctx);
    buf_putc(out, '}');
    out->failed = out->failed || buf_failed(&message);
    check->violation_count++;
    return false;
}

/* {"key": "text"} */
static void put_text_ctx(struct buf *ctx, const char *key, const char *text)
{
    buf_printf(ctx, "{\"%s\": ", key);
    json_quote(ctx, text, strlen(text));
    buf_putc(ctx, '}');
}

/* Between the items of "a, b or c". */
static const char *separator(size_t index, size_t count)
{
    return index == 0 ? "" : index + 1 == count ? " or " : ", ";
}

/* ---- types ---- */

struct wording {
    const char *type, *message;
};

static bool is_number_text(const char *text)
{
    return (*text == '-' || (*text >= '0' && *text <= '9')) && json_check(mesh_text(text), NULL) == MESH_OK;
}

static struct wording integer_wording(const cJSON *item)
{
    if (cJSON_IsNumber(item))
        return (struct wording){ "int_from_float", "a valid integer, got a number with a fractional part" };
    if (cJSON_IsString(item) && !(is_number_text(item->valuestring) && number_is_integral(item->valuestring)))
        return (struct wording){ "int_parsing", "a valid integer, unable to parse string as an integer" };
    return (struct wording){ "int_type", "a valid integer" };
}

static struct wording number_wording(const cJSON *item)
{
    if (cJSON_IsString(item) && !is_number_text(item->valuestring))
        return (struct wording){ "float_parsing", "a valid number, unable to parse string as a number" };
    return (struct wording){ "float_type", "a valid number" };
}

/* Texts and numbers that other SDKs take for a boolean have the plain wording: it is this schema that does not. */
static struct wording boolean_wording(const cJSON *item)
{
    static const char *const words[] = { "true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "1", "0" };
    bool known = !cJSON_IsString(item) && (!cJSON_IsNumber(item) || item->valuedouble == 0 || item->valuedouble == 1);

    for (size_t i = 0; cJSON_IsString(item) && i < COUNT(words); i++)
        known = known || strcasecmp(item->valuestring, words[i]) == 0;
    if (!known)
        return (struct wording){ "bool_parsing", "a valid boolean, unable to interpret input" };
    return (struct wording){ "bool_type", "a valid boolean" };
}

static struct wording wording_of(unsigned type, const cJSON *item)
{
    switch (type) {
    case TYPE_STRING:
        return (struct wording){ "string_type", "a valid string" };
    case TYPE_INTEGER:
        return integer_wording(item);
    case TYPE_NUMBER:
        return number_wording(item);
    case TYPE_BOOLEAN:
        return boolean_wording(item);
    case TYPE_ARRAY:
        return (struct wording){ "list_type", "a valid array" };
    case TYPE_NULL:
        return (struct wording){ "none_required", "null" };
    default:
        return (struct wording){ "dict_type", "an object" };
    }
}

/* A schema that has a title and members is a model, and its users know it by that name. */
static bool put_model(struct check *check, const struct visit *visit)
{
    const char *title = json_string(visit->node->tree, "title", NULL);
    auto_buf struct buf ctx = { .max = TEXT_MAX };

    if (!title || !json_get(visit->node->tree, "properties"))
        return put(check, visit, NULL, "dict_type", "", "Input should be an object");
    put_text_ctx(&ctx, "class_name", title);
    return put(check, visit, NULL, "model_type", buf_failed(&ctx) ? "" : buf_text(&ctx), "Input should be an object");
}

/* Several types: "a valid string, a valid integer or null". */
static bool put_union(struct check *check, const struct visit *visit, unsigned allowed)
{
    auto_buf struct buf expected = { .max = TEXT_MAX };
    auto_buf struct buf ctx = { .max = TEXT_MAX };
    size_t count = (size_t)__builtin_popcount(allowed), index = 0;
    static const cJSON nothing = { .type = cJSON_NULL };

    for (unsigned type = TYPE_INTEGER; type > 0; type >>= 1) {
        if (allowed & type) {
            buf_puts(&expected, separator(index++, count));
            buf_puts(&expected, wording_of(type, &nothing).message);
        }
    }
    put_text_ctx(&ctx, "expected", buf_text(&expected));
    return put(check, visit, NULL, "union_type", buf_failed(&ctx) ? "" : buf_text(&ctx), "Input should be %s",
               buf_text(&expected));
}

bool violation_type(struct check *check, const struct visit *visit, unsigned allowed)
{
    if (!check_goes_on(check))
        return false;
    /* "or null" is left out: who gave a value did not mean null. An integer is a number. */
    if (allowed & ~(unsigned)TYPE_NULL)
        allowed &= ~(unsigned)TYPE_NULL;
    if (allowed & TYPE_NUMBER)
        allowed &= ~(unsigned)TYPE_INTEGER;
    if (allowed & (allowed - 1))
        return put_union(check, visit, allowed);
    if (allowed == TYPE_OBJECT)
        return put_model(check, visit);
    struct wording wording = wording_of(allowed, visit->item);
    return put(check, visit, NULL, wording.type, "", "Input should be %s", wording.message);
}

/* ---- values ---- */

static void put_value(struct buf *out, const cJSON *value)
{
    if (cJSON_IsString(value))
        buf_printf(out, "'%s'", value->valuestring);
    else
        json_print(out, value);
}

bool violation_enum(struct check *check, const struct visit *visit, const struct enum_rule *choice)
{
    auto_buf struct buf expected = { .max = TEXT_MAX };
    auto_buf struct buf ctx = { .max = 8 * TEXT_MAX };
    const cJSON *value;
    size_t index = 0;

    if (!check_goes_on(check))
        return false;
    if (choice->only) {
        put_value(&expected, choice->only);
    } else {
        size_t count = (size_t)cJSON_GetArraySize(choice->values);
        cJSON_ArrayForEach(value, choice->values)
        {
            buf_puts(&expected, separator(index++, count));
            put_value(&expected, value);
        }
    }
    const char *type = choice->only ? "literal_error" : "enum";
    if (buf_failed(&expected) || expected.len == 0)
        return put(check, visit, NULL, type, "", "Input should be one of the %zu values that the schema lists", index);
    put_text_ctx(&ctx, "expected", buf_text(&expected));
    return put(check, visit, NULL, type, buf_failed(&ctx) ? "" : buf_text(&ctx), "Input should be %s",
               buf_text(&expected));
}

bool violation_missing(struct check *check, const struct visit *visit, const char *name, const char *because)
{
    auto_buf struct buf ctx = { .max = TEXT_MAX };

    if (!check_goes_on(check))
        return false;
    if (!because)
        return put(check, visit, name, "missing", "", "Field required");
    put_text_ctx(&ctx, "required_by", because);
    return put(check, visit, name, "missing", buf_failed(&ctx) ? "" : buf_text(&ctx),
               "Field required when '%s' is present", because);
}

bool violation_never(struct check *check, const struct visit *visit)
{
    if (!check_goes_on(check))
        return false;
    if (visit->name || visit->index != NO_INDEX)
        return put(check, visit, NULL, "extra_forbidden", "", "Extra inputs are not permitted");
    return put(check, visit, NULL, "never_valid", "", "No input is permitted here");
}

bool violation_not(struct check *check, const struct visit *visit)
{
    return check_goes_on(check) &&
           put(check, visit, NULL, "not_allowed", "", "Input should not match the schema that 'not' forbids");
}

bool violation_one_of(struct check *check, const struct visit *visit, size_t matching)
{
    auto_buf struct buf ctx = { .max = TEXT_MAX };

    if (!check_goes_on(check))
        return false;
    buf_printf(&ctx, "{\"matching\": %zu}", matching);
    return put(check, visit, NULL, "one_of", buf_text(&ctx), "Input should match exactly one of the schemas, not %zu",
               matching);
}

/* ---- limits ---- */

/* 1.0 reads as 1 */
static int len_without_zero_fraction(const char *number)
{
    const char *point = strchr(number, '.');
    bool is_zero = point && point[1] && point[1 + strspn(point + 1, "0")] == '\0';

    return (int)(is_zero ? (size_t)(point - number) : strlen(number));
}

bool violation_limit(struct check *check, const struct visit *visit, const char *type, const char *key,
                     const char *relation, const char *limit)
{
    auto_buf struct buf ctx = { .max = TEXT_MAX };

    if (!check_goes_on(check))
        return false;
    buf_printf(&ctx, "{\"%s\": %s}", key, limit);
    return put(check, visit, NULL, type, buf_failed(&ctx) ? "" : buf_text(&ctx), "Input should be %s %.*s", relation,
               len_without_zero_fraction(limit), limit);
}

bool violation_length(struct check *check, const struct visit *visit, const char *type, const char *key,
                      const char *relation, size_t limit)
{
    auto_buf struct buf ctx = { .max = TEXT_MAX };

    if (!check_goes_on(check))
        return false;
    buf_printf(&ctx, "{\"%s\": %zu}", key, limit);
    return put(check, visit, NULL, type, buf_text(&ctx), "String should have %s %zu character%s", relation, limit,
               limit == 1 ? "" : "s");
}

bool violation_size(struct check *check, const struct visit *visit, const char *field, const char *type,
                    const char *key, const char *relation, size_t limit, size_t actual)
{
    auto_buf struct buf ctx = { .max = TEXT_MAX };

    if (!check_goes_on(check))
        return false;
    buf_printf(&ctx, "{\"field_type\": \"%s\", \"%s\": %zu, \"actual_length\": %zu}", field, key, limit, actual);
    return put(check, visit, NULL, type, buf_text(&ctx), "%s should have %s %zu item%s after validation, not %zu",
               field, relation, limit, limit == 1 ? "" : "s", actual);
}

bool violation_contains(struct check *check, const struct visit *visit, const char *type, const char *key,
                        const char *relation, size_t limit, size_t actual)
{
    auto_buf struct buf ctx = { .max = TEXT_MAX };

    if (!check_goes_on(check))
        return false;
    buf_printf(&ctx, "{\"%s\": %zu, \"actual\": %zu}", key, limit, actual);
    return put(check, visit, NULL, type, buf_text(&ctx),
               "List should contain %s %zu item%s that fit%s 'contains', not %zu", relation, limit,
               limit == 1 ? "" : "s", limit == 1 ? "s" : "", actual);
}

bool violation_not_unique(struct check *check, const struct visit *visit, size_t first, size_t second)
{
    auto_buf struct buf ctx = { .max = TEXT_MAX };

    if (!check_goes_on(check))
        return false;
    buf_printf(&ctx, "{\"first\": %zu, \"second\": %zu}", first, second);
    return put(check, visit, NULL, "not_unique", buf_text(&ctx),
               "List should have unique items, but items %zu and %zu are equal", first, second);
}

/* ---- strings ---- */

bool violation_pattern(struct check *check, const struct visit *visit, const char *pattern)
{
    auto_buf struct buf ctx = { .max = 8 * TEXT_MAX };

    if (!check_goes_on(check))
        return false;
    put_text_ctx(&ctx, "pattern", pattern);
    return put(check, visit, NULL, "string_pattern_mismatch", buf_failed(&ctx) ? "" : buf_text(&ctx),
               "String should match pattern '%s'", pattern);
}

bool violation_format(struct check *check, const struct visit *visit, const char *format)
{
    auto_buf struct buf ctx = { .max = TEXT_MAX };

    if (!check_goes_on(check))
        return false;
    put_text_ctx(&ctx, "format", format);
    return put(check, visit, NULL, "string_format_mismatch", buf_failed(&ctx) ? "" : buf_text(&ctx),
               "String should have the format '%s'", format);
}

bool violation_undecided(struct check *check, const char *why)
{
    const struct visit root = { .item = NULL, .index = NO_INDEX };

    return put(check, &root, NULL, "too_complex", "", "Input could not be checked: %s", why ? why : "it does not fit");
}
