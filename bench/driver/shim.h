/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of a kernel as the files of the driver need that update guests, for user space. */
#ifndef VMCLOCK_BENCH_SHIM_H
#define VMCLOCK_BENCH_SHIM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
typedef unsigned int gfp_t;
typedef struct {
	unsigned int val;
} kuid_t;

#define __user
#define U64_MAX UINT64_MAX
#define PAGE_SIZE 4096UL
#define NSEC_PER_SEC 1000000000L
#define NSEC_PER_MSEC 1000000L
#define ULONG_MAX (~0UL)
#define IS_REACHABLE(option) 0
#define cpu_to_le16(x) ((u16)(x))
#define cpu_to_le32(x) ((u32)(x))
#define cpu_to_le64(x) ((u64)(x))
#define le32_to_cpu(x) (x)
#define le64_to_cpu(x) (x)
#define L1_CACHE_BYTES 64
#define offsetofend(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)
#define swap(a, b)                     \
	do {                           \
		typeof(a) swapped = a; \
		a = b;                 \
		b = swapped;           \
	} while (0)

#define barrier() __asm__ __volatile__("" ::: "memory")
#define smp_mb() __asm__ __volatile__("lock; addl $0,-4(%%rsp)" ::: "memory", "cc")
#define smp_rmb() barrier()
#define smp_wmb() barrier()
#define preempt_disable() barrier()
#define preempt_enable() barrier()
#define local_irq_disable() barrier()
#define local_irq_enable() barrier()
#define lockdep_assert_irqs_disabled() barrier()
#define cond_resched() barrier()
#define prefetch(p) __builtin_prefetch(p, 0)
#define prefetchw(p) __builtin_prefetch(p, 1)

/* Locks that nobody else takes, at what taking them costs. */
typedef struct {
	int taken;
} raw_spinlock_t;

static inline void raw_spin_lock(raw_spinlock_t *lock)
{
	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		;
}

static inline void raw_spin_unlock(raw_spinlock_t *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

struct list_head {
	struct list_head *next, *prev;
};

typedef struct {
	raw_spinlock_t lock;
	struct list_head head;
} wait_queue_head_t;

static inline void init_waitqueue_head(wait_queue_head_t *queue)
{
	queue->head.next = queue->head.prev = &queue->head;
}

static inline bool waitqueue_active(wait_queue_head_t *queue)
{
	return READ_ONCE(queue->head.next) != &queue->head;
}

/* It looks under its lock whether there is anybody. */
static inline void wake_up_interruptible_all(wait_queue_head_t *queue)
{
	raw_spin_lock(&queue->lock);
	if (waitqueue_active(queue))
		__builtin_trap();
	raw_spin_unlock(&queue->lock);
}

#define __GFP_ZERO 0
struct page *alloc_page(gfp_t gfp);
void *page_address(struct page *page);
void __free_page(struct page *page);

struct mutex {
	int unused;
};
struct notifier_block {
	int unused;
};
struct irq_work {
	int unused;
};
struct delayed_work {
	int unused;
};
struct work_struct {
	int unused;
};
typedef struct poll_table_struct poll_table;
typedef unsigned int __poll_t;
struct page;
struct file;
struct vm_area_struct;
struct pid;
struct mm_struct;
struct workqueue_struct;
struct ptp_clock;
struct ptp_clock_info {
	int unused;
};
struct clocksource;
struct eventfd_ctx;

static inline void eventfd_signal(struct eventfd_ctx *eventfd, int n)
{
	(void)eventfd;
	(void)n;
}

/* Of the guests: pointers, by id, beginning with 1, as dense as in the nodes of a real one. */
struct xarray {
	void **entries;
	unsigned long count;
};

struct xa_state {
	struct xarray *xa;
	unsigned long xa_index;
};

#define XA_STATE(name, array, index) struct xa_state name = {array, (index) ?: 1}
#define rcu_read_lock() barrier()
#define rcu_read_unlock() barrier()
#define xas_retry(xas, entry) false
#define xas_pause(xas) ((xas)->xa_index++)
#define xas_for_each(xas, entry, last)                                                        \
	for (; (xas)->xa_index <= (xas)->xa->count &&                                         \
	       ((entry) = (xas)->xa->entries[(xas)->xa_index - 1], (xas)->xa_index <= (last)); \
	     (xas)->xa_index++)
#define xa_for_each(xa, id, entry) \
	for (id = 1; id <= (xa)->count && ((entry) = (xa)->entries[id - 1], 1); id++)

#endif
