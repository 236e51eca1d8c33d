# SPDX-License-Identifier: GPL-2.0-or-later
foreach(name config leap state)
  vmclock_fuzz(fuzz_${name} base)
endforeach()
vmclock_fuzz(fuzz_guest publish m)
vmclock_fuzz(fuzz_kvm publish m)
