# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors

"""Two hosts in network namespaces: a gate that logs and drops, and clients that knock.

The namespaces have no names and no files.  Each belongs to a holder process
whose standard input is a pipe from here: when this process ends, however it
does, the holder reads the end of the file and ends, the kernel ends every other
process of its process namespace, and namespaces, links and mounts go with them.

Any number of scenes can run at once.  They share the kernel log, so each has a
log prefix of its own and reads only that, and the switch that lets namespaces
log (KernelLogSwitch).
"""

import fcntl
import ipaddress
import os
import re
import shlex
import subprocess
import threading
import time

from relay import CONFIRM_SECONDS, Relay, find_tool
from stage import Stage, run_shortly, uninterrupted
from watch import Client, Watch

PACKAGES = {
    "hping3": "hping3",
    "ip": "iproute2",
    "knock": "knockd",
    "knockd": "knockd",
    "nft": "nftables",
    "nmap": "nmap",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "syslog-ng": "syslog-ng-core",
    "syslog-ng-ctl": "syslog-ng-core",
    "unshare": "util-linux",
}

NETFILTER = "/proc/sys/net/netfilter"

# Clients that cannot choose their source address are told apart by user: a route of its own for each.
FIRST_USER = 28000
FIRST_TABLE = 28000

# Between the first packets of two clients, so that they come in the order of the list.
STAGGER_SECONDS = 0.2

PROBE_SECONDS = 10

# Where everybody may go; none of the ports that nmap tries.
OPEN_PORT = 44380
# A door that no daemon guards, but the firewall's own sets.
SILENT_DOOR = [7100, 8200, 9300]

GATE_RULES = """
table inet gate {{
  set friends {{ type ipv4_addr; }}
  set friends6 {{ type ipv6_addr; }}
  set first {{ type ipv4_addr; flags timeout; timeout 15s; }}
  set second {{ type ipv4_addr; flags timeout; timeout 15s; }}
  set guests {{ type ipv4_addr; flags timeout; timeout 60s; }}
  chain input {{
    type filter hook input priority 0; policy drop;
    iif "lo" accept
    meta l4proto ipv6-icmp accept
    ct state established accept
    tcp dport {open_port} log prefix "{prefix}ACCEPT: " level info accept
    ip saddr @friends tcp dport 22 log prefix "{prefix}ACCEPT: " level info accept
    ip saddr @guests tcp dport 22 log prefix "{prefix}ACCEPT: " level info accept
    ip6 saddr @friends6 tcp dport 22 log prefix "{prefix}ACCEPT: " level info accept
    ip saddr @second tcp dport {silent[2]} add @guests {{ ip saddr }}
    ip saddr @first tcp dport {silent[1]} add @second {{ ip saddr }}
    tcp dport {silent[0]} add @first {{ ip saddr }}
    log prefix "{prefix}DROP: " level info
    drop
  }}
}}
"""

KNOCKD_RULES = """
[options]
  UseSyslog

[openSSH]
  sequence = 7000,8000,9000
  seq_timeout = 15
  tcpflags = syn
  start_command = {nft} add element inet gate friends {{ %IP% }}
  start_command_6 = {nft} add element inet gate friends6 {{ %IP% }}

[closeSSH]
  sequence = 9000,8000,7000
  seq_timeout = 15
  tcpflags = syn
  start_command = {nft} delete element inet gate friends {{ %IP% }}
  start_command_6 = {nft} delete element inet gate friends6 {{ %IP% }}

[openByUDP]
  sequence = 7000:udp,8000:udp,9000:udp
  seq_timeout = 15
  start_command = {nft} add element inet gate friends {{ %IP% }}
"""

# The kernel log is that of the whole machine: only this gate's lines are ours.
GATE_SOURCES = """
source s_all {{
  channel {{
    source {{ file("/dev/kmsg" program-override("kernel") flags(kernel) format("linux-kmsg") keep-timestamp(no)); }};
    filter {{ message("{prefix}" type(string) flags(prefix)); }};
  }};
  unix-dgram("/dev/log");
}};
"""

# The gate's own /dev: knockd's syslog() finds our /dev/log there, and not that of the machine.
GATE_DEVICES = """
mount -t tmpfs -o mode=755 none "$1"
for name in null zero full random urandom kmsg
do
  : >"$1/$name"
  mount --bind "/dev/$name" "$1/$name"
done
mount --move "$1" /dev
hostname gate
"""


class Unavailable(Exception):
    """This machine cannot play the scene, for a reason that is no fault of ours."""


class MissingTool(Exception):
    """A program is not installed; the text names its package."""


def check_tools(names):
    packages = sorted({PACKAGES[name] for name in names if not find_tool(name)})
    if packages:
        missing = ", ".join(sorted(name for name in names if not find_tool(name)))
        raise MissingTool(f"not found: {missing}; install with: apt-get install {' '.join(packages)}")


class KernelLogSwitch:
    """net.netfilter.nf_log_all_netns: 1 while any scene needs it, then what it was.

    Scenes hold a shared lock on the switch's own file; whoever cannot make it
    exclusive at its end leaves the switch to the others.  The lock on the folder
    keeps two of them from doing so at once.  Where it was 1 before, nobody locks.
    """

    def __init__(self):
        self.folder = self.file = None
        if find_tool("modprobe"):
            # Built in, or loaded on demand, or not there: what counts is whether the switch is.
            run_shortly("modprobe", "-q", "nf_log_syslog")
        try:
            self.folder = os.open(NETFILTER, os.O_RDONLY)
            fcntl.flock(self.folder, fcntl.LOCK_EX)
            self.file = os.open(NETFILTER + "/nf_log_all_netns", os.O_RDWR)
            self.ours = self._turn_on()
            fcntl.flock(self.folder, fcntl.LOCK_UN)
        except OSError as error:
            self._close_files()
            raise Unavailable("the kernel cannot log firewall packets of a namespace "
                              f"(module nf_log_syslog, switch nf_log_all_netns): {error}") from error

    def _turn_on(self):
        """Whether it is on only because scenes need it."""
        if self._alone() and os.pread(self.file, 16, 0).strip() == b"1":
            fcntl.flock(self.file, fcntl.LOCK_UN)
            return False
        os.pwrite(self.file, b"1\n", 0)
        fcntl.flock(self.file, fcntl.LOCK_SH)
        return True

    def _alone(self):
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False

    def _close_files(self):
        for descriptor in (self.file, self.folder):
            if descriptor is not None:
                os.close(descriptor)

    def close(self):
        if self.ours:
            fcntl.flock(self.folder, fcntl.LOCK_EX)
            if self._alone():
                os.pwrite(self.file, b"0\n", 0)
        self._close_files()


class Host:
    """A host: network, mount, name and process namespaces of its own."""

    def __init__(self):
        self.staying = []
        # pylint: disable=consider-using-with
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child",
             "sh", "-c", "echo ready; exec cat >/dev/null"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        if self.holder.stdout.readline() != b"ready\n":
            reason = self.holder.stderr.read().decode("utf-8", "replace").strip()
            self.close()
            raise Unavailable(f"namespaces cannot be made: {reason}")
        folder = f"/proc/{self.holder.pid}/ns"
        self.enter_net = ["nsenter", f"--net={folder}/net", "--"]
        self.enter = ["nsenter", f"--net={folder}/net", f"--mount={folder}/mnt", f"--uts={folder}/uts", "--"]
        # What stays is in the process namespace as well, and ends with it.  nsenter must then be left to end by
        # itself: killed, it leaves a process behind that nobody may ever wait for.
        self.enter_to_stay = self.enter[:-1] + [f"--pid={folder}/pid_for_children", "--"]

    def run(self, *command, stdin=""):
        done = run_shortly(*self.enter, *command, stdin=stdin)
        if done.returncode:
            raise Unavailable(f"{shlex.join(command)}: {(done.stderr + done.stdout).strip()}")
        return done.stdout

    def start(self, command, output_path):
        """A program that runs until the host is closed."""
        with open(output_path, "wb") as output, uninterrupted():
            process = subprocess.Popen(self.enter_to_stay + command, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, start_new_session=True)
            self.staying.append(process)
        return process

    def close(self):
        """Ends every process in it."""
        self.holder.stdin.close()
        try:
            self.holder.wait(5)
        except subprocess.TimeoutExpired:
            self.holder.kill()
            self.holder.wait()
        for process in self.staying:
            process.wait()
        self.holder.stdout.close()
        self.holder.stderr.close()


class SceneClient(Client):
    """command: with {source}, {target}, {ports}; with {port} it is run once for each port, one after another.
    A command that names its source needs raw sockets; any other is run as a user whose route has the address."""

    def __init__(self, title, command, ports, ipv6=False, wait=0, then=None, **rest):
        """then: a command for half a second after the knock; wait: seconds before it."""
        super().__init__(title, ports, **rest)
        self.command = command
        self.wait = wait
        self.then = then
        self.ipv6 = ipv6
        self.user = None

    def commands(self, target):
        for port in self.ports if "{port}" in self.command else [None]:
            yield self._words(self.command, target, port)

    def _words(self, command, target, port=None):
        words = command.format(source=self.address, target=target, port=port,
                               ports=" ".join(map(str, self.ports))).split()
        if "{source}" not in command:
            user = str(self.user)
            words = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"] + words
        return words

    def last_command(self, target):
        return self._words(self.then, target) if self.then else None


# A real connect(), answered or not.
CONNECT = "nmap -n -Pn -sT -p {port} {{target}}"


def demo_clients():
    """The slowest first, and so they are started: when an attempt is over that knockd holds as its oldest,
    knockd 0.8 forgets all others as well."""
    opened = {"confidence": "confirmed", "evidence": "daemon_open"}
    return [
        SceneClient("hping3 -S", "hping3 -S -c 1 -n -q -I eth0 -a {source} -p {port} {target}", [7000, 8000, 9000],
                    door="openSSH", **opened),
        SceneClient("knock -d 500", "knock -d 500 {target} {ports}", [7000, 8000, 9000], door="openSSH", **opened),
        SceneClient("knock", "knock {target} {ports}", [7000, 8000, 9000], door="openSSH", **opened),
        SceneClient("knock -u", "knock -u {target} {ports}", [7000, 8000, 9000], door="openByUDP", **opened),
        SceneClient("knock, reverse", "knock {target} {ports}", [9000, 8000, 7000], door="closeSSH",
                    evidence="known_sequence:knockd-default-close"),
        SceneClient("knock, then ssh", "knock {target} {ports}", SILENT_DOOR, wait=CONFIRM_SECONDS + 1,
                    then=CONNECT.format(port=22), confidence="confirmed", evidence="accept:tcp/22"),
        SceneClient("knock, no more", "knock {target} {ports}", [7300, 8400, 9500], confidence="medium"),
        scan_client("nmap -F", then=CONNECT.format(port=OPEN_PORT)),
    ]


def knock6_client():
    return SceneClient("knock -6", "knock -6 {target} {ports}", [7000, 8000, 9000], ipv6=True, door="openSSH",
                       confidence="confirmed", evidence="daemon_open")


def scan_client(title, **rest):
    """nmap tries ports in random order unless told otherwise; -F is 100 ports, without it 1,000."""
    return SceneClient(title, title + " -n -Pn -e eth0 -S {source} {target}", nmap_ports(title.split()[1:]),
                       knocks=False, **rest)


def nmap_ports(options):
    """The ports that nmap will try: -oG with -v begins with a list of ranges."""
    said = run_shortly("nmap", "-v", "-oG", "-", *options).stdout
    listed = re.search(r"TCP\(\d+;([\d,-]+)\)", said)
    if not listed:
        raise Unavailable(f"nmap does not tell its ports: {said}")
    ports = []
    for item in listed.group(1).split(","):
        first, _, last = item.partition("-")
        ports += range(int(first), int(last or first) + 1)
    return ports


class Clients:
    """Their threads; closed after the hosts, so that the processes that they wait for have ended."""

    def __init__(self):
        self.threads = []

    def start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def close(self):
        for thread in self.threads:
            thread.join(10)


class Scene(Stage):
    """make_clients: returns the SceneClients; only called where all tools are there.

    Raises Unavailable where the machine cannot do it, MissingTool, RelayError."""

    def __init__(self, make_clients):
        super().__init__()
        if os.geteuid():
            raise Unavailable("not root")
        check_tools(PACKAGES)
        number = os.getpid() % 512
        self.prefix = f"pk{os.getpid()}-"
        self.network = ipaddress.ip_network(f"198.{18 + number // 256}.{number % 256}.0/24")
        self.network6 = ipaddress.ip_network(f"2001:db8:{os.getpid() % 65536:x}::/64")
        self.target = str(self.network[1])
        self.target6 = str(self.network6[1])
        self.has_ipv6 = os.path.exists("/proc/net/if_inet6")
        self.clients = make_clients()

    def set_up(self):
        self.make(KernelLogSwitch)
        # Made before the hosts, for it is to be closed after them: then it has ended.
        self.relay = self.make(Relay, self.folder, GATE_SOURCES.format(prefix=self.prefix))
        self.running = self.make(Clients)
        self.gate = self.make(Host)
        self.outside = self.make(Host)
        self._join_hosts()
        for number, client in enumerate(self.clients):
            self._add_client(number, client)
        self._set_up_gate()
        self.relay.start(self.gate.enter_to_stay)
        self._start_knockd()
        self._probe()

    def _join_hosts(self):
        # The process number of the other host's holder is ours, not one of a namespace: enter the network only.
        done = run_shortly(*self.outside.enter_net, "ip", "link", "add", "eth0", "type", "veth",
                           "peer", "name", "eth0", "netns", str(self.gate.holder.pid))
        if done.returncode:
            raise Unavailable(f"hosts cannot be joined (module veth): {done.stderr.strip()}")
        for host, number in ((self.gate, 1), (self.outside, 2)):
            self._add_address(host, self.network[number])
            if self.has_ipv6:
                self._add_address(host, self.network6[number])
            host.run("ip", "link", "set", "lo", "up")
            host.run("ip", "link", "set", "eth0", "up")

    def _add_address(self, host, address):
        # The kernel would try for a second or two whether another host has the address.
        late = ["nodad"] if address.version == 6 else []
        length = str(self.network6.prefixlen if address.version == 6 else self.network.prefixlen)
        host.run("ip", "address", "add", f"{address}/{length}", "dev", "eth0", *late)

    def _add_client(self, number, client):
        network = self.network6 if client.ipv6 else self.network
        address = network[10 + number]
        family = f"-{address.version}"
        table = str(FIRST_TABLE + number)
        client.user = FIRST_USER + number
        client.address = str(address)
        self._add_address(self.outside, address)
        self.outside.run("ip", family, "route", "add", str(network), "dev", "eth0", "src", client.address,
                         "table", table)
        self.outside.run("ip", family, "rule", "add", "uidrange", f"{client.user}-{client.user}", "lookup", table)

    def _set_up_gate(self):
        devices = os.path.join(self.folder, "dev")
        os.mkdir(devices)
        self.gate.run("sh", "-ec", GATE_DEVICES, "sh", devices)
        self.gate.run("nft", "-f", "-", stdin=GATE_RULES.format(prefix=self.prefix, open_port=OPEN_PORT,
                                                                         silent=SILENT_DOOR))
        for client in self.clients:
            if client.door == "closeSSH":
                self.gate.run("nft", f"add element inet gate friends {{ {client.address} }}")

    def _start_knockd(self):
        rules = os.path.join(self.folder, "knockd.conf")
        with open(rules, "w", encoding="utf-8") as file:
            file.write(KNOCKD_RULES.format(nft=find_tool("nft")))
        self.knockd = self.gate.start([find_tool("knockd"), "-i", "eth0", "-c", rules], self._knockd_output())

    def _knockd_output(self):
        return os.path.join(self.folder, "knockd.out")

    def _knockd_said(self):
        with open(self._knockd_output(), encoding="utf-8", errors="replace") as file:
            return file.read().strip()

    def _probe(self):
        """Until knockd is up and a packet from an address that is nobody's was denied, logged and read; and the relay
        has seen somebody at the open port, from when on it learns which services are open."""
        deadline = time.monotonic() + PROBE_SECONDS
        logged = listening = False
        while not (logged and listening):
            if time.monotonic() > deadline:
                raise Unavailable(f"knockd does not come up: {self._knockd_said()}" if logged else
                                  "a packet that the firewall drops does not show up in the kernel log")
            if self.knockd.poll() is not None:
                raise Unavailable(f"knockd ended with status {self.knockd.returncode}: {self._knockd_said()}")
            self.relay.check()
            self.outside.run("knock", "-u", self.target, "9")
            self.outside.run("knock", self.target, str(OPEN_PORT))
            time.sleep(0.2)
            for message in self.relay.messages.take():
                logged |= f"SRC={self.network[2]} " in message["message"]
                listening |= message["program"] == "knockd"

    def friends(self):
        """The addresses that the firewall lets in."""
        return (self.gate.run("nft", "list set inet gate friends")
                + self.gate.run("nft", "list set inet gate friends6"))

    def start_clients(self):
        for number, client in enumerate(self.clients):
            self.running.start(self._run_client, client, number * STAGGER_SECONDS)

    def _run_client(self, client, wait_seconds):
        time.sleep(wait_seconds + client.wait)
        commands = list(client.commands(self.target6 if client.ipv6 else self.target))
        last_began = None
        for command in commands:
            last_began = time.monotonic()
            done = subprocess.run(self.outside.enter_to_stay + command, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, start_new_session=True, check=False)
            # hping3 ends with 1 where nobody answers.
            if done.returncode and command[0] != "hping3":
                client.failure = f"status {done.returncode} of {shlex.join(command)}: {done.stderr.strip()}"
        # One port a command: it sends at once and then waits for an answer.
        client.sent_at = last_began if len(commands) > 1 else time.monotonic()
        last = client.last_command(self.target6 if client.ipv6 else self.target)
        if last:
            time.sleep(0.5)
            subprocess.run(self.outside.enter_to_stay + last, capture_output=True, stdin=subprocess.DEVNULL,
                           start_new_session=True, check=False)

    def words(self):
        return {"target": self.target, "network": self.network}

    def watch(self, **callbacks):
        return Watch(self.relay, self.clients, **callbacks)
