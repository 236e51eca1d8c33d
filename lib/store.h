/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: every store into a mapped file goes through here, so that a test build can
 * kill the process after each of them (VMCLOCK_STORE_HOOK).
 */
#ifndef VMCLOCK_LIB_STORE_H
#define VMCLOCK_LIB_STORE_H

#include <endian.h>
#include <stdint.h>

#include <linux/types.h>

#ifdef VMCLOCK_STORE_HOOK
void vmclock_store_hook(void);
#else
static inline void vmclock_store_hook(void)
{
}
#endif

static inline void vmclock_store_word(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
	vmclock_store_hook();
}

static inline void vmclock_store_seq(__le32 *seq_count, uint32_t value, int order)
{
	__atomic_store_n(seq_count, htole32(value), order);
	vmclock_store_hook();
}

#endif
