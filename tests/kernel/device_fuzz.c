// SPDX-License-Identifier: GPL-2.0-or-later
/* Throws requests at the driver, most of them nearly right, and holds the answers to a model. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "device_fuzz.h"
#include "device_model.h"

#define THREADS 4
#define PAGE 4096
#define GUESTS_MAX "/sys/module/vmclock_host/parameters/guests_max"

/* Memory in which structures are put: a page, again as read-only, and nothing behind either. */
struct room {
	char *writable;
	char *read_only;
};

struct counts {
	long calls;
	long accepted;
	long wrong;
};

static const unsigned long requests[CALLS] = {
	VMCLOCK_HOST_GET_INFO, VMCLOCK_HOST_SET_REFERENCE, VMCLOCK_HOST_GET_REFERENCE,
	VMCLOCK_HOST_GET_SNAPSHOT, VMCLOCK_HOST_DISRUPT, VMCLOCK_HOST_CREATE_GUEST,
	VMCLOCK_HOST_LIST_GUESTS, VMCLOCK_GUEST_SET};

/* Guests of all threads while there is no model; -1: none. */
static atomic_int shared_guests[FUZZ_GUESTS];

static char *two_pages(int fd, int protection)
{
	char *map = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mmap(map, PAGE, protection, MAP_SHARED | MAP_FIXED, fd, 0);
}

static struct room new_room(void)
{
	int fd = memfd_create("room", 0);
	struct room room;

	if (fd < 0 || ftruncate(fd, PAGE))
		exit(1);
	room.writable = two_pages(fd, PROT_READ | PROT_WRITE);
	room.read_only = two_pages(fd, PROT_READ);
	close(fd);
	return room;
}

static void *new_page(int protection)
{
	return mmap(NULL, PAGE, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static int snapshot_errno(int fd)
{
	struct vmclock_host_snapshot snapshot = {.size = sizeof(snapshot)};

	return ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, &snapshot) ? errno : 0;
}

static struct fuzz *new_fuzz(uint64_t seed)
{
	struct fuzz *f = calloc(1, sizeof(*f));

	f->seed = seed;
	f->hz = counter_hz();
	f->writer = open(DEVICE, O_RDWR);
	f->reader = open(DEVICE, O_RDONLY);
	f->eventfd = eventfd(0, EFD_NONBLOCK);
	f->pinnable = new_page(PROT_READ | PROT_WRITE);
	f->read_only = new_page(PROT_READ);
	f->entries = calloc(VMCLOCK_HOST_LIST_MAX, sizeof(*f->entries));
	f->snapshot_errno = snapshot_errno(f->reader);
	for (int i = 0; i < FUZZ_GUESTS; i++)
		f->guests[i] = -1;
	return f;
}

static void free_fuzz(struct fuzz *f)
{
	for (int i = 0; i < FUZZ_GUESTS; i++)
		close(f->guests[i]);
	close(f->writer);
	close(f->reader);
	close(f->eventfd);
	munmap(f->pinnable, PAGE);
	munmap(f->read_only, PAGE);
	free(f->entries);
	free(f);
}

/* Where the structure goes; what is not there is not copied. */
static void *put_in_place(const struct fuzz *f, const struct room *room, const struct call *call)
{
	size_t whole = sizeof(f->request);

	switch (call->place) {
	case WRITABLE:
		return memcpy(room->writable, &f->request, whole);
	case READ_ONLY:
		memcpy(room->writable, &f->request, whole);
		return room->read_only;
	case CUT_OFF:
		return memcpy(room->writable + PAGE - call->there, &f->request, call->there);
	default:
		return (void *)8;
	}
}

/* The size in its number varies too. */
static unsigned long request_of(struct fuzz *f, int number)
{
	unsigned long request = requests[number];

	if (fuzz_one_in(f, 4))
		request ^= (fuzz_next(f) << IOCSIZE_SHIFT) & IOCSIZE_MASK;
	return request;
}

/* How often each call is tried; those that create something take longest. */
static int choose_number(struct fuzz *f)
{
	static const int often[] = {SET_REFERENCE, SET_REFERENCE, SET_REFERENCE, GUEST_SET,
				    GUEST_SET,	   LIST_GUESTS,	  DISRUPT,	 GET_REFERENCE};

	if (fuzz_one_in(f, 40))
		return CREATE_GUEST;
	return fuzz_one_in(f, 8) ? (int)fuzz_below(f, CREATE_GUEST) : often[fuzz_below(f, 8)];
}

static struct call choose(struct fuzz *f)
{
	struct call call = {.number = choose_number(f), .place = WRITABLE};

	call.through = fuzz_one_in(f, 8) ? READER : WRITER;
	if ((call.number == GUEST_SET) != fuzz_one_in(f, 30))
		call.through = GUEST;
	if (fuzz_one_in(f, 20))
		call.place = (enum place)(1 + fuzz_below(f, 3));
	if (call.place == CUT_OFF)
		call.there = 4 + fuzz_below(f, 200);
	return call;
}

static int descriptor(const struct fuzz *f, const struct call *call, int guest)
{
	if (call->through == GUEST)
		return guest;
	return call->through == WRITER ? f->writer : f->reader;
}

/* Soon after boot the kernel may refine what it takes for the nominal rate. */
static bool rate_changed(struct fuzz *f)
{
	uint64_t before = f->hz;

	f->hz = counter_hz();
	return f->hz != before;
}

/* A guest that is there or is to be made; one of those that are there goes from time to time. */
static int choose_slot(struct fuzz *f, const struct call *call)
{
	int slot = (int)fuzz_below(f, FUZZ_GUESTS);

	if (call->number != CREATE_GUEST)
		return slot;
	if (fuzz_count(f, 0) == FUZZ_GUESTS && fuzz_one_in(f, 2)) {
		close(f->guests[slot]);
		f->guests[slot] = -1;
	}
	for (slot = 0; slot < FUZZ_GUESTS - 1 && f->guests[slot] >= 0; slot++)
		;
	return slot;
}

static void keep_guest(struct fuzz *f, int slot, int guest)
{
	struct vmclock_host_guests list = {.size = sizeof(list),
					   .capacity = FUZZ_GUESTS,
					   .entries = (uintptr_t)f->entries};

	f->guests[slot] = guest;
	if (!ioctl(f->writer, VMCLOCK_HOST_LIST_GUESTS, &list) && list.count)
		f->ids[slot] = f->entries[list.count - 1].id;
}

/* With the model. */
static void predicted_call(struct fuzz *f, const struct room *room, struct counts *counts)
{
	struct call call = choose(f);
	int slot = choose_slot(f, &call);
	int fd = descriptor(f, &call, f->guests[slot]);
	int wanted;
	int rc;
	int got;

	fuzz_prepare(f, call.number);
	wanted = fd < 0 ? EBADF : fuzz_predict(f, &call);
	rc = ioctl(fd, request_of(f, call.number), put_in_place(f, room, &call));
	got = rc < 0 ? errno : 0;
	counts->calls++;
	counts->accepted += !got;
	if (rc > 0 && call.number == CREATE_GUEST)
		keep_guest(f, slot, rc);
	if (wanted == UNPREDICTED || got == wanted || rate_changed(f))
		return;
	if (counts->wrong++ < 10)
		note("call %ld: request %d gave %d, not %d", counts->calls, call.number, got,
		     wanted);
}

static void map_and_look(struct fuzz *f, int fd, struct counts *counts)
{
	volatile struct vmclock_abi *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED) {
		counts->wrong += fd == f->reader;
		return;
	}
	counts->wrong += page->magic != VMCLOCK_MAGIC;
	if (fuzz_one_in(f, 2))
		mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
	munmap((void *)page, PAGE);
}

/* What else descriptors are good for, between the calls. */
static void disturb(struct fuzz *f, struct counts *counts)
{
	int slot = (int)fuzz_below(f, FUZZ_GUESTS);
	int guest = atomic_load(&shared_guests[slot]);
	int fd = guest < 0 || fuzz_one_in(f, 2) ? f->reader : guest;
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	switch (fuzz_below(f, 7)) {
	case 0:
		close(f->writer);
		f->writer = open(DEVICE, O_RDWR);
		break;
	case 1:
		close(f->reader);
		f->reader = open(DEVICE, O_RDONLY);
		break;
	case 2:
		close(atomic_exchange(&shared_guests[slot], -1));
		break;
	case 3:
		map_and_look(f, fd, counts);
		break;
	case 4:
		poll(&pfd, 1, 0);
		break;
	case 5:
		munmap(f->pinnable, PAGE);
		f->pinnable = new_page(PROT_READ | PROT_WRITE);
		break;
	default:
		pread(fd, &f->request, fuzz_below(f, PAGE), fuzz_below(f, 4200));
	}
}

/* Without. */
static void wild_call(struct fuzz *f, const struct room *room, struct counts *counts)
{
	struct call call = choose(f);
	int slot = (int)fuzz_below(f, FUZZ_GUESTS);
	int fd = descriptor(f, &call, atomic_load(&shared_guests[slot]));
	int rc;

	fuzz_prepare(f, call.number);
	rc = ioctl(fd, request_of(f, call.number), put_in_place(f, room, &call));
	counts->calls++;
	counts->accepted += rc >= 0;
	if (rc > 0 && call.number == CREATE_GUEST)
		close(atomic_exchange(&shared_guests[slot], rc));
}

struct share {
	struct fuzz *f;
	struct room room;
	long calls;
	struct counts counts;
	pthread_t thread;
};

static void *disorder(void *arg)
{
	struct share *share = arg;

	while (share->counts.calls < share->calls) {
		if (fuzz_one_in(share->f, 50))
			disturb(share->f, &share->counts);
		wild_call(share->f, &share->room, &share->counts);
	}
	return NULL;
}

static void report(const char *what, const struct counts *counts, time_t began)
{
	note("%s: %ld calls, %ld accepted, %ld s", what, counts->calls, counts->accepted,
	     (long)(time(NULL) - began));
}

void fuzz_alone(long calls)
{
	struct fuzz *f = new_fuzz(1);
	struct room room = new_room();
	struct counts counts = {0};
	time_t began = time(NULL);
	char limit[12];

	snprintf(limit, sizeof(limit), "%d", FUZZ_GUESTS);
	check(put_text(GUESTS_MAX, limit), "no more than %s guests", limit);
	while (counts.calls < calls)
		predicted_call(f, &room, &counts);
	report("one thread", &counts, began);
	check(counts.wrong == 0, "%ld calls: what the model predicts", counts.calls);
	check(counts.accepted > calls / 5, "enough of them accepted");
	free_fuzz(f);
	put_text(GUESTS_MAX, "16384");
}

void fuzz_together(long calls)
{
	struct share shares[THREADS];
	struct counts sum = {0};
	time_t began = time(NULL);

	for (int i = 0; i < FUZZ_GUESTS; i++)
		atomic_store(&shared_guests[i], -1);
	for (int i = 0; i < THREADS; i++)
		shares[i] = (struct share){.f = new_fuzz((uint64_t)i + 2),
					   .room = new_room(),
					   .calls = calls / THREADS};
	for (int i = 0; i < THREADS; i++)
		pthread_create(&shares[i].thread, NULL, disorder, &shares[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(shares[i].thread, NULL);
		sum.calls += shares[i].counts.calls;
		sum.accepted += shares[i].counts.accepted;
		sum.wrong += shares[i].counts.wrong;
		free_fuzz(shares[i].f);
	}
	for (int i = 0; i < FUZZ_GUESTS; i++)
		close(atomic_load(&shared_guests[i]));
	report("several threads", &sum, began);
	check(sum.wrong == 0, "%ld calls by several threads: every page is one", sum.calls);
}
