# SPDX-License-Identifier: GPL-2.0-or-later
pkg_check_modules(GMP REQUIRED IMPORTED_TARGET gmp)

# The library as it is when a test decides after which store it dies.
add_library(vmclock_mortal STATIC ${VMCLOCK_LIB_SOURCES})
target_include_directories(vmclock_mortal PUBLIC ${CMAKE_SOURCE_DIR}/lib)
target_compile_definitions(vmclock_mortal PRIVATE VMCLOCK_STORE_HOOK)
target_link_libraries(vmclock_mortal PUBLIC uapi)

vmclock_unit_test(test_lib_line vmclock_static PkgConfig::GMP)
vmclock_unit_test(test_lib_page vmclock_static)
vmclock_unit_test(test_lib_reader vmclock_static)
target_link_options(test_lib_reader PRIVATE -Wl,--wrap=clock_gettime,--wrap=open)
vmclock_unit_test(test_lib_writer vmclock_static)
vmclock_unit_test(test_lib_guest vmclock_static)
vmclock_unit_test(test_lib_memory vmclock_static)
vmclock_unit_test(test_lib_export vmclock_static)
vmclock_unit_test(test_lib_death vmclock_mortal)


# The examples, against the shared library as an application would link it.
foreach(name now vmm vmm_driver)
  add_executable(example_${name} ${CMAKE_SOURCE_DIR}/examples/${name}.c)
  target_link_libraries(example_${name} PRIVATE vmclock_shared)
  set_target_properties(example_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                        ${CMAKE_BINARY_DIR}/examples)
endforeach()
foreach(name vmm vmm_driver)
  target_sources(example_${name} PRIVATE ${CMAKE_SOURCE_DIR}/examples/kvm_guest.c)
endforeach()
vmclock_unit_test(test_lib_example vmclock_static)
target_compile_definitions(test_lib_example PRIVATE EXAMPLE="$<TARGET_FILE:example_now>"
                           EXAMPLE_VMM="$<TARGET_FILE:example_vmm>"
                           LIBRARY="$<TARGET_FILE:vmclock_shared>")
add_dependencies(test_lib_example example_now example_vmm)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
  vmclock_unit_test(test_lib_kvm_guest vmclock_static)
endif()

# The line arithmetic goes into a kernel, too: no floating point, and no function of a library
# (128-bit division would be one), or this does not link.
if(NOT VMCLOCK_SANITIZE)
  add_library(line_alone SHARED ${CMAKE_SOURCE_DIR}/lib/vmclock_line.c)
  target_compile_options(line_alone PRIVATE -ffreestanding -mgeneral-regs-only)
  target_link_options(line_alone PRIVATE -nostdlib -Wl,-z,defs)
endif()
