// SPDX-License-Identifier: MIT
/*
 * What a VMM does to give its guest the time, as an example: cc vmm.c $(pkg-config --cflags
 * --libs libvmclock). It runs no guest. Its guest memory is a file, so that somebody else can
 * look at the page:
 *
 *	vmm MEMORY [HOST-PAGE [UPDATES]]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vmclock.h>
#include <vmclock_writer.h>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

enum { PAGE = 4096, WAIT_MS = 1000 };

struct vmm {
	int vm, vcpu; /* of KVM; -1: there is none */
	void *memory; /* of the guest, its last page is the clock's */
	struct vmclock *host;
	struct vmclock_writer *guest;
	unsigned long interrupts;
};

static uint64_t read_tsc(void)
{
#ifdef __x86_64__
	uint64_t tsc;

	_mm_lfence();
	tsc = __rdtsc();
	_mm_lfence();
	return tsc;
#else
	return 0;
#endif
}

/* A machine with one processor; without KVM the example goes on with a counter like the host's. */
static void make_machine(struct vmm *vmm)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	vmm->vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	vmm->vcpu = vmm->vm < 0 ? -1 : ioctl(vmm->vm, KVM_CREATE_VCPU, 0);
	if (vmm->vcpu < 0)
		printf("no KVM (%s): the guest's counter is taken to be the host's\n",
		       strerror(errno));
	if (kvm >= 0)
		close(kvm);
}

#ifdef KVM_VCPU_TSC_CTRL
#ifndef KVM_VCPU_TSC_SCALE /* of kernels to come */
#define KVM_VCPU_TSC_SCALE 1
struct kvm_vcpu_tsc_scale {
	__u64 tsc_ratio;
	__u64 tsc_frac_bits;
};
#endif

static int get_attribute(int vcpu, unsigned int which, void *value)
{
	struct kvm_device_attr attribute = {
		.group = KVM_VCPU_TSC_CTRL, .attr = which, .addr = (uintptr_t)value};

	if (ioctl(vcpu, KVM_HAS_DEVICE_ATTR, &attribute) != 0)
		return -EOPNOTSUPP;
	return ioctl(vcpu, KVM_GET_DEVICE_ATTR, &attribute) ? -errno : 0;
}

/* Of a machine that nobody has told another frequency, as somebody may have told ours. */
static int host_khz(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int fresh = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	int khz = fresh < 0 ? -1 : ioctl(fresh, KVM_GET_TSC_KHZ, 0);

	if (fresh >= 0)
		close(fresh);
	if (kvm >= 0)
		close(kvm);
	return khz;
}

/* Kernels that do not tell the scale have it only where a guest was given another frequency. */
static int is_scaled(const struct vmm *vmm)
{
	int khz = host_khz();

	return khz <= 0 || ioctl(vmm->vcpu, KVM_GET_TSC_KHZ, 0) != khz;
}

/* What KVM makes of the host's counter. To be asked again whenever the VMM has set it. */
static int guest_counter(const struct vmm *vmm, struct vmclock_scale *scale)
{
	struct kvm_vcpu_tsc_scale ratio;
	__u64 offset;
	int rc;

	*scale = (struct vmclock_scale){.ratio = 1};
	if (vmm->vcpu < 0)
		return 0;
	rc = get_attribute(vmm->vcpu, KVM_VCPU_TSC_OFFSET, &offset);
	if (rc)
		return rc;
	scale->offset = offset;
	rc = get_attribute(vmm->vcpu, KVM_VCPU_TSC_SCALE, &ratio);
	if (rc == -EOPNOTSUPP)
		return is_scaled(vmm) ? rc : 0;
	scale->ratio = ratio.tsc_ratio;
	scale->frac_bits = (uint8_t)ratio.tsc_frac_bits;
	return rc;
}
#else
static int guest_counter(const struct vmm *vmm, struct vmclock_scale *scale)
{
	*scale = (struct vmclock_scale){.ratio = 1};
	return vmm->vcpu < 0 ? 0 : -EOPNOTSUPP;
}
#endif

/* With KVM this writes to an eventfd that KVM_IRQFD made an interrupt of the guest. */
static void interrupt_guest(void *context)
{
	struct vmm *vmm = context;

	vmm->interrupts++;
}

static int make_memory(struct vmm *vmm, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	vmm->memory = MAP_FAILED;
	if (fd >= 0 && !ftruncate(fd, PAGE))
		vmm->memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	return vmm->memory == MAP_FAILED ? -errno : 0;
}

static int start(struct vmm *vmm, const char *memory, const char *host_page)
{
	struct vmclock_scale scale;
	int rc = make_memory(vmm, memory);

	if (!rc)
		rc = vmclock_open(host_page, 0, &vmm->host);
	if (!rc)
		rc = guest_counter(vmm, &scale);
	if (!rc)
		rc = vmclock_writer_open_memory(vmm->memory, PAGE, VMCLOCK_COUNTER_X86_TSC,
						read_tsc, &scale, &vmm->guest);
	if (!rc)
		rc = vmclock_writer_announce(vmm->guest, interrupt_guest, vmm);
	if (!rc)
		printf("guest's counter = ((host * %llu) >> %u) + %llu\n",
		       (unsigned long long)scale.ratio, scale.frac_bits,
		       (unsigned long long)scale.offset);
	return rc;
}

/* A migration, or a snapshot that was loaded: from here to guest_counter() nobody knows it. */
static int move_guest(struct vmm *vmm)
{
	struct vmclock_scale scale;
	int rc;

	vmclock_writer_disrupt(vmm->guest);
	vmclock_writer_set_generation(vmm->guest, read_tsc());
	rc = guest_counter(vmm, &scale);
	return rc ? rc : vmclock_writer_rescale(vmm->guest, &scale);
}

int main(int argc, char **argv)
{
	struct vmm vmm = {.vm = -1, .vcpu = -1};
	long updates = argc > 3 ? atol(argv[3]) : 3;
	int rc;

	if (argc < 2)
		return fprintf(stderr, "usage: %s MEMORY [HOST-PAGE [UPDATES]]\n", argv[0]), 2;
	make_machine(&vmm);
	rc = start(&vmm, argv[1], argc > 2 ? argv[2] : NULL);
	for (long i = 0; !rc && i < updates; i++) {
		if (i == updates - 1)
			rc = move_guest(&vmm);
		if (!rc)
			rc = vmclock_writer_relay(vmm.guest, vmm.host);
		if (rc == -ENODATA || rc == -ETIMEDOUT)
			rc = 0; /* the guest's page says so, or goes on with what it has */
		if (!rc && i + 1 < updates)
			vmclock_wait(vmm.host, WAIT_MS);
	}
	if (rc)
		return fprintf(stderr, "vmm: %s\n", strerror(-rc)), 1;
	printf("%ld updates, %lu interrupts\n", updates, vmm.interrupts);
	vmclock_writer_close(vmm.guest);
	vmclock_close(vmm.host);
	return 0;
}
