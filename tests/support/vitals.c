/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has taken from the system, as /proc tells it. */
#include "vitals.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *must_open(FILE *file, const char *path)
{
    if (file)
        return file;
    fprintf(stderr, "vitals: cannot read '%s': %s\n", path, strerror(errno));
    exit(1);
}

static unsigned count_entries(const char *path)
{
    DIR *folder = opendir(path);
    unsigned count = 0;
    if (!folder)
        must_open(NULL, path);
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static unsigned count_lines(const char *path)
{
    FILE *file = must_open(fopen(path, "re"), path);
    unsigned count = 0;
    for (int c; (c = getc(file)) != EOF;)
        count += c == '\n';
    fclose(file);
    return count;
}

static unsigned long read_resident_kb(const char *path)
{
    FILE *file = must_open(fopen(path, "re"), path);
    char line[256];
    unsigned long kb = 0;
    while (fgets(line, sizeof(line), file) && sscanf(line, "VmRSS: %lu", &kb) != 1)
        continue;
    fclose(file);
    return kb;
}

struct vitals vitals_of(pid_t pid)
{
    struct vitals vitals;
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    vitals.descriptors = count_entries(path);
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    vitals.threads = count_entries(path);
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    vitals.mappings = count_lines(path);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    vitals.resident_kb = read_resident_kb(path);
    return vitals;
}

void vitals_print(const char *when, const struct vitals *vitals)
{
    printf("     %s: %u descriptors, %u threads, %u mappings, %lu KiB\n", when, vitals->descriptors, vitals->threads,
           vitals->mappings, vitals->resident_kb);
}
