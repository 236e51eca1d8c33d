/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every test program inside a machine uses: verdicts, the driver, the counter. */
#ifndef VMCLOCK_TEST_HARNESS_H
#define VMCLOCK_TEST_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vmclock-abi.h>
#include <linux/vmclock_host.h>

#define DEVICE "/dev/vmclock_host"
#define MS 1000000ULL

/* One line of TAP. The boot numbers them. */
__attribute__((format(printf, 2, 3))) void check(bool good, const char *format, ...);

/* The same: a call failed with this errno, or returned a value >= 0 for 0. */
void check_errno(long rc, int wanted, const char *what);

/* For people only. */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);

/* What this machine cannot show, and why: neither passed nor failed. */
void skip(const char *what, const char *why);

/* What main() returns: 0, for verdicts speak for themselves. */
int done(void);

/* A module, with these parameters; 0, or -1 with errno. */
int load_module(const char *path, const char *parameters);

/* The driver, with the parameters that this machine needs; 0, or -1 with errno. */
int load_driver(void);
int unload_driver(void);

/* Nominal rate of the counter as the driver says it, Hz; 0: there is no driver. */
uint64_t counter_hz(void);

/*
 * A reference with the nominal period that every check accepts: SYNCHRONIZED, this second of TAI at
 * this moment, known to 100 ns, for 10 s; it may be raised by anything below 1 s.
 */
struct vmclock_host_reference good_reference(uint64_t sec);

/* The counter now, after every earlier load. */
uint64_t read_counter(void);

void sleep_ms(long ms);

/* A file of sysfs or procfs: whether the text went in; what the first line says, without its end.
 */
bool put_text(const char *path, const char *text);
bool get_text(const char *path, char *text, int size);

/* Sorts values and prints how they are distributed: median, 99 % and greatest. */
void distribution(const char *what, const char *unit, int64_t *values, int n);

#endif
