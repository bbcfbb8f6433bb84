/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffer. */
#include "base/buf.h"

#include <stdint.h>

#include "base/cleanup.h"
#include "suite.h"

static void an_empty_buffer_is_an_empty_text(void)
{
    auto_buf struct buf buf = { 0 };

    buf_init(&buf, 10);
    expect_str(buf_text(&buf), "");
    expect_int(buf_bytes(&buf).len, 0);
    expect_true(buf_bytes(&buf).data != NULL);
    auto_free char *taken = buf_take(&buf);
    expect_str(taken, "");
}

static void it_grows(void)
{
    auto_buf struct buf buf = { .max = 100000 };

    for (int i = 0; i < 10000; i++)
        buf_printf(&buf, "%d,", i % 10);
    buf_puts(&buf, "end");
    buf_putc(&buf, '.');
    buf_append(&buf, NULL, 0);
    expect_int(buf.len, 20004);
    expect_str(buf_text(&buf) + 19998, "9,end.");
    expect_false(buf_failed(&buf));
    buf_truncate(&buf, 4);
    expect_str(buf_text(&buf), "0,1,");
}

static void it_takes_exactly_its_ceiling(void)
{
    auto_buf struct buf buf = { .max = 4 };

    buf_puts(&buf, "abcd");
    expect_false(buf_failed(&buf));
    expect_str(buf_text(&buf), "abcd");
    buf_putc(&buf, 'e');
    expect_true(buf_failed(&buf));
    expect_str(buf_text(&buf), "abcd");
}

static void failure_sticks_and_is_told(void)
{
    mesh_error err = MESH_ERROR_INIT;
    auto_buf struct buf buf = { .max = 4 };

    expect_int(buf_error(&buf, &err), MESH_OK);
    buf_printf(&buf, "%s", "too long");
    buf_putc(&buf, 'x');
    expect_str(buf_text(&buf), "");
    expect_int(buf_error(&buf, &err), MESH_E_TOO_LARGE);
    expect_str(mesh_error_text(&err), "larger than 4 bytes");
    expect_true(buf_take(&buf) == NULL);
    expect_int(buf_error(&buf, NULL), MESH_E_TOO_LARGE);
    buf_reset(&buf);
    buf_puts(&buf, "fits");
    expect_str(buf_text(&buf), "fits");
    expect_int(buf_error(&buf, NULL), MESH_OK);
    mesh_error_clear(&err);
}

static void what_is_taken_is_gone(void)
{
    auto_buf struct buf buf = { .max = 10 };

    buf_puts(&buf, "one");
    auto_free char *one = buf_take(&buf);
    buf_puts(&buf, "two");
    auto_free char *two = buf_take(&buf);
    expect_str(one, "one");
    expect_str(two, "two");
    expect_int(buf.len, 0);
}

static void a_ceiling_may_be_the_largest_number(void)
{
    auto_buf struct buf buf = { .max = SIZE_MAX };

    buf_puts(&buf, "x");
    expect_str(buf_text(&buf), "x");
    buf_append(&buf, "x", SIZE_MAX - 1);
    expect_int(buf_error(&buf, NULL), MESH_E_TOO_LARGE);
}

SUITE(base_buf, TEST(an_empty_buffer_is_an_empty_text), TEST(it_grows), TEST(it_takes_exactly_its_ceiling),
      TEST(failure_sticks_and_is_told), TEST(what_is_taken_is_gone), TEST(a_ceiling_may_be_the_largest_number))
