# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings of the day around a leap second, of both signs, replayed and held against the truth.

Seconds are counted in TAI from noon before the midnight in question. Servers, clocks and pulses
tell UTC as POSIX has it: the second before midnight is left out, or midnight's comes twice.
"""
import math
import random

import leap_score

NS = 10**9
AT_UTC_S = 1814400000  # 2027-07-01
HALF_S = 12 * 3600 + 900
NOON_TAI_S = AT_UTC_S - 12 * 3600 + leap_score.OFFSET_S
MIDNIGHT_S = 12 * 3600  # the new day begins here, or one second later or earlier
FIRST_S, LAST_S = MIDNIGHT_S - HALF_S, MIDNIGHT_S + HALF_S
LIST_S = 1483228800  # the last entry of every list
LIMIT_NS = 100000  # a page further off than that is of no use to anybody
NEVER = math.inf


class Server:
    """One NTP server: what it announces when, and what it does at midnight."""

    def __init__(self, name, does, tells=None, since_s=-NEVER, late_s=0.0, smears=False):
        self.name, self.does, self.late_s, self.smears = name, does, late_s, smears
        self.tells, self.since_s = does if tells is None else tells, since_s

    def leap(self, tai_s):
        """Its bits; it takes some seconds after midnight until they are off."""
        if self.since_s <= tai_s < MIDNIGHT_S + self.does + 5:
            return {0: 0, 1: 1, -1: 2}[self.tells]
        return 0

    def offset_s(self, tai_s):
        """TAI - UTC as its clock has it."""
        if self.smears:
            return leap_score.OFFSET_S + self.does * min(max(tai_s / 86400, 0), 1)
        stepped = tai_s >= MIDNIGHT_S + self.does + self.late_s
        return leap_score.OFFSET_S + (self.does if stepped else 0)


class Day:
    """The counter, and the lines of a recording in the order of the counter."""

    POLL_S = 64

    def __init__(self, sign, seed):
        self.sign, self.dice = sign, random.Random(seed)
        self.rate = self.dice.uniform(-50e-6, 50e-6)
        self.rows, self.lives = [], [FIRST_S]

    def counter(self, tai_s):
        """1 GHz, off by some ppm and 0.05 ppm of warmth with a period of six hours."""
        warmth_s = 5e-8 * 21600 / (2 * math.pi) * math.sin(tai_s * 2 * math.pi / 21600)
        return 10**15 + round((tai_s * (1 - self.rate) + warmth_s) * NS)

    def put(self, tai_s, text):
        self.rows.append((tai_s, text))

    def leaps(self, tai_s, expires_s, entry=True, announced=False):
        """The list as read at this time, which ends the day's month with the leap second or not."""
        new = f"{AT_UTC_S}={leap_score.OFFSET_S + self.sign}"
        entries = f"{LIST_S}={leap_score.OFFSET_S}" + (f";{new}" if entry else "")
        self.put(tai_s, f"leaps,{self.counter(tai_s)},{AT_UTC_S + expires_s},{entries}"
                 f"{f',{new}' if announced else ''}\n")

    def serve(self, server):
        at_s = FIRST_S + self.dice.uniform(0.1, 1)
        while at_s < LAST_S:
            self.exchange(server, at_s)
            # Often enough near midnight to hit the leap second itself.
            near = abs(at_s - MIDNIGHT_S) < 40 or at_s < FIRST_S + 16
            at_s += 1 if near else self.POLL_S * self.dice.uniform(0.98, 1.02)

    def exchange(self, server, at_s):
        out_s, back_s = (5e-5 + self.dice.expovariate(2e5) for _ in range(2))
        here_s = at_s + out_s
        utc_ns = (NOON_TAI_S * NS + round((here_s - server.offset_s(here_s)) * NS))
        self.put(here_s + back_s, f"ntp,{server.name},{self.counter(at_s)},{utc_ns},{utc_ns},"
                 f"{self.counter(here_s + back_s)},{server.leap(here_s)},1,0,20000,-25\n")

    def device(self, name):
        """A PTP clock, read every 16 s, told in UTC."""
        clock = Server(name, self.sign)
        for n in range((LAST_S - FIRST_S) // 16):
            at_s = FIRST_S + 16 * n + 7.3
            utc_ns = NOON_TAI_S * NS + round((at_s - clock.offset_s(at_s)) * NS)
            self.put(at_s + 1e-6, f"phc,{name},{self.counter(at_s - 1e-6)},{utc_ns},"
                     f"{self.counter(at_s + 1e-6)},500\n")

    def pulse(self, name):
        for second in range(FIRST_S, LAST_S):
            at_s = second + min(self.dice.expovariate(1e6), 1.9e-5)
            self.put(at_s, f"pps,{name},{self.counter(at_s)},1\n")

    def restart(self, tai_s, *first):
        """The daemon is started anew, and states again what it knows."""
        self.lives.append(tai_s)
        self.put(tai_s, "counter,ns,1e9\n")
        for state in first:
            state(tai_s + 1e-9)

    def lines(self):
        return ["counter,ns,1e9\n", "source,pulse,max_error_ns=100;max_latency_ns=20000\n",
                *(text for _, text in sorted(self.rows, key=lambda row: row[0]))]

    def moments(self):
        """A millisecond after each second, and near midnight before the next, with their life."""
        for second in range(FIRST_S + 1, LAST_S):
            near = abs(second - MIDNIGHT_S) < 60
            for at_s in (second + 0.001, second + 0.999)[:1 + near]:
                life = sum(at_s >= began_s for began_s in self.lives) - 1
                yield life, self.counter(at_s), NOON_TAI_S * NS + round(at_s * NS)


def servers(day, *choices):
    for n, choice in enumerate(choices):
        day.serve(Server(f"ntp{n + 1}", **{"does": day.sign, **choice}))


def announced_all_day(day):
    servers(day, {}, {"late_s": 1.5}, {"late_s": 0.6})
    day.device("phc")
    day.pulse("pulse")


def list_without_bits(day):
    day.leaps(FIRST_S, 86400 * 180)
    servers(day, *[{"tells": 0}] * 3)
    day.pulse("pulse")


def last_hour(day):
    servers(day, *[{"since_s": MIDNIGHT_S - 3600}] * 3)


def minority_announces(day):
    servers(day, {"does": 0}, {"does": 0}, {})


def minority_denies(day):
    servers(day, {}, {}, {"does": 0})


def wrong_sign(day):
    servers(day, {}, {}, {"does": -day.sign})


def smearing_server(day):
    servers(day, {}, {}, {"tells": 0, "smears": True})


def list_expires(day):
    day.leaps(FIRST_S, -6 * 3600, entry=False)
    servers(day, {}, {}, {})


def stale_bits_against_list(day):
    day.leaps(FIRST_S, 6 * 3600, entry=False)
    servers(day, *[{"does": 0, "tells": day.sign}] * 3)


def list_replaced(day):
    day.leaps(FIRST_S, -3600, entry=False)
    servers(day, *[{"tells": 0}] * 3)
    day.leaps(MIDNIGHT_S - 6 * 3600, 86400 * 180)


def older_list_comes_back(day):
    day.leaps(FIRST_S, -3600, entry=False)
    servers(day, {}, {}, {})
    day.leaps(MIDNIGHT_S - 6 * 3600, -7200, entry=False)
    day.leaps(MIDNIGHT_S + 6 * 3600, -7200, entry=False)


def restarted_before(day):
    """A quarter of a minute before midnight, with what was announced kept in the state file."""
    servers(day, {}, {}, {})
    day.restart(MIDNIGHT_S - 15, lambda at_s: day.leaps(at_s, -3600, entry=False, announced=True))


def restarted_within(day):
    servers(day, *[{"tells": 0}] * 3)
    day.leaps(FIRST_S, 86400 * 180)
    day.restart(MIDNIGHT_S - 0.5, lambda at_s: day.leaps(at_s, 86400 * 180))


# Seconds from the first moment that is looked at.
HOUR, LATER = HALF_S - 1 - 3600, HALF_S - 1 - 6 * 3600
# What happens; is there a leap second; when it is known; who must not be believed.
SCENARIOS = [
    (announced_all_day, True, 1, []),
    (list_without_bits, True, 0, []),
    (last_hour, True, HOUR, []),
    (minority_announces, False, 1, ["ntp3"]),
    (minority_denies, True, 1, ["ntp3"]),
    (wrong_sign, True, 1, ["ntp3"]),
    (smearing_server, True, 1, ["ntp3"]),
    (list_expires, True, 1, []),
    (stale_bits_against_list, False, 1, []),
    (list_replaced, True, LATER, []),
    (older_list_comes_back, True, 1, []),
    (restarted_before, True, 1, []),
    (restarted_within, True, 0, []),
]


def called_false(path):
    """Who ever was, of those that were selected at some time."""
    seen = {}
    for line in path.read_text().splitlines():
        name, state = line.split(",")[3:5]
        seen.setdefault(name, set()).add(state)
    return sorted(name for name, states in seen.items() if {"falseticker", "selected"} <= states)


def check(tap, replay, write, place):
    for number, (scenario, happens, known_s, liars) in enumerate(SCENARIOS):
        for sign in (1, -1):
            day = Day(sign, number)
            scenario(day)
            out, sources = place / "leap.lines", place / "leap.sources"
            result = replay("--lines", out, "--sources", sources,
                            write(place, "leap.csv", day.lines()))
            truth = leap_score.Truth(AT_UTC_S, sign if happens else 0, known_s)
            got = leap_score.score(out, list(day.moments()), truth)
            what = scenario.__name__.replace("_", " ")
            kind = "inserted" if sign > 0 else "deleted"
            tap.check(not got["faults"] and got["worst_ns"] < LIMIT_NS,
                      f"leap second {kind}, {what}: TAI, UTC and indicator are right in every second"
                      f" (TAI at worst {got['worst_ns'] / 1000:.1f} us)",
                      (got, result.stderr.decode()))
            false = called_false(sources)
            tap.check(false == liars, f"leap second {kind}, {what}: "
                      f"called false: {', '.join(false) or 'nobody'}", sources.read_text())
