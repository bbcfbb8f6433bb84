/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of what comes from the network: seeded once per process, so that collisions cannot be foreseen. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Go on from a hash, or begin with 0. */
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len);
uint64_t hash_word(uint64_t hash, uint64_t word);

/* Before hashes are added up, which forgets their order: without it the parts of two sums could be exchanged unseen. */
uint64_t hash_mix(uint64_t hash);

#endif
