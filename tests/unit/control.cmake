# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_unit_test(test_control_varlink control)
vmclock_unit_test(test_control_format ctl)
vmclock_unit_test(test_control_metrics ctl)
vmclock_unit_test(test_control_page ctl)
vmclock_unit_test(test_control_disrupt ctl)
target_sources(test_control_disrupt PRIVATE unit/fake_counter.c)
foreach(name test_control_guests test_control_report test_control_server)
  vmclock_unit_test(${name} control base clock)
  target_sources(${name} PRIVATE unit/control_fake.c)
endforeach()

# A server without a clock, for tests/system/control.py.
add_executable(control_fake unit/control_fake_main.c unit/control_fake.c)
target_include_directories(control_fake PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(control_fake PRIVATE control base clock)
set_target_properties(control_fake PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/helpers)
