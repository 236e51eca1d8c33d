// SPDX-License-Identifier: MIT
/*
 * What a VMM does to give its guest the time, as an example: cc vmm.c kvm_guest.c
 * $(pkg-config --cflags --libs libvmclock). It runs no guest. Its guest memory is a file, so that
 * somebody else can look at the page:
 *
 *	vmm MEMORY [HOST-PAGE [UPDATES]]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vmclock.h>
#include <vmclock_writer.h>

#include "kvm_guest.h"

#ifdef __x86_64__
#include <x86intrin.h>
#endif

enum { PAGE = 4096, WAIT_MS = 1000 };

struct vmm {
	struct kvm_guest machine;
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
		rc = kvm_guest_counter(&vmm->machine, &scale);
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

/* A migration, or a snapshot that was loaded: from here to kvm_guest_counter() nobody knows it. */
static int move_guest(struct vmm *vmm)
{
	struct vmclock_scale scale;
	int rc;

	vmclock_writer_disrupt(vmm->guest);
	vmclock_writer_set_generation(vmm->guest, read_tsc());
	rc = kvm_guest_counter(&vmm->machine, &scale);
	return rc ? rc : vmclock_writer_rescale(vmm->guest, &scale);
}

int main(int argc, char **argv)
{
	struct vmm vmm = {.interrupts = 0};
	long updates = argc > 3 ? atol(argv[3]) : 3;
	int rc;

	if (argc < 2)
		return fprintf(stderr, "usage: %s MEMORY [HOST-PAGE [UPDATES]]\n", argv[0]), 2;
	kvm_guest_make(&vmm.machine);
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
