# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon writes down for years: [log] statistics."""

import csv
import os
import signal

from netns import Network
from programs import ntp_source, wait_until
from scenario import scenario


@scenario(seconds=20)
def long_record(test):
    """[log] statistics: a row a second, in which a server's silence shows as a growing bound."""
    directory = test.directory / "record"
    directory.mkdir()
    server = test.responder()
    daemon = test.daemon({"only": ntp_source(Network.SERVER)}, extra=(
        f"[log]\nstatistics = {directory}\nstatistics-interval = 1 s\n"))
    test.wait_status("SYNCHRONIZED")
    server.set("fault", "silent")
    clock = directory / "clock.csv"

    def rows(path):
        with open(path, encoding="ascii") as stream:
            return list(csv.DictReader(stream))

    wait_until(lambda: len(rows(clock)) >= 8, 60, "eight rows")
    os.rename(clock, directory / "old.csv")
    os.kill(daemon.pid, signal.SIGHUP)
    wait_until(lambda: clock.exists() and len(rows(clock)) >= 2, 60, "two rows in a new file")
    old = rows(directory / "old.csv")
    bounds = [(float(row["max_error_ns"]), float(row["largest_error_ns"])) for row in old]
    test.tap.check(all(largest >= now > 0 for now, largest in bounds),
                   "the largest bound since the row before is at least the one now", bounds)
    test.tap.check(bounds[-1][0] > bounds[-3][0] > 0, "an outage shows as a bound that grows",
                   bounds)
    moments = [row["utc"] for row in old + rows(clock)]
    test.tap.check(moments == sorted(moments), "rows follow each other over a rotation", moments)
    source = rows(directory / "sources.csv")[-1]
    test.tap.check(source["source"] == "only" and int(source["samples"]) > 0
                   and int(source["reach"]) < 255, "sources have rows of their own", source)
