# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket and vmclockctl, tested by a program of their own."""

import pathlib
import subprocess
import sys

from scenario import scenario

PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "control.py"


@scenario(seconds=60)
def control(test):
    """tests/system/control.py: each of its lines is one of ours."""
    command = test.network.client.command([sys.executable, PROGRAM, test.build])
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    for line in run.stdout.splitlines():
        verdict, _, text = line.partition(" - ")
        if verdict.startswith(("ok ", "not ok ")):
            test.tap.check(verdict.startswith("ok"), text)
        else:
            test.tap.note(line.lstrip("# "))
    if run.returncode and not test.tap.failed or test.tap.count == 0:
        test.tap.check(False, f"control.py ended with {run.returncode}", run.stderr[-300:])
