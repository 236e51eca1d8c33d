// SPDX-License-Identifier: GPL-2.0-or-later
/* A model of the kernel driver vmclock_host: what uapi/linux/vmclock_host.h says, and no more. */
#include "fake_driver.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vmclock_line.h"

#define PAGE_FLAGS                                                               \
	(VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_DISRUPTION_SOON |          \
	 VMCLOCK_FLAG_DISRUPTION_IMMINENT | VMCLOCK_FLAG_PERIOD_ESTERROR_VALID | \
	 VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID | \
	 VMCLOCK_FLAG_TIME_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MONOTONIC)

enum { FIRST_FD = 1000 };

struct fake_driver fake_driver;

void fake_driver_reset(void)
{
	fake_driver = (struct fake_driver){
		.loaded = true,
		.capable = true,
		.writable = true,
		.info = {.abi_version = VMCLOCK_HOST_ABI_VERSION,
			 .features = VMCLOCK_HOST_FEATURE_LEASE,
			 .counter_nominal_hz = 1000000000,
			 .counter_past_max_ticks = 1ULL << 62,
			 .counter_future_max_ns = 1000000,
			 .lease_min_ns = 1000000,
			 .lease_max_ns = 86400000000000,
			 .period_max_ppm = 1000,
			 .page_size = 4096,
			 .counter_id = VMCLOCK_COUNTER_X86_TSC},
		.line = {.clock_status = VMCLOCK_STATUS_UNRELIABLE},
		.marker = 77,
		.now_ns = 1000000000,
	};
}

static struct vmclock_line exact(const struct vmclock_host_line *line)
{
	return (struct vmclock_line){
		.counter = line->counter_value,
		.period = line->counter_period_frac_sec,
		.shift = line->counter_period_shift,
		.origin = vmclock_instant_from(line->time_sec, line->time_frac_sec),
	};
}

static bool bound_too_large(void)
{
	const struct vmclock_host_line *line = &fake_driver.line;
	uint64_t growth_ns =
		vmclock_line_growth_ns(line->period_maxerror, line->counter_period_shift,
				       (int64_t)(fake_driver.counter - line->counter_value));

	return fake_driver.unreliable_above_ns &&
	       (line->time_maxerror_nanosec > fake_driver.unreliable_above_ns ||
		growth_ns > fake_driver.unreliable_above_ns - line->time_maxerror_nanosec);
}

/* Nothing may be concluded from the line any more. */
static void forget(void)
{
	fake_driver.line_valid = false;
	fake_driver.line.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	fake_driver.line.flags &= ~VMCLOCK_FLAG_TIME_MONOTONIC;
}

static void lose_clock(void)
{
	fake_driver.clock_lost |= fake_driver.host_clock != VMCLOCK_HOST_CLOCK_NONE;
}

/* What the driver's own work would have done by now. */
static void tend(void)
{
	struct vmclock_host_line *line = &fake_driver.line;
	uint8_t before = line->clock_status;

	if (!fake_driver.line_valid)
		return;
	if (fake_driver.now_ns >= fake_driver.deadline_ns)
		lose_clock();
	if (fake_driver.unstable) {
		forget();
		fake_driver.marker++;
	} else if (before != VMCLOCK_STATUS_UNRELIABLE && bound_too_large()) {
		line->clock_status = VMCLOCK_STATUS_UNRELIABLE;
	} else if (before == VMCLOCK_STATUS_SYNCHRONIZED &&
		   fake_driver.now_ns >= fake_driver.deadline_ns) {
		line->clock_status = VMCLOCK_STATUS_FREERUNNING;
	}
	if (line->clock_status != before)
		fake_driver.seq_count += 2;
}

static bool is_steppable(const struct vmclock_host_reference *ref)
{
	return ref->host_clock == VMCLOCK_HOST_CLOCK_STEER_STEP &&
	       (uint64_t)llabs(fake_driver.clock_ahead_ns) > ref->step_threshold_ns;
}

static int check_steering(const struct vmclock_host_reference *ref)
{
	if (!(fake_driver.info.features & VMCLOCK_HOST_FEATURE_STEER_HOST))
		return EOPNOTSUPP;
	if (fake_driver.clock_lost)
		return 0;
	if (ref->line.clock_status == VMCLOCK_STATUS_UNRELIABLE)
		return EINVAL;
	if (fake_driver.other_clocksource)
		return ENODEV;
	if (llabs(fake_driver.clock_ahead_ns) > 1000000000 && !is_steppable(ref))
		return ERANGE;
	return fake_driver.steer_errno;
}

static void release_clock(void)
{
	fake_driver.host_clock = VMCLOCK_HOST_CLOCK_NONE;
	fake_driver.clock_lost = false;
}

static void steer(const struct vmclock_host_reference *ref)
{
	if (ref->host_clock == VMCLOCK_HOST_CLOCK_NONE)
		release_clock();
	if (ref->host_clock == VMCLOCK_HOST_CLOCK_NONE || fake_driver.clock_lost)
		return;
	fake_driver.host_clock = ref->host_clock;
	if (!is_steppable(ref))
		return;
	fake_driver.clock_set_ns -= fake_driver.clock_ahead_ns;
	fake_driver.clock_ahead_ns = 0;
}

void fake_driver_interfere(void)
{
	lose_clock();
}

void fake_driver_switch_clocksource(bool other)
{
	lose_clock();
	fake_driver.other_clocksource = other;
	fake_driver.clocksource_seq++;
}

static int check(const struct vmclock_host_reference *ref)
{
	const struct vmclock_host_line *line = &ref->line;
	int64_t age = (int64_t)(fake_driver.counter - line->counter_value);
	double hz = 18446744073709551616.0 / (double)line->counter_period_frac_sec *
		    (double)(1ULL << line->counter_period_shift);
	double off = hz / (double)fake_driver.info.counter_nominal_hz - 1;

	if ((ref->flags & ~VMCLOCK_HOST_REF_DISRUPT) || ref->pad ||
	    ref->host_clock > VMCLOCK_HOST_CLOCK_STEER_STEP ||
	    (ref->step_threshold_ns && ref->host_clock != VMCLOCK_HOST_CLOCK_STEER_STEP) ||
	    (line->flags & ~PAGE_FLAGS) || line->time_type != VMCLOCK_TIME_TAI ||
	    line->counter_id != fake_driver.info.counter_id ||
	    line->clock_status == VMCLOCK_STATUS_UNKNOWN ||
	    line->clock_status > VMCLOCK_STATUS_UNRELIABLE)
		return EINVAL;
	if (off > 1e-3 || off < -1e-3 || line->time_sec >> 33 || ref->splice_max_ns >= 1000000000 ||
	    ref->lease_ns < fake_driver.info.lease_min_ns ||
	    ref->lease_ns > fake_driver.info.lease_max_ns || age < -1000000)
		return ERANGE;
	if (fake_driver.unstable)
		return ENODEV;
	return ref->host_clock ? check_steering(ref) : 0;
}

static int splice(struct vmclock_host_reference *ref)
{
	struct vmclock_line before = exact(&fake_driver.line);
	struct vmclock_line after = exact(&ref->line);
	vmclock_instant gap = vmclock_line_at(&before, fake_driver.counter) -
			      vmclock_line_at(&after, fake_driver.counter);
	uint64_t gap_ns;

	if (gap <= 0)
		return 0;
	gap_ns = vmclock_span_ns_up((vmclock_u128)gap);
	if (gap_ns > ref->splice_max_ns + 1)
		return ESTALE;
	after.origin += gap;
	ref->line.time_sec = (uint64_t)vmclock_instant_sec(after.origin);
	ref->line.time_frac_sec = vmclock_instant_frac(after.origin);
	ref->line.time_maxerror_nanosec += gap_ns;
	ref->raised_frac_sec = vmclock_instant_frac(gap);
	return 0;
}

static int set_reference(struct vmclock_host_reference *ref)
{
	bool disrupt = ref->flags & VMCLOCK_HOST_REF_DISRUPT;
	int err = check(ref);

	tend();
	if (!err && fake_driver.line_valid && !disrupt)
		err = splice(ref);
	if (err)
		return err;
	fake_driver.marker += disrupt;
	fake_driver.line = ref->line;
	if (disrupt)
		fake_driver.line.flags &= ~VMCLOCK_FLAG_TIME_MONOTONIC;
	fake_driver.line_valid = true;
	fake_driver.seq_count += 2;
	fake_driver.deadline_ns = fake_driver.now_ns + (int64_t)ref->lease_ns;
	fake_driver.unreliable_above_ns = ref->unreliable_above_ns;
	fake_driver.set_by_pid = 42;
	fake_driver.sets++;
	steer(ref);
	ref->disruption_marker = fake_driver.marker;
	tend();
	return 0;
}

static void describe_clock(struct vmclock_host_state *state)
{
	state->clocksource_seq = fake_driver.clocksource_seq;
	if (fake_driver.other_clocksource)
		return;
	state->valid |= VMCLOCK_HOST_STATE_HOST_CLOCK | VMCLOCK_HOST_STATE_PENDING_PHASE;
	state->host_clock =
		fake_driver.clock_lost ? VMCLOCK_HOST_CLOCK_NONE : fake_driver.host_clock;
	state->pending_phase_ns = fake_driver.clock_pending_ns;
	state->host_rate_offset = 429497; /* 100 ppm */
	if (!fake_driver.line_valid)
		return;
	state->valid |= VMCLOCK_HOST_STATE_DIFFERENCE;
	state->host_minus_reference_ns = fake_driver.clock_ahead_ns;
}

static int get_reference(struct vmclock_host_state *state)
{
	int64_t left_ns = fake_driver.deadline_ns - fake_driver.now_ns;

	tend();
	memset(state, 0, sizeof(*state));
	state->disruption_marker = fake_driver.marker;
	state->valid = (fake_driver.line_valid ? VMCLOCK_HOST_STATE_REFERENCE : 0) |
		       (fake_driver.writer ? VMCLOCK_HOST_STATE_WRITER : 0);
	describe_clock(state);
	if (!fake_driver.line_valid)
		return 0;
	state->line = fake_driver.line;
	state->line.time_type = VMCLOCK_TIME_TAI;
	state->line.counter_id = fake_driver.info.counter_id;
	state->lease_left_ns = left_ns > 0 ? (uint64_t)left_ns : 0;
	state->set_by_pid = fake_driver.set_by_pid;
	return 0;
}

static int disrupt(const struct vmclock_host_disrupt *request)
{
	if (request->reason < VMCLOCK_HOST_REASON_WRITER ||
	    request->reason > VMCLOCK_HOST_REASON_SUSPEND)
		return EINVAL;
	if (request->reason != VMCLOCK_HOST_REASON_WRITER) {
		lose_clock();
		forget();
	}
	fake_driver.marker++;
	fake_driver.seq_count += 2;
	return 0;
}

static int do_request(int fd, unsigned long request, void *argument)
{
	bool is_writer = fd == fake_driver.writer;

	if (fake_driver.fail_count && request == fake_driver.fail_request) {
		fake_driver.fail_count--;
		return fake_driver.fail_errno;
	}
	switch (request) {
	case VMCLOCK_HOST_GET_INFO:
		memcpy(argument, &fake_driver.info, sizeof(fake_driver.info));
		return 0;
	case VMCLOCK_HOST_GET_REFERENCE:
		return get_reference(argument);
	case VMCLOCK_HOST_SET_REFERENCE:
		if (!is_writer)
			return EBADF;
		memcpy(&fake_driver.last_set, argument, sizeof(fake_driver.last_set));
		return set_reference(argument);
	case VMCLOCK_HOST_GET_SNAPSHOT:
		if (fake_driver.unstable)
			return ENODEV;
		*(struct vmclock_host_snapshot *)argument = (struct vmclock_host_snapshot){
			.counter_value = fake_driver.counter,
			.realtime_ns = fake_driver.now_ns + 5000 + fake_driver.clock_set_ns,
			.monotonic_ns = fake_driver.now_ns};
		return 0;
	case VMCLOCK_HOST_DISRUPT:
		return is_writer ? disrupt(argument) : EBADF;
	default:
		return ENOTTY;
	}
}

/* Everything that the caller asked for has happened when it dies. */
static int outcome(int err, int value)
{
	if (fake_driver.die_at && ++fake_driver.calls == fake_driver.die_at)
		fake_driver.on_death();
	if (!err)
		return value;
	errno = err;
	return -1;
}

static int fake_ioctl(int fd, unsigned long request, void *argument)
{
	return outcome(do_request(fd, request, argument), 0);
}

static int may_open(int flags)
{
	if (!fake_driver.loaded)
		return ENOENT;
	if ((flags & O_ACCMODE) == O_RDONLY)
		return 0;
	if (!fake_driver.writable)
		return EACCES;
	if (!fake_driver.capable)
		return EPERM;
	return fake_driver.writer ? EBUSY : 0;
}

static int fake_open(const char *path, int flags)
{
	int err = strcmp(path, PAGE_KERNEL_DEVICE) ? ENOENT : may_open(flags);
	int fd = FIRST_FD + fake_driver.open_count;

	if (!err) {
		fake_driver.open_count++;
		if ((flags & O_ACCMODE) == O_RDWR)
			fake_driver.writer = fd;
	}
	return outcome(err, fd);
}

void fake_driver_writer_died(void)
{
	fake_driver.writer = 0;
	fake_driver.deadline_ns = 0;
	tend();
	release_clock();
}

static int fake_close(int fd)
{
	if (fd == fake_driver.writer)
		fake_driver_writer_died();
	return outcome(0, 0);
}

const struct page_kernel_ops fake_driver_ops = {fake_open, fake_ioctl, fake_close};

int fake_driver_set(const struct vmclock_host_reference *reference)
{
	struct vmclock_host_reference copy = *reference;

	return -set_reference(&copy);
}

void fake_driver_unload(void)
{
	fake_driver.loaded = false;
	fake_driver.line_valid = false;
	fake_driver.line = (struct vmclock_host_line){.clock_status = VMCLOCK_STATUS_UNRELIABLE};
	fake_driver.marker += 1000;
	fake_driver.writer = 0;
}

void fake_driver_page(struct vmclock_abi *page)
{
	const struct vmclock_host_line *line = &fake_driver.line;

	tend();
	*page = (struct vmclock_abi){
		.magic = htole32(VMCLOCK_MAGIC),
		.size = htole32(4096),
		.version = htole16(1),
		.counter_id = fake_driver.info.counter_id,
		.time_type = VMCLOCK_TIME_TAI,
		.seq_count = htole32(fake_driver.seq_count),
		.disruption_marker = htole64(fake_driver.marker),
		.flags = htole64(line->flags),
		.clock_status = line->clock_status,
		.leap_indicator = line->leap_indicator,
		.tai_offset_sec = (__le16)htole16((uint16_t)line->tai_offset_sec),
		.counter_period_shift = line->counter_period_shift,
		.counter_value = htole64(line->counter_value),
		.counter_period_frac_sec = htole64(line->counter_period_frac_sec),
		.counter_period_esterror_rate_frac_sec = htole64(line->period_esterror),
		.counter_period_maxerror_rate_frac_sec = htole64(line->period_maxerror),
		.time_sec = htole64(line->time_sec),
		.time_frac_sec = htole64(line->time_frac_sec),
		.time_esterror_nanosec = htole64(line->time_esterror_nanosec),
		.time_maxerror_nanosec = htole64(line->time_maxerror_nanosec),
	};
}

static uint64_t read_counter(void)
{
	return fake_driver.counter;
}

const struct counter fake_driver_counter = {.name = "tsc",
					    .page_id = VMCLOCK_COUNTER_X86_TSC,
					    .nominal_hz = 1e9,
					    .ns_per_tick = 1,
					    .read = read_counter};
