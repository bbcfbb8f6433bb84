/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/quote.h"

#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum { TEXT_MAX = 64 << 20 };

struct quote {
    struct quote *next;
    char text[];
};

static const char *keep(struct quotes *quotes, struct buf *quoted)
{
    struct quote *quote = buf_failed(quoted) ? NULL : malloc(sizeof(*quote) + quoted->len + 1);
    if (!quote) {
        quotes->failed = true;
        return "";
    }
    memcpy(quote->text, buf_text(quoted), quoted->len + 1);
    quote->next = quotes->first;
    quotes->first = quote;
    return quote->text;
}

const char *quotes_add(struct quotes *quotes, mesh_bytes text)
{
    auto_buf struct buf quoted;
    buf_init(&quoted, TEXT_MAX);
    json_quote(&quoted, text.data, text.len);
    return keep(quotes, &quoted);
}

const char *quotes_addv(struct quotes *quotes, const char *format, va_list args)
{
    auto_buf struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_vprintf(&text, format, args);
    if (buf_failed(&text))
        quotes->failed = true;
    return quotes_add(quotes, buf_bytes(&text));
}

void quotes_drop(struct quotes *quotes)
{
    for (struct quote *quote = quotes->first, *next; quote; quote = next) {
        next = quote->next;
        free(quote);
    }
    *quotes = (struct quotes){ 0 };
}

static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

void quote_print(struct buf *out, const char *format, va_list args)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_c_locale);
    locale_t before = uselocale(c_locale);
    buf_vprintf(out, format, args);
    uselocale(before);
}
