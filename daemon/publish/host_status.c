// SPDX-License-Identifier: GPL-2.0-or-later
/* How the host's clock follows, whoever steers it: for messages and reports. */
#include "host_status.h"

#include <math.h>

static const char *const mode_names[] = {
	[HOST_CLOCK_MODE_OFF] = "off",
	[HOST_CLOCK_MODE_ADJTIMEX] = "adjtimex",
	[HOST_CLOCK_MODE_KERNEL] = "kernel",
	[HOST_CLOCK_MODE_AUTO] = "auto",
};

static bool is_followed(enum host_clock_state state)
{
	return state == HOST_CLOCK_FOLLOWING || state == HOST_CLOCK_SLEWING;
}

static void tell_kernel(struct host_status *s, const struct host_kernel *kernel)
{
	s->state = kernel->state;
	s->why = kernel->why;
	if (is_followed(kernel->state))
		s->by = "kernel";
	if (!kernel->known)
		return;
	s->ahead_ns = kernel->ahead_ns;
	s->pending_ns = kernel->pending_ns;
	s->rate_ppb = kernel->rate_ppb;
}

static void tell_adjtimex(struct host_status *s, const struct host_clock *clock)
{
	s->state = clock->state;
	s->why = clock->why;
	if (is_followed(clock->state))
		s->by = "adjtimex";
	if (!clock->updates)
		return;
	s->ahead_ns = clock->ahead_ns;
	s->rate_ppb = host_clock_rate_ppb(clock);
}

/* Automatic: where nobody has followed yet, what keeps the kernel from it is told. */
static bool is_of_adjtimex(enum host_clock_mode mode, const struct host_clock *clock,
			   const struct host_kernel *kernel)
{
	if (mode != HOST_CLOCK_MODE_AUTO || kernel->state != HOST_CLOCK_WAITING)
		return mode == HOST_CLOCK_MODE_ADJTIMEX;
	return is_followed(clock->state) || clock->state == HOST_CLOCK_STOPPED ||
	       (clock->updates && !(kernel->offered && kernel->counts));
}

struct host_status host_status(enum host_clock_mode mode, const struct host_clock *clock,
			       const struct host_kernel *kernel)
{
	struct host_status s = {.mode = mode_names[mode],
				.why = "",
				.ahead_ns = NAN,
				.pending_ns = NAN,
				.rate_ppb = NAN,
				.steps = clock->steps + kernel->steps};

	if (mode == HOST_CLOCK_MODE_OFF)
		s.state = HOST_CLOCK_OFF;
	else if (is_of_adjtimex(mode, clock, kernel))
		tell_adjtimex(&s, clock);
	else
		tell_kernel(&s, kernel);
	return s;
}
