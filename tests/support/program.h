/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program under test: started with arguments and input, its output collected, its end waited for. Whatever goes wrong
 * with starting it ends the test program with 1; one that does not end in time is killed.
 */
#ifndef SUPPORT_PROGRAM_H
#define SUPPORT_PROGRAM_H

#include <sys/types.h>

#include "base/buf.h"

/* What a program that has ended said and returned. */
struct outcome {
    int code; /* the exit code; 128 + the signal that ended it */
    struct buf out, err;
};

#define auto_outcome __attribute__((cleanup(outcome_clear)))

void outcome_clear(struct outcome *outcome);

/* Run to the end. input: for its stdin; NULL: /dev/null. argv: ends with NULL. */
void program_run(struct outcome *outcome, const char *input, const char *const *argv);

/* The same, writing into descriptors of the caller's (-1: not open at all). Returns the code. */
int program_run_into(int out_fd, int err_fd, const char *const *argv);

/* One that runs beside the test. Give it up with program_stop(). */
struct program {
    pid_t pid;
    int out_fd; /* its stdout; its stderr is ours */
};

void program_start(struct program *program, const char *const *argv);

/* Its next line, without the newline, to free(); NULL: it has ended, or says nothing for too long. */
char *program_line(const struct program *program);

/* Send a signal (0: none), wait for the end, return the code. */
int program_stop(struct program *program, int signal);

#endif
