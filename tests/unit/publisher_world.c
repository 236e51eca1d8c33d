// SPDX-License-Identifier: GPL-2.0-or-later
/* A publisher of a made-up machine, with a model of the driver and a page file of its own. */
#include "publisher_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/vmclock.h"
#include "own_directory.h"

struct publisher publisher;
struct page_resume resume;
char path[64];
char message[400];

static const struct page_calendar world_calendar = {.tai_offset_s = 37};

void remove_files(void)
{
	static const char *const names[] = {"page", "page.journal", "page.new"};
	char name[96];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", directory, names[i]);
		unlink(name);
	}
}

void begin_anew(void)
{
	remove_files();
	fake_driver_reset();
	fake_driver.counter = START;
}

int start(void **state)
{
	if (make_directory(state))
		return -1;
	snprintf(path, sizeof(path), "%s/page", directory);
	begin_anew();
	return 0;
}

int stop(void **state)
{
	publisher_close(&publisher);
	return remove_directory(state);
}

void pass(double seconds)
{
	fake_driver.counter += (uint64_t)llround(seconds * 1e9);
	fake_driver.now_ns += llround(seconds * 1e9);
}

int64_t true_ns(void)
{
	return TAI_NS + (int64_t)(fake_driver.counter - START);
}

int open_with(const struct page_kernel_settings *settings)
{
	publisher_init(&publisher, &fake_driver_counter, settings, &fake_driver_ops);
	return publisher_open(&publisher, path, true, fake_driver.now_ns, &resume, message,
			      sizeof(message));
}

const struct page_kernel_settings automatic = {.path = PAGE_KERNEL_DEVICE,
					       .optional = true,
					       .lease_ns = LEASE_NS,
					       .unreliable_above_ns = 1e9};
const struct page_kernel_settings by_name = {
	.path = PAGE_KERNEL_DEVICE, .lease_ns = LEASE_NS, .unreliable_above_ns = 1e9};

const struct page_kernel_settings off = {.path = "", .lease_ns = LEASE_NS};

void begin(void)
{
	assert_int_equal(open_with(&automatic), 0);
}

struct publication publication_now(double error_ns)
{
	struct publication p = {.line = {.counter = fake_driver.counter, .time_ns = true_ns()},
				.est_error_ns = 10,
				.est_rate_error_ppb = 5,
				.max_error_ns = fabs(error_ns) + 1000,
				.max_rate_error_ppb = 1000,
				.status = DISCIPLINE_SYNCHRONIZED};

	p.line.time_ns += (int64_t)floor(error_ns);
	p.line.frac_ns = error_ns - floor(error_ns);
	return p;
}

int try_publish(const struct publication *p, double *raised_ns)
{
	return publisher_publish(&publisher, p, &world_calendar, fake_driver.now_ns, raised_ns);
}

double publish(const struct publication *p)
{
	double raised_ns;

	assert_int_equal(try_publish(p, &raised_ns), 0);
	return raised_ns;
}

void publish_now(void)
{
	struct publication p = publication_now(0);

	publish(&p);
}

void file_page(struct vmclock_abi *copy)
{
	struct vmclock *clock;

	assert_int_equal(vmclock_open(path, VMCLOCK_OPEN_INSPECT, &clock), 0);
	assert_int_equal(vmclock_read_page(clock, copy), 0);
	vmclock_close(clock);
}

double page_error_ns(const struct vmclock_abi *page)
{
	struct vmclock_time time;

	assert_int_equal(vmclock_time_at(page, fake_driver.counter, &time), 0);
	return (double)(time.sec - true_ns() / 1000000000) * 1e9 -
	       (double)(true_ns() % 1000000000) + ldexp((double)time.frac, -64) * 1e9;
}

void assert_statuses(uint8_t driver, uint8_t file)
{
	struct vmclock_abi page;

	fake_driver_page(&page);
	assert_int_equal(page.clock_status, driver);
	file_page(&page);
	assert_int_equal(page.clock_status, file);
}

uint64_t marker_of_file(void)
{
	struct vmclock_abi page;

	file_page(&page);
	return page.disruption_marker;
}
