# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings of two honest servers and a third source of each kind that fails, in every way.

Whatever it does from 60 s to 120 s of 300 s: the bound holds in every second, the page stays where
the servers have it, the source is named with a reason, and is used again in the end.
"""
import itertools
import json
import random

NS = 10**9
FIRST_S = 1700000000
SECONDS = 300
BEGINS, ENDS = 60, 120
# It passes 2^63 and 2^64 while the fault lasts.
BASES = [10**12, 2**63 - 90 * NS, 2**64 - 90 * NS]
LIMIT_NS = 60000
HUGE = 2**63 - 1


class World:
    """A counter of 1 GHz, some ppm off, that may start over at given moments."""

    def __init__(self, number):
        self.dice = random.Random(number)
        self.rate = self.dice.uniform(-50e-6, 50e-6)
        self.base = BASES[number % len(BASES)]
        self.starts_over = []

    def counter(self, true_s):
        jumps = sum(7 * 10**13 for at_s in self.starts_over if true_s >= at_s)
        return (self.base + jumps + round(true_s * NS / (1 + self.rate))) % 2**64

    def exchange(self, name, at_s):
        out, back = (50e-6 + self.dice.expovariate(1 / 5e-6) for _ in range(2))
        stamp_ns = FIRST_S * NS + round((at_s + out) * NS)
        return at_s + out + back, (
            f"ntp,{name},{self.counter(at_s)},{stamp_ns},{stamp_ns},"
            f"{self.counter(at_s + out + back)},0,1,0,20000\n")

    def servers(self):
        for name, phase in (("a", 0.2), ("b", 0.7)):
            for second in range(SECONDS):
                yield self.exchange(name, second + phase)

    def truth(self):
        for second in range(SECONDS):
            yield second, f"truth,{self.counter(second)},{(FIRST_S + second) * NS}\n"


# --- what a source says at a second when its time is off by shift_s ------------------------------

def pps(world, second, shift_s=0.0):
    late_s = min(world.dice.expovariate(1 / 2e-6), 5e-5)
    return f"pps,c,{world.counter(second + shift_s + late_s)},1\n"


def latch(world, second, shift_s=0.0):
    """Hardware at the pulse, or a PTP clock's pin."""
    return f"latch,c,{world.counter(second + shift_s)},4\n"


def labelled(world, second, shift_s=0.0):
    return f"latch,c,{world.counter(second + shift_s)},4,{FIRST_S + second}\n"


def phc(world, second, shift_s=0.0):
    time_ns = (FIRST_S + second) * NS - round(shift_s * NS)
    return f"phc,c,{world.counter(second - 5e-7)},{time_ns},{world.counter(second + 5e-7)},100\n"


def point(world, second, shift_s=0.0, claim="1000"):
    """SOCK, SHM, another host's page."""
    time_ns = (FIRST_S + second) * NS - round(shift_s * NS)
    return f"time,c,{world.counter(second)},{time_ns},{claim}\n"


def boundless(world, second, shift_s=0.0):
    """The system's clock, or a receiver whose driver claims nothing."""
    return point(world, second, shift_s, "inf")


# Settings, what it says, and lines whose numbers make no sense or are beyond all measure. None has
# a counter of the future: in a recording that would be the present.
KINDS = {
    "pps": ("max_error_ns=100;max_latency_ns=50000", pps, [
        "pps,c,{now},1e300", f"pps,c,{{now}},1,{HUGE}", f"pps,c,{{now}},1,-{HUGE}",
        "pps,c,{now},1,,1e300", "pps,c,{past},1"]),
    "latch or extts": ("max_error_ns=100", latch, [
        "latch,c,{now},1e300", f"latch,c,{{now}},1,{HUGE}", "latch,c,{past},0"]),
    "labelled latch": ("max_error_ns=100", labelled, [
        f"latch,c,{{now}},1,{HUGE}", f"latch,c,{{now}},1,-{HUGE}", "latch,c,{now},1,0"]),
    "phc": ("max_error_ns=0", phc, [
        f"phc,c,{{now}},{HUGE},{{now}},0", f"phc,c,{{now}},-{HUGE},{{now}},0",
        f"phc,c,{{now}},{FIRST_S * NS},0,0",
        "phc,c,{now},0,{now},inf"]),
    "sock, shm or vmclock": ("max_error_ns=0", point, [
        f"time,c,{{now}},{HUGE},0", f"time,c,{{now}},-{HUGE},0", "time,c,{now},0,1e300",
        f"time,c,{{past}},{FIRST_S * NS},0"]),
    "system or sock without a bound": ("max_error_ns=inf", boundless, [
        f"time,c,{{now}},{HUGE},inf", f"time,c,{{now}},-{HUGE},inf", "time,c,{now},0,0"]),
}
MARKS_SECONDS = {"pps", "latch or extts"}
# Nothing but its estimate says that it is right again, and that takes its time.
BOUNDLESS = "system or sock without a bound"


# --- faults: the lines of one second, while it lasts ---------------------------------------------

def steps(by_s):
    return lambda world, say, nonsense, second: [say(world, second, by_s)]


def drifts(world, say, nonsense, second):
    return [say(world, second, (second - BEGINS + 1) * 1e-4)]


def goes_wild(world, say, nonsense, second):
    return [say(world, second, world.dice.uniform(0.001, 0.4) * world.dice.choice([-1, 1]))]


def stays_away(world, say, nonsense, second):
    return []


def misses(world, say, nonsense, second):
    return [say(world, second)] if world.dice.random() < 0.3 else []


def comes_twice(world, say, nonsense, second):
    return [say(world, second), say(world, second, world.dice.uniform(0.0001, 0.09))]


def repeats(world, say, nonsense, second):
    return [say(world, BEGINS - 1)]


def talks_nonsense(world, say, nonsense, second):
    text = nonsense[second % len(nonsense)].format(now=world.counter(second),
                                                   past=world.counter(second - 1000))
    return [text + "\n"]


# What it does, and whether that has to cost it its place.
FAULTS = {
    "steps by 2 ms": (steps(2e-3), True),
    "steps back by 0.3 s": (steps(-0.3), True),
    "drifts by 100 ppm": (drifts, True),
    "goes wild": (goes_wild, True),
    "stays away": (stays_away, True),
    "misses most": (misses, False),
    "comes twice": (comes_twice, False),
    "repeats itself": (repeats, True),
    "talks nonsense": (talks_nonsense, False),
}
WRONG_SECOND = {"steps by a second": (steps(1.0), True)}


def failing(world, say, nonsense, fault):
    for second in range(1, SECONDS):
        bad = BEGINS <= second < ENDS
        for n, text in enumerate(fault(world, say, nonsense, second) if bad else
                                 [say(world, second)]):
            yield second + 0.1 + n * 0.01, text


def lines(world, settings, rows):
    rows = sorted([*world.servers(), *world.truth(), *rows], key=lambda row: row[0])
    return ["counter,ns,1000000000\n", "source,a,poll_s=1\n", "source,b,poll_s=1\n",
            f"source,c,poll_s=1;{settings}\n", *(text for _, text in rows)]


class Replayed:
    """Scores, and what became of the third source: (counter, state, why)."""

    def __init__(self, replay, write, place, recording):
        sources = place / "fault.sources"
        result = replay("--json", "--skip", "30", "--sources", sources,
                        write(place, "fault.csv", recording))
        self.message = result.stderr.decode()
        self.scores = json.loads(result.stdout) if result.returncode == 0 else {}
        self.verdicts = [(int(fields[2]), fields[4], fields[5]) for fields in
                         (line.split(",", 5) for line in sources.read_text().splitlines())
                         if fields[3] == "c"]

    def bounded(self, points):
        return self.scores.get("bound_violations") == 0 and self.scores["points"] > points

    def honest(self, points):
        return self.bounded(points) and self.scores["max_ns"] < LIMIT_NS

    def named(self, world):
        """The first reason given while the fault lasted or just after it."""
        since = world.counter(BEGINS)
        for counter, state, why in self.verdicts:
            age_ns = (counter - since) % 2**64
            if age_ns < (ENDS - BEGINS + 10) * NS and state not in ("selected", "selectable"):
                return f"{state}: {why}" if why else ""
        return ""

    def used_again(self, world):
        """At the end of the recording; afterwards nobody is heard."""
        until = world.counter(SECONDS - 1)
        states = [state for counter, state, _ in self.verdicts
                  if (until - counter) % 2**64 < 2**63]
        return bool(states) and states[-1] in ("selected", "selectable")


def check_kind(tap, run, number, kind):
    settings, say, nonsense = KINDS[kind]
    # To a pulse that is nobody's second but its own, the next one is as good.
    faults = FAULTS if kind in MARKS_SECONDS else {**FAULTS, **WRONG_SECOND}
    for what, (fault, costs) in faults.items():
        world = World(number)
        number += 1
        got = run(lines(world, settings, failing(world, say, nonsense, fault)))
        reason = got.named(world)
        again = kind == BOUNDLESS or got.used_again(world)
        tap.check(got.honest(200) and again and (reason or not costs),
                  f"{kind} {what}: the bound holds, at worst "
                  f"{got.scores.get('max_ns', 0) / 1000:.1f} us; {reason or 'used on'}",
                  (got.message, got.scores, got.verdicts))


def life(world):
    """Gone, back, another one, the counter starting over: in every order."""
    for n, order in enumerate(itertools.permutations(["offline", "online", "reset", "disrupt"])):
        for k, what in enumerate(order):
            at_s = BEGINS + 8 * n + 2 * k + 0.45
            if what == "disrupt":
                world.starts_over.append(at_s)
                yield at_s, None
            else:
                yield at_s, f"{what},c\n"


def check_life(tap, run, number, kind):
    settings, say, nonsense = KINDS[kind]
    world = World(number)
    events = [(at_s, text or f"disrupt,{world.counter(at_s)},it started over\n")
              for at_s, text in list(life(world))]
    got = run(lines(world, settings, [*events, *failing(world, say, nonsense, steps(0))]))
    # Where a counter has just started over nobody knows the time, and the page says so.
    tap.check(got.bounded(150) and got.used_again(world),
              f"{kind} gone, back and exchanged while the counter starts over, in every order: the "
              "bound holds",
              (got.message, got.scores, got.verdicts))


def check(tap, replay, write, place):
    def run(recording):
        return Replayed(replay, write, place, recording)

    for number, kind in enumerate(KINDS):
        check_kind(tap, run, 20 * number, kind)
        check_life(tap, run, 20 * number, kind)
