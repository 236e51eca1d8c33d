# SPDX-License-Identifier: GPL-2.0-or-later
"""A receiver in place of a network: gpsd's protocol names the second that a latched pulse marks."""

import ctypes
import socket
import struct
import threading
import time

from programs import Failed, Process, gpsd_environment, gpsd_program, wait_until
from scenario import scenario

S_NS = 10**9
SOCK_MAGIC = 0x534F434B


def raw_at(realtime_ns):
    """The counter of these tests at a moment just past; the narrowest of some reads."""
    best = None
    for _ in range(20):
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        now_ns = time.clock_gettime_ns(time.CLOCK_REALTIME)
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        if best is None or after - before < best[0]:
            best = after - before, (before + after) // 2 - (now_ns - realtime_ns)
    return best[1]


class Receiver(threading.Thread):
    """Sends once a second; this machine's clock is the truth."""

    def __init__(self, pulse_path, message_path):
        super().__init__(daemon=True)
        self.pulse_path, self.message_path = str(pulse_path), str(message_path)
        self.pulses = self.messages = True
        self.message_offset_s = 0.05  # as late as a serial line makes it
        self.glitch = False
        self.ended = threading.Event()

    def send(self, path, data):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
            try:
                link.sendto(data, path)
            except OSError:
                pass  # the daemon is not there yet

    def second(self, second):
        time.sleep(max(0, second + 0.01 - time.time()))
        if self.pulses:
            self.send(self.pulse_path, f"{raw_at(second * S_NS)} 3000\n".encode())
        if self.glitch:
            self.send(self.pulse_path, f"{raw_at(second * S_NS - 300000000)} 3000\n".encode())
        if self.messages:
            now_ns = time.time_ns()
            self.send(self.message_path, struct.pack(
                "qqdiiii", now_ns // S_NS, now_ns % S_NS // 1000, self.message_offset_s, 0, 0, 0,
                SOCK_MAGIC))

    def run(self):
        while not self.ended.is_set():
            self.second(int(time.time()) + 1)


@scenario(seconds=40)
def receiver(test):
    """No network at all: a message names the second, the latched pulse is the time."""
    paths = test.directory / "latch", test.directory / "gnss.sock"
    feeder = Receiver(*paths)
    feeder.start()
    daemon = test.daemon({
        "nmea": {"type": "sock", "path": paths[1], "max-error": "100 ms", "noselect": "on"},
        "pulse": {"type": "latch", "socket": paths[0], "lock": "nmea", "max-error": "1 us"},
    }, {"counter": "monotonic-raw"})
    wait_until(lambda: daemon.sources()["pulse"]["state"] == "selected", 30, "the pulse's use")
    reader = test.reader(rate=200, skip=10)
    reader.settle(15)
    pulse, status = daemon.sources()["pulse"], daemon.status()
    test.tap.check(status["status"] == "SYNCHRONIZED" and pulse["bound_ns"] < 20000,
                   "a latched pulse gives time and bound",
                   f"{status['status']}, bound {pulse['bound_ns']:.0f} ns")
    feeder.messages = False
    feeder.glitch = True
    reader.settle(8)
    pulse = daemon.sources()["pulse"]
    test.tap.check(pulse["state"] == "selected" and pulse["rejected"] > 3,
                   "seconds are counted on while no message comes, and glitches are refused",
                   f"{pulse['state']} {pulse['why']}, {pulse['rejected']} refused")
    feeder.pulses = feeder.glitch = False
    wait_until(lambda: daemon.status()["status"] == "FREERUNNING", 30, "FREERUNNING")
    feeder.ended.set()
    test.check_time(reader, " after the first 10 s", rms_below_us=5)


def own_ipc():
    """What this process starts from now on has System V memory of its own."""
    clone_newipc = 0x08000000
    if ctypes.CDLL(None, use_errno=True).unshare(clone_newipc):
        raise Failed("no System V memory of one's own")


def sentence(text):
    """NMEA: $text*checksum."""
    checksum = 0
    for byte in text.encode():
        checksum ^= byte
    return f"${text}*{checksum:02X}\r\n".encode()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Nmea(threading.Thread):
    """A receiver behind a TCP port: each second's sentences, 50 ms late as on a serial line."""

    def __init__(self):
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    @staticmethod
    def cycle(second):
        now = time.gmtime(second)
        clock, day = time.strftime("%H%M%S.00", now), time.strftime("%d%m%y", now)
        return b"".join(map(sentence, (
            f"GPRMC,{clock},A,5000.0000,N,01000.0000,E,0.0,0.0,{day},,,A",
            f"GPGGA,{clock},5000.0000,N,01000.0000,E,1,08,1.0,100.0,M,45.0,M,,",
            "GPGSA,A,3,01,02,03,04,05,06,07,08,,,,,1.5,1.0,1.1")))

    def run(self):
        link, _ = self.listener.accept()
        while not self.ended.is_set():
            second = int(time.time()) + 1
            time.sleep(max(0, second + 0.05 - time.time()))
            try:
                link.sendall(self.cycle(second))
            except OSError:
                return


@scenario(seconds=40)
def gpsd(test):
    """gpsd reads NMEA and names the second in NTP's shared memory; the latched pulse is the time.

    From a pty it would tell nobody the time: it takes that for its own tests."""
    own_ipc()
    feeder, nmea = Receiver(test.directory / "latch", "/nonexistent"), Nmea()
    feeder.start()
    nmea.start()
    daemon = test.daemon({
        "nmea": {"type": "shm", "unit": 0, "offset": "-50 ms", "max-error": "200 ms",
                 "noselect": "on"},
        "pulse": {"type": "latch", "socket": test.directory / "latch", "lock": "nmea",
                  "max-error": "1 us"},
    }, {"counter": "monotonic-raw"})
    test.track(Process("gpsd", [gpsd_program(test.build), "-N", "-n", "-b", "-S",
                                str(free_port()), f"tcp://127.0.0.1:{nmea.port}"], test.directory,
                       environment=gpsd_environment(test.build)))
    wait_until(lambda: daemon.sources()["nmea"]["received"] > 3, 60, "gpsd's word")
    wait_until(lambda: daemon.sources()["pulse"]["state"] == "selected", 60, "the pulse's use")
    reader = test.reader(rate=200, skip=5)
    reader.settle(10)
    sources, status = daemon.sources(), daemon.status()
    test.tap.check(status["status"] == "SYNCHRONIZED" and sources["pulse"]["bound_ns"] < 20000,
                   "the second by gpsd, the time by the pulse",
                   f"{status['status']}, bound {sources['pulse']['bound_ns']:.0f} ns, "
                   f"nmea {sources['nmea']['offset_ns'] / 1e6:.1f} ms")
    feeder.ended.set()
    nmea.ended.set()
    test.check_time(reader, " after the first 5 s")
