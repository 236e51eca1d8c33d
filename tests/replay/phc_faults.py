# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings of a PTP hardware clock that fails, beside NTP servers: the bound has to hold."""
import random

START_NS = 1800000000 * 10**9
FAULT, END, SECONDS = 300, 360, 600


class World:
    """A counter of 1 GHz, 10 ppm fast, that wanders; second by second."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.rate = 10e-6
        self.counter = 10.0**10
        self.second = 0

    def at(self, offset_s):
        """Counter and true time at this moment of the second."""
        return (int(self.counter + offset_s * 1e9 * (1 + self.rate)),
                START_NS + self.second * 10**9 + int(offset_s * 1e9))

    def advance(self):
        self.counter += 1e9 * (1 + self.rate)
        self.rate += self.dice.gauss(0, 1e-9)
        self.second += 1

    def ntp(self, name, offset_s):
        there = 50e-6 + self.dice.expovariate(1e5)
        back = 50e-6 + self.dice.expovariate(1e5)
        c1, _ = self.at(offset_s)
        _, t2 = self.at(offset_s + there)
        _, t3 = self.at(offset_s + there + 5e-6)
        c4, _ = self.at(offset_s + there + 5e-6 + back)
        return c4, f"ntp,{name},{c1},{t2},{t3},{c4},0,1,0,1000,-25"

    def phc(self, lie_ns):
        offset_s = 0.5 + self.dice.uniform(-0.001, 0.001)
        before, _ = self.at(offset_s)
        _, time_ns = self.at(offset_s + 5e-7)
        after, _ = self.at(offset_s + 1e-6)
        return after, f"phc,phc,{before},{time_ns + int(self.dice.gauss(lie_ns, 30))},{after},500"


def lie_ns(fault, second):
    """What the clock is wrong by; None: it gives no answer."""
    if not FAULT <= second < END:
        return 0
    return {"step": 1e6, "drift": (second - FAULT + 0.5) * 100e3}.get(fault)


def recording(fault, servers, seed):
    world, events = World(seed), []
    while world.second < SECONDS:
        counter, time_ns = world.at(0)
        events.append((counter, f"truth,{counter},{time_ns}"))
        for n in range(servers):
            events.append(world.ntp(f"ntp{n + 1}", 0.1 + 0.01 * n))
        lie = lie_ns(fault, world.second)
        if lie is not None:
            events.append(world.phc(lie))
        elif world.second == FAULT + 2:  # as the daemon logs it after three polls
            events.append((world.at(0.5)[0], "offline,phc"))
        world.advance()
    lines = ["counter,tsc,1000000000"] + [text for _, text in sorted(events)]
    return [line + "\n" for line in lines]


def check(tap, scores, write, place):
    for servers in (2, 1):
        for fault in ("step", "drift", "gone"):
            wrong, worst, back = 0, 0, 0
            for seed in range(5):
                path = write(place, "phc.csv", recording(fault, servers, seed))
                got = scores(path, "--skip", "10", "--window", f"{END + 30}:{SECONDS}")
                wrong += got["bound_violations"]
                worst = max(worst, got["max_ns"])
                back = max(back, got["window"]["bound_median_ns"])
            tap.check(wrong == 0, f"PHC and {servers} NTP, {fault}: the bound holds "
                      f"(error at most {worst:.0f} ns)", wrong)
            # With two servers the bound is what they leave of it; with one the clock's own counts.
            if servers == 1:
                tap.check(back < 5000, f"PHC and 1 NTP, {fault}: the clock is back after it "
                          f"(bound {back:.0f} ns)", back)
