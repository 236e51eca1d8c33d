# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_unit_test(test_event clock)
foreach(name address extts latch links mac ntp nts nts_ke packet phc phc_mean pps poll pool ptp4l reference resolver stamp system vmclock)
  vmclock_unit_test(test_source_${name} source)
endforeach()
