// SPDX-License-Identifier: GPL-2.0-or-later
/* The simulated world: its clocks, servers and sockets, and the datagrams between them. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/net_tstamp.h>

#include "record.h"

/* A request to a server nearby is answered, and its reply read, within this time. */
static const double DISTURB_WITHIN_NS = 60000;
/* From less than can be noticed to what a look at the stamps alone would notice. */
static const double SET_LEAST_NS = 10, SET_MOST_NS = 1e5;
static const double RATE_MOST_PPM = 500;

enum { SEED_LATENCY = 3, SEED_ENTROPY = 4, SEED_STEERING = 5, STATUS_FAILED = 97 };

_Noreturn void world_fail(const char *format, ...)
{
	va_list arguments;

	fputs("libcsim: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	fflush(NULL);
	_exit(STATUS_FAILED);
}

static void start(struct world *w)
{
	const char *path = getenv("LIBCSIM");
	char message[1024];

	if (!path)
		world_fail("$LIBCSIM has to name a description of what is simulated");
	if (options_read(&w->options, path, message, sizeof(message)))
		world_fail("%s", message);
	if (clocks_init(&w->clocks, &w->options))
		world_fail("out of memory");
	if (record_open(&w->record, w->options.record))
		world_fail("%s: %s", w->options.record, strerror(errno));
	for (unsigned int i = 0; i < w->options.server_count; i++)
		server_init(&w->servers[i], &w->options, i);
	rng_seed(&w->latency, (uint64_t)w->options.seed * 16 + SEED_LATENCY);
	rng_seed(&w->entropy, (uint64_t)w->options.seed * 16 + SEED_ENTROPY);
	rng_seed(&w->steering, (uint64_t)w->options.seed * 16 + SEED_STEERING);
	w->disturb_at_ns = INFINITY;
	w->next_second = (uint64_t)w->options.first_s + 1;
	clocks_set_now(&w->clocks, (long double)w->options.first_s * 1e9L);
}

struct world *world(void)
{
	static struct world the_world;
	static bool started;

	if (!started) {
		started = true;
		start(&the_world);
	}
	return &the_world;
}

/* --- time --------------------------------------------------------------------------------- */

static long double end_ns(const struct world *w)
{
	return (long double)w->options.duration_s * 1e9L;
}

bool world_has_ended(const struct world *w)
{
	return w->clocks.now_ns >= end_ns(w);
}

static struct datagram *next_arrival(struct world *w)
{
	struct datagram *next = NULL;

	for (int i = 0; i < WORLD_DATAGRAMS_MAX; i++) {
		struct datagram *d = &w->datagrams[i];

		if (d->used && !d->arrived && (!next || d->at_ns < next->at_ns))
			next = d;
	}
	return next;
}

static void arrive(struct world *w, struct datagram *d)
{
	clocks_set_now(&w->clocks, d->at_ns);
	d->arrived = true;
	d->order = w->arrivals++;
	if (!d->looped)
		d->realtime_ns = clocks_realtime_ns(&w->clocks);
}

static void record(struct world *w)
{
	uint64_t counter = clocks_counter_at(&w->clocks, (long double)w->next_second * 1e9L);

	record_second(w->record, w->next_second, counter, clocks_truth_ns(&w->clocks, counter),
		      clocks_realtime_at_ns(&w->clocks, counter), w->wakeups, w->options.page);
	w->next_second++;
}

/* Half of the times REALTIME is set, otherwise it runs at another rate from now on. */
static void disturb(struct world *w)
{
	struct rng *rng = &w->steering;

	clocks_set_now(&w->clocks, w->disturb_at_ns);
	w->disturb_at_ns = INFINITY;
	if (rng_chance(rng, 0.5))
		clocks_set_rate(&w->clocks, rng_between(rng, -RATE_MOST_PPM, RATE_MOST_PPM));
	else
		clocks_set_realtime(&w->clocks,
				    (int64_t)rng_log_between(rng, SET_LEAST_NS, SET_MOST_NS) *
					    (rng_chance(rng, 0.5) ? 1 : -1));
}

void world_advance(struct world *w, long double until_ns)
{
	for (;;) {
		struct datagram *d = next_arrival(w);
		long double arrival_ns = d ? d->at_ns : INFINITY;
		long double second_ns = (long double)w->next_second * 1e9L;
		long double next_ns = fminl(fminl(arrival_ns, second_ns), w->disturb_at_ns);

		if (next_ns > until_ns)
			break;
		if (second_ns <= next_ns)
			record(w);
		else if (w->disturb_at_ns <= next_ns)
			disturb(w);
		else
			arrive(w, d);
	}
	if (until_ns > w->clocks.now_ns)
		w->idle_polls = 0;
	clocks_set_now(&w->clocks, until_ns);
}

void world_wait(struct world *w, long double until_ns)
{
	struct datagram *d = next_arrival(w);

	until_ns = fminl(until_ns, end_ns(w));
	world_advance(w, d ? fminl(until_ns, d->at_ns) : until_ns);
}

void world_pass(struct world *w, double mean_ns)
{
	if (mean_ns > 0)
		world_advance(w, w->clocks.now_ns +
					 (long double)rng_exponential(&w->latency, mean_ns));
}

/* --- sockets ------------------------------------------------------------------------------ */

struct sim_socket *world_find(struct world *w, int fd)
{
	for (int i = 0; i < WORLD_SOCKETS_MAX; i++) {
		if (w->sockets[i].open && w->sockets[i].fd == fd)
			return &w->sockets[i];
	}
	return NULL;
}

struct sim_socket *world_open(struct world *w)
{
	for (int i = 0; i < WORLD_SOCKETS_MAX; i++) {
		struct sim_socket *s = &w->sockets[i];
		int fd;

		if (s->open)
			continue;
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return NULL;
		*s = (struct sim_socket){.open = true, .fd = fd, .server = NO_SERVER};
		return s;
	}
	errno = EMFILE;
	return NULL;
}

void world_close(struct world *w, struct sim_socket *s)
{
	for (int i = 0; i < WORLD_DATAGRAMS_MAX; i++) {
		if (w->datagrams[i].fd == s->fd)
			w->datagrams[i].used = false;
	}
	s->open = false;
	syscall(SYS_close, s->fd);
}

int world_server_at(const struct world *w, uint32_t address)
{
	for (unsigned int i = 0; i < w->options.server_count; i++) {
		if (w->options.servers[i].address == address)
			return (int)i;
	}
	return NO_SERVER;
}

/* --- datagrams ---------------------------------------------------------------------------- */

static struct datagram *add_datagram(struct world *w, const struct sim_socket *s)
{
	for (int i = 0; i < WORLD_DATAGRAMS_MAX; i++) {
		struct datagram *d = &w->datagrams[i];

		if (d->used)
			continue;
		*d = (struct datagram){.used = true, .fd = s->fd};
		return d;
	}
	world_fail("more than %d datagrams that nobody reads", WORLD_DATAGRAMS_MAX);
}

static void loop_stamp(struct world *w, struct sim_socket *s)
{
	struct datagram *d = add_datagram(w, s);

	d->looped = true;
	d->number = s->sent;
	d->realtime_ns = clocks_realtime_ns(&w->clocks);
	d->at_ns = w->clocks.now_ns + (long double)w->options.stamp_delay_ns;
}

void world_send(struct world *w, struct sim_socket *s, int server, const uint8_t *data,
		size_t length)
{
	struct exchange exchange;

	if (rng_chance(&w->steering, w->options.disturb))
		w->disturb_at_ns = w->clocks.now_ns +
				   (long double)(rng_uniform(&w->steering) * DISTURB_WITHIN_NS);
	world_pass(w, w->options.send_ns);
	if (s->stamping & SOF_TIMESTAMPING_TX_SOFTWARE)
		loop_stamp(w, s);
	s->sent++;
	if (server != NO_SERVER && server_ask(&w->servers[server], w->clocks.start_utc_ns,
					      w->clocks.now_ns, data, length, &exchange)) {
		struct datagram *d = add_datagram(w, s);

		d->at_ns = exchange.arrives_ns;
		d->address = w->options.servers[server].address;
		d->length = sizeof(exchange.reply);
		memcpy(d->bytes, exchange.reply, sizeof(exchange.reply));
	}
	world_advance(w, w->clocks.now_ns);
	world_pass(w, w->options.send_ns);
}

struct datagram *world_arrived(struct world *w, const struct sim_socket *s, bool looped)
{
	struct datagram *first = NULL;

	for (int i = 0; i < WORLD_DATAGRAMS_MAX; i++) {
		struct datagram *d = &w->datagrams[i];

		if (d->used && d->arrived && d->fd == s->fd && d->looped == looped &&
		    (!first || d->order < first->order))
			first = d;
	}
	return first;
}

void world_taken(struct datagram *d)
{
	d->used = false;
}
