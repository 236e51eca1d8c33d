# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts of this directory share: where things are, and how they speak.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
cache=${VMCLOCK_CACHE:-$project/.cache}/kernel
series=7.3

# Standard output belongs to the answer (or to TAP), progress to standard error.
say() {
	printf '# %s\n' "$*" >&2
}

die() {
	printf '# error: %s\n' "$*" >&2
	exit 1
}

# need PROGRAM PACKAGE: stop with the name of what to install.
need() {
	command -v "$1" >/dev/null || die "$1 is missing: install the package $2"
}
