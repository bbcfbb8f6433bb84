/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns: compiled by PCRE2, searched with a budget. */
#include "wire/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/ecma_regex.h"

/*
 * PCRE2 counts its own steps, but not what it reads within one, and from each start anew. So a search counts too, in
 * the callouts that every loop has: the bytes that it went since the last one, the callout itself, what may have been
 * compared in vain on the way to it, and before a reference what that may compare. It is counted, not timed, so that a
 * verdict is the same each time. All that a search may do takes 10 to 20 ms, and twice that and more where machine code
 * is forbidden.
 */
enum { WORK_PER_STEP = 128, CALLOUT_COST_COMPILED = 16, CALLOUT_COST_INTERPRETED = 24 };

/* The heap is the interpreter's, who wants most of it for "^(?:[A-Za-z0-9]{4})*$" on 1 MB of text. */
enum { MATCHES_MAX = 4 << 20, HEAP_MAX_KIB = 64 << 10 };
enum { STACK_FIRST = 32 << 10, STACK_MAX = 8 << 20 };

enum { SOURCE_MAX = 64 << 10 };

/* A text longer than this may grow a thread's memory to these limits; it is not kept then. */
enum { LONG_TEXT = 16 << 10 };

struct pattern {
    pcre2_code *code;
    size_t callout_cost;
};

/* ---- compiling ---- */

/* The byte of the source from which a byte of the translation came. */
static size_t place_in(const char *source, size_t offset)
{
    struct ecma_regex regex;

    ecma_regex_translate(source, offset, &regex);
    buf_clear(&regex.text);
    return regex.at;
}

static mesh_status refuse(const char *source, int code, size_t offset, mesh_error *err)
{
    char text[256];

    if (code == PCRE2_ERROR_HEAP_FAILED)
        return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
    pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text));
    return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "invalid regular expression at byte %zu: %s",
                          place_in(source, offset), text);
}

static pcre2_code *compile(const struct ecma_regex *regex, int *ret_code, size_t *ret_offset)
{
    uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF |
                       PCRE2_NEVER_BACKSLASH_C;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);

    *ret_code = PCRE2_ERROR_HEAP_FAILED;
    if (!context)
        return NULL;
    /* "[^\ud800-\udfff]" is common. */
    pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALLOW_SURROGATE_ESCAPES);
    if (!regex->has_references)
        options |= PCRE2_NO_AUTO_CAPTURE;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)buf_text(&regex->text), regex->text.len, options, ret_code, ret_offset, context);
    pcre2_compile_context_free(context);
    return code;
}

static mesh_status compile_source(const char *source, struct pattern *pattern, mesh_error *err)
{
    struct ecma_regex regex;
    int problem = 0;
    size_t offset = 0;
    mesh_status status = MESH_OK;

    if (strnlen(source, SOURCE_MAX + 1) > SOURCE_MAX)
        return mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "invalid regular expression: longer than %d bytes",
                              SOURCE_MAX);
    ecma_regex_translate(source, SIZE_MAX, &regex);
    if (regex.problem)
        status = mesh_error_set(err, MESH_E_INVALID_ARGUMENT, "invalid regular expression at byte %zu: %s", regex.at,
                                regex.problem);
    else if (buf_failed(&regex.text))
        status = mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
    else if (!(pattern->code = compile(&regex, &problem, &offset)))
        status = refuse(source, problem, offset, err);
    pattern->callout_cost = regex.longest_run;
    buf_clear(&regex.text);
    return status;
}

mesh_status pattern_compile(const char *source, struct pattern **ret_pattern, mesh_error *err)
{
    auto_free struct pattern *pattern = calloc(1, sizeof(*pattern));

    if (!pattern)
        return mesh_error_set_text(err, MESH_E_NO_MEMORY, NULL);
    mesh_status status = compile_source(source, pattern, err);
    if (status != MESH_OK)
        return status;
    /* Where machine code is forbidden, it is interpreted. */
    bool is_compiled = pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE) == 0;
    pattern->callout_cost += is_compiled ? CALLOUT_COST_COMPILED : CALLOUT_COST_INTERPRETED;
    *ret_pattern = take(&pattern);
    return MESH_OK;
}

bool pattern_is_valid(const char *source)
{
    struct pattern pattern = { 0 };
    bool is_valid = compile_source(source, &pattern, NULL) == MESH_OK;

    pcre2_code_free(pattern.code);
    return is_valid;
}

struct pattern *pattern_free(struct pattern *pattern)
{
    if (pattern)
        pcre2_code_free(pattern->code);
    free(pattern);
    return NULL;
}

/* ---- what each thread searches with ---- */

struct searcher {
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    /* Of the search under way. */
    size_t work, callout_cost, position;
};

static pthread_key_t searcher_key;
static bool key_is_there;

static void searcher_free(void *closure)
{
    struct searcher *searcher = closure;

    if (!searcher)
        return;
    pcre2_match_data_free(searcher->match);
    pcre2_match_context_free(searcher->context);
    pcre2_jit_stack_free(searcher->stack);
    free(searcher);
}

static void make_key(void)
{
    key_is_there = pthread_key_create(&searcher_key, searcher_free) == 0;
}

/* Threads that live on must not call into a library that has been unloaded. */
__attribute__((destructor)) static void remove_key(void)
{
    if (!key_is_there)
        return;
    searcher_free(pthread_getspecific(searcher_key));
    pthread_key_delete(searcher_key);
}

/* What a reference compares, at most. */
static size_t longest_capture(const pcre2_callout_block *block)
{
    size_t longest = 0;

    for (uint32_t i = 1; i < block->capture_top; i++) {
        size_t start = block->offset_vector[2 * i], end = block->offset_vector[2 * i + 1];
        if (start < end && end != PCRE2_UNSET && end - start > longest)
            longest = end - start;
    }
    return longest;
}

static int count_work(pcre2_callout_block *block, void *closure)
{
    struct searcher *searcher = closure;
    size_t position = block->current_position, before = searcher->position;

    searcher->work += (position > before ? position - before : before - position) + searcher->callout_cost;
    if (block->callout_number > 0)
        searcher->work += longest_capture(block);
    searcher->position = position;
    return searcher->work > (size_t)PATTERN_STEPS_MAX * WORK_PER_STEP ? PCRE2_ERROR_CALLOUT : 0;
}

static struct searcher *searcher_new(void)
{
    struct searcher *searcher = calloc(1, sizeof(*searcher));

    if (!searcher)
        return NULL;
    searcher->match = pcre2_match_data_create(1, NULL);
    searcher->context = pcre2_match_context_create(NULL);
    if (!searcher->match || !searcher->context || pthread_setspecific(searcher_key, searcher) != 0) {
        searcher_free(searcher);
        return NULL;
    }
    pcre2_set_callout(searcher->context, count_work, searcher);
    pcre2_set_match_limit(searcher->context, MATCHES_MAX);
    pcre2_set_heap_limit(searcher->context, HEAP_MAX_KIB);
    searcher->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MAX, NULL);
    if (searcher->stack)
        pcre2_jit_stack_assign(searcher->context, NULL, searcher->stack);
    return searcher;
}

static struct searcher *searcher_here(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_key);
    if (!key_is_there)
        return NULL;
    struct searcher *searcher = pthread_getspecific(searcher_key);
    return searcher ? searcher : searcher_new();
}

static void drop_searcher(struct searcher *searcher)
{
    pthread_setspecific(searcher_key, NULL);
    searcher_free(searcher);
}

/* ---- searching ---- */

enum pattern_verdict pattern_search(const struct pattern *pattern, const char *text, size_t len, size_t *ret_steps)
{
    struct searcher *searcher = searcher_here();

    if (!searcher)
        return PATTERN_GIVES_UP;
    searcher->work = searcher->position = 0;
    searcher->callout_cost = pattern->callout_cost;
    int result =
        pcre2_match(pattern->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK, searcher->match, searcher->context);
    if (ret_steps)
        *ret_steps = searcher->work / WORK_PER_STEP;
    if (len > LONG_TEXT)
        drop_searcher(searcher);
    if (result >= 0)
        return PATTERN_MATCHES;
    return result == PCRE2_ERROR_NOMATCH ? PATTERN_DIFFERS : PATTERN_GIVES_UP;
}
