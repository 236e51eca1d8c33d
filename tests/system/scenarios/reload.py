# SPDX-License-Identifier: GPL-2.0-or-later
"""Another configuration while the daemon runs: read again, or a source by hand."""

import json
import os
import random
import signal
import socket
import subprocess

import programs
from programs import ntp_source, wait_until
from scenario import scenario

ROUNDS = 100
SHM_UNIT = 199  # a segment of nobody else


def _ctl(test, *words):
    """vmclockctl; the finished process."""
    return subprocess.run([test.build / "ctl" / "vmclockctl", *words, "--socket",
                           test.directory / "control"], capture_output=True, text=True,
                          check=False, timeout=60)


def _sources(count, **keys):
    return {f"s{n}": ntp_source(f"10.77.1.{n}", **keys) for n in range(1, count + 1)}


def _descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def _wait_samples(daemon, name, count):
    """Until the source has so many; the source."""
    def enough():
        source = daemon.sources().get(name)
        return source if source and source["samples"] >= count else None
    return wait_until(enough, 60, f"{count} samples of {name}")


def _any_configuration(chance):
    """Sources, and settings of the clock; s1 is in all of them, and the same."""
    sources = _sources(1)
    for name in chance.sample(["s2", "s3", "s4"], chance.randint(1, 3)):
        keys = {"prefer": chance.choice(["on", "off"]), "max_error": chance.choice(["0 ns", "5 us"]),
                "trust": chance.choice(["on", "off"]), "min_samples": chance.choice(["1", "2"])}
        sources[name] = ntp_source(f"10.77.1.{name[1]}", **keys)
    clock = {"max-rate-change": chance.choice(["1 ppm", "2 ppm", "5 ppm"]),
             "max-slew": chance.choice(["10 ppm", "50 ppm"]),
             "nesting-horizon": chance.choice(["5 s", "60 s", "120 s"]),
             "unreliable-above": chance.choice(["100 ms", "1 s"])}
    return sources, clock


@scenario(seconds=60)
def reload_100_times(test):
    """100 configurations, every tenth of them wrong, and a reader that never stops."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    test.tap.note(f"seed {seed}")
    test.responders(4)
    daemon = test.daemon(_sources(4))
    test.wait_status("SYNCHRONIZED")
    for name in ("s1", "s2", "s3", "s4"):
        _wait_samples(daemon, name, 5)
    reader = test.reader(rate=2000)
    before, descriptors = daemon.sources()["s1"], _descriptors(daemon)
    failed = []
    for number in range(ROUNDS):
        wrong = number % 10 == 9
        sources, clock = _any_configuration(chance)
        programs.configuration(test.directory, sources, clock, "nonsense\n" if wrong else "")
        run = _ctl(test, "reload")
        if (run.returncode != 0) != wrong:
            failed.append(f"{number}: {run.returncode} {run.stdout} {run.stderr}")
        if number % 5 == 0:
            _wait_samples(daemon, "s1", daemon.sources()["s1"]["samples"] + 1)
    test.tap.check(not failed, f"{ROUNDS} reloads: those of good files succeed, others fail",
                   "; ".join(failed)[:400])
    programs.configuration(test.directory, _sources(4))
    test.tap.check(_ctl(test, "reload").returncode == 0, "the first configuration is back")
    for name in ("s1", "s2", "s3", "s4"):
        _wait_samples(daemon, name, 1)
    after = daemon.sources()["s1"]
    test.tap.check(after["samples"] > before["samples"] and after["restarts"] == 0
                   and after["sent"] > before["sent"], "a source that stayed kept its history",
                   f"{before['samples']} -> {after['samples']} samples")
    wait_until(lambda: _descriptors(daemon) <= descriptors, 30,
               f"no more than {descriptors} descriptors; {_descriptors(daemon)} are open")
    test.tap.check(True, "no descriptor is left over", f"{descriptors}")
    status = daemon.status()
    test.tap.check(status["nesting_violations"] == 0 and not status["waiting_settings"],
                   "no bound was found wrong later", f"{status['nesting_violations']}")
    report = test.check_time(reader)
    test.tap.check(report["disruptions"] == 0 and report["failures"] == 0,
                   "no reader noticed", f"{report['disruptions']} disruptions")
    test.tap.check(report["nested"] > 1000 and report["not_nested"] == 0,
                   "what was read stays inside the bound that it had",
                   f"{report['not_nested']} of {report['nested']} comparisons")


def _check_settings(test, daemon):
    """One key that waits, one at once."""
    programs.configuration(test.directory, _sources(2), {"max-slew": "20 ppm"},
                           "[page]\nlease = 20 s\n")
    run = _ctl(test, "reload")
    test.tap.check(run.returncode == 0 and "[clock] max-slew: in force" in run.stdout
                   and "[page] lease: takes effect after a restart" in run.stdout
                   and "s1" not in run.stdout, "reload says what changed, and what waits",
                   run.stdout + run.stderr)
    shown = _ctl(test, "status").stdout
    test.tap.check(daemon.status()["waiting_settings"] == ["[page] lease"]
                   and "At restart   [page] lease" in shown, "status names what waits", shown)
    programs.configuration(test.directory, _sources(2), {"max-slew": "20 ppm"})
    _ctl(test, "reload")
    test.tap.check(daemon.status()["waiting_settings"] == [], "taken back, nothing waits")


@scenario(seconds=30)
def reload_reports(test):
    """What is said of a good file, of a faulty one, and to systemd."""
    test.responders(2)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(test.directory / "notify"))
    daemon = test.daemon(_sources(2), environment={"NOTIFY_SOCKET": str(test.directory / "notify")})
    test.wait_status("SYNCHRONIZED")
    _wait_samples(daemon, "s1", 3)
    _check_settings(test, daemon)
    daemon.config.write_text(daemon.config.read_text() + "[clock]\nmax-slew = fast\n")
    line = len(daemon.config.read_text().splitlines())
    run = _ctl(test, "reload")
    test.tap.check(run.returncode == 1 and f"vmclockd.conf:{line}: " in run.stderr,
                   "a faulty file: its line, and status 1", run.stderr)
    test.tap.check(f"vmclockd.conf:{line}: " in daemon.text(), "it is in the log too")
    programs.configuration(test.directory, _sources(1), {"max-slew": "20 ppm"})
    daemon.send(signal.SIGHUP)
    wait_until(lambda: "s2" not in daemon.sources(), 30, "SIGHUP to be followed")
    test.tap.check("source s2: removed" in daemon.text(), "SIGHUP reads the configuration too")
    notify.setblocking(False)
    told = []
    try:
        while True:
            told.append(notify.recv(4096).decode())
    except BlockingIOError:
        pass
    reloading = [number for number, text in enumerate(told) if text.startswith("RELOADING=1\n")]
    test.tap.check(len(reloading) == 4 and "MONOTONIC_USEC=" in told[reloading[0]]
                   and all(told[number + 1] == "READY=1" for number in reloading),
                   "systemd is told RELOADING with the time, then READY", " | ".join(told[-6:]))


@scenario(seconds=30)
def sources_by_hand(test):
    """Added, changed and removed while a reader looks on; a reload keeps what is of no file."""
    test.responders(3)
    reader = test.reader(rate=1000)
    daemon = test.daemon(_sources(1))
    test.wait_status("SYNCHRONIZED")
    add = ("source", "add", "hand", "type=ntp", "address=10.77.1.2", "min-poll=1 s", "max-poll = 1 s")
    run = _ctl(test, *add)
    test.tap.check(run.returncode == 0, "a source is added", run.stderr)
    _wait_samples(daemon, "hand", 3)
    test.tap.check(daemon.sources()["hand"]["by_hand"], "it is known to be of no file")
    run = _ctl(test, *add)
    test.tap.check(run.returncode == 1 and "there is a source 'hand' already" in run.stderr,
                   "not twice", run.stderr)
    run = _ctl(test, "source", "add", "bad", "type=ntp", "colour=red")
    test.tap.check(run.returncode == 1 and "unknown key 'colour' in [source bad]; expected" in run.stderr,
                   "what is wrong is said as of a file", run.stderr)
    run = _ctl(test, "source", "add", "bad", "type=ntp")
    test.tap.check("[source bad]: no address; expected address" in run.stderr,
                   "what is missing too", run.stderr)
    samples = daemon.sources()["hand"]["samples"]
    run = _ctl(test, "source", "set", "hand", "prefer=on", "max-poll=4 s")
    hand = daemon.sources()["hand"]
    test.tap.check(run.returncode == 0 and hand["prefer"] and hand["samples"] >= samples,
                   "a key that does not touch the measurement leaves the history", run.stderr)
    test.tap.check(_ctl(test, "reload").returncode == 0 and "hand" in daemon.sources()
                   and daemon.sources()["hand"]["samples"] >= samples, "a reload leaves it alone")
    _ctl(test, "source", "set", "hand", "address=10.77.1.3")
    test.tap.check("source hand: starts over: address" in daemon.text(),
                   "another address starts it over")
    _wait_samples(daemon, "hand", 3)
    run = _ctl(test, "source", "remove", "hand")
    test.tap.check(run.returncode == 0 and list(daemon.sources()) == ["s1"], "it is removed",
                   run.stderr)
    run = _ctl(test, "source", "remove", "hand")
    test.tap.check("there is no source 'hand'" in run.stderr, "once", run.stderr)
    run = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", "--regid", "0",
                          test.build / "ctl" / "vmclockctl", "reload", "--socket",
                          test.directory / "control"], capture_output=True, text=True, check=False)
    test.tap.check(run.returncode == 1, "none of it for others than root", run.stderr)
    report = test.check_time(reader)
    test.tap.check(report["disruptions"] == 0, "no reader noticed", json.dumps(report)[:200])


def _every_type(directory):
    """A source of each type, most of which find nothing."""
    return {"name": {"type": "pool", "address": "nobody.invalid", "sources": "3"},
            "many": {"type": "pool", "address": "10.77.1.2", "min-poll": "1 s", "sources": "2"},
            "sock": {"type": "sock", "path": f"{directory}/sock", "max-error": "1 ms"},
            "latch": {"type": "latch", "socket": f"{directory}/latch"},
            "file": {"type": "latch", "device": f"{directory}/absent"},
            "shm": {"type": "shm", "unit": str(SHM_UNIT)},
            "pps": {"type": "pps", "device": f"{directory}/pps"},
            "phc": {"type": "phc", "clock-name": "nobody has this one"},
            "card": {"type": "phc", "interface": "nobody0"},
            "extts": {"type": "extts", "device": f"{directory}/ptp"},
            "vm": {"type": "vmclock", "device": f"{directory}/upstream"},
            "host": {"type": "system", "noselect": "on"}}


@scenario(seconds=25)
def reload_every_type(test):
    """Sources of every type come and go, and leave nothing behind."""
    test.responders(2)
    daemon = test.daemon(_sources(1))
    test.wait_status("SYNCHRONIZED")
    reader = test.reader(rate=500)
    wanted, failed = _every_type(test.directory), []
    counts = []
    for number in range(20):
        programs.configuration(test.directory,
                               {**_sources(1), **(wanted if number % 2 == 0 else {})})
        run = _ctl(test, "reload")
        if run.returncode != 0 or run.stdout.count("source ") != len(wanted):
            failed.append(run.stdout + run.stderr)
        if number % 2 == 1:
            counts.append(_descriptors(daemon))
        elif number % 4 == 0:
            _wait_samples(daemon, "many.1", 1)
    test.tap.check(not failed, "each reload begins or ends all of them", "; ".join(failed)[:400])
    wait_until(lambda: _descriptors(daemon) <= counts[0], 30,
               f"no more descriptors than {counts[0]}")
    test.tap.check(True, "no descriptor is left over", " ".join(map(str, counts)))
    left = sorted(path.name for path in test.directory.iterdir() if path.name in ("sock", "latch"))
    test.tap.check(not left, "nor a socket", " ".join(left))
    test.check_time(reader)
    test.tap.check(daemon.stop() == 0, "the daemon ends cleanly", daemon.text()[-300:])
    subprocess.run(["ipcrm", "-M", hex(0x4e545030 + SHM_UNIT)], check=False, capture_output=True)
