/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crash record: which plugin ended the process, written by a signal handler into the state folder and read by the
 * next host. A crash inside a plugin takes the host with it; what can be done is not to load that version again.
 *
 * Plugin code runs only on threads that bear their generation's name ("g7.echo"), which is how the handler knows whom
 * to blame. A plugin that calls exit() is told in the same way; _exit() leaves no record. What another
 * process sends, and what a child does that a plugin has forked, is nobody's fault.
 */
#ifndef PLUGIN_CRASH_H
#define PLUGIN_CRASH_H

#include <stdbool.h>

#include <agentmesh/error.h>

#include "plugin/image.h"

/* What the last host has left. */
struct crash {
    char plugin[65], hash[IMAGE_HASH_SIZE]; /* "" if none is to blame */
    char agent[129];                        /* "" if it was in none's handler */
    char what[32];                          /* "SIGSEGV", "exit" */
};

/* Read the record that a host has left in a folder and remove it. False: there is none. [main] */
bool crash_read(const char *folder, struct crash *ret_crash);

/* Be ready to write a record there, from now on until crash_end(). [main, once] */
mesh_status crash_begin(const char *folder, mesh_error *err);

/* Code of a plugin is going to run on this thread: give the handler a stack of its own, for the thread's may be full. A
 * second time is fine. [any-thread] */
void crash_enter_thread(void);

/* A plugin had taken a signal for itself and is about to go: hear it again if it is one of a crash. [any-thread] */
void crash_watch(int number);

/* The host ends by itself: nothing is recorded any more. [any-thread] */
void crash_end(void);

/* A generation is loaded; is gone. [any-thread] */
void crash_know(unsigned generation, const char *plugin, const char *hash);
void crash_forget(unsigned generation);

#endif
