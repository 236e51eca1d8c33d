/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the driver share. */
#ifndef VMCLOCK_HOST_DRIVER_H
#define VMCLOCK_HOST_DRIVER_H

#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/vmclock-abi.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <linux/vmclock_host.h>

#include "host_clock.h"
#include "ptp.h"
#include "vmclock_line.h"

#define VMCLOCK_PERIOD_MAX_PPM 1000
#define VMCLOCK_PAST_MAX_TICKS 0x4000000000000000ULL /* 2^62 */
#define VMCLOCK_FUTURE_MAX_NS NSEC_PER_MSEC
#define VMCLOCK_LEASE_MIN_NS NSEC_PER_MSEC
#define VMCLOCK_LEASE_MAX_NS (86400ULL * NSEC_PER_SEC)

#define VMCLOCK_WITHOUT_SIZE(request) ((request) & ~IOCSIZE_MASK)

/* One page that readers map, and those who wait for it to change. */
struct vmclock_page {
	struct page *page;
	struct vmclock_abi *abi; /* only ever written: a guest may write there too */
	struct vmclock_abi copy; /* what was written last, or will be next */
	wait_queue_head_t waiters;
};

/* An open descriptor of a page. */
struct vmclock_reader {
	struct vmclock_page *page;
	u32 seen_seq; /* of the last read */
};

/* Who set the reference, when, and until when it holds: all that the page does not say. */
struct vmclock_holder {
	struct pid *pid; /* NULL: nobody has */
	kuid_t uid;
	u64 set_at_ns; /* CLOCK_BOOTTIME */
	u64 deadline_ns; /* CLOCK_BOOTTIME */
	u64 unreliable_above_ns; /* 0: never */
};

struct vmclock_lease {
	struct vmclock_holder holder;
	struct delayed_work watch;
};

/*
 * A guest, whose counter is the host's, scaled and shifted. Protected by the lock of the host. What
 * an update needs comes first: with thousands of them, to fetch it is most of the work.
 */
struct vmclock_guest {
	struct vmclock_page page;
	struct vmclock_host *host;
	struct vmclock_line_scale scale; /* ratio 0: it is not known */
	u64 marker; /* added to the host's: a change of either changes the sum */
	u64 generation; /* of the page */
	u64 flags; /* of the page, beside those of the host's line */
	bool line_valid; /* the page shows a line, and the time continues from it */
	bool listed; /* among the guests of the host */
	u32 id; /* 0: none yet */
	struct vmclock_guest *to_tell; /* after this one, while all are updated */
	struct eventfd_ctx *eventfd; /* signalled on each update; or NULL */
	struct mm_struct *pinned_by; /* whose memory the page is; NULL: our own */
	unsigned long pinned_pages; /* that cannot be freed because of that */
	struct pid *creator;
	kuid_t user; /* among whose guests it counts */
	struct vmclock_reader reader; /* its one open file */
};

struct vmclock_guests {
	struct xarray all; /* by id */
	u32 next_id;
	u32 count;
};

/* The host's own page, and what it was made from. */
struct vmclock_host {
	struct workqueue_struct *work; /* of the lease and of the host's clock */
	/*
	 * Everything below. Who updates all guests has it for long, and nobody who only looks takes
	 * it: read() and poll() need no lock, as a mapping needs none, and GET_REFERENCE the next
	 * one. Else a process that is seldom run could hold up the end of a lease.
	 */
	struct mutex lock;
	raw_spinlock_t told; /* with the lock: what GET_REFERENCE tells does not change */
	struct vmclock_page page;
	struct vmclock_host_line line; /* in force; what the page says */
	bool line_valid; /* there is one, and the time continues from it */
	bool from_host; /* nobody has ever set it: it may follow the host's clock */
	bool asleep; /* or about to be: until it is over there is no line */
	u64 marker;
	u32 reason; /* VMCLOCK_HOST_REASON_* */
	struct vmclock_lease lease;
	struct vmclock_host_clock clock;
	struct vmclock_guests guests;
	struct vmclock_ptp ptp;
	unsigned long writer; /* bit 0: somebody has the device open for writing */
};

/* page.c */
int vmclock_page_alloc(struct vmclock_page *page, gfp_t gfp);
void vmclock_page_release(struct vmclock_page *page);
void vmclock_page_start(struct vmclock_page *page, u32 seq);
void vmclock_page_begin(struct vmclock_page *page);
void vmclock_page_fill(struct vmclock_page *page, const struct vmclock_host_line *line, u64 marker);
void vmclock_page_end(struct vmclock_page *page);
void vmclock_page_cancel(struct vmclock_page *page);

/*
 * The same for several pages together, with interrupts off and one barrier for all of them: mark
 * each, marked, fill and store each, stored, mark each.
 */
void vmclock_page_mark(struct vmclock_page *page);
void vmclock_page_marked(void);
void vmclock_page_store(struct vmclock_page *page);
void vmclock_page_stored(void);

void vmclock_page_announce(struct vmclock_page *page);

/* page_file.c */
int vmclock_page_mmap(struct vmclock_page *page, struct vm_area_struct *vma);
ssize_t vmclock_page_read(struct vmclock_reader *reader, char __user *buf, size_t count,
			  loff_t *pos);
__poll_t vmclock_page_poll(struct vmclock_reader *reader, struct file *file, poll_table *wait);

/* check.c; 0, -EINVAL, -ERANGE, -EOPNOTSUPP or -ESTALE */
int vmclock_reference_check(const struct vmclock_host_reference *ref);

/* reference.c; all with the lock held */
struct vmclock_line vmclock_reference_line(const struct vmclock_host_line *line);
int vmclock_reference_set(struct vmclock_host *host, struct vmclock_host_reference *ref,
			  struct vmclock_holder *holder);
void vmclock_reference_downgrade(struct vmclock_host *host, u8 clock_status);
void vmclock_reference_disrupt(struct vmclock_host *host, u32 reason);
void vmclock_reference_forget(struct vmclock_host *host, u32 reason);
u64 vmclock_reference_bound_ns(const struct vmclock_host_line *line);
bool vmclock_reference_exceeds(const struct vmclock_host_line *line, u64 limit_ns);
void vmclock_reference_widen(struct vmclock_host_line *line, u64 error_ns);
void vmclock_reference_raise(struct vmclock_host_line *line, vmclock_instant gap);

/* lease.c */
void vmclock_lease_init(struct vmclock_host *host);
struct vmclock_holder vmclock_lease_holder(const struct vmclock_host_reference *ref);
void vmclock_lease_start(struct vmclock_host *host);
u64 vmclock_lease_left_ns(const struct vmclock_host *host);
void vmclock_lease_end(struct vmclock_host *host);
void vmclock_lease_exit(struct vmclock_host *host);

/* guest.c; these take the lock */
void vmclock_guests_init(struct vmclock_host *host);
void vmclock_guests_exit(struct vmclock_host *host);
u32 vmclock_guests_max(void);
long vmclock_guest_create(struct vmclock_host *host, bool unlimited, void __user *arg);

/* guest_config.c */
int vmclock_guest_config_get(struct vmclock_guest_config *config, u32 *size, bool create,
			     const void __user *arg);
int vmclock_guest_config_eventfd(const struct vmclock_guest_config *config,
				 struct eventfd_ctx **eventfd);
bool vmclock_guest_config_apply(struct vmclock_guest *guest,
				const struct vmclock_guest_config *config);

/* guest_list.c; takes the lock */
long vmclock_guests_list(struct vmclock_host *host, void __user *arg);

/* guest_line.c; with the lock held */
void vmclock_guest_show_first(struct vmclock_guest *guest, u32 seq);
void vmclock_guest_update(struct vmclock_guest *guest, bool continues);
void vmclock_guest_abandon(struct vmclock_guest *guest);
void vmclock_guests_update(struct vmclock_host *host, bool continues);
void vmclock_guest_signal(struct eventfd_ctx *eventfd);

/* guest_pin.c */
int vmclock_guest_pin(struct vmclock_guest *guest, u64 address);
void vmclock_guest_unpin(struct vmclock_guest *guest);

/* guest_user.c; 0, -EDQUOT or -ENOMEM */
int vmclock_guest_user_add(kuid_t uid, bool unlimited);
void vmclock_guest_user_remove(kuid_t uid);

/* user.c */
int vmclock_user_get(void *to, u32 *size, size_t known, const void __user *arg);
int vmclock_user_put(void __user *arg, u32 size, const void *from, size_t known);

/* snapshot.c */
int vmclock_snapshot(struct vmclock_host *host, struct vmclock_host_snapshot *out);

#endif
