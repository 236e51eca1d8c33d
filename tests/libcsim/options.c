// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the description of what is simulated. */
#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key {
	const char *name;
	size_t offset; /* of a double */
};

#define WORLD(member)                                     \
	{                                                 \
#member, offsetof(struct options, member) \
	}
#define OSCILLATOR(member)                                           \
	{                                                            \
#member, offsetof(struct options, oscillator.member) \
	}
#define SERVER(member)                                           \
	{                                                        \
#member, offsetof(struct server_options, member) \
	}

static const struct key world_keys[] = {
	WORLD(seed),
	WORLD(first_s),
	WORLD(duration_s),
	WORLD(death),
	WORLD(after_s),
	WORLD(start_utc_s),
	WORLD(realtime_offset_ns),
	WORLD(step_back_ns),
	WORLD(read_ns),
	WORLD(send_ns),
	WORLD(wake_ns),
	WORLD(stamp_delay_ns),
	WORLD(disturb),
	OSCILLATOR(rate_ppb),
	OSCILLATOR(wander),
	OSCILLATOR(white_ns),
	OSCILLATOR(thermal_ppb),
	OSCILLATOR(thermal_period_s),
	{NULL, 0},
};

static const struct key server_keys[] = {
	SERVER(offset_ns),
	SERVER(root_delay_ns),
	SERVER(root_dispersion_ns),
	SERVER(stratum),
	SERVER(processing_ns),
	SERVER(loss),
	SERVER(outage_from_s),
	SERVER(outage_to_s),
	SERVER(base_ns),
	SERVER(mean_ns),
	SERVER(gamma),
	SERVER(congestion_from_s),
	SERVER(congestion_to_s),
	SERVER(congestion_ns),
	SERVER(shift_at_s),
	SERVER(shift_ns),
	{NULL, 0},
};

static int set_number(void *base, const struct key *keys, const char *name, const char *value)
{
	char *end;
	double number = strtod(value, &end);

	for (; keys->name; keys++) {
		if (strcmp(keys->name, name) != 0)
			continue;
		if (end == value || *end)
			return -EINVAL;
		memcpy((char *)base + keys->offset, &number, sizeof(number));
		return 0;
	}
	return -ENOENT;
}

static int add_server(struct options *o, const char *address)
{
	struct server_options *server = &o->servers[o->server_count];

	if (o->server_count == OPTIONS_SERVERS_MAX)
		return -ENOSPC;
	*server = (struct server_options){
		.stratum = 1, .processing_ns = 20000, .base_ns = 50000, .mean_ns = 10000};
	if (inet_pton(AF_INET, address, &server->address) != 1)
		return -EINVAL;
	o->server_count++;
	return 0;
}

static int refuse(struct options *o, char *words)
{
	const struct {
		const char *name;
		bool *flag;
	} known[] = {{"flags", &o->refuse_flags},
		     {"unix", &o->refuse_unix},
		     {"netlink", &o->refuse_netlink},
		     {"inet6", &o->refuse_inet6},
		     {"stamps", &o->refuse_stamps}};
	char *rest = NULL;

	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i].name, word) != 0)
			i++;
		if (i == sizeof(known) / sizeof(known[0]))
			return -EINVAL;
		*known[i].flag = true;
	}
	return 0;
}

static int set_path(char path[OPTIONS_PATH_MAX], const char *value)
{
	return snprintf(path, OPTIONS_PATH_MAX, "%s", value) < OPTIONS_PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int set(struct options *o, const char *name, char *value)
{
	int err = -ENOENT;

	if (!strcmp(name, "server"))
		return add_server(o, value);
	if (!strcmp(name, "refuse"))
		return refuse(o, value);
	if (!strcmp(name, "page"))
		return set_path(o->page, value);
	if (!strcmp(name, "record"))
		return set_path(o->record, value);
	if (o->server_count)
		err = set_number(&o->servers[o->server_count - 1], server_keys, name, value);
	return err == -ENOENT ? set_number(o, world_keys, name, value) : err;
}

/* `line` is cut into name and value. */
static int read_line(struct options *o, char *line)
{
	size_t length = strcspn(line, "#\n");
	char *value;

	while (length && strchr(" \t", line[length - 1]))
		length--;
	line[length] = '\0';
	line += strspn(line, " \t");
	if (!*line)
		return 0;
	value = line + strcspn(line, " \t");
	if (*value)
		*value++ = '\0';
	return set(o, line, value + strspn(value, " \t"));
}

static void set_defaults(struct options *o)
{
	*o = (struct options){
		.seed = 1,
		.duration_s = 1000,
		.death = SIGTERM,
		.start_utc_s = 1785000000, /* July 2026 */
		.realtime_offset_ns = 10e6,
		.step_back_ns = 100,
		.oscillator = {.nominal_hz = 1e9, .rate_ppb = 10000, .thermal_period_s = 3600},
	};
}

int options_read(struct options *o, const char *path, char *message, size_t message_size)
{
	FILE *file = fopen(path, "re");
	unsigned int number = 0;
	char line[1024];
	int err = 0;

	set_defaults(o);
	if (!file) {
		err = -errno;
		snprintf(message, message_size, "%s: %s", path, strerror(-err));
		return err;
	}
	while (!err && fgets(line, sizeof(line), file)) {
		number++;
		err = read_line(o, line);
	}
	if (err)
		snprintf(message, message_size, "%s:%u: %s", path, number, strerror(-err));
	fclose(file);
	return err;
}
