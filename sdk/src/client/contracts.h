/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of mesh_contract and of mesh_contracts. */
#ifndef CLIENT_CONTRACTS_H
#define CLIENT_CONTRACTS_H

#include <agentmesh/discover.h>

#include "base/buf.h"
#include "wire/contract.h"

struct mesh_contract {
    struct contract *contract;
    struct buf document; /* as it is stored */
};

struct mesh_contracts {
    mesh_contract **contracts;
    size_t count, skipped;
};

#endif
