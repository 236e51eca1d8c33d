# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_fuzz(fuzz_ntp_packet source)
