// SPDX-License-Identifier: GPL-2.0-or-later
/* What a thousand guests' pages cost the daemon: CPU time of updates, files as the daemon's. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/publish/guest_follow.h"

enum { GUESTS = 1000, ROUNDS = 30, VCPUS = 4, COLD_BYTES = 64 << 20 };

static uint64_t read_raw(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static const struct counter counter = {.name = "monotonic-raw",
				       .page_id = VMCLOCK_COUNTER_INVALID,
				       .nominal_hz = 1e9,
				       .ns_per_tick = 1,
				       .read = read_raw};

static double cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One file for each guest's lock. */
static void allow_files(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Every guest its own offset; every other one is scaled, as by VMX. */
static int add_guests(struct guest_pages *g)
{
	for (unsigned int i = 0; i < GUESTS; i++) {
		struct vmclock_scale scale = {.ratio = 1, .offset = i * 1234567891011ULL};
		struct guest_start start = {.scale = &scale};
		char name[16];
		int err;

		if (i % 2)
			scale.ratio = (1ULL << 48) + i * 1000003, scale.frac_bits = 48;
		snprintf(name, sizeof(name), "vm%u", i);
		err = guest_pages_add(g, name, &start);
		if (err)
			return err;
	}
	return 0;
}

static void update(struct guest_pages *g, unsigned int round)
{
	const struct page_calendar calendar = {.tai_offset_s = 37};
	uint64_t now = read_raw();
	struct publication p = {.line = {.counter = now,
					 .time_ns = INT64_C(1764547237000000000) + (int64_t)now,
					 .frac_ns = round * 0.1,
					 .rate_ppb = round},
				.est_error_ns = 10,
				.max_error_ns = 1000,
				.max_rate_error_ppb = 1000,
				.status = DISCIPLINE_SYNCHRONIZED};

	guest_pages_update(g, &p, &calendar);
}

/* Between two updates a second passes, in which others use the caches. */
static void cool_down(void)
{
	static char *others;

	if (!others)
		others = malloc(COLD_BYTES);
	if (others)
		memset(others, (int)read_raw(), COLD_BYTES);
}

static void print_costs(const char *what, double costs[ROUNDS])
{
	double sum = 0;

	for (unsigned int i = 0; i < ROUNDS; i++)
		sum += costs[i];
	qsort(costs, ROUNDS, sizeof(costs[0]), compare);
	printf("guests: %d %s, CPU time: median %.0f us, 99 %% %.0f us, max %.0f us; once a second "
	       "that is %.3f %% of a core\n",
	       GUESTS, what, costs[ROUNDS / 2], costs[ROUNDS * 99 / 100], costs[ROUNDS - 1],
	       sum / ROUNDS * 1e-4);
}

static void measure(struct guest_pages *g)
{
	double costs[ROUNDS];

	update(g, 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		cool_down();
		costs[i] = -cpu_us();
		update(g, i);
		costs[i] += cpu_us();
	}
	print_costs("pages updated", costs);
}

__attribute__((format(printf, 2, 3))) static void put(const char *text, const char *format, ...)
{
	char path[200];
	va_list arguments;
	FILE *file;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	file = fopen(path, "w");
	if (file)
		fputs(text, file), fclose(file);
}

__attribute__((format(printf, 1, 2))) static void make(const char *format, ...)
{
	char path[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	mkdir(path, 0755);
}

/* As KVM and /proc show one, in a file system that is as quick. */
static void make_machine(const char *top, int i)
{
	make("%s/%d", top, i);
	put("1 (x) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5 0\n", "%s/%d/stat", top, i);
	make("%s/%d-9", top, i);
	put("0\n", "%s/%d-9/nested_run", top, i);
	put("0\n", "%s/%d-9/guest_mode", top, i);
	for (int k = 0; k < VCPUS; k++) {
		make("%s/%d-9/vcpu%d", top, i, k);
		put("-5\n", "%s/%d-9/vcpu%d/tsc-offset", top, i, k);
		put("281474976710656\n", "%s/%d-9/vcpu%d/tsc-scaling-ratio", top, i, k);
		put("48\n", "%s/%d-9/vcpu%d/tsc-scaling-ratio-frac-bits", top, i, k);
	}
}

/* What it does in a second. Returns the longest round, us: nothing else is done meanwhile. */
static double follow_on(struct guest_follow *f, int64_t *now_ns)
{
	int64_t until_ns = *now_ns + 1000000000;
	double longest_us = 0;
	bool known;

	while (*now_ns < until_ns) {
		double round_us = -cpu_us();

		*now_ns += guest_follow_round(f, *now_ns, &known);
		round_us += cpu_us();
		longest_us = round_us > longest_us ? round_us : longest_us;
	}
	return longest_us;
}

static unsigned int known_of(const struct guest_pages *g)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < g->count; i++)
		count += g->guests[i].facts.known;
	return count;
}

static void measure_following(struct guest_pages *g, const char *top)
{
	struct guest_follow f = {.guests = g, .kvm_directory = top, .proc_directory = top};
	double costs[ROUNDS], longest_us = 0;
	int64_t now_ns = 1;

	for (int i = 0; i < GUESTS; i++) {
		char vm[GUEST_VM_MAX];

		make_machine(top, i + 1);
		snprintf(vm, sizeof(vm), "pid:%d:5", i + 1);
		guest_pages_bind(g, g->guests[i].name, vm);
	}
	for (int i = 0; i < 12; i++)
		follow_on(&f, &now_ns);
	if (known_of(g) != GUESTS)
		fprintf(stderr, "guests: only %u were found\n", known_of(g));
	for (unsigned int i = 0; i < ROUNDS; i++) {
		double round_us;

		costs[i] = -cpu_us();
		round_us = follow_on(&f, &now_ns);
		costs[i] += cpu_us();
		longest_us = round_us > longest_us ? round_us : longest_us;
	}
	print_costs("guests of 4 vCPUs followed in KVM's files for a second", costs);
	printf("guests: the longest round of these: %.0f us\n", longest_us);
	guest_follow_close(&f);
}

static void remove_all(const char *top)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	if (system(command))
		fprintf(stderr, "guests: %s is left\n", top);
}

int main(void)
{
	char top[] = "/dev/shm/vmclock-bench-XXXXXX", directory[64];
	struct guest_settings settings = {
		.directory = directory, .counter = &counter, .monotonic = true, .boot_id = "bench"};
	struct guest_pages g;
	int err;

	allow_files();
	if (!mkdtemp(top))
		return perror("/dev/shm"), 1;
	snprintf(directory, sizeof(directory), "%s/guests", top);
	err = guest_pages_open(&g, &settings);
	if (!err)
		err = add_guests(&g);
	if (err)
		fprintf(stderr, "guests: %s\n", strerror(-err));
	if (!err) {
		measure(&g);
		measure_following(&g, top);
	}
	guest_pages_close(&g);
	remove_all(top);
	return err != 0;
}
