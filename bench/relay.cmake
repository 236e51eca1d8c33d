# SPDX-License-Identifier: GPL-2.0-or-later
# The delays between server and clients of bench/against-chrony.
add_executable(ntp-relay ntp_relay.c ${CMAKE_SOURCE_DIR}/tests/system/responder_behaviour.c)
target_include_directories(ntp-relay PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(ntp-relay PRIVATE m)
set_target_properties(ntp-relay PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
