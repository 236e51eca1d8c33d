// SPDX-License-Identifier: GPL-2.0-or-later
/* When to look for the next pulse: just after it is due, again soon while it is late. */
#include "pulse_timer.h"

#define SECOND_NS INT64_C(1000000000)
/* The interrupt is served within this; the loop's rounding to ms adds to it. */
#define READ_DELAY_NS 300000
#define RETRY_LEAST_NS 1000000
#define RETRY_MOST_NS 250000000
/* After so many seconds without a pulse it may come back anywhere. */
#define SILENT_TO_SEARCH 10

int64_t pulse_timer_seen(struct pulse_timer *t, int64_t now_ns, int64_t age_ns)
{
	if (age_ns < 0)
		age_ns = 0;
	t->due_ns = now_ns - age_ns % SECOND_NS + SECOND_NS;
	t->retry_ns = RETRY_LEAST_NS;
	t->silent = 0;
	return t->due_ns + READ_DELAY_NS;
}

/* Not known when the next one is due: it is looked for in every quarter of a second. */
static int64_t search(struct pulse_timer *t, int64_t now_ns, unsigned int *missed)
{
	*missed = ++t->searches % (SECOND_NS / RETRY_MOST_NS) == 0;
	return now_ns + RETRY_MOST_NS;
}

int64_t pulse_timer_none(struct pulse_timer *t, int64_t now_ns, unsigned int *missed)
{
	int64_t retry_ns = t->retry_ns;

	if (!t->due_ns)
		return search(t, now_ns, missed);
	*missed = 0;
	if (t->retry_ns < RETRY_MOST_NS)
		t->retry_ns *= 2;
	/* Half a second late is missed; the next one is looked for where it should be. */
	if (now_ns - t->due_ns < SECOND_NS / 2)
		return now_ns + retry_ns;
	*missed = 1 + (unsigned int)((now_ns - t->due_ns - SECOND_NS / 2) / SECOND_NS);
	t->silent += *missed;
	t->due_ns += *missed * SECOND_NS;
	t->retry_ns = RETRY_LEAST_NS;
	if (t->silent < SILENT_TO_SEARCH)
		return t->due_ns + READ_DELAY_NS;
	t->due_ns = 0;
	return now_ns + RETRY_MOST_NS;
}
