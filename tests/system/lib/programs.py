# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of a scenario: NTP servers, the daemon, and who reads its page."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time


class Failed(Exception):
    """A program did not do what the scenario needs; the test cannot go on."""


def wait_until(condition, seconds, what):
    """Polls until `condition()` is true and returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"after {seconds} s still waiting for {what}")
        time.sleep(0.02)


class Process:
    """A child in a namespace (None: this one's), its output in a file; dies with this process."""

    def __init__(self, name, words, directory, space=None, environment=None, stdin=None):
        self.name = name
        self.asked_to_end = False
        self.log = directory / f"{name}.log"
        words = ["setpriv", "--pdeathsig", "KILL", *map(str, words)]
        if space:
            words = space.command(words)
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                words, stdin=stdin or subprocess.DEVNULL, stdout=self.stdout(log), stderr=log,
                env={**os.environ, **(environment or {})}, cwd=directory)

    def stdout(self, log):
        return log

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def text(self):
        return self.log.read_text(errors="replace")

    def send(self, number):
        if self.alive():
            self.child.send_signal(number)

    def wait(self, seconds=10):
        return self.child.wait(timeout=seconds)

    def stop(self, number=signal.SIGTERM, seconds=10):
        """Asks it to end and waits; its exit status."""
        self.asked_to_end = True
        self.send(number)
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return None


class Responder(Process):
    """Our own NTP server; its settings can be changed while it runs."""

    def __init__(self, build, directory, space, address, port=123, name=None, **settings):
        host = f"[{address}]" if ":" in address else address
        words = [build / "system" / "ntp-responder", "--listen", f"{host}:{port}",
                 "--exit-with-input"]
        for key, value in settings.items():
            words += [f"--{key.replace('_', '-')}", str(value)]
        super().__init__(name or f"responder-{address}-{port}", words, directory, space,
                         stdin=subprocess.PIPE)
        if not self.child.stdout.readline().startswith(b"listening"):
            raise Failed(f"{self.name} did not start: {self.text()}")

    def stdout(self, log):
        return subprocess.PIPE

    def command(self, line):
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline().decode().strip()
        if answer.startswith("error") or not answer:
            raise Failed(f"{self.name}: {line}: {answer}")
        return answer

    def set(self, name, value):
        self.command(f"{name} {value}")

    def requests(self):
        return int(self.command("report").split()[1])


def chrony_program(build, name):
    """Debian's chrony, unpacked below the build directory, or the one installed."""
    for base in (build / "system" / "chrony", pathlib.Path("/")):
        for room in ("usr/sbin", "usr/bin"):
            if (base / room / name).exists():
                return base / room / name
    raise Failed(f"there is no {name}: run tests/system/fetch-chrony {build}/system/chrony")


def chrony_environment(build):
    return {"LD_LIBRARY_PATH": str(build / "system/chrony/usr/lib/x86_64-linux-gnu")}


def gpsd_program(build):
    """Debian's gpsd, unpacked below the build directory."""
    program = build / "system/gpsd/usr/sbin/gpsd"
    if not program.exists():
        raise Failed(f"there is no gpsd: run tests/system/fetch-gpsd {build}/system/gpsd")
    return program


def gpsd_environment(build):
    return {"LD_LIBRARY_PATH": str(build / "system/gpsd/usr/lib/x86_64-linux-gnu")}


CHRONYD_SERVER = """\
local stratum 1
allow
cmdport 0
bindcmdaddress /
pidfile {directory}/{name}.pid
"""


class Chronyd(Process):
    """A real chronyd that serves this machine's clock and never touches it (-x)."""

    def __init__(self, build, directory, space, name="chronyd", extra=""):
        config = directory / f"{name}.conf"
        config.write_text(CHRONYD_SERVER.format(directory=directory, name=name) + extra)
        super().__init__(name, [chrony_program(build, "chronyd"), "-x", "-d", "-u", "root",
                                "-f", config], directory, space, chrony_environment(build))


class Reader(Process):
    """page-truth: compares the page with this machine's clock, which is the truth here."""

    def __init__(self, build, directory, page, name="reader", **options):
        words = [build / "system" / "page-truth", "--page", page]
        for key, value in options.items():
            words += [f"--{key.replace('_', '-')}", str(value)]
        super().__init__(name, words, directory)
        self.report = None

    def settle(self, seconds):
        """Lets it read for so long."""
        time.sleep(seconds)
        if not self.alive():
            raise Failed(f"{self.name} ended early: {self.text()[-400:]}")

    def finish(self):
        """Ends it and returns its report."""
        if self.report is None:
            status = self.stop(signal.SIGTERM)
            lines = [line for line in self.text().splitlines() if line.startswith("{")]
            if status != 0 or not lines:
                raise Failed(f"{self.name} ended with {status}: {self.text()[-400:]}")
            self.report = json.loads(lines[-1])
        return self.report


def reading(build, page):
    """One reading of the page against the truth."""
    run = subprocess.run([build / "system" / "page-truth", "--page", page, "--readings", "1"],
                         capture_output=True, text=True, check=False, timeout=10)
    return json.loads(run.stdout) if run.returncode == 0 else None


class Vmclockd(Process):
    """The daemon under test."""

    def __init__(self, build, directory, config, space=None, name="vmclockd", environment=None,
                 wrapper=()):
        self.build = build
        self.directory = directory
        self.config = config
        super().__init__(name, [*wrapper, build / "daemon" / "vmclockd", "--config", config],
                         directory, space, environment)

    def call(self, method):
        """One call on the control socket, or None while nobody answers there."""
        request = json.dumps({"method": f"org.vmclock.Host.{method}"}).encode() + b"\0"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(5)
                link.connect(str(self.directory / "control"))
                link.sendall(request)
                answer = b""
                while not answer.endswith(b"\0"):
                    part = link.recv(65536)
                    if not part:
                        return None
                    answer += part
        except OSError:
            return None
        return json.loads(answer[:-1]).get("parameters")

    def _answer(self, method):
        def attempt():
            if not self.alive():
                raise Failed(f"{self.name} has ended with {self.child.returncode}")
            return self.call(method)
        return wait_until(attempt, 10, f"an answer to {method}")

    def status(self):
        return self._answer("GetStatus")["status"]

    def sources(self):
        """The sources by name."""
        return {source["name"]: source for source in self._answer("GetSources")["sources"]}


def configuration(directory, sources, clock=None, extra=""):
    """Writes a configuration whose every path lies in `directory`; its path."""
    clock = {"counter": "tsc", "counter-check": "kernel", **(clock or {})}
    lines = ["[clock]", *(f"{key} = {value}" for key, value in clock.items()),
             "[page]", f"file = {directory}/page", "driver = off",
             "[control]", f"socket = {directory}/control", "group = root",
             "[log]", "journal = off",
             "[state]", f"file = {directory}/state"]
    for name, keys in sources.items():
        lines += [f"[source {name}]", *(f"{key} = {value}" for key, value in keys.items())]
    path = directory / "vmclockd.conf"
    path.write_text("\n".join(lines) + "\n" + extra)
    return path


def ntp_source(address, port=123, **keys):
    """An ntp source at 1 s polls."""
    host = f"[{address}]" if ":" in address else address
    return {"type": "ntp", "address": f"{host}:{port}", "iburst": "on", "min-poll": "1 s",
            "max-poll": "1 s", **{key.replace("_", "-"): value for key, value in keys.items()}}


def remove_tree(path):
    shutil.rmtree(path, ignore_errors=True)
