# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""A relay that something watches: the thread sanitizer or valgrind."""

import pathlib

import storm
from relay import MODULE_DIR, Relay, RelayTest, system_module_dir, wait_for

# Nothing else is loaded: each library that comes with a module is work for what watches.
MODULES = ("affile", "afsocket", "basicfuncs", "json-plugin", "syslogformat")


class WatchedRelay(Relay):
    """before: words in front of the command, such as a program that runs another."""

    def __init__(self, config, ports, before):
        self.before = before
        super().__init__(config, ports)
        (self.dir / "modules").mkdir()
        for name in MODULES:
            self._link(system_module_dir(), f"lib{name}.so")
        self._link(MODULE_DIR, "libport-knock.so")

    def _link(self, folder, name):
        (self.dir / "modules" / name).symlink_to(pathlib.Path(folder, name).resolve())

    def _command(self, *arguments):
        modules = f"--module-path={self.dir / 'modules'}"
        words = [modules if word.startswith("--module-path=") else word for word in super()._command(*arguments)]
        return [word.replace("{dir}", str(self.dir)) for word in self.before] + words

    def _is_ready_or_gone(self):
        """Waits by itself, and longer than start() would."""
        return wait_for(super()._is_ready_or_gone, "start of what is watched", storm.PATIENCE_SECONDS)

    def reports(self, prefix):
        return [path.read_text(errors="replace") for path in sorted(self.dir.glob(prefix + "*"))]


class WatchedRelayTest(RelayTest):
    def watched(self, config, before, ports=("port",)):
        made = WatchedRelay(config, ports, before)
        self.addCleanup(made.remove)
        return made.start()
