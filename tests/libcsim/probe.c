// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program sees of the simulated libc. A cmocka program, to be run with libcsim.so. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#define SERVER "192.0.2.1"
#define NS_PER_S 1000000000LL

static volatile sig_atomic_t stopped;

static int64_t now_ns(clockid_t id)
{
	struct timespec t;

	assert_int_equal(clock_gettime(id, &t), 0);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int open_client(const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(123)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(inet_pton(AF_INET, address, &to.sin_addr), 1);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void enable_stamps(int fd)
{
	unsigned int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
			     SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
			     SOF_TIMESTAMPING_OPT_TSONLY;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)), 0);
}

static void ask(int fd)
{
	uint8_t request[48] = {4 << 3 | 3};

	assert_int_equal(send(fd, request, sizeof(request), 0), sizeof(request));
}

static int wait_for(int fd, short events, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, timeout_ms) > 0 ? p.revents : 0;
}

/* The software stamp of one datagram, 0 for none; its number for one that was sent. */
static int64_t read_stamp(int fd, int flags, uint32_t *number)
{
	uint8_t data[100], control[256];
	struct iovec part = {data, sizeof(data)};
	struct msghdr m = {.msg_iov = &part,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct sock_extended_err extended;
	struct timespec stamp = {0};

	assert_true(recvmsg(fd, &m, flags) >= 0);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING)
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) {
			memcpy(&extended, CMSG_DATA(c), sizeof(extended));
			*number = extended.ee_data;
		}
	}
	return (int64_t)stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
}

static void only_three_clocks_are_known(void **state)
{
	struct timespec t;

	(void)state;
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &t), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(clock_gettime(CLOCK_TAI, &t), -1);
	assert_true(now_ns(CLOCK_MONOTONIC_RAW) < NS_PER_S);
	assert_true(now_ns(CLOCK_REALTIME) > 1700000000 * NS_PER_S);
}

static void time_passes_in_sleep_and_poll_only(void **state)
{
	int64_t before = now_ns(CLOCK_MONOTONIC);
	struct timespec second = {1, 0};

	(void)state;
	assert_int_equal(now_ns(CLOCK_MONOTONIC), before);
	assert_int_equal(nanosleep(&second, NULL), 0);
	assert_in_range(now_ns(CLOCK_MONOTONIC) - before, NS_PER_S, NS_PER_S + 3);
	before = now_ns(CLOCK_MONOTONIC);
	assert_int_equal(poll(NULL, 0, 250), 0);
	assert_in_range(now_ns(CLOCK_MONOTONIC) - before, NS_PER_S / 4, NS_PER_S / 4 + 3);
}

static void realtime_is_one_in_all_its_calls(void **state)
{
	int64_t ns = now_ns(CLOCK_REALTIME);
	struct timeval t;

	(void)state;
	gettimeofday(&t, NULL);
	assert_int_equal(t.tv_sec * 1000000LL + t.tv_usec, ns / 1000);
	assert_int_equal(time(NULL), ns / NS_PER_S);
}

static void adjtimex_steers_and_sets(void **state)
{
	struct timex t = {.modes = ADJ_FREQUENCY | ADJ_NANO, .freq = 100 << 16};
	int64_t raw = now_ns(CLOCK_MONOTONIC_RAW), mono = now_ns(CLOCK_MONOTONIC), real;
	struct timespec pause = {10, 0};

	(void)state;
	assert_true(adjtimex(&t) >= 0);
	nanosleep(&pause, NULL);
	mono = now_ns(CLOCK_MONOTONIC) - mono;
	raw = now_ns(CLOCK_MONOTONIC_RAW) - raw;
	assert_in_range(mono - raw, 999000, 1001000); /* 100 ppm of 10 s */
	real = now_ns(CLOCK_REALTIME);
	mono = now_ns(CLOCK_MONOTONIC);
	t = (struct timex){.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {-1, 500000000}};
	assert_true(adjtimex(&t) >= 0);
	assert_int_equal(now_ns(CLOCK_REALTIME) - real, -NS_PER_S / 2);
	assert_int_equal(now_ns(CLOCK_MONOTONIC), mono);
	t = (struct timex){.modes = ADJ_FREQUENCY};
	assert_true(adjtimex(&t) >= 0);
}

static void an_exchange_is_stamped_on_both_sides(void **state)
{
	int fd = open_client(SERVER);
	uint32_t number = 99;
	int64_t sent, received, before;

	(void)state;
	enable_stamps(fd);
	before = now_ns(CLOCK_REALTIME);
	ask(fd);
	assert_int_equal(wait_for(fd, POLLPRI, 0), POLLPRI | POLLERR);
	sent = read_stamp(fd, MSG_ERRQUEUE, &number);
	assert_int_equal(number, 0);
	assert_int_equal(wait_for(fd, POLLPRI, 0), 0);
	assert_int_equal(sent, before);
	assert_int_equal(wait_for(fd, POLLIN, 1000), POLLIN);
	received = read_stamp(fd, 0, &number);
	assert_int_equal(received, now_ns(CLOCK_REALTIME));
	assert_in_range(received - sent, 100000, 1000000);
	ask(fd);
	read_stamp(fd, MSG_ERRQUEUE, &number);
	assert_int_equal(number, 1);
	close(fd);
}

static void stamps_nobody_asked_for_are_not_delivered(void **state)
{
	int fd = open_client(SERVER), on = 1;
	uint32_t number;

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)), 0);
	ask(fd);
	assert_int_equal(wait_for(fd, POLLPRI, 0), 0);
	assert_int_equal(wait_for(fd, POLLIN, 1000), POLLIN);
	assert_int_equal(read_stamp(fd, 0, &number), 0);
	close(fd);
}

static void data_and_control_that_do_not_fit_are_cut(void **state)
{
	int fd = open_client(SERVER);
	uint8_t data[20], control[16];
	struct iovec part = {data, sizeof(data)};
	struct msghdr m = {.msg_iov = &part,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};

	(void)state;
	enable_stamps(fd);
	ask(fd);
	assert_int_equal(wait_for(fd, POLLIN, 1000) & POLLERR, POLLERR);
	poll(NULL, 0, 10);
	assert_int_equal(recvmsg(fd, &m, 0), sizeof(data));
	assert_int_equal(m.msg_flags, MSG_TRUNC | MSG_CTRUNC);
	assert_int_equal(recv(fd, data, sizeof(data), MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

static void nobody_answers_where_no_server_is(void **state)
{
	int fd = open_client("192.0.2.99");

	(void)state;
	ask(fd);
	assert_int_equal(wait_for(fd, POLLIN, 1000), 0);
	close(fd);
}

static void a_closed_socket_leaves_nothing_to_the_next(void **state)
{
	int fd = open_client(SERVER), next;

	(void)state;
	ask(fd);
	close(fd);
	next = open_client(SERVER);
	assert_int_equal(next, fd);
	assert_int_equal(wait_for(next, POLLIN, 1000), 0);
	close(next);
}

static void families_are_refused_as_described(void **state)
{
	static const int families[] = {AF_UNIX, AF_NETLINK, AF_INET6};

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(socket(families[i], SOCK_DGRAM, 0), -1);
		assert_int_equal(errno, EAFNOSUPPORT);
	}
}

static void random_numbers_fill_what_was_asked_for(void **state)
{
	uint8_t bytes[13] = {0}, zero[3] = {0};

	(void)state;
	assert_int_equal(getrandom(bytes, 11, GRND_NONBLOCK), 11);
	assert_memory_not_equal(bytes, zero, sizeof(zero));
	assert_memory_not_equal(bytes + 8, zero, sizeof(zero));
	assert_memory_equal(bytes + 11, zero, 2);
}

static void real_files_stay_real(void **state)
{
	int fd = open("real", O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(fd), -1);
	assert_int_equal(errno, EBADF);
}

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

/* The last one: time cannot go on after it. */
static void it_ends_with_sigterm_out_of_poll(void **state)
{
	int polls = 0;

	(void)state;
	signal(SIGTERM, stop);
	while (poll(NULL, 0, 1000000) == 0)
		polls++;
	assert_int_equal(errno, EINTR);
	assert_int_equal(stopped, 1);
	assert_int_equal(polls, 49);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_three_clocks_are_known),
		cmocka_unit_test(time_passes_in_sleep_and_poll_only),
		cmocka_unit_test(realtime_is_one_in_all_its_calls),
		cmocka_unit_test(adjtimex_steers_and_sets),
		cmocka_unit_test(an_exchange_is_stamped_on_both_sides),
		cmocka_unit_test(stamps_nobody_asked_for_are_not_delivered),
		cmocka_unit_test(data_and_control_that_do_not_fit_are_cut),
		cmocka_unit_test(nobody_answers_where_no_server_is),
		cmocka_unit_test(a_closed_socket_leaves_nothing_to_the_next),
		cmocka_unit_test(families_are_refused_as_described),
		cmocka_unit_test(random_numbers_fill_what_was_asked_for),
		cmocka_unit_test(real_files_stay_real),
		cmocka_unit_test(it_ends_with_sigterm_out_of_poll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
