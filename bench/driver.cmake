# SPDX-License-Identifier: GPL-2.0-or-later
# What updating many guests costs: the driver's own code, with as much of a kernel as it needs.
set(headers ${CMAKE_CURRENT_BINARY_DIR}/driver-headers)
foreach(name cache clocksource eventfd fs irq_work irqflags lockdep mm mutex notifier
             overflow pid poll prefetch ptp_clock_kernel sched spinlock uidgid wait workqueue xarray)
  file(CONFIGURE OUTPUT ${headers}/linux/${name}.h CONTENT "/* see shim.h */\n")
endforeach()
add_executable(bench_driver_guests driver/guests.c ${CMAKE_SOURCE_DIR}/lib/vmclock_line.c)
target_include_directories(bench_driver_guests PRIVATE ${headers} driver ${CMAKE_SOURCE_DIR}/kernel
  ${CMAKE_SOURCE_DIR}/uapi ${CMAKE_SOURCE_DIR}/lib)
# As a kernel is compiled: its code says other things about types than ours does.
target_compile_options(bench_driver_guests PRIVATE -O2 -include shim.h -fno-strict-aliasing
  -Wno-conversion -Wno-sign-conversion -Wno-shadow -Wno-sign-compare -Wno-unused-function
  -Wno-pointer-sign -Wno-unused-parameter)
set_target_properties(bench_driver_guests PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
