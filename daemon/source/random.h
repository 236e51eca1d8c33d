/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unpredictable numbers, without ever waiting for them. */
#ifndef VMCLOCK_RANDOM_H
#define VMCLOCK_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* 0; -EAGAIN early at boot, when the kernel has no entropy yet. Never returns the number 0. */
int random_64(uint64_t *out);

/* 0 or -EAGAIN, at most 256 bytes. */
int random_bytes(void *out, size_t size);

/* To spread load in time only: falls back to the clock. */
uint32_t random_spread(void);

#endif
