/* SPDX-License-Identifier: MIT */
/* Inside the library: the counters a page can count by. */
#ifndef VMCLOCK_LIB_COUNTER_H
#define VMCLOCK_LIB_COUNTER_H

#include <stdint.h>
#include <time.h>

#include <linux/vmclock-abi.h>

enum vmclock_counter {
	VMCLOCK_READ_NOTHING,
	VMCLOCK_READ_CPU,
	VMCLOCK_READ_MONOTONIC_RAW,
};

/*
 * The read happens after every access before it in the program, and before every one after it:
 * otherwise the page could be compared with a counter value of another moment.
 */
#if defined(__x86_64__)
#define VMCLOCK_CPU_COUNTER VMCLOCK_COUNTER_X86_TSC
static inline uint64_t vmclock_read_cpu(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}
#elif defined(__aarch64__)
#define VMCLOCK_CPU_COUNTER VMCLOCK_COUNTER_ARM_VCNT
static inline uint64_t vmclock_read_cpu(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(value) : : "memory");
	return value;
}
#else
#define VMCLOCK_CPU_COUNTER VMCLOCK_COUNTER_INVALID
static inline uint64_t vmclock_read_cpu(void)
{
	return 0;
}
#endif

static inline uint64_t vmclock_read_monotonic_raw(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

#endif
