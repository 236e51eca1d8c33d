/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Publications into the page of the kernel driver vmclock_host, see vmclock_host(4). */
#ifndef VMCLOCK_PAGE_KERNEL_H
#define VMCLOCK_PAGE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "host_kernel.h"
#include "reference.h"

#define PAGE_KERNEL_DEVICE "/dev/vmclock_host"

/* The system calls; each returns -1 and sets errno. Tests put a model of the driver here. */
struct page_kernel_ops {
	int (*open)(const char *path, int flags);
	int (*ioctl)(int fd, unsigned long request, void *argument);
	int (*close)(int fd);
};

extern const struct page_kernel_ops page_kernel_system;

struct page_kernel_settings {
	const char *path; /* the device; "": do without */
	bool optional;	  /* that there is no such device is nothing to be told of */
	double lease_ns;  /* brought within what the kernel takes */
	double unreliable_above_ns;
	struct host_kernel *host; /* what the kernel's own clock is to do; NULL: nothing */
};

struct page_kernel {
	const struct page_kernel_ops *ops;
	const struct counter *counter;
	struct host_kernel *host;
	char path[256]; /* "": do without */
	bool optional;
	int fd;	      /* -1: not open */
	bool disrupt; /* the next publication changes the marker: the line in force is not ours */
	uint64_t lease_ns;
	uint64_t unreliable_above_ns;
	int64_t renew_at_ns;   /* while open: CLOCK_MONOTONIC; INT64_MAX: nothing to renew yet */
	int64_t retry_at_ns;   /* while not open; INT64_MAX: never */
	int64_t retry_wait_ns; /* the last wait */
	uint64_t writes;       /* renewals of the lease too */
	uint64_t failures;
	double raised_ns_total; /* by the driver, to keep the page monotonic */
	char problem[300]; /* why it is not open; "": it is, or there is none and need not be */
};

void page_kernel_init(struct page_kernel *page, const struct page_kernel_settings *settings,
		      const struct counter *counter, const struct page_kernel_ops *ops);

/*
 * Opens the device as its writer. Readers may have a line of ours that is still in force: *resume.
 * 0 or -errno, with the next attempt in retry_at_ns and the reason in problem: -ENOENT (not
 * loaded), -EBUSY (another writer), -EPERM, -EACCES, -EPROTO (a driver that cannot be used).
 */
int page_kernel_open(struct page_kernel *page, int64_t now_ns, struct page_resume *resume);

/* How the kernel's own clock follows, into host. While it is not open, or without one: nothing. */
void page_kernel_look(struct page_kernel *page);

/*
 * Sets the line for another lease; *raised_ns: what the splice added. 0; -ESTALE: the line would
 * step back by more than 1 ms, the one before stays in force; -EBADF: not open; other -errno: the
 * driver took nothing, and was closed, which downgrades its page. A line that is only refused for
 * the kernel's own clock is set for the page alone.
 */
int page_kernel_publish(struct page_kernel *page, const struct publication *publication,
			const struct page_calendar *calendar, int64_t now_ns, double *raised_ns);

/*
 * For counter.snapshot. 0; -ENODEV: the counter is not the kernel's clocksource; -EBADF: not open.
 * Nothing is closed for it.
 */
int page_kernel_snapshot(const struct page_kernel *page, struct counter_snapshot *out);

/* The driver then downgrades the page. */
void page_kernel_close(struct page_kernel *page);

#endif
