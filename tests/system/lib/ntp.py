# SPDX-License-Identifier: GPL-2.0-or-later
"""A small NTP client of our own, to prove the test servers without the daemon."""

import json
import random
import socket
import struct
import sys
import time

UNIX_EPOCH_IN_1900 = 2208988800
HEADER = struct.Struct(">BBbbII4sQQQQ")


def unix_seconds(stamp):
    return (stamp >> 32) - UNIX_EPOCH_IN_1900 + (stamp & 0xFFFFFFFF) / 2**32


class Reply:
    """One reply's fields, and the offset that it claims for this machine's clock."""

    def __init__(self, datagram, sent, received):
        (first, self.stratum, self.poll, self.precision, delay, dispersion, self.refid,
         _, self.origin, self.receive, self.transmit) = HEADER.unpack(datagram[:HEADER.size])
        self.leap, self.version, self.mode = first >> 6, first >> 3 & 7, first & 7
        self.length = len(datagram)
        self.root_delay, self.root_dispersion = delay / 65536, dispersion / 65536
        t2, t3 = unix_seconds(self.receive), unix_seconds(self.transmit)
        self.offset = ((t2 - sent) + (t3 - received)) / 2
        self.delay = (received - sent) - (t3 - t2)


def exchange(address, port, timeout=1.0):
    """Sends one request; its nonce, and the replies within `timeout` and 20 ms of the first."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    nonce = random.getrandbits(64)
    request = HEADER.pack(0x23, 0, 6, 0, 0, 0, b"", 0, 0, 0, nonce)
    replies = []
    with socket.socket(family, socket.SOCK_DGRAM) as link:
        link.connect((address, port))
        sent = time.time()
        link.send(request)
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            link.settimeout(left)
            try:
                datagram = link.recv(4096)
            except (TimeoutError, ConnectionRefusedError):
                break
            replies.append((datagram, sent, time.time()))
            deadline = min(deadline, time.monotonic() + 0.02)
    return nonce, replies


def main():
    """ntp.py ADDRESS PORT COUNT: one JSON object with what COUNT exchanges said."""
    address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    offsets, stratum, honest = [], None, True
    for _ in range(count):
        nonce, replies = exchange(address, port)
        for reply in (Reply(*parts) for parts in replies):
            error = reply.root_delay / 2 + reply.root_dispersion + 2.0**reply.precision
            honest &= abs(reply.offset) <= reply.delay / 2 + error + 1e-6  # time.time() is a double
            honest &= reply.origin == nonce
            offsets.append(reply.offset)
            stratum = reply.stratum
    offsets.sort()
    print(json.dumps({"replies": len(offsets), "stratum": stratum, "honest": honest,
                      "median_us": offsets[len(offsets) // 2] * 1e6 if offsets else None}))


if __name__ == "__main__":
    main()
