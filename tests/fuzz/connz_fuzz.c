/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a server's list of connections. */
#include <string.h>

#include "fuzz.h"
#include "wire/advisory.h"
#include "wire/subject.h"

static void look(void *closure, const struct host_connection *connection)
{
    must(token_is_valid(connection->instance_id));
    must(strlen(connection->server) < sizeof(connection->server));
    ++*(size_t *)closure;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = 0;
    uint64_t left = 0;
    mesh_error err = MESH_ERROR_INIT;
    mesh_status status = connz_read(mesh_bytes_of(data, size), look, &count, &left, &err);

    must(status == MESH_OK || status == MESH_E_DATA);
    must(status == MESH_OK || count == 0);
    must(status == MESH_OK || mesh_error_text(&err)[0]);
    mesh_error_clear(&err);
    return 0;
}
