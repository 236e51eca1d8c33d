# SPDX-License-Identifier: GPL-2.0-or-later
add_executable(bench_vmclock_now ${CMAKE_CURRENT_SOURCE_DIR}/vmclock_now.c)
target_link_libraries(bench_vmclock_now PRIVATE vmclock_static)
set_target_properties(bench_vmclock_now PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                      ${CMAKE_BINARY_DIR}/bench)
