// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmclockd on a pulse of the kernel's, whose second an NTP server names that is off by up to 0.3 s:
 * in ten starts, the page is within 1 us of the pulse, from its first moment on.
 *
 * Where the server admits its error the pulse gives the time inside it; where it does not, the
 * operator trusts the pulse. True time, which the pulse shows, goes RATE_PPB faster than the
 * counter says. In virtual time: an instruction takes 1 ns, however busy the outer machine is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"
#include "services.h"
#include "truth.h"

#define PULSE "mock_pps"
#define TAI_NS (INT64_C(37) * 1000000000)
#define RATE_PPB 15000
#define LIMIT_NS 1000
/* From the pulse to the interrupt's stamp. */
#define MAX_LATENCY_US 20
/* What the server admits beyond its error: true time leaves its clock by 15 us/s. */
#define CLAIM_MARGIN_MS 3
enum { STARTS = 10, READINGS = 400 };

static pid_t start_server(int offset_ms, int claim_ms)
{
	return start("ntp-responder --listen 127.0.0.1:123 --offset %dms --root-dispersion %dms",
		     offset_ms, claim_ms);
}

static pid_t start_vmclockd(bool trust)
{
	char configuration[500];

	snprintf(configuration, sizeof(configuration),
		 "[clock]\ncounter-check = kernel\ntai-offset = 37\n"
		 "[source server]\ntype = ntp\naddress = 127.0.0.1\nmax-poll = 1 s\n"
		 "[source pulse]\ntype = pps\ndevice = /dev/pps0\n"
		 "max-error = 100 ns\nmax-latency = %d us\ntrust = %s\n",
		 MAX_LATENCY_US, trust ? "on" : "off");
	return start_daemon(configuration);
}

/* What one start has shown. */
struct seen {
	int readings, outside, wrong_second, beyond;
	int64_t first_ns, last_ns, worst_ns; /* errors of the page */
};

static void look(struct vmclock *clock, struct seen *seen)
{
	struct comparison now;

	if (!truth_compare(clock, PULSE, TAI_NS, &now))
		return;
	if (!seen->readings++)
		seen->first_ns = now.error_ns;
	seen->last_ns = now.error_ns;
	if (llabs(now.error_ns) > llabs(seen->worst_ns))
		seen->worst_ns = now.error_ns;
	seen->outside += now.outside;
	seen->wrong_second += llabs(now.error_ns) > 400000000;
	seen->beyond += llabs(now.error_ns) > LIMIT_NS + now.half_ns;
}

static void test_start(int number, int64_t errors_ns[2][STARTS])
{
	bool trust = number % 2;
	int offset_ms = (trust ? 300 : 180) * (2 * number - STARTS + 1) / (STARTS - 1);
	int claim_ms = trust ? 1 : abs(offset_ms) + CLAIM_MARGIN_MS;
	pid_t server = start_server(offset_ms, claim_ms), daemon = start_vmclockd(trust);
	struct vmclock *clock = truth_wait_for_page(PAGE, 30);
	struct seen seen = {0};

	for (int i = 0; clock && i < READINGS; i++, sleep_ms(10))
		look(clock, &seen);
	if (clock)
		vmclock_close(clock);
	errors_ns[0][number] = llabs(seen.first_ns);
	errors_ns[1][number] = llabs(seen.worst_ns);
	check(seen.readings == READINGS && !seen.wrong_second && !seen.outside,
	      "a server %+d ms off%s: the right second from the first page on", offset_ms,
	      trust ? " that does not say so" : "");
	check(!seen.beyond, "and within %d ns of the pulse", LIMIT_NS);
	note("%d readings, %d of the wrong second, %d outside of the bound, %d beyond; error "
	     "%" PRId64 " ns in the first, %" PRId64 " ns at worst, %" PRId64 " ns in the last",
	     seen.readings, seen.wrong_second, seen.outside, seen.beyond, seen.first_ns,
	     seen.worst_ns, seen.last_ns);
	end(daemon);
	end(server);
}

int main(void)
{
	int64_t errors_ns[2][STARTS];
	char parameters[40];

	loopback_up();
	snprintf(parameters, sizeof(parameters), "rate_ppb=%d", RATE_PPB);
	check_errno(load_module("/modules.test/mock_pps.ko", parameters), 0, "the pulse loads");
	for (int i = 0; i < STARTS; i++)
		test_start(i, errors_ns);
	distribution("error of the first page", "ns", errors_ns[0], STARTS);
	distribution("worst error of a start", "ns", errors_ns[1], STARTS);
	return done();
}
