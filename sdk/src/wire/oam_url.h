/* SPDX-License-Identifier: Apache-2.0 */
/* The text of an .oam-url file: a bare URL, or TOML with url and creds (protocol 3.4). */
#ifndef WIRE_OAM_URL_H
#define WIRE_OAM_URL_H

#include "base/buf.h"

struct oam_url {
    char *url;   /* NULL if the file names none */
    char *creds; /* NULL if the file names none; relative to the file's folder */
};

/* False: no memory. Anything else can be read, if only as nothing. */
bool oam_url_read(mesh_bytes text, struct oam_url *ret);
void oam_url_clear(struct oam_url *value);

/* creds NULL: the URL and a newline; else the two TOML lines, escaped. */
void oam_url_write(struct buf *out, const char *url, const char *creds);

#endif
