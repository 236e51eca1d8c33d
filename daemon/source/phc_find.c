// SPDX-License-Identifier: GPL-2.0-or-later
/* Which PTP hardware clock a source means, and what the system tells of it in sysfs. */
#include "phc_find.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dpll.h"
#include "ethtool.h"
#include "sysfs.h"

/* What the ENA driver's device answers when it knows no bound. */
#define BOUND_UNKNOWN_NS 0xffffffffu

const struct phc_places phc_places_real = {
	.sys = "/sys",
	.dev = "/dev",
	.index_of_interface = ethtool_phc_index,
	.dpll_lock = dpll_lock_of_module,
};

static void read_clock_name(const struct phc_places *places, struct phc_identity *identity)
{
	char path[CONFIG_PATH_MAX];

	identity->clock_name[0] = '\0';
	if (identity->index < 0)
		return;
	snprintf(path, sizeof(path), "%s/class/ptp/ptp%d/clock_name", places->sys, identity->index);
	sysfs_read_line(path, identity->clock_name, sizeof(identity->clock_name));
}

static void use_index(const struct phc_places *places, int index, struct phc_identity *out)
{
	out->index = index;
	snprintf(out->path, sizeof(out->path), "%s/ptp%d", places->dev, index);
	read_clock_name(places, out);
}

/*
 * The path may be a link that udev made (/dev/ptp_kvm). One that is not there is for open() to
 * refuse: simulators have devices without files.
 */
static void find_device(const char *path, const struct phc_places *places, struct phc_identity *out)
{
	char real[PATH_MAX];
	const char *base;

	snprintf(out->path, sizeof(out->path), "%s", path);
	out->index = -1;
	base = strrchr(realpath(path, real) ? real : path, '/');
	out->index = base ? sysfs_number(base + 1, "ptp") : -1;
	read_clock_name(places, out);
}

static bool is_called(const char *path, const char *wanted)
{
	char attribute[PATH_MAX];
	char name[sizeof(((struct phc_identity *)0)->clock_name)];

	if (snprintf(attribute, sizeof(attribute), "%s/clock_name", path) >= (int)sizeof(attribute))
		return false;
	sysfs_read_line(attribute, name, sizeof(name));
	return !strcmp(name, wanted);
}

/* The lowest number, where several clocks have the name. */
static int find_clock_name(const char *name, const struct phc_places *places,
			   struct phc_identity *out)
{
	char directory[CONFIG_PATH_MAX];
	int index;

	snprintf(directory, sizeof(directory), "%s/class/ptp", places->sys);
	index = sysfs_find(directory, "ptp", is_called, name);
	if (index < 0)
		return index;
	use_index(places, index, out);
	return 0;
}

/* A bond's own answer is that of its active port in newer kernels only. */
static int index_behind_bond(const char *interface, const struct phc_places *places)
{
	char path[CONFIG_PATH_MAX];
	char port[sizeof(((struct config_source *)0)->interface)];

	snprintf(path, sizeof(path), "%s/class/net/%s/bonding/active_slave", places->sys,
		 interface);
	if (sysfs_read_line(path, port, sizeof(port)) <= 0)
		return -ENODEV;
	return places->index_of_interface(port);
}

static int find_interface(const char *interface, const struct phc_places *places,
			  struct phc_identity *out)
{
	int index = places->index_of_interface(interface);

	if (index == -ENODEV)
		index = index_behind_bond(interface, places);
	if (index < 0)
		return index;
	use_index(places, index, out);
	return 0;
}

static void explain(const struct config_source *config, int err, char problem[PHC_PROBLEM_SIZE])
{
	if (config->clock_name[0])
		snprintf(problem, PHC_PROBLEM_SIZE, "no PTP clock is called '%s'",
			 config->clock_name);
	else if (config->interface[0] && err == -ENODEV)
		snprintf(problem, PHC_PROBLEM_SIZE, "interface %s has no PTP clock or is not there",
			 config->interface);
	else
		snprintf(problem, PHC_PROBLEM_SIZE, "cannot ask for the PTP clock of %s: %s",
			 config->interface, strerror(-err));
}

int phc_find(const struct config_source *config, const struct phc_places *places,
	     struct phc_identity *out, char problem[PHC_PROBLEM_SIZE])
{
	int err = 0;

	*out = (struct phc_identity){.index = -1};
	if (config->clock_name[0])
		err = find_clock_name(config->clock_name, places, out);
	else if (config->interface[0])
		err = find_interface(config->interface, places, out);
	else
		find_device(config->device, places, out);
	if (err)
		explain(config, err, problem);
	return err;
}

static bool is_network_card(const struct phc_places *places, const struct phc_identity *identity)
{
	char path[CONFIG_PATH_MAX];

	if (identity->index < 0)
		return false;
	snprintf(path, sizeof(path), "%s/class/ptp/ptp%d/device/net", places->sys, identity->index);
	return !access(path, F_OK);
}

enum config_timescale phc_convention(const struct phc_places *places,
				     const struct phc_identity *identity)
{
	/* How the name begins. Hypervisors and clouds hand out UTC, ptp_vmclock turns it to TAI. */
	static const struct {
		const char *name;
		enum config_timescale timescale;
	} known[] = {
		{"KVM virtual PTP", TIMESCALE_UTC}, {"hyperv", TIMESCALE_UTC},
		{"ptp_vmw", TIMESCALE_UTC},	    {"ena-ptp", TIMESCALE_UTC},
		{"ptp_vmclock", TIMESCALE_TAI},	    {"vmclock", TIMESCALE_TAI},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(identity->clock_name, known[i].name, strlen(known[i].name)))
			return known[i].timescale;
	/* A card's clock is there for PTP, whose time scale is TAI. */
	return is_network_card(places, identity) ? TIMESCALE_TAI : TIMESCALE_AUTO;
}

int phc_dpll_lock(const struct phc_places *places, const struct phc_identity *identity)
{
	char path[CONFIG_PATH_MAX], driver[PATH_MAX];
	const char *base;
	ssize_t length;

	snprintf(path, sizeof(path), "%s/class/ptp/ptp%d/device/driver", places->sys,
		 identity->index);
	length = identity->index < 0 ? -1 : readlink(path, driver, sizeof(driver) - 1);
	if (length < 0)
		return -ENODEV;
	driver[length] = '\0';
	base = strrchr(driver, '/');
	return places->dpll_lock(base ? base + 1 : driver);
}

int phc_parse_error_bound(const char *text, size_t length, double *error_ns)
{
	uint64_t value = 0;
	size_t digits = 0;

	for (; digits < length && text[digits] >= '0' && text[digits] <= '9'; digits++) {
		if (digits == 12)
			return -EBADMSG;
		value = value * 10 + (uint64_t)(text[digits] - '0');
	}
	if (digits == 0 || (digits < length && text[digits] != '\n'))
		return -EBADMSG;
	if (value == 0 || value >= BOUND_UNKNOWN_NS)
		return -ENODATA;
	*error_ns = (double)value;
	return 0;
}

int phc_published_error(const struct phc_places *places, const struct phc_identity *identity,
			double *error_ns)
{
	char path[CONFIG_PATH_MAX];
	char text[32];
	int length;

	if (identity->index < 0)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/class/ptp/ptp%d/device/phc_error_bound", places->sys,
		 identity->index);
	length = sysfs_read_line(path, text, sizeof(text));
	if (length == -ENOENT || length == -ENOTDIR)
		return -ENOENT;
	if (length < 0)
		return -ENODATA;
	return phc_parse_error_bound(text, (size_t)length, error_ns);
}
