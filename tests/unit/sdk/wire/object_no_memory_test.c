/* SPDX-License-Identifier: Apache-2.0 */
/* What meta documents do when memory runs out: each allocation fails once. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "golden.h"
#include "suite.h"
#include "torture.h"
#include "wire/object.h"

static char *document;

/* Whether it succeeded; it must have, or have told that memory ran out. */
static bool succeeded(mesh_status status)
{
    if (status != MESH_OK)
        expect_int(status, MESH_E_NO_MEMORY);
    return status == MESH_OK;
}

static bool read_and_write(void)
{
    auto_object struct object object = { 0 };
    auto_buf struct buf out = { .max = 10000 };
    mesh_error err = MESH_ERROR_INIT;
    bool ok = succeeded(object_read(mesh_text(document), &object, &err));

    if (ok) {
        object_write(&out, "mesh-artifacts", &object, OBJECT_CHUNK_SIZE);
        ok = succeeded(buf_error(&out, NULL));
    }
    mesh_error_clear(&err);
    return ok;
}

static void reading_and_writing_a_document(void)
{
    document = golden("object/slash.json");
    torture(read_and_write);
    free(document);
}

SUITE(wire_object_no_memory, TEST(reading_and_writing_a_document))
