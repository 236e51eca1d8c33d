#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine below a guest: chronyd, vmclockd, QEMU, and what an operator would do; TAP.

guest_host.py --work DIR --built DIR --machine pc|q35 [--readings N] [--migrate] [--follows] -- QEMU ARGUMENT...
"""

import argparse
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "system" / "lib")]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from programs import (Chronyd, Failed, Process, Vmclockd, configuration, ntp_source, remove_tree,
                      wait_until)
from tap import Tap

PATIENCE_S = 200
TABLE = PROJECT / "acpi" / "vmclock-ivshmem.aml"
NAME = "web"  # README.md calls it so
UNRELIABLE, SYNCHRONIZED = 4, 2


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# What README.md's commands come to: see programs_of_readme().
CTL = """#!/bin/sh
case $1 in qemu-args) set -- "$@" --table {table} ;; esac
exec {ctl} "$@" {control}
"""
QEMU = """#!/bin/sh
[ "$1 $2" = "-accel kvm" ] || exit 2
shift 2
for word; do
	shift
	case $word in disk.img) ;; *) set -- "$@" "$word" ;; esac
done
exec {qemu} "$@" -cpu max -m 256M {more}
"""


def readme(part):
    """The command of README.md's section about guests that has this in it."""
    section = (PROJECT / "README.md").read_text().split("## A guest's clock")[1].split("\n## ")[0]
    return next(line.strip() for line in section.splitlines()
                if line.startswith("    ") and part in line)


class Monitor:
    """QEMU's monitor (QMP)."""

    def __init__(self, machine, path):
        self.machine = machine
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.link.settimeout(PATIENCE_S)
        wait_until(lambda: self._connected(path), PATIENCE_S, "QEMU's monitor")
        self.lines = self.link.makefile("r")
        self.lines.readline()
        self.command("qmp_capabilities")

    def _connected(self, path):
        if not self.machine.alive():
            raise Failed(f"QEMU ended: {self.machine.text()[-500:]}")
        try:
            self.link.connect(str(path))
            return True
        except OSError:
            return False

    def command(self, name):
        self.link.sendall(json.dumps({"execute": name}).encode() + b"\n")
        while True:
            answer = json.loads(self.lines.readline())
            if "error" in answer:
                raise Failed(f"QEMU: {name}: {answer['error']}")
            if "return" in answer:
                return answer["return"]


class Host:
    """Everything that runs here, and how to ask it."""

    def __init__(self, options):
        self.options = options
        self.tap = Tap()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="vmclock-guest-"))
        self.talk = self.directory / "talk"
        self.talk.write_bytes(bytes(4096))
        self.page = self.directory / "page"
        self.programs = []
        self.machine = self.monitor = None

    def start(self):
        """A real chronyd that serves this machine's clock, and the daemon that asks it."""
        port = free_port()
        self.programs.append(Chronyd(self.options.built, self.directory, None,
                                     extra=f"port {port}\nbindaddress 127.0.0.1\n"))
        config = configuration(self.directory, {"chronyd": ntp_source("127.0.0.1", port)})
        daemon = Vmclockd(self.options.built, self.directory, config)
        self.programs.append(daemon)
        wait_until(lambda: daemon.status()["status"] == "SYNCHRONIZED", PATIENCE_S,
                   "a daemon that knows the time")

    def ctl(self, *words):
        run = subprocess.run([self.options.built / "ctl" / "vmclockctl", *words, "--socket",
                              self.directory / "control"], capture_output=True, text=True,
                             check=False, timeout=PATIENCE_S)
        if run.returncode:
            raise Failed(f"vmclockctl {' '.join(words)}: {run.stderr}")
        return run.stdout

    def entry(self):
        """What `guest list` shows of the guest."""
        return next(guest for guest in json.loads(self.ctl("guest", "list", "--json"))
                    if guest["name"] == NAME)

    def programs_of_readme(self):
        """Its two programs, which here add what is different: no KVM, no disk, another socket."""
        room = self.directory / "bin"
        room.mkdir()
        control = shlex.join(["--socket", str(self.directory / "control")])
        talk = f"memory-backend-file,id=talk,share=on,size=4096,mem-path={self.talk}"
        more = shlex.join([
            "-machine", self.options.machine, "-object", talk, "-device",
            "ivshmem-plain,memdev=talk,addr=0x11", "-qmp",
            f"unix:{self.directory}/monitor,server=on,wait=off"])
        for name, text in (
                ("vmclockctl", CTL.format(ctl=self.options.built / "ctl" / "vmclockctl",
                                          control=control, table=TABLE)),
                ("qemu-system-x86_64", QEMU.format(qemu=shlex.join(self.options.qemu), more=more))):
            (room / name).write_text(text)
            (room / name).chmod(0o755)
        return {"PATH": f"{room}:{os.environ['PATH']}"}

    def boot(self):
        self.machine = Process("qemu", ["sh", "-c", f"exec {readme('qemu-args')}"],
                               self.directory, environment=self.programs_of_readme())
        self.programs.append(self.machine)
        self.monitor = Monitor(self.machine, self.directory / "monitor")

    def wait_for_guest(self):
        """Until its program answers requests: the fourth number of the memory for talking."""
        def serving():
            if not self.machine.alive():
                raise Failed(f"the guest ended early: {self.machine.text()[-500:]}")
            return self.talk.read_bytes()[12:16] != bytes(4)
        wait_until(serving, PATIENCE_S, "the guest's program")

    def _peer(self, *words):
        return [self.options.work / "peer", self.talk, *words]

    def peer(self, *words):
        """Its output; its verdicts become ours."""
        run = subprocess.run(self._peer(*words), capture_output=True, text=True, check=False)
        if run.returncode:
            raise Failed(f"peer {words}: {run.stdout}")
        return run.stdout

    def repeat(self, text):
        for line in text.splitlines():
            verdict, _, what = line.partition(" - ")
            if verdict in ("ok", "not ok"):
                self.tap.check(verdict == "ok", what)
            elif line.startswith("#"):
                print(line)

    def state(self):
        return json.loads(self.peer("state"))

    def hand_over_counter(self):
        """The offset is measured, as no VMM under test tells it; the guest is told by its page."""
        low, high = self.measure_offset()
        self.say_offset(low, high)
        return low, high

    def measure_offset(self):
        low, high = sorted(map(int, self.peer("offset").split()))
        print(f"# offset {low} to {high}: known to {high - low} ticks")
        return low, high

    def say_offset(self, low, high):
        self.ctl("guest", "set", NAME, f"--offset={(low + high) // 2}")

    def compare(self, readings, low, high):
        self.repeat(self.peer("compare", self.page, str(low), str(high), str(readings)))

    def follows(self, readings, low, high):
        self.repeat(self.peer("follows", self.page, str(low), str(high), str(readings)))

    def watching(self):
        watch = Process("watch", self._peer("watch", self.page), self.directory)
        self.programs.append(watch)
        return watch

    def finish_watching(self, watch):
        watch.stop(signal.SIGTERM, PATIENCE_S)
        text = watch.text()
        watch.log.unlink()
        self.repeat(text)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def end_guest(self):
        """It does what else it has to, and halts."""
        self.peer("quit")
        self.machine.asked_to_end = True
        self.machine.wait(3 * PATIENCE_S)
        words = readme("guest remove").split("#")[0].split()
        self.ctl(*words[1:])
        self.tap.check(not (self.directory / "guests" / NAME).exists(),
                       "with its machine, the guest's page is gone")

    def close(self):
        for process in reversed(self.programs):
            process.stop()
        if self.tap.failed:
            for process in self.programs:
                if process.log.exists():
                    self.tap.note(f"--- {process.name}:\n{process.text()[-2000:]}")
        remove_tree(self.directory)


def first_time(host):
    """From the start of the machine to the time."""
    before = host.state()
    host.tap.check(before["phc_error"] != 0 and before["status"] == UNRELIABLE,
                   "until the guest's counter is known, its clock gives no time", before)
    low, high = host.hand_over_counter()
    after = host.state()
    host.tap.check(after["phc_error"] == 0 and after["status"] == SYNCHRONIZED
                   and after["marker"] != before["marker"],
                   "then it does, with a new disruption marker", after)
    host.compare(host.options.readings, low, high)
    if host.options.follows:
        host.follows(host.options.readings, low, high)
    return low


def says(watch, status):
    return wait_until(lambda: f'"status": {status},' in watch.text(), PATIENCE_S,
                      f"a guest that reads status {status}")


def migrate(host, old_offset):
    """The machine is stopped and goes on with another counter, as on another host."""
    watch = host.watching()
    says(watch, SYNCHRONIZED)
    host.monitor.command("stop")
    host.ctl("guest", "disrupt", NAME, "--reason=test")
    host.monitor.command("cont")
    says(watch, UNRELIABLE)
    seen = host.finish_watching(watch)
    entry = host.entry()
    host.tap.check([reading["status"] for reading in seen] == [SYNCHRONIZED, UNRELIABLE],
                   "after it was stopped, the guest reads UNRELIABLE", seen)
    host.tap.check(entry["offset"] is None and entry["status"].upper() == "UNRELIABLE",
                   "`guest list` says so", entry)
    low, high = host.measure_offset()
    host.tap.check(high < old_offset, "its counter is another one", f"{old_offset - low} ticks")
    watch = host.watching()
    says(watch, UNRELIABLE)
    host.say_offset(low, high)
    says(watch, SYNCHRONIZED)
    after, entry = host.finish_watching(watch), host.entry()
    host.tap.check([reading["status"] for reading in after] == [UNRELIABLE, SYNCHRONIZED]
                   and after[-1]["marker"] not in [reading["marker"] for reading in seen],
                   "with its new counter it has the time again, and a new marker", after)
    host.tap.check(entry["offset"] is not None and entry["ratio"] == "1"
                   and entry["status"].upper() == "SYNCHRONIZED"
                   and entry["update_age_s"] is not None,
                   "`guest list` shows offset, scale, status and last update", entry)
    host.compare(host.options.readings // 5, low, high)


def run(host):
    host.start()
    host.boot()
    host.wait_for_guest()
    offset = first_time(host)
    if host.options.migrate:
        migrate(host, offset)
    host.end_guest()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--built", type=pathlib.Path, required=True)
    parser.add_argument("--machine", required=True)
    parser.add_argument("--readings", type=int, default=500)
    parser.add_argument("--migrate", action="store_true")
    parser.add_argument("--follows", action="store_true", help="the guest's kernel, the page")
    parser.add_argument("qemu", nargs="+")
    options = parser.parse_args()
    options.built = options.built.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    host = Host(options)
    try:
        run(host)
    except (Failed, OSError, subprocess.SubprocessError) as error:
        host.tap.check(False, "the guest and its host ran to their end", error)
    finally:
        host.close()


if __name__ == "__main__":
    main()
