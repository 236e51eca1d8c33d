// SPDX-License-Identifier: MIT
/* A machine of KVM, and what its counter is. */
#include "kvm_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void kvm_guest_make(struct kvm_guest *guest)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	guest->vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	guest->vcpu = guest->vm < 0 ? -1 : ioctl(guest->vm, KVM_CREATE_VCPU, 0);
	if (guest->vcpu < 0)
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
static int is_scaled(const struct kvm_guest *guest)
{
	int khz = host_khz();

	return khz <= 0 || ioctl(guest->vcpu, KVM_GET_TSC_KHZ, 0) != khz;
}

int kvm_guest_counter(const struct kvm_guest *guest, struct vmclock_scale *scale)
{
	struct kvm_vcpu_tsc_scale ratio = {0};
	__u64 offset = 0;
	int rc;

	*scale = (struct vmclock_scale){.ratio = 1};
	if (guest->vcpu < 0)
		return 0;
	rc = get_attribute(guest->vcpu, KVM_VCPU_TSC_OFFSET, &offset);
	if (rc)
		return rc;
	scale->offset = offset;
	rc = get_attribute(guest->vcpu, KVM_VCPU_TSC_SCALE, &ratio);
	if (rc == -EOPNOTSUPP)
		return is_scaled(guest) ? rc : 0;
	scale->ratio = ratio.tsc_ratio;
	scale->frac_bits = (uint8_t)ratio.tsc_frac_bits;
	return rc;
}
#else
int kvm_guest_counter(const struct kvm_guest *guest, struct vmclock_scale *scale)
{
	*scale = (struct vmclock_scale){.ratio = 1};
	return guest->vcpu < 0 ? 0 : -EOPNOTSUPP;
}
#endif
