# SPDX-License-Identifier: GPL-2.0-or-later
"""Trouble that is not the network's: configuration, paths, a full disk."""

import os
import signal
import subprocess
import time

from netns import Network
from programs import configuration, ntp_source, wait_until
from scenario import scenario

EX_CONFIG = 78

BAD_CONFIGURATIONS = (
    # what is wrong, the text, the line that has to be named
    ("an unknown section", "[clocks]\ncounter = tsc\n", 1),
    ("an unknown key", "[clock]\ncounters = tsc\n", 2),
    ("an unknown value", "[clock]\ncounter = sundial\n", 2),
    ("a missing unit", "[clock]\n\nmax-slew = 50\n", 3),
    ("a wrong unit", "[clock]\nmax-slew = 50 s\n", 2),
    ("no number", "[source a]\ntype = ntp\naddress = 192.0.2.1\nmin-poll = soon\n", 4),
    ("a value out of range", "[source a]\ntype = ntp\naddress = 192.0.2.1\nmax-poll = 5000 s\n", 4),
    ("a key given twice", "[clock]\ncounter = tsc\ncounter = tsc\n", 3),
    ("a source without an address", "[source a]\ntype = ntp\n", 1),
    ("an unknown type of source", "[source a]\ntype = sundial\n", 2),
    ("polls that cross", "[source a]\ntype = ntp\naddress = 192.0.2.1\nmin-poll = 64 s\n"
     "max-poll = 16 s\n", None),
    ("a line of 300 characters", "[clock]\n# " + 300 * "x" + "\n", 2),
    ("no section", "counter = tsc\n", 1),
    ("something that is no INI", "\x00\x01\x02\n", 1),
)


def _run(test, *words, seconds=10):
    """vmclockd to its end, in a namespace: should it not end, it asks nobody outside."""
    command = test.network.client.command([test.build / "daemon" / "vmclockd", *words])
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds)


def _ctl(test, *words):
    return subprocess.run([test.build / "ctl" / "vmclockctl", *words], check=False,
                          capture_output=True, text=True, timeout=30).stdout


@scenario(seconds=3)
def bad_configuration(test):
    """Exit status 78, and FILE:LINE on standard error."""
    path = test.directory / "bad.conf"
    for what, text, line in BAD_CONFIGURATIONS:
        path.write_text(text)
        for extra in ((), ("--check-config",)):
            run = _run(test, "--config", path, *extra)
            place = f"{path}:{line}:" if line else f"{path}:"
            first = (run.stderr.strip().splitlines() or ["(no message)"])[-1]
            test.tap.check(run.returncode == EX_CONFIG and place in run.stderr,
                           f"{what} is refused{' by --check-config' if extra else ''}",
                           f"{run.returncode}: {first.replace(str(test.directory), '')}")


@scenario(seconds=3)
def good_configuration(test):
    """--check-config says yes, and touches nothing; a drop-in is read, and its errors too."""
    path = configuration(test.directory, {"a": ntp_source("192.0.2.1")})
    run = _run(test, "--config", path, "--check-config")
    test.tap.check(run.returncode == 0, "a right configuration passes", run.stderr.strip())
    test.tap.check(not (test.directory / "page").exists(), "--check-config makes no page")
    drop_in = test.directory / "vmclockd.conf.d" / "50-wrong.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[page]\nfiel = x\n")
    run = _run(test, "--config", path, "--check-config")
    test.tap.check(run.returncode == EX_CONFIG and f"{drop_in}:2:" in run.stderr,
                   "an error in a drop-in names the drop-in", run.stderr.strip()[-120:])
    run = _run(test, "--config", test.directory / "nowhere.conf")
    test.tap.check(run.returncode != 0 and "nowhere.conf" in run.stderr,
                   "a missing configuration file is named", run.stderr.strip()[-120:])


@scenario(seconds=20)
def unreachable_servers(test):
    """No route, nobody there, a port that refuses: said for each, and a good server serves."""
    test.responder()
    reader = test.reader(rate=200, skip=8)
    daemon = test.daemon({"good": ntp_source(Network.SERVER),
                          "no-route": ntp_source("192.0.2.1"),
                          "nobody": ntp_source("10.77.200.200"),
                          "refused": ntp_source(Network.SERVER, port=1234)})
    test.wait_status("SYNCHRONIZED")
    reader.settle(12)
    sources = daemon.sources()
    for name in ("no-route", "nobody", "refused"):
        source = sources[name]
        test.tap.check(source["received"] == 0 and source["state"] == "unreachable"
                       and source["problem"] != "", f"{name}: said to be unreachable",
                       f"{source['problem']}; {source['why']}")
    test.tap.check(sources["good"]["state"] == "selected", "the good one is used",
                   sources["good"]["state"])
    test.check_time(reader, rms_below_us=20)


@scenario(seconds=15)
def nobody_answers(test):
    """Only dead servers: the daemon lives, says why, and catches the first that comes up."""
    daemon = test.daemon({"only": ntp_source(Network.SERVER)})
    time.sleep(3)
    status = daemon.status()
    test.tap.check(status["status"] == "UNRELIABLE" and status["why"] != "",
                   "no server answers: UNRELIABLE, with a reason", status["why"])
    reader = test.reader(rate=200)
    test.responder()
    test.wait_status("SYNCHRONIZED", 70)
    reader.settle(3)
    test.check_time(reader)


@scenario(seconds=8)
def unwritable_page(test):
    """A page that cannot be made: a message that names the path, and the daemon goes on."""
    test.responder()
    config = configuration(test.directory, {"only": ntp_source(Network.SERVER)})
    (test.directory / "file").write_text("")
    page = test.directory / "file" / "page"  # below something that is no directory
    config.write_text(config.read_text().replace(f"file = {test.directory}/page", f"file = {page}"))
    daemon = test.daemon_with(config)
    time.sleep(4)
    test.tap.check(str(page) in daemon.text(), "the message names the path",
                   next((line for line in daemon.text().splitlines() if str(page) in line), ""))
    test.tap.check(daemon.alive() and daemon.status()["page"]["open"] is False,
                   "the daemon goes on, and the status says that there is no page")
    test.tap.check("synchronized: " in daemon.text(),
                   "its journal says what has become of the clock meanwhile")
    (test.directory / "file").unlink()
    (test.directory / "file").mkdir()
    found = wait_until(page.exists, 70, "the page once its directory is there")
    test.tap.check(found, "the page is made as soon as it can be")


@scenario(seconds=8)
def no_page_that_is_not_ours(test):
    """A path that holds something else is left alone."""
    test.responder()
    page = test.directory / "page"
    page.write_text("somebody's letter\n")
    daemon = test.daemon({"only": ntp_source(Network.SERVER)})
    time.sleep(4)
    test.tap.check(page.read_text() == "somebody's letter\n", "a foreign file is not overwritten")
    test.tap.check(str(page) in daemon.text() and daemon.alive(),
                   "the message names it, and the daemon goes on",
                   next((line for line in daemon.text().splitlines() if str(page) in line), ""))
    _ctl(test, "guest", "add", "web", "--offset", "0", "--socket", test.directory / "control")
    found = wait_until(lambda: "SYNCHRONIZED" in _ctl(test, "page", test.directory / "guests" / "web"),
                       30, "the guest's page")
    test.tap.check(found, "guests, who have pages of their own, get the time all the same")


@scenario(seconds=12)
def full_disk(test):
    """No room for the state file: said, the daemon serves, and its end is clean."""
    test.responder()
    room = test.directory / "full"
    room.mkdir()
    config = configuration(test.directory, {"only": ntp_source(Network.SERVER)})
    config.write_text(config.read_text().replace(f"{test.directory}/state", f"{room}/state"))
    fill = (f"mount -t tmpfs -o size=4k none {room} && head -c 4096 /dev/zero > {room}/filler;"
            ' exec "$@"')
    reader = test.reader(rate=200)
    daemon = test.daemon_with(config, wrapper=["unshare", "--mount", "sh", "-c", fill, "sh"])
    test.wait_status("SYNCHRONIZED")
    reader.settle(5)
    status = daemon.stop(signal.SIGTERM)
    text = daemon.text()
    test.tap.check(status == 0, "the end is clean", f"{status}")
    named = [line for line in text.splitlines() if f"{room}/state" in line]
    test.tap.check(any(os.strerror(28) in line for line in named),
                   "the message names the state file and the full disk", " / ".join(named[-1:]))
    test.check_time(reader)


@scenario(seconds=3)
def missing_counter(test):
    """A counter that this machine does not have is refused, and the message says what to do."""
    config = configuration(test.directory, {"a": ntp_source("192.0.2.1")}, {"counter": "vcnt"})
    run = _run(test, "--config", config)
    test.tap.check(run.returncode not in (0, None) and "vcnt" in run.stderr + run.stdout,
                   "a counter that is not there is named",
                   f"{run.returncode}: {run.stderr.strip()[-160:]}")


@scenario(seconds=8)
def no_control_socket(test):
    """A control socket that cannot be made is no reason not to keep time."""
    test.responder()
    config = configuration(test.directory, {"only": ntp_source(Network.SERVER)})
    socket = test.directory / "nowhere" / "control"
    config.write_text(config.read_text().replace(f"{test.directory}/control", f"{socket}"))
    reader = test.reader(rate=200)
    daemon = test.daemon_with(config)
    test.wait_status("SYNCHRONIZED")
    reader.settle(2)
    test.tap.check(str(socket) in daemon.text() and daemon.alive(), "said, and the daemon goes on",
                   next((line for line in daemon.text().splitlines() if str(socket) in line), ""))
    test.check_time(reader)


@scenario(seconds=10)
def asked_by_vmclockctl(test):
    """vmclockctl shows one liar of three, for people and as JSON."""
    servers = test.responders(3)
    servers[2].set("offset", "50 ms")
    daemon = test.daemon({name: ntp_source(server.address)
                          for name, server in zip(("first", "second", "liar"), servers)})
    test.wait_status("SYNCHRONIZED")
    wait_until(lambda: daemon.sources()["liar"]["state"] == "falseticker", 15, "the falseticker")
    for words in (("status",), ("sources",), ("status", "--json"), ("sources", "--json")):
        run = subprocess.run([test.build / "ctl" / "vmclockctl", *words, "--socket",
                              test.directory / "control"], capture_output=True, text=True,
                             check=False, timeout=10)
        wanted = "SYNCHRONIZED" if words[0] == "status" else "falseticker"
        test.tap.check(run.returncode == 0 and wanted.lower() in run.stdout.lower(),
                       f"vmclockctl {' '.join(words)} says {wanted}", run.stderr.strip()[-160:])
        if "--json" not in words:
            test.tap.note(run.stdout)
    run = subprocess.run([test.build / "ctl" / "vmclockctl", "page", test.directory / "page"],
                         capture_output=True, text=True, check=False, timeout=10)
    test.tap.check(run.returncode == 0 and "SYNCHRONIZED" in run.stdout.upper(),
                   "vmclockctl page reads the page without the daemon", run.stderr.strip()[-160:])
