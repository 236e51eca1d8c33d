// SPDX-License-Identifier: GPL-2.0-only
/* A vmclock device as a hypervisor would offer it, without one: /dev/mock_vmclock maps its page. */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static struct platform_device *device;
static unsigned long page;

/* Whoever has this mapped is the hypervisor. */
static int map(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(virt_to_page(page)), PAGE_SIZE,
			       vma->vm_page_prot);
}

/* The device appears when something is written, that is when its page is valid. */
static ssize_t appear(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct resource res = DEFINE_RES_MEM(virt_to_phys((void *)page), PAGE_SIZE);

	if (device)
		return -EBUSY;
	device = platform_device_register_simple("vmclock", PLATFORM_DEVID_NONE, &res, 1);
	if (IS_ERR(device)) {
		long rc = PTR_ERR(device);

		device = NULL;
		return rc;
	}
	return count;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.mmap = map,
	.write = appear,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mock_vmclock",
	.fops = &fops,
};

static int __init mock_init(void)
{
	int rc;

	page = get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	rc = misc_register(&misc);
	if (rc)
		free_page(page);
	return rc;
}

static void __exit mock_exit(void)
{
	if (device)
		platform_device_unregister(device);
	misc_deregister(&misc);
	free_page(page);
}

module_init(mock_init);
module_exit(mock_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A vmclock device for tests");
