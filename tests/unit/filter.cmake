# SPDX-License-Identifier: GPL-2.0-or-later
foreach(name oneway bank noise robust path quality)
  vmclock_unit_test(test_filter_${name} clock)
  target_sources(test_filter_${name} PRIVATE unit/filter_world.c)
endforeach()
