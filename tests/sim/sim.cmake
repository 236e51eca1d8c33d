# SPDX-License-Identifier: GPL-2.0-or-later
file(GLOB sim_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/sim/*.c)
add_executable(vmclock-sim ${sim_sources})
target_include_directories(vmclock-sim PRIVATE ${CMAKE_SOURCE_DIR}/daemon)
target_link_libraries(vmclock-sim PRIVATE base clock m)
