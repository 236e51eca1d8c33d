# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests' own tools: the servers show this machine's clock, as everything else assumes."""

import json
import pathlib
import subprocess
import sys
import time

from made_page import MadePage
from netns import Network
from scenario import describe, scenario

CLIENT = pathlib.Path(__file__).resolve().parents[1] / "lib" / "ntp.py"


def _ask(test, address, port):
    command = test.network.client.command([sys.executable, CLIENT, address, port, 20])
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True,
                                     timeout=60).stdout)


@scenario(seconds=5)
def honest_servers(test):
    """chronyd and our responder, IPv4 and IPv6: inside what they claim, for a client not ours."""
    test.chronyd()
    test.responder(port=1123)
    test.responder(Network.SERVER6, port=1123)
    time.sleep(1)
    for port, name in ((123, "chronyd"), (1123, "our responder")):
        for address in (Network.SERVER, Network.SERVER6):
            seen = _ask(test, address, port)
            test.tap.check(seen["replies"] == 20 and seen["honest"] and seen["stratum"] == 1,
                           f"{name} at {address} is inside what it claims", f"{seen}")


@scenario(seconds=5)
def wrong_pages(test):
    """The reader sees a wrong page as wrong: else no other test here would mean anything."""
    page = MadePage(test.directory / "page", bound_ns=10000)
    page.write()
    reader = test.reader(rate=1000)
    time.sleep(0.5)
    right = reader.finish()
    test.tap.check(right["valid"] > 100 and right["violations"] == 0 and right["backwards"] == 0
                   and right["rms_ns"] < 5000, "a right page is right", describe(right))
    for error_ns in (-30000, 30000):
        page.write(error_ns)
        reader = test.reader(rate=1000)
        time.sleep(0.2)
        wrong = reader.finish()
        test.tap.check(wrong["violations"] == wrong["readings"] > 100
                       and abs(wrong["mean_ns"] - error_ns) < 5000,
                       f"a page that is {error_ns / 1000:+.0f} us off is seen to be",
                       describe(wrong))
    page.write()
    reader = test.reader(rate=1000)
    time.sleep(0.2)
    page.write(-5000000)
    time.sleep(0.1)
    page.write(-20000000, marker=2)
    time.sleep(0.1)
    torn_at = time.monotonic()
    page.write(sequence=3)
    time.sleep(0.3)
    wrong = reader.finish()
    test.tap.check(wrong["backwards"] == 1 and wrong["worst_backwards_ns"] < 5000000,
                   "a page that steps back is seen to, once",
                   f"{wrong['backwards']}, by {wrong['worst_backwards_ns'] / 1000:.0f} us")
    test.tap.check(wrong["disruptions"] == 1, "a disruption may step back",
                   f"{wrong['disruptions']}")
    test.tap.check(wrong["timeouts"] >= 1 and wrong["longest_ns"] >= 90e6,
                   "a page left half-written is seen as such",
                   f"{wrong['timeouts']} in {time.monotonic() - torn_at:.1f} s, longest"
                   f" {wrong['longest_ns'] / 1e6:.1f} ms")
