# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket and vmclockctl from outside: tests/system/control.py, line by line."""

import pathlib
import subprocess
import sys

from scenario import scenario

PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "control.py"


@scenario(seconds=30)
def control_socket(test):
    """Every command, every kind of bad client, and what the daemon's death leaves."""
    run = subprocess.run([sys.executable, PROGRAM, test.build], capture_output=True, text=True,
                         check=False, timeout=150)
    for line in run.stdout.splitlines():
        verdict, _, text = line.partition(" - ")
        if verdict.startswith(("ok ", "not ok ")):
            test.tap.check(verdict.startswith("ok"), text)
        elif line.startswith("#"):
            test.tap.note(line[1:].strip())
    test.tap.check(run.returncode == 0, "control.py ran to its end",
                   run.stderr.strip()[-160:])
