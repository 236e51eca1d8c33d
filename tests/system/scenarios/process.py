# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon costs, and what it is made of."""

import re
import subprocess
import time

from netns import Network
from programs import ntp_source
from scenario import scenario

# What a simulator that interposes libc cannot follow, and what would set a clock.
FORBIDDEN = re.compile(
    r"(epoll_\w+|timerfd_\w+|signalfd|eventfd|ppoll|pselect|\w+64|fork|vfork|_Fork|clone|clone3"
    r"|pthread_create|thrd_create|posix_spawnp?|system|popen"
    r"|clock_settime|settimeofday|stime|adjtime)")


def _sanitized(test):
    listing = subprocess.run(["nm", "--dynamic", test.build / "daemon" / "vmclockd"], text=True,
                             capture_output=True, check=True).stdout
    return "__asan_init" in listing or "__ubsan" in listing


@scenario(seconds=1)
def imported_symbols(test):
    """vmclockd imports nothing that its simulators lack, and nothing that sets a clock."""
    if _sanitized(test):
        test.tap.note("not looked at with sanitizers: their runtime imports a great deal")
        return
    program = test.build / "daemon" / "vmclockd"
    listing = subprocess.run(["nm", "--dynamic", "--undefined-only", program], text=True,
                             capture_output=True, check=True).stdout
    names = {line.split()[-1].split("@")[0] for line in listing.splitlines()}
    bad = sorted(name for name in names if FORBIDDEN.fullmatch(name))
    test.tap.check("poll" in names and len(names) > 30, "the list of imports can be read",
                   f"{len(names)} names")
    test.tap.check(not bad, "nothing is imported that a simulator lacks or that sets a clock",
                   " ".join(bad))


def _proc_status(pid):
    fields = {}
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            key, _, value = line.partition(":")
            fields[key] = value.split()[0] if value.split() else ""
    return {key: int(fields[key]) for key in ("VmRSS", "RssAnon", "voluntary_ctxt_switches")}


def _cpu_seconds(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def _cost(test, sources, seconds=20):
    """Status after `seconds` of steady work, switches a second, microseconds of CPU per second."""
    daemon = test.daemon(sources)
    test.wait_status("SYNCHRONIZED")
    time.sleep(10)
    before, cpu = _proc_status(daemon.pid), _cpu_seconds(daemon.pid)
    time.sleep(seconds)
    after = _proc_status(daemon.pid)
    switches = (after["voluntary_ctxt_switches"] - before["voluntary_ctxt_switches"]) / seconds
    return daemon, after, switches, (_cpu_seconds(daemon.pid) - cpu) / seconds * 1e6


def _check_cost(test, count):
    servers = test.responders(count)
    sources = {f"s{n}": ntp_source(server.address) for n, server in enumerate(servers, 1)}
    daemon, status, switches, cpu_us = _cost(test, sources)
    figures = f"VmRSS {status['VmRSS']} kB, RssAnon {status['RssAnon']} kB"
    if _sanitized(test):
        test.tap.note(f"with sanitizers: {figures}")
    else:
        test.tap.check(status["VmRSS"] <= 6 * 1024, f"{count} sources: at most 6 MB of memory",
                       figures)
    # How often it wakes is asserted in tests/libcsim, where no busy machine has a part in it.
    test.tap.note(f"{count} sources: {switches:.2f} voluntary switches and {cpu_us:.0f} us of CPU"
                  " a second,"
                  f" {daemon.status()['wakeups']} wake-ups of the loop in"
                  f" {daemon.status()['uptime_s']:.0f} s")


@scenario(seconds=35)
def cost_of_one_source(test):
    _check_cost(test, 1)


@scenario(seconds=35)
def cost_of_eight_sources(test):
    _check_cost(test, 8)


@scenario(seconds=45)
def no_allocation(test):
    """In 30 s of steady work with four sources, one of them dead, nothing is allocated."""
    if _sanitized(test):
        test.tap.note("not counted with sanitizers: they have an allocator of their own")
        return
    count = test.directory / "allocations"
    count.write_bytes(bytes(8))
    test.responders(3)
    daemon = test.daemon(
        {"a": ntp_source("10.77.1.1"), "b": ntp_source("10.77.1.2"),
         "c": ntp_source("10.77.1.3"), "dead": ntp_source(Network.SERVER)},
        environment={"LD_PRELOAD": str(test.build / "system" / "libcount-allocations.so"),
                     "ALLOCATION_COUNT": str(count)})
    test.wait_status("SYNCHRONIZED")
    time.sleep(5)
    before = int.from_bytes(count.read_bytes(), "little")
    time.sleep(30)
    after = int.from_bytes(count.read_bytes(), "little")
    test.tap.check(before > 10, "allocations at the start are counted", f"{before}")
    test.tap.check(daemon.alive() and after == before, "none in 30 s of steady work",
                   f"{after - before}")
