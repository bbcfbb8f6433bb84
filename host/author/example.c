/* SPDX-License-Identifier: Apache-2.0 */
/* What to type to try a plugin's agents. */
#include "author/example.h"

#include <stdio.h>
#include <string.h>

#include <agentmesh/serving.h>

#include "author/sample.h"
#include "plugin/generation.h"

enum { SAMPLE_MAX = 1 << 12, AGENTS_MAX = 8 };

/* Where a plugin has very many agents, a few show how it goes. */
struct list {
    const struct entry *entry;
    unsigned count;
};

/* One that the plugin lists; NULL: it was registered by start, and its schemas are not known here. */
static const mesh_agent *listed(const struct entry *entry, const char *name)
{
    for (size_t i = 0; i < entry->agent_count; i++) {
        if (strcmp(entry->agents[i].name, name) == 0)
            return &entry->agents[i];
    }
    return NULL;
}

/* Between the quotes of a shell. */
static void print_request(const mesh_agent *agent)
{
    auto_buf struct buf sample;
    buf_init(&sample, SAMPLE_MAX);
    printf("    agentmesh %s %s", agent->stream ? "stream" : "call", agent->name);
    if (agent->input_schema && sample_write(&sample, agent->input_schema) && !strchr(buf_text(&sample), '\''))
        printf(" '%s'", buf_text(&sample));
    else if (agent->input_schema)
        printf(" '...'");
    printf("\n");
}

static int print_one(void *closure, const mesh_agent_stats *stats)
{
    struct list *list = closure;
    const mesh_agent *agent = listed(list->entry, stats->name);
    if (agent && (agent->call || agent->stream))
        print_request(agent);
    else
        printf("    agentmesh contract %s --text\n", stats->name);
    return ++list->count == AGENTS_MAX;
}

void example_tell(const struct generation *generation)
{
    static bool is_told;
    struct list list = { &generation->entry, 0 };
    if (is_told)
        return;
    is_told = true;
    printf("In another terminal, in this folder:\n");
    mesh_child_agents(generation->client, print_one, &list);
    fflush(stdout);
}
