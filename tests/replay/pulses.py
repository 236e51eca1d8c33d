# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts of a daemon with a pulse and one server, as recordings: is it ever the wrong second?

A server is off by up to 0.3 s. Either it says so, or the operator trusts the pulse. Pulses are
late, missing, doubled; glitches come in between. Every start is one life in the recording.
"""
import math
import random

STARTS = 500
LIFE_S = 20
FIRST_S = 1700000000
LATENCY_NS = 20000


class Start:
    """One life: an oscillator, a server's error, and the lines that the daemon would have logged."""

    def __init__(self, number, honest):
        self.dice = random.Random(number * 2 + honest)
        self.rate = self.dice.uniform(-200e-6, 200e-6)
        self.began_s = self.dice.uniform(0, 1)
        self.error_ns = self.dice.uniform(-0.3e9, 0.3e9)
        self.claim_ns = abs(self.error_ns) + 1e5 if honest else 1e6

    def counter(self, true_s):
        """At so many seconds after FIRST_S; 1 GHz."""
        return round(10**12 + true_s * 1e9 / (1 + self.rate))

    def true_ns(self, counter):
        """Since FIRST_S."""
        return (counter - 10**12) * (1 + self.rate)

    def exchange(self, at_s):
        out, back = (50e-6 + self.dice.expovariate(1 / 5e-6) for _ in range(2))
        stamp_ns = FIRST_S * 10**9 + round((at_s + out) * 1e9 + self.error_ns)
        return (at_s + out + back,
                f"ntp,server,{self.counter(at_s)},{stamp_ns},{stamp_ns},"
                f"{self.counter(at_s + out + back)},0,1,0,{self.claim_ns:.0f}\n")

    def edge(self, at_s):
        return at_s, f"pps,pulse,{self.counter(at_s)},1\n"

    def events(self):
        end_s = self.began_s + LIFE_S
        at_s = self.began_s + self.dice.uniform(0.01, 0.1)
        while at_s < end_s:
            yield self.exchange(at_s)
            at_s += self.dice.uniform(0.9, 1.1)
        for second in range(math.ceil(self.began_s), int(end_s)):
            if self.dice.random() < 0.85:
                yield self.edge(second + min(self.dice.expovariate(1 / 2e-6), LATENCY_NS * 1e-9))
            if self.dice.random() < 0.2:
                yield self.edge(second + self.dice.uniform(0.01, 0.95))

    def lines(self):
        return ["counter,ns,1000000000\n", *(line for _, line in sorted(self.events()))]


def recording(honest):
    """All starts of one kind, and the file's lines."""
    starts = [Start(number, honest) for number in range(STARTS // 2)]
    settings = (f"source,pulse,max_error_ns=100;max_latency_ns={LATENCY_NS};poll_s=1;"
                f"trust={'off' if honest else 'on'}\n")
    lines = [line for start in starts for line in start.lines()]
    return starts, [lines[0], "source,server,poll_s=1\n", settings, *lines[1:]]


class Page:
    """One published line, held against the truth at the moment it was published."""

    def __init__(self, text, starts):
        fields = text.split(",")
        self.epoch, at, counter, time_ns = (int(field) for field in fields[1:5])
        frac_ns, rate_ppb, _, _, max_error_ns, max_rate_ppb = (float(f) for f in fields[5:11])
        ticks = at - counter
        true_ns = starts[self.epoch].true_ns(at)
        self.error_ns = (time_ns - FIRST_S * 10**9 + ticks - true_ns) + frac_ns + \
            ticks * rate_ppb * 1e-9
        self.outside = abs(self.error_ns) > max_error_ns + max_rate_ppb * 1e-9 * abs(ticks) + 1
        self.usable = fields[11] == "synchronized"


def pages(text, starts):
    return [Page(line, starts) for line in text.splitlines() if line.startswith("line,")]


def spread(values):
    """Median, 99 % and largest of sizes, in us."""
    sizes = sorted(abs(value) for value in values) or [float("nan")]
    return "median {:.3f}, 99 % {:.3f}, max {:.3f} us".format(
        *(sizes[min(int(share * len(sizes)), len(sizes) - 1)] / 1000 for share in (0.5, 0.99, 1)))


def check(tap, replay, write, place):
    for honest in (True, False):
        who = "a server that admits it" if honest else "a trusted pulse and a server that lies"
        starts, lines = recording(honest)
        out = place / "pulses.lines"
        result = replay("--lines", out, write(place, "pulses.csv", lines))
        seen = [page for page in pages(out.read_text(), starts) if page.usable]
        first = {page.epoch: page.error_ns for page in reversed(seen)}
        last = {page.epoch: page.error_ns for page in seen}
        started = {epoch for epoch, error in first.items() if abs(error) < LATENCY_NS}
        settled = [last[epoch] for epoch in started]
        print(f"# {who}: {len(starts)} starts, {len(first)} with a page, {len(started)} with the "
              f"pulse from the first on; first page of these "
              f"{spread(first[epoch] for epoch in started)}; last page {spread(settled)}")
        tap.check(result.returncode == 0 and len(first) > 0.9 * len(starts),
                  f"{who}: starts are replayed", result.stderr.decode())
        tap.check(all(abs(page.error_ns) < 0.4e9 for page in seen),
                  f"{who}: never the wrong second",
                  max(abs(page.error_ns) for page in seen))
        # Of a server that is off by 0.2 s and says so, the second cannot be had.
        share = 0.55 if honest else 0.97
        tap.check(len(started) > share * len(starts),
                  f"{who}: the first page waits for the pulse", len(started))
        tap.check(all(abs(error) < LATENCY_NS for error in settled),
                  f"{who}: with the pulse the page stays right", spread(settled))
        if honest:
            tap.check(not any(page.outside for page in seen), f"{who}: the bound holds")
