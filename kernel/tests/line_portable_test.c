// SPDX-License-Identifier: GPL-2.0-only
/* KUnit: as line_test.c, where no architecture has an instruction that helps. */
#include <kunit/test.h>

#undef __x86_64__
#define LINE_SUITE "vmclock_line_portable"
#define vmclock_line_convert portable_line_convert
#include "line_test.c"
