// SPDX-License-Identifier: GPL-2.0-or-later
/* Where publications go: the kernel driver's page while there is one, and the page file always. */
#include "publisher.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../clock/sample.h"

void publisher_init(struct publisher *p, const struct counter *counter,
		    const struct page_kernel_settings *kernel, const struct page_kernel_ops *ops)
{
	memset(p, 0, sizeof(*p));
	p->counter = counter;
	page_kernel_init(&p->kernel, kernel, counter, ops);
}

/* Either may be older than the other: a driver that was not there for a while, or not asked. */
static const struct page_resume *tighter(const struct publisher *p, const struct page_resume *a,
					 const struct page_resume *b, uint64_t now)
{
	if (!a->valid || !b->valid)
		return a->valid ? a : b;
	return page_resume_half_ns(a, p->counter, now) <= page_resume_half_ns(b, p->counter, now)
		       ? a
		       : b;
}

int publisher_open(struct publisher *p, const char *path, bool monotonic, int64_t now_ns,
		   struct page_resume *resume, char *message, size_t message_size)
{
	struct page_resume file, kernel = {.valid = false};
	uint64_t now = p->counter->read();
	int err =
		page_file_open(&p->file, path, p->counter, monotonic, &file, message, message_size);

	if (p->kernel.path[0])
		page_kernel_open(&p->kernel, now_ns, &kernel);
	*resume = *tighter(p, &kernel, &file, now);
	p->file.disrupt = !page_resume_continues(&file, &resume->line, p->counter, now);
	p->kernel.disrupt = !page_resume_continues(&kernel, &resume->line, p->counter, now);
	return err;
}

void publisher_check_utc(struct publisher *p, struct page_resume *resume, int tai_offset_s)
{
	if (!resume->valid || resume->tai_offset_s == tai_offset_s)
		return;
	resume->valid = false;
	p->file.disrupt = true;
	p->kernel.disrupt = true;
}

int publisher_reopen_file(struct publisher *p, const char *path, bool monotonic, char *message,
			  size_t message_size)
{
	struct page_resume unused;
	int err = page_file_open(&p->file, path, p->counter, monotonic, &unused, message,
				 message_size);

	p->file.disrupt = true;
	return err;
}

/* In force is what readers look at first, so that is what the discipline continues from. */
static void note(struct publisher *p, const struct publication *publication, double raised_ns)
{
	p->last = *publication;
	p->last.disrupted = false;
	p->any = true;
	if (!(raised_ns > 0))
		return;
	p->last.line.frac_ns += raised_ns;
	p->last.max_error_ns += raised_ns;
	line_move(&p->last.line, p->counter->ns_per_tick, p->last.line.counter);
}

static int publish_file(struct publisher *p, const struct publication *publication,
			double *raised_ns)
{
	p->file_error = page_file_publish(&p->file, publication, &p->calendar, raised_ns);
	return p->file_error;
}

/* The copy has its own splice, which concerns nobody but its readers. */
static void copy_to_file(struct publisher *p, bool disrupted)
{
	struct publication copy = p->last;
	double unused_ns;

	copy.disrupted = disrupted;
	if (p->file.writer)
		publish_file(p, &copy, &unused_ns);
}

int publisher_publish(struct publisher *p, const struct publication *publication,
		      const struct page_calendar *calendar, int64_t now_ns, double *raised_ns)
{
	int err = page_kernel_publish(&p->kernel, publication, calendar, now_ns, raised_ns);

	if (err == -ESTALE)
		return err;
	p->calendar = *calendar;
	if (!err) {
		note(p, publication, *raised_ns);
		copy_to_file(p, publication->disrupted);
		return 0;
	}
	err = publish_file(p, publication, raised_ns);
	if (!err)
		note(p, publication, *raised_ns);
	return err;
}

int publisher_again(struct publisher *p, const struct page_calendar *calendar, uint64_t counter,
		    int64_t now_ns, double *raised_ns)
{
	struct publication again = p->last;

	*raised_ns = 0;
	if (!p->any)
		return -ENODATA;
	publication_move(&again, p->counter->ns_per_tick, counter);
	return publisher_publish(p, &again, calendar, now_ns, raised_ns);
}

/* What the file says is the same, and needs no lease. */
int publisher_renew(struct publisher *p, int64_t now_ns, double *raised_ns)
{
	struct publication again = p->last;
	int err;

	*raised_ns = 0;
	if (!p->any)
		return -ENODATA;
	err = page_kernel_publish(&p->kernel, &again, &p->calendar, now_ns, raised_ns);
	if (!err)
		note(p, &again, *raised_ns);
	return err;
}

bool publisher_try_kernel(struct publisher *p, int64_t now_ns, double *raised_ns)
{
	struct page_resume unused;

	*raised_ns = 0;
	if (page_kernel_open(&p->kernel, now_ns, &unused))
		return false;
	publisher_renew(p, now_ns, raised_ns);
	return p->kernel.fd >= 0;
}

int publisher_close(struct publisher *p)
{
	struct publication last = p->last;
	double unused_ns;
	int err = 0;

	page_kernel_close(&p->kernel); /* the driver downgrades its own */
	last.status = DISCIPLINE_FREERUNNING;
	if (p->file.writes && p->last.status == DISCIPLINE_SYNCHRONIZED)
		err = publish_file(p, &last, &unused_ns);
	page_file_close(&p->file);
	return err;
}
