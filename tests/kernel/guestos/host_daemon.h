/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmclockd in a machine where the truth is a made-up PTP clock, and what it makes of the clock. */
#ifndef VMCLOCK_TEST_HOST_DAEMON_H
#define VMCLOCK_TEST_HOST_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/vmclock_host.h>

#define TAI_S 37

struct timex;

/* A clock that nobody set: true time is 3 ms ahead of it, and 25 ppm faster. */
void truth_appears(void);

/* With this in section [host]; it forgets at its end. What was said before stays in the log. */
pid_t start_daemon(const char *host_section);
void stop_daemon(pid_t daemon);

/* All that it said, for people. */
void show_log(void);

/* How often the log has it; whether it comes to have it more often than `before`. */
int said(const char *text);
bool comes_to_say(const char *text, int before, int seconds);

/*
 * CLOCK_REALTIME - the page, both at the counter value of one snapshot, ns. False: not known, or
 * the page has another status.
 */
bool difference(int fd, int status, int64_t *ahead_ns, struct vmclock_host_snapshot *snapshot);

/* Often for a minute: how far apart for 99 % of it, in checks with this limit; never set. */
void check_followed(int fd, int64_t limit_ns);

/* What the kernel tells others of its clock is right. */
void check_kernel_state(void);

struct timex kernel_state(void);

#endif
