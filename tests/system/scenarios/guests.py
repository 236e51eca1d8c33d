# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests' pages: kept by the daemon, and by the daemon that comes after it."""

import json
import shutil
import signal
import subprocess

import programs
from netns import Network
from programs import ntp_source, wait_until
from scenario import describe, scenario


def _guest(test, *words):
    return subprocess.run([test.build / "ctl" / "vmclockctl", "guest", *words, "--socket",
                           test.directory / "control"], capture_output=True, text=True,
                          check=False, timeout=10)


def _status(test, name):
    run = subprocess.run([test.build / "ctl" / "vmclockctl", "page", "--json",
                          test.directory / "guests" / name], capture_output=True, text=True,
                         check=False, timeout=10)
    return json.loads(run.stdout)["status"] if run.returncode == 0 else run.stderr


def _listed(test, name):
    guests = json.loads(_guest(test, "list", "--json").stdout)
    return next(guest for guest in guests if guest["name"] == name)


def _disrupted_in_between(test, daemon):
    """A disruption holds until the new counter is said, also when no daemon was there to hear it.
    Returns the daemon's next life."""
    _guest(test, "disrupt", "same", "--soon", "--reason", "maintenance")
    test.tap.check(_listed(test, "same")["warning"] == "soon"
                   and _status(test, "same") == "SYNCHRONIZED", "a warning disrupts nothing")
    daemon.stop(signal.SIGKILL)
    run = _guest(test, "disrupt", "same", "--reason", "migrated", "--guests",
                 test.directory / "guests")
    test.tap.check(run.returncode == 0 and _status(test, "same") == "UNRELIABLE",
                   "a guest is disrupted without a daemon", run.stderr)
    daemon = test.restart(daemon)
    wait_until(lambda: daemon.call("GetGuests"), 10, "the restarted daemon")
    guest = _listed(test, "same")
    test.tap.check(guest["status"] == "unreliable" and guest["why"] == "migrated"
                   and guest["offset"] is None, "its next life does not bring it back", guest)
    _guest(test, "set", "same", "--offset", "0")
    test.tap.check(wait_until(lambda: _status(test, "same") == "SYNCHRONIZED", 20,
                              "the guest's page"), "the new counter does")
    return daemon


@scenario(seconds=35)
def guests_of_two_lives(test):
    """A guest with the host's counter reads the truth, over kills; others are told what is known."""
    test.responder()
    daemon = test.daemon({"only": ntp_source(Network.SERVER)})
    test.wait_status("SYNCHRONIZED")
    run = _guest(test, "add", "same", "--offset", "0")
    test.tap.check(run.returncode == 0, "a guest is added", run.stderr)
    test.tap.check(_status(test, "same") == "SYNCHRONIZED", "its page has the time at once")
    _guest(test, "add", "unknown")
    test.tap.check(_status(test, "unknown") == "UNRELIABLE",
                   "one whose counter is not known has none")
    again = _guest(test, "add", "same")
    test.tap.check(again.returncode == 1 and "already" in again.stderr,
                   "a second of the same name is refused", again.stderr)
    reader = test.track(programs.Reader(test.build, test.directory,
                                        test.directory / "guests" / "same", "guest", rate=1000))
    reader.settle(3)
    for _ in range(5):
        daemon.stop(signal.SIGKILL)
        daemon = test.restart(daemon)
        wait_until(lambda: daemon.call("GetGuests"), 10, "the restarted daemon")
        reader.settle(1)
    names = [guest["name"] for guest in json.loads(_guest(test, "list", "--json").stdout)]
    test.tap.check(sorted(names) == ["same", "unknown"], "the next life knows them", names)
    report = reader.finish()
    test.tap.check(report["violations"] == 0 and report["backwards"] == 0
                   and report["disruptions"] == 0 and report["failures"] == 0,
                   "the guest's time is inside its bound, and never steps", describe(report))
    daemon.stop(signal.SIGKILL)
    subprocess.run([test.build / "ctl" / "vmclockctl", "downgrade", test.directory / "guests"],
                   check=True, timeout=10)
    test.tap.check(_status(test, "same") == "FREERUNNING" and _status(test, "unknown")
                   == "UNRELIABLE", "vmclockctl downgrade knows the directory")
    daemon = test.restart(daemon)
    test.tap.check(wait_until(lambda: _status(test, "same") == "SYNCHRONIZED", 20,
                              "the guest's page"), "the next life brings it back")
    daemon = _disrupted_in_between(test, daemon)
    test.tap.check(_guest(test, "remove", "same").returncode == 0
                   and not (test.directory / "guests" / "same").exists(), "a guest is removed")
    test.tap.check(daemon.stop() == 0 and _status(test, "unknown") == "UNRELIABLE",
                   "the daemon ends cleanly")


def _say_offset(kvm, process, offset):
    """What KVM's debugfs has of a machine with two virtual CPUs, all at once."""
    made = kvm.with_name("kvm-made")
    shutil.rmtree(made, ignore_errors=True)
    for cpu in ("vcpu0", "vcpu1"):
        (made / cpu).mkdir(parents=True)
        (made / cpu / "tsc-offset").write_text(f"{offset}\n")
    for count in ("nested_run", "guest_mode"):
        (made / count).write_text("0\n")
    machine = kvm / f"{process.pid}-12"
    shutil.rmtree(machine, ignore_errors=True)
    made.rename(machine)


def _follows(test, offset):
    return wait_until(lambda: _listed(test, "web")["offset"] == str(offset)
                      and _status(test, "web") == "SYNCHRONIZED", 30, f"offset {offset}")


@scenario(seconds=30)
def guests_of_kvm(test):
    """A guest's counter is read from KVM, over kills; what is in doubt is no time."""
    kvm = test.directory / "kvm"
    kvm.mkdir()
    machine = subprocess.Popen(["sleep", "600"])
    try:
        _say_offset(kvm, machine, 1000000)
        test.responder()
        daemon = test.daemon({"only": ntp_source(Network.SERVER)}, extra=f"[page]\nkvm = {kvm}\n")
        test.wait_status("SYNCHRONIZED")
        run = _guest(test, "add", "web", "--pid", str(machine.pid))
        test.tap.check(run.returncode == 0, "a guest of KVM is added", run.stderr)
        test.tap.check(_follows(test, 1000000), "its counter is found")
        _say_offset(kvm, machine, 2000000)
        test.tap.check(_follows(test, 2000000), "another counter is found, too")
        daemon.stop(signal.SIGKILL)
        _say_offset(kvm, machine, 3000000)
        daemon = test.restart(daemon)
        wait_until(lambda: daemon.call("GetGuests"), 10, "the restarted daemon")
        test.tap.check(_listed(test, "web")["offset"] in (None, "3000000"),
                       "the next life does not use the old one", _listed(test, "web"))
        test.tap.check(_follows(test, 3000000), "it finds the new one")
    finally:
        machine.kill()
        machine.wait()
    test.tap.check(wait_until(lambda: _status(test, "web") == "UNRELIABLE", 30, "the end"),
                   "a guest that has ended has no time")
    test.tap.check(daemon.stop() == 0, "the daemon ends cleanly")
