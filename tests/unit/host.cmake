# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_unit_test(test_host_clock publish)
vmclock_unit_test(test_host_kernel publish m)
target_sources(test_host_kernel PRIVATE unit/fake_driver.c unit/test_clock_world.c)
