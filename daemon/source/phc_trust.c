// SPDX-License-Identifier: GPL-2.0-or-later
/* What a PTP hardware clock may be wrong by, and whether it follows anything at all. */
#include "phc_trust.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

static void call_unfit(struct phc_verdict *verdict, const char *why)
{
	verdict->unfit = true;
	snprintf(verdict->problem, sizeof(verdict->problem), "%s", why);
}

static void hear_driver(const struct phc_clock *clock, struct phc_verdict *verdict)
{
	double error_ns = INFINITY;
	int err = phc_published_error(clock->places, &clock->identity, &error_ns);

	if (!err)
		verdict->error_ns = error_ns;
	else if (err == -ENODATA)
		call_unfit(verdict, "the device says that it does not know its error: it is not "
				    "synchronised");
	else if (err == -EBADMSG)
		call_unfit(verdict, "phc_error_bound holds no number of nanoseconds");
}

/* What nobody states is for the operator to state, and never taken to be zero. */
static void hear_operator(const struct phc_clock *clock, struct phc_verdict *verdict)
{
	if (!isinf(verdict->error_ns) || verdict->unfit)
		return;
	if (clock->config->max_error_ns > 0)
		verdict->error_ns = 0; /* the operator's is added to every sample of the source */
	else
		snprintf(verdict->problem, sizeof(verdict->problem),
			 "nothing states the clock's own error, so it gives no bound: set "
			 "max-error");
}

void phc_judge(const struct phc_clock *clock, struct phc_verdict *out)
{
	*out = (struct phc_verdict){.error_ns = INFINITY};
	hear_driver(clock, out);
	hear_operator(clock, out);
}
