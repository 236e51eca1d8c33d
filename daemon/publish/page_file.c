// SPDX-License-Identifier: GPL-2.0-or-later
/* Publications into a page file that VMMs and applications map read-only. */
#include "page_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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
	if (!vmclock_writer_current(page->writer, &ref))
		*resume = reference_resume(&ref, counter);
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
	ref = reference_of(publication, calendar, page->counter, page->monotonic);
	ref.disrupt = ref.disrupt || page->disrupt;
	err = vmclock_writer_publish(page->writer, &ref, SPLICE_MAX_NS, raised_ns);
	if (err == -ESTALE && !ref.disrupt) {
		ref.disrupt = true;
		err = vmclock_writer_publish(page->writer, &ref, SPLICE_MAX_NS, raised_ns);
	}
	page->disrupt = err && ref.disrupt; /* a marker that is owed stays owed */
	if (err)
		return err;
	page->raised_ns_total += *raised_ns;
	page->writes++;
	return 0;
}

void page_file_close(struct page_file *page)
{
	if (page->writer)
		vmclock_writer_close(page->writer);
	page->writer = NULL;
}
