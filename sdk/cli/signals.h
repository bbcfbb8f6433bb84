/* SPDX-License-Identifier: Apache-2.0 */
/* Staying until somebody wants the program to end. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <stdbool.h>

/* A descriptor in which Ctrl-C and its like wait from now on. Before any thread is started, so that none takes them. */
int signals_catch(void);

/* Until there is a signal (true), or something else has come to its end (false); other -1: nothing else. */
bool signals_wait(int signals, int other);

#endif
