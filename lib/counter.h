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
 * vmclock_read_cpu() happens after every load before it in the program. What follows may overtake
 * it, unless its address depends on the value: vmclock_depend() makes a 0 out of it that no
 * processor foresees. That is cheaper than a second fence.
 */
#if defined(__x86_64__)
#define VMCLOCK_CPU_COUNTER VMCLOCK_COUNTER_X86_TSC
static inline uint64_t vmclock_read_cpu(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline uint64_t vmclock_depend(uint64_t value)
{
	__asm__ volatile("and $0, %0" : "+r"(value) : : "memory", "cc");
	return value;
}
#elif defined(__aarch64__)
#define VMCLOCK_CPU_COUNTER VMCLOCK_COUNTER_ARM_VCNT
static inline uint64_t vmclock_read_cpu(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

static inline uint64_t vmclock_depend(uint64_t value)
{
	__asm__ volatile("eor %0, %0, %0" : "+r"(value) : : "memory");
	return value;
}
#else
#define VMCLOCK_CPU_COUNTER VMCLOCK_COUNTER_INVALID
static inline uint64_t vmclock_read_cpu(void)
{
	return 0;
}

static inline uint64_t vmclock_depend(uint64_t value)
{
	(void)value;
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
