// A plugin by somebody who has the installed package and nothing else: lists words one by one, in C++17.
#include <agentmesh/agentmesh.h>

#include <exception>
#include <set>
#include <sstream>
#include <string>

namespace {

mesh_status list_words(mesh_request *request, mesh_error *err)
{
    std::istringstream text(mesh_request_string(request, "text", ""));
    std::set<std::string> words;
    for (std::string word; text >> word;)
        words.insert(word);
    for (const std::string &word : words)
        if (mesh_status status = mesh_request_chunkf(request, err, "%s", mesh_quote(request, word.c_str())))
            return status;
    return MESH_OK;
}

mesh_status words(mesh_request *request, void *, mesh_error *err) noexcept
try {
    return list_words(request, err);
} catch (const std::exception &problem) {
    return mesh_error_set_text(err, MESH_E_HANDLER_ERROR, problem.what());
}

constexpr mesh_agent lister = [] {
    mesh_agent agent = MESH_STREAMER("stranger.words", "Lists the words of a text.", words, "{}", "{}");
    agent.concurrency = 4;
    return agent;
}();

} // namespace

MESH_PLUGIN("1.0.0", &lister);
