# SPDX-License-Identifier: GPL-2.0-or-later
foreach(name ethtool ntp_packet)
  vmclock_fuzz(fuzz_${name} source)
endforeach()
