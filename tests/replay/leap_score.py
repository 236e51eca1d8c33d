#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds TAI, UTC and leap indicator of published lines against the truth, second by second.

usage: leap_score.py LINES TRUTH --at UTC [--sign S] [--known SECONDS]

LINES is what vmclock-replay --lines wrote, TRUTH has a line "counter,tai_ns" for each moment to look
at. UTC is derived as a reader of the page has to do it by the specification, from offset and
indicator of the line in force; shares nothing with libvmclock or the daemon's tables.
"""
import argparse
import bisect
import collections
import datetime
import json

NONE, PRE_POS, PRE_NEG, POS, POST_POS, POST_NEG = range(6)
NS = 10**9
OFFSET_S = 37  # TAI - UTC before the leap second
STARTED_S = 60  # of the first moments nothing is asked


def signed(difference):
    difference &= 2**64 - 1
    return difference - 2**64 if difference >= 2**63 else difference


def end_of_month(utc_s):
    day = datetime.datetime.fromtimestamp(utc_s, datetime.timezone.utc).replace(day=1)
    later = (day + datetime.timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
    return int(later.timestamp())


class Line:
    """A publication; times as exact integers of 2^-32 ns."""

    def __init__(self, text):
        fields = text.rstrip("\n").split(",")[1:]
        self.epoch, self.at, self.counter, utc_ns = (int(x) for x in fields[:4])
        frac_ns, self.rate_ppb = (float(x) for x in fields[4:6])
        self.max_ns, self.max_ppb = (float(x) for x in fields[8:10])
        self.status, self.disrupted = fields[10], fields[11] == "1"
        self.offset_s, self.leap = int(fields[12]), int(fields[13])
        self.reference_utc_s = utc_ns // NS
        self.tai_ns, self.frac_ns = utc_ns + self.offset_s * NS, frac_ns
        self.month_end_s = end_of_month(self.reference_utc_s)

    def tai(self, counter, ns_per_tick):
        """Whole ns and the rest, and how far it may be off."""
        elapsed_ns = signed(counter - self.counter) * ns_per_tick
        rest = self.frac_ns + elapsed_ns * self.rate_ppb * 1e-9
        return self.tai_ns + int(elapsed_ns), rest, self.max_ns + abs(elapsed_ns) * 1e-9 * self.max_ppb

    def utc(self, tai_s):
        """The UTC second, and whether it is the inserted 23:59:60 after it."""
        utc_s = tai_s - self.offset_s
        if self.leap == PRE_NEG and utc_s >= self.month_end_s - 1:
            return utc_s + 1, False
        leap_s = {PRE_POS: self.month_end_s, POS: self.reference_utc_s}.get(self.leap)
        if leap_s is None or utc_s < leap_s:
            return utc_s, False
        return (leap_s - 1, True) if utc_s == leap_s else (utc_s - 1, False)


class Truth:
    """What UTC is, and what the page has to say of it; sign 0: no leap second at all."""

    def __init__(self, at_utc_s, sign, known_s):
        self.at_utc_s, self.sign, self.known_s = at_utc_s, sign, known_s
        self.change_tai_s = at_utc_s + OFFSET_S + sign

    def utc(self, tai_s):
        if self.sign > 0 and tai_s == self.change_tai_s - 1:
            return self.at_utc_s - 1, True
        return tai_s - OFFSET_S - (self.sign if tai_s >= self.change_tai_s else 0), False

    def offset(self, tai_s):
        return OFFSET_S + (self.sign if tai_s >= self.change_tai_s else 0)

    def leaps(self, tai_s, since_s):
        """Indicators that are right. It takes a moment from the news to the page."""
        if not self.sign:
            return {NONE}
        if tai_s >= self.change_tai_s:
            return {POST_POS if self.sign > 0 else POST_NEG}
        if self.sign > 0 and tai_s == self.change_tai_s - 1:
            return {POS}
        pre = {PRE_POS if self.sign > 0 else PRE_NEG}
        if since_s < self.known_s:
            return {NONE}
        return pre | {NONE} if since_s < self.known_s + STARTED_S else pre


def read_lines(path):
    with open(path) as lines:
        ns_per_tick = NS / float(next(lines).split(",")[2])
        return ns_per_tick, [Line(text) for text in lines]


def score(path, moments, truth):
    """Counts what is wrong; moments are (epoch, counter, tai_ns)."""
    ns_per_tick, lines = read_lines(path)
    lives = collections.defaultdict(list)
    for line in lines:
        lives[line.epoch].append(line)
    keys = {epoch: [signed(line.at - own[0].at) for line in own] for epoch, own in lives.items()}
    faults, moves, worst_ns = collections.Counter(), 0, 0.0
    begin_ns = {}
    for epoch, counter, tai_ns in moments:
        since_s = (tai_ns - begin_ns.setdefault(epoch, tai_ns)) // NS
        own = lives.get(epoch)
        k = bisect.bisect_right(keys[epoch], signed(counter - own[0].at)) if own else 0
        usable = k > 0 and own[k - 1].status != "unreliable"
        if not usable:
            faults["no page"] += since_s >= STARTED_S
            continue
        line = own[k - 1]
        whole_ns, rest_ns, bound_ns = line.tai(counter, ns_per_tick)
        error_ns = whole_ns - tai_ns + rest_ns
        tai_s, true_s = (tai_ns + round(error_ns)) // NS, tai_ns // NS
        worst_ns = max(worst_ns, abs(error_ns) if since_s >= STARTED_S else 0)
        faults["outside the bound"] += not abs(error_ns) <= bound_ns + 1
        if abs(error_ns) >= 4e8:
            faults["TAI off by a second"] += 1
        elif since_s >= STARTED_S or truth.known_s == 0:
            faults["wrong UTC"] += line.utc(tai_s) != truth.utc(true_s)
            faults["wrong offset"] += line.offset_s != truth.offset(true_s)
            faults["wrong indicator"] += line.leap not in truth.leaps(true_s, since_s)
    for own in lives.values():
        moves += sum(line.disrupted for line in own
                     if signed(line.at - own[0].at) * ns_per_tick > STARTED_S * NS)
    faults["TAI moved"] += moves
    return {"moments": len(moments), "worst_ns": worst_ns,
            "faults": {what: count for what, count in faults.items() if count}}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines")
    parser.add_argument("truth")
    parser.add_argument("--at", type=int, required=True, help="first UTC second after the leap")
    parser.add_argument("--sign", type=int, choices=(-1, 0, 1), default=0)
    parser.add_argument("--known", type=float, default=0, help="seconds from the start until news")
    options = parser.parse_args()
    with open(options.truth) as truth:
        moments = [(0, *map(int, line.split(","))) for line in truth]
    print(json.dumps(score(options.lines, moments, Truth(options.at, options.sign, options.known))))


if __name__ == "__main__":
    main()
