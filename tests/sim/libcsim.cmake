# SPDX-License-Identifier: GPL-2.0-or-later
# libcsim.so, preloaded into the daemon; without a sanitizer, which would have to come first.
set(LIBCSIM_MODEL
    clocks.c options.c record.c server.c world.c)
list(TRANSFORM LIBCSIM_MODEL PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/libcsim/)
foreach(name network oscillator rng)
  list(APPEND LIBCSIM_MODEL ${CMAKE_CURRENT_SOURCE_DIR}/sim/${name}.c)
endforeach()

file(GLOB libcsim_calls CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/libcsim/libc_*.c)
add_library(libcsim MODULE ${LIBCSIM_MODEL} ${libcsim_calls})
target_link_libraries(libcsim PRIVATE uapi m)
target_compile_options(libcsim PRIVATE -fno-sanitize=all)
target_link_options(libcsim PRIVATE -fno-sanitize=all)
set_target_properties(libcsim PROPERTIES PREFIX "" C_VISIBILITY_PRESET hidden
                      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/libcsim)

# Runs with libcsim.so preloaded, and looks at what it offers.
add_executable(libcsim-probe ${CMAKE_CURRENT_SOURCE_DIR}/libcsim/probe.c)
target_compile_options(libcsim-probe PRIVATE -fno-sanitize=all)
target_link_options(libcsim-probe PRIVATE -fno-sanitize=all)
target_link_libraries(libcsim-probe PRIVATE PkgConfig::CMOCKA)
set_target_properties(libcsim-probe PROPERTIES
                      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/libcsim)
