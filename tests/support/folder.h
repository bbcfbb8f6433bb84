/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for one test, under TMPDIR, removed with all that is in it. Whatever fails here ends the program. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <stddef.h>

char *folder_new(void); /* its path; end it with folder_remove() */

void folder_remove(char *folder); /* NULL is fine */

static inline void cleanup_folder(char **slot)
{
    folder_remove(*slot);
}

#define auto_folder __attribute__((cleanup(cleanup_folder)))

/* "folder/name", to free(). */
char *folder_path(const char *folder, const char *name);

/* Write a file in place, as an editor without a temporary file does. */
void folder_write(const char *folder, const char *name, const char *content);
void folder_write_bytes(const char *folder, const char *name, const void *data, size_t len);

/* Copy a file into the folder under a name: in place (cp), or by a temporary name and a rename (install, mv). */
void folder_copy(const char *folder, const char *name, const char *from);
void folder_put(const char *folder, const char *name, const char *from);

#endif
