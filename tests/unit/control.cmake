# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_unit_test(test_control_varlink control)
foreach(name test_control_report test_control_server)
  vmclock_unit_test(${name} control base clock)
  target_sources(${name} PRIVATE unit/control_fake.c)
endforeach()
