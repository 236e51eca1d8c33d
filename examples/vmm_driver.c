// SPDX-License-Identifier: MIT
/*
 * What a VMM does where the kernel has the driver vmclock_host, as an example: the driver keeps the
 * page in the guest's memory, whether the VMM runs or not; the VMM says what the guest's counter
 * is, and when nobody knows: cc vmm_driver.c kvm_guest.c $(pkg-config --cflags libvmclock). It runs
 * no guest. Its guest memory is a file of tmpfs, so that somebody else can look at the page:
 *
 *	vmm_driver MEMORY
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <linux/vmclock-abi.h>
#include <linux/vmclock_host.h>

#include "kvm_guest.h"

enum { PAGE = 4096 };

struct vmm {
	struct kvm_guest machine;
	const volatile struct vmclock_abi *page; /* in the guest's memory */
	int clock;				 /* the driver's descriptor of the guest */
};

static int make_memory(struct vmm *vmm, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *memory = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, PAGE))
		memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	vmm->page = memory;
	return memory == MAP_FAILED ? -errno : 0;
}

/* What is loaded from a snapshot, or is another's copy, has to notice. */
static __u64 new_generation(void)
{
	__u64 generation = 0;

	return getrandom(&generation, sizeof(generation), 0) < 0 ? 0 : generation;
}

/* Nobody knows the counter yet: the page says UNRELIABLE. */
static int make_clock(struct vmm *vmm)
{
	struct vmclock_guest_config config = {.size = sizeof(config),
					      .flags = VMCLOCK_GUEST_UNKNOWN |
						       VMCLOCK_GUEST_GENERATION |
						       VMCLOCK_GUEST_PINNED_PAGE,
					      .vm_generation_counter = new_generation(),
					      .address = (__u64)(unsigned long)vmm->page};
	int device = open("/dev/vmclock_host", O_RDONLY | O_CLOEXEC);

	if (device < 0)
		return -errno;
	vmm->clock = ioctl(device, VMCLOCK_HOST_CREATE_GUEST, &config);
	close(device);
	return vmm->clock < 0 ? -errno : 0;
}

static int set_clock(const struct vmm *vmm, struct vmclock_guest_config config)
{
	config.size = sizeof(config);
	return ioctl(vmm->clock, VMCLOCK_GUEST_SET, &config) ? -errno : 0;
}

/* When the virtual CPUs have their counters, and before they run by them. */
static int tell_counter(const struct vmm *vmm)
{
	struct vmclock_scale scale;
	int rc = kvm_guest_counter(&vmm->machine, &scale);

	return rc ? rc
		  : set_clock(vmm, (struct vmclock_guest_config){.flags = VMCLOCK_GUEST_SCALE,
								 .offset = scale.offset,
								 .ratio = scale.ratio,
								 .frac_bits = scale.frac_bits});
}

/* The guest stands still, for a migration or to be loaded from a snapshot: from here on. */
static int forget_counter(const struct vmm *vmm)
{
	return set_clock(vmm, (struct vmclock_guest_config){
				      .flags = VMCLOCK_GUEST_UNKNOWN | VMCLOCK_GUEST_GENERATION,
				      .vm_generation_counter = new_generation()});
}

static void say(const struct vmm *vmm, const char *when)
{
	printf("%s: status %u, marker %llu\n", when, vmm->page->clock_status,
	       (unsigned long long)vmm->page->disruption_marker);
}

/* Each step only if all before were done. */
static int live(struct vmm *vmm)
{
	int rc = make_clock(vmm);

	if (!rc)
		say(vmm, "made");
	if (!rc)
		rc = tell_counter(vmm);
	if (!rc)
		say(vmm, "started");
	if (!rc)
		rc = forget_counter(vmm);
	if (!rc)
		say(vmm, "stopped");
	if (!rc)
		rc = tell_counter(vmm);
	if (!rc)
		say(vmm, "moved");
	return rc;
}

int main(int argc, char **argv)
{
	struct vmm vmm = {.clock = -1};
	int rc;

	if (argc != 2)
		return fprintf(stderr, "usage: %s MEMORY\n", argv[0]), 2;
	kvm_guest_make(&vmm.machine);
	rc = make_memory(&vmm, argv[1]);
	if (!rc)
		rc = live(&vmm);
	if (vmm.clock >= 0)
		close(vmm.clock);
	return rc ? fprintf(stderr, "vmm_driver: %s\n", strerror(-rc)), 1 : 0;
}
