/* SPDX-License-Identifier: Apache-2.0 */
/* A question to a host's control socket. */
#ifndef SUPPORT_CONTROL_H
#define SUPPORT_CONTROL_H

/* Ask one line of JSON and wait for the answer, to free(); NULL: nobody listens, or it hung up without one. */
char *control_ask(const char *path, const char *line);

#endif
