/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where publications go: the kernel driver's page while there is one, and the page file always.
 *
 * Who mapped the file before the module was loaded, or may not open the device, keeps a page that
 * is as good: it is written after the driver's with the same line, and is alone in force when the
 * driver is not. So neither of them ever says SYNCHRONIZED of a line that nobody keeps.
 */
#ifndef VMCLOCK_PUBLISHER_H
#define VMCLOCK_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "page_file.h"
#include "page_kernel.h"

struct publisher {
	const struct counter *counter;
	struct page_file file;
	struct page_kernel kernel;
	int file_error;		 /* of the last attempt to write the file */
	bool any;		 /* something was published: */
	struct publication last; /* as it is on the page in force, with what its writer added */
	struct page_calendar calendar;
};

void publisher_init(struct publisher *p, const struct counter *counter,
		    const struct page_kernel_settings *kernel, const struct page_kernel_ops *ops);

/*
 * At start: opens both. *resume: the better of the lines that their readers may have; the page that
 * does not continue with it begins anew, with another marker. 0 or -errno of the file, with its
 * message; what is wrong with the device is in kernel.problem.
 */
int publisher_open(struct publisher *p, const char *path, bool monotonic, int64_t now_ns,
		   struct page_resume *resume, char *message, size_t message_size);

/*
 * TAI - UTC is taken to be this at the resumed line. Its time came from UTC: if that was made TAI
 * by another number, it is wrong by the difference, and is not continued.
 */
void publisher_check_utc(struct publisher *p, struct page_resume *resume, int tai_offset_s);

/* Later: a file that could not be opened; what it said before is not continued. */
int publisher_reopen_file(struct publisher *p, const char *path, bool monotonic, char *message,
			  size_t message_size);

/*
 * Later, when now_ns >= kernel.retry_at_ns: tries the device again, and puts the line in force
 * there at once. True: it is open now.
 */
bool publisher_try_kernel(struct publisher *p, int64_t now_ns, double *raised_ns);

/*
 * *raised_ns: what the writer of the page in force added. 0: it is on one page at least; -ESTALE:
 * the driver would have to step back by more than 1 ms, and nothing was written; -EBADF: no page is
 * open; other -errno: none took it.
 */
int publisher_publish(struct publisher *p, const struct publication *publication,
		      const struct page_calendar *calendar, int64_t now_ns, double *raised_ns);

/*
 * The last one again, with another calendar, told from this counter value: what a page says of leap
 * seconds is about its reference time, which has to be in the second that it is about.
 */
int publisher_again(struct publisher *p, const struct page_calendar *calendar, uint64_t counter,
		    int64_t now_ns, double *raised_ns);

/* When now_ns >= kernel.renew_at_ns: the line in force for another lease. */
int publisher_renew(struct publisher *p, int64_t now_ns, double *raised_ns);

static inline bool publisher_is_open(const struct publisher *p)
{
	return p->kernel.fd >= 0 || p->file.writer;
}

/* At a clean exit: both pages say FREERUNNING instead of SYNCHRONIZED. 0 or -errno of the file. */
int publisher_close(struct publisher *p);

#endif
