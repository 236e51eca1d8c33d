// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel driver says of its page beside what the page says itself. */
#include "driver.h"

#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "format.h"

bool driver_asked(const char *path, const struct vmclock_abi *page, struct vmclock_host_state *out)
{
	int fd = open(path ? path : "/dev/vmclock_host", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool answered;

	if (fd < 0)
		return false;
	*out = (struct vmclock_host_state){.size = sizeof(*out)};
	answered = ioctl(fd, VMCLOCK_HOST_GET_REFERENCE, out) == 0;
	close(fd);
	/* The marker tells whether it is the same page: no two have the same by chance. */
	return answered && out->disruption_marker == le64toh(page->disruption_marker);
}

/* Since the line was set, as the kernel counts it; suspend included. */
static double age_s(const struct vmclock_host_state *state)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9 - (double)state->set_at_ns * 1e-9;
}

static const char *reason_name(uint32_t reason)
{
	static const char *const names[] = {
		[VMCLOCK_HOST_REASON_NONE] = "none",
		[VMCLOCK_HOST_REASON_WRITER] = "the writer",
		[VMCLOCK_HOST_REASON_MIGRATION] = "migration",
		[VMCLOCK_HOST_REASON_COUNTER] = "the counter",
		[VMCLOCK_HOST_REASON_SUSPEND] = "suspend",
		[VMCLOCK_HOST_REASON_HOST_CLOCK] = "the host's clock",
	};

	return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : "unknown";
}

static void print_line(const struct vmclock_host_state *state)
{
	struct text age, left;

	if (state->valid & VMCLOCK_HOST_STATE_FROM_HOST) {
		printf("driver: follows the host's clock, since nobody has set a line\n");
		return;
	}
	if (!(state->valid & VMCLOCK_HOST_STATE_REFERENCE)) {
		printf("driver: has no line\n");
		return;
	}
	printf("driver: line set %s ago by process %u of user %u, ",
	       format_time(&age, age_s(state) * 1e9), state->set_by_pid, state->set_by_uid);
	if (state->lease_left_ns)
		printf("lease %s left\n", format_time(&left, (double)state->lease_left_ns));
	else
		printf("lease at its end\n");
}

void driver_print(const struct vmclock_host_state *state)
{
	struct text offset;

	print_line(state);
	printf("driver: %s, last disruption by %s\n",
	       state->valid & VMCLOCK_HOST_STATE_WRITER ? "open for writing"
							: "nobody has it open for writing",
	       reason_name(state->disruption_reason));
	if (state->valid & VMCLOCK_HOST_STATE_DIFFERENCE)
		printf("driver: the host's clock is %s from this page (+: ahead)\n",
		       format_offset(&offset, (double)state->host_minus_reference_ns));
}

json_t *driver_json(const struct vmclock_host_state *state)
{
	bool set = state && state->valid & VMCLOCK_HOST_STATE_REFERENCE;

	if (!state)
		return json_null();
	return json_pack("{s:b, s:b, s:o, s:o, s:o, s:o, s:s, s:o}", "open_for_writing",
			 (state->valid & VMCLOCK_HOST_STATE_WRITER) != 0, "from_host",
			 (state->valid & VMCLOCK_HOST_STATE_FROM_HOST) != 0, "set_by_pid",
			 set ? json_integer(state->set_by_pid) : json_null(), "set_by_uid",
			 set ? json_integer(state->set_by_uid) : json_null(), "set_age_s",
			 set ? json_real(age_s(state)) : json_null(), "lease_left_s",
			 set ? json_real((double)state->lease_left_ns * 1e-9) : json_null(),
			 "disruption_reason", reason_name(state->disruption_reason),
			 "host_minus_reference_ns",
			 state->valid & VMCLOCK_HOST_STATE_DIFFERENCE
				 ? json_integer(state->host_minus_reference_ns)
				 : json_null());
}
