/* SPDX-License-Identifier: Apache-2.0 */
/* mesh.ini from anywhere: read or refused, and every refusal told in lines that are lines. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void check_report(const struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        require(strncmp(report->lines[i], "mesh.ini:", 9) == 0);
        for (const char *at = report->lines[i]; *at; at++)
            require((unsigned char)*at >= ' ' || *at == '\t');
    }
}

static void check_config(const struct config *config)
{
    auto_config_diff struct config_diff diff = { 0 };

    require(config_diff(config, config, &diff) == MESH_OK);
    require(diff.restart.count + diff.live.count + diff.plugins.count + diff.agents.count == 0);
    require(config->state && config->local_store && config->plugin_folders.count > 0);
    for (size_t i = 0; i < config->settings_count; i++)
        require(config_settings(config, config->settings[i].name) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_config struct config *config = NULL;
    auto_config_report struct config_report report = { 0 };
    mesh_status status = config_parse("mesh.ini", "/nowhere", data, size, &config, &report);

    require(status == MESH_OK || status == MESH_E_DATA);
    require((status == MESH_OK) == (config != NULL) && (status == MESH_OK) == (report.count == 0));
    check_report(&report);
    if (config)
        check_config(config);
    return 0;
}
