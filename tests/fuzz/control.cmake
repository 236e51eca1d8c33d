# SPDX-License-Identifier: GPL-2.0-or-later
vmclock_fuzz(fuzz_varlink control base clock)
if(TARGET fuzz_varlink)
  target_sources(fuzz_varlink PRIVATE unit/control_fake.c)
endif()
vmclock_fuzz(fuzz_http_request ctl)
