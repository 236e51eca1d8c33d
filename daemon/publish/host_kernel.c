// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's own clock follows the page by the kernel's hand: what to ask for, and how it goes. */
#include "host_kernel.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <linux/vmclock-abi.h>

/* The kernel slews by 500 us a second: more than this is not gone at the next look. */
#define SLEWING_NS 300e3
/* A line that the kernel refuses for its clock is like the one before; whoever steers meanwhile is
 * disturbed by each attempt. */
#define RETRY_NS INT64_C(60000000000)

static const char no_driver[] = "the kernel driver vmclock_host is not in use";
static const char not_offered[] = "this kernel cannot follow the page: vmclock_host does not offer "
				  "STEER_HOST";
static const char not_counting[] = "the counter is not the kernel's clocksource";

static void wait_for(struct host_kernel *h, const char *what)
{
	h->following = false;
	h->known = false;
	if (!h->settings.wanted || h->state == HOST_CLOCK_STOPPED)
		return;
	h->state = HOST_CLOCK_WAITING;
	snprintf(h->why, sizeof(h->why), "%s", what);
}

void host_kernel_init(struct host_kernel *h, const struct host_kernel_settings *settings)
{
	*h = (struct host_kernel){.settings = *settings, .state = HOST_CLOCK_OFF};
	wait_for(h, no_driver);
}

void host_kernel_opened(struct host_kernel *h, bool offered)
{
	h->offered = offered;
	h->lost = false;
	h->retry_at_ns = INT64_MIN;
	wait_for(h, offered ? "no usable time yet" : not_offered);
}

void host_kernel_closed(struct host_kernel *h)
{
	h->offered = false;
	h->counts = false;
	wait_for(h, no_driver);
}

void host_kernel_stop(struct host_kernel *h, const char *why)
{
	if (h->state == HOST_CLOCK_OFF || h->state == HOST_CLOCK_STOPPED)
		return;
	wait_for(h, why);
	h->state = HOST_CLOCK_STOPPED;
}

/* The driver does not begin again by itself, and neither do we where a person has to look. */
static void ended(struct host_kernel *h, const struct vmclock_host_state *state)
{
	h->lost = true;
	if (!(state->valid & VMCLOCK_HOST_STATE_REFERENCE))
		wait_for(h, "the page's line became void");
	else if (state->clocksource_seq != h->clocksource_seq)
		wait_for(h, "the clocksource has changed");
	else if (!state->lease_left_ns)
		wait_for(h, "the line was not renewed in time");
	else
		host_kernel_stop(h, "another program has set the clock, or changed its rate");
}

static void note(struct host_kernel *h, const struct vmclock_host_state *state)
{
	uint32_t all = VMCLOCK_HOST_STATE_HOST_CLOCK | VMCLOCK_HOST_STATE_DIFFERENCE |
		       VMCLOCK_HOST_STATE_PENDING_PHASE;

	h->known = (state->valid & all) == all;
	if (!h->known)
		return;
	h->ahead_ns = (double)state->host_minus_reference_ns;
	h->pending_ns = (double)state->pending_phase_ns;
	h->rate_ppb = ldexp((double)state->host_rate_offset, -32) * 1e9;
	h->state = fabs(h->pending_ns) > SLEWING_NS ? HOST_CLOCK_SLEWING : HOST_CLOCK_FOLLOWING;
	h->why[0] = '\0';
}

void host_kernel_seen(struct host_kernel *h, const struct vmclock_host_state *state)
{
	h->counts = state->valid & VMCLOCK_HOST_STATE_HOST_CLOCK;
	if (h->following && state->host_clock == VMCLOCK_HOST_CLOCK_NONE)
		ended(h, state);
	else if (h->following)
		note(h, state);
	if (!h->following && h->offered && !h->counts)
		wait_for(h, not_counting);
	h->clocksource_seq = state->clocksource_seq;
}

bool host_kernel_able(const struct host_kernel *h, int64_t now_ns)
{
	return h->settings.wanted && h->offered && h->counts && h->state != HOST_CLOCK_STOPPED &&
	       now_ns >= h->retry_at_ns;
}

static bool is_usable(const struct vmclock_host_line *line)
{
	return line->clock_status == VMCLOCK_STATUS_SYNCHRONIZED ||
	       line->clock_status == VMCLOCK_STATUS_FREERUNNING;
}

bool host_kernel_ask(struct host_kernel *h, struct vmclock_host_reference *set, int64_t now_ns)
{
	if (!host_kernel_able(h, now_ns))
		return false;
	if (!is_usable(&set->line)) {
		wait_for(h, "the page does not tell a usable time");
		return false;
	}
	if (h->lost)
		return true;
	if (!h->following && h->settings.take_over)
		h->settings.take_over(h->settings.context);
	set->host_clock = VMCLOCK_HOST_CLOCK_STEER;
	if (h->updates < h->settings.step_limit) {
		set->host_clock = VMCLOCK_HOST_CLOCK_STEER_STEP;
		set->step_threshold_ns = (uint64_t)h->settings.step_above_ns;
	}
	return false;
}

void host_kernel_taken(struct host_kernel *h, const struct vmclock_host_reference *set)
{
	h->following = set->host_clock != VMCLOCK_HOST_CLOCK_NONE;
	if (h->following)
		h->updates++;
	else
		h->lost = false;
}

void host_kernel_refused(struct host_kernel *h, int err, int64_t now_ns)
{
	char why[sizeof(h->why)];

	h->retry_at_ns = now_ns + RETRY_NS;
	switch (err) {
	case -ENODEV:
		h->retry_at_ns = now_ns;
		h->counts = false; /* until the next look */
		wait_for(h, not_counting);
		break;
	case -ERANGE:
		wait_for(h, "the kernel refuses: off by more than 1 s and not to be set, or more "
			    "than 500 ppm from its nominal rate");
		break;
	case -EBUSY:
		wait_for(h, "the kernel refuses: its clock follows another driver's reference");
		break;
	default:
		snprintf(why, sizeof(why), "the kernel refuses: %s", strerror(-err));
		wait_for(h, why);
	}
}

void host_kernel_stepped(struct host_kernel *h, double by_ns)
{
	h->steps++;
	h->stepped_ns = by_ns;
}
