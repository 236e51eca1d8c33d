// SPDX-License-Identifier: GPL-2.0-or-later
/* The example of a VMM that has the driver keep its guest's page: what the guest sees, when. */
#define main vmm_main
#include "../../examples/vmm_driver.c"
#undef main

#include "harness.h"

static bool has_no_time(const struct vmm *vmm)
{
	return vmm->page->clock_status == VMCLOCK_STATUS_UNRELIABLE;
}

static void test_life(struct vmm *vmm)
{
	uint64_t marker, generation;

	check_errno(make_clock(vmm), 0, "the driver keeps a page in the guest's memory");
	check(vmm->page->magic == VMCLOCK_MAGIC && has_no_time(vmm),
	      "UNRELIABLE until the counter is known");
	check_errno(tell_counter(vmm), 0, "the counter");
	check(vmm->page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED, "gives it the time");
	marker = vmm->page->disruption_marker;
	generation = vmm->page->vm_generation_counter;
	check_errno(forget_counter(vmm), 0, "the guest is stopped");
	check(has_no_time(vmm) && vmm->page->disruption_marker != marker &&
		      vmm->page->vm_generation_counter != generation,
	      "and is told at once, with a new marker and generation");
	marker = vmm->page->disruption_marker;
	check_errno(tell_counter(vmm), 0, "its counter after that");
	check(vmm->page->clock_status == VMCLOCK_STATUS_SYNCHRONIZED &&
		      vmm->page->disruption_marker != marker,
	      "gives it the time again, as another one");
	close(vmm->clock);
	check(has_no_time(vmm), "without the VMM it has none");
}

int main(void)
{
	struct vmclock_host_reference reference;
	struct vmm vmm = {.clock = -1};
	int writer;

	check_errno(load_driver(), 0, "the module loads");
	writer = open(DEVICE, O_RDWR);
	reference = good_reference(1000); /* at the rate that the driver tells */
	check_errno(ioctl(writer, VMCLOCK_HOST_SET_REFERENCE, &reference), 0, "a reference");
	kvm_guest_make(&vmm.machine);
	check_errno(make_memory(&vmm, "/tmp/guest-memory"), 0, "the guest's memory");
	test_life(&vmm);
	close(writer);
	check_errno(unload_driver(), 0, "and unloads");
	(void)vmm_main;
	return done();
}
