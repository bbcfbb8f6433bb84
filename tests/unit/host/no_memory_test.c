/* SPDX-License-Identifier: Apache-2.0 */
/* What reading mesh.ini does when memory runs out: each allocation fails once. */
#include "config.h"

#include <string.h>

#include "suite.h"
#include "torture.h"

/* glibc's own realloc() inside it would not pass through torture. */
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
    return __wrap_realloc(memory, count * size);
}

static const char good[] = "[mesh]\nurl = a, b\ntls_cert = c\ntls_key = k\n[host]\nplugins = /a, b\nstate = s\n"
                           "trusted_group = root\n[plugin a]\nenabled = no\n[settings a]\nk = v\n  w\n[agent a.b]\n"
                           "queue = 3\ntimeout = 3s\n";

static const char wrong[] =
    "x = 1\n[hots]\n[host\n[host]\nhost\nqueue = x\nqueue = y\nlog_level = x\nworkerz = 3\nurl = x\n"
    "chunk_timeout = 3\n[plugin a.so]\nisolation = process\n[plugin /]\n[mesh]\nurl = http://x\n"
    "tls_cert = x\ncredentials = @/nowhere\n[settings a]\nk = @/nowhere\n";

static mesh_status attempt(const char *text, struct config **ret_config)
{
    auto_config_report struct config_report report = { 0 };
    mesh_status status = config_parse("mesh.ini", "/etc", text, strlen(text), ret_config, &report);

    if (torture_has_struck() && status != MESH_OK && status != MESH_E_DATA)
        expect_int(status, MESH_E_NO_MEMORY);
    return status;
}

static bool read_good(void)
{
    auto_config struct config *config = NULL;
    mesh_status status = attempt(good, &config);

    expect_true((status == MESH_OK) == (config != NULL));
    expect_true(status != MESH_E_DATA);
    return status == MESH_OK;
}

static void reading_a_good_file(void)
{
    torture(read_good);
}

static bool read_wrong(void)
{
    auto_config struct config *config = NULL;
    mesh_status status = attempt(wrong, &config);

    expect_true(config == NULL);
    return status == MESH_E_DATA;
}

static void reading_a_wrong_file(void)
{
    torture(read_wrong);
}

static bool load_missing(void)
{
    auto_config struct config *config = NULL;
    auto_config_report struct config_report report = { 0 };

    return config_load("nowhere/mesh.ini", &config, &report) == MESH_E_SYSTEM && report.count == 1;
}

static void loading_a_file(void)
{
    torture(load_missing);
}

static bool make_default(void)
{
    auto_config struct config *config = config_default();
    return config != NULL;
}

static void making_the_default(void)
{
    torture(make_default);
}

static bool compare(void)
{
    static const char other[] = "[host]\nqueue = 1\nsettle = 1s\n[settings b]\nk = 1\n[agent c]\nqueue = 1\n";
    auto_config struct config *old = NULL, *fresh = NULL;
    auto_config_diff struct config_diff diff = { 0 };

    return attempt(good, &old) == MESH_OK && attempt(other, &fresh) == MESH_OK &&
           config_diff(old, fresh, &diff) == MESH_OK;
}

static void comparing(void)
{
    torture(compare);
}

SUITE(host_no_memory, TEST(reading_a_good_file), TEST(reading_a_wrong_file), TEST(loading_a_file),
      TEST(making_the_default), TEST(comparing))
