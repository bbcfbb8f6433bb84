/* SPDX-License-Identifier: Apache-2.0 */
/* Fails the nth allocation of the thread that asked for it. */
#include "torture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "suite.h"

static _Thread_local size_t countdown; /* the allocation that makes it 0 fails; 0: none does */
static _Thread_local bool has_struck;

static bool strikes(void)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    has_struck = true;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
int __real_vasprintf(char **ret_text, const char *format, va_list args) __attribute__((__format__(__printf__, 2, 0)));

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
int __wrap_vasprintf(char **ret_text, const char *format, va_list args) __attribute__((__format__(__printf__, 2, 0)));

void *__wrap_malloc(size_t size)
{
    return strikes() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return strikes() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return strikes() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return strikes() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
    return strikes() ? NULL : __real_strndup(text, len);
}

int __wrap_vasprintf(char **ret_text, const char *format, va_list args)
{
    return strikes() ? -1 : __real_vasprintf(ret_text, format, args);
}

void torture(bool (*attempt)(void))
{
    cJSON_Hooks hooks = { __wrap_malloc, free };

    cJSON_InitHooks(&hooks);
    for (size_t at = 1;; at++) {
        countdown = at;
        has_struck = false;
        bool succeeded = attempt();
        countdown = 0;
        if (!has_struck) {
            expect_true(succeeded);
            expect_true(at > 1);
            break;
        }
    }
    cJSON_InitHooks(NULL);
}

bool torture_has_struck(void)
{
    return has_struck;
}
