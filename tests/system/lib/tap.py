# SPDX-License-Identifier: GPL-2.0-or-later
"""TAP lines, each printed as soon as it is known."""

import sys


class Tap:
    """Counts what one test has to say."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def check(self, passed, text, figures=""):
        """One property: held or not, with the figures that say by how much."""
        self.count += 1
        self.failed += not passed
        verdict = "ok" if passed else "not ok"
        remark = f"  # {figures}" if figures != "" else ""
        print(f"{verdict} {self.count} - {text}{remark}", flush=True)
        return passed

    def note(self, text):
        """A figure that nothing depends on."""
        for line in str(text).splitlines():
            print(f"# {line}", flush=True)

    def skip(self, text, reason):
        self.count += 1
        print(f"ok {self.count} - {text} # SKIP {reason}", flush=True)


def fail_all(text):
    """For a runner that could not even begin."""
    print(f"not ok 1 - {text}", flush=True)
    sys.exit(1)
