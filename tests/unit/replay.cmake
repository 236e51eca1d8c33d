# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_unit_test(test_replay_csv base)
vmclock_unit_test(test_replay_log base)
