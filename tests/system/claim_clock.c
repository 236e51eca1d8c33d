// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into the daemon: what the kernel says of its own clock is changed on the way.
 *
 * CLAIM_MAXERROR_US sets the maximum error, CLAIM_UNSYNCHRONIZED=1 makes it unsynchronised. The
 * clock itself is read as it is, and calls that would change it fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

static int claim(struct timex *t)
{
	const char *maxerror_us = getenv("CLAIM_MAXERROR_US");

	if (t->modes) {
		errno = EPERM;
		return -1;
	}
	if (syscall(SYS_adjtimex, t) < 0)
		return -1;
	if (maxerror_us) {
		t->maxerror = atol(maxerror_us);
		t->esterror = t->maxerror / 10;
	}
	if (getenv("CLAIM_UNSYNCHRONIZED")) {
		t->status |= STA_UNSYNC;
		return TIME_ERROR;
	}
	t->status &= ~STA_UNSYNC;
	return TIME_OK;
}

int adjtimex(struct timex *t)
{
	return claim(t);
}

int ntp_adjtime(struct timex *t)
{
	return claim(t);
}

int clock_adjtime(clockid_t id, struct timex *t);
int clock_adjtime(clockid_t id, struct timex *t)
{
	(void)id;
	return claim(t);
}
