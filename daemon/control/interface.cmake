# SPDX-License-Identifier: GPL-2.0-or-later
# Compiles the interface description into the server, which hands it out, and installs it.
set(VARLINK_FILE ${CMAKE_CURRENT_LIST_DIR}/org.vmclock.Host.varlink)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${VARLINK_FILE})
file(READ ${VARLINK_FILE} VARLINK_TEXT)
string(REPLACE "\\" "\\\\" VARLINK_TEXT "${VARLINK_TEXT}")
string(REPLACE "\"" "\\\"" VARLINK_TEXT "${VARLINK_TEXT}")
string(REPLACE "\n" "\\n\"\n\t\"" VARLINK_TEXT "${VARLINK_TEXT}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/interface.c.in ${CMAKE_CURRENT_BINARY_DIR}/interface.c
               @ONLY)
target_sources(control PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/interface.c)
target_include_directories(control PRIVATE ${CMAKE_CURRENT_LIST_DIR})
target_compile_definitions(control PRIVATE VMCLOCK_VERSION="${PROJECT_VERSION}")
install(FILES ${VARLINK_FILE} DESTINATION ${CMAKE_INSTALL_DATADIR}/varlink)
