/* SPDX-License-Identifier: Apache-2.0 */
/* What a command line may go on with, for the completion of shells; told from the table of commands. */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

/*
 * Print what may stand in the place of the last word, a line for each: the word, a tab, what it is. ":files" and
 * ":folders" stand for paths, which a shell knows better. Says nothing else: where no mesh and no host answer within a
 * second there are no names of agents and plugins. Returns the exit code.
 *
 * words  what stands behind the program's name, as typed, to the cursor; the last one, which may be empty, tells only
 *        whether an option is wanted
 */
int complete(int count, char **words);

#endif
