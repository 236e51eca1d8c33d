// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What SET_REFERENCE costs for each guest: the driver's own code, in user space, on memory that is
 * as scattered as a kernel's may be. Prints TSC cycles; nothing here passes or fails.
 *
 * Usage: bench_driver_guests [COUNT]
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "shim.h"

#include "../../kernel/page.c"
#include "../../kernel/reference.c"
#define splice guest_splice /* both have one */
#include "../../kernel/guest_line.c"

#define ROUNDS 201
#define HZ 2000000000ULL

u8 vmclock_counter_id(void)
{
	return VMCLOCK_COUNTER_X86_TSC;
}

u64 vmclock_counter_read(void)
{
	u32 low, high;

	__asm__ __volatile__("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (u64)high << 32 | low;
}

void vmclock_counter_follow_stores(void)
{
	smp_mb();
}

/* There is no clock to be steered. */
void vmclock_steer_stop(void)
{
}

/* Pages are made here in another way. */
struct page *alloc_page(gfp_t gfp)
{
	(void)gfp;
	return NULL;
}

void *page_address(struct page *page)
{
	return page;
}

void __free_page(struct page *page)
{
	(void)page;
}

/* As kernels map their memory: by 2 MB. */
static char *room(size_t size)
{
	char *map = mmap(NULL, size + (2 << 20), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		exit(1);
	map += -(uintptr_t)map & ((2 << 20) - 1);
	madvise(map, size, MADV_HUGEPAGE);
	memset(map, 0, size);
	return map;
}

static unsigned int *shuffled(unsigned int n)
{
	unsigned int *order = calloc(n, sizeof(*order));

	for (unsigned int i = 0; i < n; i++) {
		unsigned int j = (unsigned int)random() % (i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	return order;
}

/* Pages anywhere among four times as many. */
static void make_guests(struct vmclock_host *host, unsigned int n, bool scaled)
{
	static char *pages, *structs;
	unsigned int *where = shuffled(4 * n);
	unsigned int *which = shuffled(n);

	if (!pages) {
		pages = room(4ULL * n * PAGE_SIZE);
		structs = room(n * 512ULL);
		host->guests.all.entries = calloc(n, sizeof(void *));
	}
	for (unsigned int i = 0; i < n; i++) {
		struct vmclock_guest *guest = (void *)(structs + which[i] * 512ULL);

		memset(guest, 0, sizeof(*guest));
		guest->host = host;
		guest->id = i + 1;
		guest->page.abi = (void *)(pages + where[i] * PAGE_SIZE);
		guest->scale.ratio = 1ULL << 48;
		if (scaled && i & 1)
			guest->scale.ratio = (1ULL << 47) + i * 1234567ULL;
		guest->scale.frac_bits = 48;
		guest->scale.offset = i * 0x123456789abcdULL;
		vmclock_guest_show_first(guest, 2);
		host->guests.all.entries[i] = guest;
	}
	host->guests.all.count = n;
	free(where);
	free(which);
}

/* The way that one guest is updated, for all. */
static void one_by_one(struct vmclock_host *host, bool continues)
{
	struct vmclock_guest *guest;
	unsigned long id;

	xa_for_each(&host->guests.all, id, guest) {
		update(guest, continues);
		cond_resched();
	}
	xa_for_each(&host->guests.all, id, guest)
		vmclock_page_announce(&guest->page);
}

/* Another line, a little faster or slower, from where the last one is now. */
static void next_line(struct vmclock_host *host, unsigned int round)
{
	u64 nominal = (u64)(((vmclock_u128)1 << 94) / HZ);
	u64 now = vmclock_counter_read();
	struct vmclock_line before = vmclock_reference_line(&host->line);
	vmclock_instant time = vmclock_line_at(&before, now);

	host->line.counter_value = now;
	host->line.time_sec = vmclock_instant_sec(time);
	host->line.time_frac_sec = vmclock_instant_frac(time);
	host->line.counter_period_frac_sec = nominal + (round & 1 ? nominal >> 20 : 0);
	host->line.counter_period_shift = 30;
	host->line.period_esterror = 10 + round;
	host->line.period_maxerror = 100 + round;
	host->line.time_esterror_nanosec = 10;
	host->line.time_maxerror_nanosec = 100;
	host->line.flags = 0xbd;
	host->line.clock_status = VMCLOCK_STATUS_SYNCHRONIZED;
	host->line_valid = true;
}

static int ascending(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void evict(void)
{
	static char *other;
	size_t size = 64 << 20;

	if (!other)
		other = room(size);
	for (size_t i = 0; i < size; i += 64)
		other[i]++;
}

static u64 cycles_of(struct vmclock_host *host, unsigned int round, bool cold,
		     void (*update_all_of)(struct vmclock_host *, bool))
{
	u64 before;

	next_line(host, round);
	if (cold)
		evict();
	before = vmclock_counter_read();
	update_all_of(host, true);
	return vmclock_counter_read() - before;
}

static double median_of(const char *what, u64 *cycles, double guests)
{
	qsort(cycles, ROUNDS, sizeof(*cycles), ascending);
	printf("  %-12s least %6.1f  median %6.1f  99 %% %6.1f  max %6.1f\n", what,
	       (double)cycles[0] / guests, (double)cycles[ROUNDS / 2] / guests,
	       (double)cycles[ROUNDS * 99 / 100] / guests, (double)cycles[ROUNDS - 1] / guests);
	return (double)cycles[ROUNDS / 2];
}

/* In turns, so that both meet the same machine. */
static void compare(struct vmclock_host *host, const char *which, bool cold)
{
	double guests = (double)host->guests.all.count;
	u64 single[ROUNDS];
	u64 batches[ROUNDS];
	double ratio;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		single[i] = cycles_of(host, i, cold, one_by_one);
		batches[i] = cycles_of(host, i, cold, vmclock_guests_update);
	}
	printf("%s, %s caches, cycles:\n", which, cold ? "cold" : "warm");
	ratio = median_of("one by one", single, guests) / median_of("in batches", batches, guests);
	printf("  %-12s %.1f\n", "ratio", ratio);
}

int main(int argc, char **argv)
{
	static struct vmclock_host host;
	unsigned int n = argc > 1 ? (unsigned int)atoi(argv[1]) : 10000;

	printf("%u guests, for each:\n", n);
	next_line(&host, 0);
	for (int scaled = 0; scaled < 2; scaled++) {
		make_guests(&host, n, scaled);
		compare(&host, scaled ? "half of them scaled" : "of the host's rate", false);
		compare(&host, scaled ? "half of them scaled" : "of the host's rate", true);
	}
	return 0;
}
