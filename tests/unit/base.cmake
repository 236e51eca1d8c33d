# SPDX-License-Identifier: GPL-2.0-or-later
foreach(name change config keys leap leap_vote log manual state statistics)
  vmclock_unit_test(test_base_${name} base)
endforeach()
target_compile_definitions(test_base_config PRIVATE CONF_DIR="${CMAKE_SOURCE_DIR}/conf")
target_compile_definitions(test_base_manual PRIVATE MANUAL_DIR="${CMAKE_SOURCE_DIR}/man"
                           MANUAL="${CMAKE_SOURCE_DIR}/man/vmclockd.conf.5")
