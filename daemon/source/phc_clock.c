// SPDX-License-Identifier: GPL-2.0-or-later
/* A configured PTP hardware clock: found, opened, read in UTC; found anew when it went away. */
#include "phc_clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../log.h"

#define NS_PER_S INT64_C(1000000000)
/* A clock that nobody set shows the time since the machine or the card started. */
#define EARLIEST_S INT64_C(946684800) /* 2000-01-01; simulators begin in 2010 */

/* Without a message about links, a bond's active port is asked for this often. */
enum { LOOKS_TO_ASK = 8 };

void phc_clock_init(struct phc_clock *clock, const struct config_source *config,
		    struct source_env *env, const struct phc_kernel *kernel,
		    const struct phc_places *places)
{
	*clock = (struct phc_clock){
		.config = config,
		.env = env,
		.kernel = kernel,
		.places = places,
		.device = {.kernel = kernel, .fd = -1},
		.identity = {.index = -1},
		.timescale = config->timescale,
	};
}

void phc_clock_close(struct phc_clock *clock)
{
	phc_device_close(&clock->device);
}

void phc_clock_look_again(struct phc_clock *clock)
{
	clock->looks = LOOKS_TO_ASK;
}

static void say_where(const struct phc_clock *clock)
{
	static const char *const scales[] = {"time scale unknown", "TAI", "UTC"};

	log_info("source %s: %s, driver's name '%s', %s", clock->config->name, clock->identity.path,
		 clock->identity.clock_name, scales[clock->timescale]);
}

/* A clock given by device or by name stays open; the number behind an interface may change. */
static bool is_settled(struct phc_clock *clock)
{
	struct phc_identity now;
	char ignored[PHC_PROBLEM_SIZE];

	if (clock->device.fd < 0)
		return false;
	if (!clock->config->interface[0] || ++clock->looks < LOOKS_TO_ASK)
		return true;
	clock->looks = 0;
	if (phc_find(clock->config, clock->places, &now, ignored) ||
	    now.index == clock->identity.index)
		return true;
	log_notice("source %s: the clock of %s is now %s", clock->config->name,
		   clock->config->interface, now.path);
	return false;
}

int phc_clock_open(struct phc_clock *clock, char problem[PHC_PROBLEM_SIZE])
{
	int err;

	if (is_settled(clock))
		return 0;
	phc_clock_close(clock);
	err = phc_find(clock->config, clock->places, &clock->identity, problem);
	if (err)
		return err;
	err = phc_device_open(&clock->device, clock->kernel, clock->identity.path);
	if (err) {
		snprintf(problem, PHC_PROBLEM_SIZE, "%.80s: %s", clock->identity.path,
			 strerror(-err));
		return err;
	}
	clock->looks = 0;
	clock->timescale = clock->config->timescale;
	if (clock->timescale == TIMESCALE_AUTO)
		clock->timescale = phc_convention(clock->places, &clock->identity);
	say_where(clock);
	return 0;
}

static const char *read_fault(int err)
{
	switch (err) {
	case -EBUSY:
		return "the device is busy";
	case -ENODEV:
	case -ENXIO:
		return "the device is gone";
	case -ERANGE:
		return "the device shows no sensible time";
	case -EAGAIN:
		return "the system's clock was set while it was read";
	case -EOPNOTSUPP:
		return "the device cannot be read";
	default:
		return strerror(-err);
	}
}

int phc_clock_read(struct phc_clock *clock, struct phc_reading *out, char problem[PHC_PROBLEM_SIZE])
{
	int err = phc_clock_open(clock, problem);

	if (err)
		return err;
	err = phc_device_read(&clock->device, clock->env->counter, clock->config->reads, out);
	if (!err)
		return 0;
	snprintf(problem, PHC_PROBLEM_SIZE, "%.80s: %s", clock->identity.path, read_fault(err));
	if (err == -ENODEV || err == -ENXIO)
		phc_clock_close(clock);
	return err;
}

int phc_clock_to_utc(const struct phc_clock *clock, int64_t device_ns, int64_t *utc_ns,
		     char problem[PHC_PROBLEM_SIZE])
{
	int64_t device_s = device_ns / NS_PER_S;

	if (device_s < EARLIEST_S) {
		snprintf(problem, PHC_PROBLEM_SIZE,
			 "the clock was never set: it shows a time "
			 "before 2000");
		return -EDOM;
	}
	if (clock->timescale == TIMESCALE_AUTO) {
		snprintf(problem, PHC_PROBLEM_SIZE,
			 "nobody says whether '%s' keeps TAI or UTC: give timescale = tai or utc",
			 clock->identity.clock_name);
		return -EDOM;
	}
	*utc_ns = device_ns;
	if (clock->timescale == TIMESCALE_TAI)
		*utc_ns -= NS_PER_S * clock->env->tai_offset_s(clock->env->context, device_s);
	return 0;
}
