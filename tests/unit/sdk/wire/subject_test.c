/* SPDX-License-Identifier: Apache-2.0 */
/* Names and subjects. */
#include "wire/subject.h"

#include "base/cleanup.h"
#include "suite.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void agent_names_become_subjects(void)
{
    static const struct {
        char *(*make)(const char *name);
        const char *name, *subject;
    } cases[] = {
        { subject_for_agent, "echo", "mesh.agent.echo" },
        { subject_for_agent, "nlp.summarizer", "mesh.agent.nlp.summarizer" },
        { subject_for_queue_group, "nlp.echo", "q.nlp.echo" },
        { subject_for_stream, "35047b", "mesh.stream.35047b" },
        { subject_for_results, "35047b", "mesh.results.35047b" },
        { subject_for_errors, "nlp.echo", "mesh.errors.nlp.echo" },
        { subject_for_death, "nlp.echo", "mesh.death.nlp.echo" },
        { subject_for_logs, "nlp.echo", "mesh.logs.nlp.echo" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        auto_free char *subject = cases[i].make(cases[i].name);
        expect_str(subject, cases[i].subject);
    }
}

static void a_death_notice_tells_its_agent(void)
{
    expect_str(subject_death_agent("mesh.death.nlp.echo"), "nlp.echo");
    expect_str(subject_death_agent("mesh.death."), NULL);
    expect_str(subject_death_agent("mesh.death"), NULL);
    expect_str(subject_death_agent("mesh.errors.echo"), NULL);
}

static void every_byte_of_a_name_counts(void)
{
    static const struct {
        const char *name;
        bool valid;
    } cases[] = {
        { "echo", true },        { "nlp.summarizer", true },
        { "A-Z_0-9.x.y", true }, { "-", true },
        { "0", true },           { "a.b-c_d.9", true },
        { "global", true },      { "a.events", true },
        { "", false },           { ".", false },
        { ".a", false },         { "a.", false },
        { "a..b", false },       { "a b", false },
        { "a/b", false },        { "é", false },
        { "*", false },          { "a*", false },
        { "a\n", false },        { "a\t", false },
        { "a.>", false },        { "a.b\n", false },
        { "a\tb", false },       { "$a", false },
        { "a\x7f", false },      { "a\xff", false },
        { NULL, false },
    };
    char long_name[301];
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_int(name_is_valid(cases[i].name), cases[i].valid);
    memset(long_name, 'a', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    expect_true(name_is_valid(long_name));
}

static void a_registration_is_told_the_rule(void)
{
    static const struct {
        const char *name, *told;
    } cases[] = {
        { NULL, "agent name is missing" },
        { "", "agent name is missing" },
        { "a..b", "agent name 'a..b': a part between dots is empty" },
        { ".a", "agent name '.a': a part between dots is empty" },
        { "a.", "agent name 'a.': a part between dots is empty" },
        { "a b", "agent name 'a b': byte 1 is not allowed: use letters, digits, '_' and '-'" },
        { "a.b\n", "byte 3 is not allowed" },
        { "global", "agent name 'global' is the key of mesh-wide settings" },
        { "a.events", "agent name 'a.events': '.events' at the end is the subject of another agent's events" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        mesh_error err = MESH_ERROR_INIT;
        expect_int(name_check(cases[i].name, &err), MESH_E_INVALID_ARGUMENT);
        expect_contains(mesh_error_text(&err), cases[i].told);
        mesh_error_clear(&err);
    }
    expect_int(name_check("events", NULL), MESH_OK);
    expect_int(name_check("global.x", NULL), MESH_OK);
    expect_int(name_check("nlp.echo", NULL), MESH_OK);
}

static void a_name_is_as_long_as_a_key_at_most(void)
{
    char name[OWN_NAME_MAX + 2];
    mesh_error err = MESH_ERROR_INIT;

    memset(name, 'a', sizeof(name));
    name[OWN_NAME_MAX + 1] = '\0';
    expect_int(name_check(name, &err), MESH_E_INVALID_ARGUMENT);
    expect_contains(mesh_error_text(&err), "1025 bytes");
    mesh_error_clear(&err);
    name[OWN_NAME_MAX] = '\0';
    expect_int(name_check(name, NULL), MESH_OK);
}

static void an_id_is_one_token(void)
{
    static const struct {
        const char *id;
        bool valid;
    } cases[] = {
        { "35047b466f0d43f6920997a2637b36a4", true },
        { "a/b:c$é", true },
        { "", false },
        { "a.b", false },
        { "a b", false },
        { "*", false },
        { "a>", false },
        { "a\n", false },
        { "\x7f", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_int(token_is_valid(cases[i].id), cases[i].valid);
}

static void subjects_to_listen_to_and_to_answer_to_are_told_apart(void)
{
    static const struct {
        const char *subject;
        bool is_pattern, is_plain;
    } cases[] = {
        { "a", true, true },        { "a.b-c_$.9", true, true }, { "a.*", true, false },
        { "*.b", true, false },     { ">", true, false },        { "a.>", true, false },
        { "a.>.b", false, false },  { "a*.b>", true, true },     { "caf\xc3\xa9", true, false },
        { "", false, false },       { ".a", false, false },      { "a.", false, false },
        { "a..b", false, false },   { "a b", false, false },     { "a\n", false, false },
        { "a.\x7f", false, false }, { "a.\t", false, false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (subject_is_pattern(cases[i].subject) != cases[i].is_pattern ||
            subject_is_plain(cases[i].subject) != cases[i].is_plain)
            expect_str(cases[i].subject, "(judged otherwise)");
    }
}

SUITE(wire_subject, TEST(subjects_to_listen_to_and_to_answer_to_are_told_apart), TEST(agent_names_become_subjects),
      TEST(a_death_notice_tells_its_agent), STATEMENT("1", every_byte_of_a_name_counts),
      TEST(a_registration_is_told_the_rule), TEST(a_name_is_as_long_as_a_key_at_most), TEST(an_id_is_one_token))
