// SPDX-License-Identifier: GPL-2.0-or-later
/* Lives and deaths at random: no page is ever wrong, or steps back in silence. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/vmclock.h"
#include "publisher_world.h"
#include "test_clock_world.h"

/* What a reader of one page saw last. */
struct reader {
	bool any;
	uint64_t marker;
	struct vmclock_time time;
};

static bool is_before(const struct vmclock_time *a, const struct vmclock_time *b)
{
	return a->sec != b->sec ? a->sec < b->sec : a->frac < b->frac;
}

/* A page that may be relied on is right within its bound, and does not step back in silence. */
static void check_reader(struct reader *reader, const struct vmclock_abi *page)
{
	struct vmclock_reading reading;
	struct vmclock_time time;

	if (page->clock_status != SYNCHRONIZED && page->clock_status != FREERUNNING)
		return;
	assert_int_equal(vmclock_reading_at(page, fake_driver.counter, &reading), 0);
	assert_true(fabs(page_error_ns(page)) <= (double)reading.max_error_ns);
	assert_int_equal(vmclock_time_at(page, fake_driver.counter, &time), 0);
	if (reader->any && reader->marker == page->disruption_marker)
		assert_false(is_before(&time, &reader->time));
	*reader = (struct reader){true, page->disruption_marker, time};
}

struct life {
	struct dice dice;
	bool running;
	struct reader driver;
	struct reader file;
	unsigned int deaths;
	unsigned int takeovers;
	unsigned int refusals;
};

static jmp_buf death;

static void die(void)
{
	longjmp(death, 1);
}

static void check_pages(struct life *life)
{
	struct vmclock_abi page;

	fake_driver_page(&page);
	check_reader(&life->driver, &page);
	if (page.clock_status == SYNCHRONIZED)
		assert_true(fake_driver.now_ns < fake_driver.deadline_ns);
	/* While the daemon runs, what is in force says what the daemon says. */
	if (life->running && publisher.any && publisher.kernel.fd >= 0 &&
	    fake_driver.now_ns < fake_driver.deadline_ns && fake_driver.line_valid)
		assert_int_equal(page.clock_status, publisher.last.status == DISCIPLINE_FREERUNNING
							    ? FREERUNNING
							    : SYNCHRONIZED);
	if (access(path, F_OK))
		return;
	file_page(&page);
	check_reader(&life->file, &page);
}

/* The line in force, or that of the last life, is `ahead_ns` of true time. */
static struct publication continue_line(struct life *life, const struct line *from)
{
	double frac_ns;
	int64_t time_ns = line_time(from, 1, fake_driver.counter, &frac_ns);
	double ahead_ns = (double)(time_ns - true_ns()) + frac_ns;
	struct publication p = publication_now(ahead_ns);

	p.line = (struct line){fake_driver.counter, time_ns, frac_ns,
			       fmax(fmin(-ahead_ns / 2, 50e3), -50e3)};
	p.line.rate_ppb += dice_between(&life->dice, -20, 20);
	p.max_error_ns = fabs(ahead_ns) + dice_between(&life->dice, 50, 500);
	p.max_rate_error_ppb = fabs(p.line.rate_ppb) + 1000;
	if (dice_bits(&life->dice) % 4 == 0)
		p.status = DISCIPLINE_FREERUNNING;
	return p;
}

static void live_publish(struct life *life)
{
	struct publication p;
	double raised_ns;

	if (publisher.any) {
		p = continue_line(life, &publisher.last.line);
	} else if (resume.valid) {
		p = continue_line(life, &resume.line);
	} else {
		p = publication_now(dice_between(&life->dice, -1e5, 1e5));
		p.disrupted = true;
	}
	if (dice_bits(&life->dice) % 8 == 0) { /* a break, which it may forget to announce */
		p = publication_now(dice_between(&life->dice, -5e6, 5e6));
		p.disrupted = dice_bits(&life->dice) % 2;
	}
	if (try_publish(&p, &raised_ns) == -ESTALE) {
		life->refusals++;
		p.disrupted = true;
		assert_int_equal(try_publish(&p, &raised_ns), 0);
	}
}

/* What an administrator or the kernel may do to it at any time. */
static void disturb(struct life *life)
{
	static const int errors[] = {EINVAL, ERANGE, EBADF, ENODEV, EINTR, EFAULT};

	switch (dice_bits(&life->dice) % 8) {
	case 0:
		if (publisher.kernel.fd < 0)
			fake_driver_unload();
		break;
	case 1:
		fake_driver.unstable = dice_bits(&life->dice) % 8 == 0;
		break;
	case 2:
		fake_driver.capable = dice_bits(&life->dice) % 8 != 0;
		break;
	case 3:
		fake_driver.fail_request = dice_bits(&life->dice) % 2 ? VMCLOCK_HOST_SET_REFERENCE
								      : VMCLOCK_HOST_GET_INFO;
		fake_driver.fail_errno = errors[dice_bits(&life->dice) % 6];
		fake_driver.fail_count = 1;
		break;
	default:
		fake_driver.loaded = true;
	}
}

/* What the daemon does when it wakes up. */
static void live(struct life *life)
{
	double raised_ns;

	if (!life->running) {
		begin();
		life->running = true;
	}
	if (dice_bits(&life->dice) % 2)
		live_publish(life);
	if (fake_driver.now_ns >= publisher.kernel.renew_at_ns)
		publisher_renew(&publisher, fake_driver.now_ns, &raised_ns);
	if (fake_driver.now_ns >= publisher.kernel.retry_at_ns)
		life->takeovers += publisher_try_kernel(&publisher, fake_driver.now_ns, &raised_ns);
	if (dice_bits(&life->dice) % 64 == 0) {
		publisher_close(&publisher);
		life->running = false;
	}
}

/* Killed after one of its next calls: descriptors are closed, memory is gone. */
static void live_until_death(struct life *life)
{
	unsigned int call = (unsigned int)(dice_bits(&life->dice) % 48);

	fake_driver.calls = 0;
	fake_driver.die_at = call <= 6 ? call : 0;
	fake_driver.on_death = die;
	if (!setjmp(death)) {
		live(life);
	} else {
		life->deaths++;
		life->running = false;
		page_file_close(&publisher.file);
		fake_driver_writer_died();
	}
	fake_driver.die_at = 0;
}

static void no_life_and_no_death_makes_a_page_wrong(void **state)
{
	static struct life life;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		life = (struct life){.dice = {seed},
				     .deaths = life.deaths,
				     .takeovers = life.takeovers,
				     .refusals = life.refusals};
		begin_anew();
		for (int i = 0; i < 400; i++) {
			pass(dice_log_between(&life.dice, 1e-6, i % 50 ? 3 : 60));
			check_pages(&life);
			if (dice_bits(&life.dice) % 4 == 0)
				disturb(&life);
			check_pages(&life);
			live_until_death(&life);
			check_pages(&life);
		}
		if (life.running)
			publisher_close(&publisher);
	}
	/* All of it was tried. */
	assert_true(life.deaths > 100 && life.takeovers > 100 && life.refusals > 20);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(no_life_and_no_death_makes_a_page_wrong),
	};

	return cmocka_run_group_tests_name("lives", tests, NULL, NULL);
}
