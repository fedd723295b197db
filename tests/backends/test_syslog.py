#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""conf.d/backends/syslog-tls.conf and syslog-tcp.conf, to a second real syslog-ng."""

import json
import subprocess
import unittest

from backend import ALERT, BackendTest, Relay, wait_for

SERVER = """
options {{ keep-hostname(yes); }};
source s_in {{ syslog(ip(127.0.0.1) port({{port}}) transport("{transport}") {more}); }};
destination d_out {{
  file("{{dir}}/out"
    template("$(format-json --scope none program='$PROGRAM' host='$HOST' message='$MESSAGE' level=$LEVEL
      facility=$FACILITY sdata='$SDATA' --key .SDATA.*)\\n"));
}};
log {{ source(s_in); destination(d_out); }};
"""
TLS = 'tls(key-file("{dir}/server.key") cert-file("{dir}/server.crt") peer-verify(optional-untrusted))'


def make_certificate(folder, name, subject="127.0.0.1"):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={subject}", "-addext", f"subjectAltName=IP:{subject}",
         "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"],
        check=True, capture_output=True,
    )


class Syslog(BackendTest):
    def server(self, transport):
        made = Relay(SERVER.format(transport=transport, more=TLS if transport == "tls" else ""))
        self.addCleanup(made.remove)
        if transport == "tls":
            make_certificate(made.dir, "server")
        return made

    def relay_to(self, server, transport, **values):
        own = {f"port_knock_{transport}_server": "127.0.0.1", f"port_knock_{transport}_port": server.ports["port"]}
        if transport == "tls":
            own["port_knock_tls_ca"] = server.dir / "server.crt"
        return self.backend(
            f"syslog-{transport}",
            values={**own, **values},
            edit=lambda text: text.replace("time-reopen(10)", "time-reopen(1)"),
        )

    def test_the_alert_is_read_back_from_structured_data(self):
        for transport in ("tls", "tcp"):
            with self.subTest(transport=transport):
                server = self.server(transport).start()
                relay = self.relay_to(server, transport)
                self.knock(relay)
                (one,) = [json.loads(line) for line in server.wait_lines(1)]
                self.assertEqual((one["program"], one["host"], one["level"], one["facility"]),
                                 ("port-knock", "fw1", "err", "auth"))
                self.assertTrue(one["message"].startswith("rapid_sequential_port_denied alert_id="), one)
                self.assertTrue(one["sdata"].startswith("[port-knock@32473 "), one)
                fields = one["_SDATA"]["port-knock@32473"]
                self.expect_fields(fields, {name: str(value) for name, value in ALERT.items()})
                self.assertEqual(fields["tactics"], "Defense Evasion,Persistence,Command and Control")

    def test_while_the_server_is_away_alerts_wait_over_a_restart(self):
        for transport in ("tls", "tcp"):
            with self.subTest(transport=transport):
                server = self.server(transport)
                relay = self.relay_to(server, transport)
                for i in range(1, 6):
                    self.knock(relay, f"192.0.2.{i}")
                relay.wait_lines(5, "alerts.log")
                self.stop_cleanly(relay)
                server.start()
                relay.start()
                found = [json.loads(line)["_SDATA"]["port-knock@32473"]["src_ip"] for line in server.wait_lines(5)]
                self.assertEqual(sorted(found), [f"192.0.2.{i}" for i in range(1, 6)])

    def test_a_server_with_a_certificate_of_somebody_else_gets_nothing(self):
        server = self.server("tls")
        make_certificate(server.dir, "other")
        server.start()
        relay = self.relay_to(server, "tls", port_knock_tls_ca=server.dir / "other.crt")
        self.knock(relay)
        wait_for(lambda: "certificate" in relay.log, "the complaint")
        self.never(lambda: server.lines("out"), 1.5)
        self.assertIn("SSL", relay.log)


if __name__ == "__main__":
    unittest.main()
