/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated world: its clocks, servers and sockets, and the datagrams between them.
 *
 * Time passes only when the daemon waits, and by as much as reading a clock and sending take.
 * Everything follows from the description and its seed: the machine's own clocks and random
 * numbers have no part in it.
 */
#ifndef VMCLOCK_LIBCSIM_WORLD_H
#define VMCLOCK_LIBCSIM_WORLD_H

#include <stdio.h>

#include "clocks.h"
#include "server.h"

enum { WORLD_SOCKETS_MAX = 32, WORLD_DATAGRAMS_MAX = 128, NO_SERVER = -1 };

/* On its way to a socket, or waiting there to be read. */
struct datagram {
	bool used;
	bool arrived;
	bool looped; /* for the error queue: the stamp of one that was sent */
	int fd;
	long double at_ns; /* when it arrives, true time since the start */
	uint64_t order;	   /* of arrival */
	int64_t realtime_ns;
	uint32_t number; /* of the one that was sent */
	uint32_t address;
	size_t length;
	uint8_t bytes[NTP_BYTES];
};

struct sim_socket {
	bool open;
	int fd; /* a real descriptor, of /dev/null */
	int server;
	unsigned int stamping; /* SOF_TIMESTAMPING_* */
	uint32_t sent;	       /* datagrams since stamping was asked for */
};

struct world {
	struct options options;
	struct clocks clocks;
	struct server servers[OPTIONS_SERVERS_MAX];
	struct sim_socket sockets[WORLD_SOCKETS_MAX];
	struct datagram datagrams[WORLD_DATAGRAMS_MAX];
	struct rng latency;
	struct rng entropy; /* getrandom() */
	struct rng steering;
	long double disturb_at_ns; /* REALTIME is set or changes rate; INFINITY: not now */
	FILE *record;
	uint64_t next_second;
	uint64_t arrivals;
	uint64_t wakeups;	 /* returns from a poll() that had to wait */
	unsigned int idle_polls; /* in a row in which no time passed */
	bool over;		 /* SIGTERM was raised */
};

/* The one world of the process, made from the file that $LIBCSIM names; a fault ends the process.
 */
struct world *world(void);

/* Ends the process with status 97: the simulation cannot go on. */
_Noreturn void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* True time passes: datagrams arrive, seconds are recorded. */
void world_advance(struct world *w, long double until_ns);
/* The same, until something arrives, until_ns, or the end, whichever comes first. */
void world_wait(struct world *w, long double until_ns);
/* Passes a random time of that mean. */
void world_pass(struct world *w, double mean_ns);
bool world_has_ended(const struct world *w);

struct sim_socket *world_find(struct world *w, int fd);
/* A socket with a descriptor of its own; NULL with errno. */
struct sim_socket *world_open(struct world *w);
void world_close(struct world *w, struct sim_socket *s);
/* The index of the server with this IPv4 address, or NO_SERVER. */
int world_server_at(const struct world *w, uint32_t address);

/* Takes the data away to the server; there is no reply from where no server is. */
void world_send(struct world *w, struct sim_socket *s, int server, const uint8_t *data,
		size_t length);
/* What has arrived at this socket first, or NULL. It stays until world_taken(). */
struct datagram *world_arrived(struct world *w, const struct sim_socket *s, bool looped);
void world_taken(struct datagram *d);

#endif
