# SPDX-License-Identifier: GPL-2.0-or-later
foreach(name config leap state)
  vmclock_fuzz(fuzz_${name} base)
endforeach()
vmclock_fuzz(fuzz_guest uapi)
vmclock_fuzz(fuzz_kvm uapi)
if(TARGET fuzz_kvm)
  # The sources themselves, so that they are instrumented too.
  set(publish ${CMAKE_SOURCE_DIR}/daemon/publish)
  target_sources(fuzz_guest PRIVATE ${publish}/guest_text.c)
  target_sources(fuzz_kvm PRIVATE ${publish}/kvm_counter.c ${publish}/kvm_find.c)
endif()
