/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of servers, one or several with commas between them, as people may see them. */
#ifndef BASE_URL_H
#define BASE_URL_H

/* The same with "***" for passwords and tokens. Given; free(). NULL: no memory. */
char *url_hide_secrets(const char *url);

#endif
