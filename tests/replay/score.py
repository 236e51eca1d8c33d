#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Recomputes the scores of vmclock-replay from the published lines and the recording's truth.

usage: score.py RECORDING LINES [--skip S] [--window FROM:TO] [--threshold NS]

Shares nothing with the tool: exact integers and fractions where it uses doubles, the definitions
where it uses running sums. Prints the same JSON object.
"""
import argparse
import bisect
import json
import lzma
import math
import statistics
from fractions import Fraction


def open_text(path):
    with open(path, "rb") as probe:
        packed = probe.read(6) == b"\xfd7zXZ\0"
    return lzma.open(path, "rt") if packed else open(path)


def signed(difference):
    """Distance of two counters, across the wrap."""
    difference &= 2**64 - 1
    return difference - 2**64 if difference >= 2**63 else difference


def read_truths(path):
    truths, epoch, begun = [], 0, False
    with open_text(path) as recording:
        for text in recording:
            kind, *fields = text.rstrip("\n").split(",")
            if kind.startswith("#") or not kind:
                continue
            if kind == "disrupt" or (kind == "counter" and begun):
                epoch += 1
            if kind == "truth":
                truths.append((epoch, int(fields[0]), int(fields[1])))
            begun = True
    return truths


class Line:
    def __init__(self, fields):
        self.epoch, self.at, self.counter, self.time_ns = (int(x) for x in fields[:4])
        self.frac_ns, self.rate_ppb = (Fraction(float(x)) for x in fields[4:6])
        self.est, self.est_rate, self.max, self.max_rate = (float(x) for x in fields[6:10])

    def measure(self, counter, truth_ns, ns_per_tick):
        ticks = signed(counter - self.counter)
        elapsed = ticks * ns_per_tick * (1 + self.rate_ppb / 10**9)
        error = float(self.time_ns - truth_ns + self.frac_ns + elapsed)
        away_s = abs(ticks) * float(ns_per_tick) * 1e-9
        return error, self.max + self.max_rate * away_s, self.est + self.est_rate * away_s


def read_lines(path):
    with open(path) as lines:
        hz = Fraction(lines.readline().split(",")[2])
        return Fraction(10**9) / hz, [Line(text.split(",")[1:]) for text in lines]


def measure_all(truths, lines, ns_per_tick):
    """One (t_s, error, bound, sigma, rate error) for each truth that a line was in force at."""
    by_epoch = {}
    for line in lines:
        by_epoch.setdefault(line.epoch, []).append(line)
    points = []
    for i, (epoch, counter, t_ns) in enumerate(truths):
        own = by_epoch.get(epoch, [])
        k = bisect.bisect_right(Since(own), signed(counter - own[0].at)) if own else 0
        if k == 0:
            continue
        line = own[k - 1]
        error, bound, sigma = line.measure(counter, t_ns, ns_per_tick)
        rate = None
        if i + 1 < len(truths) and truths[i + 1][0] == epoch:
            ticks = signed(truths[i + 1][1] - counter) * ns_per_tick
            true_rate = (truths[i + 1][2] - t_ns - ticks) / ticks
            rate = float(line.rate_ppb / 10**9 - true_rate)
        points.append(((t_ns - truths[0][2]) / 1e9, error, bound, sigma, rate))
    return points


class Since:
    """When lines were published, as ticks since the first one; for bisect."""

    def __init__(self, lines):
        self.lines, self.base = lines, lines[0].at

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, i):
        return signed(self.lines[i].at - self.base)


def rms(values):
    return math.sqrt(math.fsum(v * v for v in values) / len(values)) if values else None


def converged(points, threshold):
    """First time from which on every window of 300 s has an RMS below the threshold."""
    times = [p[0] for p in points]
    sums = [0.0]
    for p in points:
        sums.append(sums[-1] + p[1] ** 2)
    answer = None
    for i in reversed(range(len(points))):
        end = bisect.bisect_left(times, times[i] + 300)
        if math.sqrt(max(sums[end] - sums[i], 0) / (end - i)) >= threshold:
            break
        answer = times[i]
    return answer


def violations(points):
    return sum(not abs(p[1]) <= p[2] for p in points)


def score(points, for_start, updates, threshold):
    n = len(points)
    return {
        "rms_ns": rms([p[1] for p in points]),
        "max_ns": max((abs(p[1]) for p in points), default=None),
        "mean_ns": math.fsum(p[1] for p in points) / n if n else None,
        "rate_rms": rms([p[4] for p in points if p[4] is not None]),
        "converged_s": converged(for_start, threshold),
        "bound_violations": violations(for_start),
        "bound_median_ns": statistics.median(p[2] for p in points) if n else None,
        "within_1sigma": sum(abs(p[1]) <= p[3] for p in points) / n if n else None,
        "within_3sigma": sum(abs(p[1]) <= 3 * p[3] for p in points) / n if n else None,
        "updates": updates,
    }


def updates_within(truths, lines, start, end):
    """A publication is dated by the first truth that is not before it, else by the last one."""
    count, next_truth = 0, 0
    for line in lines:
        while next_truth + 1 < len(truths):
            epoch, counter, _ = truths[next_truth]
            if line.epoch < epoch or (line.epoch == epoch and signed(counter - line.at) >= 0):
                break
            next_truth += 1
        t_s = (truths[next_truth][2] - truths[0][2]) * 1e-9
        count += start <= t_s < end
    return count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("recording")
    parser.add_argument("lines")
    parser.add_argument("--skip", type=float, default=0)
    parser.add_argument("--window")
    parser.add_argument("--threshold", type=float, default=20000)
    args = parser.parse_args()
    truths = read_truths(args.recording)
    ns_per_tick, lines = read_lines(args.lines)
    points = measure_all(truths, lines, ns_per_tick)
    late = [p for p in points if p[0] >= args.skip]
    result = score(late, points, len(lines), args.threshold)
    if args.window:
        start, end = (float(x) for x in args.window.split(":"))
        inside = [p for p in points if start <= p[0] < end]
        result["window"] = score(inside, inside, updates_within(truths, lines, start, end),
                                 args.threshold)
    print(json.dumps(result))


main()
