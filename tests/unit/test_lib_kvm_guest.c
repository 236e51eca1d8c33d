// SPDX-License-Identifier: GPL-2.0-or-later
/* The examples of VMMs on a KVM that is made up: what they take a guest's counter for. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

enum { HOST_KHZ = 2600000, SYSTEM = 1000, VM, FRESH_VM, VCPU };

/* What KVM has, and what the VMM has told it. */
static struct {
	int vm_khz, vcpu_khz;
	bool tells_scale;
	uint64_t offset, ratio, frac_bits;
	int machines;
} made_up;

static int fake_open(const char *path, int flags)
{
	assert_string_equal(path, "/dev/kvm");
	(void)flags;
	return SYSTEM;
}

static int fake_close(int fd)
{
	assert_true(fd >= SYSTEM && fd <= VCPU);
	return 0;
}

static int fake_attribute(unsigned long request, const struct kvm_device_attr *attribute)
{
	const uint64_t scale[] = {made_up.ratio, made_up.frac_bits};
	void *value = (void *)(uintptr_t)attribute->addr;

	if (attribute->attr == 1 && !made_up.tells_scale) {
		errno = ENXIO;
		return -1;
	}
	if (request == KVM_HAS_DEVICE_ATTR)
		return 0;
	if (attribute->attr)
		memcpy(value, scale, sizeof(scale));
	else
		memcpy(value, &made_up.offset, sizeof(made_up.offset));
	return 0;
}

static int fake_ioctl(int fd, unsigned long request, uintptr_t argument)
{
	switch (request) {
	case KVM_CREATE_VM:
		assert_int_equal(fd, SYSTEM);
		return made_up.machines++ ? FRESH_VM : VM;
	case KVM_CREATE_VCPU:
		return VCPU;
	case KVM_GET_TSC_KHZ:
		return fd == VCPU ? made_up.vcpu_khz : fd == VM ? made_up.vm_khz : HOST_KHZ;
	default:
		return fake_attribute(request, (const struct kvm_device_attr *)argument);
	}
}

#define open(path, flags, ...) fake_open(path, flags)
#define close(fd) fake_close(fd)
#define ioctl(fd, request, argument) fake_ioctl(fd, request, (uintptr_t)(argument))
#include "examples/kvm_guest.c"
#undef ioctl
#undef close
#undef open

static int begin(struct kvm_guest *guest, int vm_khz, int vcpu_khz)
{
	made_up.vm_khz = vm_khz;
	made_up.vcpu_khz = vcpu_khz;
	made_up.machines = 0;
	kvm_guest_make(guest);
	return guest->vcpu == VCPU ? 0 : -1;
}

static void the_offset_is_that_of_kvm(void **state)
{
	struct vmclock_scale scale;
	struct kvm_guest guest;

	(void)state;
	made_up.tells_scale = false;
	made_up.offset = (uint64_t)-5;
	assert_int_equal(begin(&guest, HOST_KHZ, HOST_KHZ), 0);
	assert_int_equal(kvm_guest_counter(&guest, &scale), 0);
	assert_true(scale.offset == (uint64_t)-5 && scale.ratio == 1 && scale.frac_bits == 0);
}

static void a_scale_that_is_told_is_taken(void **state)
{
	struct vmclock_scale scale;
	struct kvm_guest guest;

	(void)state;
	made_up.tells_scale = true;
	made_up.ratio = 3ULL << 46;
	made_up.frac_bits = 48;
	assert_int_equal(begin(&guest, HOST_KHZ, HOST_KHZ * 3 / 4), 0);
	assert_int_equal(kvm_guest_counter(&guest, &scale), 0);
	assert_true(scale.ratio == 3ULL << 46 && scale.frac_bits == 48);
}

/* KVM_SET_TSC_KHZ of the whole machine is what its virtual CPUs begin with. */
static void a_scale_that_is_not_told_is_not_taken_for_none(void **state)
{
	struct vmclock_scale scale;
	struct kvm_guest guest;

	(void)state;
	made_up.tells_scale = false;
	assert_int_equal(begin(&guest, HOST_KHZ, 2000000), 0);
	assert_int_equal(kvm_guest_counter(&guest, &scale), -EOPNOTSUPP);
	assert_int_equal(begin(&guest, 2000000, 2000000), 0);
	assert_int_equal(kvm_guest_counter(&guest, &scale), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_offset_is_that_of_kvm),
		cmocka_unit_test(a_scale_that_is_told_is_taken),
		cmocka_unit_test(a_scale_that_is_not_told_is_not_taken_for_none),
	};

	return cmocka_run_group_tests_name("kvm guest", tests, NULL, NULL);
}
