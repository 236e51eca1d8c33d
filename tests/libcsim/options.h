/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is simulated, as the description file says: one `key value` a line, `#` begins a comment.
 *
 * `server ADDRESS` begins a server, whose keys follow it. Names and units of the keys are those of
 * the members below; `refuse` takes several words.
 */
#ifndef VMCLOCK_LIBCSIM_OPTIONS_H
#define VMCLOCK_LIBCSIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../sim/network.h"
#include "../sim/oscillator.h"

enum { OPTIONS_SERVERS_MAX = 8, OPTIONS_PATH_MAX = 512 };

struct server_options {
	uint32_t address; /* IPv4, network byte order */
	double offset_ns; /* the server's clock - true time */
	double root_delay_ns;
	double root_dispersion_ns;
	double stratum;
	double processing_ns; /* mean time between the request's stamp and the reply's */
	double loss;	      /* probability, each way */
	double outage_from_s;
	double outage_to_s;
	double base_ns; /* of each way */
	double mean_ns; /* queueing of each way */
	double gamma;	/* shape of the queueing; 0: exponential */
	/* The way to the server only. */
	double congestion_from_s;
	double congestion_to_s;
	double congestion_ns;
	/* The way back only: it gets longer once. */
	double shift_at_s;
	double shift_ns;
};

struct options {
	double seed;
	double first_s;		   /* of this life of the daemon; the world began at 0 */
	double duration_s;	   /* true time from 0 on, until it dies */
	double death;		   /* by this signal, SIGTERM or SIGKILL */
	double after_s;		   /* how long the page of one that was killed is recorded on */
	double start_utc_s;	   /* true time at the start */
	double realtime_offset_ns; /* of CLOCK_REALTIME, at the start */
	double step_back_ns;	   /* of CLOCK_MONOTONIC_RAW, once in the first 0.1 s */
	double read_ns;		   /* mean time that reading a clock takes; 0: none at all */
	double send_ns;		   /* mean time from send() to the transmit stamp */
	double wake_ns;		   /* mean time from an event to the return of poll() */
	double stamp_delay_ns;	   /* until a transmit stamp can be read */
	double disturb; /* probability, per request, that REALTIME is set or changes rate then */
	struct oscillator_config oscillator; /* rate_ppb, wander, white_ns, thermal_* */
	char page[OPTIONS_PATH_MAX];	     /* read once a second */
	char record[OPTIONS_PATH_MAX];	     /* written once a second */
	bool refuse_flags;		     /* SOCK_CLOEXEC and SOCK_NONBLOCK */
	bool refuse_unix;
	bool refuse_netlink;
	bool refuse_inet6;
	bool refuse_stamps; /* SO_TIMESTAMPING */
	struct server_options servers[OPTIONS_SERVERS_MAX];
	unsigned int server_count;
};

/* 0, or -errno with a message that names the line. */
int options_read(struct options *options, const char *path, char *message, size_t message_size);

#endif
