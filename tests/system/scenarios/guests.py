# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests' pages: kept by the daemon, and by the daemon that comes after it."""

import json
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
