// SPDX-License-Identifier: GPL-2.0-or-later
/* What gpsd and others say by SOCK and by shared memory: taken apart, converted, not believed
 * further than it can be. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/source/shm.h"
#include "daemon/source/sock_message.h"
#include "daemon/source/stamp.h"
#include "source_bench.h"

#define S_NS INT64_C(1000000000)

/* --- SOCK --------------------------------------------------------------------------------- */

static struct sock_wire good_wire(void)
{
	return (struct sock_wire){
		.sec = 1782864000, .usec = 250000, .offset_s = -0.125, .magic = SOCK_MAGIC};
}

static void a_sample_is_read(void **state)
{
	struct sock_wire wire = good_wire();
	struct sock_message m;

	(void)state;
	wire.leap = 1;
	assert_int_equal(sock_message_parse(&wire, sizeof(wire), &m), 0);
	assert_true(m.realtime_ns == 1782864000 * S_NS + 250000000);
	assert_true(m.offset_ns == -125000000 && !m.pulse && m.leap == 1);
	wire.leap = 7;
	wire.pulse = 1;
	assert_int_equal(sock_message_parse(&wire, sizeof(wire), &m), 0);
	assert_true(m.pulse && m.leap == 3);
}

static void what_is_no_sample_is_refused(void **state)
{
	static const double offsets[] = {NAN, INFINITY, -INFINITY, 1e9, -1e300};
	struct sock_wire wire = good_wire();
	struct sock_message m;

	(void)state;
	assert_int_equal(sock_message_parse(&wire, sizeof(wire) - 1, &m), -EBADMSG);
	assert_int_equal(sock_message_parse(&wire, 0, &m), -EBADMSG);
	wire.magic++;
	assert_int_equal(sock_message_parse(&wire, sizeof(wire), &m), -EBADMSG);
	for (int i = 0; i < 5; i++) {
		wire = good_wire();
		wire.offset_s = offsets[i];
		assert_int_equal(sock_message_parse(&wire, sizeof(wire), &m), -EBADMSG);
	}
	wire = good_wire();
	wire.usec = 1000000;
	assert_int_equal(sock_message_parse(&wire, sizeof(wire), &m), -EBADMSG);
	wire.usec = -1;
	assert_int_equal(sock_message_parse(&wire, sizeof(wire), &m), -EBADMSG);
	wire = good_wire();
	wire.sec = -1;
	assert_int_equal(sock_message_parse(&wire, sizeof(wire), &m), -EBADMSG);
	wire.sec = INT64_MAX;
	assert_int_equal(sock_message_parse(&wire, sizeof(wire), &m), -EBADMSG);
}

static char folder[64], path[96];

static int start_sock(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/vmclock-sock-XXXXXX");
	if (!mkdtemp(folder) || bench_start())
		return -1;
	snprintf(path, sizeof(path), "%s/sock", folder);
	snprintf(bench.config.socket, sizeof(bench.config.socket), "%s", path);
	bench.config.type = SOURCE_TYPE_SOCK;
	return 0;
}

static int stop_sock(void **state)
{
	(void)state;
	source_stop(&bench.source);
	assert_null(bench.loop.timers);
	return rmdir(folder);
}

static struct stamp_pair moment;

/* A sample of a moment some time ago, in the senders' way. */
static void send_sample(int64_t ago_ns, double offset_s, bool pulse)
{
	int64_t then_ns = moment.realtime_ns - ago_ns;
	struct sock_wire wire = {.sec = then_ns / S_NS,
				 .usec = then_ns % S_NS / 1000,
				 .offset_s = offset_s,
				 .pulse = pulse,
				 .leap = 2,
				 .magic = SOCK_MAGIC};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(
		sendto(fd, &wire, sizeof(wire), 0, (struct sockaddr *)&address, sizeof(address)),
		sizeof(wire));
	close(fd);
	bench_ready();
}

static void begin_sock(void)
{
	assert_int_equal(source_start(&bench.source, &bench.config, &bench.env), 0);
	/* The stamp is cut off to a us: the look before it has to be older. */
	for (int64_t then = bench_realtime_ns(); bench_realtime_ns() < then + 2000;)
		;
	stamp_pair_read(&bench.counter, &moment);
}

/* How far a counter value is from `since_ns` after the moment. */
static double counter_off_ns(uint64_t counter, double since_ns)
{
	double counted_ns =
		(double)counter_diff(counter, moment.counter) * bench.counter.ns_per_tick;

	return fabs(counted_ns - since_ns);
}

static void a_sample_becomes_time_at_a_counter_value(void **state)
{
	(void)state;
	begin_sock();
	send_sample(0, 3600.5, false);
	assert_int_equal(bench.events, 1);
	assert_int_equal(bench.last.kind, EVENT_TIME);
	assert_true(fabs((double)(bench.last.time.t_ns - moment.realtime_ns - 3600500000000) -
			 (double)counter_diff(bench.last.time.c, moment.counter) *
				 bench.counter.ns_per_tick) <=
		    bench.last.time.max_error_ns + moment.half_ns);
	assert_true(bench.last.time.max_error_ns >= SOCK_RESOLUTION_NS);
	assert_int_equal(bench.source.claims.leap, 2);
	assert_int_equal(bench.source.stats.received, 1);
}

static double uncertainty_ns(void)
{
	return bench.last.edge.uncertainty_ticks * bench.counter.ns_per_tick + moment.half_ns;
}

static void a_pulse_marks_the_second_that_it_is_past(void **state)
{
	(void)state;
	begin_sock();
	/* The host clock is 0.2 s past the second when the pulse comes. */
	send_sample(0, (double)(moment.realtime_ns % S_NS) * 1e-9 - 0.2, true);
	assert_int_equal(bench.last.kind, EVENT_LATCH);
	assert_false(bench.last.edge.labelled);
	assert_true(counter_off_ns(bench.last.edge.c_edge, -0.2e9) <= uncertainty_ns());
}

static void with_a_lock_only_the_place_in_the_second_counts(void **state)
{
	(void)state;
	strcpy(bench.config.lock, "ntp1");
	begin_sock();
	/* True time is 0.3 s before a second. */
	send_sample(0, 5 - 0.3 - (double)(moment.realtime_ns % S_NS) * 1e-9, false);
	assert_int_equal(bench.last.kind, EVENT_LATCH);
	assert_true(counter_off_ns(bench.last.edge.c_edge, 0.3e9) <= uncertainty_ns());
	/* From the moment to the second the counter may run anyhow. */
	assert_true(uncertainty_ns() >= 1.5e5);
}

static void stamps_that_are_too_old_are_dropped(void **state)
{
	(void)state;
	begin_sock();
	send_sample(60 * S_NS, 0, false);
	assert_int_equal(bench.events, 0);
	assert_int_equal(bench.source.stats.stamps_dropped, 1);
	assert_non_null(strstr(bench.source.claims.problem, "not of just now"));
	send_sample(-3600 * S_NS, 0, false);
	assert_int_equal(bench.source.stats.stamps_dropped, 2);
	stamp_pair_read(&bench.counter, &moment);
	send_sample(0, 0, false);
	assert_int_equal(bench.events, 1);
	assert_string_equal(bench.source.claims.problem, "");
}

static void silence_is_seen(void **state)
{
	(void)state;
	begin_sock();
	send_sample(0, 0, false);
	assert_int_equal(bench.source.stats.reach, 1);
	for (int i = 0; i < 12; i++)
		bench_look();
	assert_int_equal(bench.source.stats.reach, 0);
	assert_true(bench.source.stats.lost >= 8);
}

/* --- shared memory ------------------------------------------------------------------------ */

static struct shm_segment segment;
static int attach_error;

static int fake_attach(unsigned int unit, volatile struct shm_segment **out)
{
	assert_int_equal(unit, 2);
	*out = &segment;
	return attach_error;
}

static void fake_detach(volatile struct shm_segment *s)
{
	assert_ptr_equal(s, &segment);
}

static const struct shm_calls fake_calls = {fake_attach, fake_detach};

static int start_shm(void **state)
{
	(void)state;
	memset(&segment, 0, sizeof(segment));
	attach_error = 0;
	if (bench_start())
		return -1;
	bench.config.type = SOURCE_TYPE_SHM;
	bench.config.unit = 2;
	return shm_start_with(&bench.source, &bench.config, &bench.env, &fake_calls);
}

static int stop_shm(void **state)
{
	(void)state;
	source_stop(&bench.source);
	assert_null(bench.loop.timers);
	return 0;
}

static void leave(int64_t ahead_ns, bool fine)
{
	int64_t now_ns = bench_realtime_ns(), t_ns = now_ns + ahead_ns;

	segment.clock_sec = t_ns / S_NS;
	segment.clock_usec = (int32_t)(t_ns % S_NS / 1000);
	segment.clock_nsec = fine ? (uint32_t)(t_ns % S_NS) : 0;
	segment.receive_sec = now_ns / S_NS;
	segment.receive_usec = (int32_t)(now_ns % S_NS / 1000);
	segment.receive_nsec = fine ? (uint32_t)(now_ns % S_NS) : 0;
	segment.count++;
	segment.valid = 1;
}

static void a_segment_is_read_in_both_modes(void **state)
{
	struct shm_sample sample;

	(void)state;
	for (int mode = 0; mode < 2; mode++) {
		segment.mode = mode;
		assert_int_equal(shm_segment_take(&segment, &sample), -EAGAIN);
		leave(5 * S_NS, true);
		segment.leap = 1;
		assert_int_equal(shm_segment_take(&segment, &sample), 0);
		assert_true(sample.t_ns - sample.realtime_ns == 5 * S_NS);
		assert_true(sample.resolution_ns == 1 && sample.leap == 1);
		assert_int_equal(segment.valid, 0);
	}
	segment.mode = 2;
	leave(0, true);
	assert_int_equal(shm_segment_take(&segment, &sample), -EBADMSG);
	assert_int_equal(segment.valid, 0);
}

/* A segment whose first two words, mode and count, lie in a page of their own. */
static struct {
	char *pages;
	size_t page_size;
	struct shm_segment *segment;
} split;

/* Between the reader's look at `valid` and at those words, a writer begins, and stands still. */
static void begin_to_write(int number)
{
	(void)number;
	mprotect(split.pages, split.page_size, PROT_READ | PROT_WRITE);
	split.segment->valid = 0;
	split.segment->count++;
	split.segment->clock_sec += 100;
}

static void half_a_sample_is_not_taken(void **state)
{
	const struct sigaction caught = {.sa_handler = begin_to_write};
	struct sigaction before;
	struct shm_sample sample;
	int err;

	(void)state;
	split.page_size = (size_t)sysconf(_SC_PAGESIZE);
	split.pages = mmap(NULL, 2 * split.page_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(split.pages != MAP_FAILED);
	split.segment = (struct shm_segment *)(void *)(split.pages + split.page_size -
						       offsetof(struct shm_segment, clock_sec));
	segment.mode = 1;
	leave(0, true);
	*split.segment = segment;
	sigaction(SIGSEGV, &caught, &before);
	assert_int_equal(mprotect(split.pages, split.page_size, PROT_NONE), 0);
	err = shm_segment_take(split.segment, &sample);
	sigaction(SIGSEGV, &before, NULL);
	assert_int_equal(split.segment->count, segment.count + 1); /* it was there */
	assert_int_equal(err, -EBUSY);
	munmap(split.pages, 2 * split.page_size);
}

static void an_old_writer_knows_microseconds_only(void **state)
{
	struct shm_sample sample;

	(void)state;
	leave(0, false);
	segment.clock_usec = 7;
	segment.clock_nsec = 123456; /* left there by nobody knows whom */
	assert_int_equal(shm_segment_take(&segment, &sample), 0);
	assert_true(sample.resolution_ns == 1000 && sample.t_ns % S_NS == 7000);
	leave(0, true);
	segment.clock_usec = -1;
	assert_int_equal(shm_segment_take(&segment, &sample), -EBADMSG);
	leave(0, true);
	segment.receive_sec = INT64_MIN;
	assert_int_equal(shm_segment_take(&segment, &sample), -EBADMSG);
}

static void a_segment_becomes_time_at_a_counter_value(void **state)
{
	(void)state;
	bench_look();
	assert_int_equal(bench.events, 0);
	leave(-7 * S_NS, true);
	bench_look();
	assert_int_equal(bench.events, 1);
	assert_int_equal(bench.last.kind, EVENT_TIME);
	assert_true(bench.last.time.t_ns <= bench_realtime_ns() - 7 * S_NS);
	assert_true(counter_diff(bench.counter.read(), bench.last.time.c) >= 0);
	bench_look(); /* nothing new */
	assert_int_equal(bench.events, 1);
	leave(0, true);
	segment.clock_sec = -5;
	bench_look();
	assert_non_null(strstr(bench.source.claims.problem, "no time"));
	assert_int_equal(bench.source.stats.bogus, 1);
}

static void a_segment_that_cannot_be_had_is_tried_again(void **state)
{
	(void)state;
	attach_error = -EACCES;
	bench_look();
	assert_non_null(strstr(bench.source.claims.problem, "cannot be attached"));
	assert_int_equal(bench.offline, 1);
	attach_error = 0;
	bench_look();
	leave(0, true);
	bench_look();
	assert_int_equal(bench.events, 1);
	assert_string_equal(bench.source.claims.problem, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_is_read),
		cmocka_unit_test(what_is_no_sample_is_refused),
		cmocka_unit_test_setup_teardown(a_sample_becomes_time_at_a_counter_value,
						start_sock, stop_sock),
		cmocka_unit_test_setup_teardown(a_pulse_marks_the_second_that_it_is_past,
						start_sock, stop_sock),
		cmocka_unit_test_setup_teardown(with_a_lock_only_the_place_in_the_second_counts,
						start_sock, stop_sock),
		cmocka_unit_test_setup_teardown(stamps_that_are_too_old_are_dropped, start_sock,
						stop_sock),
		cmocka_unit_test_setup_teardown(silence_is_seen, start_sock, stop_sock),
		cmocka_unit_test_setup_teardown(a_segment_is_read_in_both_modes, start_shm,
						stop_shm),
		cmocka_unit_test_setup_teardown(half_a_sample_is_not_taken, start_shm, stop_shm),
		cmocka_unit_test_setup_teardown(an_old_writer_knows_microseconds_only, start_shm,
						stop_shm),
		cmocka_unit_test_setup_teardown(a_segment_becomes_time_at_a_counter_value,
						start_shm, stop_shm),
		cmocka_unit_test_setup_teardown(a_segment_that_cannot_be_had_is_tried_again,
						start_shm, stop_shm),
	};

	return cmocka_run_group_tests_name("sources that others feed", tests, NULL, NULL);
}
