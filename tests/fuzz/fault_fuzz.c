/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an error envelope: what is read can be written, and is read again as the same. */
#include "wire/fault.h"

#include <string.h>

#include "base/json.h"
#include "fuzz.h"

static void must_be_same(const mesh_error *a, const mesh_error *b)
{
    must(a->status == b->status);
    must(strcmp(mesh_error_code(a), mesh_error_code(b)) == 0);
    must(strcmp(mesh_error_message(a), mesh_error_message(b)) == 0);
    must(strcmp(mesh_error_agent(a), mesh_error_agent(b)) == 0);
    must(strcmp(mesh_error_request_id(a), mesh_error_request_id(b)) == 0);
    must(strcmp(mesh_error_details(a), mesh_error_details(b)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mesh_error err = MESH_ERROR_INIT, again = MESH_ERROR_INIT;
    auto_buf struct buf envelope = { .max = SIZE_MAX };

    must(fault_read(mesh_bytes_of(data, size), "echo", NULL, &err) == err.status);
    must(err.status != MESH_OK);
    fault_write(&envelope, &err, "echo", "1");
    must(json_check(buf_bytes(&envelope), NULL) == MESH_OK);
    fault_read(buf_bytes(&envelope), "echo", mesh_error_request_id(&err), &again);
    if (err.status == MESH_E_KV_KEY_EXISTS)
        must(again.status == MESH_E_HANDLER_ERROR && strstr(mesh_error_details(&again), "kv_key_exists"));
    else
        must_be_same(&err, &again);
    mesh_error_clear(&err);
    mesh_error_clear(&again);
    return 0;
}
