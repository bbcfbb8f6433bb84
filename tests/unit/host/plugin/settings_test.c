/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/settings.h"

#include <string.h>

#include "base/buf.h"
#include "suite.h"

static const char *const colours[] = { "red", "green", NULL };
static const mesh_setting_spec greeting = MESH_SETTING("greeting", "hello", "What to say.");
static const mesh_setting_spec door = MESH_SETTING_REQUIRED("door", "Where to knock.");
static const mesh_setting_spec times = MESH_SETTING_RANGE("times", MESH_SETTING_NUMBER, "3", -5, 10, "How often.");
static const mesh_setting_spec pause_spec =
    MESH_SETTING_RANGE("pause", MESH_SETTING_DURATION, "1s", 10, 60000, "Between.");
static const mesh_setting_spec loud = MESH_SETTING_RANGE("loud", MESH_SETTING_SWITCH, NULL, 0, 0, "Or not.");
static const mesh_setting_spec colour = { sizeof(mesh_setting_spec), "colour", NULL, "Of the door.", colours, 0, 0,
                                          MESH_SETTING_CHOICE,       0 };
static const mesh_setting_spec *const all[] = { &greeting, &door, &times, &pause_spec, &loud, &colour, NULL };

static struct config *config_of(const char *text)
{
    auto_config_report struct config_report report;
    struct config *config = NULL;
    config_report_init(&report);
    expect_int(config_parse("mesh.ini", "/", text, strlen(text), &config, &report), MESH_OK);
    return config;
}

/* What resolving says of a mesh.ini: the pairs, or the error. */
static void expect_resolved(const mesh_setting_spec *const *list, const char *ini, const char *expected)
{
    auto_config struct config *config = config_of(ini);
    auto_config_list struct config_list pairs = { 0 };
    auto_buf struct buf got;
    struct setting_specs specs;
    mesh_error err = MESH_ERROR_INIT;
    buf_init(&got, 1 << 20);
    expect_int(settings_read(list, &specs, NULL), MESH_OK);
    if (settings_resolve(&specs, config, "knock", &pairs, &err) != MESH_OK)
        buf_puts(&got, mesh_error_text(&err));
    for (size_t i = 0; i < pairs.count; i++)
        buf_printf(&got, "%s%s", pairs.items[i], i % 2 ? ";" : "=");
    expect_str(buf_text(&got), expected);
    mesh_error_clear(&err);
    settings_clear(&specs);
}

static void what_is_not_given_has_its_fallback(void)
{
    expect_resolved(all, "[settings knock]\ndoor = left\n", "door=left;greeting=hello;times=3;pause=1s;");
}

static void what_is_given_goes_before(void)
{
    expect_resolved(all,
                    "[settings knock]\ndoor = left\ntimes = -5\npause = 10ms\nloud = on\ncolour = red\ngreeting = hi\n",
                    "door=left;times=-5;pause=10ms;loud=on;colour=red;greeting=hi;");
}

static void what_must_be_given_is_asked_for(void)
{
    expect_resolved(all, "", "[settings knock] door: must be given: Where to knock.");
}

static void every_mistake_is_told_with_its_line(void)
{
    expect_resolved(
        all,
        "[settings knock]\ndoor = left\ngreting = x\ntimes = 11\npause = 5ms\nloud = maybe\ncolour = gren\nx = 1\n",
        "[settings knock] greting: unknown setting; did you mean \"greeting\"?; [settings knock] times: \"11\" is "
        "out of range; allowed is -5 to 10; [settings knock] pause: \"5ms\" is out of range; allowed is 10ms to "
        "1m; [settings knock] loud: \"maybe\" is not one of yes, no, true, false, on, off; [settings knock] "
        "colour: \"gren\" is not one of red, green; did you mean \"green\"?; [settings knock] x: unknown "
        "setting; the plugin has greeting, door, times, pause, loud, colour");
}

static void lines_are_known(void)
{
    auto_config struct config *config = config_of("[settings knock]\n; first\ndoor = left\n\ntimes = 2\n");
    expect_str(config_setting_line(config, "knock", "door"), "3");
    expect_str(config_setting_line(config, "knock", "times"), "5");
    expect_str(config_setting_line(config, "knock", "pause"), "");
    expect_str(config_setting_line(config, "other", "door"), "");
}

static void a_plugin_that_lists_none_has_whatever_is_given(void)
{
    expect_resolved(NULL, "[settings knock]\nanything = goes\n", "anything=goes;");
}

static void an_empty_list_allows_nothing(void)
{
    static const mesh_setting_spec *const none[] = { NULL };
    expect_resolved(none, "[settings knock]\nanything = goes\n",
                    "[settings knock] anything: unknown setting; the plugin has none");
}

static void expect_refused(const mesh_setting_spec *spec, mesh_status status, const char *text)
{
    const mesh_setting_spec *const list[] = { spec, NULL };
    struct setting_specs specs = { 0 };
    mesh_error err = MESH_ERROR_INIT;
    expect_int(settings_read(list, &specs, &err), status);
    expect_contains(mesh_error_text(&err), text);
    mesh_error_clear(&err);
}

static void specs_that_contradict_themselves_are_refused(void)
{
    mesh_setting_spec spec = greeting;
    spec.key = "";
    expect_refused(&spec, MESH_E_DATA, "setting 1 of its list has no key");
    spec = times;
    spec.max = -6;
    expect_refused(&spec, MESH_E_DATA, "a min above its max");
    spec = greeting;
    spec.type = 77;
    expect_refused(&spec, MESH_E_INCOMPATIBLE, "of a type that this host does not know");
    spec.type = MESH_SETTING_CHOICE;
    expect_refused(&spec, MESH_E_DATA, "a choice of nothing");
    spec = greeting;
    spec.size = 8;
    expect_refused(&spec, MESH_E_DATA, "too small");
    spec = times;
    spec.fallback = "11";
    expect_refused(&spec, MESH_E_DATA, "the fallback of setting 'times' does not fit it: \"11\" is out of range");
}

static void a_spec_from_the_future_is_refused_if_it_uses_what_we_do_not_know(void)
{
    struct {
        mesh_setting_spec spec;
        uint64_t more;
    } later = { greeting, 0 };
    later.spec.size = sizeof(later);
    struct setting_specs specs = { 0 };
    const mesh_setting_spec *const list[] = { &later.spec, NULL };
    expect_int(settings_read(list, &specs, NULL), MESH_OK);
    settings_clear(&specs);
    later.more = 1;
    expect_refused(&later.spec, MESH_E_INCOMPATIBLE, "a field that this host does not know");
}

SUITE(host_plugin_settings, TEST(what_is_not_given_has_its_fallback), TEST(what_is_given_goes_before),
      TEST(what_must_be_given_is_asked_for), TEST(every_mistake_is_told_with_its_line), TEST(lines_are_known),
      TEST(a_plugin_that_lists_none_has_whatever_is_given), TEST(an_empty_list_allows_nothing),
      TEST(specs_that_contradict_themselves_are_refused),
      TEST(a_spec_from_the_future_is_refused_if_it_uses_what_we_do_not_know))
