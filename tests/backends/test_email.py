#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors
"""conf.d/backends/email.conf, through a real sendmail (msmtp's) to a mail server that
takes commands in their order only (RFC 5321)."""

import email
import email.policy
import re
import socketserver
import threading
import unittest

from backend import BackendTest, free_port, wait_for


COMMAND = "msmtp --host=127.0.0.1 --port={port} --from=port-knock@example.com --tls=off --auth=off -t -i"


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port):
        self.mails, self.refused = [], []  # (from, [to], message)
        super().__init__(("127.0.0.1", port), Session)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.sender, self.receivers, self.greeted = None, [], False
        self.say("220 mail.example ready")
        while line := self.rfile.readline(2000):
            if not line.endswith(b"\r\n"):
                self.refuse("500 line too long or not ended by CR LF")
                return
            words = line.decode("ascii", "replace").strip()
            if words.upper() == "QUIT":
                self.say("221 bye")
                return
            self.take(words)

    def refuse(self, text):
        self.server.refused.append(text)
        self.say(text)

    def take(self, words):
        verb = words.split(" ")[0].upper()
        path = re.fullmatch(r"(?:MAIL FROM|RCPT TO): ?<([^<> ]+@[^<> ]+)>.*", words, re.I)
        if verb in ("EHLO", "HELO"):
            self.greeted = True
            self.say("250 mail.example")
        elif verb in ("RSET", "NOOP"):
            self.sender, self.receivers = None, []
            self.say("250 ok")
        elif not self.greeted:
            self.refuse(f"503 say EHLO first: {words}")
        elif verb == "MAIL" and path and not self.sender:
            self.sender = path.group(1)
            self.say("250 ok")
        elif verb == "RCPT" and path and self.sender:
            self.receivers.append(path.group(1))
            self.say("250 ok")
        elif verb == "DATA" and self.receivers:
            self.take_data()
        else:
            self.refuse(f"503 out of order or not understood: {words}")

    def take_data(self):
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return
            lines.append(line[1:] if line.startswith(b"..") else line)
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.server.mails.append((self.sender, self.receivers, message))
        self.sender, self.receivers = None, []
        self.say("250 taken")


class Email(BackendTest):
    def server(self, port):
        made = MailServer(port)
        self.addCleanup(made.stop)
        return made

    def relay_to(self, port):
        return self.backend(
            "email",
            values={"port_knock_email_command": COMMAND.format(port=port)},
        )

    def mails(self, server, count):
        wait_for(lambda: len(server.mails) >= count or server.refused, f"{count} mails")
        self.assertEqual(server.refused, [])
        return server.mails

    def test_the_alert_is_a_mail_that_a_person_can_read(self):
        port = free_port()
        server = self.server(port)
        relay = self.relay_to(port)
        self.knock(relay)
        ((sender, receivers, message),) = self.mails(server, 1)
        self.assertEqual((sender, receivers), ("port-knock@example.com", ["security@example.com"]))
        self.assertEqual(message["Subject"], "[port-knock] high: 192.0.2.1 knocked at 198.51.100.7")
        self.assertRegex(message["X-Port-Knock-Alert"], "^[0-9a-f]{16}$")
        text = message.get_content()
        for line in ("ports       7000/tcp,8000/tcp,9000/tcp", "evidence    known_sequence:knockd-default",
                     "severity    high, confidence high", "seen by     fw1"):
            self.assertIn(line, text)
        self.assertNotIn("$", text)
        self.assertTrue(all(len(line) < 120 for line in text.splitlines()), text)

    def test_each_alert_is_a_mail(self):
        port = free_port()
        server = self.server(port)
        relay = self.relay_to(port)
        for i in range(1, 6):
            self.knock(relay, f"192.0.2.{i}")
        found = sorted(message["Subject"].split()[2] for _, _, message in self.mails(server, 5))
        self.assertEqual(found, [f"192.0.2.{i}" for i in range(1, 6)])

    def test_what_a_log_says_begins_no_line_of_a_mail(self):
        port = free_port()
        server = self.server(port)
        relay = self.relay_to(port)
        conf = relay.dir / "conf.d" / "port-knock.conf"
        hostile = 'rewrite { set("fw1\\nBcc: other@example.net" value(".knock.hosts")); };'
        before = conf.read_text()
        conf.write_text(before.replace("filter(f_port_knock_email);", f"filter(f_port_knock_email); {hostile}"))
        self.assertNotEqual(conf.read_text(), before)
        self.assertEqual(relay.reload().returncode, 0)
        self.knock(relay)
        ((_, receivers, message),) = self.mails(server, 1)
        self.assertEqual(receivers, ["security@example.com"])
        self.assertIn("  seen by     fw1 Bcc: other@example.net", message.get_content().splitlines())


if __name__ == "__main__":
    unittest.main()
