# SPDX-License-Identifier: GPL-2.0-or-later
"""One test's surroundings: a directory, a network, programs; all gone when it ends."""

import pathlib
import shutil
import tempfile

import netns
import programs

REGISTRY = {}


def scenario(seconds, quiet=True):
    """Registers a test. `seconds` it takes, roughly; `quiet`: it mostly waits, others may run."""
    def register(function):
        name = function.__name__.replace("_", "-")
        REGISTRY[name] = (function, seconds, quiet)
        return function
    return register


class Scenario:
    """What a test function is given."""

    def __init__(self, build, name, tap):
        self.build = pathlib.Path(build)
        self.name = name
        self.tap = tap
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"vmclock-{name}-"))
        self._programs = []
        self._network = None
        self._readers = 0

    @property
    def network(self):
        """Made on first use."""
        if self._network is None:
            self._network = netns.Network(self.name)
        return self._network

    def track(self, process):
        self._programs.append(process)
        return process

    def responder(self, address=netns.Network.SERVER, port=123, **settings):
        return self.track(programs.Responder(self.build, self.directory, self.network.server,
                                             address, port, **settings))

    def responders(self, count, **settings):
        """`count` servers on 10.77.1.1, 10.77.1.2, ..."""
        servers = []
        for number in range(1, count + 1):
            address = f"10.77.1.{number}"
            self.network.server.add_address(address, 16)
            servers.append(self.responder(address, **settings))
            servers[-1].address = address
        return servers

    def chronyd(self, **options):
        return self.track(programs.Chronyd(self.build, self.directory, self.network.server,
                                           **options))

    def daemon(self, sources, clock=None, extra="", **options):
        """vmclockd in the client namespace, with these sources."""
        config = programs.configuration(self.directory, sources, clock, extra)
        return self.daemon_with(config, **options)

    def daemon_with(self, config, **options):
        return self.track(programs.Vmclockd(self.build, self.directory, config,
                                            self.network.client, **options))

    def restart(self, daemon, name=None):
        """Another life of the same daemon."""
        return self.daemon_with(daemon.config, name=name or daemon.name)

    def reader(self, **options):
        """Starts comparing the page with the truth, from its first moment on."""
        self._readers += 1
        return self.track(programs.Reader(self.build, self.directory, self.directory / "page",
                                          f"reader{self._readers}", **options))

    def reading(self):
        return programs.reading(self.build, self.directory / "page")

    def wait_status(self, wanted, seconds=15):
        """Waits until the page says so; the reading."""
        def right():
            now = self.reading()
            return now if now and now["status"] == wanted else None
        return programs.wait_until(right, seconds, f"a page that says {wanted}")

    def check_time(self, reader, skip_text=" once settled", rms_below_us=None):
        """What holds in every test: inside the bound, never backwards; the figures beside it."""
        for process in self._programs:
            if not process.asked_to_end and process is not reader and not process.alive():
                self.tap.check(False, f"{process.name} lives to the end", process.child.returncode)
        report = reader.finish()
        figures = describe(report)
        self.tap.check(report["valid"] > 0, "the page told the time", f"{report['valid']} readings")
        self.tap.check(report["violations"] == 0,
                       "true time is inside the bound in every reading", figures)
        self.tap.check(report["backwards"] == 0, "time never goes backwards",
                       f"{report['backwards']} of {report['readings']} readings")
        if rms_below_us is not None:
            self.tap.check(report["measured"] > 100 and report["rms_ns"] < rms_below_us * 1000,
                           f"error RMS below {rms_below_us} us{skip_text}",
                           f"{report['rms_ns'] / 1000:.3f} us")
        return report

    def logs(self):
        """The tail of every program's output, for a failed test."""
        for path in dict.fromkeys(process.log for process in self._programs):
            tail = path.read_text(errors="replace")[-2000:].strip()
            if tail:
                self.tap.note(f"--- {path.stem}:\n{tail}")

    def close(self):
        for process in reversed(self._programs):
            process.stop()
        if self._network:
            self._network.remove()
        shutil.rmtree(self.directory, ignore_errors=True)


def describe(report):
    """The figures of a reader's report in one line."""
    return (f"{report['readings']} readings, {report['violations']} outside"
            f" (worst {report['worst_violation_ns'] / 1000:.2f} us),"
            f" |error| RMS {report['rms_ns'] / 1000:.3f} median {report['median_ns'] / 1000:.3f}"
            f" 99 % {report['p99_ns'] / 1000:.3f} max {report['max_ns'] / 1000:.3f} us,"
            f" bound {report['bound_first_ns'] / 1000:.1f} -> {report['bound_last_ns'] / 1000:.1f}"
            f" max {report['bound_max_ns'] / 1000:.1f} us")
