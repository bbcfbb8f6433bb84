/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of ours leave the signals to the program's own: block them where one may be made. */
#ifndef LINK_SIGNALS_H
#define LINK_SIGNALS_H

#include <signal.h>

/* All but those by which the kernel tells of a fault. */
void signals_block(sigset_t *ret_before);
void signals_restore(const sigset_t *before);

#endif
