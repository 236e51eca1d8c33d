# SPDX-License-Identifier: GPL-2.0-or-later
"""relay.py ADDRESS PORT SERVER PORT ORDERS: passes NTP packets on, and spoils replies on order.

The file ORDERS says what happens to each reply: "honest", "flip" (one bit of it is another, in turn
each), "forge" (a copy with another time and what follows the header gets ahead of it), "strip"
(only the header passes), "deny" (the header becomes a kiss of death). What was spoiled is counted
in ORDERS.count.
"""

import pathlib
import select
import socket
import sys

HEADER = 48


def replace(path, text):
    """Writes a file that its reader sees whole or not at all."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


class Spoiler:
    """What happens to replies."""

    def __init__(self, orders):
        self.orders = pathlib.Path(orders)
        self.bit = 0
        self.count = 0

    def flip(self, reply):
        spoiled = bytearray(reply)
        # The origin stamp stays: with another one it would be a reply to somebody else.
        while HEADER // 2 <= self.bit // 8 % len(spoiled) < HEADER // 2 + 8:
            self.bit += 1
        spoiled[self.bit // 8 % len(spoiled)] ^= 1 << self.bit % 8
        self.bit += 13
        return [bytes(spoiled)]

    def forge(self, reply):
        spoiled = bytearray(reply)
        spoiled[HEADER - 8 + 3] ^= 1
        return [bytes(spoiled), reply]

    def strip(self, reply):
        return [reply[:HEADER]]

    def deny(self, reply):
        return [reply[:1] + b"\0" + reply[2:12] + b"DENY" + reply[16:]]

    def packets(self, reply):
        order = self.orders.read_text().strip()
        if order == "honest":
            return [reply]
        self.count += 1
        replace(self.orders.with_suffix(".count"), str(self.count))
        return getattr(self, order)(reply)


def main():
    address, port, server, server_port, orders = sys.argv[1:]
    spoiler = Spoiler(orders)
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind((address, int(port)))
    clients = {}
    backs = {}
    while True:
        for ready in select.select([front, *backs], [], [])[0]:
            if ready is front:
                request, client = front.recvfrom(4096)
                if client not in clients:
                    clients[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    clients[client].connect((server, int(server_port)))
                    backs[clients[client]] = client
                clients[client].send(request)
            else:
                for packet in spoiler.packets(ready.recv(4096)):
                    front.sendto(packet, backs[ready])


if __name__ == "__main__":
    main()
