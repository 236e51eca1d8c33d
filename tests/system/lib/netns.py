# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces joined by a veth pair, removed whatever happens."""

import os
import pathlib
import subprocess


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def available():
    """Whether this process may make namespaces; the reason when it may not."""
    name = f"vmclk-{os.getpid()}-probe"
    try:
        _ip("netns", "add", name)
        _ip("netns", "del", name)
    except (OSError, subprocess.CalledProcessError) as error:
        return False, f"network namespaces cannot be made here ({error})"
    return True, ""


class Namespace:
    """One network namespace; programs enter it by `command()`."""

    def __init__(self, name):
        self.name = name
        self.resolver = pathlib.Path("/etc/netns") / name
        _ip("netns", "add", name)
        _ip("-n", name, "link", "set", "lo", "up")

    def command(self, words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def add_address(self, address, prefix):
        extra = ["nodad"] if ":" in address else []
        _ip("-n", self.name, "address", "add", f"{address}/{prefix}", "dev", "veth0", *extra)

    def use_resolver(self, text):
        """Programs started from now on see this as /etc/resolv.conf."""
        self.resolver.mkdir(parents=True)
        (self.resolver / "resolv.conf").write_text(text)

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)
        if self.resolver.is_dir():
            (self.resolver / "resolv.conf").unlink(missing_ok=True)
            self.resolver.rmdir()
            try:
                self.resolver.parent.rmdir()
            except OSError:
                pass  # another test's resolver is there


class Network:
    """A client and a server namespace, 10.77.0.1 and 10.77.0.2 (fd77::1 and fd77::2)."""

    CLIENT = "10.77.0.1"
    SERVER = "10.77.0.2"
    SERVER6 = "fd77::2"

    def __init__(self, label):
        base = f"vmclk-{os.getpid()}-{label}"
        self.spaces = []
        try:
            self.client = self._space(f"{base}-c")
            self.server = self._space(f"{base}-s")
            self._join()
        except BaseException:
            self.remove()
            raise

    def _space(self, name):
        space = Namespace(name)
        self.spaces.append(space)
        return space

    def _join(self):
        _ip("link", "add", "veth0", "netns", self.client.name, "type", "veth",
            "peer", "name", "veth0", "netns", self.server.name)
        for space, number in ((self.client, 1), (self.server, 2)):
            space.add_address(f"10.77.0.{number}", 16)
            space.add_address(f"fd77::{number}", 64)
            _ip("-n", space.name, "link", "set", "veth0", "up")

    def cut(self, connected=False):
        """Unplugs the cable on the server's side, or plugs it in again."""
        _ip("-n", self.server.name, "link", "set", "veth0", "up" if connected else "down")

    def remove(self):
        for space in self.spaces:
            space.remove()
