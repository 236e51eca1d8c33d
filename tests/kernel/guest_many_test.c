// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ten thousand guests: what they cost, that no reader ever sees a mixture of two references, and
 * that no reader's time steps back while they are updated one after the other.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "device_line.h"
#include "guest_make.h"

#define READERS 2
#define REFERENCES 64 /* that readers may still meet */

typedef const volatile struct vmclock_abi *page_t;

static struct guest {
	int fd;
	struct vmclock_guest_config scale;
	page_t page;
} *guests;
static int count;

/* What each reference was, by the number that its esterror carries; valid before it is set. */
static struct vmclock_host_line lines[REFERENCES];
static atomic_bool stop;
static atomic_uint current;
static atomic_long mixtures;
static atomic_long steps_back;
static atomic_long views;

/* Every second one with the host's rate, the others with one of their own. */
static bool open_guest(int device, int i)
{
	struct guest *guest = &guests[i];

	guest->scale = (struct vmclock_guest_config){
		.flags = VMCLOCK_GUEST_SCALE,
		.ratio = i & 1 ? (1ULL << 47) + (uint64_t)i * 1234567 : 1ULL << 48,
		.frac_bits = 48,
		.offset = (uint64_t)i * 0x123456789abcdULL};
	guest->fd = create_guest(device, &guest->scale);
	guest->page = guest->fd < 0 ? NULL : map_page(guest->fd);
	return guest->page;
}

static void close_guests(void)
{
	for (int i = 0; i < count; i++) {
		if (guests[i].page)
			unmap_page(guests[i].page);
		close(guests[i].fd);
	}
	count = 0;
}

/* A rate that is now higher, now lower, and a number by which readers recognize it. */
static struct vmclock_host_reference numbered_reference(int writer, unsigned int number)
{
	struct vmclock_host_reference ref = next_reference(writer);
	uint64_t part = ref.line.counter_period_frac_sec / 1100; /* below 1000 ppm */

	ref.line.counter_period_frac_sec += number & 1 ? part : -part;
	ref.line.time_esterror_nanosec = number;
	ref.line.time_maxerror_nanosec = 1000 + number;
	ref.line.period_esterror = number;
	ref.line.period_maxerror = 3 * number;
	ref.line.leap_indicator = number % 6;
	ref.line.tai_offset_sec = (__s16)-(number % 1000);
	return ref;
}

/*
 * The driver raises the line by what it returns afterwards: a reader who was faster than we are
 * waits for it.
 */
static void publish(int writer)
{
	unsigned int number = atomic_load(&current) + 1;
	struct vmclock_host_reference ref = numbered_reference(writer, number);

	if (ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref)) {
		check_errno(-1, 0, "a reference");
		return;
	}
	lines[number % REFERENCES] = ref.line;
	atomic_store(&current, number);
}

/* Whether all of it is of one reference; one that was overwritten meanwhile cannot be judged. */
static bool of_one_reference(const struct vmclock_abi *page, const struct guest *guest)
{
	unsigned int number = (unsigned int)page->time_esterror_nanosec;
	struct vmclock_host_line line;

	while (atomic_load(&current) < number)
		if (atomic_load(&stop))
			return true;
	line = lines[number % REFERENCES];
	if (atomic_load(&current) >= number + REFERENCES - 1)
		return true;
	/* 2000 ppm make 2 us in a ms; a machine under load may be a second late. */
	return shows_line(page, &line, &guest->scale, 2 * MS);
}

static __int128 now_at(const struct guest *guest, struct vmclock_abi *page)
{
	const volatile struct vmclock_abi *shared = guest->page;
	uint64_t counter;
	uint32_t seq;

	do {
		struct guest_view view = view_of(shared);

		*page = view.abi;
		seq = view.abi.seq_count;
		counter = read_counter();
		__builtin_ia32_lfence();
	} while (shared->seq_count != seq);
	return time_at(page, guest_counter(&guest->scale, counter));
}

/* Any guest. */
static void *look_for_mixtures(void *arg)
{
	unsigned int seed = 1;
	struct vmclock_abi page;

	(void)arg;
	while (!atomic_load(&stop)) {
		struct guest *guest = &guests[(unsigned int)rand_r(&seed) % (unsigned int)count];

		page = view_of(guest->page).abi;
		if (!of_one_reference(&page, guest))
			atomic_fetch_add(&mixtures, 1);
		atomic_fetch_add(&views, 1);
	}
	return NULL;
}

/* The last one, whose page is updated last; as often as possible, for steps are small. */
static void *look_for_steps(void *arg)
{
	struct guest *last = &guests[count - 1];
	struct vmclock_abi page;
	__int128 before = 0;
	__int128 now;

	(void)arg;
	while (!atomic_load(&stop)) {
		now = now_at(last, &page);
		if (now < before)
			atomic_fetch_add(&steps_back, 1);
		before = now;
		atomic_fetch_add(&views, 1);
	}
	return NULL;
}

static void test_consistency(int writer)
{
	pthread_t threads[READERS];
	unsigned int first;

	publish(writer);
	first = atomic_load(&current);
	pthread_create(&threads[0], NULL, look_for_mixtures, NULL);
	pthread_create(&threads[1], NULL, look_for_steps, NULL);
	while (atomic_load(&current) < first + 100 || atomic_load(&views) < 2000)
		publish(writer);
	atomic_store(&stop, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	note("%ld views of %d guests' pages during %u references", atomic_load(&views), count,
	     atomic_load(&current) - first);
	check(atomic_load(&mixtures) == 0, "no page shows a mixture");
	check(atomic_load(&steps_back) == 0, "no guest's time steps back");
}

static void test_all_follow(int writer)
{
	struct vmclock_abi page;
	int wrong = 0;

	publish(writer);
	for (int i = 0; i < count; i++) {
		page = view_of(guests[i].page).abi;
		wrong += page.time_esterror_nanosec != atomic_load(&current) ||
			 !of_one_reference(&page, &guests[i]);
	}
	check(count > 0 && wrong == 0, "one reference, and all %d guests have it", count);
}

static __int128 raised(const struct guest *guest)
{
	struct vmclock_abi page = view_of(guest->page).abi;

	return raised_above(&page, &lines[atomic_load(&current) % REFERENCES], &guest->scale);
}

/*
 * A line that is slower than the one before: while the others are updated, the last guest's readers
 * have got further on the old one.
 */
static void test_late_ones_are_raised(int writer)
{
	bool good = true;

	for (int i = 0; i < 10; i++) {
		do
			publish(writer);
		while (atomic_load(&current) & 1);
		good = good && raised(&guests[0]) >= 0 &&
		       raised(&guests[count - 1]) > raised(&guests[0]);
	}
	check(good, "guests are raised by how late they are");
}

#define ROUNDS 41

/* Of SET_REFERENCE, in cycles: from before the call to after it. */
static void cost_of_set(int writer, int64_t *cycles)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct vmclock_host_reference ref = next_reference(writer);
		uint64_t before = read_counter();

		if (ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &ref))
			check_errno(-1, 0, "a reference");
		cycles[i] = (int64_t)(read_counter() - before);
	}
}

static void each(int64_t *cycles, int64_t without)
{
	for (int i = 0; i < ROUNDS; i++)
		cycles[i] = (cycles[i] - without) / count;
}

static void test_cost(int writer, int64_t without)
{
	int64_t cycles[ROUNDS];
	char what[80];

	cost_of_set(writer, cycles);
	snprintf(what, sizeof(what), "SET_REFERENCE with %d guests", count);
	distribution(what, "cycles", cycles, ROUNDS);
	each(cycles, without);
	snprintf(what, sizeof(what), "for each of %d guests", count);
	distribution(what, "cycles", cycles, ROUNDS);
}

static void test_cost_of_eventfds(int writer)
{
	struct vmclock_guest_config config = {.flags = VMCLOCK_GUEST_EVENTFD,
					      .eventfd = eventfd(0, 0)};
	int64_t cycles[ROUNDS];
	int64_t without;
	int wrong = 0;

	cost_of_set(writer, cycles);
	distribution("SET_REFERENCE once more", "cycles", cycles, ROUNDS);
	without = cycles[ROUNDS / 2];
	for (int i = 0; i < count; i++)
		wrong += set_guest(guests[i].fd, config) != 0;
	check(wrong == 0, "an eventfd for each");
	cost_of_set(writer, cycles);
	each(cycles, without);
	distribution("what an eventfd adds for each guest", "cycles", cycles, ROUNDS);
	config.eventfd = -1;
	for (int i = 0; i < count; i++)
		wrong += set_guest(guests[i].fd, config) != 0;
	check(wrong == 0, "and taken back");
}

/* Guests that come and go, change and are listed, while references are set. */
static void *churn(void *arg)
{
	int device = *(int *)arg;

	while (!atomic_load(&stop)) {
		struct vmclock_guest_config config = {.flags = VMCLOCK_GUEST_SCALE,
						      .ratio = 3,
						      .frac_bits = 2};
		int guest = create_guest(device, &config);
		page_t page = map_page(guest);

		config.offset = (uint64_t)page->seq_count;
		if (guest < 0 || !page || set_guest(guest, config))
			atomic_fetch_add(&mixtures, 1);
		close(guest);
		unmap_page(page);
		atomic_fetch_add(&views, 1);
	}
	return NULL;
}

static void test_churn(int writer)
{
	static struct vmclock_host_guest entries[VMCLOCK_HOST_LIST_MAX];
	struct vmclock_host_guests list = {.size = sizeof(list),
					   .capacity = VMCLOCK_HOST_LIST_MAX,
					   .entries = (uintptr_t)entries};
	pthread_t threads[READERS];
	bool ascending = true;

	atomic_store(&stop, false);
	atomic_store(&views, 0);
	for (int i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, churn, &writer);
	while (atomic_load(&views) < 50) {
		publish(writer);
		list.after_id = 0;
		while (!ioctl(writer, VMCLOCK_HOST_LIST_GUESTS, &list) && list.count)
			for (uint32_t i = 0; i < list.count; i++) {
				ascending = ascending && entries[i].id > list.after_id;
				list.after_id = entries[i].id;
			}
	}
	atomic_store(&stop, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	check(atomic_load(&mixtures) == 0, "guests come and go meanwhile");
	check(ascending, "the list stays in order");
}

static bool room_for(int wanted)
{
	struct rlimit limit = {(rlim_t)wanted + 100, (rlim_t)wanted + 100};

	guests = calloc((size_t)wanted, sizeof(*guests));
	return guests && !setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void)
{
	int wanted = atoi(getenv("guests") ?: "10000");
	struct vmclock_host_info info = {.size = sizeof(info)};
	int64_t cycles[ROUNDS];
	int64_t without;
	int writer;

	check_errno(load_driver(), 0, "the module loads");
	writer = open(DEVICE, O_RDWR);
	renew(writer);
	check(room_for(wanted), "room for %d descriptors", wanted);
	cost_of_set(writer, cycles);
	distribution("SET_REFERENCE without guests", "cycles", cycles, ROUNDS);
	without = cycles[ROUNDS / 2];
	while (count < wanted / 10 && open_guest(writer, count))
		count++;
	test_cost(writer, without);
	while (count < wanted && open_guest(writer, count))
		count++;
	check(count == wanted, "%d guests", count);
	test_all_follow(writer);
	test_late_ones_are_raised(writer);
	test_cost(writer, without);
	test_cost_of_eventfds(writer);
	test_consistency(writer);
	test_churn(writer);
	close_guests();
	check(!ioctl(writer, VMCLOCK_HOST_GET_INFO, &info) && info.guests == 0, "all of them go");
	close(writer);
	check_errno(unload_driver(), 0, "and unloads");
	return done();
}
