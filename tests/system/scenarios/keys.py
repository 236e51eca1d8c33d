# SPDX-License-Identifier: GPL-2.0-or-later
"""Symmetric keys, with a real chronyd as the server: right ones, wrong ones, spoiled replies."""

import pathlib
import sys

import relay
from netns import Network
from programs import Process, ntp_source, wait_until
from scenario import scenario

RELAY = pathlib.Path(__file__).resolve().parents[1] / "lib" / "relay.py"
KEYS = {
    1: "SHA1 HEX:8f3b2a71c05d4e6f9a0b1c2d3e4f5061728394a5",
    2: "SHA256 HEX:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    3: "SHA384 a-key-in-plain-text",
    4: "SHA512 ASCII:another-one",
    5: "AES128 HEX:000102030405060708090a0b0c0d0e0f",
    6: "AES256 HEX:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
}


def key_file(test, name, keys):
    path = test.directory / name
    path.write_text("# made by the test\n"
                    + "".join(f"{number} {key}\n" for number, key in keys.items()))
    path.chmod(0o640)
    return path


def start_relay(test, port, server_port=123):
    """Starts the relay; the file that gives it orders."""
    orders = test.directory / f"orders-{port}"
    relay.replace(orders, "honest")
    relay.replace(orders.with_suffix(".count"), "0")
    test.track(Process(f"relay-{port}", [sys.executable, RELAY, Network.SERVER, port,
                                         Network.SERVER, server_port, orders],
                       test.directory, test.network.server))
    return orders


def spoiled(orders):
    return int(orders.with_suffix(".count").read_text())


def spoiled_are_never_used(test, daemon, name, orders):
    """Spoils a source's replies in each way: all are counted and none is used. Then honesty helps."""
    for order in ("flip", "strip", "deny"):
        start = spoiled(orders)
        relay.replace(orders, order)
        # What was on its way has come with the second reply spoiled.
        wait_until(lambda: spoiled(orders) > start + 1, 30,
                   f"replies that the relay spoils ({order})")
        before = daemon.sources()[name]
        wait_until(lambda: daemon.sources()[name]["unauthenticated"]
                   >= before["unauthenticated"] + 3, 30, f"replies refused ({order})")
        after = daemon.sources()[name]
        test.tap.check(after["received"] == before["received"]
                       and after["kiss_of_death"] == 0 and after["problem"] != "",
                       f"{order}: no reply is used or obeyed, and the status says why",
                       f"{after['unauthenticated']} refused, {after['received']} used: "
                       f"{after['problem']}")
    relay.replace(orders, "forge")
    received = daemon.sources()[name]["received"]
    wait_until(lambda: daemon.sources()[name]["received"] > received + 3, 60,
               "genuine replies behind forged ones")
    test.tap.check(True, "a forged reply does not keep the genuine one out")


@scenario(seconds=30)
def symmetric_keys(test):
    """Each type of key with chronyd; a key that chronyd has not, or has otherwise; spoiled replies."""
    wrong = {7: "SHA1 HEX:0011", 8: KEYS[5]}
    theirs = key_file(test, "chrony.keys", {**KEYS, 7: "SHA1 HEX:0012"})
    ours = key_file(test, "vmclockd.keys", {**KEYS, **wrong})
    test.chronyd(extra=f"keyfile {theirs}\n")
    orders = start_relay(test, 1123)
    reader = test.reader(rate=200, skip=10)
    daemon = test.daemon({
        **{f"key{number}": ntp_source(Network.SERVER, key=number) for number in (*KEYS, *wrong)},
        "spoiled": ntp_source(Network.SERVER, 1123, key=2),
    }, extra=f"[ntp]\nkeys = {ours}\n")
    test.wait_status("SYNCHRONIZED")
    for number, key in KEYS.items():
        heard = wait_until(lambda name=f"key{number}": daemon.sources()[name]["received"] > 4, 30,
                           f"replies with key {number}")
        test.tap.check(heard and daemon.sources()[f"key{number}"]["authentication"] == "key",
                       f"replies with a key of type {key.split()[0]} are used")
    spoiled_are_never_used(test, daemon, "spoiled", orders)
    for number in wrong:
        source = daemon.sources()[f"key{number}"]
        test.tap.check(source["received"] == 0 and source["sent"] > 8,
                       f"key {number}, which chronyd has not: nothing is used",
                       f"{source['sent']} sent: {source['problem']}")
    test.check_time(reader)


@scenario(seconds=15)
def keys_not_spoken(test):
    """A server that knows of no keys, beside one that is asked without: refused, and said why."""
    servers = test.responders(2)
    ours = key_file(test, "vmclockd.keys", KEYS)
    reader = test.reader(rate=200, skip=10)
    daemon = test.daemon({"keyed": ntp_source(servers[0].address, key=1),
                          "plain": ntp_source(servers[1].address)},
                         extra=f"[ntp]\nkeys = {ours}\n")
    test.wait_status("SYNCHRONIZED")
    wait_until(lambda: daemon.sources()["keyed"]["unauthenticated"] >= 8, 60, "refused replies")
    sources = daemon.sources()
    test.tap.check(sources["keyed"]["received"] == 0
                   and "no key authenticates" in sources["keyed"]["problem"],
                   "replies without a code are not used where a key is configured",
                   f"{sources['keyed']['unauthenticated']} refused: {sources['keyed']['problem']}")
    test.tap.check(sources["plain"]["authentication"] == "none"
                   and sources["plain"]["unauthenticated"] == 0,
                   "a source without a key asks for none")
    test.check_time(reader)
