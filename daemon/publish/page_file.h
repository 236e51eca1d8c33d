/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Publications into a page file that VMMs and applications map read-only. */
#ifndef VMCLOCK_PAGE_FILE_H
#define VMCLOCK_PAGE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reference.h"

struct vmclock_writer;

struct page_file {
	struct vmclock_writer *writer; /* NULL: not open */
	const struct counter *counter;
	bool monotonic; /* the page promises TIME_MONOTONIC */
	bool disrupt;	/* the next publication changes the marker: nothing was resumed */
	char path[256];
	uint64_t writes;
	double raised_ns_total; /* by the writer, to keep the page monotonic */
};

/*
 * Opens or creates the file, repairing what a killed writer left. A line of this boot for this
 * counter that readers may rely on is returned in *resume.
 * 0 or -errno; the message names the path and what to do.
 */
int page_file_open(struct page_file *page, const char *path, const struct counter *counter,
		   bool monotonic, struct page_resume *resume, char *message, size_t message_size);

/*
 * Writes a publication; *raised_ns: what the splice added. A line that would step back by more than
 * 1 ms without saying so is published with a new disruption marker. 0 or -errno.
 */
int page_file_publish(struct page_file *page, const struct publication *publication,
		      const struct page_calendar *calendar, double *raised_ns);

void page_file_close(struct page_file *page);

#endif
