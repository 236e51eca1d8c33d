/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which PTP hardware clock a source means, and what the system tells of it in sysfs. */
#ifndef VMCLOCK_PHC_FIND_H
#define VMCLOCK_PHC_FIND_H

#include <stddef.h>

#include "../config.h"

enum { PHC_NAME_SIZE = 64, PHC_PROBLEM_SIZE = 160 };

/* Where it is looked for; tests have a tree and an answer of their own. */
struct phc_places {
	const char *sys; /* "/sys" */
	const char *dev; /* "/dev" */
	/* The index of the interface's clock; -ENODEV: it has none; -errno. */
	int (*index_of_interface)(const char *interface);
	/* enum dpll_lock of the card's module; -ENODEV: it has none; -errno. */
	int (*dpll_lock)(const char *module);
};

extern const struct phc_places phc_places_real;

struct phc_identity {
	int index;			/* N of /dev/ptpN; -1: not known */
	char path[CONFIG_PATH_MAX];	/* what to open */
	char clock_name[PHC_NAME_SIZE]; /* as the driver calls it; "": not known */
};

/* 0, or -errno with a problem for the operator: -ENOENT while there is no such clock. */
int phc_find(const struct config_source *config, const struct phc_places *places,
	     struct phc_identity *out, char problem[PHC_PROBLEM_SIZE]);

/* The time scale that the driver keeps by convention; CONFIG_TIMESCALE_AUTO: it has none. */
enum config_timescale phc_convention(const struct phc_places *places,
				     const struct phc_identity *identity);

/*
 * The device's own error bound, where its driver publishes one (phc_error_bound). 0 with ns > 0;
 * -ENOENT: none is published; -ENODATA: the device says that it does not know; -EBADMSG.
 */
int phc_published_error(const struct phc_places *places, const struct phc_identity *identity,
			double *error_ns);

/* The lock of the DPLL that disciplines the device's clock, as dpll_lock_of_module(). */
int phc_dpll_lock(const struct phc_places *places, const struct phc_identity *identity);

/* The parser alone, for the fuzzer. */
int phc_parse_error_bound(const char *text, size_t length, double *error_ns);

#endif
