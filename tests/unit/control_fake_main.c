// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A control server with known numbers behind it, for the tests of vmclockctl.
 *
 *	control_fake SOCKET [still]
 *
 * Publishes ten times a second, with a bound that shrinks and sources that answer. A second
 * argument "still" lets nothing change. Ends with its standard input.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control_fake.h"
#include "daemon/control/control.h"

static struct control *control;

static void publish(struct loop_timer *timer, int64_t now_ns)
{
	struct discipline_totals *totals = &control_fake.totals;
	struct source_stats *stats = &control_fake.daemon.sources[0]->stats;

	totals->publications++;
	totals->last.max_error_ns = 40000 + (totals->last.max_error_ns - 40000) * 0.9;
	control_fake.counter += 100000000;
	totals->last.line.counter += 100000000;
	totals->last.line.time_ns += 100000000;
	stats->sent++;
	stats->received++;
	stats->last_reply_ns = now_ns;
	control_published(control);
	loop_arm(timer->context, timer, now_ns + 100000000);
}

static void stop(struct loop_watch *watch, short revents)
{
	struct loop *loop = watch->context;

	(void)revents;
	loop->stop = true;
}

int main(int argc, char **argv)
{
	struct loop *loop = &control_fake.daemon.loop;
	struct loop_timer timer = {.fire = publish, .context = loop};
	struct loop_watch input = {
		.fd = STDIN_FILENO, .events = POLLIN, .ready = stop, .context = loop};
	char message[256];

	control_fake_init();
	if (argc < 2 || argc > 3)
		return 2;
	snprintf(control_fake.daemon.config.control_socket, CONFIG_PATH_MAX, "%s", argv[1]);
	if (control_open(&control, &control_fake.daemon, message, sizeof(message))) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	control_fake.totals.last.max_error_ns = 5e6;
	loop_add_watch(loop, &input);
	if (argc == 2)
		loop_arm(loop, &timer, loop_now_ns() + 100000000);
	while (!loop->stop)
		loop_run_once(loop, INT64_MAX);
	control_close(control);
	return 0;
}
