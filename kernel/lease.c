// SPDX-License-Identifier: GPL-2.0-only
/* For how long the reference holds, and what becomes of the page when nobody renews it. */
#include <linux/cred.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "steer.h"
#include "vmclock_host.h"

/* How late the page may learn that its bound has grown too large. */
#define WATCH_NS NSEC_PER_SEC

static struct vmclock_host *host_of(struct work_struct *work)
{
	return container_of(to_delayed_work(work), struct vmclock_host, lease.watch);
}

u64 vmclock_lease_left_ns(const struct vmclock_host *host)
{
	u64 deadline_ns = host->lease.holder.deadline_ns;
	u64 now_ns = ktime_get_boottime_ns();

	return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

static bool bound_too_large(const struct vmclock_host *host)
{
	return vmclock_reference_exceeds(&host->line, host->lease.holder.unreliable_above_ns);
}

/* What the page says is only ever made worse here. */
static void downgrade(struct vmclock_host *host)
{
	if (!vmclock_lease_left_ns(host))
		vmclock_steer_stop();
	if (host->line.clock_status != VMCLOCK_STATUS_UNRELIABLE && bound_too_large(host))
		vmclock_reference_downgrade(host, VMCLOCK_STATUS_UNRELIABLE);
	else if (host->line.clock_status == VMCLOCK_STATUS_SYNCHRONIZED &&
		 !vmclock_lease_left_ns(host))
		vmclock_reference_downgrade(host, VMCLOCK_STATUS_FREERUNNING);
}

static void watch_again(struct vmclock_host *host)
{
	u64 left_ns = vmclock_lease_left_ns(host);
	u64 wait_ns = left_ns ? min_t(u64, left_ns, WATCH_NS) : WATCH_NS;

	/* One more, so that a lease of less than a tick has lapsed when the work runs. */
	mod_delayed_work(host->work, &host->lease.watch, nsecs_to_jiffies(wait_ns) + 1);
}

static void watch(struct work_struct *work)
{
	struct vmclock_host *host = host_of(work);

	mutex_lock(&host->lock);
	if (host->line_valid) {
		downgrade(host);
		watch_again(host);
	}
	mutex_unlock(&host->lock);
}

void vmclock_lease_init(struct vmclock_host *host)
{
	INIT_DELAYED_WORK(&host->lease.watch, watch);
}

/* The caller, from now on. */
struct vmclock_holder vmclock_lease_holder(const struct vmclock_host_reference *ref)
{
	u64 now_ns = ktime_get_boottime_ns();
	struct vmclock_holder holder = {
		.pid = get_pid(task_tgid(current)),
		.uid = current_uid(),
		.set_at_ns = now_ns,
		.deadline_ns = now_ns + ref->lease_ns,
		.unreliable_above_ns = ref->unreliable_above_ns,
	};

	return holder;
}

/* With the lock held, for the line that is now in force. */
void vmclock_lease_start(struct vmclock_host *host)
{
	downgrade(host);
	watch_again(host);
}

/* With the lock held: the writer is gone. */
void vmclock_lease_end(struct vmclock_host *host)
{
	raw_spin_lock(&host->told);
	host->lease.holder.deadline_ns = 0;
	raw_spin_unlock(&host->told);
	if (host->line_valid)
		downgrade(host);
}

/* Without the lock, when nobody has the device open. */
void vmclock_lease_exit(struct vmclock_host *host)
{
	cancel_delayed_work_sync(&host->lease.watch);
	put_pid(host->lease.holder.pid);
}
