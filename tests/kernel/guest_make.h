/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests for tests, and what their pages must say. */
#ifndef VMCLOCK_GUEST_MAKE_H
#define VMCLOCK_GUEST_MAKE_H

#include "harness.h"

/* What a reader makes of a page; all of it belongs together. */
struct guest_view {
	struct vmclock_abi abi;
	unsigned int retries; /* how often the page changed meanwhile */
};

/* CREATE_GUEST as asked for, with id and size filled in; the descriptor, or -1. */
int create_guest(int device, struct vmclock_guest_config *config);

/* With the host's own counter. */
int create_plain_guest(int device);

/* The same with a scale. */
int create_scaled_guest(int device, uint64_t ratio, uint8_t frac_bits, uint64_t offset);

/* GUEST_SET: 0, or -1 with errno. */
int set_guest(int guest, struct vmclock_guest_config config);

/* Its page; or NULL. */
const volatile struct vmclock_abi *map_page(int fd);
void unmap_page(const volatile struct vmclock_abi *page);

/* A consistent copy by the protocol of the sequence count. */
struct guest_view view_of(const volatile struct vmclock_abi *page);

/* What the counter of a guest shows where the host's shows `counter`. */
uint64_t guest_counter(const struct vmclock_guest_config *scale, uint64_t counter);

/* Whether the page says the host's line for that counter exactly, raised by no more than this. */
bool shows_line(const struct vmclock_abi *page, const struct vmclock_host_line *line,
		const struct vmclock_guest_config *scale, uint64_t raised_max_ns);

/* How far the page is above the host's line, s / 2^64; -1: it says another one. */
__int128 raised_above(const struct vmclock_abi *page, const struct vmclock_host_line *line,
		      const struct vmclock_guest_config *scale);

#endif
