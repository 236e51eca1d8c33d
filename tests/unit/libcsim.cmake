# SPDX-License-Identifier: GPL-2.0-or-later
# The model behind libcsim.so, without the calls that take the libc's place.
foreach(name clocks options server)
  vmclock_unit_test(test_libcsim_${name} m)
  target_sources(test_libcsim_${name} PRIVATE
    libcsim/clocks.c libcsim/options.c libcsim/server.c sim/network.c sim/oscillator.c sim/rng.c)
endforeach()
