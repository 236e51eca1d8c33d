# SPDX-License-Identifier: GPL-2.0-or-later
"""How well the page tells the time with real and with our own servers."""

import math

import machine_clock
from netns import Network
from programs import ntp_source
from scenario import scenario


@scenario(seconds=125)
def one_chronyd(test):
    """One chronyd through veth, 1 s polls, 120 s: the figures that the project promises."""
    test.chronyd()
    reader = test.reader(rate=500, skip=10, seconds=120)
    test.daemon({"chrony": ntp_source(Network.SERVER)})
    reader.wait(140)
    report = test.check_time(reader, " after the first 10 s", rms_below_us=5)
    test.tap.check(report["bound_max_after_ns"] < 1e6, "the bound stays below 1 ms",
                   f"{report['bound_max_after_ns'] / 1000:.1f} us after 10 s,"
                   f" {report['bound_max_ns'] / 1000:.1f} us ever")
    test.tap.check(report["first_valid_s"] < 10 and report["seconds"] >= 119
                   and report["statuses"]["SYNCHRONIZED"] == report["valid"],
                   "the page said SYNCHRONIZED for 120 s",
                   f"first valid after {report['first_valid_s']:.3f} s, {report['seconds']:.1f} s,"
                   f" {report['statuses']['FREERUNNING']} times FREERUNNING")


@scenario(seconds=35)
def ipv6_chronyd(test):
    """The same over IPv6."""
    test.chronyd()
    reader = test.reader(rate=200, skip=10)
    daemon = test.daemon({"six": ntp_source(Network.SERVER6)})
    test.wait_status("SYNCHRONIZED")
    reader.settle(25)
    source = daemon.sources()["six"]
    test.tap.check(source["address"] == f"[{Network.SERVER6}]:123" and source["received"] > 15,
                   "an IPv6 server is asked and heard",
                   f"{source['address']}, {source['received']} replies")
    test.check_time(reader, " after the first 10 s", rms_below_us=10)


@scenario(seconds=35)
def kernel_stamps(test):
    """Kernel stamps are taken where they exist, and the daemon's own reading elsewhere."""
    test.chronyd()
    daemon = test.daemon({
        "kernel": ntp_source(Network.SERVER, timestamps="kernel"),
        "daemon": ntp_source(Network.SERVER, timestamps="daemon")})
    reader = test.reader(rate=200, skip=10)
    test.wait_status("SYNCHRONIZED")
    reader.settle(20)
    sources = daemon.sources()
    for name, other in (("kernel", "daemon"), ("daemon", "kernel")):
        used, unused = (sources[name][f"stamps_{kind}"] for kind in (name, other))
        test.tap.check(used > 15 and used > 10 * unused, f"timestamps = {name} uses those",
                       f"{used} of the {name}, {unused} of the {other}")
    test.check_time(reader)


@scenario(seconds=35)
def interleaved(test):
    """chronyd tells when its replies left: they are used so, beside basic mode."""
    test.chronyd()
    daemon = test.daemon({
        "told": ntp_source(Network.SERVER, interleaved="on"),
        "basic": ntp_source(Network.SERVER, noselect="on")})
    reader = test.reader(rate=200, skip=10)
    test.wait_status("SYNCHRONIZED")
    reader.settle(25)
    told, basic = (daemon.sources()[name] for name in ("told", "basic"))
    test.tap.check(told["interleaved"] > 15 and told["interleaved"] > 0.8 * told["received"],
                   "chronyd answers in interleaved mode",
                   f"{told['interleaved']} of {told['received']} replies")
    test.tap.check(basic["interleaved"] == 0, "who does not ask for it is answered in basic mode")
    test.tap.check(told["samples"] >= told["received"] - 3, "one exchange for each reply",
                   f"{told['samples']} samples of {told['received']} replies")
    test.tap.note(f"offset in error by {told['offset_sd_ns']} ns (1 sigma), in basic mode"
                  f" {basic['offset_sd_ns']} ns")
    test.check_time(reader, " after the first 10 s", rms_below_us=5)


@scenario(seconds=40)
def one_way_queueing(test):
    """Delay in one direction only, with queueing: the bound holds, the estimate is not captured."""
    test.responder(reply_queue="400 us", reply_delay="100 us")
    reader = test.reader(rate=200, skip=10)
    test.daemon({"queue": ntp_source(Network.SERVER)})
    test.wait_status("SYNCHRONIZED")
    reader.settle(30)
    test.check_time(reader)


@scenario(seconds=12)
def any_machine(test):
    """counter = monotonic-raw: a valid page of a counter that guests cannot read."""
    test.responder()
    reader = test.reader(rate=200, skip=5)
    test.daemon({"raw": ntp_source(Network.SERVER)}, clock={"counter": "monotonic-raw"})
    test.wait_status("SYNCHRONIZED")
    reader.settle(10)
    test.check_time(reader)


def _system_source(test, **preload):
    environment = {}
    if preload:
        environment["LD_PRELOAD"] = str(test.build / "system" / "libclaim-clock.so")
        environment.update({key.upper(): str(value) for key, value in preload.items()})
    daemon = test.daemon({"host": {"type": "system", "min-poll": "1 s", "max-poll": "1 s"}},
                         environment=environment)
    return daemon


@scenario(seconds=15)
def system_clock(test):
    """type = system with a kernel that says it is synchronised, within 2 ms."""
    reader = test.reader(rate=200, skip=3)
    daemon = _system_source(test, claim_maxerror_us=2000)
    test.wait_status("SYNCHRONIZED")
    reader.settle(10)
    report = test.check_time(reader, rms_below_us=5)
    # Facts this wide say little of the rate: up to 500 ppm for the second until the next look.
    test.tap.check(2e6 <= report["bound_last_ns"] < 2.6e6,
                   "the bound is what the kernel admits, and little more",
                   f"{report['bound_last_ns'] / 1000:.1f} us")
    source = daemon.sources()["host"]
    test.tap.check(source["state"].upper() == "SELECTED", "the system clock is the source",
                   source["state"])


@scenario(seconds=10)
def system_clock_unsynchronised(test):
    """The same when the kernel says unsynchronised: said as such, and not trusted."""
    daemon = _system_source(test, claim_maxerror_us=16000000, claim_unsynchronized=1)
    reader = test.reader(rate=100)
    reader.settle(6)
    report = reader.finish()
    test.tap.check(report["statuses"].get("SYNCHRONIZED", 0) == 0,
                   "an unsynchronised system clock is not trusted", f"{report['statuses']}")
    source = daemon.sources()["host"]
    test.tap.check("synchronised" in source["problem"], "the status says that it is unsynchronised",
                   source["problem"])
    unsynchronised = machine_clock.kernel_state().status & machine_clock.STA_UNSYNC
    test.tap.note(f"this machine's own clock: {'un' if unsynchronised else ''}synchronised")


@scenario(seconds=25)
def estimated_error(test):
    """The estimated error is of the size of the real one: neither boast nor alarm."""
    test.responders(2)
    reader = test.reader(rate=200, skip=10)
    test.daemon({"a": ntp_source("10.77.1.1"), "b": ntp_source("10.77.1.2")})
    test.wait_status("SYNCHRONIZED")
    reader.settle(25)
    report = test.check_time(reader, " after the first 10 s", rms_below_us=5)
    ratio = report["rms_ns"] / report["estimated_last_ns"] if report["estimated_last_ns"] else math.inf
    test.tap.note(f"error RMS / estimated error at the end: {ratio:.2f}")
