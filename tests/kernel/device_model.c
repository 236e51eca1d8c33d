// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests that are nearly right, and what the driver must say to each. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "device_model.h"

#define PAGE_FLAGS 0xffULL
#define ALL_OF_GUEST 0x7fU
#define WARNINGS (VMCLOCK_FLAG_DISRUPTION_SOON | VMCLOCK_FLAG_DISRUPTION_IMMINENT)

uint64_t fuzz_next(struct fuzz *f)
{
	f->seed = f->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return f->seed ^ (f->seed >> 29);
}

unsigned int fuzz_below(struct fuzz *f, unsigned int limit)
{
	return (unsigned int)((fuzz_next(f) >> 20) % limit);
}

bool fuzz_one_in(struct fuzz *f, unsigned int n)
{
	return fuzz_below(f, n) == 0;
}

size_t fuzz_known_size(int number)
{
	static const size_t sizes[CALLS] = {
		sizeof(struct vmclock_host_info),     sizeof(struct vmclock_host_reference),
		sizeof(struct vmclock_host_state),    sizeof(struct vmclock_host_snapshot),
		sizeof(struct vmclock_host_disrupt),  sizeof(struct vmclock_guest_config),
		sizeof(struct vmclock_host_guests),   sizeof(struct vmclock_guest_config)};

	return sizes[number];
}

int fuzz_count(const struct fuzz *f, uint32_t after_id)
{
	int count = 0;

	for (int i = 0; i < FUZZ_GUESTS; i++)
		count += f->guests[i] >= 0 && f->ids[i] > after_id;
	return count;
}

static void nearly_good_reference(struct fuzz *f, struct vmclock_host_reference *ref)
{
	struct vmclock_host_line *line = &ref->line;

	ref->flags = fuzz_one_in(f, 8) ? 0 : VMCLOCK_HOST_REF_DISRUPT;
	ref->splice_max_ns = fuzz_below(f, 999999999);
	ref->lease_ns = 1000000 + (fuzz_next(f) >> 40);
	line->counter_value = read_counter() - (fuzz_next(f) >> 30);
	line->counter_period_frac_sec = (uint64_t)(((unsigned __int128)1 << 94) / f->hz);
	line->counter_period_shift = 30;
	line->time_sec = fuzz_next(f) >> 31;
	line->time_frac_sec = fuzz_next(f);
	line->period_maxerror = fuzz_next(f) >> fuzz_below(f, 64);
	line->time_maxerror_nanosec = fuzz_next(f) >> fuzz_below(f, 64);
	line->flags = fuzz_next(f) & PAGE_FLAGS & ~WARNINGS;
	line->clock_status = (__u8)(1 + fuzz_below(f, 4));
	line->time_type = VMCLOCK_TIME_TAI;
	line->counter_id = VMCLOCK_COUNTER_X86_TSC;
	line->tai_offset_sec = (__s16)(fuzz_below(f, 2001) - 1000);
	line->leap_indicator = (__u8)fuzz_below(f, 6);
	line->smearing_hint = (__u8)fuzz_below(f, 3);
	ref->unreliable_above_ns = fuzz_one_in(f, 2) ? fuzz_next(f) >> fuzz_below(f, 64) : 0;
}

static void nearly_good_config(struct fuzz *f, struct vmclock_guest_config *config, bool create)
{
	unsigned int not_here = create ? VMCLOCK_GUEST_DISRUPT : VMCLOCK_GUEST_PINNED_PAGE;

	config->flags = (__u32)fuzz_next(f) & ALL_OF_GUEST & ~not_here;
	if (config->flags & VMCLOCK_GUEST_SCALE) {
		config->flags &= ~VMCLOCK_GUEST_UNKNOWN;
		config->offset = fuzz_next(f);
		config->ratio = 1 + (fuzz_next(f) >> fuzz_below(f, 64));
		config->frac_bits = (__u8)fuzz_below(f, 64);
	}
	if (config->flags & VMCLOCK_GUEST_GENERATION)
		config->vm_generation_counter = fuzz_next(f);
	if (config->flags & VMCLOCK_GUEST_WARNING)
		config->warning = fuzz_next(f) & WARNINGS;
	if (config->flags & VMCLOCK_GUEST_EVENTFD)
		config->eventfd = fuzz_one_in(f, 4) ? (__s32)fuzz_below(f, 30) - 2 : f->eventfd;
	if (config->flags & VMCLOCK_GUEST_PINNED_PAGE)
		config->address = (uintptr_t)f->pinnable;
}

static void nearly_good_list(struct fuzz *f, struct vmclock_host_guests *list)
{
	list->after_id = fuzz_one_in(f, 2) ? 0 : f->ids[fuzz_below(f, FUZZ_GUESTS)];
	list->capacity = fuzz_below(f, 8);
	list->entries = (uintptr_t)f->entries;
}

/* One bit, or one byte, somewhere. */
static void spoil(struct fuzz *f, unsigned char *bytes, unsigned int size)
{
	unsigned int at = fuzz_below(f, size);

	if (fuzz_one_in(f, 2))
		bytes[at] ^= (unsigned char)(1 << fuzz_below(f, 8));
	else
		bytes[at] = (unsigned char)fuzz_next(f);
}

/*
 * Addresses of which we know what is there: the driver would write to any other that happened to be
 * ours.
 */
static void keep_addresses_known(struct fuzz *f, int number, uint64_t pinned)
{
	union request *r = &f->request;

	if (number == CREATE_GUEST && r->config.address != pinned)
		r->config.address = fuzz_one_in(f, 2) ? (uintptr_t)f->read_only
						      : 4096 + 8 * fuzz_below(f, 2);
	if (number == LIST_GUESTS && r->list.entries != (uintptr_t)f->entries)
		r->list.entries = 8;
}

void fuzz_prepare(struct fuzz *f, int number)
{
	union request *r = &f->request;
	unsigned int size = (unsigned int)fuzz_known_size(number);
	uint64_t address;

	memset(r, 0, sizeof(*r));
	if (number == SET_REFERENCE)
		nearly_good_reference(f, &r->ref);
	if (number == DISRUPT)
		r->disrupt.reason = fuzz_below(f, 7);
	if (number == CREATE_GUEST || number == GUEST_SET)
		nearly_good_config(f, &r->config, number == CREATE_GUEST);
	if (number == LIST_GUESTS)
		nearly_good_list(f, &r->list);
	r->size = size;
	if (fuzz_one_in(f, 8))
		r->size = fuzz_below(f, 4200);
	address = r->config.address;
	if (fuzz_one_in(f, 2))
		spoil(f, r->bytes, fuzz_one_in(f, 4) ? sizeof(*r) : size);
	keep_addresses_known(f, number, address);
}

static bool zero(const unsigned char *bytes, size_t n)
{
	while (n--)
		if (*bytes++)
			return false;
	return true;
}

/* What every structure is held to first. */
static int predict_size(const struct fuzz *f, const struct call *call)
{
	size_t known = fuzz_known_size(call->number);
	const union request *r = &f->request;
	bool tail;

	if (r->size < known)
		return EINVAL;
	if (r->size > sizeof(*r))
		return E2BIG;
	tail = !zero(r->bytes + known, r->size - known);
	if (call->place == CUT_OFF && call->there < r->size)
		return tail ? UNPREDICTED : EFAULT; /* whichever it comes upon first */
	return tail ? E2BIG : 0;
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
static int predict_period(const struct fuzz *f, const struct vmclock_host_line *line)
{
	long double ratio = (long double)line->counter_period_frac_sec * (long double)f->hz;
	long double off;

	for (int i = 0; i < 64 + line->counter_period_shift; i++)
		ratio /= 2;
	off = ratio > 1 ? ratio - 1 : 1 - ratio;
	if (off > 0.00099999L && off < 0.00100001L)
		return UNPREDICTED;
	return off < 0.001L ? 0 : ERANGE;
}

static int predict_age(const struct fuzz *f, const struct vmclock_host_line *line)
{
	int64_t age = (int64_t)(read_counter() - line->counter_value);

	if (age > (1LL << 62) + (1LL << 40))
		return ESTALE;
	if (age > (1LL << 62) - (1LL << 40))
		return UNPREDICTED;
	if (age < -(int64_t)f->hz)
		return ERANGE;
	return age < 0 ? UNPREDICTED : 0;
}

static int predict_reference(const struct fuzz *f, const struct vmclock_host_reference *ref)
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
	return ref->flags ? 0 : UNPREDICTED; /* spliced: it depends on the moment */
}

/* A field without its flag, a flag that does not belong here, a value that none may have. */
static bool misconfigured(const struct vmclock_guest_config *config, bool create)
{
	unsigned int flags = config->flags;
	unsigned int allowed = create ? 0x6f : 0x5f;

	return flags & ~allowed || !zero(config->pad, sizeof(config->pad)) || config->pad2 ||
	       (!(flags & VMCLOCK_GUEST_SCALE) &&
		(config->offset || config->ratio || config->frac_bits)) ||
	       (flags & VMCLOCK_GUEST_SCALE &&
		(flags & VMCLOCK_GUEST_UNKNOWN || !config->ratio || config->frac_bits > 63)) ||
	       (!(flags & VMCLOCK_GUEST_GENERATION) && config->vm_generation_counter) ||
	       (!(flags & VMCLOCK_GUEST_WARNING) && config->warning) ||
	       config->warning & ~WARNINGS || (!(flags & VMCLOCK_GUEST_EVENTFD) && config->eventfd) ||
	       (!(flags & VMCLOCK_GUEST_PINNED_PAGE) && config->address) || config->address % 4096;
}

static int predict_eventfd(const struct fuzz *f, const struct vmclock_guest_config *config)
{
	if (!(config->flags & VMCLOCK_GUEST_EVENTFD) || config->eventfd == -1 ||
	    config->eventfd == f->eventfd)
		return 0;
	return fcntl(config->eventfd, F_GETFD) < 0 ? EBADF : EINVAL;
}

static int predict_config(const struct fuzz *f, bool create)
{
	const struct vmclock_guest_config *config = &f->request.config;
	int rc;

	if (misconfigured(config, create))
		return EINVAL;
	if (config->flags & VMCLOCK_GUEST_PINNED_PAGE && config->address != (uintptr_t)f->pinnable)
		return EFAULT;
	rc = predict_eventfd(f, config);
	if (rc)
		return rc;
	return create && fuzz_count(f, 0) >= FUZZ_GUESTS ? ENOSPC : 0;
}

static int predict_list(const struct fuzz *f)
{
	const struct vmclock_host_guests *list = &f->request.list;

	if (list->capacity > VMCLOCK_HOST_LIST_MAX)
		return ERANGE;
	if (list->entries != (uintptr_t)f->entries && list->capacity &&
	    fuzz_count(f, list->after_id))
		return EFAULT;
	return 0;
}

/* What is asked, once it is there and of the right size. */
static int predict_content(const struct fuzz *f, int number)
{
	const union request *r = &f->request;

	switch (number) {
	case GET_INFO:
		return zero(r->info.pad, sizeof(r->info.pad)) ? 0 : EINVAL;
	case SET_REFERENCE:
		return predict_reference(f, &r->ref);
	case GET_REFERENCE:
		return r->state.pad ? EINVAL : 0;
	case GET_SNAPSHOT:
		return r->snapshot.flags ? EINVAL : f->snapshot_errno;
	case DISRUPT:
		return f->request.disrupt.reason < 1 || f->request.disrupt.reason > 4 ? EINVAL : 0;
	case CREATE_GUEST:
	case GUEST_SET:
		return predict_config(f, number == CREATE_GUEST);
	case LIST_GUESTS:
		return predict_list(f);
	default:
		return 0;
	}
}

/* The result has to go somewhere. */
static int predict_return(const struct fuzz *f, const struct call *call)
{
	if (call->place == READ_ONLY)
		return EFAULT;
	return call->place == CUT_OFF && call->there < f->request.size ? EFAULT : 0;
}

int fuzz_predict(const struct fuzz *f, const struct call *call)
{
	bool writers = call->number == SET_REFERENCE || call->number == DISRUPT ||
		       call->number == LIST_GUESTS;
	int rc;

	if ((call->number == GUEST_SET) != (call->through == GUEST))
		return ENOTTY;
	if (writers && call->through != WRITER)
		return EBADF;
	if (call->place == NOWHERE)
		return EFAULT;
	rc = predict_size(f, call);
	if (!rc)
		rc = predict_content(f, call->number);
	return rc ? rc : predict_return(f, call);
}
