# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU with the arguments that vmclockctl prints: what a guest's processor would read and write."""

import json
import pathlib
import subprocess

from netns import Network
from programs import Failed, ntp_source
from qtest import Machine
from scenario import scenario

PROJECT = pathlib.Path(__file__).resolve().parents[3]
TABLE = PROJECT / "acpi" / "vmclock-ivshmem.aml"
PAGE_SIZE = 4096
MAGIC = b"VCLK"
IVSHMEM = 0x11101AF4
SLOT = 0x10
BAR_ADDRESS = 0xFE000000


def _ctl(test, *words):
    return subprocess.run([test.build / "ctl" / "vmclockctl", *words, "--socket",
                           test.directory / "control"], capture_output=True, text=True,
                          check=False, timeout=30)


def _arguments(test, *words):
    run = _ctl(test, "qemu-args", "--table", TABLE, *words)
    if run.returncode:
        raise Failed(f"qemu-args: {run.stderr}")
    return run.stdout.split()


def _guest(test, name):
    return next(guest for guest in json.loads(_ctl(test, "guest", "list", "--json").stdout)
                if guest["name"] == name)


def _guest_reads_and_cannot_write(test, kind, arguments, path):
    """As firmware and guest do: put BAR2 somewhere, switch the device on, read and write there."""
    machine = test.track(Machine(test.directory, kind, arguments))
    test.tap.check(machine.config_read(SLOT, 0) == IVSHMEM, f"{kind}: the device is in its slot")
    machine.config_write(SLOT, 0x18, BAR_ADDRESS)
    machine.config_write(SLOT, 0x1C, 0)
    machine.config_write(SLOT, 0x04, 2)
    test.tap.check(machine.config_read(SLOT, 0x18) & ~0xF == BAR_ADDRESS,
                   f"{kind}: BAR2 is as the ACPI table reads it")
    seen = machine.read(BAR_ADDRESS, PAGE_SIZE)
    constant = slice(0, 12)
    test.tap.check(seen[:4] == MAGIC and seen[constant] == path.read_bytes()[constant],
                   f"{kind}: the guest sees the page of its file")
    for place in (0, 0x0C, 0x22, 0x28, PAGE_SIZE - 4):
        machine.write(BAR_ADDRESS + place, b"\xff\xff\xff\xff")
    after = path.read_bytes()
    test.tap.check(after[constant] == seen[constant] and after[-4:] == seen[-4:]
                   and after[0x22] <= 4 and machine.read(BAR_ADDRESS, 4) == MAGIC,
                   f"{kind}: what the guest writes reaches nothing")
    test.tap.check(not machine.writable(path), f"{kind}: QEMU itself has no way to write the file")
    machine.stop()


@scenario(seconds=10)
def qemu_arguments(test):
    """The arguments work for pc and q35, and the page is read-only for the guest."""
    test.responder()
    daemon = test.daemon({"only": ntp_source(Network.SERVER)})
    daemon.status()
    path = test.directory / "guests" / "web"
    for kind in ("pc", "q35"):
        words = _arguments(test, "--name", "web", "--replace", "--offset", "0")
        _guest_reads_and_cannot_write(test, kind, words, path)
    again = _ctl(test, "qemu-args", "--table", TABLE, "--name", "web")
    test.tap.check(again.returncode == 1 and "already" in again.stderr and not again.stdout,
                   "a name that is taken is refused", again.stderr)


@scenario(seconds=10)
def qemu_arguments_and_errors(test):
    """Names are chosen or refused; every error says what to do."""
    test.responder()
    kvm = test.directory / "kvm"
    kvm.mkdir()
    daemon = test.daemon({"only": ntp_source(Network.SERVER)}, extra=f"[page]\nkvm = {kvm}\n")
    daemon.status()
    first, second = _arguments(test), _arguments(test)
    test.tap.check(first[1].endswith("/guests/vm1") and second[1].endswith("/guests/vm2")
                   and second[-2:] == ["-name", "guest=vm2"],
                   "without a name, guests are numbered, and QEMU is told the name", second)
    said = json.loads(_ctl(test, "qemu-args", "--json", "--table", TABLE, "--name", "x").stdout)
    test.tap.check(said["name"] == "x" and said["page"].endswith("/guests/x")
                   and f"file={said['table']}" == said["arguments"][5]
                   and "readonly=on" in said["arguments"][1], "JSON says the same", said)
    status = subprocess.run([test.build / "ctl" / "vmclockctl", "page", "--json", said["page"]],
                            capture_output=True, text=True, check=False, timeout=10)
    guests = json.loads(_ctl(test, "guest", "list", "--json").stdout)
    test.tap.check([guest["vm"] for guest in guests] == ["name:vm1", "name:vm2", "name:x"],
                   "their counters are looked for by name", guests)
    run = _ctl(test, "qemu-args", "--table", TABLE, "--name", "y", "--vm", "other")
    test.tap.check(run.returncode == 0 and _guest(test, "y")["vm"] == "name:other",
                   "or by another that is given", run.stderr)
    test.tap.check(json.loads(status.stdout)["status"] == "UNRELIABLE",
                   "the page is UNRELIABLE until the guest's counter is known")
    for words, code, part in (
            (("--name", "../x"), 1, "no name for a guest"),
            (("--name", ""), 1, "no name for a guest"),
            (("--name", "a" * 200), 1, "no name for a guest"),
            (("--name", ".x"), 1, "no name for a guest"),
            (("--name", "x.guest"), 1, "does not take this 'name'"),
            (("--name", "odd", "--offset", "z"), 1, "does not take this 'offset'"),
            (("--table", "/nowhere"), 1, "/nowhere: No such file"),
            (("--table", "/tmp/a,b"), 1, "can be passed on to QEMU"),
            (("--device", "--name", "y"), 2, "neither name nor"),
            (("surplus",), 2, "one argument too many")):
        run = _ctl(test, "qemu-args", "--table", TABLE, *words)
        test.tap.check(run.returncode == code and part in run.stderr and not run.stdout,
                       f"refused: {' '.join(words)[:40]}", run.stderr)
    kvm.rmdir()
    run = _ctl(test, "qemu-args", "--table", TABLE, "--name", "emulated")
    test.tap.check(run.returncode == 0 and run.stdout and "debugfs" in run.stderr
                   and "guest set" in run.stderr, "without KVM somebody has to measure", run.stderr)
    if not pathlib.Path("/dev/vmclock_host").exists():
        run = _ctl(test, "qemu-args", "--table", TABLE, "--device")
        test.tap.check(run.returncode == 1 and "modprobe vmclock_host" in run.stderr,
                       "without the driver there is no device to map", run.stderr)
    daemon.stop()
    run = _ctl(test, "qemu-args", "--table", TABLE, "--name", "z")
    test.tap.check(run.returncode == 1 and "no vmclockd" in run.stderr,
                   "without a daemon it says so", run.stderr)
