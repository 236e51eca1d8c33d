# SPDX-License-Identifier: GPL-2.0-or-later
"""Network time security, with real chronyds as the servers."""

import pathlib
import signal
import sys

import certificates
from netns import Network
from programs import Process, ntp_source, wait_until
from scenario import scenario
from scenarios.keys import spoiled_are_never_used, start_relay
from scenarios.names import name_server

KE_SERVER = pathlib.Path(__file__).resolve().parents[1] / "lib" / "ke_server.py"
NTS = """\
port {port}
ntsport {nts_port}
ntsserverkey {key}
ntsservercert {certificate}
"""


def _names(test):
    """time.test and others.test lead to the test's server."""
    name_server(test, 4, f"time.test={Network.SERVER}", f"other.test={Network.SERVER}",
                f"six.test={Network.SERVER6}")


def _server(test, files, name="chronyd", port=123, nts_port=4460, extra=""):
    key, certificate = files
    return test.chronyd(name=name, extra=NTS.format(port=port, nts_port=nts_port, key=key,
                                                    certificate=certificate) + extra)


def _source(address, authority, port=123, **keys):
    return ntp_source(address, port, nts="on", nts_trust=authority.certificate, **keys)


def _await_keys(daemon, name, count=1, seconds=60):
    return wait_until(lambda: daemon.sources()[name]["nts_ke_established"] >= count, seconds,
                      f"keys of {name}")


def _await_replies(daemon, name, count, seconds=60):
    return wait_until(lambda: daemon.sources()[name]["received"] >= count, seconds,
                      f"{count} replies to {name}")


@scenario(seconds=25)
def nts_with_chronyd(test):
    """By name and by address, IPv6, interleaved, and a server that names another port and host."""
    authority = certificates.Authority(test.directory)
    files = authority.sign("server", ["time.test", "six.test"], [Network.SERVER])
    _names(test)
    _server(test, files)
    _server(test, files, "chronyd-other", 1123, 4461, "ntsntpserver other.test\n")
    reader = test.reader(rate=200, skip=10)
    daemon = test.daemon({
        "name": _source("time.test", authority),
        "address": _source(Network.SERVER, authority),
        "six": _source("six.test", authority),
        "interleaved": _source("time.test", authority, interleaved="on"),
        "elsewhere": _source("time.test", authority, nts_port=4461),
    })
    for name in ("name", "address", "six", "interleaved", "elsewhere"):
        _await_replies(daemon, name, 12)
        wait_until(lambda name=name: daemon.sources()[name]["nts_cookies"] >= 7, 30,
                   "a full store of cookies")
        source = daemon.sources()[name]
        test.tap.check(source["authentication"] == "nts" and source["unauthenticated"] == 0
                       and source["nts_ke_established"] == 1
                       and source["nts_ke_error"] == "" and source["nts_ke_age_s"] is not None,
                       f"{name}: replies are authenticated, cookies are renewed, keys last",
                       f"{source['address']}, {source['received']} replies, "
                       f"{source['nts_cookies']} cookies")
    sources = daemon.sources()
    test.tap.check(sources["interleaved"]["interleaved"] > 4, "interleaved mode works with NTS",
                   f"{sources['interleaved']['interleaved']} of "
                   f"{sources['interleaved']['received']}")
    test.tap.check(sources["elsewhere"]["address"] == f"{Network.SERVER}:1123",
                   "the NTP server and port that NTS-KE names are asked",
                   sources["elsewhere"]["address"])
    log = daemon.text()
    test.tap.check("keys by NTS-KE" in log, "the log says where the keys are from")
    test.check_time(reader)


@scenario(seconds=30)
def nts_pool(test):
    """A pool behind one name: each member has keys of its own, one with a wrong certificate none."""
    authority = certificates.Authority(test.directory)
    good = authority.sign("server", ["pool.test"])
    bad = authority.sign("wrong-name", ["other.test"])
    addresses = [f"10.77.1.{number}" for number in (1, 2, 3)]
    name_server(test, 4, "pool.test=" + ",".join(addresses))
    for address in addresses:
        test.network.server.add_address(address, 16)
        _server(test, bad if address == addresses[1] else good, f"chronyd-{address}",
                extra=f"bindaddress {address}\n")
    reader = test.reader(rate=200, skip=10)
    daemon = test.daemon({"pool": {**_source("pool.test", authority), "type": "pool",
                                   "sources": 2}})
    test.wait_status("SYNCHRONIZED")

    def members():
        return [s for name, s in daemon.sources().items() if name.startswith("pool")]

    full = wait_until(lambda: len([s for s in members() if s["received"] > 4]) == 2, 60,
                      "two members that answer")
    used = {source["address"] for source in members()}
    test.tap.check(full and used == {f"{addresses[0]}:123", f"{addresses[2]}:123"},
                   "the members that prove the pool's name are used, the other is replaced",
                   " ".join(sorted(used)))
    test.check_time(reader)
    test.tap.check(daemon.stop() == 0, "the daemon ends as it should")


@scenario(seconds=25)
def nts_not_trusted(test):
    """Each way in which a certificate can be wrong: no keys, nothing asked, and it says why."""
    authority = certificates.Authority(test.directory)
    stranger = certificates.Authority(test.directory, "stranger")
    _names(test)
    wrong = {
        "expired": (authority.sign("expired", ["time.test"], validity=certificates.EXPIRED),
                    "has expired"),
        "not-yet": (authority.sign("not-yet", ["time.test"], validity=certificates.NOT_YET),
                    "is not valid yet"),
        "wrong-name": (authority.sign("wrong-name", ["other.test"]), "is not for this name"),
        "stranger": (stranger.sign("strangers", ["time.test"]), "authority that is not trusted"),
    }
    for number, (name, (files, _)) in enumerate(wrong.items()):
        _server(test, files, f"chronyd-{name}", 1123 + number, 4461 + number)
    test.responder(port=123)
    reader = test.reader(rate=200)
    daemon = test.daemon({
        **{name: _source("time.test", authority, nts_port=4461 + number)
           for number, name in enumerate(wrong)},
        "nobody": _source("time.test", authority),
        "plain": ntp_source(Network.SERVER),
    })
    test.wait_status("SYNCHRONIZED")
    for name, (_, reason) in {**wrong, "nobody": (None, "refused")}.items():
        wait_until(lambda name=name: daemon.sources()[name]["nts_ke_failed"] >= 2, 60,
                   f"a second attempt of {name}")
        source = daemon.sources()[name]
        test.tap.check(reason in source["nts_ke_error"] and reason in source["problem"]
                       and source["sent"] == 0 and source["received"] == 0
                       and source["nts_cookies"] == 0,
                       f"{name}: no keys, and no question without them", source["problem"])
    test.check_time(reader)


@scenario(seconds=30)
def nts_ke_faults(test):
    """Servers of NTS-KE that are silent, speak another language or nonsense: said, and survived."""
    wrong = {
        "silent": "does not end the TLS handshake",
        "no-protocol": "does not speak ntske/1",
        "old-tls": "TLS: the server says: Error in protocol version",
        "garbage": "does not offer NTPv4",
        "cut-off": "ended before its response did",
        "endless": "too long",
        "refuses": "the request was bad",
        "no-cookie": "no cookie",
        "nowhere": "names the NTP server nowhere.test",
    }
    authority = certificates.Authority(test.directory)
    key, certificate = authority.sign("server", ["time.test"])
    _names(test)
    ports = [f"{4461 + number}={name}" for number, name in enumerate(wrong)]
    test.track(Process("ke-server", [sys.executable, KE_SERVER, Network.SERVER, certificate, key,
                                     *ports], test.directory, test.network.server))
    test.responder(port=123)
    reader = test.reader(rate=200)
    daemon = test.daemon({
        **{name: _source("time.test", authority, nts_port=4461 + number)
           for number, name in enumerate(wrong)},
        "plain": ntp_source(Network.SERVER),
    })
    test.wait_status("SYNCHRONIZED")
    for name, reason in wrong.items():
        # A server that has not started yet refuses the call, which is another fault.
        wait_until(lambda name=name, reason=reason: reason in daemon.sources()[name]["nts_ke_error"],
                   60, f"the fault of {name}: {reason}")
        source = daemon.sources()[name]
        test.tap.check(source["sent"] == 0 and source["nts_cookies"] == 0,
                       f"{name}: no keys, nothing asked, and it says why", source["nts_ke_error"])
    test.check_time(reader)
    test.tap.check(daemon.stop() == 0, "the daemon ends as it should")


@scenario(seconds=40)
def nts_server_restarts(test):
    """A server that comes late, and later forgets its keys: keys are established anew."""
    authority = certificates.Authority(test.directory)
    files = authority.sign("server", ["time.test"])
    _names(test)
    reader = test.reader(rate=200)
    daemon = test.daemon({"nts": _source("time.test", authority)})
    wait_until(lambda: daemon.sources()["nts"]["nts_ke_failed"] >= 1, 30, "a failed attempt")
    test.tap.check(daemon.sources()["nts"]["sent"] == 0, "nothing is asked without keys",
                   daemon.sources()["nts"]["problem"])
    server = _server(test, files)
    _await_replies(daemon, "nts", 4)
    test.tap.check(daemon.sources()["nts"]["nts_ke_error"] == "",
                   "a server that comes late is found")
    test.wait_status("SYNCHRONIZED")
    server.stop(signal.SIGTERM)
    _server(test, files, "chronyd-again")
    _await_keys(daemon, "nts", 2)
    before = daemon.sources()["nts"]
    _await_replies(daemon, "nts", before["received"] + 4)
    wait_until(lambda: daemon.sources()["nts"]["nts_cookies"] >= 7, 30, "a full store of cookies")
    after = daemon.sources()["nts"]
    test.tap.check(after["nts_naks"] >= 1,
                   "one that forgot its keys says so (NTS NAK), and gets others",
                   f"{after['nts_naks']} NAKs, {after['nts_ke_established']} establishments")
    test.check_time(reader)


@scenario(seconds=40)
def nts_spoiled(test):
    """Replies changed on their way: counted, named, never used or obeyed."""
    authority = certificates.Authority(test.directory)
    _names(test)
    _server(test, authority.sign("server", ["time.test"]))
    orders = start_relay(test, 1123)
    reader = test.reader(rate=200)
    daemon = test.daemon({"spoiled": _source("time.test", authority, 1123),
                          "good": _source("time.test", authority)})
    test.wait_status("SYNCHRONIZED")
    _await_replies(daemon, "spoiled", 5)
    spoiled_are_never_used(test, daemon, "spoiled", orders)
    test.check_time(reader)
