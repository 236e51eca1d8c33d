// SPDX-License-Identifier: GPL-2.0-or-later
/* One client association: asks one server at one address, and emits what comes back. */
#include "ntp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../log.h"
#include "ntp_auth.h"
#include "random.h"
#include "source_env.h"

/* A clock that was never set says 1970; nothing before this release can be the right era's pivot.
 */
#define EARLIEST_PIVOT_S INT64_C(1767225600) /* 2026-01-01 */
/* A local failure costs no packet, so that it can be retried sooner than a long poll. */
#define LOCAL_RETRY_S 8.0

enum {
	POLLS_TO_GIVE_UP = 8,
	/* A server that never answered is given up sooner when there are others to choose from. */
	FIRST_POLLS_TO_GIVE_UP = 4,
	/* Another source port gets around a path that loses just this flow. */
	LOST_TO_REOPEN = 3,
	FAILED_SENDS_TO_GIVE_UP = 3,
};

static struct source_stats *stats(struct ntp_association *a)
{
	return &a->source->stats;
}

static void set_problem(struct ntp_association *a, const char *text)
{
	snprintf(a->source->claims.problem, sizeof(a->source->claims.problem), "%s", text);
}

static void close_socket(struct ntp_association *a)
{
	loop_remove_watch(a->source->env->loop, &a->watch);
	ntp_socket_close(&a->socket);
	a->request.pending = false;
}

static int open_socket(struct ntp_association *a)
{
	const struct config_source *config = a->source->config;
	char problem[NTP_PROBLEM_SIZE] = "";
	int err;

	if (a->socket.fd >= 0)
		return 0;
	err = ntp_socket_open(&a->socket, a->nts ? &a->nts->ntp_server : &a->address,
			      config->interface, config->timestamps, problem);
	if (!err) {
		a->watch.fd = a->socket.fd;
		a->watch.events = POLLIN;
		err = loop_add_watch(a->source->env->loop, &a->watch);
		if (err)
			snprintf(problem, sizeof(problem), "too many descriptors are watched");
	}
	if (err) {
		ntp_socket_close(&a->socket);
		set_problem(a, problem);
	} else if (config->timestamps == TIMESTAMPS_KERNEL && !a->socket.timestamps) {
		log_warning("source %s: the kernel stamps no packets here, its stamps are replaced "
			    "by counter reads",
			    a->source->name);
	}
	return err;
}

static int draw_numbers(struct ntp_association *a)
{
	struct ntp_request *request = &a->request;
	int err = random_64(&request->transmit);

	request->receive = 0;
	if (!err && a->source->config->interleaved && a->interleave.server_receive)
		err = random_64(&request->receive);
	return err;
}

/* The clocks are read last before the call, the counter very last: a bound for when it left. */
static int send_request(struct ntp_association *a)
{
	const struct counter *counter = a->source->env->counter;
	struct ntp_request *request = &a->request;
	uint8_t packet[NTP_PACKET_MAX];
	size_t length;
	int err = draw_numbers(a);

	if (err) {
		set_problem(a, "waiting for the kernel's random numbers");
		return err;
	}
	err = open_socket(a);
	if (err)
		return err;
	ntp_request_encode(packet, request->receive ? a->interleave.server_receive : 0,
			   request->receive, request->transmit);
	length = ntp_auth_seal(a->source->config, a->nts, packet, NTP_HEADER_SIZE);
	if (!length) {
		set_problem(a, "waiting for the kernel's random numbers");
		return -EAGAIN;
	}
	request->sent_realtime_ns = 0;
	request->explained = false;
	if (a->socket.timestamps)
		stamp_pair_read(counter, &request->before);
	request->c1_user = counter->read();
	err = ntp_socket_send(&a->socket, packet, length);
	if (err) {
		snprintf(a->source->claims.problem, sizeof(a->source->claims.problem),
			 "cannot send: %s", strerror(-err));
		close_socket(a); /* and with it the kernel's numbering of packets */
		return err;
	}
	request->pending = true;
	stats(a)->sent++;
	poll_control_sent(&a->poll);
	ntp_socket_sent_stamp(&a->socket, &request->sent_realtime_ns);
	return 0;
}

static void arm(struct ntp_association *a, double delay_s)
{
	loop_arm(a->source->env->loop, &a->timer, loop_now_ns() + (int64_t)(delay_s * 1e9));
}

static void arm_next(struct ntp_association *a)
{
	double delay_s = poll_control_next_s(&a->poll, random_spread());

	if ((a->failed_sends || (a->nts && !a->nts->session.cookie_count)) &&
	    delay_s > LOCAL_RETRY_S)
		delay_s = LOCAL_RETRY_S;
	arm(a, delay_s);
}

/* A poll interval is used everywhere from now on; the discipline counts silence in it. */
static void poll_settled(struct ntp_association *a)
{
	if (a->source->poll_s < a->poll.poll_s || a->source->poll_s > a->poll.poll_s)
		source_tell_poll(a->source, a->poll.poll_s);
}

static void fail(struct ntp_association *a, enum ntp_failure failure)
{
	if (a->failed)
		a->failed(a, failure);
}

static void account_last_poll(struct ntp_association *a)
{
	if (a->request.pending) {
		a->request.pending = false;
		stats(a)->lost++;
		if (!a->request.explained)
			set_problem(a, "no reply");
	}
	if (a->polls && !(stats(a)->reach & 1))
		a->silent_polls++;
	else
		a->silent_polls = 0;
	a->false_polls = source_is_false(a->source) ? a->false_polls + 1 : 0;
	a->polls++;
	stats(a)->reach = (uint8_t)(stats(a)->reach << 1);
}

/* True: the owner was told, and has perhaps started the association elsewhere. */
static bool report_failure(struct ntp_association *a)
{
	unsigned int limit = a->heard ? POLLS_TO_GIVE_UP : FIRST_POLLS_TO_GIVE_UP;

	if (a->silent_polls && a->silent_polls % POLLS_TO_GIVE_UP == 0) {
		if (a->silent_polls == POLLS_TO_GIVE_UP) {
			log_warning("source %s: nothing usable from %s for %d polls: %s",
				    a->source->name, a->source->claims.address, POLLS_TO_GIVE_UP,
				    a->source->claims.problem);
			source_tell_offline(a->source);
		}
		poll_control_silent(&a->poll);
		poll_settled(a);
	}
	if (a->false_polls && a->false_polls % POLLS_TO_GIVE_UP == 0)
		fail(a, NTP_FAILURE_FALSE);
	else if (a->silent_polls && a->silent_polls % limit == 0)
		fail(a, NTP_FAILURE_SILENT);
	else
		return false;
	return true;
}

static void send_failed(struct ntp_association *a)
{
	a->failed_sends++;
	if (a->failed_sends == FAILED_SENDS_TO_GIVE_UP) {
		log_warning("source %s: %s: %s", a->source->name, a->source->claims.address,
			    a->source->claims.problem);
		source_tell_offline(a->source);
		fail(a, NTP_FAILURE_SILENT);
	}
}

/* False: the owner has stopped the association, or started it over. */
static bool settle_last_poll(struct ntp_association *a)
{
	account_last_poll(a);
	if (a->nts)
		nts_poll(a->nts);
	if (report_failure(a) && (!a->running || a->timer.linked))
		return false;
	if (a->silent_polls && a->silent_polls % LOST_TO_REOPEN == 0)
		close_socket(a);
	return true;
}

/* Without keys nothing can be asked; their establishment, which has a deadline, wakes us. */
static bool has_keys(struct ntp_association *a)
{
	enum nts_state state = a->nts ? nts_tend(a->nts) : NTS_READY;

	if (state == NTS_BUSY && !a->source->claims.problem[0])
		set_problem(a, "waiting for keys by NTS-KE");
	return state == NTS_READY;
}

/* A server that gives no keys will give no time: others are tried. False as above. */
static bool pass_on(struct ntp_association *a)
{
	fail(a, NTP_FAILURE_SILENT);
	return a->running && !a->timer.linked;
}

/* True: it is time to ask. Polls while keys are being established, and the one that their coming
 * brings forward, follow no question and do not count. */
static bool is_ready(struct ntp_association *a)
{
	enum ntp_keys keys = a->keys;

	a->keys = KEYS_NO_NEWS;
	if (keys != KEYS_NO_NEWS || !a->nts || !nts_is_busy(a->nts)) {
		if (keys != KEYS_CAME && !settle_last_poll(a))
			return false;
		if (keys == KEYS_FAILED && !pass_on(a))
			return false;
		if (has_keys(a))
			return true;
	}
	arm_next(a);
	return false;
}

static void poll_due(struct loop_timer *timer, int64_t now_ns)
{
	struct ntp_association *a = timer->context;
	int err;

	(void)now_ns;
	if (!is_ready(a))
		return;
	err = send_request(a);
	if (!err)
		a->failed_sends = 0;
	arm_next(a);
	if (err)
		send_failed(a);
}

/* Who is told "denied" or "slow down" by somebody who knows our random number obeys. */
static void obey_kiss(struct ntp_association *a, const struct ntp_packet *packet)
{
	char code[NTP_REFERENCE_SIZE];

	ntp_packet_reference(packet, code);
	stats(a)->kiss_of_death++;
	if (ntp_packet_kiss(packet) == NTP_KISS_RATE) {
		poll_control_rate(&a->poll, packet->poll_log2);
		snprintf(a->source->claims.problem, sizeof(a->source->claims.problem),
			 "the server asked us to slow down (RATE), polling every %.0f s",
			 a->poll.poll_s);
		log_notice("source %s: %s: %s", a->source->name, a->source->claims.address,
			   a->source->claims.problem);
		poll_settled(a);
		arm_next(a);
		return;
	}
	snprintf(a->source->claims.problem, sizeof(a->source->claims.problem),
		 "the server refuses to serve us (%s)", code);
	log_warning("source %s: %s: %s", a->source->name, a->source->claims.address,
		    a->source->claims.problem);
	ntp_association_stop(a);
	source_tell_offline(a->source);
	fail(a, NTP_FAILURE_DENIED);
}

static void note_claims(struct source *source, const struct ntp_packet *packet)
{
	struct source_claims *claims = &source->claims;

	ntp_packet_reference(packet, claims->reference);
	claims->stratum = packet->stratum;
	claims->leap = packet->leap;
	claims->root_delay_ns = ntp_short_to_ns(packet->root_delay);
	claims->root_dispersion_ns = ntp_short_to_ns(packet->root_dispersion);
}

/* Sent in the interleaved mode: it returns the other number. */
static bool is_interleaved(const struct ntp_association *a, const struct ntp_packet *packet)
{
	return a->request.receive && packet->origin == a->request.receive;
}

static bool is_usable(struct ntp_association *a, const struct ntp_packet *packet)
{
	char problem[NTP_PROBLEM_SIZE];

	if (!ntp_packet_judge(packet, is_interleaved(a, packet), problem))
		return true;
	stats(a)->rejected++;
	if (ntp_packet_kiss(packet) == NTP_KISS_OTHER)
		snprintf(problem, sizeof(problem), "the server sent the kiss code %s",
			 a->source->claims.reference);
	set_problem(a, problem);
	return false;
}

/* What is known of CLOCK_REALTIME during one exchange. */
struct exchange_clock {
	struct stamp_pair before;
	struct stamp_pair after;
	bool undisturbed;
	double rate_limit;
};

/* What the kernel's stamp makes better than the counter read in user space, it replaces. */
static void refine(struct ntp_association *a, const struct exchange_clock *clock,
		   const struct stamp_pair *near, int64_t realtime_ns, struct event_ntp *e,
		   uint64_t *counter)
{
	double ns_per_tick = a->source->env->counter->ns_per_tick;
	struct stamp stamp;

	if (!realtime_ns) {
		stats(a)->stamps_daemon++;
		return;
	}
	if (!clock->undisturbed || !stamp_convert(near, realtime_ns, ns_per_tick, clock->rate_limit,
						  e->c1_user, e->c4_user, &stamp)) {
		stats(a)->stamps_dropped++;
		stats(a)->stamps_daemon++;
		return;
	}
	stats(a)->stamps_kernel++;
	*counter = stamp.counter;
	e->stamp_error_ns = fmax(e->stamp_error_ns, stamp.error_ns);
}

static void set_counters(struct ntp_association *a, const struct ntp_datagram *datagram,
			 uint64_t c4_user, struct event_ntp *e)
{
	const struct counter *counter = a->source->env->counter;
	const struct ntp_request *request = &a->request;
	struct exchange_clock clock = {.before = request->before};

	e->c1 = e->c1_user = request->c1_user;
	e->c4 = e->c4_user = c4_user;
	if (request->sent_realtime_ns || datagram->realtime_ns) {
		stamp_pair_read(counter, &clock.after);
		clock.undisturbed = stamp_pairs_agree(&clock.before, &clock.after,
						      counter->ns_per_tick, &clock.rate_limit);
	}
	refine(a, &clock, &clock.before, request->sent_realtime_ns, e, &e->c1);
	refine(a, &clock, &clock.after, datagram->realtime_ns, e, &e->c4);
	if (counter_diff(e->c4, e->c1) >= 0)
		return;
	/* Two stamps that contradict each other within their errors: what is certain remains. */
	e->c1 = e->c1_user;
	e->c4 = e->c4_user;
	e->stamp_error_ns = 0;
}

static int64_t era_pivot_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec > EARLIEST_PIVOT_S ? now.tv_sec : EARLIEST_PIVOT_S;
}

/* False: it will be complete with the next reply. */
static bool complete_exchange(struct ntp_association *a, const struct ntp_packet *packet,
			      struct event_ntp *exchange)
{
	struct event_ntp now = *exchange;

	if (!is_interleaved(a, packet)) {
		ntp_interleave_basic(&a->interleave, packet);
		return true;
	}
	stats(a)->interleaved++;
	return ntp_interleave_reply(&a->interleave, packet, exchange->t3_ns, &now, exchange);
}

static void usable_reply(struct ntp_association *a, const struct ntp_packet *packet,
			 const struct ntp_datagram *datagram, uint64_t c4_user)
{
	int64_t pivot_s = era_pivot_s();
	struct event event = {.kind = EVENT_NTP};
	bool usable;

	event.ntp = (struct event_ntp){
		.t2_ns = ntp_to_unix_ns(packet->receive, pivot_s),
		.t3_ns = ntp_to_unix_ns(packet->transmit, pivot_s),
		.leap = packet->leap,
		.stratum = packet->stratum,
		.root_delay_ns = ntp_short_to_ns(packet->root_delay),
		.root_dispersion_ns = ntp_short_to_ns(packet->root_dispersion),
		.precision_log2 = packet->precision_log2,
	};
	set_counters(a, datagram, c4_user, &event.ntp);
	usable = complete_exchange(a, packet, &event.ntp);
	if (!a->heard || a->silent_polls >= POLLS_TO_GIVE_UP)
		log_info("source %s: %s answers, stratum %u", a->source->name,
			 a->source->claims.address, packet->stratum);
	a->heard = true;
	stats(a)->received++;
	stats(a)->reach |= 1;
	stats(a)->last_reply_ns = loop_now_ns();
	a->source->claims.problem[0] = '\0';
	if (usable)
		source_emit(a->source, &event);
	poll_control_reply(&a->poll, source_poll_hint(a->source));
	poll_settled(a);
}

/* Anybody may send anything: it is named while the reply is missing, and forgotten once it is
 * there. */
static void came_instead(struct ntp_association *a, const char *what)
{
	if (!a->request.pending)
		return;
	a->request.explained = true;
	set_problem(a, what);
}

/* Is it the reply to the request that waits? Only who has seen that request knows its number. */
static bool is_expected(struct ntp_association *a, const struct ntp_packet *packet)
{
	if (a->request.pending &&
	    (packet->origin == a->request.transmit || is_interleaved(a, packet)))
		return true;
	if (a->answered && packet->origin == a->answered)
		stats(a)->duplicates++;
	else
		stats(a)->bogus++;
	came_instead(a, "a reply came that answers no request of ours");
	return false;
}

/* A forged reply does not keep the genuine one out: the request goes on waiting. */
static bool is_genuine(struct ntp_association *a, const struct ntp_datagram *datagram,
		       const struct ntp_packet *packet)
{
	const char *fault = ntp_auth_fault(a->source->config, a->nts, datagram->data, packet);

	if (!fault)
		return true;
	stats(a)->unauthenticated++;
	came_instead(a, fault);
	return false;
}

static void datagram_arrived(struct ntp_association *a, const struct ntp_datagram *datagram,
			     uint64_t c4_user)
{
	struct ntp_packet packet;

	if (datagram->oversized || ntp_packet_parse(datagram->data, datagram->length, &packet)) {
		stats(a)->bogus++;
		came_instead(a, datagram->oversized ? "a packet came that is too long for a reply"
						    : "a packet came that is no valid reply");
		return;
	}
	if (!is_expected(a, &packet) || !is_genuine(a, datagram, &packet))
		return;
	a->request.pending = false;
	a->answered = packet.origin;
	note_claims(a->source, &packet);
	if (ntp_packet_kiss(&packet) == NTP_KISS_RATE || ntp_packet_kiss(&packet) == NTP_KISS_DENY)
		obey_kiss(a, &packet);
	else if (is_usable(a, &packet))
		usable_reply(a, &packet, datagram, c4_user);
}

static void socket_ready(struct loop_watch *watch, short revents)
{
	struct ntp_association *a = watch->context;
	struct ntp_datagram datagram;
	uint64_t c4_user;
	int err;

	if (revents & (POLLERR | POLLPRI) &&
	    ntp_socket_read_stamp(&a->socket, &a->request.sent_realtime_ns) && !(revents & POLLIN))
		return;
	err = ntp_socket_receive(&a->socket, &datagram);
	c4_user = a->source->env->counter->read();
	if (!err)
		datagram_arrived(a, &datagram, c4_user);
	if (!err || err == -EAGAIN || err == -EINTR)
		return;
	a->request.explained = true;
	snprintf(a->source->claims.problem, sizeof(a->source->claims.problem),
		 "the network says: %s", strerror(-err));
}

/* Asks with the new keys at once, from another port: they may be for another server. */
static void keys_settled(void *context)
{
	struct ntp_association *a = context;

	a->keys = a->nts->session.cookie_count ? KEYS_CAME : KEYS_FAILED;
	if (a->keys == KEYS_CAME)
		close_socket(a);
	arm(a, 0);
}

int ntp_association_init(struct ntp_association *a, struct source *source,
			 void (*failed)(struct ntp_association *, enum ntp_failure), void *owner)
{
	*a = (struct ntp_association){
		.source = source,
		.socket = {.fd = -1},
		.watch = {.fd = -1, .ready = socket_ready, .context = a},
		.timer = {.at_ns = INT64_MAX, .fire = poll_due, .context = a},
		.failed = failed,
		.owner = owner,
	};
	source->poll_s = source->config->min_poll_s;
	if (source->config->nts) {
		a->nts = nts_create(source, keys_settled, a);
		return a->nts ? 0 : -ENOMEM;
	}
	return 0;
}

void ntp_association_destroy(struct ntp_association *a)
{
	if (a->source)
		ntp_association_stop(a);
	nts_destroy(a->nts);
	a->nts = NULL;
}

void ntp_association_start(struct ntp_association *a, const struct address *address,
			   double within_s)
{
	const struct config_source *config = a->source->config;

	ntp_association_stop(a);
	a->address = *address;
	a->polls = a->silent_polls = a->failed_sends = a->false_polls = 0;
	a->heard = false;
	a->answered = 0;
	a->interleave = (struct ntp_interleave){0};
	a->running = true;
	stats(a)->reach = 0;
	a->source->claims = (struct source_claims){.leap = 3};
	address_format(address, a->source->claims.address);
	if (a->nts)
		nts_start(a->nts, address);
	poll_control_init(&a->poll, config->min_poll_s, config->max_poll_s, config->iburst);
	source_tell_poll(a->source, a->poll.poll_s);
	arm(a, within_s * (double)random_spread() * 0x1p-32);
}

void ntp_association_stop(struct ntp_association *a)
{
	loop_disarm(a->source->env->loop, &a->timer);
	close_socket(a);
	if (a->nts)
		nts_stop(a->nts);
	a->keys = KEYS_NO_NEWS;
	a->running = false;
	a->paused = false;
}

void ntp_association_retune(struct ntp_association *a)
{
	const struct config_source *config = a->source->config;

	poll_control_limit(&a->poll, config->min_poll_s, config->max_poll_s);
	if (!a->running)
		return;
	poll_settled(a);
	if (a->timer.linked && a->timer.at_ns > loop_now_ns() + (int64_t)(a->poll.poll_s * 1e9))
		arm_next(a);
}

void ntp_association_pause(struct ntp_association *a, const char *why)
{
	loop_disarm(a->source->env->loop, &a->timer);
	close_socket(a);
	if (a->nts)
		nts_stop(a->nts);
	a->keys = KEYS_NO_NEWS;
	a->paused = true;
	stats(a)->reach = 0;
	set_problem(a, why);
	log_warning("source %s: %s: %s", a->source->name, a->source->claims.address, why);
	source_tell_offline(a->source);
}

void ntp_association_resume(struct ntp_association *a)
{
	const struct config_source *config = a->source->config;

	a->paused = false;
	a->silent_polls = a->failed_sends = 0;
	poll_control_init(&a->poll, config->min_poll_s, config->max_poll_s, true);
	poll_settled(a);
	log_info("source %s: %s can be reached again", a->source->name, a->source->claims.address);
	arm(a, 0);
}
