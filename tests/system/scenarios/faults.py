# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that misbehave beside good ones: the daemon survives, counts it, names it, stays right."""

import time

from programs import ntp_source, wait_until
from scenario import scenario

GOOD = ("good1", "good2", "good3")


def _state(source):
    return source["state"].upper()


def _start(test, bad_keys=None, good=3, **bad_from_the_start):
    """Good servers and, asked first, `bad`; that responder, the daemon, a reader."""
    servers = test.responders(good + 1)
    sources = {"bad": ntp_source(servers[-1].address, **(bad_keys or {}))}
    for name, server in zip(GOOD[:good], servers):
        sources[name] = ntp_source(server.address)
    for setting, value in bad_from_the_start.items():
        servers[-1].set(setting, value)
    reader = test.reader(rate=200, skip=10)
    return servers[-1], test.daemon(sources), reader


def _await_all_selected(daemon, count=4):
    wait_until(lambda: sum(_state(s) == "SELECTED" for s in daemon.sources().values()) == count,
               20, f"{count} selected sources")


def _check_others(test, daemon):
    states = {name: _state(s) for name, s in daemon.sources().items() if name in GOOD}
    test.tap.check(daemon.alive() and set(states.values()) == {"SELECTED"},
                   "the good servers stay selected", f"{states}")


def _counted(test, fault, counter, seconds=14, least=8):
    """A fault that spoils every reply: counted where it belongs, named, and never used."""
    _, daemon, reader = _start(test, fault=fault)
    test.wait_status("SYNCHRONIZED")
    reader.settle(seconds)
    source = daemon.sources()["bad"]
    test.tap.check(source[counter] >= least, f"{fault}: counted as {counter}",
                   f"{source[counter]} of {source['sent']} sent")
    test.tap.check(source["received"] == 0, f"{fault}: no such reply is used")
    test.tap.check(source["problem"] not in ("", "no reply"),
                   f"{fault}: the status says what came instead", source["problem"])
    _check_others(test, daemon)
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=15)
def wrong_origin(test):
    _counted(test, "wrong-origin", "bogus")


@scenario(seconds=15)
def stratum_0(test):
    _counted(test, "stratum0", "rejected")


@scenario(seconds=15)
def stratum_16(test):
    _counted(test, "stratum16", "rejected")


@scenario(seconds=15)
def unsynchronised(test):
    _counted(test, "unsynchronised", "rejected")


@scenario(seconds=15)
def truncated(test):
    _counted(test, "truncated", "bogus")


@scenario(seconds=15)
def oversized(test):
    _counted(test, "oversized", "bogus")


@scenario(seconds=15)
def garbage(test):
    _counted(test, "garbage", "bogus")


@scenario(seconds=15)
def client_mode(test):
    _counted(test, "client-mode", "bogus")


@scenario(seconds=15)
def backwards(test):
    _counted(test, "backwards", "rejected")


@scenario(seconds=15)
def zero_stamps(test):
    _counted(test, "zero-stamps", "rejected")


@scenario(seconds=20)
def replayed(test):
    """An old reply instead of a new one: its origin is not what was asked last."""
    bad, daemon, reader = _start(test)
    _await_all_selected(daemon)
    before = daemon.sources()["bad"]
    bad.set("fault", "replay")
    reader.settle(12)
    source = daemon.sources()["bad"]
    caught = sum(source[key] - before[key] for key in ("bogus", "duplicates"))
    test.tap.check(caught >= 4 and source["received"] <= before["received"] + 1,
                   "a replayed reply is counted and not used", f"{caught} caught")
    _check_others(test, daemon)
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=15)
def duplicated(test):
    """Every reply twice: one is used, the other counted."""
    _, daemon, reader = _start(test, fault="duplicate")
    _await_all_selected(daemon)
    reader.settle(12)
    source = daemon.sources()["bad"]
    test.tap.check(source["duplicates"] + source["bogus"] >= 4, "the second copy is counted",
                   f"{source['duplicates']} duplicates, {source['bogus']} bogus")
    test.tap.check(_state(source) == "SELECTED" and source["received"] >= 6,
                   "the first copy is used", f"{source['received']} replies")
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=30)
def kiss_rate(test):
    """RATE: the server is asked less often than the configuration says, and still used."""
    bad, daemon, reader = _start(test)
    _await_all_selected(daemon)
    start = bad.requests()
    reader.settle(8)
    usual = bad.requests() - start
    bad.set("fault", "rate 1")
    wait_until(lambda: daemon.sources()["bad"]["kiss_of_death"] == 1, 70, "the kiss of death")
    start = bad.requests()
    reader.settle(8)
    slowed = bad.requests() - start
    source = daemon.sources()["bad"]
    test.tap.check(slowed <= usual / 2 + 1, "RATE: the server is asked at half the rate or less",
                   f"{usual} requests in 8 s before, {slowed} after; poll {source['poll_s']} s")
    test.tap.check(slowed >= 1 and source["poll_s"] >= 2, "RATE: it is still asked",
                   f"poll {source['poll_s']} s")
    test.tap.check("(RATE)" in daemon.text(), "RATE: the log says so")
    _check_others(test, daemon)
    test.check_time(reader, rms_below_us=20)


def _goes_away(test, code):
    bad, daemon, reader = _start(test)
    _await_all_selected(daemon)
    bad.set("fault", code.lower())
    wait_until(lambda: daemon.sources()["bad"]["kiss_of_death"] >= 1, 10, "the kiss of death")
    start = bad.requests()
    reader.settle(12)
    asked = bad.requests() - start
    source = daemon.sources()["bad"]
    test.tap.check(asked <= 1, f"{code}: the server is left alone", f"{asked} requests in 12 s")
    test.tap.check(code in source["problem"], f"{code}: the status names it", source["problem"])
    test.tap.check(_state(source) != "SELECTED", f"{code}: its last word does not count for ever",
                   _state(source))
    _check_others(test, daemon)
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=25)
def kiss_deny(test):
    _goes_away(test, "DENY")


@scenario(seconds=25)
def kiss_rstr(test):
    _goes_away(test, "RSTR")


@scenario(seconds=20)
def off_by_50_ms(test):
    """A server that is 50 ms off from the start: a falseticker, by name."""
    _, daemon, reader = _start(test, offset="50 ms")
    wait_until(lambda: _state(daemon.sources()["bad"]) == "FALSETICKER", 15, "the falseticker")
    reader.settle(14)
    source = daemon.sources()["bad"]
    test.tap.check(_state(source) == "FALSETICKER", "it is named as a falseticker", source["why"])
    test.tap.check(49e6 < source["offset_ns"] < 51e6, "its offset is shown",
                   f"{source['offset_ns']} ns")
    _check_others(test, daemon)
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=20)
def steps_by_50_ms(test):
    """A server that was right and steps by 50 ms: found out within a few polls."""
    bad, daemon, reader = _start(test)
    _await_all_selected(daemon)
    bad.set("offset", "50 ms")
    wait_until(lambda: _state(daemon.sources()["bad"]) in ("FALSETICKER", "CONFLICT"), 10,
               "the step to be noticed")
    reader.settle(12)
    source = daemon.sources()["bad"]
    test.tap.check(_state(source) in ("FALSETICKER", "CONFLICT"), "it is named", source["why"])
    _check_others(test, daemon)
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=40)
def just_outside(test):
    """A server whose interval just fails to meet the others'."""
    bad, daemon, reader = _start(test)
    _await_all_selected(daemon)
    reader.settle(5)
    source = daemon.sources()["bad"]
    width_ns = 2 * source["bound_ns"]
    bad.set("offset", f"{width_ns * 1.1:.0f} ns")
    wait_until(lambda: _state(daemon.sources()["bad"]) in ("FALSETICKER", "CONFLICT"), 20,
               f"an offset of {width_ns * 1.1 / 1000:.1f} us to be noticed")
    reader.settle(10)
    source = daemon.sources()["bad"]
    test.tap.check(_state(source) in ("FALSETICKER", "CONFLICT"), "it is named",
                   f"{width_ns * 1.1 / 1000:.1f} us off: {_state(source)}: {source['why']}")
    _check_others(test, daemon)
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=130)
def walks_off_at_1_ppm(test):
    """A server that walks off at 1 ppm, within what an oscillator may do."""
    bad, daemon, reader = _start(test)
    _await_all_selected(daemon)
    reader.settle(5)
    bad.set("rate", "1 ppm")
    began = time.monotonic()
    wait_until(lambda: _state(daemon.sources()["bad"]) in ("FALSETICKER", "CONFLICT"), 110,
               "the walk to be noticed")
    test.tap.check(True, "it is named before it is 110 us off",
                   f"after {time.monotonic() - began:.0f} s at 1 us/s")
    reader.settle(5)
    _check_others(test, daemon)
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=30)
def drifts_at_100_ppm(test):
    """A server that drifts by 100 us a second."""
    bad, daemon, reader = _start(test)
    _await_all_selected(daemon)
    bad.set("rate", "100 ppm")
    began = time.monotonic()
    wait_until(lambda: _state(daemon.sources()["bad"]) in ("FALSETICKER", "CONFLICT"), 20,
               "the drift to be noticed")
    test.tap.check(True, "it is named", f"after {time.monotonic() - began:.0f} s at 100 us/s")
    reader.settle(12)
    _check_others(test, daemon)
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=45)
def silent_for_a_while(test):
    """The only server falls silent: FREERUNNING after 8 polls, a bound that grows, and back."""
    server = test.responder()
    reader = test.reader(rate=200, skip=10)
    daemon = test.daemon({"only": ntp_source("10.77.0.2")})
    test.wait_status("SYNCHRONIZED")
    reader.settle(6)
    steady = test.reading()
    server.set("fault", "silent")
    began = time.monotonic()
    test.wait_status("FREERUNNING", 20)
    waited = time.monotonic() - began
    test.tap.check(6 <= waited <= 12, "FREERUNNING after 8 polls of silence", f"{waited:.1f} s")
    first = test.reading()
    reader.settle(5)
    second = test.reading()
    bounds = [r["bound_last_ns"] for r in (steady, first, second)]
    test.tap.check(bounds[0] < bounds[1] < bounds[2], "the bound grows meanwhile",
                   " < ".join(f"{b / 1000:.1f} us" for b in bounds))
    test.tap.check(daemon.sources()["only"]["lost"] >= 8, "unanswered requests are counted",
                   f"{daemon.sources()['only']['lost']} lost")
    server.set("fault", "none")
    test.wait_status("SYNCHRONIZED", 10)
    reader.settle(4)
    test.tap.check(test.reading()["bound_last_ns"] < bounds[1], "back, and the bound shrinks again",
                   f"{test.reading()['bound_last_ns'] / 1000:.1f} us")
    test.check_time(reader)


@scenario(seconds=35)
def cable_unplugged(test):
    """The link goes down under all servers, and comes back."""
    test.responders(2)
    reader = test.reader(rate=200, skip=10)
    daemon = test.daemon({"a": ntp_source("10.77.1.1"), "b": ntp_source("10.77.1.2")})
    test.wait_status("SYNCHRONIZED")
    reader.settle(4)
    asked = {name: source["sent"] for name, source in daemon.sources().items()}
    test.network.cut()
    test.wait_status("FREERUNNING", 20)
    sources = daemon.sources()
    test.tap.check(daemon.alive(), "the daemon outlives the link")
    test.tap.check(all(source["problem"] == "the link that leads there is down" and
                       source["reach"] == 0 and source["sent"] < asked[name] + 3
                       for name, source in sources.items()),
                   "the servers are unreachable before they are silent, and not asked",
                   f"{[(s['problem'], s['reach'], s['sent']) for s in sources.values()]}")
    test.network.cut(connected=True)
    test.wait_status("SYNCHRONIZED", 20)
    reader.settle(3)
    test.check_time(reader)


@scenario(seconds=15)
def leap_announced(test):
    """Servers announce a leap second that no list knows: said, and the time stays right."""
    test.responders(3, leap=1)
    reader = test.reader(rate=200, skip=10)
    daemon = test.daemon({name: ntp_source(f"10.77.1.{number}")
                          for number, name in enumerate(GOOD, 1)})
    test.wait_status("SYNCHRONIZED")
    reader.settle(12)
    leaps = {name: source["leap"] for name, source in daemon.sources().items()}
    test.tap.check(set(leaps.values()) == {1}, "what the servers announce is shown", f"{leaps}")
    report = test.check_time(reader, rms_below_us=20)
    test.tap.check(report["tai_offset_s"] == 37, "TAI - UTC stays what the list says",
                   f"{report['tai_offset_s']} s, page's leap indicator {report['leap_indicator']}")


@scenario(seconds=25)
def one_of_three_lies(test):
    """Two agree, one is 50 ms off: named, and the clock stays right."""
    _, daemon, reader = _start(test, good=2, offset="-50 ms")
    test.wait_status("SYNCHRONIZED")
    wait_until(lambda: _state(daemon.sources()["bad"]) == "FALSETICKER", 15, "the falseticker")
    reader.settle(14)
    test.tap.check(_state(daemon.sources()["bad"]) == "FALSETICKER",
                   "one liar of three is named", daemon.sources()["bad"]["why"])
    _check_others(test, daemon)
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=25)
def liar_answers_first(test):
    """The liar answers 30 ms before the two others: nobody is told its time meanwhile."""
    servers = test.responders(3, reply_delay="15 ms", request_delay="15 ms")
    servers[0].set("offset", "50 ms")
    for delay in ("reply-delay", "request-delay"):
        servers[0].set(delay, "0 s")
    reader = test.reader(rate=2000)
    daemon = test.daemon({name: ntp_source(server.address)
                          for name, server in zip(("bad", *GOOD), servers)})
    test.wait_status("SYNCHRONIZED")
    wait_until(lambda: _state(daemon.sources()["bad"]) == "FALSETICKER", 15, "the falseticker")
    reader.settle(8)
    test.tap.check(_state(daemon.sources()["bad"]) == "FALSETICKER", "the liar is named")
    test.check_time(reader)


@scenario(seconds=20)
def two_of_three_lie(test):
    """Two lie, each differently: no majority, and the status says so instead of choosing."""
    servers = test.responders(3)
    servers[1].set("offset", "50 ms")
    servers[2].set("offset", "-80 ms")
    daemon = test.daemon({f"s{n}": ntp_source(s.address) for n, s in enumerate(servers)})
    time.sleep(5)
    reader = test.reader(rate=200)
    reader.settle(8)
    status = daemon.status()
    test.tap.check(status["status"] != "SYNCHRONIZED" and status["why"] != "",
                   "two liars of three are visible in the status",
                   f"{status['status']}: {status['why']}")
    report = reader.finish()
    test.tap.check(report["violations"] == 0, "nobody is told a wrong time with confidence",
                   f"{report['statuses']}, {report['violations']} outside")


@scenario(seconds=25)
def two_of_three_turn(test):
    """All agree, then two step differently: the time of before is held, and the bound with it."""
    servers = test.responders(3)
    daemon = test.daemon({f"s{n}": ntp_source(s.address) for n, s in enumerate(servers)})
    reader = test.reader(rate=200, skip=10)
    _await_all_selected(daemon, 3)
    reader.settle(8)
    servers[1].set("offset", "50 ms")
    servers[2].set("offset", "-80 ms")
    reader.settle(12)
    status = daemon.status()
    test.tap.check(status["falsetickers"] >= 1 or status["status"].upper() != "SYNCHRONIZED",
                   "the turn is visible in the status", f"{status['status']}: {status['why']}")
    test.check_time(reader, rms_below_us=50)
