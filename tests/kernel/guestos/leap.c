// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmclockd half a minute before and after a leap second, inserted and deleted, in virtual time: TAI
 * never moves, UTC derived from the page is right in every second, the page says what it should.
 *
 * The truth is a PTP clock that counts TAI. The kernel's own clock makes the leap as it does on any
 * host, and an NTP server shows it. Once the daemon knows of it from the list, and has the PTP
 * clock as its source; once the list has expired, and the server alone announces it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "services.h"
#include "truth.h"

#define LIST "/run/leap-seconds.list"
#define S_NS INT64_C(1000000000)
#define NTP_TO_UNIX_S INT64_C(2208988800)
#define OFFSET_S 37
#define WARM_UP_S 70
#define WATCHED_S 30
#define EVERY_MS 50
/* As near to a full second nothing is said of which second it is: the page may be off by that. */
#define LIMIT_NS 100000
/* The page is published anew so soon after the second in which UTC changes. */
#define CALENDAR_MS 50

struct leap_case {
	const char *name;
	int64_t midnight_s; /* UTC */
	int sign;
	bool announced; /* by the server, and nowhere else */
};

static const struct leap_case cases[] = {
	{"inserted, by the list", INT64_C(1798761600), 1, false},
	{"deleted, by the list", INT64_C(1814400000), -1, false},
	{"inserted, announced by the server", INT64_C(1830297600), 1, true},
	{"deleted, announced by the server", INT64_C(1846022400), -1, true},
};

static const struct leap_case *now_in;

/* When the new offset begins to hold, in TAI; an inserted second is the one before it. */
static int64_t change_s(void)
{
	return now_in->midnight_s + OFFSET_S + now_in->sign;
}

static int offset_at(int64_t tai_s)
{
	return tai_s >= change_s() ? OFFSET_S + now_in->sign : OFFSET_S;
}

static bool is_inserted(int64_t tai_s)
{
	return now_in->sign > 0 && tai_s == change_s() - 1;
}

static int indicator_at(int64_t tai_s)
{
	if (tai_s >= change_s())
		return now_in->sign > 0 ? VMCLOCK_LEAP_POST_POS : VMCLOCK_LEAP_POST_NEG;
	if (is_inserted(tai_s))
		return VMCLOCK_LEAP_POS;
	return now_in->sign > 0 ? VMCLOCK_LEAP_PRE_POS : VMCLOCK_LEAP_PRE_NEG;
}

/* --- the world --- */

static void write_list(void)
{
	FILE *file = fopen(LIST, "w");

	fprintf(file, "#@ %" PRId64 "\n",
		now_in->midnight_s + NTP_TO_UNIX_S + (now_in->announced ? -86400 : 86400 * 100));
	fprintf(file, "3692217600 %d\n", OFFSET_S);
	if (!now_in->announced)
		fprintf(file, "%" PRId64 " %d\n", now_in->midnight_s + NTP_TO_UNIX_S,
			OFFSET_S + now_in->sign);
	fclose(file);
}

/* The kernel's clock is set to this time before midnight, and told of the leap second; before that,
 * it has to have passed a second without one. */
static bool set_clock(void)
{
	struct timespec start = {.tv_sec = now_in->midnight_s - WARM_UP_S - WATCHED_S};
	struct timex calm = {.modes = ADJ_STATUS};
	struct timex leap = {.modes = ADJ_STATUS, .status = now_in->sign > 0 ? STA_INS : STA_DEL};

	if (adjtimex(&calm) < 0)
		return false;
	sleep_ms(2000);
	return !clock_settime(CLOCK_REALTIME, &start) && adjtimex(&leap) >= 0;
}

static pid_t start_server(int *commands)
{
	return start_told(commands,
			  "ntp-responder --listen 127.0.0.1:123 --leap %d "
			  "--root-dispersion 20us",
			  now_in->sign > 0 ? 1 : 2);
}

static pid_t start_vmclockd(void)
{
	char configuration[500];

	snprintf(configuration, sizeof(configuration),
		 "[clock]\ncounter-check = kernel\nleap-file = " LIST "\n"
		 "[source server]\ntype = ntp\naddress = 127.0.0.1\nmax-poll = 1 s\n%s",
		 now_in->announced ? ""
				   : "[source clock]\ntype = phc\nclock-name = mock PHC\n"
				     "timescale = tai\nmax-error = 2 us\n");
	return start_daemon(configuration);
}

/* --- what the page says --- */

static struct seen {
	int readings, outside, moved, wrong_utc, wrong_page, late_page, markers, unread;
	unsigned int seconds; /* in which UTC was right */
	unsigned int indicators;
	int64_t worst_ns, last_second;
	uint64_t marker;
} seen;

/* UTC by the library, without the error of the page. */
static void judge_utc(const struct comparison *now, int64_t tai_ns)
{
	const struct vmclock_reading *r = &now->reading;
	bool inserted = is_inserted(tai_ns / S_NS);
	int64_t wanted_ns = tai_ns - (offset_at(tai_ns / S_NS) + inserted) * S_NS;
	bool good = r->flags & VMCLOCK_READING_UTC &&
		    llabs(r->utc.time_ns - now->error_ns - wanted_ns) <= 2 &&
		    inserted == !!(r->flags & VMCLOCK_READING_LEAP_SECOND);

	if (!good && seen.wrong_utc++ < 5)
		note("UTC %" PRId64 " for %" PRId64 ", flags %#x, indicator %d, of %+" PRId64
		     " s at %+" PRId64 " s",
		     r->utc.time_ns, wanted_ns, r->flags, r->leap_indicator,
		     (int64_t)now->page.time_sec - change_s(), tai_ns / S_NS - change_s());
	if (good && tai_ns / S_NS != seen.last_second) {
		seen.seconds++;
		seen.last_second = tai_ns / S_NS;
	}
}

/* What the page itself says, of the second in which it was published, and that it is of this one.
 */
static void judge_page(const struct comparison *now, int64_t tai_ns)
{
	const struct vmclock_abi *page = &now->page;
	int64_t tai_s = tai_ns / S_NS, of_s = (int64_t)page->time_sec;
	bool fits = page->leap_indicator == indicator_at(tai_s) &&
		    (int16_t)page->tai_offset_sec == -offset_at(tai_s);
	bool fitted = page->leap_indicator == indicator_at(tai_s - 1) &&
		      (int16_t)page->tai_offset_sec == -offset_at(tai_s - 1);
	bool bad = !fits && (!fitted || tai_ns % S_NS > CALENDAR_MS * 1000000);

	seen.indicators |= 1U << page->leap_indicator;
	seen.late_page += !fits && fitted;
	if (bad && seen.wrong_page++ < 5)
		note("the page of %+" PRId64 " s says %d, TAI - UTC %d, at %+" PRId64 " s",
		     of_s - change_s(), page->leap_indicator, -(int16_t)page->tai_offset_sec,
		     tai_s - change_s());
}

static void judge(const struct comparison *now)
{
	int64_t tai_ns = now->truth.true_ns;

	seen.readings++;
	seen.outside += now->outside;
	seen.moved += llabs(now->error_ns) > LIMIT_NS;
	if (llabs(now->error_ns) > seen.worst_ns)
		seen.worst_ns = llabs(now->error_ns);
	seen.markers += seen.marker && now->page.disruption_marker != seen.marker;
	seen.marker = now->page.disruption_marker;
	if (tai_ns % S_NS < LIMIT_NS || tai_ns % S_NS > S_NS - LIMIT_NS)
		return;
	judge_utc(now, tai_ns);
	judge_page(now, tai_ns);
}

static int64_t true_now_ns(void)
{
	struct truth truth;

	return truth_read("mock_phc", &truth) ? truth.true_ns : 0;
}

/* The server's leap bits go when the day has begun, not at once: that is how servers are. */
static void watch(struct vmclock *clock, int commands)
{
	int64_t end_ns = (change_s() + WATCHED_S) * S_NS;
	bool told = false;
	int64_t now_ns;

	while ((now_ns = true_now_ns()) < (change_s() - WATCHED_S) * S_NS)
		sleep_ms(100);
	for (; now_ns < end_ns; now_ns = true_now_ns(), sleep_ms(EVERY_MS)) {
		struct comparison now;

		if (truth_compare(clock, "mock_phc", 0, &now))
			judge(&now);
		else
			seen.unread++;
		if (!told && now_ns > (change_s() + 8) * S_NS)
			told = write(commands, "leap 0\n", 7) == 7;
	}
}

static void test(const struct leap_case *this)
{
	int64_t indicators;
	struct vmclock *clock;
	pid_t server, daemon;
	int commands = -1;

	now_in = this;
	seen = (struct seen){0};
	note("%s", this->name);
	write_list();
	check(set_clock() && !load_module("/modules.test/mock_phc.ko", ""), "the day is set");
	server = start_server(&commands);
	daemon = start_vmclockd();
	clock = truth_wait_for_page(PAGE, 30);
	check(clock, "%s: there is a page", this->name);
	if (clock)
		watch(clock, commands);
	note("%d readings, %d missing; error at most %" PRId64 " ns; UTC right in %u seconds; "
	     "%d readings saw the page before it was renewed",
	     seen.readings, seen.unread, seen.worst_ns, seen.seconds, seen.late_page);
	check(seen.readings > 1000 && !seen.unread && !seen.moved && !seen.markers && !seen.outside,
	      "%s: TAI never moves", this->name);
	check(!seen.wrong_utc && seen.seconds >= 2 * WATCHED_S, "%s: UTC is right in every second",
	      this->name);
	indicators = this->sign > 0 ? 1 << VMCLOCK_LEAP_PRE_POS | 1 << VMCLOCK_LEAP_POS |
					      1 << VMCLOCK_LEAP_POST_POS
				    : 1 << VMCLOCK_LEAP_PRE_NEG | 1 << VMCLOCK_LEAP_POST_NEG;
	check(!seen.wrong_page && seen.indicators == indicators,
	      "%s: the page says what is to come, what is, and what was", this->name);
	vmclock_close(clock);
	check(end(daemon) == 0, "the daemon ends");
	end(server);
	close(commands);
	check(!syscall(SYS_delete_module, "mock_phc", O_NONBLOCK), "the clock unloads");
}

int main(void)
{
	loopback_up();
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		test(&cases[i]);
	return done();
}
