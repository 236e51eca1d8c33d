# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_fuzz(fuzz_page uapi)
if(TARGET fuzz_page)
  # The library's own sources, so that they are instrumented too.
  target_sources(fuzz_page PRIVATE ${VMCLOCK_LIB_SOURCES})
  target_include_directories(fuzz_page PRIVATE ${CMAKE_SOURCE_DIR}/lib)
  target_link_options(fuzz_page PRIVATE -Wl,--wrap=clock_gettime)
endif()

vmclock_fuzz(fuzz_export uapi)
if(TARGET fuzz_export)
  target_sources(fuzz_export PRIVATE ${VMCLOCK_LIB_SOURCES})
  target_include_directories(fuzz_export PRIVATE ${CMAKE_SOURCE_DIR}/lib)
endif()
