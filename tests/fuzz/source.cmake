# SPDX-License-Identifier: GPL-2.0-or-later
foreach(name ethtool link_message latch_message ntp_packet nts_extension nts_ke ptp_management shm_segment sock_message)
  vmclock_fuzz(fuzz_${name} source)
endforeach()
if(TARGET fuzz_ntp_packet)
  # The sources themselves, so that they are instrumented too.
  set(source ${CMAKE_SOURCE_DIR}/daemon/source)
  target_sources(fuzz_ntp_packet PRIVATE ${source}/ntp_packet.c ${source}/ntp_auth.c)
  target_sources(fuzz_nts_extension PRIVATE ${source}/nts_extension.c)
  target_sources(fuzz_nts_ke PRIVATE ${source}/nts_ke_message.c)
endif()
