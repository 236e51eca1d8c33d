# SPDX-License-Identifier: GPL-2.0-or-later
"""Scores what the simulator recorded of the page once a second, in exact integers.

Shares nothing with the library that readers use, nor with vmclock-replay.
"""
import math
import statistics

RELIED_ON = (2, 3)  # SYNCHRONIZED, FREERUNNING
NS = 10**9


class Page:
    """The page as it stood at one whole second, beside the counter and the truth."""

    def __init__(self, fields):
        self.second, self.counter, self.truth_ns = (int(x) for x in fields[:3])
        (self.marker, self.status, self.flags, self.tai_offset, self.shift, self.reference,
         self.period, self.period_est, self.period_max, sec, frac, self.est_ns,
         self.max_ns) = (int(x) for x in fields[3:16])
        self.realtime_ns, self.wakeups = int(fields[17]), int(fields[18])
        self.origin = (sec + self.tai_offset << 64) + frac

    def error_ns(self, counter, truth_ns):
        instant = self.origin + ((counter - self.reference) * self.period >> self.shift)
        return (instant * NS - (truth_ns << 64)) / 2**64

    def grown_ns(self, error_ns, rate):
        ticks = abs(self.counter - self.reference)
        return error_ns + (rate * ticks * NS >> self.shift + 64) + 1

    def finish(self):
        self.error = self.error_ns(self.counter, self.truth_ns)
        self.bound = self.grown_ns(self.max_ns, self.period_max)
        self.est = self.grown_ns(self.est_ns, self.period_est)


def read(path):
    """Pages that may be relied on, and how many seconds were recorded."""
    pages, seconds = [], 0
    with open(path) as record:
        next(record)
        for line in record:
            fields = line.rstrip("\n").split(",")
            seconds += 1
            if fields[3] == "-" or int(fields[4]) not in RELIED_ON:
                continue
            page = Page(fields)
            page.finish()
            pages.append(page)
    return pages, seconds


def outside(pages, later):
    """Pages that put a counter value of `later` pages ago outside of what was said then."""
    return sum(abs(new.error_ns(old.counter, old.truth_ns) - old.error) > old.bound + 1
               for old, new in zip(pages, pages[later:]))


def rms(values):
    return math.sqrt(statistics.fmean(v * v for v in values)) if values else math.nan


def score(path, skip_s=0, window=(0, math.inf)):
    """Violations over all seconds; the rest over those from skip_s on that lie in the window."""
    pages, seconds = read(path)
    judged = [p for p in pages if p.second > skip_s and window[0] <= p.second < window[1]]
    errors = [p.error for p in judged]
    if not judged:
        return {"seconds": seconds, "pages": len(pages)}
    return {
        "seconds": seconds,
        "pages": len(pages),
        "first_s": pages[0].second,
        "rms_ns": rms(errors),
        "max_ns": max(abs(e) for e in errors),
        "violations": sum(abs(p.error) > p.bound + 1 for p in pages),  # truth is in whole ns
        "outside_1": outside(pages, 1),
        "outside_59": outside(pages, 59),
        "markers": len({p.marker for p in pages}),
        "bound_median_ns": statistics.median(p.bound for p in judged),
        "within_1": statistics.fmean(abs(p.error) <= p.est for p in judged),
        "within_3": statistics.fmean(abs(p.error) <= 3 * p.est for p in judged),
        "statuses": {p.status for p in judged},
    }
