# SPDX-License-Identifier: GPL-2.0-or-later
"""The page outlives its writer: killed at random, ended cleanly, started again."""

import random
import signal
import time

from netns import Network
from programs import ntp_source, wait_until
from scenario import describe, scenario

HANG_NS = 100e6
MARGIN_NS = 50e6  # for a busy machine that stops the reader itself


@scenario(seconds=90, quiet=False)
def kill_200_times(test):
    """200 SIGKILLs at random moments, with a reader that never stops."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    test.tap.note(f"seed {seed}")
    test.responder()
    reader = test.reader(rate=5000)
    daemon = test.daemon({"only": ntp_source(Network.SERVER)})
    test.wait_status("SYNCHRONIZED")
    time.sleep(4)
    for _ in range(200):
        daemon.stop(signal.SIGKILL)
        daemon = test.restart(daemon)
        time.sleep(chance.uniform(0.005, 0.5))
    test.wait_status("SYNCHRONIZED")
    report = reader.finish()
    test.tap.check(report["violations"] == 0, "no reader was told a wrong time", describe(report))
    test.tap.check(report["backwards"] == 0, "no reader saw time go backwards",
                   f"{report['readings']} readings, {report['disruptions']} disruptions")
    test.tap.check(report["longest_ns"] < HANG_NS + MARGIN_NS, "no reader hung",
                   f"longest reading {report['longest_ns'] / 1e6:.3f} ms,"
                   f" {report['timeouts']} half-written pages")
    test.tap.check(report["failures"] == 0 and report["disruptions"] == 0,
                   "every restart continued the page", f"{report['failures']} failed readings")


@scenario(seconds=25)
def restart_within_the_bound(test):
    """A restarted daemon goes on at once: same line, same marker, no wait for a server."""
    server = test.responder()
    reader = test.reader(rate=1000)
    daemon = test.daemon({"only": ntp_source(Network.SERVER)})
    test.wait_status("SYNCHRONIZED")
    reader.settle(8)
    daemon.stop(signal.SIGKILL)
    killed = test.reading()
    server.set("fault", "silent")
    daemon = test.restart(daemon)
    wait_until(lambda: daemon.call("GetStatus"), 10, "the restarted daemon")
    reader.settle(3)
    silent = test.reading()
    test.tap.check(silent["valid"] == 1 and silent["violations"] == 0
                   and silent["marker"] == killed["marker"],
                   "no server answers the restarted daemon: the time goes on",
                   f"{silent['status']}, bound {killed['bound_last_ns'] / 1000:.1f} ->"
                   f" {silent['bound_last_ns'] / 1000:.1f} us")
    test.tap.check(silent["bound_last_ns"] < 1e6, "its bound is that of the page, grown",
                   f"{silent['bound_last_ns'] / 1000:.1f} us")
    server.set("fault", "none")
    test.wait_status("SYNCHRONIZED", 80)
    test.check_time(reader)


@scenario(seconds=20)
def learned_rate_is_kept(test):
    """A new page with the state file of before: the rate is known from the first exchange on."""
    test.responder()
    daemon = test.daemon({"only": ntp_source(Network.SERVER)})
    test.wait_status("SYNCHRONIZED")
    time.sleep(8)
    before = daemon.status()["combined"]
    test.tap.check(daemon.stop() == 0, "the daemon ends cleanly")
    test.tap.check((test.directory / "state").stat().st_size > 0, "the state file is written")
    (test.directory / "page").unlink()
    reader = test.reader(rate=1000)
    daemon = test.restart(daemon)
    first = test.wait_status("SYNCHRONIZED")
    combined = daemon.status()["combined"]
    test.tap.check(abs(combined["rate_ppb"] - before["rate_ppb"]) < 2000,
                   "the learned rate is there at once",
                   f"{before['rate_ppb']:.1f} -> {combined['rate_ppb']:.1f} ppb,"
                   f" first bound {first['bound_last_ns'] / 1000:.1f} us")
    reader.settle(4)
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=12)
def clean_end(test):
    """SIGTERM: the page says FREERUNNING, and its bound goes on being true."""
    test.responder()
    reader = test.reader(rate=500)
    daemon = test.daemon({"only": ntp_source(Network.SERVER)})
    test.wait_status("SYNCHRONIZED")
    reader.settle(4)
    began = time.monotonic()
    status = daemon.stop(signal.SIGTERM)
    test.tap.check(status == 0, "the exit status is 0",
                   f"{status}, after {time.monotonic() - began:.2f} s")
    test.tap.check(test.reading()["status"] == "FREERUNNING", "the page says FREERUNNING",
                   test.reading()["status"])
    test.tap.check(not (test.directory / "control").exists(), "the control socket is gone")
    reader.settle(3)
    test.check_time(reader)


@scenario(seconds=25)
def stopped_and_continued(test):
    """SIGSTOP for 10 s: the page's bound goes on growing and holds; then all is as before."""
    test.responder()
    reader = test.reader(rate=500, skip=10)
    daemon = test.daemon({"only": ntp_source(Network.SERVER)})
    test.wait_status("SYNCHRONIZED")
    reader.settle(5)
    before = test.reading()
    daemon.send(signal.SIGSTOP)
    reader.settle(10)
    stalled = test.reading()
    daemon.send(signal.SIGCONT)
    reader.settle(5)
    test.tap.check(stalled["violations"] == 0 and stalled["age_ns"] > 8e9,
                   "the page of a stopped daemon still holds",
                   f"age {stalled['age_ns'] / 1e9:.1f} s,"
                   f" bound {stalled['bound_last_ns'] / 1000:.1f} us")
    after = test.reading()
    test.tap.check(after["status"] == "SYNCHRONIZED", "the continued daemon goes on",
                   after["status"])
    test.tap.check(after["bound_last_ns"] < 2 * before["bound_last_ns"],
                   "its bound is of the size it was",
                   f"{before['bound_last_ns'] / 1e3:.1f} -> {after['bound_last_ns'] / 1e3:.1f} us")
    test.check_time(reader)  # of a rate learned in 5 s, holding over can promise no error


@scenario(seconds=10)
def second_daemon(test):
    """Two daemons for one page: the second one says so and changes nothing."""
    test.responder()
    reader = test.reader(rate=500)
    daemon = test.daemon({"only": ntp_source(Network.SERVER)})
    test.wait_status("SYNCHRONIZED")
    second = test.restart(daemon, name="second")
    reader.settle(4)
    text = second.text()
    test.tap.check(str(test.directory) in text, "the second daemon names what is taken",
                   " / ".join(text.splitlines()[:2]))
    second.stop(signal.SIGKILL)
    reader.settle(1)
    test.tap.check(daemon.alive() and test.reading()["status"] == "SYNCHRONIZED",
                   "the first one goes on")
    test.check_time(reader)
