// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks a guest what its clocks say, and judges that: guest_peer TALK COMMAND [ARGUMENT]...; TAP.
 *
 *   offset                      "LOW HIGH": between these is guest's counter minus machine's
 *   state                       one reading, as JSON
 *   compare PAGE LOW HIGH N     N readings against the machine's own page and clock
 *   follows PAGE LOW HIGH N     the same of CLOCK_TAI, once it has come there by itself
 *   watch PAGE                  reads until SIGTERM; one line for each change of status or marker
 *   quit                        the guest goes on with other things
 *
 * Each reading lies between two of the machine's counter: that is the bracket. The guest was
 * stopped or had no processor in between? Then the bracket is wide, and the reading says little.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <vmclock.h>

#include "guest_talk.h"

enum {
	PATIENCE_S = 120,
	ROUNDS_MIN = 3000,
	OFFSET_WIDTH_MAX = 500, /* ticks; 60 to 170 ns were seen on idle machines */
	ALLOWED_NS = 200,
};

/* One exchange: what the guest said, and the machine's counter and clock around it. */
struct exchange {
	struct guest_talk said;
	uint64_t before, after;
	int64_t utc_before_ns, utc_after_ns;
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void die(const char *why)
{
	printf("not ok - %s\n", why);
	exit(1);
}

/* False: SIGTERM came. */
static bool ask(struct guest_talk *talk, uint32_t command, struct exchange *x)
{
	int64_t until = clock_ns(CLOCK_MONOTONIC) + PATIENCE_S * INT64_C(1000000000);
	uint32_t request = talk->request + 1;

	talk->command = command;
	x->utc_before_ns = clock_ns(CLOCK_REALTIME);
	x->before = guest_talk_counter();
	__atomic_store_n(&talk->request, request, __ATOMIC_RELEASE);
	for (unsigned int i = 1; __atomic_load_n(&talk->reply, __ATOMIC_ACQUIRE) != request; i++) {
		if (i % 65536)
			continue;
		if (ended)
			return false;
		if (clock_ns(CLOCK_MONOTONIC) > until)
			die("the guest answers");
	}
	x->after = guest_talk_counter();
	x->utc_after_ns = clock_ns(CLOCK_REALTIME);
	x->said = *talk;
	return true;
}

/*
 * The offset is constant: each round trip says more, and none takes anything back. The counters of
 * two processors differ by some ticks: by so much the limits may change sides.
 */
static void find_offset(struct guest_talk *talk)
{
	int64_t until = clock_ns(CLOCK_MONOTONIC) + PATIENCE_S * INT64_C(1000000000);
	int64_t low = INT64_MIN, high = INT64_MAX;
	struct exchange x;

	for (int i = 0; i < ROUNDS_MIN || high - low > OFFSET_WIDTH_MAX; i++) {
		if (!ask(talk, GUEST_PING, &x) || clock_ns(CLOCK_MONOTONIC) > until)
			die("the guest's offset can be measured");
		if ((int64_t)(x.said.tsc_before - x.after) > low)
			low = (int64_t)(x.said.tsc_before - x.after);
		if ((int64_t)(x.said.tsc_before - x.before) < high)
			high = (int64_t)(x.said.tsc_before - x.before);
	}
	printf("%" PRId64 " %" PRId64 "\n", low, high);
}

static void print_state(const struct guest_talk *said)
{
	printf("{\"phc_error\": %d, \"phc_ns\": %" PRId64 ", \"page_error\": %d, \"status\": %u, "
	       "\"marker\": \"%" PRIu64 "\"}\n",
	       said->phc_error, said->phc_ns, said->page_error, said->status, said->marker);
	fflush(stdout);
}

/* TAI by the machine's own page at a value of its counter. */
static int64_t reference(const struct vmclock_abi *page, uint64_t counter)
{
	struct vmclock_reading at;

	if (vmclock_reading_at(page, counter, &at))
		die("the machine's own page can be read");
	return at.tai.time_ns;
}

/* How far a time lies outside of what the machine's page said from one moment to another. */
static int64_t outside(int64_t time_ns, int64_t from_ns, int64_t to_ns)
{
	if (time_ns < from_ns)
		return time_ns - from_ns;
	return time_ns > to_ns ? time_ns - to_ns : 0;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void distribution(const char *what, int64_t *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), by_size);
	printf("# %s: median %" PRId64 ", 99 %% %" PRId64 ", max %" PRId64 " ns\n", what,
	       values[n / 2], values[n * 99 / 100], values[n - 1]);
}

static void verdict(bool good, const char *what, int bad, int n)
{
	printf("%s - %s (%d of %d do not)\n", good ? "ok" : "not ok", what, bad, n);
}

struct comparison {
	int n;
	int phc_outside, page_outside, beyond_bound;
	int64_t *error_ns, *half_ns;
};

/* The PTP clock between the tighter of two brackets: the machine's, and the guest's own. */
static void compare_one(struct comparison *c, const struct exchange *x,
			const struct vmclock_abi *page, int64_t low, int64_t high)
{
	uint64_t from = x->said.tsc_before - (uint64_t)high;
	uint64_t to = x->said.tsc_after - (uint64_t)low;
	int64_t from_ns = reference(page, from), to_ns = reference(page, to);
	int64_t bound_ns = (int64_t)x->said.max_error_ns;
	int64_t utc_ns = x->said.phc_ns - (x->said.tai_ns - x->said.utc_latest_ns + bound_ns);

	c->error_ns[c->n] = llabs(x->said.phc_ns - (from_ns + to_ns) / 2);
	c->half_ns[c->n++] = (to_ns - from_ns) / 2;
	c->phc_outside += llabs(outside(x->said.phc_ns, from_ns, to_ns)) > ALLOWED_NS;
	c->page_outside += llabs(outside(x->said.tai_ns, reference(page, x->before),
					 reference(page, x->after))) > ALLOWED_NS;
	c->beyond_bound += utc_ns - bound_ns > x->utc_after_ns ||
			   utc_ns + bound_ns < x->utc_before_ns ||
			   x->said.utc_earliest_ns > x->utc_after_ns ||
			   x->said.utc_latest_ns < x->utc_before_ns;
}

/* One reading, and the machine's page at that time. False: there is another line on it since, by
 * which one cannot say exactly what the one before said; or SIGTERM came. */
static bool read_both(struct guest_talk *talk, struct vmclock *clock, struct exchange *x,
		      struct vmclock_abi *page)
{
	struct vmclock_abi before;

	return !vmclock_read_page(clock, &before) && ask(talk, GUEST_READ, x) &&
	       !vmclock_read_page(clock, page) && before.counter_value == page->counter_value;
}

static struct vmclock *open_page(const char *path)
{
	struct vmclock *clock;

	if (vmclock_open(path, 0, &clock))
		die("the machine's own page can be opened");
	return clock;
}

/* CLOCK_TAI less the middle of its bracket, and half of that. */
static int64_t clock_error(const struct exchange *x, const struct vmclock_abi *page, int64_t low,
			   int64_t high, int64_t *half_ns)
{
	int64_t from_ns = reference(page, x->said.clock_before - (uint64_t)high);
	int64_t to_ns = reference(page, x->said.clock_after - (uint64_t)low);

	*half_ns = (to_ns - from_ns) / 2;
	return x->said.clock_ns - (from_ns + to_ns) / 2;
}

/* A kernel that steers its clock by the page: nobody else in that guest does. */
static void follows(struct guest_talk *talk, char **words)
{
	int64_t until = clock_ns(CLOCK_MONOTONIC) + PATIENCE_S * INT64_C(1000000000);
	int64_t low = strtoll(words[1], NULL, 10), high = strtoll(words[2], NULL, 10), half_ns;
	int wanted = atoi(words[3]), n = 0, away = 0;
	int64_t *error_ns = calloc((size_t)wanted, sizeof(int64_t));
	struct vmclock *clock = open_page(words[0]);
	bool there = false;
	struct vmclock_abi page;
	struct exchange x;

	while (n < wanted && !ended) {
		int64_t error;

		if (!there && clock_ns(CLOCK_MONOTONIC) > until)
			die("the guest's clock comes to the page by itself");
		if (!read_both(talk, clock, &x, &page))
			continue;
		error = clock_error(&x, &page, low, high, &half_ns);
		there = there || llabs(error) <= half_ns + ALLOWED_NS;
		if (!there)
			continue;
		error_ns[n++] = llabs(error);
		away += llabs(error) > half_ns + ALLOWED_NS;
	}
	distribution("CLOCK_TAI against the middle of the bracket", error_ns, n);
	verdict(!away, "CLOCK_TAI is the reference within bracket and 200 ns", away, n);
}

static void compare(struct guest_talk *talk, char **words)
{
	struct vmclock *clock = open_page(words[0]);
	int64_t low = strtoll(words[1], NULL, 10), high = strtoll(words[2], NULL, 10);
	int wanted = atoi(words[3]), refused = 0;
	struct comparison c = {.error_ns = calloc((size_t)wanted, sizeof(int64_t)),
			       .half_ns = calloc((size_t)wanted, sizeof(int64_t))};
	struct vmclock_abi page;
	struct exchange x;

	while (c.n < wanted && !ended) {
		if (!read_both(talk, clock, &x, &page))
			continue;
		if (x.said.phc_error || x.said.page_error)
			refused++;
		else
			compare_one(&c, &x, &page, low, high);
		if (refused > wanted)
			die("the guest's clocks can be read");
	}
	distribution("/dev/ptp0 against the middle of the bracket", c.error_ns, c.n);
	distribution("half the bracket", c.half_ns, c.n);
	verdict(!refused, "the guest's clocks can be read", refused, wanted);
	verdict(!c.phc_outside, "/dev/ptp0 is the reference within bracket and 200 ns",
		c.phc_outside, c.n);
	verdict(!c.page_outside, "so is /dev/vmclock0", c.page_outside, c.n);
	verdict(!c.beyond_bound, "the machine's clock is inside the page's own bound",
		c.beyond_bound, c.n);
}

/* Time that the guest is told to rely on is right, whatever happens to it. */
static void watch(struct guest_talk *talk, const char *path)
{
	struct vmclock *clock = open_page(path);
	struct guest_talk last = {.status = UINT32_MAX};
	int n = 0, relied = 0, wrong = 0;
	struct vmclock_abi page;
	struct exchange x = {0};

	while (!ended) {
		bool same = read_both(talk, clock, &x, &page);

		if (ended)
			break;
		if (x.said.status != last.status || x.said.marker != last.marker)
			print_state(&x.said);
		last = x.said;
		n++;
		if (x.said.page_error || !same)
			continue;
		relied++;
		wrong += outside(x.said.tai_ns, reference(&page, x.before) - ALLOWED_NS,
				 reference(&page, x.after) + ALLOWED_NS) != 0 ||
			 (!x.said.phc_error &&
			  outside(x.said.phc_ns, reference(&page, x.before) - ALLOWED_NS,
				  reference(&page, x.after) + ALLOWED_NS) != 0);
	}
	printf("# %d readings, the time relied on in %d\n", n, relied);
	verdict(!wrong, "no time that the guest relies on is wrong", wrong, relied);
}

static struct guest_talk *map_talk(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *talk = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd < 0 || talk == MAP_FAILED)
		die("the memory for talking can be mapped");
	return talk;
}

int main(int argc, char **argv)
{
	const char *command = argc > 2 ? argv[2] : "";
	struct guest_talk *talk = map_talk(argc > 1 ? argv[1] : "");
	struct exchange x;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGTERM, end);
	if (!strcmp(command, "offset"))
		find_offset(talk);
	else if (!strcmp(command, "state") && ask(talk, GUEST_READ, &x))
		print_state(&x.said);
	else if (!strcmp(command, "compare") && argc == 7)
		compare(talk, argv + 3);
	else if (!strcmp(command, "follows") && argc == 7)
		follows(talk, argv + 3);
	else if (!strcmp(command, "watch") && argc == 4)
		watch(talk, argv[3]);
	else if (!strcmp(command, "quit"))
		ask(talk, GUEST_QUIT, &x);
	else
		return 2;
	return 0;
}
