// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Throws requests at the driver, most of them nearly right, and predicts what each must return.
 *
 * Alone, one thread holds the writer's descriptor and a model says accept or which error. Then
 * several threads do the same at once with mappings, polls, reads and writers that come and go;
 * for that there is no model but that nothing breaks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device_fuzz.h"
#include "harness.h"

#define THREADS 4
#define PAGE_FLAGS 0xffULL

/* What an ioctl is given: a structure and a tail behind it. */
union request {
	__u32 size;
	struct vmclock_host_info info;
	struct vmclock_host_reference ref;
	struct vmclock_host_state state;
	struct vmclock_host_snapshot snapshot;
	struct vmclock_host_disrupt disrupt;
	unsigned char bytes[4096];
};

struct fuzz {
	unsigned long long seed;
	unsigned long long hz;
	int snapshot_errno; /* what GET_SNAPSHOT gives on this machine */
	union request *request;
	bool alone; /* the model holds */
	int writer;
	int reader;
	long calls;
	long wrong;
	long accepted;
};

/* A generator of our own, for the same sequence everywhere. */
static unsigned long long next(struct fuzz *f)
{
	f->seed = f->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return f->seed ^ (f->seed >> 29);
}

static unsigned int below(struct fuzz *f, unsigned int limit)
{
	return (unsigned int)((next(f) >> 20) % limit);
}

static bool one_in(struct fuzz *f, unsigned int n)
{
	return below(f, n) == 0;
}

static void nearly_good_reference(struct fuzz *f, struct vmclock_host_reference *ref)
{
	struct vmclock_host_line *line = &ref->line;

	*ref = (struct vmclock_host_reference){.size = sizeof(*ref),
					       .flags = VMCLOCK_HOST_REF_DISRUPT,
					       .splice_max_ns = below(f, 999999999),
					       .lease_ns = 1000000 + (next(f) >> 40)};
	line->counter_value = __builtin_ia32_rdtsc() - (next(f) >> 30);
	line->counter_period_frac_sec = (unsigned long long)(((unsigned __int128)1 << 94) / f->hz);
	line->counter_period_shift = 30;
	line->time_sec = next(f) >> 31;
	line->time_frac_sec = next(f);
	line->period_maxerror = next(f) >> below(f, 64);
	line->time_maxerror_nanosec = next(f) >> below(f, 64);
	line->flags = next(f) & PAGE_FLAGS & ~6ULL;
	line->clock_status = (__u8)(1 + below(f, 4));
	line->time_type = VMCLOCK_TIME_TAI;
	line->counter_id = VMCLOCK_COUNTER_X86_TSC;
	line->tai_offset_sec = (__s16)(below(f, 2001) - 1000);
	line->leap_indicator = (__u8)below(f, 6);
	line->smearing_hint = (__u8)below(f, 3);
	ref->unreliable_above_ns = one_in(f, 2) ? next(f) >> below(f, 64) : 0;
}

/* One bit, or one byte, somewhere. */
static void spoil(struct fuzz *f, unsigned char *bytes, unsigned int size)
{
	unsigned int at = below(f, size);

	if (one_in(f, 2))
		bytes[at] ^= (unsigned char)(1 << below(f, 8));
	else
		bytes[at] = (unsigned char)next(f);
}

static bool zero(const unsigned char *bytes, size_t n)
{
	while (n--)
		if (*bytes++)
			return false;
	return true;
}

/* What every structure is held to first. */
static int predict_size(const union request *r, size_t known, bool input)
{
	if (r->size < known)
		return EINVAL;
	if (r->size > 4096)
		return E2BIG;
	if (input && !zero(r->bytes + known, r->size - known))
		return E2BIG;
	return 0;
}

static bool malformed(const struct vmclock_host_reference *ref)
{
	const struct vmclock_host_line *line = &ref->line;

	return ref->flags > 1 || ref->pad || ref->host_clock > 2 ||
	       (ref->step_threshold_ns && ref->host_clock != 2) || line->flags > PAGE_FLAGS ||
	       line->time_type != 1 || line->counter_id != 1 || line->clock_status < 1 ||
	       line->clock_status > 4 || line->leap_indicator > 5 || line->smearing_hint > 2;
}

/* Floating point here, integers there: near the limit they may differ, and are not compared. */
static int predict_period(struct fuzz *f, const struct vmclock_host_line *line)
{
	long double ratio = (long double)line->counter_period_frac_sec * (long double)f->hz;
	long double off;

	for (int i = 0; i < 64 + line->counter_period_shift; i++)
		ratio /= 2;
	off = ratio > 1 ? ratio - 1 : 1 - ratio;
	if (off > 0.00099999L && off < 0.00100001L)
		return -1;
	return off < 0.001L ? 0 : ERANGE;
}

static int predict_age(struct fuzz *f, const struct vmclock_host_line *line)
{
	long long age = (long long)(__builtin_ia32_rdtsc() - line->counter_value);

	if (age > (1LL << 62) + (1LL << 40))
		return ESTALE;
	if (age > (1LL << 62) - (1LL << 40))
		return -1;
	if (age < -(long long)f->hz)
		return ERANGE;
	return age < 0 ? -1 : 0;
}

/* The errno that SET_REFERENCE must give, 0, or -1: too close to a limit to say. */
static int predict_reference(struct fuzz *f, const struct vmclock_host_reference *ref)
{
	int rc;

	if (malformed(ref))
		return EINVAL;
	if (ref->line.time_sec >> 33 || ref->line.tai_offset_sec > 1000 ||
	    ref->line.tai_offset_sec < -1000 || ref->splice_max_ns >= 1000000000 ||
	    ref->lease_ns < 1000000 || ref->lease_ns > 86400000000000ULL)
		return ERANGE;
	rc = predict_period(f, &ref->line);
	if (rc)
		return rc;
	if (ref->host_clock)
		return EOPNOTSUPP;
	rc = predict_age(f, &ref->line);
	if (rc)
		return rc;
	return ref->flags ? 0 : -1; /* spliced: it depends on the moment */
}

static unsigned long request_of(unsigned int number)
{
	static const unsigned long requests[] = {
		VMCLOCK_HOST_GET_INFO,	   VMCLOCK_HOST_SET_REFERENCE, VMCLOCK_HOST_GET_REFERENCE,
		VMCLOCK_HOST_GET_SNAPSHOT, VMCLOCK_HOST_DISRUPT,       VMCLOCK_HOST_CREATE_GUEST,
		VMCLOCK_HOST_LIST_GUESTS,  VMCLOCK_GUEST_SET};

	return requests[number];
}

static const size_t known_size[] = {
	sizeof(struct vmclock_host_info), sizeof(struct vmclock_host_reference),
	sizeof(struct vmclock_host_state), sizeof(struct vmclock_host_snapshot),
	sizeof(struct vmclock_host_disrupt)};

static int predict(struct fuzz *f, unsigned int number, bool by_writer)
{
	bool sets = number == 1 || number == 4;
	int rc;

	if (number > 4)
		return number == 7 ? ENOTTY : EOPNOTSUPP;
	if (sets && !by_writer)
		return EBADF;
	rc = predict_size(f->request, known_size[number], sets);
	if (rc)
		return rc;
	if (number == 1)
		return predict_reference(f, &f->request->ref);
	if (number == 3)
		return f->snapshot_errno;
	if (number == 4)
		return f->request->disrupt.reason < 1 || f->request->disrupt.reason > 4 ? EINVAL
											: 0;
	return 0;
}

static void prepare(struct fuzz *f, unsigned int number)
{
	union request *r = f->request;
	unsigned int size = (unsigned int)(number > 4 ? 64 : known_size[number]);

	memset(r, 0, sizeof(*r));
	if (number == 1)
		nearly_good_reference(f, &r->ref);
	if (number == 4)
		r->disrupt.reason = below(f, 6);
	r->size = size;
	if (one_in(f, 8))
		r->size = below(f, 4200);
	if (one_in(f, 2))
		spoil(f, r->bytes, one_in(f, 4) ? sizeof(*r) : size);
}

/* Soon after boot the kernel may refine what it takes for the nominal rate. */
static bool rate_changed(struct fuzz *f)
{
	unsigned long long before = f->hz;

	f->hz = counter_hz();
	return f->hz != before;
}

/* Its size in the number, and the structure's place, vary too. */
static void call(struct fuzz *f)
{
	unsigned int number = one_in(f, 2) ? 1 : below(f, 5);
	bool by_writer = !one_in(f, 8);
	bool nowhere = one_in(f, 50);
	unsigned long request = request_of(number);
	int wanted;
	int got;

	prepare(f, number);
	wanted = predict(f, number, by_writer);
	if (nowhere && wanted != EBADF && wanted != ENOTTY && wanted != EOPNOTSUPP)
		wanted = EFAULT;
	if (nowhere && number <= 4 && !(wanted == EBADF))
		wanted = EFAULT;
	if (one_in(f, 4))
		request = (request & ~(unsigned long)IOCSIZE_MASK) |
			  ((next(f) << IOCSIZE_SHIFT) & IOCSIZE_MASK);
	got = ioctl(by_writer ? f->writer : f->reader, request, nowhere ? (void *)8 : f->request)
		      ? errno
		      : 0;
	f->calls++;
	f->accepted += !got;
	if (!f->alone || wanted < 0 || got == wanted || rate_changed(f))
		return;
	if (f->wrong++ < 10)
		printf("# request %u gave %d, not %d (call %ld)\n", number, got, wanted, f->calls);
}

/* What else descriptors are good for, between the calls. */
static void disturb(struct fuzz *f)
{
	struct pollfd pfd = {.fd = f->reader, .events = POLLIN};
	void *map;

	switch (below(f, 5)) {
	case 0:
		close(f->writer);
		f->writer = open(DEVICE, O_RDWR);
		break;
	case 1:
		close(f->reader);
		f->reader = open(DEVICE, O_RDONLY);
		break;
	case 2:
		map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, f->reader, 0);
		if (map == MAP_FAILED ||
		    ((volatile struct vmclock_abi *)map)->magic != VMCLOCK_MAGIC)
			f->wrong++;
		else
			munmap(map, 4096);
		break;
	case 3:
		poll(&pfd, 1, 0);
		break;
	default:
		pread(f->reader, f->request, below(f, 4096), below(f, 4200));
	}
}

static void *disorder(void *arg)
{
	struct fuzz *f = arg;

	for (long left = f->calls; left; left--) {
		if (one_in(f, 4))
			disturb(f);
		call(f);
	}
	return NULL;
}

static int snapshot_errno(int fd)
{
	struct vmclock_host_snapshot snapshot = {.size = sizeof(snapshot)};

	return ioctl(fd, VMCLOCK_HOST_GET_SNAPSHOT, &snapshot) ? errno : 0;
}

static struct fuzz fresh(unsigned long long seed, unsigned long long hz)
{
	struct fuzz f = {.seed = seed, .hz = hz};

	f.request = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	f.writer = open(DEVICE, O_RDWR);
	f.reader = open(DEVICE, O_RDONLY);
	f.snapshot_errno = snapshot_errno(f.reader);
	return f;
}

static void finish(struct fuzz *f)
{
	close(f->writer);
	close(f->reader);
	munmap(f->request, 8192);
}

long fuzz_alone(long calls, unsigned long long hz, long *accepted)
{
	struct fuzz f = fresh(1, hz);

	f.alone = true;
	while (f.calls < calls)
		call(&f);
	finish(&f);
	*accepted = f.accepted;
	return f.wrong;
}

long fuzz_together(long calls, unsigned long long hz)
{
	struct fuzz f[THREADS];
	pthread_t thread[THREADS];
	long wrong = 0;

	for (int i = 0; i < THREADS; i++) {
		f[i] = fresh((unsigned long long)i + 2, hz);
		f[i].calls = calls / THREADS;
		pthread_create(&thread[i], NULL, disorder, &f[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		wrong += f[i].wrong;
		finish(&f[i]);
	}
	return wrong;
}
