/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What compiled plugins and programs have of us inside them: sizes, offsets, values. A line here is never changed; a
 * field that is added at the end adds a line, and moves the size. It is checked by the compiler.
 */
#include <agentmesh/agentmesh.h>
#include <agentmesh/serving.h>

#include "suite.h"

#define VALUE(name, value) _Static_assert((name) == (value), #name)

VALUE(MESH_PLUGIN_MAGIC, 0x4d455348u);
VALUE(MESH_PLUGIN_ABI, 1);
VALUE(MESH_YES, 1);
VALUE(MESH_NO, 2);

VALUE(MESH_OK, 0);
VALUE(MESH_E_INVALID_INPUT, 1);
VALUE(MESH_E_HANDLER_ERROR, 2);
VALUE(MESH_E_INVOCATION_MISMATCH, 3);
VALUE(MESH_E_NOT_FOUND, 4);
VALUE(MESH_E_NOT_AVAILABLE, 5);
VALUE(MESH_E_CONNECTION_FAILED, 6);
VALUE(MESH_E_CONNECTION_DENIED, 7);
VALUE(MESH_E_AGENT_DIED, 8);
VALUE(MESH_E_KV_KEY_EXISTS, 9);
VALUE(MESH_E_TIMEOUT, 10);
VALUE(MESH_E_CHUNK_SEQUENCE, 11);
VALUE(MESH_E_MESH, 12);
VALUE(MESH_E_OVERLOADED, 13);
VALUE(MESH_E_NO_MEMORY, 20);
VALUE(MESH_E_INVALID_ARGUMENT, 21);
VALUE(MESH_E_STOPPED, 22);
VALUE(MESH_E_CONFLICT, 23);
VALUE(MESH_E_EXISTS, 24);
VALUE(MESH_E_ANSWERED, 25);
VALUE(MESH_E_END, 26);
VALUE(MESH_E_TOO_LARGE, 27);
VALUE(MESH_E_SYSTEM, 28);
VALUE(MESH_E_INCOMPATIBLE, 29);
VALUE(MESH_E_CALLER_GONE, 30);
VALUE(MESH_E_INVALID_JSON, 31);
VALUE(MESH_E_DATA, 32);

VALUE(MESH_STOP_NONE, 0);
VALUE(MESH_STOP_DEADLINE, 1);
VALUE(MESH_STOP_DRAIN, 2);
VALUE(MESH_STOP_CALLER_GONE, 3);

VALUE(MESH_LOG_DEBUG, 10);
VALUE(MESH_LOG_INFO, 20);
VALUE(MESH_LOG_WARN, 30);
VALUE(MESH_LOG_ERROR, 40);

VALUE(MESH_CLIENT_KEEP_TRYING, 1);
VALUE(MESH_CLIENT_HIDE_ERRORS, 2);
VALUE(MESH_LOCAL_FLOAT, 1);
VALUE(MESH_LOCAL_DETACH, 2);
VALUE(MESH_LOCAL_MARK, 4);

#ifdef __x86_64__

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define FIELD(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)

/* These two never grow. */
SIZE(mesh_bytes, 16);
FIELD(mesh_bytes, data, 0);
FIELD(mesh_bytes, len, 8);

SIZE(mesh_error, 16);
FIELD(mesh_error, status, 0);
FIELD(mesh_error, reserved, 4);
FIELD(mesh_error, detail, 8);

SIZE(mesh_plugin, 56);
FIELD(mesh_plugin, magic, 0);
FIELD(mesh_plugin, abi, 4);
FIELD(mesh_plugin, size, 8);
FIELD(mesh_plugin, header_version, 16);
FIELD(mesh_plugin, flags, 20);
FIELD(mesh_plugin, version, 24);
FIELD(mesh_plugin, agents, 32);
FIELD(mesh_plugin, start, 40);
FIELD(mesh_plugin, stop, 48);

SIZE(mesh_agent, 88);
FIELD(mesh_agent, size, 0);
FIELD(mesh_agent, name, 8);
FIELD(mesh_agent, description, 16);
FIELD(mesh_agent, version, 24);
FIELD(mesh_agent, input_schema, 32);
FIELD(mesh_agent, output_schema, 40);
FIELD(mesh_agent, tags, 48);
FIELD(mesh_agent, call, 56);
FIELD(mesh_agent, stream, 64);
FIELD(mesh_agent, concurrency, 72);
FIELD(mesh_agent, concurrency_limit, 76);
FIELD(mesh_agent, timeout_ms, 80);
FIELD(mesh_agent, mcp, 84);

SIZE(mesh_call_options, 24);
FIELD(mesh_call_options, size, 0);
FIELD(mesh_call_options, request, 8);
FIELD(mesh_call_options, timeout_ms, 16);
FIELD(mesh_call_options, reserved, 20);

SIZE(mesh_client_options, 104);
FIELD(mesh_client_options, size, 0);
FIELD(mesh_client_options, url, 8);
FIELD(mesh_client_options, credentials, 16);
FIELD(mesh_client_options, tls_ca, 24);
FIELD(mesh_client_options, tls_cert, 32);
FIELD(mesh_client_options, tls_key, 40);
FIELD(mesh_client_options, on_event, 48);
FIELD(mesh_client_options, on_event_data, 56);
FIELD(mesh_client_options, connect_timeout_ms, 64);
FIELD(mesh_client_options, call_timeout_ms, 68);
FIELD(mesh_client_options, stream_timeout_ms, 72);
FIELD(mesh_client_options, handler_timeout_ms, 76);
FIELD(mesh_client_options, chunk_timeout_ms, 80);
FIELD(mesh_client_options, drain_timeout_ms, 84);
FIELD(mesh_client_options, queue, 88);
FIELD(mesh_client_options, workers, 92);
FIELD(mesh_client_options, workers_total, 96);
FIELD(mesh_client_options, flags, 100);

SIZE(mesh_event, 40);
FIELD(mesh_event, size, 0);
FIELD(mesh_event, level, 8);
FIELD(mesh_event, status, 12);
FIELD(mesh_event, agent, 16);
FIELD(mesh_event, source, 24);
FIELD(mesh_event, text, 32);

SIZE(mesh_local_options, 40);
FIELD(mesh_local_options, size, 0);
FIELD(mesh_local_options, store, 8);
FIELD(mesh_local_options, program, 16);
FIELD(mesh_local_options, port, 24);
FIELD(mesh_local_options, start_timeout_ms, 28);
FIELD(mesh_local_options, flags, 32);
FIELD(mesh_local_options, reserved, 36);

SIZE(mesh_catalog_entry, 48);
FIELD(mesh_catalog_entry, size, 0);
FIELD(mesh_catalog_entry, name, 8);
FIELD(mesh_catalog_entry, description, 16);
FIELD(mesh_catalog_entry, version, 24);
FIELD(mesh_catalog_entry, tags, 32);
FIELD(mesh_catalog_entry, invocable, 40);
FIELD(mesh_catalog_entry, streaming, 44);

SIZE(mesh_catalog_filter, 32);
FIELD(mesh_catalog_filter, size, 0);
FIELD(mesh_catalog_filter, channel, 8);
FIELD(mesh_catalog_filter, tags, 16);
FIELD(mesh_catalog_filter, invocable, 24);
FIELD(mesh_catalog_filter, streaming, 28);

SIZE(mesh_agent_limits, 32);
FIELD(mesh_agent_limits, size, 0);
FIELD(mesh_agent_limits, name, 8);
FIELD(mesh_agent_limits, concurrency, 16);
FIELD(mesh_agent_limits, queue, 20);
FIELD(mesh_agent_limits, timeout_ms, 24);
FIELD(mesh_agent_limits, reserved, 28);

SIZE(mesh_child_options, 40);
FIELD(mesh_child_options, size, 0);
FIELD(mesh_child_options, name, 8);
FIELD(mesh_child_options, settings, 16);
FIELD(mesh_child_options, limits, 24);
FIELD(mesh_child_options, workers, 32);
FIELD(mesh_child_options, reserved, 36);

SIZE(mesh_counters, 64);
FIELD(mesh_counters, size, 0);
FIELD(mesh_counters, requests, 8);
FIELD(mesh_counters, errors, 16);
FIELD(mesh_counters, timeouts, 24);
FIELD(mesh_counters, overloaded, 32);
FIELD(mesh_counters, late, 40);
FIELD(mesh_counters, running, 48);
FIELD(mesh_counters, queued, 52);
FIELD(mesh_counters, held, 56);
FIELD(mesh_counters, workers, 60);

#endif

static mesh_status call(mesh_request *request, void *state, mesh_error *err)
{
    (void)request;
    (void)state;
    return mesh_error_set(err, MESH_E_MESH, "never called");
}

static const mesh_agent agent = MESH_RESPONDER("name", "about", call, "{}", "{}");
MESH_PLUGIN("1.2.3", &agent);

static void macros_fill_in_what_a_reader_needs(void)
{
    expect_int(agent.size, sizeof(mesh_agent));
    expect_int(mesh_plugin_entry.magic, MESH_PLUGIN_MAGIC);
    expect_int(mesh_plugin_entry.abi, MESH_PLUGIN_ABI);
    expect_int(mesh_plugin_entry.size, sizeof(mesh_plugin));
    expect_int(mesh_plugin_entry.header_version, MESH_VERSION);
    expect_int(mesh_plugin_entry.flags, 0);
    expect_str(mesh_plugin_entry.version, "1.2.3");
    expect_true(mesh_plugin_entry.agents[0] == &agent && !mesh_plugin_entry.agents[1]);
    expect_true(!mesh_plugin_entry.start && !mesh_plugin_entry.stop);
}

SUITE(abi_layout, TEST(macros_fill_in_what_a_reader_needs))
