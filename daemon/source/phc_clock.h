/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configured PTP hardware clock: found, opened, read in UTC; found anew when it went away. */
#ifndef VMCLOCK_PHC_CLOCK_H
#define VMCLOCK_PHC_CLOCK_H

#include <stdbool.h>

#include "phc_device.h"
#include "phc_find.h"
#include "source.h"

struct phc_clock {
	const struct config_source *config;
	struct source_env *env;
	const struct phc_kernel *kernel;
	const struct phc_places *places;
	struct phc_device device;
	struct phc_identity identity;
	enum config_timescale timescale; /* what it keeps; AUTO: nobody knows */
	unsigned int looks;		 /* readings since it was looked up */
};

void phc_clock_init(struct phc_clock *clock, const struct config_source *config,
		    struct source_env *env, const struct phc_kernel *kernel,
		    const struct phc_places *places);
void phc_clock_close(struct phc_clock *clock);

/* The next reading looks the clock up again: a bond may have another active port. */
void phc_clock_look_again(struct phc_clock *clock);

/* Finds and opens the clock where that is due. 0, or -errno with a problem. */
int phc_clock_open(struct phc_clock *clock, char problem[PHC_PROBLEM_SIZE]);

/*
 * A reading in the device's own time. Opens the clock where that is due. 0, or -errno with a
 * problem for the operator; -ENODEV and -ENXIO: it is gone, and will be looked for.
 */
int phc_clock_read(struct phc_clock *clock, struct phc_reading *out,
		   char problem[PHC_PROBLEM_SIZE]);

/* The device's time as UTC. -EDOM with a problem: the time scale is not known, or was never set. */
int phc_clock_to_utc(const struct phc_clock *clock, int64_t device_ns, int64_t *utc_ns,
		     char problem[PHC_PROBLEM_SIZE]);

#endif
