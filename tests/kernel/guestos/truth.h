/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page held against the true time of a made-up device (modules/mock_time.h). */
#ifndef VMCLOCK_TEST_TRUTH_H
#define VMCLOCK_TEST_TRUTH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <vmclock.h>

/* True time was true_ns somewhere between two values of the counter. */
struct truth {
	uint64_t before, after;
	int64_t true_ns;
};

/* As the module says it ("mock_phc": TAI, "mock_pps": UTC). */
bool truth_read(const char *module, struct truth *out);

/*
 * What the page that is in force says at the counter value in the middle of a truth that is read
 * now. error_ns: page - truth - scale_ns, where the truth is known to half_ns. False: there is no
 * time on the page, or no truth.
 */
struct comparison {
	struct vmclock_abi page;
	struct vmclock_reading reading;
	struct truth truth;
	int64_t error_ns, half_ns;
	bool outside; /* of the page's bound, for certain */
};

bool truth_compare(struct vmclock *clock, const char *module, int64_t scale_ns,
		   struct comparison *out);

/*
 * Reads a page all the time from a thread of its own, and holds it against the truth, scale_ns
 * later. At the end what was seen is printed; true: the bound never excluded true time.
 */
struct truth_watch {
	pthread_t thread;
	_Atomic bool stop;
	const char *path, *module;
	int64_t scale_ns;
	uint64_t readings, unreadable, outside;
	int64_t worst_ns, widest_ns;
};

void truth_watch_begin(struct truth_watch *watch, const char *path, const char *module,
		       int64_t scale_ns);
bool truth_watch_end(struct truth_watch *watch);

/* A page that can be opened and has a time: waits for it for up to limit_s; NULL: there is none. */
struct vmclock *truth_wait_for_page(const char *path, int limit_s);

#endif
