/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The vmclock page: one linear function from a CPU counter to time, with its errors.
 *
 * Layout of UAPI.13 VMClock, version 1.1. Every field is little-endian. At counter value c the
 * time is
 *
 *	time_sec + time_frac_sec / 2^64
 *		+ (c - counter_value) * counter_period_frac_sec / 2^(64 + counter_period_shift)
 *
 * seconds since the epoch of time_type. (c - counter_value) is taken modulo 2^64 as a signed
 * number, so that it also holds a little before the reference and across the counter's wrap.
 *
 * The include guard is that of the kernel's own copy of this layout: whichever of the two comes
 * first is the one that counts.
 */
#ifndef __VMCLOCK_ABI_H__
#define __VMCLOCK_ABI_H__

#include <linux/types.h>

#define VMCLOCK_MAGIC 0x4b4c4356 /* the bytes "VCLK" */

/* counter_id: numbered as virtio-rtc numbers its counters. */
#define VMCLOCK_COUNTER_ARM_VCNT 0
#define VMCLOCK_COUNTER_X86_TSC 1
#define VMCLOCK_COUNTER_INVALID 0xff /* none that a reader could be expected to have */

/* time_type: numbered as virtio-rtc numbers its clocks. */
#define VMCLOCK_TIME_UTC 0	       /* since 1970-01-01 00:00:00 UTC, leap seconds not counted */
#define VMCLOCK_TIME_TAI 1	       /* since 1970-01-01 00:00:00 TAI */
#define VMCLOCK_TIME_MONOTONIC 2       /* since an epoch that nobody knows */
#define VMCLOCK_TIME_INVALID_SMEARED 3 /* reserved: a page is never smeared */
#define VMCLOCK_TIME_INVALID_MAYBE_SMEARED 4 /* reserved, likewise */

/* flags */
#define VMCLOCK_FLAG_TAI_OFFSET_VALID (1ULL << 0)
#define VMCLOCK_FLAG_DISRUPTION_SOON (1ULL << 1)     /* expected within a day or so */
#define VMCLOCK_FLAG_DISRUPTION_IMMINENT (1ULL << 2) /* expected within an hour or so */
#define VMCLOCK_FLAG_PERIOD_ESTERROR_VALID (1ULL << 3)
#define VMCLOCK_FLAG_PERIOD_MAXERROR_VALID (1ULL << 4)
#define VMCLOCK_FLAG_TIME_ESTERROR_VALID (1ULL << 5)
#define VMCLOCK_FLAG_TIME_MAXERROR_VALID (1ULL << 6)
/* Leap seconds aside, no update of the page makes its time step back. */
#define VMCLOCK_FLAG_TIME_MONOTONIC (1ULL << 7)
#define VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT (1ULL << 8)
/* Each new even value of seq_count is announced by an interrupt or an ACPI notification. */
#define VMCLOCK_FLAG_NOTIFICATION_PRESENT (1ULL << 9)

/* clock_status */
#define VMCLOCK_STATUS_UNKNOWN 0
#define VMCLOCK_STATUS_INITIALIZING 1 /* no time yet */
#define VMCLOCK_STATUS_SYNCHRONIZED 2
#define VMCLOCK_STATUS_FREERUNNING 3 /* no longer; the line holds within its errors */
#define VMCLOCK_STATUS_UNRELIABLE 4  /* not to be used */

/* leap_second_smearing_hint: how the neighbours smear, for a guest that wants to do the same. */
#define VMCLOCK_SMEARING_STRICT 0      /* not at all */
#define VMCLOCK_SMEARING_NOON_LINEAR 1 /* linearly from noon to noon */
#define VMCLOCK_SMEARING_UTC_SLS 2     /* over the last 1000 s */

/* leap_indicator: the leap second at the end of this month, or of the last one. */
#define VMCLOCK_LEAP_NONE 0
#define VMCLOCK_LEAP_PRE_POS 1	/* a second will be inserted */
#define VMCLOCK_LEAP_PRE_NEG 2	/* a second will be left out */
#define VMCLOCK_LEAP_POS 3	/* this is the inserted second, 23:59:60 */
#define VMCLOCK_LEAP_POST_POS 4 /* a second was inserted */
#define VMCLOCK_LEAP_POST_NEG 5 /* a second was left out */

struct vmclock_abi {
	/* Constant for as long as the page exists. */
	__le32 magic;
	__le32 size;	/* of the region, usually a page of 4096 bytes */
	__le16 version; /* 1 */
	__u8 counter_id;
	__u8 time_type;

	/* Odd while the fields below change; even and different afterwards. */
	__le32 seq_count;

	/* Another value, never used before, after the counter was disrupted (live migration):
	 * whatever was learned about the counter no longer holds. */
	__le64 disruption_marker;
	__le64 flags;
	__u8 pad[2];
	__u8 clock_status;
	__u8 leap_second_smearing_hint;
	__le16 tai_offset_sec; /* UTC - TAI at the reference time, two's complement: -37 in 2017 */
	__u8 leap_indicator;
	__u8 counter_period_shift; /* of all three counter_period fields */
	__le64 counter_value;	   /* at the reference time */

	/* Seconds / 2^(64 + counter_period_shift) per tick. */
	__le64 counter_period_frac_sec;
	__le64 counter_period_esterror_rate_frac_sec;
	__le64 counter_period_maxerror_rate_frac_sec;

	/* The reference time, and how far it may be from true time, in either direction. */
	__le64 time_sec;
	__le64 time_frac_sec; /* seconds / 2^64 */
	__le64 time_esterror_nanosec;
	__le64 time_maxerror_nanosec;

	/* Another value, never used before, after the guest was loaded from a snapshot. */
	__le64 vm_generation_counter;
};

#ifdef __cplusplus
#define VMCLOCK_ABI_ASSERT(condition) static_assert(condition, #condition)
#else
#define VMCLOCK_ABI_ASSERT(condition) _Static_assert(condition, #condition)
#endif
#define VMCLOCK_ABI_AT(field, offset, bytes)                                            \
	VMCLOCK_ABI_ASSERT(__builtin_offsetof(struct vmclock_abi, field) == (offset) && \
			   sizeof(((struct vmclock_abi *)0)->field) == (bytes))

VMCLOCK_ABI_AT(magic, 0x00, 4);
VMCLOCK_ABI_AT(size, 0x04, 4);
VMCLOCK_ABI_AT(version, 0x08, 2);
VMCLOCK_ABI_AT(counter_id, 0x0a, 1);
VMCLOCK_ABI_AT(time_type, 0x0b, 1);
VMCLOCK_ABI_AT(seq_count, 0x0c, 4);
VMCLOCK_ABI_AT(disruption_marker, 0x10, 8);
VMCLOCK_ABI_AT(flags, 0x18, 8);
VMCLOCK_ABI_AT(pad, 0x20, 2);
VMCLOCK_ABI_AT(clock_status, 0x22, 1);
VMCLOCK_ABI_AT(leap_second_smearing_hint, 0x23, 1);
VMCLOCK_ABI_AT(tai_offset_sec, 0x24, 2);
VMCLOCK_ABI_AT(leap_indicator, 0x26, 1);
VMCLOCK_ABI_AT(counter_period_shift, 0x27, 1);
VMCLOCK_ABI_AT(counter_value, 0x28, 8);
VMCLOCK_ABI_AT(counter_period_frac_sec, 0x30, 8);
VMCLOCK_ABI_AT(counter_period_esterror_rate_frac_sec, 0x38, 8);
VMCLOCK_ABI_AT(counter_period_maxerror_rate_frac_sec, 0x40, 8);
VMCLOCK_ABI_AT(time_sec, 0x48, 8);
VMCLOCK_ABI_AT(time_frac_sec, 0x50, 8);
VMCLOCK_ABI_AT(time_esterror_nanosec, 0x58, 8);
VMCLOCK_ABI_AT(time_maxerror_nanosec, 0x60, 8);
VMCLOCK_ABI_AT(vm_generation_counter, 0x68, 8);
VMCLOCK_ABI_ASSERT(sizeof(struct vmclock_abi) == 0x70);

VMCLOCK_ABI_ASSERT(VMCLOCK_FLAG_TAI_OFFSET_VALID == 0x001);
VMCLOCK_ABI_ASSERT(VMCLOCK_FLAG_DISRUPTION_SOON == 0x002);
VMCLOCK_ABI_ASSERT(VMCLOCK_FLAG_DISRUPTION_IMMINENT == 0x004);
VMCLOCK_ABI_ASSERT(VMCLOCK_FLAG_PERIOD_ESTERROR_VALID == 0x008);
VMCLOCK_ABI_ASSERT(VMCLOCK_FLAG_PERIOD_MAXERROR_VALID == 0x010);
VMCLOCK_ABI_ASSERT(VMCLOCK_FLAG_TIME_ESTERROR_VALID == 0x020);
VMCLOCK_ABI_ASSERT(VMCLOCK_FLAG_TIME_MAXERROR_VALID == 0x040);
VMCLOCK_ABI_ASSERT(VMCLOCK_FLAG_TIME_MONOTONIC == 0x080);
VMCLOCK_ABI_ASSERT(VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT == 0x100);
VMCLOCK_ABI_ASSERT(VMCLOCK_FLAG_NOTIFICATION_PRESENT == 0x200);

#undef VMCLOCK_ABI_AT
#undef VMCLOCK_ABI_ASSERT

#endif
