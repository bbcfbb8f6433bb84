/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler as an author of plugins uses it: at test time, straight into a folder. */
#ifndef SUPPORT_COMPILER_H
#define SUPPORT_COMPILER_H

/* Compile SOURCE (beside the test) to a plugin at path, by "cc -o path"; flags end with NULL. The program ends if that
 * fails. */
void compile_plugin(const char *source, const char *path, ...) __attribute__((sentinel));

#endif
