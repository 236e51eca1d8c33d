# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_unit_test(test_host_clock publish)
