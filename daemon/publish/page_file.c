// SPDX-License-Identifier: GPL-2.0-or-later
/* From publications to pages: units, rounding, and what the flags may promise. */
#include "page_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <linux/vmclock-abi.h>

#include "../../lib/vmclock_writer.h"

/* The discipline's lines join without a gap; only the time it takes to write one adds some ns. */
#define SPLICE_MAX_NS 1000000

static const uint8_t page_status[] = {
	[DISCIPLINE_UNRELIABLE] = VMCLOCK_STATUS_UNRELIABLE,
	[DISCIPLINE_SYNCHRONIZED] = VMCLOCK_STATUS_SYNCHRONIZED,
	[DISCIPLINE_FREERUNNING] = VMCLOCK_STATUS_FREERUNNING,
};

/* Errors are rounded up, and never to more than a page can hold. */
static uint64_t error_up(long double value)
{
	return value < 0x1p63L ? (uint64_t)ceill(fmaxl(value, 0)) + 1 : UINT64_MAX;
}

/*
 * The period in units of 2^-(64 + shift) s, with as many bits as fit: the shift that brings 1/Hz
 * to between 2^62 and 2^63. long double has at least 64 bits of mantissa where this runs.
 */
static void set_period(struct vmclock_reference *ref, const struct publication *p,
		       double nominal_hz)
{
	long double nominal_s = 1 / (long double)nominal_hz;
	int exponent;
	long double period;

	frexpl(nominal_s, &exponent); /* nominal_s in [2^(exponent-1), 2^exponent) */
	ref->counter_period_shift = (uint8_t)(-exponent - 1);
	period = ldexpl(nominal_s, 64 + ref->counter_period_shift);
	ref->counter_period_frac_sec =
		(uint64_t)roundl(period + period * ((long double)p->line.rate_ppb * 1e-9L));
	ref->period_esterror = error_up(period * (long double)p->est_rate_error_ppb * 1e-9L);
	ref->period_maxerror = error_up(period * (long double)p->max_rate_error_ppb * 1e-9L);
}

static void set_time(struct vmclock_reference *ref, const struct publication *p)
{
	int64_t sec = p->line.time_ns / 1000000000;
	int64_t ns = p->line.time_ns % 1000000000;
	long double frac = ((long double)ns + (long double)p->line.frac_ns) * 1e-9L;

	if (frac < 0) {
		frac += 1;
		sec--;
	} else if (frac >= 1) {
		frac -= 1;
		sec++;
	}
	ref->counter_value = p->line.counter;
	ref->time_sec = (uint64_t)sec;
	ref->time_frac_sec = (uint64_t)ldexpl(frac, 64);
	ref->time_esterror_nanosec = error_up(p->est_error_ns);
	ref->time_maxerror_nanosec = error_up(p->max_error_ns);
}

static struct vmclock_reference reference_of(const struct page_file *page,
					     const struct publication *p,
					     const struct page_calendar *calendar)
{
	struct vmclock_reference ref = {
		.flags = VMCLOCK_FLAG_TAI_OFFSET_VALID | VMCLOCK_FLAG_PERIOD_ESTERROR_VALID |
			 VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_ESTERROR_VALID |
			 VMCLOCK_FLAG_TIME_MAXERROR_VALID |
			 (page->monotonic ? VMCLOCK_FLAG_TIME_MONOTONIC : 0),
		.tai_offset_sec = (int16_t)-calendar->tai_offset_s,
		.leap_indicator = (uint8_t)calendar->leap,
		.smearing_hint = VMCLOCK_SMEARING_STRICT,
		.clock_status = page_status[p->status],
		.disrupt = p->disrupted || page->disrupt,
	};

	set_period(&ref, p, page->counter->nominal_hz);
	set_time(&ref, p);
	return ref;
}

static bool may_be_relied_on(const struct vmclock_reference *ref)
{
	uint64_t wanted = VMCLOCK_FLAG_PERIOD_MAXERROR_VALID | VMCLOCK_FLAG_TIME_MAXERROR_VALID;

	return (ref->flags & wanted) == wanted && ref->counter_period_frac_sec &&
	       (ref->clock_status == VMCLOCK_STATUS_SYNCHRONIZED ||
		ref->clock_status == VMCLOCK_STATUS_FREERUNNING);
}

/* The inverse of reference_of(), as far as a next life needs it. */
static void resume_from(const struct page_file *page, const struct vmclock_reference *ref,
			struct page_resume *out)
{
	int scale = -64 - ref->counter_period_shift;
	long double hz = (long double)page->counter->nominal_hz;
	long double period = ldexpl((long double)ref->counter_period_frac_sec, scale);
	long double frac_ns = ldexpl((long double)ref->time_frac_sec, -64) * 1e9L;
	double rate_ppb = (double)((period * hz - 1) * 1e9L);
	double rate_error_ppb =
		(double)(ldexpl((long double)ref->period_maxerror, scale) * hz * 1e9L);
	double error_ns = (double)ref->time_maxerror_nanosec;
	int64_t whole_ns = (int64_t)frac_ns;

	if (!(fabs(rate_ppb) < 1e6))
		return;
	out->line = (struct line){.counter = ref->counter_value,
				  .time_ns = (int64_t)ref->time_sec * 1000000000 + whole_ns,
				  .frac_ns = (double)(frac_ns - (long double)whole_ns),
				  .rate_ppb = rate_ppb};
	out->bound = (struct interval){.counter = ref->counter_value,
				       .base_ns = out->line.time_ns,
				       .lo_ns = out->line.frac_ns - error_ns,
				       .hi_ns = out->line.frac_ns + error_ns,
				       .rate_lo_ppb = rate_ppb - rate_error_ppb,
				       .rate_hi_ppb = rate_ppb + rate_error_ppb,
				       .rate_since = ref->counter_value};
	out->valid = true;
}

static const char *advice(int err)
{
	switch (err) {
	case -EBUSY:
		return "another writer keeps this page; stop it, or give this one another file";
	case -ELOOP:
		return "it is a symbolic link; VMMs map it, so it has to be the file itself";
	case -EEXIST:
		return "something else than a vmclock page is there; remove it or choose another "
		       "path";
	case -EPERM:
		return "it belongs to another user or has several names; remove it";
	case -ENOENT:
		return "its directory is missing; create it or choose another path";
	case -EACCES:
	case -EROFS:
		return "no right to write there; choose another path with [page] file";
	default:
		return "see [page] file in vmclockd.conf(5)";
	}
}

int page_file_open(struct page_file *page, const char *path, const struct counter *counter,
		   bool monotonic, struct page_resume *resume, char *message, size_t message_size)
{
	struct vmclock_reference ref;
	int err;

	memset(page, 0, sizeof(*page));
	resume->valid = false;
	page->counter = counter;
	page->monotonic = monotonic;
	snprintf(page->path, sizeof(page->path), "%s", path);
	err = vmclock_writer_open(path, counter->page_id, counter->read, &page->writer);
	if (err) {
		page->writer = NULL;
		snprintf(message, message_size, "page %s: %s: %s", path, strerror(-err),
			 advice(err));
		return err;
	}
	if (!vmclock_writer_current(page->writer, &ref) && may_be_relied_on(&ref))
		resume_from(page, &ref, resume);
	page->disrupt = !resume->valid;
	return 0;
}

int page_file_publish(struct page_file *page, const struct publication *publication,
		      const struct page_calendar *calendar, double *raised_ns)
{
	struct vmclock_reference ref;
	int err;

	*raised_ns = 0;
	if (!page->writer)
		return -EBADF;
	ref = reference_of(page, publication, calendar);
	err = vmclock_writer_publish(page->writer, &ref, SPLICE_MAX_NS, raised_ns);
	if (err == -ESTALE && !ref.disrupt) {
		ref.disrupt = true;
		err = vmclock_writer_publish(page->writer, &ref, SPLICE_MAX_NS, raised_ns);
	}
	if (err)
		return err;
	page->disrupt = false;
	page->last = *publication;
	page->calendar = *calendar;
	page->raised_ns_total += *raised_ns;
	page->writes++;
	return 0;
}

int page_file_downgrade(struct page_file *page)
{
	double raised_ns;

	if (!page->writer || !page->writes || page->last.status != DISCIPLINE_SYNCHRONIZED)
		return 0;
	page->last.status = DISCIPLINE_FREERUNNING;
	page->last.disrupted = false;
	return page_file_publish(page, &page->last, &page->calendar, &raised_ns);
}

void page_file_close(struct page_file *page)
{
	if (page->writer)
		vmclock_writer_close(page->writer);
	page->writer = NULL;
}
