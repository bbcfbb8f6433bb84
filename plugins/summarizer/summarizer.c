/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nlp.summarizer: answers with the most telling sentences of a text, one chunk each. It shows a streamer: how input is
 * checked, how chunks are made and sent, and when to stop.
 */
#include <agentmesh/agentmesh.h>

#include <stdlib.h>

#include "summary.h"

enum { SENTENCES_DEFAULT = 3, SENTENCES_MOST = 20 };

static size_t wanted_sentences(mesh_request *request)
{
    const int64_t wanted = mesh_request_int(request, "sentences", SENTENCES_DEFAULT);
    return wanted < 1 ? 1 : wanted > SENTENCES_MOST ? SENTENCES_MOST : (size_t)wanted;
}

/*
 * A sentence on one line: each run of space becomes one. All but the first have a space in front, so that whoever puts
 * the deltas together has the summary. line has room for one byte more than the sentence.
 */
static mesh_bytes write_line(struct span sentence, bool first, char *line)
{
    size_t len = 0, step;
    bool space = !first;
    for (size_t at = 0; at < sentence.len; at += step) {
        const uint32_t character = character_at((struct span){ sentence.at + at, sentence.len - at }, &step);
        if (character_is_space(character)) {
            space = true;
            continue;
        }
        if (space)
            line[len++] = ' ';
        space = false;
        for (size_t i = 0; i < step; i++)
            line[len++] = sentence.at[at + i];
    }
    return mesh_bytes_of(line, len);
}

static mesh_status send_sentence(mesh_request *request, struct span sentence, bool first, mesh_error *err)
{
    char *line = malloc(sentence.len + 1);
    if (!line)
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory");
    const char *delta = mesh_quote_bytes(request, write_line(sentence, first, line));
    free(line);
    return mesh_request_chunkf(request, err, MESH_JSON({"delta": %s}), delta);
}

static mesh_status summarize(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;

    const mesh_bytes text = mesh_text(mesh_request_string(request, "text", ""));

    struct sentences summary;
    if (!summary_make((struct span){ text.data, text.len }, wanted_sentences(request), &summary))
        return mesh_error_set(err, MESH_E_NO_MEMORY, "out of memory for a text of %zu bytes", text.len);

    mesh_status status = MESH_OK;
    if (summary.count == 0)
        status = mesh_error_set(err, MESH_E_INVALID_INPUT, "'text' has no words to summarize");
    for (size_t i = 0; i < summary.count && status == MESH_OK; i++)
        status = send_sentence(request, summary.list[i], i == 0, err);
    sentences_clear(&summary);
    return status;
}

static const char input_schema[] = MESH_JSON({
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "what to summarize"},
        "sentences": {"type": "integer", "default": 3, "description": "how many sentences to give, 1 to 20"}
    },
    "required": ["text"]
});

static const char chunk_schema[] = MESH_JSON({
    "type": "object",
    "properties": {"delta": {"type": "string", "description": "a sentence; put together they are the summary"}},
    "required": ["delta"]
});

static const mesh_agent summarizer =
    MESH_STREAMER("nlp.summarizer",
                  "Gives the most telling sentences of a text, word for word and in their order. "
                  "For prose in any language, best in English; not for translating or rewriting.",
                  summarize, input_schema, chunk_schema);

MESH_PLUGIN("1.0.0", &summarizer);
