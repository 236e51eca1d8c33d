/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A model of the kernel driver vmclock_host behind the calls that page_kernel makes. */
#ifndef VMCLOCK_TEST_FAKE_DRIVER_H
#define VMCLOCK_TEST_FAKE_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vmclock-abi.h>
#include <linux/vmclock_host.h>

#include "daemon/publish/page_kernel.h"

struct fake_driver {
	bool loaded;
	bool capable;  /* the caller has CAP_SYS_TIME */
	bool writable; /* the mode of the device lets it in */
	bool unstable; /* the counter */
	int writer;    /* descriptor that is open for writing; 0: none */
	int open_count;
	struct vmclock_host_info info;
	struct vmclock_host_line line;
	bool line_valid;
	uint64_t marker;
	uint32_t seq_count;
	uint32_t set_by_pid;
	int64_t now_ns; /* moved by the test, as `counter` */
	int64_t deadline_ns;
	uint64_t unreliable_above_ns;
	uint64_t counter;
	/* The kernel's own clock. */
	bool other_clocksource; /* not the counter */
	uint32_t clocksource_seq;
	uint32_t host_clock; /* asked for last and done */
	bool clock_lost;
	int64_t clock_ahead_ns; /* of the line in force */
	int64_t clock_set_ns;	/* by steps, altogether */
	int64_t clock_pending_ns;
	int steer_errno; /* refuses to follow any line */
	unsigned int sets;
	unsigned long fail_request; /* fails with fail_errno, fail_count times */
	int fail_errno;
	int fail_count;
	unsigned int calls;
	unsigned int die_at; /* the call after which on_death() is called; 0: none */
	void (*on_death)(void);
	struct vmclock_host_reference last_set; /* as it came */
};

extern struct fake_driver fake_driver;
extern const struct page_kernel_ops fake_driver_ops;
/* fake_driver.counter, at 1 GHz. */
extern const struct counter fake_driver_counter;

/* A loaded module and a process that may set its page. */
void fake_driver_reset(void);
/* The page as a reader sees it at fake_driver.now_ns. */
void fake_driver_page(struct vmclock_abi *page);
/* Somebody else sets a line. */
int fake_driver_set(const struct vmclock_host_reference *reference);
/* The process that had it open for writing is gone. */
void fake_driver_writer_died(void);
void fake_driver_unload(void);
/* Another program has changed the clock. */
void fake_driver_interfere(void);
void fake_driver_switch_clocksource(bool other);

#endif
