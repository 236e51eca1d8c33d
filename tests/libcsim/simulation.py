# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the daemon's own binary under libcsim.so, and its event log through vmclock-replay."""
import json
import os
import subprocess
import time

BUILD = None  # set by run

CONFIG = """[clock]
counter = monotonic-raw
{clock}
[page]
file = {place}/page
[control]
socket = {control}
[log]
journal = {journal}
event-log = {place}/events
[state]
file = {place}/state
{sources}"""


def describe(options):
    """The simulator's description: a dict, whose `servers` is a list of dicts."""
    lines = [f"{key} {value}" for key, value in options.items() if key != "servers"]
    for server in options["servers"]:
        lines.append(f"server {server['address']}")
        lines += [f"{key} {value}" for key, value in server.items() if key != "address"]
    return "\n".join(lines) + "\n"


def section(name, address, **keys):
    keys = {"type": "ntp", "address": address, **keys}
    return f"[source {name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())


class Simulation:
    """One life of the daemon in a folder of its own."""

    def __init__(self, place, options, sources, control="none", journal="off", clock=""):
        place.mkdir()
        self.place = place
        self.events = place / "events"
        self.options = options
        self.live("record")
        (place / "daemon.conf").write_text(CONFIG.format(
            place=place, control=control, journal=journal, sources=sources, clock=clock))
        self.began = None
        self.real_s = None
        self.log = None
        self.status = None

    def live(self, record, **changes):
        """Another life in the same place: the page, the state and the log are still there."""
        self.record = self.place / record
        (self.place / "world").write_text(describe(
            {"page": self.place / "page", "record": self.record, **self.options, **changes}))
        return self

    def start(self, wrapper=(), program=None, **environment):
        what = [BUILD / program] if program else [BUILD / "daemon/vmclockd", "--config",
                                                  self.place / "daemon.conf"]
        self.began = time.monotonic()
        return subprocess.Popen(
            [*wrapper, "env", f"LIBCSIM={self.place}/world",
             f"LD_PRELOAD={BUILD}/libcsim/libcsim.so", *what],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=self.place, env={**os.environ, **environment})

    def finish(self, process):
        self.log, _ = process.communicate()
        self.status = process.returncode
        self.real_s = time.monotonic() - self.began
        return self

    def run(self, wrapper=(), **environment):
        return self.finish(self.start(wrapper, **environment))

    def replay(self, *arguments):
        """vmclock-replay's scores for what the daemon itself has logged."""
        merged = self.place / "merged.csv"
        with open(merged, "w") as out:
            out.write(self.events.read_text())
            with open(self.record) as record:
                next(record)
                for line in record:
                    _, counter, truth_ns = line.rstrip("\n").split(",")[:3]
                    out.write(f"truth,{counter},{truth_ns}\n")
        result = subprocess.run([BUILD / "tools/vmclock-replay", "--json", *arguments, merged],
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(result.stderr)
        return json.loads(result.stdout)
