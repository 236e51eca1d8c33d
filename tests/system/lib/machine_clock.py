# SPDX-License-Identifier: GPL-2.0-or-later
"""Proof that nothing touched the machine's clock between two moments."""

import ctypes
import time

STA_UNSYNC = 0x40


class Timex(ctypes.Structure):
    """struct timex of adjtimex(2)."""

    _fields_ = [("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
                ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long),
                ("status", ctypes.c_int), ("constant", ctypes.c_long),
                ("precision", ctypes.c_long), ("tolerance", ctypes.c_long),
                ("sec", ctypes.c_long), ("usec", ctypes.c_long), ("tick", ctypes.c_long),
                ("ppsfreq", ctypes.c_long), ("jitter", ctypes.c_long), ("shift", ctypes.c_int),
                ("stabil", ctypes.c_long), ("jitcnt", ctypes.c_long),
                ("calcnt", ctypes.c_long), ("errcnt", ctypes.c_long),
                ("stbcnt", ctypes.c_long), ("tai", ctypes.c_int), ("spare", ctypes.c_int * 11)]


def kernel_state():
    """What the kernel steers its clock by; read, never written."""
    state = Timex()
    ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(state))
    return state


def _together(clock):
    """CLOCK_REALTIME - `clock`, ns, from the narrowest of several brackets."""
    best = None
    for _ in range(50):
        before = time.clock_gettime_ns(clock)
        real = time.clock_gettime_ns(time.CLOCK_REALTIME)
        after = time.clock_gettime_ns(clock)
        if best is None or after - before < best[0]:
            best = (after - before, real - (before + after) // 2)
    return best[1]


class Moment:
    """The clocks and their steering at one moment."""

    def __init__(self):
        self.steering = kernel_state()
        self.raw_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        self.real_minus_monotonic_ns = _together(time.CLOCK_MONOTONIC)
        self.real_minus_raw_ns = _together(time.CLOCK_MONOTONIC_RAW)


def check_untouched(tap, before, after):
    """Steering, steps and rate are as they were."""
    step_ns = after.real_minus_monotonic_ns - before.real_minus_monotonic_ns
    tap.check(abs(step_ns) < 10000, "the machine's clock was not set", f"moved by {step_ns} ns")
    if not before.steering.status & STA_UNSYNC:
        tap.note("somebody else steers this machine's clock; its frequency is not compared")
        return
    names = ("freq", "tick", "status", "tai")
    was, now = ([getattr(m.steering, name) for name in names] for m in (before, after))
    tap.check(was == now, "nobody steered the machine's clock", f"{dict(zip(names, now))}")
    span_ns = after.raw_ns - before.raw_ns
    rate_ppb = (after.real_minus_raw_ns - before.real_minus_raw_ns) / span_ns * 1e9
    steered_ppb = after.steering.freq / 65.536 + (after.steering.tick - 10000) * 1e5
    tap.check(abs(rate_ppb - steered_ppb) < 100, "the machine's clock ran at its own rate",
              f"{rate_ppb:.2f} ppb against CLOCK_MONOTONIC_RAW")
