/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded messages (tests/golden/message): what is sent is compared with them, and they are sent anew to be read. */
#ifndef SUPPORT_RECORDING_H
#define SUPPORT_RECORDING_H

#include "peer.h"

struct recording;

/* "publish-json": tests/golden/message/publish-json.json. Ends the program if it cannot be read. */
struct recording *recording_open(const char *name);
struct recording *recording_close(struct recording *recording); /* returns NULL */

const char *recording_subject(const struct recording *recording, size_t index);
const char *recording_header(const struct recording *recording, size_t index, const char *name); /* NULL: none */
mesh_bytes recording_body(struct recording *recording, size_t index);

/* Expect a message to be as recorded: subject but for an id at its end, the same headers of the mesh, equal but for
 * ids, which are 32 hex digits; the reply subject as with the subject; the body byte for byte. */
void recording_expect(struct recording *recording, size_t index, const struct link_message *got);

/* Send one anew, to its own subject or another. */
void recording_say(struct recording *recording, size_t index, struct peer *peer, const char *subject);

#endif
