// SPDX-License-Identifier: GPL-2.0-or-later
/* Preloaded into ptp4l, which then believes that it steers the machine's clock: nothing does. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/timex.h>
#include <time.h>

int clock_adjtime(clockid_t id, struct timex *t);
int clock_adjtime(clockid_t id, struct timex *t)
{
	static long frequency; /* as it was last told */

	(void)id;
	if (t->modes & ADJ_FREQUENCY)
		frequency = t->freq;
	t->freq = frequency;
	t->tick = 10000;
	return TIME_OK;
}

int adjtimex(struct timex *t)
{
	return clock_adjtime(CLOCK_REALTIME, t);
}

int clock_settime(clockid_t id, const struct timespec *t)
{
	(void)id;
	(void)t;
	errno = EPERM;
	return -1;
}
