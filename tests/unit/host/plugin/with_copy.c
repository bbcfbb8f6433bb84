/* SPDX-License-Identifier: Apache-2.0 */
/* What the symbol table of a plugin looks like that has a part of libagentmesh linked in, hidden. */
__attribute__((visibility("default"))) extern const int mesh_plugin_entry;
const int mesh_plugin_entry = 0;

__attribute__((used)) void mesh_client_open(void);

void mesh_client_open(void)
{
}
