# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_unit_test(test_event clock)
foreach(name address ntp packet phc pps poll pool resolver stamp system)
  vmclock_unit_test(test_source_${name} source)
endforeach()
