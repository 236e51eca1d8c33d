# SPDX-License-Identifier: GPL-2.0-or-later
"""A vmclock page made by hand from the specification, right or wrong on purpose."""

import mmap
import struct
import time

LAYOUT = struct.Struct("<IIHBBIQQ2xBBhBBQQQQQQQQQ")
MAGIC, SIZE, VERSION, COUNTER_INVALID, TIME_TAI = 0x4B4C4356, 4096, 1, 0xFF, 1
SYNCHRONIZED, TAI_OFFSET = 2, 37
# TAI offset, both errors of the period and of the time, monotonic
FLAGS = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7
PERIOD_SHIFT = 29  # the largest that leaves the period of 1 ns in 64 bits
PERIOD = round(2**(64 + PERIOD_SHIFT) / 1e9)


class MadePage:
    """Counts CLOCK_MONOTONIC_RAW and shows CLOCK_REALTIME, plus `error_ns`."""

    def __init__(self, path, bound_ns):
        self.bound_ns = bound_ns
        self.file = open(path, "w+b")
        self.file.truncate(SIZE)
        self.map = mmap.mmap(self.file.fileno(), SIZE)

    def write(self, error_ns=0, sequence=2, marker=1):
        # The narrowest of several brackets: Python is slow between two readings.
        width, counter, real = min(self._pair() for _ in range(200))
        del width
        seconds, ns = divmod(real + error_ns + TAI_OFFSET * 10**9, 10**9)
        LAYOUT.pack_into(self.map, 0, MAGIC, SIZE, VERSION, COUNTER_INVALID, TIME_TAI, sequence,
                         marker, FLAGS, SYNCHRONIZED, 0, -TAI_OFFSET, 0, PERIOD_SHIFT, counter,
                         PERIOD, 0, 0, seconds, (ns << 64) // 10**9, 100, self.bound_ns, 0)

    @staticmethod
    def _pair():
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        real = time.clock_gettime_ns(time.CLOCK_REALTIME)
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        return after - before, (before + after) // 2, real
