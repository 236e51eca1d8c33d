#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket and vmclockctl from outside: control.py BUILD_DIR, prints TAP.

A first part asks a server with known numbers (helpers/control_fake), a second part the real
vmclockd with an NTP server on loopback that shows this machine's clock. Sets no clock.
"""

import json
import os
import pathlib
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[2]
HOST = "org.vmclock.Host"
SERVICE = "org.varlink.service"

count = 0
failures = 0


def check(text, passed, detail=""):
    """One TAP line."""
    global count, failures
    count += 1
    if passed:
        print(f"ok {count} - {text}")
    else:
        failures += 1
        print(f"not ok {count} - {text}")
        for line in str(detail).splitlines()[:20]:
            print(f"# {line}")
    sys.stdout.flush()


def skip(text, reason):
    global count
    count += 1
    print(f"ok {count} - {text} # SKIP {reason}")


class Connection:
    """A Varlink client that knows nothing but the wire format."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.socket.settimeout(10)
        self.bytes = b""

    def send(self, call):
        self.socket.sendall(json.dumps(call).encode() + b"\0")

    def receive(self):
        while b"\0" not in self.bytes:
            more = self.socket.recv(65536)
            if not more:
                return None
            self.bytes += more
        message, self.bytes = self.bytes.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.send({"method": method, "parameters": parameters})
        return self.receive()


# --- The interface description, read as far as is needed to check replies against it.


def split_members(text):
    """Top-level members of "a: int, b: (c: string)"."""
    depth, start, members = 0, 0, []
    for at, char in enumerate(text + ","):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            if text[start:at].strip():
                members.append(text[start:at].strip())
            start = at + 1
    return members


def parse_interface(description):
    text = re.sub(r"#[^\n]*", "", description)
    types, methods = {}, {}
    for name, body in re.findall(r"type\s+(\w+)\s*\(([^()]*)\)", text):
        types[name] = split_members(body)
    for name, body in re.findall(r"method\s+(\w+)\([^()]*\)\s*->\s*\(([^()]*)\)", text):
        methods[name] = split_members(body)
    return types, methods


def mismatch(value, kind, types, path):
    """What of `value` is not of this Varlink type; None when it is."""
    if kind.startswith("?"):
        return None if value is None else mismatch(value, kind[1:], types, path)
    if kind.startswith("[]"):
        if not isinstance(value, list):
            return f"{path} is no list"
        found = [mismatch(v, kind[2:], types, f"{path}[{i}]") for i, v in enumerate(value)]
        return next((f for f in found if f), None)
    plain = {"int": int, "float": float, "string": str, "bool": bool}
    if kind in plain:
        right = type(value) is plain[kind]
        return None if right else f"{path} is {value!r}, not {kind}"
    members = types[kind]
    if all(":" not in m for m in members):
        return None if value in members else f"{path} is {value!r}, none of {members}"
    return struct_mismatch(value, members, types, path)


def struct_mismatch(value, members, types, path):
    if not isinstance(value, dict):
        return f"{path} is no object"
    known = dict(m.split(":", 1) for m in members)
    known = {name.strip(): kind.strip() for name, kind in known.items()}
    if set(known) != set(value):
        return f"{path}: {sorted(set(known) ^ set(value))} on one side only"
    found = [mismatch(value[n], kind, types, f"{path}.{n}") for n, kind in known.items()]
    return next((f for f in found if f), None)


def check_replies_match_description(path, which):
    connection = Connection(path)
    reply = connection.call(f"{SERVICE}.GetInterfaceDescription", interface=HOST)
    types, methods = parse_interface(reply["parameters"]["description"])
    for method in ("GetStatus", "GetSources"):
        reply = connection.call(f"{HOST}.{method}")
        wrong = struct_mismatch(reply.get("parameters"), methods[method], types, method)
        check(f"{which}: {method} answers as the interface description says", wrong is None, wrong)
    connection.send({"method": f"{HOST}.Watch", "more": True})
    for number in (1, 2):
        reply = connection.receive()
        wrong = struct_mismatch(reply.get("parameters"), methods["Watch"], types, "Watch")
        check(f"{which}: report {number} of Watch is as described, and more will come",
              wrong is None and reply.get("continues") is True, wrong)


# --- vmclockctl


class Ctl:
    def __init__(self, build):
        self.program = f"{build}/ctl/vmclockctl"

    def __call__(self, *arguments, timeout=30):
        return subprocess.run([self.program, *arguments], capture_output=True, text=True,
                              timeout=timeout)

    def json(self, *arguments):
        return json.loads(self(*arguments, "--json").stdout)

    def lines(self, wanted, *arguments):
        """The first lines that it prints, and its exit status once interrupted."""
        process = subprocess.Popen([self.program, *arguments], stdout=subprocess.PIPE, text=True)
        lines = [process.stdout.readline() for _ in range(wanted)]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        return lines, process.returncode

    def on_terminal(self, frames, *arguments, environment=None):
        """Run on a pseudo terminal for so many frames; what it wrote and its exit status."""
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update({"TERM": "xterm", "LC_ALL": "C.UTF-8"} | (environment or {}))
            os.execv(self.program, [self.program, *arguments])
        written = b""
        interrupted = False
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            written += piece
            if written.count(b"SYNCHRONIZED") >= frames and not interrupted:
                os.kill(child, signal.SIGINT)
                interrupted = True
        os.close(terminal)
        return written.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check_usage(ctl, directory):
    for arguments, text in (([], "no command"), (["nothing"], "an unknown command"),
                            (["status", "--nothing"], "an unknown option"),
                            (["status", "extra"], "an argument too many"),
                            (["reset"], "a missing argument"),
                            (["now", "--counter", "sundial"], "an unknown counter"),
                            (["guest", "disrupt", "a", "--soon", "--clear"], "two warnings"),
                            (["waitsync", "--bound", "5"], "a bound without a unit")):
        result = ctl(*arguments)
        check(f"{text} is refused with status 2 and a message",
              result.returncode == 2 and result.stderr and not result.stdout, result)
    for name in ("status", "sources", "watch", "now", "page", "waitsync", "metrics", "reset", "downgrade",
                 "guest list", "guest add", "guest set", "guest disrupt", "guest remove"):
        result = ctl(*name.split(), "--help")
        check(f"{name} --help explains itself",
              result.returncode == 0 and f"vmclockctl {name}" in result.stdout, result)
    result = ctl("--version")
    check("--version prints a version", re.match(r"vmclockctl \d+\.\d+", result.stdout), result)
    for name in ("status", "sources", "watch", "metrics"):
        result = ctl(name, "--socket", f"{directory}/none")
        check(f"{name} without a daemon says which socket and what to do",
              result.returncode == 1 and f"{directory}/none" in result.stderr
              and "start vmclockd" in result.stderr, result)


def check_denied(ctl, path, directory):
    if os.geteuid() != 0:
        skip("a user outside of the group is told which group", "needs root")
        return
    os.chmod(directory, 0o755)
    result = subprocess.run([ctl.program, "status", "--socket", path], capture_output=True,
                            text=True, user=65534, group=65534, extra_groups=[])
    check("a user outside of the group is told which group",
          result.returncode == 1 and "permission denied" in result.stderr
          and "group 'root'" in result.stderr, result)


def check_numbers(ctl, path):
    result = ctl("status", "--socket", path)
    check("status shows the fake's numbers and exits 0",
          result.returncode == 0 and "SYNCHRONIZED: one of three sources is used" in result.stdout
          and "+/- 805 ns" in result.stdout and "2.400 ppm slow" in result.stdout
          and "-1.20 us" in result.stdout, result)
    status = ctl.json("status", "--socket", path)
    check("status --json has the same in its own units",
          status["now"]["est_error_ns"] == 805 and status["remaining_ns"] == -1200, status)
    result = ctl("sources", "--socket", path)
    marks = [line[:7] for line in result.stdout.splitlines() if line.startswith("^")]
    check("sources marks the good, the false and the mute one",
          marks == ["^* good", "^x liar", "^? mute"], result.stdout)
    check("sources says why one is not used", "falseticker: 50 ms off the others" in result.stdout,
          result)
    sources = ctl.json("sources", "--socket", path)
    check("sources --json has all three", [s["name"] for s in sources] == ["good", "liar", "mute"])
    check("reset takes a source by its name",
          ctl("reset", "liar", "--socket", path).returncode == 0)
    result = ctl("reset", "nobody", "--socket", path)
    check("reset of a source that is not there fails and says so",
          result.returncode == 1 and "nobody" in result.stderr, result)


# Of what the server with known numbers does not know there is nothing to print.
UNKNOWN_METRICS = {"vmclock_driver_lease_left_seconds", "vmclock_host_clock_ahead_seconds",
                   "vmclock_leap_list_expiry_timestamp_seconds"}


def check_metrics(ctl, path):
    text = ctl("metrics", "--socket", path).stdout
    sample = re.compile(r'(vmclock_\w+)(?:\{\w+="(?:[^"\\\\]|\\\\.)*"(?:,\w+="[^"]*")*\})? [-+.e0-9]+')
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    check("every line of metrics is as Prometheus reads it",
          lines and all(sample.fullmatch(line) for line in lines), text)
    check("metrics are in seconds", "vmclock_est_error_seconds 8.05e-07" in lines
          and "vmclock_remaining_seconds -1.2e-06" in lines, text)
    check("metrics tell sources by their names",
          'vmclock_source_state{source="liar",state="falseticker"} 1' in lines, text)
    manual = (PROJECT / "man/vmclockctl.1").read_text()
    promised = set(re.findall(r"^\.It Li (vmclock_\w+)$", manual, re.M))
    promised = {name for name in promised if not name.startswith("vmclock_guest_")}
    found = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    check("every metric is there whose value is known", found == promised - UNKNOWN_METRICS,
          found ^ (promised - UNKNOWN_METRICS))
    served = subprocess.run([ctl.program, "metrics", "--http", "--socket", path],
                            input="GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", capture_output=True,
                            text=True, timeout=30).stdout
    head, _, body = served.partition("\n\n")
    check("metrics are served over HTTP", head.startswith("HTTP/1.1 200 OK\n")
          and f"Content-Length: {len(body)}" in head and "vmclock_status" in body, served)
    served = subprocess.run([ctl.program, "metrics", "--http", "--socket", path + "-none"],
                            input="GET /metrics HTTP/1.1\r\n\r\n", capture_output=True, text=True,
                            timeout=30).stdout
    check("without a daemon that is told", served.startswith("HTTP/1.1 503 "), served)


def check_watch(ctl, path):
    lines, status = ctl.lines(4, "watch", "--socket", path)
    check("watch without a terminal prints a line on each publication, until interrupted",
          status == 0 and all("SYNCHRONIZED  bound" in line for line in lines)
          and "\033" not in "".join(lines), (status, lines))
    lines, _ = ctl.lines(4, "watch", "--json", "--socket", path)
    bounds = [json.loads(line)["status"]["now"]["max_error_ns"] for line in lines]
    check("watch --json prints one object a line, in which the bound is seen to shrink",
          all(a > b for a, b in zip(bounds, bounds[1:])), bounds)
    written, status = ctl.on_terminal(5, "watch", "--socket", path)
    check("watch on a terminal draws frames over each other, until interrupted",
          status == 0 and re.search(r"\033\[\d+F", written), written[-500:])
    check("its cursor is shown again at the end", written.endswith("\033[?25h"), written[-50:])
    check("it marks the source that answered and draws the bound",
          "▸^* good" in written and "█" in written and "▁" in written, written[-800:])
    written, _ = ctl.on_terminal(5, "watch", "--socket", path,
                                 environment={"LC_ALL": "C", "NO_COLOR": "1"})
    check("without UTF-8 and colour it stays ASCII and plain",
          written.isascii() and "\033[32m" not in written and ">^* good" in written)
    result = ctl("watch", "--for", "100 ms", "--socket", path)
    check("watch --for ends by itself", result.returncode == 0 and result.stdout, result)


def check_end_of_daemon(ctl, path, server):
    process = subprocess.Popen([ctl.program, "watch", "--socket", path], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    server.stdin.close()
    check("the server ends in good order", server.wait(10) == 0)
    message = process.communicate(timeout=10)[1]
    check("watch says that the daemon has hung up, and fails",
          process.returncode == 1 and "hung up" in message, message)
    check("the server has removed its socket", not os.path.exists(path))


def wait_for(condition, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def part_fake(build, ctl, directory):
    path = f"{directory}/fake"
    server = subprocess.Popen([f"{build}/helpers/control_fake", path], stdin=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    check("the server with known numbers listens", wait_for(lambda: os.path.exists(path)))
    check_replies_match_description(path, "fake")
    check_numbers(ctl, path)
    check_metrics(ctl, path)
    check_denied(ctl, path, directory)
    check_watch(ctl, path)
    check_end_of_daemon(ctl, path, server)


def part_still(build, ctl, directory):
    """Nothing is published: Watch still reports once a second."""
    path = f"{directory}/still"
    server = subprocess.Popen([f"{build}/helpers/control_fake", path, "still"],
                              stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists(path))
    lines, _ = ctl.lines(3, "watch", "--json", "--socket", path)
    check("watch goes on reporting when nothing is published",
          all(json.loads(line)["status"]["publications"] == 12 for line in lines), lines)
    server.stdin.close()
    server.wait(10)


# --- Pages


def write_page(path, **changes):
    """A page of 1 ns a tick, correct by 40 us at counter value 10^9."""
    fields = {
        "magic": 0x4B4C4356, "size": 4096, "version": 1, "counter_id": 0xFF, "time_type": 1,
        "seq_count": 2, "disruption_marker": 2**64 - 2, "flags": 0xF9, "pad": b"\0\0",
        "clock_status": 2, "smearing": 0, "tai_offset": -37, "leap": 1, "shift": 0,
        "counter_value": 10**9, "period": 2**64 // 10**9, "esterror_rate": 184,
        "maxerror_rate": 18446, "time_sec": 1800000037, "time_frac": 2**63, "esterror": 805,
        "maxerror": 40000, "generation": 0,
    } | changes
    page = struct.pack("<IIHBBIQQ2sBBhBBQQQQQQQQQ", *fields.values())
    with open(path, "wb") as file:
        file.write(page.ljust(4096, b"\0"))


def part_page(ctl, directory):
    path = f"{directory}/page"
    write_page(path)
    page = ctl.json("page", path)
    check("page --json has every field, those of 64 bits as strings",
          page["disruption_marker"] == str(2**64 - 2) and page["tai_offset_sec"] == -37
          and page["counter_value"] == "1000000000" and page["clock_status"] == 2
          and page["time_sec"] == "1800000037" and page["time_ns"] == 1800000037500000000, page)
    check("page --json decodes units",
          abs(page["period_ns"] - 1) < 1e-9 and abs(page["max_rate_error_ppb"] - 1000) < 0.1
          and page["max_error_ns"] == 40000 and page["status"] == "SYNCHRONIZED", page)
    result = ctl("page", path)
    for text in ("x86 TSC" if page["counter_id"] == 1 else "none that a reader could know",
                 "SYNCHRONIZED", "TIME_MONOTONIC", "2027-01-15 08:00:37.500000000", "40.0 us",
                 "1000.0 ppb", "a second will be inserted", "-37"):
        if text == "1000.0 ppb":
            text = "1.000 ppm"
        check(f"page shows '{text}'", text in result.stdout, result.stdout)
    result = ctl("now", path)
    check("now says how to read a page without a known counter",
          result.returncode == 1 and "--counter monotonic-raw" in result.stderr, result)
    write_page(path, seq_count=3)
    result = ctl("page", path)
    check("a page left half written is told as such",
          result.returncode == 1 and "its writer died" in result.stderr, result)
    write_page(path, flags=0)
    page = ctl.json("page", path)
    check("errors that the page does not vouch for are null",
          page["max_error_ns"] is None and page["max_rate_error_ppb"] is None, page)
    write_page(path, period=0, shift=200, counter_id=77, time_type=9, clock_status=99,
               smearing=8, leap=44, flags=2**64 - 1, time_sec=2**64 - 1)
    for arguments in (["page", path], ["page", path, "--json"]):
        result = ctl(*arguments)
        check(f"'{arguments[0]}{' --json' * (len(arguments) - 2)}' survives a page of nonsense",
              result.returncode == 0 and "unknown" in result.stdout, result)
    write_page(path, magic=1)
    result = ctl("page", path)
    check("a page with a wrong magic is refused",
          result.returncode == 1 and "no vmclock page" in result.stderr, result)
    result = ctl("page", f"{directory}/nopage")
    check("a page that does not exist is told by its path",
          result.returncode == 1 and f"{directory}/nopage" in result.stderr, result)


# --- The real daemon


CONFIGURATION = """\
[clock]
counter = monotonic-raw
[page]
file = {directory}/run/page
driver = off
[control]
socket = {directory}/run/control
[state]
file = {directory}/run/state
[source host]
type = ntp
address = 127.0.0.1:{port}
iburst = on
"""


def check_bad_clients(path, server):
    rubbish = Connection(path)
    rubbish.socket.sendall(b"GET / HTTP/1.1\r\n\r\n\0")
    reply = rubbish.receive()
    check("rubbish gets an error", reply and reply["error"] == f"{HOST}.BadMessage", reply)
    check("and the connection ends", rubbish.receive() is None)
    endless = Connection(path)
    try:
        endless.socket.sendall(b" " * 70000)
    except OSError:
        pass
    reply = endless.receive()
    check("an endless message gets an error", reply and reply["error"] == f"{HOST}.BadMessage")
    half = Connection(path)
    half.socket.sendall(b'{"method":')
    crowd = [Connection(path) for _ in range(40)]
    for connection in crowd:
        connection.socket.close()
    slow = Connection(path)
    slow.send({"method": f"{HOST}.Watch", "more": True})
    time.sleep(2.5)
    reply = Connection(path).call(f"{HOST}.GetStatus")
    check("the daemon answers others after all this", reply and "parameters" in reply)
    check("the daemon runs on", server.poll() is None)


def check_page_agrees(ctl, directory, status):
    page = f"{directory}/run/page"
    now = ctl.json("now", "--counter", "monotonic-raw", page)
    check("now reads the daemon's page",
          now["status"] == status["status"] and now["max_error_ns"] > 0, now)
    host_ns = time.time_ns()
    later = ctl.json("now", "--counter", "monotonic-raw", page)
    check("the host's clock, read between two readings, is inside their bounds",
          now["utc"]["earliest_ns"] <= host_ns <= later["utc"]["latest_ns"], (now, host_ns, later))
    result = ctl("waitsync", "--bound", "10 s", "--timeout", "5", "--counter", "monotonic-raw",
                 page)
    check("waitsync finds a bound of 10 s at once", result.returncode == 0, result)
    result = ctl("waitsync", "--bound", "1 ns", "--timeout", "0", "--counter", "monotonic-raw",
                 page)
    check("waitsync gives up on 1 ns with status 3", result.returncode == 3, result)
    result = ctl("downgrade", page)
    check("downgrade refuses while the daemon lives",
          result.returncode == 1 and "its writer lives" in result.stderr, result)


def check_death(ctl, directory, server):
    page = f"{directory}/run/page"
    server.kill()
    server.wait(10)
    before = ctl.json("page", page)["status"]
    result = ctl("downgrade", "--unreliable-above", "100 s", page)
    check("after its death, downgrade makes the page FREERUNNING",
          result.returncode == 0 and before == "SYNCHRONIZED"
          and ctl.json("page", page)["status"] == "FREERUNNING", (before, result))
    ctl("downgrade", "--unreliable-above", "1 ns", page)
    check("and UNRELIABLE when its bound is too wide",
          ctl.json("page", page)["status"] == "UNRELIABLE")
    result = ctl("status", "--socket", f"{directory}/run/control")
    check("status then says that nobody listens any more",
          result.returncode == 1 and "nobody listens" in result.stderr, result)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def part_real(build, ctl, directory):
    path = f"{directory}/run/control"
    os.mkdir(f"{directory}/run")
    port = free_port()
    with open(f"{directory}/vmclockd.conf", "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(directory=directory, port=port))
    responder = subprocess.Popen([f"{build}/system/ntp-responder", "--exit-with-input",
                                  "--listen", f"127.0.0.1:{port}"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    responder.stdout.readline()
    with open(f"{directory}/log", "w", encoding="utf-8") as log:
        server = subprocess.Popen([f"{build}/daemon/vmclockd", "--config",
                                   f"{directory}/vmclockd.conf"], stdout=log, stderr=log)
    try:
        listens = wait_for(lambda: os.path.exists(path))
        with open(f"{directory}/log", encoding="utf-8") as log:
            check("vmclockd listens", listens, log.read())
        check_replies_match_description(path, "vmclockd")
        synchronized = wait_for(lambda: ctl("status", "--socket", path).returncode == 0)
        status = ctl.json("status", "--socket", path)
        check("it synchronizes to one server and status exits with 0", synchronized, status)
        check_page_agrees(ctl, directory, status)
        check("reset starts the source over",
              ctl("reset", "host", "--socket", path).returncode == 0)
        check_bad_clients(path, server)
        wait_for(lambda: ctl("status", "--socket", path).returncode == 0)
        check_death(ctl, directory, server)
    finally:
        server.kill()
        server.wait(10)
        responder.communicate(timeout=10)


def main():
    build = os.path.abspath(sys.argv[1])
    ctl = Ctl(build)
    with tempfile.TemporaryDirectory(prefix="vmclock-control-") as directory:
        check_usage(ctl, directory)
        part_fake(build, ctl, directory)
        part_still(build, ctl, directory)
        part_page(ctl, directory)
        if os.path.exists(f"{build}/daemon/vmclockd"):
            part_real(build, ctl, directory)
        else:
            check("vmclockd is built", False)
    print(f"1..{count}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
