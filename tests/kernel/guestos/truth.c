// SPDX-License-Identifier: GPL-2.0-or-later
/* A page held against the true time of a made-up device. */
#include "truth.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

bool truth_read(const char *module, struct truth *out)
{
	char path[100], text[100];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/truth", module);
	return get_text(path, text, sizeof(text)) &&
	       sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNd64, &out->before, &out->after,
		      &out->true_ns) == 3;
}

bool truth_compare(struct vmclock *clock, const char *module, int64_t scale_ns,
		   struct comparison *out)
{
	const struct vmclock_interval *tai = &out->reading.tai;
	uint64_t half_ticks;
	int64_t true_ns;

	if (vmclock_read_page(clock, &out->page) || !truth_read(module, &out->truth))
		return false;
	half_ticks = (out->truth.after - out->truth.before) / 2;
	if (vmclock_reading_at(&out->page, out->truth.before + half_ticks, &out->reading))
		return false;
	true_ns = out->truth.true_ns + scale_ns;
	out->error_ns = tai->time_ns - true_ns;
	/* A tick is 1 ns in virtual time, and less on other machines. */
	out->half_ns = (int64_t)half_ticks + 1;
	out->outside = true_ns + out->half_ns < tai->earliest_ns ||
		       true_ns - out->half_ns > tai->latest_ns;
	return true;
}

static void judge(struct truth_watch *watch, const struct comparison *now)
{
	const struct vmclock_interval *tai = &now->reading.tai;

	watch->readings++;
	if (now->outside && watch->outside++ < 5)
		note("wrong: off by %" PRId64 " ns, bound %" PRIu64 " ns", now->error_ns,
		     now->reading.max_error_ns);
	if (llabs(now->error_ns) > watch->worst_ns)
		watch->worst_ns = llabs(now->error_ns);
	if (tai->latest_ns - tai->time_ns > watch->widest_ns)
		watch->widest_ns = tai->latest_ns - tai->time_ns;
}

static void *read_on(void *context)
{
	struct truth_watch *watch = context;
	struct vmclock *clock;

	if (vmclock_open(watch->path, 0, &clock))
		return NULL;
	while (!watch->stop) {
		struct comparison now;

		if (truth_compare(clock, watch->module, watch->scale_ns, &now))
			judge(watch, &now);
		else
			watch->unreadable++;
		sleep_ms(5);
	}
	vmclock_close(clock);
	return NULL;
}

void truth_watch_begin(struct truth_watch *watch, const char *path, const char *module,
		       int64_t scale_ns)
{
	*watch = (struct truth_watch){.path = path, .module = module, .scale_ns = scale_ns};
	pthread_create(&watch->thread, NULL, read_on, watch);
}

bool truth_watch_end(struct truth_watch *watch)
{
	watch->stop = true;
	pthread_join(watch->thread, NULL);
	note("%" PRIu64 " readings, %" PRIu64 " without a time, %" PRIu64
	     " outside of the bound; error at most %" PRId64 " ns, bound at most %" PRId64 " ns",
	     watch->readings, watch->unreadable, watch->outside, watch->worst_ns, watch->widest_ns);
	return !watch->outside;
}

struct vmclock *truth_wait_for_page(const char *path, int limit_s)
{
	struct vmclock_reading reading;
	struct vmclock *clock;

	for (int i = 0; i < limit_s * 100; i++, sleep_ms(10)) {
		if (vmclock_open(path, 0, &clock))
			continue;
		if (!vmclock_now(clock, &reading))
			return clock;
		vmclock_close(clock);
	}
	return NULL;
}
