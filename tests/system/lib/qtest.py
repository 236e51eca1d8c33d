# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of QEMU that stands still: we do on its buses what a guest would (qtest protocol)."""

import os
import pathlib
import socket

from programs import Failed, Process

CONFIG_ADDRESS, CONFIG_DATA = 0xCF8, 0xCFC
PATIENCE_S = 60


class Machine(Process):
    """QEMU's `kind` of machine with these arguments."""

    def __init__(self, directory, kind, arguments, name=None):
        path = directory / f"qtest-{kind}"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.bind(str(path))
            door.listen(1)
            door.settimeout(PATIENCE_S)
            super().__init__(name or f"qemu-{kind}",
                             ["qemu-system-x86_64", "-accel", "tcg", "-S", "-machine", kind, "-m", "64M",
                              "-display", "none", "-nodefaults", "-qtest", f"unix:{path}",
                              *arguments], directory)
            try:
                self.link, _ = door.accept()
            except TimeoutError as error:
                raise Failed(f"{self.name} did not start: {self.text()}") from error
        self.link.settimeout(PATIENCE_S)
        self.lines = self.link.makefile("rb")

    def command(self, *words):
        self.link.sendall(" ".join(words).encode() + b"\n")
        answer = self.lines.readline().decode().split()
        while answer[:1] == ["IRQ"]:
            answer = self.lines.readline().decode().split()
        if answer[:1] != ["OK"]:
            raise Failed(f"{self.name}: {words}: {answer} {self.text()[-400:]}")
        return answer[-1]

    def _select(self, slot, register):
        self.command("outl", hex(CONFIG_ADDRESS), hex(1 << 31 | slot << 11 | register))

    def config_read(self, slot, register):
        self._select(slot, register)
        return int(self.command("inl", hex(CONFIG_DATA)), 16)

    def config_write(self, slot, register, value):
        self._select(slot, register)
        self.command("outl", hex(CONFIG_DATA), hex(value))

    def read(self, address, size):
        return bytes.fromhex(self.command("read", hex(address), hex(size))[2:])

    def write(self, address, data):
        self.command("write", hex(address), hex(len(data)), "0x" + data.hex())

    def writable(self, path):
        """Whether it has the file open for writing, or mapped writable."""
        place = pathlib.Path("/proc") / str(self.pid)
        mapped = any(line.split()[1][1] == "w" and line.rstrip().endswith(str(path))
                     for line in (place / "maps").read_text().splitlines())
        return mapped or any(_writes(fd, path) for fd in (place / "fd").iterdir())


def _writes(fd, path):
    try:
        if os.readlink(fd) != str(path):
            return False
        flags = (fd.parents[1] / "fdinfo" / fd.name).read_text().split()[3]
    except OSError:
        return False
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
