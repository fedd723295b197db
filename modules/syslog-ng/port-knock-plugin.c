/* SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
 * Copyright (c) 2026 the port-knock authors */

#include "port-knock-parser.h"

#include "cfg.h"
#include "plugin.h"
#include "plugin-types.h"

extern CfgParser port_knock_parser;

gboolean port_knock_module_init(PluginContext *context, CfgArgs *args);

/* Plugin.name is const in some releases only. */
static gchar plugin_name[] = "port-knock";

static Plugin port_knock_plugins[] = {
  {
      .type = LL_CONTEXT_PARSER,
      .name = plugin_name,
      .parser = &port_knock_parser,
  },
};

gboolean
port_knock_module_init(PluginContext *context, CfgArgs *args)
{
  plugin_register(context, port_knock_plugins, G_N_ELEMENTS(port_knock_plugins));
  return TRUE;
}

/* The name of the init function follows from canonical_name. */
const ModuleInfo module_info = {
  .canonical_name = "port_knock",
  .version = VERSION,
  .description = "Finds port knocking (MITRE ATT&CK T1205.001) in firewall, daemon and process logs.",
  .core_revision = SYSLOG_NG_SOURCE_REVISION,
  .plugins = port_knock_plugins,
  .plugins_len = G_N_ELEMENTS(port_knock_plugins),
};
