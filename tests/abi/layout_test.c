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
VALUE(MESH_STOP_GATE, 4);

VALUE(MESH_REPLAY, 1);
VALUE(MESH_SKIP, 2);

VALUE(MESH_LOG_DEBUG, 10);
VALUE(MESH_LOG_INFO, 20);
VALUE(MESH_LOG_WARN, 30);
VALUE(MESH_LOG_ERROR, 40);
VALUE(MESH_LOG_OFF, 100);

VALUE(MESH_LEVEL_DEFAULT, 1);
VALUE(MESH_LEVEL_GLOBAL, 2);
VALUE(MESH_LEVEL_AGENT, 3);
VALUE(MESH_USAGE_INPUT_TOKENS, 1);
VALUE(MESH_USAGE_OUTPUT_TOKENS, 2);
VALUE(MESH_USAGE_TOTAL_TOKENS, 4);
VALUE(MESH_USAGE_COST, 8);
VALUE(MESH_TOOL_NEUTRAL, 1);
VALUE(MESH_TOOL_OPENAI_CHAT, 2);
VALUE(MESH_TOOL_OPENAI_RESPONSES, 3);
VALUE(MESH_TOOL_ANTHROPIC, 4);
VALUE(MESH_TOOL_STRICT, 1);
VALUE(MESH_TOOL_STREAMING, 2);

VALUE(MESH_CLIENT_KEEP_TRYING, 1);
VALUE(MESH_CLIENT_HIDE_ERRORS, 2);
VALUE(MESH_CLIENT_DISPATCH, 8);
VALUE(MESH_CLIENT_CHECK_OUTPUT, 4);
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

SIZE(mesh_plugin, 80);
FIELD(mesh_plugin, magic, 0);
FIELD(mesh_plugin, abi, 4);
FIELD(mesh_plugin, size, 8);
FIELD(mesh_plugin, header_version, 16);
FIELD(mesh_plugin, flags, 20);
FIELD(mesh_plugin, version, 24);
FIELD(mesh_plugin, agents, 32);
FIELD(mesh_plugin, start, 40);
FIELD(mesh_plugin, stop, 48);
FIELD(mesh_plugin, settings, 56);
FIELD(mesh_plugin, save, 64);
FIELD(mesh_plugin, restore, 72);

SIZE(mesh_setting_spec, 64);
FIELD(mesh_setting_spec, size, 0);
FIELD(mesh_setting_spec, key, 8);
FIELD(mesh_setting_spec, fallback, 16);
FIELD(mesh_setting_spec, help, 24);
FIELD(mesh_setting_spec, choices, 32);
FIELD(mesh_setting_spec, min, 40);
FIELD(mesh_setting_spec, max, 48);
FIELD(mesh_setting_spec, type, 56);
FIELD(mesh_setting_spec, is_required, 60);

SIZE(mesh_agent, 144);
FIELD(mesh_agent, size, 0);
FIELD(mesh_agent, name, 8);
FIELD(mesh_agent, description, 16);
FIELD(mesh_agent, version, 24);
FIELD(mesh_agent, input_schema, 32);
FIELD(mesh_agent, output_schema, 40);
FIELD(mesh_agent, message_schema, 48);
FIELD(mesh_agent, tags, 56);
FIELD(mesh_agent, call, 64);
FIELD(mesh_agent, stream, 72);
FIELD(mesh_agent, publish, 80);
FIELD(mesh_agent, run, 88);
FIELD(mesh_agent, on_message, 96);
FIELD(mesh_agent, sources, 104);
FIELD(mesh_agent, active_when, 112);
FIELD(mesh_agent, concurrency, 120);
FIELD(mesh_agent, concurrency_limit, 124);
FIELD(mesh_agent, timeout_ms, 128);
FIELD(mesh_agent, every_ms, 132);
FIELD(mesh_agent, mcp, 136);
FIELD(mesh_agent, reserved, 140);

SIZE(mesh_source, 40);
FIELD(mesh_source, size, 0);
FIELD(mesh_source, subject, 8);
FIELD(mesh_source, keys, 16);
FIELD(mesh_source, queue, 24);
FIELD(mesh_source, initial, 32);
FIELD(mesh_source, reserved, 36);

SIZE(mesh_gate, 40);
FIELD(mesh_gate, size, 0);
FIELD(mesh_gate, key, 8);
FIELD(mesh_gate, subject, 16);
FIELD(mesh_gate, is_open, 24);
FIELD(mesh_gate, initial, 32);
FIELD(mesh_gate, drain_timeout_ms, 36);

SIZE(mesh_send_options, 56);
FIELD(mesh_send_options, size, 0);
FIELD(mesh_send_options, reply_to, 8);
FIELD(mesh_send_options, on_reply, 16);
FIELD(mesh_send_options, on_done, 24);
FIELD(mesh_send_options, data, 32);
FIELD(mesh_send_options, request, 40);
FIELD(mesh_send_options, timeout_ms, 48);
FIELD(mesh_send_options, reserved, 52);

SIZE(mesh_publish_options, 24);
FIELD(mesh_publish_options, size, 0);
FIELD(mesh_publish_options, content_type, 8);
FIELD(mesh_publish_options, headers, 16);

SIZE(mesh_subscribe_options, 40);
FIELD(mesh_subscribe_options, size, 0);
FIELD(mesh_subscribe_options, agent, 8);
FIELD(mesh_subscribe_options, channel, 16);
FIELD(mesh_subscribe_options, subject, 24);
FIELD(mesh_subscribe_options, timeout_ms, 32);
FIELD(mesh_subscribe_options, flags, 36);

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

SIZE(mesh_local_options, 64);
FIELD(mesh_local_options, size, 0);
FIELD(mesh_local_options, store, 8);
FIELD(mesh_local_options, program, 16);
FIELD(mesh_local_options, port, 24);
FIELD(mesh_local_options, start_timeout_ms, 28);
FIELD(mesh_local_options, flags, 32);
FIELD(mesh_local_options, reserved, 36);
FIELD(mesh_local_options, monitor, 40);
FIELD(mesh_local_options, on_event, 48);
FIELD(mesh_local_options, on_event_data, 56);

SIZE(mesh_monitor_options, 96);
FIELD(mesh_monitor_options, size, 0);
FIELD(mesh_monitor_options, url, 8);
FIELD(mesh_monitor_options, credentials, 16);
FIELD(mesh_monitor_options, sys_url, 24);
FIELD(mesh_monitor_options, sys_credentials, 32);
FIELD(mesh_monitor_options, tls_ca, 40);
FIELD(mesh_monitor_options, tls_cert, 48);
FIELD(mesh_monitor_options, tls_key, 56);
FIELD(mesh_monitor_options, store, 64);
FIELD(mesh_monitor_options, on_event, 72);
FIELD(mesh_monitor_options, on_event_data, 80);
FIELD(mesh_monitor_options, sweep_ms, 88);
FIELD(mesh_monitor_options, flags, 92);

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

SIZE(mesh_log_event, 64);
FIELD(mesh_log_event, size, 0);
FIELD(mesh_log_event, timestamp, 8);
FIELD(mesh_log_event, agent, 16);
FIELD(mesh_log_event, event, 24);
FIELD(mesh_log_event, request_id, 32);
FIELD(mesh_log_event, message, 40);
FIELD(mesh_log_event, data, 48);
FIELD(mesh_log_event, level, 56);
FIELD(mesh_log_event, reserved, 60);

SIZE(mesh_usage, 56);
FIELD(mesh_usage, size, 0);
FIELD(mesh_usage, input_tokens, 8);
FIELD(mesh_usage, output_tokens, 16);
FIELD(mesh_usage, total_tokens, 24);
FIELD(mesh_usage, estimated_cost_usd, 32);
FIELD(mesh_usage, model, 40);
FIELD(mesh_usage, given, 48);
FIELD(mesh_usage, reserved, 52);

SIZE(mesh_agent_limits, 48);
FIELD(mesh_agent_limits, size, 0);
FIELD(mesh_agent_limits, name, 8);
FIELD(mesh_agent_limits, concurrency, 16);
FIELD(mesh_agent_limits, queue, 20);
FIELD(mesh_agent_limits, timeout_ms, 24);
FIELD(mesh_agent_limits, check_output, 28);
FIELD(mesh_agent_limits, gate_key, 32);
FIELD(mesh_agent_limits, gate_subject, 40);

SIZE(mesh_child_options, 48);
FIELD(mesh_child_options, size, 0);
FIELD(mesh_child_options, name, 8);
FIELD(mesh_child_options, settings, 16);
FIELD(mesh_child_options, limits, 24);
FIELD(mesh_child_options, on_thread, 32);
FIELD(mesh_child_options, workers, 40);
FIELD(mesh_child_options, reserved, 44);

SIZE(mesh_agent_stats, 64);
FIELD(mesh_agent_stats, size, 0);
FIELD(mesh_agent_stats, name, 8);
FIELD(mesh_agent_stats, requests, 16);
FIELD(mesh_agent_stats, errors, 24);
FIELD(mesh_agent_stats, p50_us, 32);
FIELD(mesh_agent_stats, p99_us, 40);
FIELD(mesh_agent_stats, running, 48);
FIELD(mesh_agent_stats, queued, 52);
FIELD(mesh_agent_stats, active, 56);
FIELD(mesh_agent_stats, reserved, 60);

SIZE(mesh_counters, 80);
FIELD(mesh_counters, size, 0);
FIELD(mesh_counters, requests, 8);
FIELD(mesh_counters, errors, 16);
FIELD(mesh_counters, faults, 24);
FIELD(mesh_counters, timeouts, 32);
FIELD(mesh_counters, overloaded, 40);
FIELD(mesh_counters, late, 48);
FIELD(mesh_counters, running, 56);
FIELD(mesh_counters, queued, 60);
FIELD(mesh_counters, held, 64);
FIELD(mesh_counters, workers, 68);
FIELD(mesh_counters, stuck, 72);
FIELD(mesh_counters, reserved, 76);

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
