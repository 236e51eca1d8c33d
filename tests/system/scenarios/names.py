# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers by name, and pools."""

import sys
import pathlib

from netns import Network
from programs import Process, ntp_source, wait_until
from scenario import scenario

DNS = pathlib.Path(__file__).resolve().parents[1] / "lib" / "dns_server.py"


def name_server(test, at_most, *entries):
    """Starts the test's DNS; programs in the client namespace ask it."""
    test.network.client.use_resolver(f"nameserver {Network.SERVER}\noptions timeout:1\n")
    test.track(Process("dns", [sys.executable, DNS, Network.SERVER, at_most, *entries],
                       test.directory, test.network.server))


@scenario(seconds=15)
def server_by_name(test):
    """A name with an IPv4 and one with an IPv6 address; a name that does not exist disturbs nobody."""
    name_server(test, 4, f"four.test={Network.SERVER}", f"six.test={Network.SERVER6}")
    test.chronyd()
    reader = test.reader(rate=200, skip=5)
    daemon = test.daemon({"four": ntp_source("four.test"), "six": ntp_source("six.test"),
                          "nowhere": ntp_source("nowhere.test")})
    test.wait_status("SYNCHRONIZED")
    reader.settle(8)
    sources = daemon.sources()
    for name, address in (("four", Network.SERVER), ("six", Network.SERVER6)):
        source = sources[name]
        test.tap.check(source["received"] > 4 and address in source["address"],
                       f"the server behind the name {name}.test is heard",
                       f"{source['address']}, {source['received']} replies")
    nowhere = sources["nowhere"]
    test.tap.check(nowhere["received"] == 0 and nowhere["problem"] != "",
                   "a name that does not exist is said to be so", nowhere["problem"])
    test.check_time(reader)


@scenario(seconds=25)
def name_server_late(test):
    """The name server is silent when the daemon starts: the rest goes on, and the name is tried
    again."""
    test.network.client.use_resolver(f"nameserver {Network.SERVER}\noptions timeout:1 attempts:1\n")
    test.responder()
    reader = test.reader(rate=200)
    daemon = test.daemon({"number": ntp_source(Network.SERVER), "name": ntp_source("late.test")})
    test.wait_status("SYNCHRONIZED", 5)
    test.tap.check(True, "a silent name server does not hold up the others")
    test.track(Process("dns", [sys.executable, DNS, Network.SERVER, 4,
                               f"late.test={Network.SERVER}"], test.directory,
                       test.network.server))
    heard = wait_until(lambda: daemon.sources()["name"]["received"] > 2, 60, "the late name")
    test.tap.check(heard, "the name is asked for again until it is known")
    test.check_time(reader)


def _members(daemon):
    return {name: source for name, source in daemon.sources().items() if name.startswith("pool")}


def _addresses(daemon):
    return {source["address"] for source in _members(daemon).values()}


@scenario(seconds=60)
def pool_of_four(test):
    """Four of six servers behind one name; one that falls silent is replaced by another."""
    servers = test.responders(6)
    name_server(test, 4, "pool.test=" + ",".join(server.address for server in servers))
    reader = test.reader(rate=200, skip=10)
    daemon = test.daemon({"pool": {
        "type": "pool", "address": "pool.test", "sources": 4, "iburst": "on", "min-poll": "1 s",
        "max-poll": "1 s"}})
    test.wait_status("SYNCHRONIZED")
    full = wait_until(lambda: len([s for s in _members(daemon).values() if s["received"] > 3]) == 4,
                      20, "four members that answer")
    test.tap.check(full and len(_addresses(daemon)) == 4, "a pool has four different members",
                   " ".join(sorted(_addresses(daemon))))
    victim = sorted(_addresses(daemon))[0]
    for server in servers:
        if f"{server.address}:123" == victim:
            server.set("fault", "silent")
    wait_until(lambda: victim not in _addresses(daemon), 60, f"{victim} to be replaced")
    again = wait_until(
        lambda: len([s for s in _members(daemon).values() if s["reach"] & 1]) == 4
        and len(_addresses(daemon)) == 4, 30, "a fourth member that answers")
    test.tap.check(again, "a member that fell silent is replaced by a server not yet used",
                   f"{victim} gone; now {' '.join(sorted(_addresses(daemon)))}")
    test.check_time(reader, " after the first 10 s", rms_below_us=10)
