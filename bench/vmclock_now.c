// SPDX-License-Identifier: GPL-2.0-or-later
/* What a vmclock_now() costs beside a bare counter read and clock_gettime(), in one run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vmclock.h>
#include <vmclock_writer.h>

/* A batch is long enough to time with the counter, and short enough to show single delays. */
enum { BATCH = 16, BATCHES = 40000 };

struct contestant {
	const char *name;
	void (*run)(struct vmclock *clock);
	uint64_t ticks[BATCHES];
};

static uint64_t read_counter(void)
{
#if defined(__x86_64__)
	uint32_t lo, hi;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
#elif defined(__aarch64__)
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
#else
#error "no counter to compare with"
#endif
}

static void run_counter(struct vmclock *clock)
{
	(void)clock;
	for (int i = 0; i < BATCH; i++)
		read_counter();
}

static void run_now(struct vmclock *clock)
{
	struct vmclock_reading reading;

	for (int i = 0; i < BATCH; i++)
		vmclock_now(clock, &reading);
}

static void run_gettime(struct vmclock *clock)
{
	struct timespec ts;

	(void)clock;
	for (int i = 0; i < BATCH; i++)
		clock_gettime(CLOCK_REALTIME, &ts);
}

static struct contestant contestants[] = {
	{.name = "fenced counter read", .run = run_counter},
	{.name = "vmclock_now", .run = run_now},
	{.name = "clock_gettime(CLOCK_REALTIME)", .run = run_gettime},
};

enum { CONTESTANTS = sizeof(contestants) / sizeof(contestants[0]) };

static double monotonic_raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* In turns, so that a change of the machine's mood hits all of them; returns ns per tick. */
static double run_all(struct vmclock *clock)
{
	double start_ns = monotonic_raw_ns();
	uint64_t start = read_counter();

	for (int batch = 0; batch < BATCHES; batch++) {
		for (int i = 0; i < CONTESTANTS; i++) {
			uint64_t before = read_counter();

			contestants[i].run(clock);
			contestants[i].ticks[batch] = read_counter() - before;
		}
	}
	return (monotonic_raw_ns() - start_ns) / (double)(read_counter() - start);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double rank_ns(const struct contestant *c, int rank, double ns_per_tick)
{
	return (double)c->ticks[rank] * ns_per_tick / BATCH;
}

static void report(double ns_per_tick)
{
	double bare_ns = 0;

	printf("ns a call, in batches of %d    median    99 %%      max    / counter read\n",
	       BATCH);
	for (int i = 0; i < CONTESTANTS; i++) {
		struct contestant *c = &contestants[i];
		double median_ns;

		qsort(c->ticks, BATCHES, sizeof(c->ticks[0]), compare);
		median_ns = rank_ns(c, BATCHES / 2, ns_per_tick);
		if (i == 0)
			bare_ns = median_ns;
		printf("%-30s %6.1f  %6.1f  %7.1f    %.2f\n", c->name, median_ns,
		       rank_ns(c, BATCHES - BATCHES / 100, ns_per_tick),
		       rank_ns(c, BATCHES - 1, ns_per_tick), median_ns / bare_ns);
	}
}

/* A page with everything valid that there is to compute. */
static int make_page(const char *path)
{
	struct vmclock_reference reference = {
		.counter_value = read_counter(),
		.counter_period_frac_sec = 0xd79435e50d79435eULL, /* 2.55 GHz */
		.counter_period_shift = 31,
		.period_esterror = 1ULL << 30,
		.period_maxerror = 1ULL << 40,
		.time_sec = (uint64_t)time(NULL) + 37,
		.time_esterror_nanosec = 200,
		.time_maxerror_nanosec = 20000,
		.flags = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_PERIOD_ESTERROR_VALID |
			 VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID |
			 VMCLOCK_FLAG_TIME_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MONOTONIC,
		.tai_offset_sec = -37,
		.clock_status = VMCLOCK_STATUS_SYNCHRONIZED,
	};
	uint8_t id = VMCLOCK_COUNTER_X86_TSC;
	struct vmclock_writer *writer;
	int rc;

#ifdef __aarch64__
	id = VMCLOCK_COUNTER_ARM_VCNT;
#endif
	rc = vmclock_writer_open(path, id, read_counter, &writer);
	if (!rc)
		rc = vmclock_writer_publish(writer, &reference, 0, NULL);
	vmclock_writer_close(writer);
	return rc;
}

int main(void)
{
	char dir[] = "/tmp/bench-vmclock-XXXXXX";
	char page[64], journal[64];
	struct vmclock *clock = NULL;
	int rc;

	if (!mkdtemp(dir)) {
		perror(dir);
		return 1;
	}
	snprintf(page, sizeof(page), "%s/page", dir);
	snprintf(journal, sizeof(journal), "%s/page.journal", dir);
	rc = make_page(page);
	if (!rc)
		rc = vmclock_open(page, 0, &clock);
	if (!rc)
		report(run_all(clock));
	else
		fprintf(stderr, "no page to read: %s\n", strerror(-rc));
	vmclock_close(clock);
	unlink(page);
	unlink(journal);
	rmdir(dir);
	return rc != 0;
}
