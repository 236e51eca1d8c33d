# SPDX-License-Identifier: GPL-2.0-or-later
# What the system tests run besides the daemon: BUILD/system/.
function(vmclock_system_program name)
  cmake_parse_arguments(program "" "" "SOURCES;LIBS" ${ARGN})
  list(TRANSFORM program_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/system/)
  add_executable(${name} ${program_SOURCES})
  target_link_libraries(${name} PRIVATE ${program_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/system)
endfunction()

vmclock_system_program(ntp-responder
  SOURCES responder.c responder_behaviour.c responder_reply.c LIBS m)
vmclock_system_program(page-truth SOURCES page_truth.c LIBS vmclock_static m)

# Preloaded libraries, without a sanitizer of their own: it would have to be the first library.
function(vmclock_preload name source)
  add_library(${name} MODULE ${CMAKE_CURRENT_SOURCE_DIR}/system/${source})
  target_compile_options(${name} PRIVATE -fno-sanitize=all)
  target_link_options(${name} PRIVATE -fno-sanitize=all)
  set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/system)
endfunction()

vmclock_preload(claim-clock claim_clock.c)
vmclock_preload(count-allocations count_allocations.c)
vmclock_preload(keep-clock keep_clock.c)
vmclock_preload(made-phc made_phc.c)
