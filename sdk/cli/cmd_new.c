/* SPDX-License-Identifier: Apache-2.0 */
/* agentmesh new: a whole project for a plugin: source, test, CMake, settings, a page to read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/guess.h"
#include "command.h"
#include "print.h"
#include "template.h"

enum { FILE_MAX = 1 << 16, NAME_LEN_MAX = 64 };

/* What is asked of an agent of this shape, and what comes; by name, which is "@NAME@" in texts. */
struct shape {
    const char *name, *what;
    const char *about;
    const char *setting; /* a line of mesh.ini */
    const char *try;     /* in the README: how to see it work */
    const char *next;    /* the same on one line, for the terminal */
};

struct lang {
    const char *name;
    const char *extension, *language, *standard;
};

static const struct shape shapes[] = {
    { "responder", "a responder", "it greets somebody by name.", "greeting = Good morning",
      "Ask it from another terminal in the same folder, or once without any server:\n\n```sh\n"
      "agentmesh call @NAME@ '{\"name\": \"Ada\"}'\n"
      "echo '{\"name\": \"Ada\"}' | agentmesh run build/@NAME@.so --config mesh.ini --input -\n```",
      "agentmesh call @NAME@ '{\"name\": \"Ada\"}'" },
    { "streamer", "a streamer", "it gives the words of a text, one by one.", "most = 100",
      "Ask it from another terminal in the same folder, or once without any server:\n\n```sh\n"
      "agentmesh stream @NAME@ '{\"text\": \"to be or not\"}'\n"
      "echo '{\"text\": \"to be or not\"}' | agentmesh run build/@NAME@.so --config mesh.ini --input -\n```",
      "agentmesh stream @NAME@ '{\"text\": \"to be or not\"}'" },
    { "trigger", "a trigger", "it tells how often it was asked.", "first = 100",
      "Ask it from another terminal in the same folder, or once without any server:\n\n```sh\n"
      "agentmesh call @NAME@\n"
      "agentmesh run build/@NAME@.so --config mesh.ini --input /dev/null\n```",
      "agentmesh call @NAME@" },
    { "publisher", "a publisher", "it counts, and tells whoever listens.", "every = 500ms",
      "Programs listen to it by `mesh_subscribe()`. What it says of itself, from another terminal in the same\n"
      "folder:\n\n```sh\nagentmesh contract @NAME@ --text\n```",
      "agentmesh contract @NAME@ --text" },
    { "task", "a background task", "it writes the time into a shared key.", "key = @NAME@",
      "Programs read the key by `mesh_key_get()`. What the agent says of itself, from another terminal in the same\n"
      "folder:\n\n```sh\nagentmesh contract @NAME@ --text\n```",
      "agentmesh contract @NAME@ --text" },
    { "source", "an agent driven by a subject", "it passes on what fits from the subject `@NAME@.in`.",
      "to = @NAME@.out",
      "Programs send to it by `mesh_publish()`. What it says of itself, from another terminal in the same\n"
      "folder:\n\n```sh\nagentmesh contract @NAME@ --text\n```",
      "agentmesh contract @NAME@ --text" },
};

static const struct lang langs[] = {
    { "c", "c", "C", "c_std_11" },
    { "c++", "cc", "CXX", "cxx_std_17" },
};

/* Where each file goes, and the template it is made of. */
static const struct {
    const char *path, *template;
} files[] = {
    { "CMakeLists.txt", "CMakeLists.txt" },
    { "src/@NAME@.@EXT@", "@SHAPE@.@EXT@" },
    { "test/@NAME@_test.@EXT@", "@SHAPE@_test" },
    { "mesh.ini", "mesh.ini" },
    { "README.md", "README.md" },
    { ".gitignore", "gitignore" },
};

/* A project to be written. */
struct project {
    const char *name, *folder;
    const struct shape *shape;
    const struct lang *lang;
};

/* ---- what is asked for ---- */

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool is_in_parts(const char *name)
{
    for (const char *at = name; *at; at++) {
        bool begins = at == name || at[-1] == '.';
        bool is_good = *at == '.' ? !begins && at[1] : is_name_byte(*at) && (at > name || *at != '-');
        if (!is_good)
            return false;
    }
    return *name;
}

/* Who has a name already; NULL: nobody. */
static const char *owner_of(const char *name)
{
    static const char *const targets[] = { "all",       "ALL_BUILD", "clean",      "edit_cache", "help",
                                           "install",   "INSTALL",   "package",    "preinstall", "rebuild_cache",
                                           "RUN_TESTS", "test",      "ZERO_CHECK", "agentmesh" };
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        if (strcmp(targets[i], name) == 0)
            return "CMake";
    }
    return strcmp(name, "global") == 0 ? "the mesh" : NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* It becomes the name of an agent, of a plugin, of a file and of a target: what is good for all of them. */
static bool name_will_do(const char *name)
{
    const char *owner = owner_of(name);
    bool is_good = false;
    if (!is_in_parts(name))
        print_talk("'%s' is no name for an agent: letters, digits, _ and - are, in parts joined by dots", name);
    else if (owner)
        print_talk("'%s' is a name that %s needs for itself: choose another one, 'my.%s' for instance", name, owner,
                   name);
    else if (ends_with(name, ".events"))
        print_talk("'%s' is no name for an agent: what ends in '.events' is the subject of another one's events", name);
    else if (strlen(name) > NAME_LEN_MAX)
        print_talk("'%s' is too long a name for a plugin, which has %d characters at most", name, NAME_LEN_MAX);
    else
        is_good = true;
    return is_good;
}

static const struct shape *find_shape(const char *name)
{
    struct guess guess = guess_start(name);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
        guess_try(&guess, shapes[i].name);
    }
    if (guess.best)
        print_talk("--shape '%s' is not known: did you mean '%s'?", name, guess.best);
    else
        print_talk("--shape '%s' is not known: responder, streamer, trigger, publisher, task and source are", name);
    return NULL;
}

static const struct lang *find_lang(const char *name)
{
    for (size_t i = 0; i < sizeof(langs) / sizeof(langs[0]); i++) {
        if (strcmp(langs[i].name, name) == 0)
            return &langs[i];
    }
    print_talk("--lang '%s' is not known: c and c++ are", name);
    return NULL;
}

/* ---- texts ---- */

static void expand(struct buf *out, const struct project *project, const char *text);

/* Append what a word stands for. False: it is none. */
static bool put_word(struct buf *out, const struct project *project, const char *word, size_t len)
{
    const struct {
        const char *word, *value;
    } words[] = {
        { "NAME", project->name },
        { "SHAPE", project->shape->name },
        { "EXT", project->lang->extension },
        { "LANGUAGE", project->lang->language },
        { "STANDARD", project->lang->standard },
        { "ABOUT", project->shape->about },
        { "SETTING", project->shape->setting },
        { "TRY", project->shape->try },
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].word) == len && strncmp(words[i].word, word, len) == 0) {
            expand(out, project, words[i].value);
            return true;
        }
    }
    return false;
}

/* Append a text with its @WORDS@ replaced, those in what they stand for too. */
static void expand(struct buf *out, const struct project *project, const char *text)
{
    for (; *text; text++) {
        size_t len = *text == '@' ? strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;
        if (len > 0 && text[1 + len] == '@' && put_word(out, project, text + 1, len))
            text += len + 1;
        else
            buf_putc(out, *text);
    }
}

static const char *template_text(const char *name)
{
    const struct template_file *at = template_files;
    while (at->name && strcmp(at->name, name) != 0)
        at++;
    return at->text;
}

/* ---- writing ---- */

static bool cannot(const char *deed, const char *path)
{
    print_talk("Error: cannot %s '%s': %s", deed, path, strerror(errno));
    return false;
}

static bool write_file(const char *path, mesh_bytes content)
{
    auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return cannot("create", path);
    for (size_t at = 0; at < content.len;) {
        ssize_t written = write(fd, content.data + at, content.len - at);
        if (written < 0 && errno != EINTR)
            return cannot("write", path);
        at += written > 0 ? (size_t)written : 0;
    }
    return true;
}

static bool write_one(const struct project *project, const char *path, const char *name)
{
    auto_buf struct buf whole;
    auto_buf struct buf template;
    auto_buf struct buf content;
    buf_init(&whole, FILE_MAX);
    buf_init(&template, FILE_MAX);
    buf_init(&content, FILE_MAX);
    buf_printf(&whole, "%s/", project->folder);
    expand(&whole, project, path);
    expand(&template, project, name);
    expand(&content, project, template_text(buf_text(&template)));
    if (buf_failed(&whole) || buf_failed(&template) || buf_failed(&content)) {
        print_talk("Error: out of memory");
        return false;
    }
    return write_file(buf_text(&whole), buf_bytes(&content));
}

static bool make_folder(const char *path)
{
    if (mkdir(path, 0777) == 0)
        return true;
    if (errno == EEXIST)
        print_talk("Error: '%s' is there already, and is left as it is: choose another name, or --folder", path);
    else
        cannot("make the folder", path);
    return false;
}

static bool make_folders(const struct project *project)
{
    auto_free char *source = path_join(project->folder, "src");
    auto_free char *test = path_join(project->folder, "test");
    return make_folder(project->folder) && source && test && make_folder(source) && make_folder(test);
}

/* Append a path that may be pasted into a shell. */
static void put_for_shell(struct buf *out, const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./+,:@%";
    if (path[strspn(path, plain)] == '\0') {
        buf_puts(out, path);
        return;
    }
    buf_putc(out, '\'');
    for (; *path; path++)
        *path == '\'' ? buf_puts(out, "'\\''") : buf_putc(out, *path);
    buf_putc(out, '\'');
}

static bool tell_next(const struct project *project)
{
    auto_buf struct buf text;
    buf_init(&text, FILE_MAX);
    buf_printf(&text, "Wrote %s in '%s'. Build and test it, serve it, and ask it from another terminal there:\n    cd ",
               project->shape->what, project->folder);
    put_for_shell(&text, project->folder);
    buf_printf(&text,
               " && cmake -B build && cmake --build build && ctest --test-dir build\n"
               "    agentmesh run build/%s.so --config mesh.ini\n    ",
               project->name);
    expand(&text, project, project->shape->next);
    buf_putc(&text, '\n');
    return print_result(buf_text(&text), text.len);
}

static int run(const struct arguments *arguments)
{
    const char *name = arguments->operands[0];
    struct project project = { .name = name, .folder = arguments->folder ? arguments->folder : name };
    if (!name_will_do(name) || !(project.shape = find_shape(arguments->shape ? arguments->shape : "responder")) ||
        !(project.lang = find_lang(arguments->lang ? arguments->lang : "c")))
        return EXIT_MISUSED;
    if (!make_folders(&project))
        return EXIT_FAILED;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (!write_one(&project, files[i].path, files[i].template))
            return EXIT_FAILED;
    }
    return tell_next(&project) ? EXIT_DONE : EXIT_FAILED;
}

static const struct option options[] = {
    { "--lang", 0, OPTION_TEXT, "LANG", "c or c++; c if not given", OPTION_AT(lang) },
    { "--shape", 0, OPTION_TEXT, "SHAPE", "what the agent does; responder if not given", OPTION_AT(shape) },
    { "--folder", 0, OPTION_TEXT, "FOLDER", "where to write it; NAME if not given", OPTION_AT(folder) },
    OPTION_END,
};

const struct command command_new = {
    .name = "new",
    .operands = "NAME",
    .summary = "Write a project for a plugin: source, test, CMake, settings",
    .about = "NAME is the agent's and the plugin's: my.hello. SHAPE is one of: responder (answers once), streamer\n"
             "(answers in chunks), trigger (is called without input), publisher (emits events), task (runs by\n"
             "itself), source (handles messages of a subject). What it writes builds, and passes its test.\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
