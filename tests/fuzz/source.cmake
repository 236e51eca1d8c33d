# SPDX-License-Identifier: GPL-2.0-or-later
foreach(name ethtool link_message latch_message ntp_packet ptp_management shm_segment sock_message)
  vmclock_fuzz(fuzz_${name} source)
endforeach()
