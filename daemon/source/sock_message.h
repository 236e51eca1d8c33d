/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One sample by the protocol of chronyd's SOCK reference clock, as gpsd and ts2phc send it. */
#ifndef VMCLOCK_SOCK_MESSAGE_H
#define VMCLOCK_SOCK_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As it travels between two programs of one machine. */
struct sock_wire {
	int64_t sec; /* struct timeval of CLOCK_REALTIME */
	int64_t usec;
	double offset_s;
	int32_t pulse;
	int32_t leap;
	int32_t pad;
	int32_t magic; /* "SOCK" */
};

#define SOCK_MAGIC 0x534f434b

struct sock_message {
	int64_t realtime_ns; /* when it was measured, cut off to a us */
	int64_t offset_ns;   /* true time - CLOCK_REALTIME, |x| <= 1e18 */
	bool pulse;	     /* only where in the second is known */
	unsigned int leap;   /* 0..2; 3: not known */
};

/* The stamp is cut off to whole microseconds. */
#define SOCK_RESOLUTION_NS 1000.0

/* 0, or -EBADMSG: wrong size, wrong magic, or no time. */
int sock_message_parse(const void *data, size_t size, struct sock_message *out);

#endif
