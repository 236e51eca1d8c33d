// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines that a test gives to the driver, and how far the host's clock is from them. */
#include <string.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "reference.h"

#define SHIFT 24

static vmclock_instant instant_of_ns(int64_t ns)
{
	vmclock_u128 frac = ((vmclock_u128)(uint64_t)(ns % 1000000000) << 64) / 1000000000;

	return vmclock_instant_from((uint64_t)(ns / 1000000000), (uint64_t)frac);
}

struct moment host_clock(int fd)
{
	struct vmclock_host_snapshot snapshot = {.size = sizeof(snapshot)};
	struct moment moment = {0};

	if (ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, &snapshot)) {
		check(false, "GET_SNAPSHOT");
		return moment;
	}
	moment.counter = snapshot.counter_value;
	moment.tai = instant_of_ns(snapshot.realtime_ns + TAI_OFFSET * 1000000000LL);
	return moment;
}

bool wait_for_counter(void)
{
	static const char path[] =
		"/sys/devices/system/clocksource/clocksource0/current_clocksource";
	char name[32] = "";

	for (int n = 0; n < 200 && strcmp(name, "tsc"); n++) {
		sleep_ms(50);
		get_text(path, name, sizeof(name));
	}
	return !strcmp(name, "tsc");
}

struct vmclock_line line_through(struct moment moment, int64_t ppt)
{
	static uint64_t hz;
	struct vmclock_line line = {
		.counter = moment.counter, .shift = SHIFT, .origin = moment.tai};
	uint64_t nominal;

	if (!hz)
		hz = counter_hz();
	nominal = (uint64_t)(((vmclock_u128)1 << (64 + SHIFT)) / hz);
	line.period = nominal + (uint64_t)((__int128)nominal * ppt / 1000000000000LL);
	return line;
}

struct vmclock_host_reference reference(const struct vmclock_line *line)
{
	struct vmclock_host_reference ref = {
		.size = sizeof(ref),
		.line = {.counter_value = line->counter,
			 .counter_period_frac_sec = line->period,
			 .counter_period_shift = line->shift,
			 .time_sec = (uint64_t)vmclock_instant_sec(line->origin),
			 .time_frac_sec = vmclock_instant_frac(line->origin),
			 .time_esterror_nanosec = 1000,
			 .time_maxerror_nanosec = 5000,
			 .flags = VMCLOCK_FLAG_TIME_ESTERROR_VALID |
				  VMCLOCK_FLAG_TIME_MAXERROR_VALID |
				  VMCLOCK_FLAG_PERIOD_MAXERROR_VALID |
				  VMCLOCK_FLAG_TAI_OFFSET_VALID,
			 .tai_offset_sec = -TAI_OFFSET,
			 .clock_status = VMCLOCK_STATUS_SYNCHRONIZED,
			 .time_type = VMCLOCK_TIME_TAI,
			 .counter_id = VMCLOCK_COUNTER_X86_TSC},
		.flags = VMCLOCK_HOST_REF_DISRUPT,
		.lease_ns = 1000000 * MS,
	};

	return ref;
}

struct vmclock_line line_from(const struct vmclock_line *line, uint64_t counter)
{
	struct vmclock_line moved = *line;

	moved.counter = counter;
	moved.origin = vmclock_line_at(line, counter);
	return moved;
}

int set_reference(int fd, struct vmclock_host_reference ref)
{
	return ioctl(fd, VMCLOCK_HOST_SET_REFERENCE, &ref);
}

int steer(int fd, const struct vmclock_line *line)
{
	struct vmclock_host_reference ref = reference(line);

	ref.host_clock = VMCLOCK_HOST_CLOCK_STEER;
	return set_reference(fd, ref);
}

int steer_step(int fd, const struct vmclock_line *line, uint64_t threshold_ns)
{
	struct vmclock_host_reference ref = reference(line);

	ref.host_clock = VMCLOCK_HOST_CLOCK_STEER_STEP;
	ref.step_threshold_ns = threshold_ns;
	return set_reference(fd, ref);
}

int64_t error_of_ps(struct moment moment, const struct vmclock_line *line)
{
	vmclock_instant off = moment.tai - vmclock_line_at(line, moment.counter);

	return (int64_t)((off * 1000000000000LL) >> 64);
}

int64_t error_ps(int fd, const struct vmclock_line *line)
{
	return error_of_ps(host_clock(fd), line);
}

struct vmclock_host_state state_of(int fd)
{
	struct vmclock_host_state state = {.size = sizeof(state)};

	if (ioctl(fd, VMCLOCK_HOST_GET_REFERENCE, &state))
		check(false, "GET_REFERENCE");
	return state;
}

int64_t outstanding_ps(int fd)
{
	struct vmclock_host_state state = state_of(fd);

	return state.pending_phase_ns * 1000 + ((state.ntp_error_frac_ns * 1000) >> 32);
}
