# SPDX-License-Identifier: GPL-2.0-or-later
add_executable(bench_guests ${CMAKE_CURRENT_SOURCE_DIR}/guests.c)
target_include_directories(bench_guests PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(bench_guests PRIVATE publish m)
set_target_properties(bench_guests PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
