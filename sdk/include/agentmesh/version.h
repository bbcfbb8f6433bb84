/* SPDX-License-Identifier: Apache-2.0 */
/* The version of these headers, and the macros that every public header uses. */
#ifndef AGENTMESH_VERSION_H
#define AGENTMESH_VERSION_H

#define MESH_VERSION_MAJOR 0
#define MESH_VERSION_MINOR 1
#define MESH_VERSION_PATCH 0

/* One number to compare: 0x00MMmmpp. */
#define MESH_VERSION (MESH_VERSION_MAJOR << 16 | MESH_VERSION_MINOR << 8 | MESH_VERSION_PATCH)

#ifdef __cplusplus
#define MESH_BEGIN_DECLS extern "C" {
#define MESH_END_DECLS }
#else
#define MESH_BEGIN_DECLS
#define MESH_END_DECLS
#endif

#if defined(__GNUC__) || defined(__clang__)
#define MESH_API __attribute__((visibility("default")))
#define MESH_PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))
#else
#define MESH_API
#define MESH_PRINTF(at, first)
#endif

/* For fields of which 0 says "not said". */
enum { MESH_YES = 1, MESH_NO = 2 };

MESH_BEGIN_DECLS

/** The version of the library in use, "0.1.0". Lives for ever. [any-thread] */
MESH_API const char *mesh_version(void);

MESH_END_DECLS

#endif
