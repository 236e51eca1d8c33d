/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A publisher of a made-up machine, with a model of the driver and a page file of its own.
 *
 * The machine's clocks stand still until a test moves them; true time is TAI_NS + what the counter
 * counted since START.
 */
#ifndef VMCLOCK_TEST_PUBLISHER_WORLD_H
#define VMCLOCK_TEST_PUBLISHER_WORLD_H

#include "daemon/publish/publisher.h"
#include "fake_driver.h"

#define TAI_NS INT64_C(1764547237000000000)
#define START INT64_C(5000000000)
#define LEASE_NS INT64_C(10000000000)

enum {
	SYNCHRONIZED = VMCLOCK_STATUS_SYNCHRONIZED,
	FREERUNNING = VMCLOCK_STATUS_FREERUNNING,
	UNRELIABLE = VMCLOCK_STATUS_UNRELIABLE
};

extern struct publisher publisher;
extern struct page_resume resume; /* of the last begin() */
extern char path[64];		  /* of the page file */
extern char message[400];

/* [page] device = auto; its path; off */
extern const struct page_kernel_settings automatic, by_name, off;

/* Of cmocka, for each test. */
int start(void **state);
int stop(void **state);
/* As after start(). */
void begin_anew(void);
void remove_files(void);

/* A life of the publisher. */
int open_with(const struct page_kernel_settings *settings);
void begin(void);

void pass(double seconds);
int64_t true_ns(void);

/* Off by `error_ns`, and 1 us more by its bound. */
struct publication publication_now(double error_ns);
int try_publish(const struct publication *p, double *raised_ns);
/* Returns by how much the driver raised it, ns. */
double publish(const struct publication *p);
void publish_now(void);

void file_page(struct vmclock_abi *copy);
/* Page minus truth, ns, now; the page has to have a time. */
double page_error_ns(const struct vmclock_abi *page);
void assert_statuses(uint8_t driver, uint8_t file);
uint64_t marker_of_file(void);

#endif
