/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks the functions that take the libc's place; everything else in the library is hidden. */
#ifndef VMCLOCK_LIBCSIM_INTERPOSE_H
#define VMCLOCK_LIBCSIM_INTERPOSE_H

#define EXPORT __attribute__((visibility("default")))

#endif
