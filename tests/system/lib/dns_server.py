#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A name server for one test: dns_server.py ADDRESS AT_MOST NAME=IP[,IP...]...

Answers A and AAAA questions with at most AT_MOST of the name's addresses, another selection each
time, as pool.ntp.org does; NXDOMAIN for any other name. Port 53.
"""

import ipaddress
import socket
import struct
import sys

TYPES = {1: 4, 28: 6}
NAME_ERROR, RECURSIVE_ANSWER = 3, 0x8180


def question_of(datagram):
    """The name asked for, the type, and the question's bytes."""
    labels, at = [], 12
    while datagram[at]:
        labels.append(datagram[at + 1:at + 1 + datagram[at]].decode())
        at += 1 + datagram[at]
    kind, = struct.unpack_from(">H", datagram, at + 1)
    return ".".join(labels).lower(), kind, datagram[12:at + 5]


class Zone:
    """Names and their addresses; each answer begins where the last one ended."""

    def __init__(self, at_most, entries):
        self.at_most = at_most
        self.names = {}
        self.turn = 0
        for entry in entries:
            name, _, addresses = entry.partition("=")
            self.names[name.lower()] = [ipaddress.ip_address(a) for a in addresses.split(",")]

    def answer(self, datagram):
        name, kind, question = question_of(datagram)
        addresses = [a for a in self.names.get(name, []) if a.version == TYPES.get(kind)]
        chosen = [addresses[(self.turn + i) % len(addresses)]
                  for i in range(min(self.at_most, len(addresses)))]
        self.turn += len(chosen)
        flags = RECURSIVE_ANSWER | (0 if name in self.names else NAME_ERROR)
        reply = struct.pack(">HHHHHH", struct.unpack_from(">H", datagram)[0], flags, 1,
                            len(chosen), 0, 0) + question
        for address in chosen:
            reply += struct.pack(">HHHIH", 0xC00C, kind, 1, 1, len(address.packed))
            reply += address.packed
        return reply


def main():
    zone = Zone(int(sys.argv[2]), sys.argv[3:])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind((sys.argv[1], 53))
        while True:
            datagram, client = link.recvfrom(1500)
            try:
                link.sendto(zone.answer(datagram), client)
            except (IndexError, struct.error, UnicodeDecodeError):
                continue  # no question that can be read


main()
