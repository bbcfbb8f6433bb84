/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: operators ask, the host answers. One conversation is one connection: the operator sends a JSON
 * object on a line, gets one back, and that is it. Only root, the host's own user and members of one group are heard.
 * All functions are [main].
 *
 *   asked     {"do": "reload", "plugin": "echo", ...}
 *   answered  {"ok": true, "result": ...}
 *             {"ok": false, "error": {"code": "not_found", "message": "..."}}
 */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#include <cjson/cJSON.h>
#include <stdint.h>
#include <sys/types.h>

#include <agentmesh/error.h>

#include "base/buf.h"

struct control;
struct conversation;

/* What an operator asks. The conversation is answered by conversation_answer() or conversation_refuse(), once, now or
 * later; until then it may be kept. asked is lent for the call. */
typedef void (*control_hear)(void *closure, struct conversation *conversation, const cJSON *asked);

/*
 * Listen at a path. What is there of a host that has ended is replaced.
 *
 * group        whose members are heard too; (gid_t)-1: none
 * ret_control  given; end it with control_close()
 * MESH_E_EXISTS    another host listens there
 * MESH_E_TOO_LARGE the path is longer than a socket's may be
 */
mesh_status control_open(const char *path, gid_t group, control_hear hear, void *closure, struct control **ret_control,
                         mesh_error *err);

/* Stop listening and hang up on everybody. Returns NULL; NULL is fine. */
struct control *control_close(struct control *control);

/* From now on another group is heard. */
void control_set_group(struct control *control, gid_t group);

/* Readable when there is something to attend to. */
int control_fd(const struct control *control);
void control_attend(struct control *control);

/* When to attend even if nothing is readable (clock_ms()): those who connect and say nothing are not waited for. */
uint64_t control_due(const struct control *control);

/* Answer; result is JSON text, or empty for null. The conversation is over. */
void conversation_answer(struct conversation *conversation, mesh_bytes result);

/* Answer that it was not done, and why. The conversation is over. */
void conversation_refuse(struct conversation *conversation, const mesh_error *err);

#endif
