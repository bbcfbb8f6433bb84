/* SPDX-License-Identifier: Apache-2.0 */
/* What to type to try a plugin's agents. */
#ifndef HOST_EXAMPLE_H
#define HOST_EXAMPLE_H

struct generation;

/* Print it to stdout, a line for each agent, when the first generation serves; later ones are what they were. [main] */
void example_tell(const struct generation *generation);

#endif
