/* SPDX-License-Identifier: Apache-2.0 */
/* Request and instance ids: a random UUID v4 as 32 lowercase hex digits (protocol 1.4). */
#ifndef BASE_ID_H
#define BASE_ID_H

enum { ID_SIZE = 33 }; /* with the terminator */

void id_new(char id[ID_SIZE]);

#endif
