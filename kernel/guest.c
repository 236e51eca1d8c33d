// SPDX-License-Identifier: GPL-2.0-only
/* Guests: their descriptors, from creation to the last close. */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "vmclock_host.h"

static unsigned int guests_max = 16384;
module_param(guests_max, uint, 0644);
MODULE_PARM_DESC(guests_max, "How many guests there may be at a time");

static void put_eventfd(struct eventfd_ctx *eventfd)
{
	if (eventfd)
		eventfd_ctx_put(eventfd);
}

/* The guest owns the eventfd, and gives back the one that it had. */
static struct eventfd_ctx *set_eventfd(struct vmclock_guest *guest, struct eventfd_ctx *eventfd)
{
	swap(guest->eventfd, eventfd);
	if (guest->eventfd)
		guest->flags |= VMCLOCK_FLAG_NOTIFICATION_PRESENT;
	else
		guest->flags &= ~VMCLOCK_FLAG_NOTIFICATION_PRESENT;
	return eventfd;
}

static long set(struct vmclock_guest *guest, const struct vmclock_guest_config *config)
{
	struct mutex *lock = &guest->host->lock;
	struct eventfd_ctx *eventfd;
	int rc = vmclock_guest_config_eventfd(config, &eventfd);

	if (rc)
		return rc;
	if (mutex_lock_interruptible(lock)) {
		put_eventfd(eventfd);
		return -ERESTARTSYS;
	}
	if (config->flags & VMCLOCK_GUEST_EVENTFD)
		eventfd = set_eventfd(guest, eventfd);
	vmclock_guest_update(guest, vmclock_guest_config_apply(guest, config));
	/* Whoever relied on it learns from the page that it has ended. */
	if (eventfd)
		vmclock_guest_signal(eventfd);
	mutex_unlock(lock);
	put_eventfd(eventfd);
	return 0;
}

static long guest_set(struct vmclock_guest *guest, void __user *arg)
{
	struct vmclock_guest_config config;
	u32 size;
	long rc = vmclock_guest_config_get(&config, &size, false, arg);

	if (!rc)
		rc = set(guest, &config);
	config.id = guest->id;
	return rc ? rc : vmclock_user_put(arg, size, &config, sizeof(config));
}

static struct vmclock_guest *guest_of(struct file *file)
{
	return container_of(file->private_data, struct vmclock_guest, reader);
}

static long guest_ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	if (VMCLOCK_WITHOUT_SIZE(request) != VMCLOCK_WITHOUT_SIZE(VMCLOCK_GUEST_SET))
		return -ENOTTY;
	return guest_set(guest_of(file), (void __user *)arg);
}

static ssize_t guest_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return vmclock_page_read(file->private_data, buf, count, pos);
}

static __poll_t guest_poll(struct file *file, poll_table *wait)
{
	return vmclock_page_poll(file->private_data, file, wait);
}

/* A pinned page has its mapping already, and belongs to somebody else. */
static int guest_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vmclock_guest *guest = guest_of(file);

	return guest->pinned_by ? -ENODEV : vmclock_page_mmap(&guest->page, vma);
}

static void release_page(struct vmclock_guest *guest)
{
	if (guest->pinned_by)
		vmclock_guest_unpin(guest);
	else if (guest->page.page)
		vmclock_page_release(&guest->page);
}

/* One that is not, or no longer, among the guests of the host. */
static void destroy(struct vmclock_guest *guest)
{
	if (guest->id)
		xa_erase(&guest->host->guests.all, guest->id);
	release_page(guest);
	put_eventfd(guest->eventfd);
	put_pid(guest->creator);
	vmclock_guest_user_remove(guest->user);
	kfree(guest);
}

/* With the lock held. */
static void unlist(struct vmclock_guest *guest)
{
	struct vmclock_guests *guests = &guest->host->guests;

	xa_erase(&guests->all, guest->id);
	guest->id = 0;
	WRITE_ONCE(guests->count, guests->count - 1);
	if (guest->pinned_by)
		vmclock_guest_abandon(guest);
}

static int guest_release(struct inode *inode, struct file *file)
{
	struct vmclock_guest *guest = guest_of(file);

	mutex_lock(&guest->host->lock);
	if (guest->listed)
		unlist(guest);
	mutex_unlock(&guest->host->lock);
	destroy(guest);
	return 0;
}

/* Unloading is refused until all guests are gone. */
static const struct file_operations guest_fops = {
	.owner = THIS_MODULE,
	.release = guest_release,
	.read = guest_read,
	.poll = guest_poll,
	.mmap = guest_mmap,
	.unlocked_ioctl = guest_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = no_seek_end_llseek,
};

/* Memory for its place among the others too: with the lock held, nobody waits for memory. */
static int acquire_id(struct vmclock_guest *guest)
{
	struct vmclock_guests *guests = &guest->host->guests;
	u32 id;
	int rc = xa_alloc_cyclic(&guests->all, &id, NULL, XA_LIMIT(1, U32_MAX), &guests->next_id,
				 GFP_KERNEL);

	if (rc < 0)
		return rc;
	guest->id = id;
	return 0;
}

static int acquire(struct vmclock_guest *guest, const struct vmclock_guest_config *config)
{
	struct eventfd_ctx *eventfd;
	int rc;

	if (config->flags & VMCLOCK_GUEST_PINNED_PAGE)
		rc = vmclock_guest_pin(guest, config->address);
	else
		rc = vmclock_page_alloc(&guest->page, GFP_KERNEL_ACCOUNT);
	if (!rc)
		rc = vmclock_guest_config_eventfd(config, &eventfd);
	if (rc)
		return rc;
	set_eventfd(guest, eventfd);
	return acquire_id(guest);
}

static struct vmclock_guest *alloc_guest(bool unlimited)
{
	struct vmclock_guest *guest = kzalloc(sizeof(*guest), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!guest)
		return ERR_PTR(-ENOMEM);
	guest->user = current_uid();
	rc = vmclock_guest_user_add(guest->user, unlimited);
	if (!rc)
		return guest;
	kfree(guest);
	return ERR_PTR(rc);
}

/* A guest as it is asked for, or else with the counter of the host. */
static struct vmclock_guest *make(struct vmclock_host *host, bool unlimited,
				  const struct vmclock_guest_config *config)
{
	struct vmclock_guest *guest = alloc_guest(unlimited);
	int rc;

	if (IS_ERR(guest))
		return guest;
	guest->host = host;
	rc = acquire(guest, config);
	if (rc) {
		destroy(guest);
		return ERR_PTR(rc);
	}
	guest->creator = get_pid(task_tgid(current));
	guest->reader.page = &guest->page;
	guest->marker = get_random_u64(); /* not one that another page has had there */
	guest->scale.ratio = 1;
	vmclock_guest_config_apply(guest, config);
	return guest;
}

/* With the lock held. From here on the guest is updated with the host. */
static int add(struct vmclock_guest *guest)
{
	struct vmclock_guests *guests = &guest->host->guests;

	if (guests->count >= READ_ONCE(guests_max))
		return -ENOSPC;
	xa_store(&guests->all, guest->id, guest, GFP_NOWAIT); /* has its place already */
	guest->listed = true;
	WRITE_ONCE(guests->count, guests->count + 1);
	vmclock_guest_show_first(guest, get_random_u32() & ~1);
	return 0;
}

static struct file *open_guest(struct vmclock_guest *guest)
{
	struct file *file = anon_inode_getfile("[vmclock_guest]", &guest_fops, &guest->reader,
					       O_RDONLY);

	if (IS_ERR(file))
		destroy(guest);
	else
		file->f_mode |= FMODE_LSEEK | FMODE_PREAD;
	return file;
}

/* Closing the file undoes everything. */
static long add_and_tell(struct file *file, struct vmclock_guest_config *config, u32 size,
			 void __user *arg)
{
	struct vmclock_guest *guest = guest_of(file);
	int rc;

	if (mutex_lock_interruptible(&guest->host->lock))
		return -ERESTARTSYS;
	rc = add(guest);
	config->id = guest->id;
	mutex_unlock(&guest->host->lock);
	return rc ? rc : vmclock_user_put(arg, size, config, sizeof(*config));
}

static long install(struct file *file, struct vmclock_guest_config *config, u32 size,
		    void __user *arg)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	long rc = fd < 0 ? fd : add_and_tell(file, config, size, arg);

	if (!rc) {
		fd_install(fd, file);
		return fd;
	}
	if (fd >= 0)
		put_unused_fd(fd);
	fput(file);
	return rc;
}

/* A descriptor, or a negative errno. `unlimited`: however many guests the caller has. */
long vmclock_guest_create(struct vmclock_host *host, bool unlimited, void __user *arg)
{
	struct vmclock_guest_config config;
	struct vmclock_guest *guest;
	struct file *file;
	u32 size;
	int rc = vmclock_guest_config_get(&config, &size, true, arg);

	if (rc)
		return rc;
	guest = make(host, unlimited, &config);
	if (IS_ERR(guest))
		return PTR_ERR(guest);
	file = open_guest(guest);
	return IS_ERR(file) ? PTR_ERR(file) : install(file, &config, size, arg);
}

u32 vmclock_guests_max(void)
{
	return READ_ONCE(guests_max);
}

void vmclock_guests_init(struct vmclock_host *host)
{
	xa_init_flags(&host->guests.all, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
}

/* When no descriptor of a guest is open any more. */
void vmclock_guests_exit(struct vmclock_host *host)
{
	xa_destroy(&host->guests.all);
}
