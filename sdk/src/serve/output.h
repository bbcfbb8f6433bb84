/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler gives, against what its agent promises. */
#ifndef SERVE_OUTPUT_H
#define SERVE_OUTPUT_H

#include "serve/request.h"

/* MESH_E_INVALID_INPUT with every violation: the caller has been told, as of a failure of the handler, and the request
 * is over. Anything fits where the operator does not want it checked. */
mesh_status output_check(mesh_request *request, mesh_bytes output, mesh_error *err);

#endif
