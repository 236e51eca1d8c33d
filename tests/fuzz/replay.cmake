# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_fuzz(fuzz_event_log base)
