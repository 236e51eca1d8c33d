/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * /dev/vmclock_host: hand a line from the CPU counter to time to the kernel, and read it back.
 *
 * Every structure begins with its size as the caller knows it. A structure that the caller knows
 * to be longer than the kernel does is accepted if the rest is zero; what the kernel knows beyond
 * the caller's is taken as zero, and not returned. Only direction, type and number of a request
 * count, not the size that it encodes. All fields have the same place for 32-bit callers.
 *
 * What a call returns may be anything before it; flags and padding have to be zero in every call,
 * those that only ask included.
 *
 * Every call may fail with EFAULT; with EINVAL: size below that of the first version, an unknown
 * flag, padding that is not zero; with E2BIG: size above 4096, or something other than zero
 * where this kernel knows no field. After an error nothing has changed, except where a structure
 * can be read but not written: the result of a call that was carried out cannot be returned then.
 * A request that is none of these: ENOTTY. vmclock_host(4) lists the errors of each call.
 */
#ifndef _UAPI_LINUX_VMCLOCK_HOST_H
#define _UAPI_LINUX_VMCLOCK_HOST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VMCLOCK_HOST_ABI_VERSION 1

/* features: what this kernel can do; a call that needs another one fails with EOPNOTSUPP. */
#define VMCLOCK_HOST_FEATURE_STEER_HOST 0x01ULL     /* host_clock may be STEER, STEER_STEP */
#define VMCLOCK_HOST_FEATURE_GUESTS 0x02ULL         /* CREATE_GUEST */
#define VMCLOCK_HOST_FEATURE_PAGE_FROM_HOST 0x04ULL /* before any writer: the host's own clock */
#define VMCLOCK_HOST_FEATURE_LEASE 0x08ULL          /* lease_ns is honoured */
#define VMCLOCK_HOST_FEATURE_PTP 0x10ULL            /* a PTP clock shows the reference */
#define VMCLOCK_HOST_FEATURE_PINNED_GUESTS 0x20ULL  /* VMCLOCK_GUEST_PINNED_PAGE */

/**
 * struct vmclock_host_info - what this kernel offers
 * @size: sizeof(struct vmclock_host_info), of the caller
 * @abi_version: VMCLOCK_HOST_ABI_VERSION of the kernel
 * @features: VMCLOCK_HOST_FEATURE_*
 * @counter_nominal_hz: what periods are held against, Hz
 * @counter_past_max_ticks: a reference may be this old, in ticks
 * @counter_future_max_ns: and this far in the future, in ns of the nominal rate
 * @lease_min_ns: the shortest lease, ns
 * @lease_max_ns: the longest, ns
 * @period_max_ppm: how far a period may be from nominal, 1e-6
 * @page_size: of a mapping, bytes
 * @guests: pages of guests in existence
 * @guests_max: how many there may be
 * @counter_id: VMCLOCK_COUNTER_* that all values count by
 * @pad: zero
 */
struct vmclock_host_info {
	__u32 size;
	__u32 abi_version;
	__u64 features;
	__u64 counter_nominal_hz;
	__u64 counter_past_max_ticks;
	__u64 counter_future_max_ns;
	__u64 lease_min_ns;
	__u64 lease_max_ns;
	__u32 period_max_ppm;
	__u32 page_size;
	__u32 guests;
	__u32 guests_max;
	__u8 counter_id;
	__u8 pad[7];
};

/**
 * struct vmclock_host_line - a line with its errors, in the units of the vmclock page
 * @counter_value: at the reference time
 * @counter_period_frac_sec: s / 2^(64 + @counter_period_shift) per tick; within period_max_ppm
 *	of nominal (ERANGE)
 * @period_esterror: standard error of the period, same unit
 * @period_maxerror: bound of its error, same unit
 * @time_sec: TAI since 1970 at @counter_value, s; below 2^33 (ERANGE)
 * @time_frac_sec: and s / 2^64
 * @time_esterror_nanosec: standard error of that time, ns
 * @time_maxerror_nanosec: bound of its error, ns
 * @flags: VMCLOCK_FLAG_* of the page, among TAI_OFFSET_VALID, DISRUPTION_SOON,
 *	DISRUPTION_IMMINENT, the four ERROR_VALID, TIME_MONOTONIC; others: EINVAL
 * @tai_offset_sec: UTC - TAI, s: -37 in 2017; within +-1000 (ERANGE)
 * @counter_period_shift: at most 127 (ERANGE)
 * @leap_indicator: VMCLOCK_LEAP_* (EINVAL)
 * @smearing_hint: VMCLOCK_SMEARING_* (EINVAL)
 * @clock_status: VMCLOCK_STATUS_*, not UNKNOWN (EINVAL)
 * @time_type: VMCLOCK_TIME_TAI (EINVAL)
 * @counter_id: as in struct vmclock_host_info (EINVAL)
 *
 * Contained in other structures, it does not grow.
 */
struct vmclock_host_line {
	__u64 counter_value;
	__u64 counter_period_frac_sec;
	__u64 period_esterror;
	__u64 period_maxerror;
	__u64 time_sec;
	__u64 time_frac_sec;
	__u64 time_esterror_nanosec;
	__u64 time_maxerror_nanosec;
	__u64 flags;
	__s16 tai_offset_sec;
	__u8 counter_period_shift;
	__u8 leap_indicator;
	__u8 smearing_hint;
	__u8 clock_status;
	__u8 time_type;
	__u8 counter_id;
};

/* struct vmclock_host_reference.flags */
#define VMCLOCK_HOST_REF_DISRUPT 0x01U /* a new marker; the time may step back */

/* host_clock: what to do with the host's own clock */
#define VMCLOCK_HOST_CLOCK_NONE 0
#define VMCLOCK_HOST_CLOCK_STEER 1      /* follow the line, slewing only */
#define VMCLOCK_HOST_CLOCK_STEER_STEP 2 /* step if it is off by more than step_threshold_ns */

/**
 * struct vmclock_host_reference - a reference for VMCLOCK_HOST_SET_REFERENCE
 * @size: sizeof(struct vmclock_host_reference), of the caller
 * @flags: VMCLOCK_HOST_REF_*
 * @line: the line
 * @splice_max_ns: if @line is behind the one in force at this moment, it is raised to it, by at
 *	most this, ns; by more: ESTALE. Below 1 s (ERANGE)
 * @lease_ns: for how long the line holds without another call, ns of CLOCK_BOOTTIME;
 *	lease_min_ns..lease_max_ns (ERANGE)
 * @unreliable_above_ns: the page says UNRELIABLE when the bound by its own formula exceeds this;
 *	ns; 0: never
 * @host_clock: VMCLOCK_HOST_CLOCK_*. When the host's clock has been lost to somebody else, STEER
 *	and STEER_STEP set the page only, until NONE has been asked for
 * @pad: zero
 * @step_threshold_ns: of STEER_STEP, ns; zero otherwise (EINVAL)
 * @raised_frac_sec: returned: by how much the line was raised, s / 2^64
 * @disruption_marker: returned: the marker now in force
 */
struct vmclock_host_reference {
	__u32 size;
	__u32 flags;
	struct vmclock_host_line line;
	__u64 splice_max_ns;
	__u64 lease_ns;
	__u64 unreliable_above_ns;
	__u32 host_clock;
	__u32 pad;
	__u64 step_threshold_ns;
	__u64 raised_frac_sec;
	__u64 disruption_marker;
};

/* struct vmclock_host_state.valid */
#define VMCLOCK_HOST_STATE_REFERENCE 0x01U  /* a line is in force: the fields about it */
#define VMCLOCK_HOST_STATE_WRITER 0x02U     /* somebody has the device open for writing */
/* The clocksource is the counter: @host_rate_offset, @ntp_error_frac_ns. */
#define VMCLOCK_HOST_STATE_HOST_CLOCK 0x04U
/* Nobody has set a line yet, and the page follows the host's clock: @line. */
#define VMCLOCK_HOST_STATE_FROM_HOST 0x08U
#define VMCLOCK_HOST_STATE_DIFFERENCE 0x10U    /* @host_minus_reference_ns */
#define VMCLOCK_HOST_STATE_PENDING_PHASE 0x20U /* @pending_phase_ns */

/* reason of a disruption; after any but WRITER there is no line until a new one is set */
#define VMCLOCK_HOST_REASON_NONE 0      /* there was none */
#define VMCLOCK_HOST_REASON_WRITER 1    /* the writer says so, and no more than that */
#define VMCLOCK_HOST_REASON_MIGRATION 2 /* this machine moved to another host */
#define VMCLOCK_HOST_REASON_COUNTER 3   /* the counter is unstable, or was set */
#define VMCLOCK_HOST_REASON_SUSPEND 4   /* the machine slept */
/* The host's clock, which the page follows, was set, or does no longer count by the counter. */
#define VMCLOCK_HOST_REASON_HOST_CLOCK 5

/**
 * struct vmclock_host_state - the reference in force, and the host clock beside it
 * @size: sizeof(struct vmclock_host_state), of the caller
 * @valid: VMCLOCK_HOST_STATE_*: which fields mean something; others are zero
 * @line: as the page says it now, after splice and downgrade
 * @disruption_marker: of the page
 * @set_at_ns: CLOCK_BOOTTIME of the call that set the line, in the caller's time namespace, ns
 * @lease_left_ns: 0: it has lapsed, ns
 * @set_by_pid: who set it, in the caller's pid namespace; 0: it cannot be seen from there
 * @set_by_uid: likewise, in the caller's user namespace
 * @disruption_reason: VMCLOCK_HOST_REASON_* of the last change of the marker
 * @host_clock: VMCLOCK_HOST_CLOCK_* that is being done
 * @host_minus_reference_ns: CLOCK_TAI, as this kernel has it, - reference, ns
 * @pending_phase_ns: what NTP has still to add to the host clock beside @ntp_error_frac_ns, ns
 * @host_rate_offset: of the host clock, as NTP wants it, from nominal, 2^-32
 * @ntp_error_frac_ns: what NTP wants the host clock to be - what it is, ns / 2^32
 * @clocksource_seq: counts changes of the clocksource; always valid
 * @pad: zero
 *
 * @host_minus_reference_ns and @ntp_error_frac_ns are of one and the same counter value.
 */
struct vmclock_host_state {
	__u32 size;
	__u32 valid;
	struct vmclock_host_line line;
	__u64 disruption_marker;
	__u64 set_at_ns;
	__u64 lease_left_ns;
	__u32 set_by_pid;
	__u32 set_by_uid;
	__u32 disruption_reason;
	__u32 host_clock;
	__s64 host_minus_reference_ns;
	__s64 pending_phase_ns;
	__s64 host_rate_offset;
	__s64 ntp_error_frac_ns;
	__u32 clocksource_seq;
	__u32 pad;
};

/**
 * struct vmclock_host_snapshot - the system's clocks at one and the same counter value
 * @size: sizeof(struct vmclock_host_snapshot), of the caller
 * @flags: zero (EINVAL)
 * @counter_value: of the counter
 * @realtime_ns: CLOCK_REALTIME, ns
 * @raw_ns: CLOCK_MONOTONIC_RAW, ns
 * @monotonic_ns: CLOCK_MONOTONIC, ns
 * @boottime_ns: CLOCK_BOOTTIME, ns
 * @clock_was_set_seq: another value after CLOCK_REALTIME was set
 * @clocksource_seq: another value after the clocksource changed
 *
 * Exact: the kernel computes all of them from @counter_value, there is no bracket. Where time
 * namespaces have clocks of their own, these are those of the caller's.
 */
struct vmclock_host_snapshot {
	__u32 size;
	__u32 flags;
	__u64 counter_value;
	__s64 realtime_ns;
	__s64 raw_ns;
	__s64 monotonic_ns;
	__s64 boottime_ns;
	__u32 clock_was_set_seq;
	__u32 clocksource_seq;
};

/**
 * struct vmclock_host_disrupt - change the disruption marker now
 * @size: sizeof(struct vmclock_host_disrupt), of the caller
 * @reason: VMCLOCK_HOST_REASON_WRITER, _MIGRATION, _COUNTER or _SUSPEND
 * @disruption_marker: returned: the new marker
 *
 * After WRITER the line stays. After the others it is void: the page says UNRELIABLE, the host's
 * clock is no longer steered, and a new reference need not continue from the line.
 */
struct vmclock_host_disrupt {
	__u32 size;
	__u32 reason;
	__u64 disruption_marker;
};

/*
 * struct vmclock_guest_config.flags: which fields to take. Of a guest that exists the others stay;
 * a new one has the counter of the host, and nothing else.
 */
#define VMCLOCK_GUEST_SCALE 0x01U       /* @offset, @ratio, @frac_bits */
#define VMCLOCK_GUEST_GENERATION 0x02U  /* @vm_generation_counter */
#define VMCLOCK_GUEST_WARNING 0x04U     /* @warning */
#define VMCLOCK_GUEST_EVENTFD 0x08U     /* @eventfd */
#define VMCLOCK_GUEST_DISRUPT 0x10U     /* GUEST_SET only: a new marker for this guest */
#define VMCLOCK_GUEST_PINNED_PAGE 0x20U /* CREATE_GUEST only: @address */
#define VMCLOCK_GUEST_UNKNOWN 0x40U     /* there is no scale until the next; not with SCALE */

/**
 * struct vmclock_guest_config - for VMCLOCK_HOST_CREATE_GUEST and VMCLOCK_GUEST_SET
 * @size: sizeof(struct vmclock_guest_config), of the caller
 * @flags: VMCLOCK_GUEST_*; a field whose flag is not set must be zero (EINVAL)
 * @offset: the guest's counter is ((host * @ratio) >> @frac_bits) + @offset, modulo 2^64. Another
 *	scale than before is a disruption: the guest's page gets a new marker, and may step back.
 *	After VMCLOCK_GUEST_UNKNOWN it says UNRELIABLE, with a new marker, until a scale is set: for
 *	as long as the offset is not known, from creation or while the guest is moved or restored
 * @ratio: not 0 (EINVAL)
 * @vm_generation_counter: for the page, which then says VM_GEN_COUNTER_PRESENT
 * @warning: VMCLOCK_FLAG_DISRUPTION_SOON, _IMMINENT or 0 (EINVAL), beside those of the host
 * @address: of the page to keep up to date, in the caller's memory; a multiple of its size
 *	(EINVAL). It must be writable (EFAULT), counts as locked (ENOMEM), with all of the
 *	transparent huge page that it may be part of, and is never read
 * @eventfd: is signalled after each update, and the page says NOTIFICATION_PRESENT; -1: none (else
 *	EBADF; of another kind: EINVAL)
 * @frac_bits: at most 63 (EINVAL)
 * @pad: zero
 * @id: returned: of this guest, for VMCLOCK_HOST_LIST_GUESTS
 * @pad2: zero
 *
 * CREATE_GUEST returns a descriptor: of the guest's page, to be read, polled and mapped like the
 * device, unless the page is pinned, which is not mapped from here (ENODEV). The guest lasts until
 * it is closed and its mappings are gone; a pinned page then says UNRELIABLE. ENOSPC: guests_max
 * exist already. EDQUOT: the caller has as many as each user may, and neither is the descriptor
 * open for writing nor has he CAP_SYS_RESOURCE.
 */
struct vmclock_guest_config {
	__u32 size;
	__u32 flags;
	__u64 offset;
	__u64 ratio;
	__u64 vm_generation_counter;
	__u64 warning;
	__u64 address;
	__s32 eventfd;
	__u8 frac_bits;
	__u8 pad[3];
	__u32 id;
	__u32 pad2;
};

/**
 * struct vmclock_host_guest - one guest, as VMCLOCK_HOST_LIST_GUESTS returns it
 * @id: of the guest; not used again before 2^32 others
 * @creator_pid: in the caller's pid namespace; 0: it cannot be seen from there
 * @offset: of its counter
 * @ratio: of its counter; 0: it is not known
 * @vm_generation_counter: of its page; 0: it has none
 * @disruption_marker: of its page
 * @frac_bits: of its counter
 * @clock_status: VMCLOCK_STATUS_* of its page; UNRELIABLE too where the line cannot be converted
 * @pad: zero
 *
 * Contained in arrays, it does not grow.
 */
struct vmclock_host_guest {
	__u32 id;
	__u32 creator_pid;
	__u64 offset;
	__u64 ratio;
	__u64 vm_generation_counter;
	__u64 disruption_marker;
	__u8 frac_bits;
	__u8 clock_status;
	__u8 pad[6];
};

/**
 * struct vmclock_host_guests - for VMCLOCK_HOST_LIST_GUESTS
 * @size: sizeof(struct vmclock_host_guests), of the caller
 * @after_id: only guests with a greater id, in ascending order; 0: from the first
 * @capacity: how many entries there is room for, at most VMCLOCK_HOST_LIST_MAX (ERANGE)
 * @count: returned: how many were written; as many as fit: there may be more
 * @entries: address of an array of struct vmclock_host_guest
 */
struct vmclock_host_guests {
	__u32 size;
	__u32 after_id;
	__u32 capacity;
	__u32 count;
	__u64 entries;
};

#define VMCLOCK_HOST_LIST_MAX 1024

#define VMCLOCK_HOST_IOC 0xbf
#define VMCLOCK_HOST_GET_INFO _IOWR(VMCLOCK_HOST_IOC, 0x00, struct vmclock_host_info)
#define VMCLOCK_HOST_SET_REFERENCE _IOWR(VMCLOCK_HOST_IOC, 0x01, struct vmclock_host_reference)
#define VMCLOCK_HOST_GET_REFERENCE _IOWR(VMCLOCK_HOST_IOC, 0x02, struct vmclock_host_state)
#define VMCLOCK_HOST_GET_SNAPSHOT _IOWR(VMCLOCK_HOST_IOC, 0x03, struct vmclock_host_snapshot)
#define VMCLOCK_HOST_DISRUPT _IOWR(VMCLOCK_HOST_IOC, 0x04, struct vmclock_host_disrupt)
#define VMCLOCK_HOST_CREATE_GUEST _IOWR(VMCLOCK_HOST_IOC, 0x05, struct vmclock_guest_config)
#define VMCLOCK_HOST_LIST_GUESTS _IOWR(VMCLOCK_HOST_IOC, 0x06, struct vmclock_host_guests)
/* On the descriptor that CREATE_GUEST returned. */
#define VMCLOCK_GUEST_SET _IOWR(VMCLOCK_HOST_IOC, 0x10, struct vmclock_guest_config)

#ifdef __cplusplus
#define VMCLOCK_HOST_ASSERT(condition) static_assert(condition, #condition)
#else
#define VMCLOCK_HOST_ASSERT(condition) _Static_assert(condition, #condition)
#endif
#define VMCLOCK_HOST_AT(type, field, offset) \
	VMCLOCK_HOST_ASSERT(__builtin_offsetof(struct type, field) == (offset))

/* One field after every place where a compiler could have put a gap, and the end. */
VMCLOCK_HOST_AT(vmclock_host_info, features, 8);
VMCLOCK_HOST_AT(vmclock_host_info, period_max_ppm, 56);
VMCLOCK_HOST_AT(vmclock_host_info, counter_id, 72);
VMCLOCK_HOST_ASSERT(sizeof(struct vmclock_host_info) == 80);
VMCLOCK_HOST_AT(vmclock_host_line, tai_offset_sec, 72);
VMCLOCK_HOST_AT(vmclock_host_line, counter_id, 79);
VMCLOCK_HOST_ASSERT(sizeof(struct vmclock_host_line) == 80);
VMCLOCK_HOST_AT(vmclock_host_reference, line, 8);
VMCLOCK_HOST_AT(vmclock_host_reference, splice_max_ns, 88);
VMCLOCK_HOST_AT(vmclock_host_reference, host_clock, 112);
VMCLOCK_HOST_AT(vmclock_host_reference, step_threshold_ns, 120);
VMCLOCK_HOST_ASSERT(sizeof(struct vmclock_host_reference) == 144);
VMCLOCK_HOST_AT(vmclock_host_state, line, 8);
VMCLOCK_HOST_AT(vmclock_host_state, disruption_marker, 88);
VMCLOCK_HOST_AT(vmclock_host_state, set_by_pid, 112);
VMCLOCK_HOST_AT(vmclock_host_state, host_minus_reference_ns, 128);
VMCLOCK_HOST_AT(vmclock_host_state, clocksource_seq, 160);
VMCLOCK_HOST_ASSERT(sizeof(struct vmclock_host_state) == 168);
VMCLOCK_HOST_AT(vmclock_host_snapshot, counter_value, 8);
VMCLOCK_HOST_AT(vmclock_host_snapshot, clock_was_set_seq, 48);
VMCLOCK_HOST_ASSERT(sizeof(struct vmclock_host_snapshot) == 56);
VMCLOCK_HOST_AT(vmclock_host_disrupt, disruption_marker, 8);
VMCLOCK_HOST_ASSERT(sizeof(struct vmclock_host_disrupt) == 16);
VMCLOCK_HOST_AT(vmclock_guest_config, offset, 8);
VMCLOCK_HOST_AT(vmclock_guest_config, eventfd, 48);
VMCLOCK_HOST_AT(vmclock_guest_config, id, 56);
VMCLOCK_HOST_ASSERT(sizeof(struct vmclock_guest_config) == 64);
VMCLOCK_HOST_AT(vmclock_host_guest, offset, 8);
VMCLOCK_HOST_AT(vmclock_host_guest, frac_bits, 40);
VMCLOCK_HOST_ASSERT(sizeof(struct vmclock_host_guest) == 48);
VMCLOCK_HOST_AT(vmclock_host_guests, entries, 16);
VMCLOCK_HOST_ASSERT(sizeof(struct vmclock_host_guests) == 24);

#undef VMCLOCK_HOST_AT
#undef VMCLOCK_HOST_ASSERT

#endif
