# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors

"""Who knocks and who scans, what the relay said about each, and whether that is right."""

import time

from relay import GRACE_SECONDS, PROOF_SECONDS, SETTLE_SECONDS

POLL_SECONDS = 0.05


class Client:
    """One source address.  knocks: what it sends is a knock and is to be reported, and once more if it is confirmed
    later.  confidence, evidence: of its last alert; evidence is a word that must be in it.  door: the knockd door
    that it opens or closes; None where no daemon listens."""

    def __init__(self, title, ports, knocks=True, door=None, confidence="high", evidence=None):
        self.title = title
        self.ports = list(ports)
        self.knocks = knocks
        self.door = door
        self.confidence = confidence
        self.evidence = evidence
        self.address = None
        # Monotonic seconds: when its last packet had been sent; None until then.
        self.sent_at = None
        self.failure = None
        # (seconds after the last packet, the alert's fields)
        self.alerts = []
        self.denied_ports = set()
        self.triggered_doors = []
        # Monotonic seconds: when the firewall's word that it was let in was read; None until then.
        self.accepted_at = None

    @property
    def sequence(self):
        return ",".join(str(port) for port in self.ports)

    def seconds_to_alert(self):
        return self.alerts[0][0] if self.alerts else None

    def problems(self):
        """What is not as it should be, for people; empty where all is well."""
        if self.failure:
            return [self.failure]
        found = []
        missing = set(self.ports) - self.denied_ports
        if missing:
            found.append(f"the log holds no denial of {len(missing)} of its {len(self.ports)} ports")
        if not self.knocks:
            return found + (["a scan was reported as a knock"] if self.alerts else [])
        found += self._verdict_problems() if self.alerts else ["no alert"]
        for seconds, fields in self.alerts:
            if fields["port_sequence"] != self.sequence:
                found.append(f"reported as {fields['port_sequence']}")
            if seconds > SETTLE_SECONDS + GRACE_SECONDS:
                found.append(f"reported {seconds:.1f} s after the knock")
        if self.door and self.triggered_doors != [self.door]:
            found.append(f"knockd's own word for it was not tagged: {self.triggered_doors or 'none'}")
        return found


    def _verdict_problems(self):
        found = []
        ids = {fields["alert_id"] for _, fields in self.alerts}
        confidences = [fields["confidence"] for _, fields in self.alerts]
        if len(ids) > 1 or len(self.alerts) > 2 or len(set(confidences)) < len(confidences):
            found.append(f"{len(self.alerts)} alerts with {len(ids)} ids: {', '.join(confidences)}")
        if confidences[-1] != self.confidence:
            found.append(f"confidence {confidences[-1]} instead of {self.confidence}")
        if self.evidence and self.evidence not in self.alerts[-1][1].get("evidence", "").split(","):
            found.append(f"no {self.evidence} in the evidence: {self.alerts[-1][1].get('evidence')}")
        late = self.seconds_to_proof()
        if late is not None and late > PROOF_SECONDS:
            found.append(f"confirmed {late:.1f} s after it was let in")
        return found

    def seconds_to_proof(self):
        """From the firewall's word that it was let in to the confirmation; None where that is not what confirms it."""
        if self.accepted_at is None or not self.alerts or not (self.evidence or "").startswith("accept:"):
            return None
        return self.sent_at + self.alerts[-1][0] - self.accepted_at


class Watch:
    """Reads what the relay wrote and keeps it with the client that it is about.
    on_alert(client, seconds, fields) and on_daemon(message) are called as they come."""

    def __init__(self, relay, clients, on_alert=None, on_daemon=None):
        self.relay = relay
        self.clients = clients
        self.on_alert = on_alert or (lambda *_: None)
        self.on_daemon = on_daemon or (lambda *_: None)
        self.messages = []
        # Alerts about an address that no client has.
        self.stray_alerts = []

    def poll(self):
        self.relay.check()
        for message in self.relay.messages.take():
            self._take_message(message)
        now = time.monotonic()
        for alert in self.relay.alerts.take():
            self._take_alert(alert["knock"], now)

    def _find(self, address):
        return next((client for client in self.clients if client.address == address), None)

    def _take_message(self, message):
        self.messages.append(message)
        fields = message.get("knock", {})
        client = self._find(fields.get("src_ip"))
        branch = fields.get("detection_branch")
        if "port-knock.alert" in message["tags"]:
            return
        if client and branch == "firewall_port_denied" and "dest_port" in fields:
            client.denied_ports.add(int(fields["dest_port"]))
        if client and client.accepted_at is None and fields.get("kind") == "firewall_accept":
            client.accepted_at = time.monotonic()
        if client and branch == "knock_sequence_triggered":
            client.triggered_doors.append(fields.get("door"))
        if message["program"] == "knockd":
            self.on_daemon(message)

    def _take_alert(self, fields, now):
        client = self._find(fields.get("src_ip"))
        if not client:
            self.stray_alerts.append(fields)
            return
        # Judged while it was still sending: that is 0 seconds, and a problem only if it is no knock.
        seconds = now - client.sent_at if client.sent_at else 0.0
        client.alerts.append((seconds, fields))
        self.on_alert(client, seconds, fields)

    def _over(self):
        """Everybody is done, and an alert could not come any more, nor a second one."""
        if any(client.sent_at is None for client in self.clients):
            return False
        last = max(client.sent_at for client in self.clients)
        return time.monotonic() > last + SETTLE_SECONDS + GRACE_SECONDS + POLL_SECONDS

    def run(self, limit_seconds):
        """Until it is over; raises TimeoutError where a client does not come to an end."""
        deadline = time.monotonic() + limit_seconds
        while not self._over():
            if time.monotonic() > deadline:
                busy = ", ".join(client.title for client in self.clients if client.sent_at is None)
                raise TimeoutError(f"not over after {limit_seconds} s; still busy: {busy or 'nobody'}")
            self.poll()
            time.sleep(POLL_SECONDS)
        self.poll()

    def problems(self):
        found = [f"{client.title}: {problem}" for client in self.clients for problem in client.problems()]
        return found + [f"an alert about nobody here: {fields.get('src_ip')}" for fields in self.stray_alerts]
