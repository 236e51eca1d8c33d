# SPDX-License-Identifier: GPL-2.0-or-later
"""Real ptp4l on a veth, asked by the daemon at its real socket: what it says is understood.

Both see this machine's clock, the truth here, and so does the made-up PTP clock (made_phc.c).
Nobody steers it: they have no right to (CAP_SYS_TIME), and only believe that they do
(keep_clock.c).
"""

import os
import pathlib
import re
import signal
import subprocess

from programs import Failed, Process, Vmclockd, configuration, wait_until
from scenario import scenario

CAP_SYS_TIME = 25
CLOCK = {"type": "phc", "device": "/dev/ptp-made", "timescale": "utc"}
# linuxptp 3 and 4 have these; the constants are its own for hardware stamps: locked in a second.
OPTIONS = ["-m", "-q", "-S", "-i", "veth0", "--logSyncInterval=-3", "--logAnnounceInterval=-1",
           "--announceReceiptTimeout=6", "--pi_proportional_const=0.7",
           "--pi_integral_const=0.3"]
CLAIM = ("SET GRANDMASTER_SETTINGS_NP clockClass {klass} clockAccuracy {accuracy:#x} "
         "offsetScaledLogVariance 0xffff currentUtcOffset 37 leap61 0 leap59 0 "
         "currentUtcOffsetValid 0 ptpTimescale 0 timeTraceable {traceable} "
         "frequencyTraceable {traceable} timeSource 0x20")


def program(build, name):
    """Debian's linuxptp, unpacked below the build directory, or the one installed."""
    for base in (build / "system/linuxptp", pathlib.Path("/")):
        if (base / "usr/sbin" / name).exists():
            return base / "usr/sbin" / name
    raise Failed(f"there is no {name}: run tests/system/fetch-chrony "
                 f"{build}/system/linuxptp linuxptp")


class Ptp4l(Process):
    """One that cannot steer the clock, and does not know."""

    def __init__(self, test, name, space, *options):
        self.build = test.build
        self.socket = test.directory / name
        words = ["setpriv", "--bounding-set", "-sys_time", program(test.build, "ptp4l"),
                 *OPTIONS, f"--uds_address={self.socket}", *options]
        super().__init__(name, words, test.directory, space,
                         {"LD_PRELOAD": str(test.build / "system/libkeep-clock.so")})
        test.track(self)

    def is_harmless(self):
        """It has lost the right to touch a clock."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return not int(re.search(r"^CapEff:\s*(\w+)", text, re.M)[1], 16) >> CAP_SYS_TIME & 1

    def claim(self, klass=6, accuracy=0x22, traceable=1):
        """What it announces as grandmaster from now on."""
        words = [program(self.build, "pmc"), "-u", "-b", "0", "-s", self.socket,
                 CLAIM.format(klass=klass, accuracy=accuracy, traceable=traceable)]

        def accepted():
            run = subprocess.run(words, capture_output=True, text=True, check=False,
                                 cwd=self.socket.parent)
            return " RESPONSE MANAGEMENT GRANDMASTER_SETTINGS_NP" in run.stdout
        wait_until(accepted, 60, "an answer to pmc")


def grandmaster(test):
    process = Ptp4l(test, "gm", test.network.server, "--free_running=1", "--priority1=10")
    process.claim()
    return process


def client(test, *options):
    return Ptp4l(test, "client", test.network.client, "-s", *options)


def made_clock(test):
    return {"LD_PRELOAD": str(test.build / "system/libmade-phc.so")}


class Watch:
    """What the daemon says of one source."""

    def __init__(self, test, daemon, name):
        self.test, self.daemon, self.name = test, daemon, name

    def now(self):
        return self.daemon.sources()[self.name]

    def comes_to_say(self, when, *reasons):
        def said():
            problem = self.now()["problem"]
            return any(why in problem for why in reasons) and problem
        self.test.tap.check(True, f"{when}: {reasons[0]}",
                            wait_until(said, 60, f"'{reasons[0]}'"))

    def is_used(self, when):
        def used():
            now = self.now()
            return now["state"] == "selected" and not now["problem"] and now
        now = wait_until(used, 90, f"its use {when}")
        self.test.tap.check(True, f"used {when}", f"bound {now['bound_ns']:.0f} ns")
        return now


def check_claims(watch, master):
    """Class, traceability and accuracy, each as it is announced."""
    master.claim(klass=248, traceable=0)
    watch.comes_to_say("a grandmaster without a source", "(class 248) follows nothing itself")
    master.claim(klass=7, traceable=0)
    watch.is_used("with a grandmaster in holdover")
    master.claim(accuracy=0xfe)
    watch.comes_to_say("a grandmaster of unknown accuracy", "does not state its accuracy")
    master.claim(accuracy=0x27)
    wait_until(lambda: 100e3 < watch.now()["root_dispersion_ns"] < 1e9, 60, "another accuracy")
    watch.test.tap.check(True, "an accuracy of 100 us is part of the error",
                         f"{watch.now()['root_dispersion_ns']:.0f} ns")
    master.claim()


def check_hang(watch, peer):
    """Late answers are counted and mean nothing."""
    before = watch.now()["bogus"]
    peer.send(signal.SIGSTOP)
    polls = watch.now()["sent"] + 3
    watch.comes_to_say("ptp4l that hangs", "does not answer")
    wait_until(lambda: watch.now()["sent"] > polls, 60, "more polls")
    peer.send(signal.SIGCONT)
    watch.is_used("when it goes on")
    late = watch.now()["bogus"] - before
    watch.test.tap.check(late > 0, "what it answered late counted for nothing", f"{late} answers")


@scenario(seconds=90)
def ptp4l_says(test):
    """Grandmaster and client come, go, hang and claim: the daemon knows each time."""
    daemon = test.daemon({"ptp": {**CLOCK, "ptp4l": test.directory / "client"},
                          "other": {**CLOCK, "ptp4l": test.directory / "client",
                                    "ptp-domain": 1}}, environment=made_clock(test))
    reader = test.reader(rate=100)
    watch = Watch(test, daemon, "ptp")
    watch.comes_to_say("without ptp4l", "cannot be asked")
    peer = client(test)
    watch.comes_to_say("without a grandmaster", "follows no grandmaster (port LISTENING)")
    test.tap.check(peer.is_harmless(), "ptp4l has no right to set a clock")
    test.tap.check(daemon.status()["status"] != "SYNCHRONIZED", "a clock that runs free is not it")
    master = grandmaster(test)
    watch.is_used("with a grandmaster")
    Watch(test, daemon, "other").comes_to_say("another domain", "does not answer")
    check_claims(watch, master)
    watch.is_used("as at first")
    check_hang(watch, peer)
    master.stop(signal.SIGKILL)
    watch.comes_to_say("a grandmaster that is lost", "follows no grandmaster", "has had no sync")
    test.wait_status("FREERUNNING", 60)
    master = grandmaster(test)
    watch.is_used("with another grandmaster")
    os.unlink(peer.socket)
    peer.stop()
    watch.comes_to_say("a socket that is gone", "cannot be asked")
    peer = client(test, "--free_running=1")
    watch.comes_to_say("ptp4l that runs free", "has not locked the clock")
    peer.stop()
    peer = client(test)
    watch.is_used("when ptp4l was restarted")
    test.check_time(reader)


@scenario(seconds=15)
def ptp4l_is_grandmaster(test):
    """A clock that others follow is used if it says that it is locked itself."""
    master = Ptp4l(test, "gm", test.network.server, "--free_running=1")
    config = configuration(test.directory, {"ptp": {**CLOCK, "ptp4l": master.socket}})
    daemon = test.track(Vmclockd(test.build, test.directory, config, test.network.server,
                                 environment=made_clock(test)))
    watch = Watch(test, daemon, "ptp")
    reader = test.reader(rate=100)
    watch.comes_to_say("of default class", "follows no grandmaster (port MASTER)")
    master.claim()
    now = watch.is_used("of class 6")
    test.tap.check(now["root_dispersion_ns"] == 250, "its error is the accuracy that it states",
                   f"{now['root_dispersion_ns']} ns")
    reader.settle(3)
    test.check_time(reader)
