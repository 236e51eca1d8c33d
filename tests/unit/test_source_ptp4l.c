// SPDX-License-Identifier: GPL-2.0-or-later
/* What ptp4l says of a clock, and what is made of it: a clock that runs free is never believed. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/ptp_clock.h>

#include "daemon/source/phc.h"
#include "daemon/source/phc_trust.h"
#include "daemon/source/ptp4l.c"
#include "daemon/source/ptp_management.c"
#include "source_bench.h"

#define S_NS INT64_C(1000000000)

enum { DOMAIN = 24 };

static char directory[] = "/tmp/ptp4l-XXXXXX";
static char path[64];
static struct loop loop;
static struct ptp4l ptp4l;

/* A ptp4l of our own: what it would answer. */
static struct {
	int fd;
	uint8_t data[PTP_DATA_SETS][64];
} server;

/* Big endian. */
static void put(uint8_t *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static void serve_good_answers(void)
{
	memset(server.data, 0, sizeof(server.data));
	server.data[PTP_PORT][10] = PTP_PORT_SLAVE;		     /* syncs each second */
	put(server.data[PTP_CURRENT], 1, 2);			     /* steps removed */
	put(server.data[PTP_CURRENT] + 10, UINT64_C(1234) << 16, 8); /* path delay */
	server.data[PTP_PARENT][19] = 6;			     /* class */
	server.data[PTP_PARENT][20] = 0x21;			     /* 100 ns */
	memcpy(server.data[PTP_PARENT] + 24, "\x00\x11\x22\xff\xfe\x33\x44\x55", 8);
	put(server.data[PTP_TIME_PROPERTIES], 37, 2);
	server.data[PTP_TIME_PROPERTIES][2] = UTC_OFFSET_VALID | PTP_TIMESCALE | TIME_TRACEABLE;
	put(server.data[PTP_TIME_STATUS], (uint64_t)-40, 8);
	put(server.data[PTP_TIME_STATUS] + 8, UINT64_C(1800000000000000000), 8);
	put(server.data[PTP_TIME_STATUS] + 38, 1, 4);
}

static void start_server(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	server.fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void stop_server(void)
{
	close(server.fd);
	unlink(path);
}

/* As ptp4l makes it: the question with another action and the data. */
static size_t make_answer(uint8_t *message, const uint8_t *question, int data_set)
{
	size_t size = AT_DATA + (size_t)data_sets[data_set].size;

	memcpy(message, question, AT_DATA);
	memcpy(message + AT_DATA, server.data[data_set], data_sets[data_set].size);
	put(message + AT_LENGTH, size, 2);
	put(message + AT_TLV_LENGTH, 2u + data_sets[data_set].size, 2);
	message[AT_ACTION] = ACTION_RESPONSE;
	return size;
}

/* Answers to questions of before are sent again, or for the first time. */
static struct {
	uint8_t message[256];
	size_t size;
} kept[PTP_DATA_SETS];

static void keep_questions(void)
{
	uint8_t question[256];

	for (int i = 0; i < PTP_DATA_SETS; i++) {
		assert_int_equal(recv(server.fd, question, sizeof(question), MSG_DONTWAIT),
				 PTP_MANAGEMENT_REQUEST_SIZE);
		kept[i].size = make_answer(kept[i].message, question, i);
	}
}

static void answer_kept(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(to);

	getsockname(ptp4l.watch.fd, (struct sockaddr *)&to, &length);
	for (int i = 0; i < PTP_DATA_SETS; i++)
		assert_int_equal(sendto(server.fd, kept[i].message, kept[i].size, 0,
					(struct sockaddr *)&to, length),
				 kept[i].size);
}

/* Answers what was asked; how many questions there were. */
static int answer(uint8_t standard)
{
	uint8_t question[256], message[256];
	struct sockaddr_un from;
	int count = 0;

	for (;;) {
		socklen_t length = sizeof(from);
		ssize_t size = recvfrom(server.fd, question, sizeof(question), MSG_DONTWAIT,
					(struct sockaddr *)&from, &length);

		if (size < 0)
			return count;
		count++;
		assert_int_equal(size, PTP_MANAGEMENT_REQUEST_SIZE);
		if (question[0] >> 4 != standard || question[AT_DOMAIN] != DOMAIN)
			continue;
		for (int i = 0; i < PTP_DATA_SETS; i++)
			if (get_16(question + AT_ID) == data_sets[i].id)
				sendto(server.fd, message, make_answer(message, question, i), 0,
				       (struct sockaddr *)&from, length);
	}
}

static void run_loop(void)
{
	for (int i = 0; i < 4 * PTP_DATA_SETS; i++)
		assert_int_equal(loop_run_once(&loop, 0), 0);
}

static void one_round(void)
{
	ptp4l_ask(&ptp4l);
	answer(0);
	run_loop();
}

/* Eight rounds, of as many syncs: the last of them is the one that was set. */
static void settle(void)
{
	uint8_t *at = server.data[PTP_TIME_STATUS] + 8;
	int64_t last_ns = get_64(at);

	for (int i = PTP4L_SYNCS - 1; i >= 0; i--) {
		put(at, (uint64_t)(last_ns ? last_ns - i : 0), 8);
		one_round();
	}
}

static int setup(void **state)
{
	(void)state;
	start_server();
	serve_good_answers();
	memset(&loop, 0, sizeof(loop));
	ptp4l_init(&ptp4l, &loop, path, DOMAIN);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ptp4l_close(&ptp4l);
	stop_server();
	return 0;
}

static void a_question_is_what_pmc_would_send(void **state)
{
	/* GET CURRENT_DATA_SET to all ports, no hops. */
	static const char expected[] = "1d020036"
				       "18000000" /* length, domain */
				       "0000000000000000"
				       "00000000"
				       "0000000000000000"
				       "0001"
				       "0007" /* sender, sequence */
				       "04"
				       "7f"
				       "ffffffffffffffffffff"
				       "00"
				       "00"
				       "00"
				       "00" /* no hops, GET */
				       "0001"
				       "0002"
				       "2001";
	uint8_t question[PTP_MANAGEMENT_REQUEST_SIZE];
	char text[2 * PTP_MANAGEMENT_REQUEST_SIZE + 1];

	(void)state;
	ptp_management_encode(question, PTP_CURRENT, DOMAIN, 1, 7);
	for (size_t i = 0; i < sizeof(question); i++)
		snprintf(text + 2 * i, 3, "%02x", question[i]);
	assert_string_equal(text, expected);
}

static void answers_are_understood(void **state)
{
	char identity[PTP_IDENTITY_TEXT];

	(void)state;
	assert_false(ptp4l_has_answered(&ptp4l));
	one_round();
	assert_true(ptp4l_has_answered(&ptp4l));
	assert_int_equal(ptp4l.port.state, PTP_PORT_SLAVE);
	assert_true(ptp4l.port.sync_interval_s == 1);
	assert_int_equal(ptp4l.current.steps_removed, 1);
	assert_true(ptp4l.current.mean_path_delay_ns == 1234);
	assert_int_equal(ptp4l.parent.clock_class, 6);
	assert_int_equal(ptp4l.properties.utc_offset_s, 37);
	assert_true(ptp4l.properties.ptp_timescale && ptp4l.properties.time_traceable);
	assert_true(ptp4l.properties.utc_offset_valid && !ptp4l.properties.leap_59);
	assert_int_equal(ptp4l.status.offset_ns, -40);
	assert_int_equal(ptp4l.status.ingress_ns, 1800000000000000000);
	assert_true(ptp4l.status.following);
	ptp_identity_format(ptp4l.parent.identity, identity);
	assert_string_equal(identity, "001122.fffe.334455");
}

static void the_other_standard_is_found(void **state)
{
	(void)state;
	for (int i = 0; i < 4 && !ptp4l_has_answered(&ptp4l); i++) {
		ptp4l_ask(&ptp4l);
		assert_int_equal(answer(1), PTP_DATA_SETS);
		run_loop();
	}
	assert_true(ptp4l_has_answered(&ptp4l));
	assert_int_equal(ptp4l.standard, 1);
}

static void answers_of_an_earlier_round_are_not_of_the_present(void **state)
{
	(void)state;
	ptp4l_ask(&ptp4l);
	keep_questions();
	put(server.data[PTP_TIME_STATUS], 777, 8);
	server.data[PTP_PORT][10] = PTP_PORT_UNCALIBRATED; /* meanwhile */
	ptp4l_ask(&ptp4l);
	answer_kept();
	run_loop();
	assert_false(ptp4l_has_answered(&ptp4l));
	assert_int_equal(ptp4l.bogus, PTP_DATA_SETS);
	assert_int_equal(ptp4l.status.offset_ns, 0);
	assert_true(ptp4l_worst_offset_ns(&ptp4l) == 0);
	assert_int_equal(answer(0), PTP_DATA_SETS);
	run_loop();
	assert_true(ptp4l_has_answered(&ptp4l));
	assert_int_equal(ptp4l.status.offset_ns, 777);
	assert_int_equal(ptp4l.port.state, PTP_PORT_UNCALIBRATED);
	assert_int_equal(ptp4l.bogus, PTP_DATA_SETS);
	/* Late ones after the right ones, and nonsense, change nothing either. */
	answer_kept();
	run_loop();
	assert_int_equal(ptp4l.status.offset_ns, 777);
	assert_int_equal(ptp4l.bogus, 2 * PTP_DATA_SETS);
}

static void rounds_are_told_apart_when_their_numbers_wrap(void **state)
{
	(void)state;
	ptp4l.sequence = UINT16_MAX - 2 * PTP_DATA_SETS;
	for (int i = 0; i < 6; i++) {
		one_round();
		assert_true(ptp4l_has_answered(&ptp4l));
	}
	assert_int_equal(ptp4l.bogus, 0);
	ptp4l.sequence = UINT16_MAX - PTP_DATA_SETS;
	ptp4l_ask(&ptp4l);
	keep_questions();
	one_round();
	answer_kept();
	run_loop();
	assert_int_equal(ptp4l.bogus, PTP_DATA_SETS);
}

static void a_late_answer_tells_the_standard(void **state)
{
	(void)state;
	ptp4l_ask(&ptp4l);
	keep_questions();
	while (!ptp4l.standard)
		ptp4l_ask(&ptp4l);
	answer_kept();
	run_loop();
	assert_int_equal(ptp4l.standard, 0);
	answer(1); /* what was asked meanwhile */
	one_round();
	assert_true(ptp4l_has_answered(&ptp4l));
}

/* A boundary clock: each port answers the one question. */
static void of_many_ports_the_one_that_follows_counts(void **state)
{
	static const uint8_t states[] = {PTP_PORT_MASTER, PTP_PORT_SLAVE, PTP_PORT_MASTER};

	(void)state;
	for (unsigned int first = 0; first < 3; first++) {
		ptp4l_ask(&ptp4l);
		keep_questions();
		for (unsigned int i = 0; i < 3; i++) {
			kept[PTP_PORT].message[AT_DATA + 10] = states[(first + i) % 3];
			answer_kept();
			run_loop();
		}
		assert_int_equal(ptp4l.port.state, PTP_PORT_SLAVE);
		assert_int_equal(ptp4l.bogus, 0);
	}
	/* None does now. */
	server.data[PTP_PORT][10] = PTP_PORT_MASTER;
	one_round();
	assert_int_equal(ptp4l.port.state, PTP_PORT_MASTER);
}

static void a_ptp4l_that_was_restarted_is_found_again(void **state)
{
	(void)state;
	one_round();
	stop_server();
	ptp4l_ask(&ptp4l);
	run_loop();
	assert_false(ptp4l_has_answered(&ptp4l));
	assert_int_equal(ptp4l.error, -ECONNREFUSED);
	ptp4l_ask(&ptp4l);
	assert_int_equal(ptp4l.error, -ENOENT);
	start_server();
	one_round();
	assert_true(ptp4l_has_answered(&ptp4l));
}

static void the_worst_offset_of_eight_syncs_counts(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++) {
		put(server.data[PTP_TIME_STATUS], i == 3 ? (uint64_t)-900 : 30, 8);
		put(server.data[PTP_TIME_STATUS] + 8, 1800000000000000000u + (unsigned int)i, 8);
		one_round();
		assert_true(ptp4l_worst_offset_ns(&ptp4l) == (i < 3 ? 30 : i < 11 ? 899 : 30));
	}
}

static void nonsense_is_no_answer(void **state)
{
	uint8_t message[256] = {0}, question[PTP_MANAGEMENT_REQUEST_SIZE];
	struct ptp_management out;
	size_t size;

	(void)state;
	ptp_management_encode(question, PTP_PARENT, 0, 0, 0);
	size = make_answer(message, question, PTP_PARENT);
	assert_int_equal(ptp_management_parse(message, size, &out), 0);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_not_equal(ptp_management_parse(message, cut, &out), 0);
	assert_int_equal(ptp_management_parse(question, sizeof(question), &out), -EBADMSG);
	message[AT_TLV + 1] = 2; /* a refusal */
	assert_int_equal(ptp_management_parse(message, size, &out), -ENOTSUP);
	message[AT_TLV + 1] = TLV_MANAGEMENT;
	put(message + AT_LENGTH, size - 1, 2);
	assert_int_equal(ptp_management_parse(message, size, &out), -ENOTSUP);
}

static void accuracies_are_those_of_the_standard(void **state)
{
	(void)state;
	assert_true(ptp_accuracy_ns(0x20) == 25);
	assert_true(ptp_accuracy_ns(0x23) == 1e3);
	assert_true(ptp_accuracy_ns(0x29) == 1e6);
	assert_true(ptp_accuracy_ns(0x2f) == 1e9);
	assert_true(ptp_accuracy_ns(0x30) == 10e9);
	assert_true(ptp_accuracy_ns(0x17) == 1);
	assert_true(isinf(ptp_accuracy_ns(0x31)) && isinf(ptp_accuracy_ns(0xfe)));
	assert_true(isinf(ptp_accuracy_ns(0)) && isinf(ptp_accuracy_ns(0x16)));
}

static int tai_offset_s(void *context, int64_t tai_s)
{
	(void)context;
	(void)tai_s;
	return 37;
}

static struct source_env calendar = {.tai_offset_s = tai_offset_s};

/* The verdict on a clock that shows age_ns after the last sync. */
static struct phc_verdict judge(int64_t age_ns, double max_error_ns,
				enum config_timescale timescale)
{
	static const struct phc_places nowhere = {.sys = "/nonexistent"};
	const struct config_source config = {.max_error_ns = max_error_ns, .timescale = timescale};
	const struct phc_clock clock = {
		.config = &config,
		.env = &calendar,
		.places = &nowhere,
		.identity = {.index = 0},
	};
	const struct phc_reading reading = {.t_ns = 1800000000000000000 + age_ns};
	struct phc_verdict verdict;

	settle();
	phc_judge(&clock, &ptp4l, &reading, &verdict);
	return verdict;
}

static void assert_unfit(const char *why)
{
	struct phc_verdict verdict = judge(500000000, 0, TIMESCALE_AUTO);

	assert_true(verdict.unfit);
	if (!strstr(verdict.problem, why))
		fail_msg("%s", verdict.problem);
	/* Whatever the operator promises. */
	assert_true(judge(500000000, 1000, TIMESCALE_AUTO).unfit);
}

static void the_error_is_accuracy_offset_and_path(void **state)
{
	struct phc_verdict verdict = judge(0, 0, TIMESCALE_AUTO);

	(void)state;
	assert_false(verdict.unfit);
	assert_true(verdict.error_ns == 100 + 39 + 1234);
	/* And what the offset can have grown to since the sync. */
	verdict = judge(2000000000, 0, TIMESCALE_AUTO);
	assert_true(fabs(verdict.error_ns - (100 + 3 * 39 + 1234)) < 1e-6);
	assert_string_equal(verdict.problem, "");
}

static void a_clock_that_runs_free_is_not_used(void **state)
{
	(void)state;
	put(server.data[PTP_TIME_STATUS] + 38, 0, 4);
	server.data[PTP_PARENT][19] = 248;
	assert_unfit("follows no grandmaster (port SLAVE): the clock runs free");
	server.data[PTP_PORT][10] = 4;
	assert_unfit("follows no grandmaster (port LISTENING): the clock runs free");
	/* What it followed once, and of which class that was, it still knows. */
	put(server.data[PTP_TIME_STATUS] + 38, 1, 4);
	server.data[PTP_PARENT][19] = 6;
	assert_unfit("follows no grandmaster (port LISTENING): the clock runs free");
}

static void a_clock_that_is_not_locked_is_not_used(void **state)
{
	(void)state;
	server.data[PTP_PORT][10] = PTP_PORT_UNCALIBRATED;
	assert_unfit("has not locked the clock to its grandmaster yet");
	server.data[PTP_PORT][10] = 200;
	assert_unfit("(port ?)");
	server.data[PTP_PORT][10] = PTP_PORT_SLAVE;
	assert_false(judge(0, 0, TIMESCALE_AUTO).unfit);
}

static void offsets_count_while_the_clock_is_locked(void **state)
{
	(void)state;
	server.data[PTP_PORT][10] = PTP_PORT_UNCALIBRATED;
	put(server.data[PTP_TIME_STATUS], 123456789, 8);
	one_round();
	assert_true(ptp4l_worst_offset_ns(&ptp4l) == 0);
	server.data[PTP_PORT][10] = PTP_PORT_SLAVE;
	put(server.data[PTP_TIME_STATUS], 50, 8);
	put(server.data[PTP_TIME_STATUS] + 8, 1800000000000000001, 8);
	one_round();
	assert_true(ptp4l_worst_offset_ns(&ptp4l) == 50);
}

static void a_grandmaster_that_is_wrong_about_utc_is_not_followed(void **state)
{
	(void)state;
	put(server.data[PTP_TIME_PROPERTIES], 36, 2);
	assert_unfit("says that TAI - UTC is 36 s, and it is 37 s");
	assert_true(judge(0, 0, TIMESCALE_UTC).unfit);
	/* What it does not stand for is nothing to hold against it. */
	server.data[PTP_TIME_PROPERTIES][2] = PTP_TIMESCALE | TIME_TRACEABLE;
	assert_false(judge(0, 0, TIMESCALE_AUTO).unfit);
	server.data[PTP_TIME_PROPERTIES][2] = UTC_OFFSET_VALID | TIME_TRACEABLE;
	assert_false(judge(0, 0, TIMESCALE_UTC).unfit);
}

static void a_grandmaster_that_follows_nothing_is_not_followed(void **state)
{
	(void)state;
	server.data[PTP_PARENT][19] = 248;
	server.data[PTP_TIME_PROPERTIES][2] = PTP_TIMESCALE;
	assert_unfit("the grandmaster (class 248) follows nothing itself");
	server.data[PTP_PARENT][19] = 7;
	assert_false(judge(0, 0, TIMESCALE_AUTO).unfit);
	server.data[PTP_PARENT][19] = 52;
	assert_unfit("class 52");
}

static void a_grandmaster_itself_is_used_if_it_says_that_it_is_locked(void **state)
{
	struct phc_verdict verdict;

	(void)state;
	put(server.data[PTP_TIME_STATUS] + 38, 0, 4);
	put(server.data[PTP_TIME_STATUS] + 8, 0, 8);
	verdict = judge(0, 0, TIMESCALE_AUTO);
	assert_false(verdict.unfit);
	assert_true(verdict.error_ns == 100);
}

static void syncs_that_stopped_or_belong_to_another_clock_count_for_nothing(void **state)
{
	(void)state;
	assert_false(judge(2200000000, 0, TIMESCALE_AUTO).unfit);
	assert_true(judge(2300000000, 0, TIMESCALE_AUTO).unfit);
	assert_non_null(strstr(judge(2300000000, 0, TIMESCALE_AUTO).problem, "no sync for 2.3 s"));
	/* They come every 2 s, or 16 a second, or nobody says. */
	server.data[PTP_PORT][22] = 1;
	assert_false(judge(4400000000, 0, TIMESCALE_AUTO).unfit);
	assert_true(judge(4600000000, 0, TIMESCALE_AUTO).unfit);
	server.data[PTP_PORT][22] = 0xfc;
	assert_false(judge(900000000, 0, TIMESCALE_AUTO).unfit);
	assert_true(judge(1100000000, 0, TIMESCALE_AUTO).unfit);
	server.data[PTP_PORT][22] = INTERVAL_NONE;
	assert_true(judge(1100000000, 0, TIMESCALE_AUTO).unfit);
	put(server.data[PTP_TIME_STATUS] + 8, 0, 8);
	assert_unfit("no sync yet");
	put(server.data[PTP_TIME_STATUS] + 8, UINT64_C(1800000000000000000), 8);
	assert_true(judge(INT64_C(37000000000) * -1, 0, TIMESCALE_AUTO).unfit);
	assert_non_null(strstr(judge(INT64_C(-37000000000), 0, TIMESCALE_AUTO).problem,
			       "steers another clock"));
	assert_non_null(strstr(judge(INT64_C(3600000000000), 0, TIMESCALE_AUTO).problem,
			       "steers another clock"));
}

static void what_nobody_states_the_operator_has_to(void **state)
{
	struct phc_verdict verdict;

	(void)state;
	server.data[PTP_PARENT][20] = 0xfe;
	verdict = judge(0, 0, TIMESCALE_AUTO);
	assert_false(verdict.unfit);
	assert_true(isinf(verdict.error_ns));
	assert_string_equal(verdict.problem,
			    "the grandmaster does not state its accuracy: set max-error");
	verdict = judge(0, 1000, TIMESCALE_AUTO);
	assert_true(verdict.error_ns == 39); /* the operator's 1000 come on top */
	assert_string_equal(verdict.problem, "");
	server.data[PTP_PARENT][20] = 0x21;
	put(server.data[PTP_CURRENT], 3, 2);
	verdict = judge(0, 0, TIMESCALE_AUTO);
	assert_true(isinf(verdict.error_ns));
	assert_string_equal(verdict.problem,
			    "nobody states the error of the 2 boundary clocks: set max-error");
}

static void a_time_scale_of_the_grandmasters_own_has_to_be_named(void **state)
{
	(void)state;
	server.data[PTP_TIME_PROPERTIES][2] = TIME_TRACEABLE;
	assert_true(judge(0, 0, TIMESCALE_AUTO).unfit);
	assert_false(judge(0, 0, TIMESCALE_UTC).unfit);
}

static void silence_makes_it_unfit_at_once(void **state)
{
	struct phc_verdict verdict;
	static const struct phc_places nowhere = {.sys = "/nonexistent"};
	const struct config_source config = {.max_error_ns = 5};
	const struct phc_clock clock = {.config = &config, .places = &nowhere};
	const struct phc_reading reading = {.t_ns = 1800000000000000000};

	(void)state;
	one_round();
	ptp4l_ask(&ptp4l);
	phc_judge(&clock, &ptp4l, &reading, &verdict);
	assert_true(verdict.unfit);
	assert_non_null(strstr(verdict.problem, "does not answer"));
	stop_server();
	ptp4l_ask(&ptp4l);
	phc_judge(&clock, &ptp4l, &reading, &verdict);
	assert_true(verdict.unfit);
	assert_non_null(strstr(verdict.problem, "Connection refused"));
	start_server();
}

/* A clock of CLOCK_MONOTONIC_RAW + device_ahead_ns, captured by hardware together with that. */
static int64_t device_ahead_ns;

static int64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * S_NS + now.tv_nsec;
}

static int open_device(const char *device)
{
	(void)device;
	return 99;
}

static void close_device(int fd)
{
	(void)fd;
}

static int control_device(int fd, unsigned long request, void *argument)
{
	struct ptp_sys_offset_precise *data = argument;
	int64_t raw_ns = clock_ns(CLOCK_MONOTONIC_RAW), device_ns = raw_ns + device_ahead_ns;

	(void)fd;
	if (request != PTP_SYS_OFFSET_PRECISE)
		return -EOPNOTSUPP;
	data->sys_monoraw =
		(struct ptp_clock_time){.sec = raw_ns / S_NS, .nsec = (uint32_t)(raw_ns % S_NS)};
	data->device = (struct ptp_clock_time){.sec = device_ns / S_NS,
					       .nsec = (uint32_t)(device_ns % S_NS)};
	return 0;
}

static void start_source(void)
{
	static const struct phc_kernel kernel = {open_device, control_device, close_device,
						 clock_ns};
	static const struct phc_places nowhere = {.sys = "/nonexistent"};

	assert_int_equal(bench_start(), 0);
	bench.config.type = SOURCE_TYPE_PHC;
	bench.config.ptp_domain = DOMAIN;
	bench.config.reads = 1;
	bench.config.timescale = TIMESCALE_UTC;
	strcpy(bench.config.device, "/dev/ptp0");
	strcpy(bench.config.ptp4l, path);
	device_ahead_ns = 1800000000 * S_NS;
	assert_int_equal(phc_start_at(&bench.source, &bench.config, &bench.env, &kernel, &nowhere),
			 0);
}

/* ptp4l's last sync came this moment. */
static void answer_now(void)
{
	put(server.data[PTP_TIME_STATUS] + 8,
	    (uint64_t)(clock_ns(CLOCK_MONOTONIC_RAW) + device_ahead_ns), 8);
	assert_int_equal(answer(0), PTP_DATA_SETS);
	for (int i = 0; i < PTP_DATA_SETS; i++)
		bench_ready();
}

static void a_clock_that_was_only_just_locked_is_not_used(void **state)
{
	static const struct phc_places nowhere = {.sys = "/nonexistent"};
	const struct config_source config = {.max_error_ns = 5};
	const struct phc_clock clock = {.config = &config, .env = &calendar, .places = &nowhere};
	const struct phc_reading reading = {.t_ns = 1800000000000000000};
	struct phc_verdict verdict;

	(void)state;
	settle();
	phc_judge(&clock, &ptp4l, &reading, &verdict);
	assert_false(verdict.unfit);
	/* Another grandmaster; then it had lost it for a while; then another ptp4l. */
	for (int i = 0; i < 3; i++) {
		server.data[PTP_PARENT][24] = 0x77;
		server.data[PTP_PORT][10] = i == 1 ? PTP_PORT_UNCALIBRATED : PTP_PORT_SLAVE;
		put(server.data[PTP_TIME_STATUS] + 8, 1700000000000000000 + (unsigned int)i, 8);
		if (i == 2)
			ptp4l_close(&ptp4l);
		one_round();
		assert_false(ptp4l_is_settled(&ptp4l));
		phc_judge(&clock, &ptp4l, &reading, &verdict);
		assert_non_null(strstr(verdict.problem, i == 1 ? "yet" : "1 of 8 syncs seen"));
		server.data[PTP_PORT][10] = PTP_PORT_SLAVE;
		put(server.data[PTP_TIME_STATUS] + 8, 1800000000000000000, 8);
		settle();
		assert_true(ptp4l_is_settled(&ptp4l));
	}
}

static void the_path_delay_was_the_worst_of_eight(void **state)
{
	(void)state;
	put(server.data[PTP_CURRENT] + 10, (uint64_t)(-7000 * 65536), 8);
	one_round();
	put(server.data[PTP_CURRENT] + 10, 400 << 16, 8);
	for (unsigned int i = 1; i <= PTP4L_SYNCS; i++) {
		put(server.data[PTP_TIME_STATUS] + 8, 1800000000000000000u + i, 8);
		one_round();
		assert_true(ptp4l_worst_delay_ns(&ptp4l) == (i < PTP4L_SYNCS ? 7000 : 400));
	}
}

static void it_is_asked_for_each_reading_however_rare(void **state)
{
	(void)state;
	start_source();
	for (unsigned int n = 1; n <= 12; n++) {
		unsigned int used = n < PTP4L_SYNCS ? 0 : n - PTP4L_SYNCS + 1;

		bench_look();
		assert_int_equal(bench.events, used ? used - 1 : 0);
		answer_now();
		bench_look();
		assert_int_equal(bench.events, used);
		device_ahead_ns += 1024 * S_NS; /* as long as the next poll is away */
	}
	assert_string_equal(bench.source.claims.problem, "");
	assert_int_equal(bench.source.stats.rejected, PTP4L_SYNCS - 1);
	source_stop(&bench.source);
}

static void it_is_not_waited_for_for_ever(void **state)
{
	const struct timespec pause = {.tv_nsec = 10000000};

	(void)state;
	start_source();
	for (int i = 0; i < 3000 && !bench.source.stats.rejected; i++) {
		bench_look();
		nanosleep(&pause, NULL);
	}
	assert_int_equal(bench.source.stats.rejected, 1);
	assert_int_equal(bench.source.stats.sent, 1);
	assert_non_null(strstr(bench.source.claims.problem, "does not answer"));
	assert_int_equal(bench.events, 0);
	/* And it is asked again for the next one. */
	answer(1); /* to none of those questions */
	for (int i = 0; i < PTP4L_SYNCS; i++) {
		bench_look();
		answer_now();
		bench_look();
	}
	assert_int_equal(bench.events, 1);
	source_stop(&bench.source);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_what_pmc_would_send),
		cmocka_unit_test(nonsense_is_no_answer),
		cmocka_unit_test(accuracies_are_those_of_the_standard),
		TEST(answers_are_understood),
		TEST(answers_of_an_earlier_round_are_not_of_the_present),
		TEST(rounds_are_told_apart_when_their_numbers_wrap),
		TEST(a_late_answer_tells_the_standard),
		TEST(of_many_ports_the_one_that_follows_counts),
		TEST(the_other_standard_is_found),
		TEST(a_ptp4l_that_was_restarted_is_found_again),
		TEST(the_worst_offset_of_eight_syncs_counts),
		TEST(the_error_is_accuracy_offset_and_path),
		TEST(a_clock_that_runs_free_is_not_used),
		TEST(a_clock_that_is_not_locked_is_not_used),
		TEST(offsets_count_while_the_clock_is_locked),
		TEST(a_grandmaster_that_is_wrong_about_utc_is_not_followed),
		TEST(a_grandmaster_that_follows_nothing_is_not_followed),
		TEST(a_grandmaster_itself_is_used_if_it_says_that_it_is_locked),
		TEST(syncs_that_stopped_or_belong_to_another_clock_count_for_nothing),
		TEST(what_nobody_states_the_operator_has_to),
		TEST(a_time_scale_of_the_grandmasters_own_has_to_be_named),
		TEST(silence_makes_it_unfit_at_once),
		TEST(a_clock_that_was_only_just_locked_is_not_used),
		TEST(the_path_delay_was_the_worst_of_eight),
		TEST(it_is_asked_for_each_reading_however_rare),
		TEST(it_is_not_waited_for_for_ever),
	};
	int failed;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/ptp4l", directory);
	failed = cmocka_run_group_tests_name("ptp4l", tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
