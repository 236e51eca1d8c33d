// SPDX-License-Identifier: GPL-2.0-only
/* /dev/vmclock_host: who may do what, and the way from a request to what it asks for. */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>

#include "counter.h"
#include "steer.h"
#include "vmclock_host.h"

static struct vmclock_host host = {
	.lock = __MUTEX_INITIALIZER(host.lock),
	.told = __RAW_SPIN_LOCK_UNLOCKED(host.told),
};

static bool is_writer(const struct file *file)
{
	return file->f_mode & FMODE_WRITE;
}

static struct vmclock_host_info info(void)
{
	struct vmclock_host_info out = {
		.abi_version = VMCLOCK_HOST_ABI_VERSION,
		.features = VMCLOCK_HOST_FEATURE_GUESTS | VMCLOCK_HOST_FEATURE_LEASE |
			    VMCLOCK_HOST_FEATURE_PINNED_GUESTS |
			    vmclock_from_host_features(&host) | vmclock_ptp_features(&host) |
			    vmclock_steer_features(),
		.counter_nominal_hz = vmclock_counter_hz(),
		.counter_past_max_ticks = VMCLOCK_PAST_MAX_TICKS,
		.counter_future_max_ns = VMCLOCK_FUTURE_MAX_NS,
		.lease_min_ns = VMCLOCK_LEASE_MIN_NS,
		.lease_max_ns = VMCLOCK_LEASE_MAX_NS,
		.period_max_ppm = VMCLOCK_PERIOD_MAX_PPM,
		.page_size = PAGE_SIZE,
		.guests = READ_ONCE(host.guests.count),
		.guests_max = vmclock_guests_max(),
		.counter_id = vmclock_counter_id(),
	};

	return out;
}

/* What will be returned is not looked at, but padding and flags may get a meaning. */
static int get_info(void __user *arg)
{
	struct vmclock_host_info request;
	u32 size;
	int rc = vmclock_user_get(&request, &size, sizeof(request), arg);

	if (rc)
		return rc;
	if (memchr_inv(request.pad, 0, sizeof(request.pad)))
		return -EINVAL;
	request = info();
	return vmclock_user_put(arg, size, &request, sizeof(request));
}

static int set_checked(struct vmclock_host_reference *ref)
{
	struct vmclock_holder holder;
	int rc = vmclock_reference_check(ref);

	if (!rc && (host.asleep || !vmclock_counter_stable()))
		rc = -ENODEV;
	if (rc)
		return rc;
	holder = vmclock_lease_holder(ref);
	rc = vmclock_reference_set(&host, ref, &holder);
	put_pid(holder.pid); /* of the one before, unless it was refused */
	if (rc)
		return rc;
	vmclock_steer_set(ref);
	vmclock_lease_start(&host);
	return 0;
}

static int set_reference(void __user *arg)
{
	struct vmclock_host_reference ref;
	u32 size;
	int rc = vmclock_user_get(&ref, &size, sizeof(ref), arg);

	if (rc)
		return rc;
	if (mutex_lock_interruptible(&host.lock))
		return -ERESTARTSYS;
	rc = set_checked(&ref);
	mutex_unlock(&host.lock);
	return rc ? rc : vmclock_user_put(arg, size, &ref, sizeof(ref));
}

static void describe(struct vmclock_host_state *state)
{
	const struct vmclock_holder *holder = &host.lease.holder;

	state->disruption_marker = host.marker;
	state->disruption_reason = host.reason;
	if (test_bit(0, &host.writer))
		state->valid |= VMCLOCK_HOST_STATE_WRITER;
	vmclock_host_clock_describe(&host, state);
	vmclock_steer_describe(state);
	if (!host.line_valid || !holder->pid)
		return;
	state->valid |= VMCLOCK_HOST_STATE_REFERENCE;
	state->line = host.line;
	state->line.time_type = VMCLOCK_TIME_TAI;
	state->line.counter_id = vmclock_counter_id();
	state->set_at_ns = timens_add_boottime_ns(holder->set_at_ns);
	state->lease_left_ns = vmclock_lease_left_ns(&host);
	state->set_by_pid = pid_vnr(holder->pid);
	state->set_by_uid = from_kuid_munged(current_user_ns(), holder->uid);
}

static int get_reference(void __user *arg)
{
	struct vmclock_host_state state;
	u32 size;
	int rc = vmclock_user_get(&state, &size, sizeof(state), arg);

	if (rc)
		return rc;
	if (state.pad)
		return -EINVAL;
	memset(&state, 0, sizeof(state));
	raw_spin_lock(&host.told);
	describe(&state);
	raw_spin_unlock(&host.told);
	return vmclock_user_put(arg, size, &state, sizeof(state));
}

static int get_snapshot(void __user *arg)
{
	struct vmclock_host_snapshot snapshot;
	u32 size;
	int rc = vmclock_user_get(&snapshot, &size, sizeof(snapshot), arg);

	if (rc)
		return rc;
	if (snapshot.flags)
		return -EINVAL;
	rc = vmclock_snapshot(&host, &snapshot);
	return rc ? rc : vmclock_user_put(arg, size, &snapshot, sizeof(snapshot));
}

/* A writer without a reason may know that the line holds; any other reason says that it cannot. */
static void disrupt_for(u32 reason)
{
	if (reason == VMCLOCK_HOST_REASON_WRITER) {
		vmclock_reference_disrupt(&host, reason);
		return;
	}
	vmclock_reference_forget(&host, reason);
	vmclock_from_host_look_again(&host);
}

static int disrupt(void __user *arg)
{
	struct vmclock_host_disrupt request;
	u32 size;
	int rc = vmclock_user_get(&request, &size, sizeof(request), arg);

	if (rc)
		return rc;
	if (request.reason < VMCLOCK_HOST_REASON_WRITER ||
	    request.reason > VMCLOCK_HOST_REASON_SUSPEND)
		return -EINVAL;
	if (mutex_lock_interruptible(&host.lock))
		return -ERESTARTSYS;
	disrupt_for(request.reason);
	request.disruption_marker = host.marker;
	mutex_unlock(&host.lock);
	return vmclock_user_put(arg, size, &request, sizeof(request));
}

static long device_ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (VMCLOCK_WITHOUT_SIZE(request)) {
	case VMCLOCK_WITHOUT_SIZE(VMCLOCK_HOST_GET_INFO):
		return get_info(user);
	case VMCLOCK_WITHOUT_SIZE(VMCLOCK_HOST_SET_REFERENCE):
		return is_writer(file) ? set_reference(user) : -EBADF;
	case VMCLOCK_WITHOUT_SIZE(VMCLOCK_HOST_GET_REFERENCE):
		return get_reference(user);
	case VMCLOCK_WITHOUT_SIZE(VMCLOCK_HOST_GET_SNAPSHOT):
		return get_snapshot(user);
	case VMCLOCK_WITHOUT_SIZE(VMCLOCK_HOST_DISRUPT):
		return is_writer(file) ? disrupt(user) : -EBADF;
	case VMCLOCK_WITHOUT_SIZE(VMCLOCK_HOST_CREATE_GUEST):
		return vmclock_guest_create(&host, is_writer(file), user);
	case VMCLOCK_WITHOUT_SIZE(VMCLOCK_HOST_LIST_GUESTS):
		return is_writer(file) ? vmclock_guests_list(&host, user) : -EBADF;
	default:
		return -ENOTTY;
	}
}

static int become_writer(void)
{
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	return test_and_set_bit(0, &host.writer) ? -EBUSY : 0;
}

static int device_open(struct inode *inode, struct file *file)
{
	struct vmclock_reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!reader)
		return -ENOMEM;
	rc = is_writer(file) ? become_writer() : 0;
	if (rc) {
		kfree(reader);
		return rc;
	}
	reader->page = &host.page;
	file->private_data = reader;
	return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	if (is_writer(file)) {
		mutex_lock(&host.lock);
		vmclock_lease_end(&host);
		vmclock_steer_release();
		clear_bit_unlock(0, &host.writer);
		mutex_unlock(&host.lock);
	}
	kfree(file->private_data);
	return 0;
}

static ssize_t device_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return vmclock_page_read(file->private_data, buf, count, pos);
}

static __poll_t device_poll(struct file *file, poll_table *wait)
{
	return vmclock_page_poll(file->private_data, file, wait);
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vmclock_page_mmap(&host.page, vma);
}

/* A mapping holds its file, and a file this module: unloading is refused until all are gone. */
static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.poll = device_poll,
	.mmap = device_mmap,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = default_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmclock_host",
	.fops = &device_fops,
	.mode = 0644,
};

/*
 * Some counters start anew after sleep: the line is worth nothing then. It ends before processes
 * are frozen, for they run again before we are told that the machine is awake.
 */
static int slept(struct notifier_block *nb, unsigned long event, void *data)
{
	bool asleep = event == PM_SUSPEND_PREPARE || event == PM_HIBERNATION_PREPARE ||
		      event == PM_RESTORE_PREPARE;

	if (!asleep && event != PM_POST_SUSPEND && event != PM_POST_HIBERNATION &&
	    event != PM_POST_RESTORE)
		return NOTIFY_DONE;
	mutex_lock(&host.lock);
	host.asleep = asleep;
	if (host.line_valid)
		vmclock_reference_forget(&host, VMCLOCK_HOST_REASON_SUSPEND);
	mutex_unlock(&host.lock);
	vmclock_from_host_look_again(&host);
	return NOTIFY_DONE;
}

static struct notifier_block sleep_notifier = {
	.notifier_call = slept,
};

/*
 * What ends a lease or a line must not wait: neither for a process that keeps one processor to
 * itself, as a virtual one may, nor for memory.
 */
static int __init alloc_work(void)
{
	host.work = alloc_workqueue("vmclock_host", WQ_UNBOUND | WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	return host.work ? 0 : -ENOMEM;
}

static int __init device_init(void)
{
	int rc;

	if (!vmclock_counter_hz() || vmclock_counter_hz() >> 40)
		return -ENODEV;
	rc = alloc_work();
	if (rc)
		return rc;
	host.marker = get_random_u64(); /* not one that a former life of this module used */
	host.line.clock_status = VMCLOCK_STATUS_UNRELIABLE;
	vmclock_lease_init(&host);
	vmclock_guests_init(&host);
	rc = vmclock_page_alloc(&host.page, GFP_KERNEL);
	if (rc)
		goto out_work;
	vmclock_page_start(&host.page, 0);
	vmclock_page_fill(&host.page, &host.line, host.marker);
	vmclock_page_end(&host.page);
	rc = vmclock_host_clock_init(&host);
	if (rc)
		goto out_page;
	rc = register_pm_notifier(&sleep_notifier);
	if (rc)
		goto out_clock;
	rc = vmclock_ptp_init(&host);
	if (rc)
		goto out_sleep;
	rc = misc_register(&device);
	if (!rc)
		return 0;
	vmclock_ptp_exit(&host);
out_sleep:
	unregister_pm_notifier(&sleep_notifier);
out_clock:
	vmclock_host_clock_exit(&host);
out_page:
	vmclock_page_release(&host.page);
out_work:
	destroy_workqueue(host.work);
	return rc;
}

static void __exit device_exit(void)
{
	misc_deregister(&device);
	vmclock_ptp_exit(&host);
	unregister_pm_notifier(&sleep_notifier);
	vmclock_host_clock_exit(&host);
	vmclock_lease_exit(&host);
	destroy_workqueue(host.work);
	vmclock_guests_exit(&host);
	vmclock_page_release(&host.page);
}

module_init(device_init);
module_exit(device_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("The vmclock-host authors");
#ifdef VMCLOCK_HOST_VERSION
MODULE_VERSION(VMCLOCK_HOST_VERSION); /* in the tree, the kernel's own says all */
#endif
MODULE_DESCRIPTION("The vmclock page of this host, disciplined from user space");
