// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration as a whole: defaults, the file with its drop-ins, what must fit together. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_key.h"
#include "config_value.h"
#include "text_file.h"

enum { FILE_BYTES_MAX = 1 << 20, SLOTS_MAX = 64 };

static const char default_source[] = "[source pool]\n"
				     "type = pool\n"
				     "address = pool.ntp.org\n";

/* Where a type's polls start and end when the file does not say. */
static const struct {
	double min_poll_s;
	double max_poll_s;
} default_polls[] = {
	[SOURCE_TYPE_NTP] = {1, 64},
	[SOURCE_TYPE_POOL] = {64, 1024}, /* other people's servers */
	[SOURCE_TYPE_SYSTEM] = {1, 64},
	[SOURCE_TYPE_PHC] = {1, 1}, /* a look costs nobody anything */
	[SOURCE_TYPE_PPS] = {1, 1},
	[SOURCE_TYPE_LATCH] = {1, 1},
	[SOURCE_TYPE_SOCK] = {1, 1},
	[SOURCE_TYPE_SHM] = {1, 1},
	[SOURCE_TYPE_VMCLOCK] = {1, 1},
	[SOURCE_TYPE_EXTTS] = {1, 1},
};

void config_defaults(struct config *config)
{
	char why[256];

	memset(config, 0, sizeof(*config));
	for (const struct config_key *key = config_keys; key->name; key++)
		if (key->fallback && strcmp(key->section, "source"))
			config_value_set(key, key->fallback, config, why, sizeof(why));
}

static int read_one(struct config *config, const char *path, char *message, size_t message_size)
{
	char *text;
	size_t length;
	int err = text_file_read(path, FILE_BYTES_MAX, &text, &length);

	if (err) {
		snprintf(message, message_size, "%s: %s; expected a readable configuration file",
			 path, strerror(-err));
		return err;
	}
	err = config_parse(config, text, length, path, message, message_size);
	free(text);
	return err;
}

static int is_drop_in(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       !strcmp(entry->d_name + length - 5, ".conf");
}

/* By bytes: the order must not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_ins(struct config *config, const char *path, char *message,
			 size_t message_size)
{
	char name[2 * CONFIG_PATH_MAX + 8];
	struct dirent **entries = NULL;
	int count;
	int err = 0;

	snprintf(name, sizeof(name), "%s.d", path);
	count = scandir(name, &entries, is_drop_in, by_name);
	if (count < 0 && errno == ENOENT)
		return 0;
	if (count < 0) {
		err = -errno;
		snprintf(message, message_size, "%s: %s; expected a directory of drop-ins", name,
			 strerror(-err));
		return err;
	}
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s.d/%s", path, entries[i]->d_name);
		if (!err)
			err = read_one(config, name, message, message_size);
		free(entries[i]);
	}
	free(entries);
	return err;
}

static int source_fails(const struct config_source *source, const char *fault, char *message,
			size_t message_size)
{
	if (source->file[0])
		snprintf(message, message_size, "%s:%u: [source %s]: %s", source->file,
			 source->line, source->name, fault);
	else
		snprintf(message, message_size, "[source %s]: %s", source->name, fault);
	return -EINVAL;
}

/* What is in them GnuTLS knows, which is loaded only when it is needed. */
static int find_authorities(const struct config *config, char *message, size_t message_size)
{
	char fault[CONFIG_PATH_MAX + 80];

	for (unsigned int i = 0; i < config->source_count; i++) {
		const struct config_source *source = &config->sources[i];

		if (!source->nts_trust[0] || !access(source->nts_trust, R_OK))
			continue;
		snprintf(fault, sizeof(fault), "nts-trust = %s: %s; expected a readable file",
			 source->nts_trust, strerror(errno));
		return source_fails(source, fault, message, message_size);
	}
	return 0;
}

/* The file is read once a key: it is short, and rarely asked for more than one. */
int config_read_keys(struct config *config, char *message, size_t message_size)
{
	char fault[CONFIG_PATH_MAX + 80];
	struct ntp_key unused;
	int err = 0;

	if (config->ntp_keys[0])
		err = key_file_find(config->ntp_keys, 0, &unused, message, message_size);
	for (unsigned int i = 0; i < config->source_count && !err; i++) {
		struct config_source *source = &config->sources[i];

		if (!source->key)
			continue;
		err = key_file_find(config->ntp_keys, source->key, &source->secret, message,
				    message_size);
		if (err || source->secret.id)
			continue;
		snprintf(fault, sizeof(fault), "key %u is not in %s; expected one that is",
			 source->key, config->ntp_keys);
		err = source_fails(source, fault, message, message_size);
	}
	return err;
}

int config_read(struct config *config, const char *path, char *message, size_t message_size)
{
	int err;

	if (strlen(path) >= CONFIG_PATH_MAX) {
		snprintf(message, message_size, "%s: path too long; expected at most %d bytes",
			 path, CONFIG_PATH_MAX - 1);
		return -ENAMETOOLONG;
	}
	config_defaults(config);
	err = read_one(config, path, message, message_size);
	if (err == -ENOENT && !strcmp(path, CONFIG_DEFAULT_PATH))
		err = 0;
	if (!err)
		err = read_drop_ins(config, path, message, message_size);
	if (!err && config->source_count == 0)
		err = config_parse(config, default_source, sizeof(default_source) - 1,
				   "built-in default", message, message_size);
	if (!err)
		err = config_check(config, message, message_size);
	if (!err)
		err = config_read_keys(config, message, message_size);
	if (!err)
		err = find_authorities(config, message, message_size);
	return err;
}

bool config_marks_seconds(const struct config_source *source)
{
	return source->type == SOURCE_TYPE_PPS || source->type == SOURCE_TYPE_LATCH ||
	       source->type == SOURCE_TYPE_EXTTS || source->lock[0];
}

static bool is_given(const struct config_source *source, const char *key)
{
	return source->given & config_key_bit(config_key_find("source", key));
}

/* What these may be wrong by is known to nobody but the operator. */
static bool claims_nothing(const struct config_source *source)
{
	return source->type == SOURCE_TYPE_PPS || source->type == SOURCE_TYPE_LATCH ||
	       source->type == SOURCE_TYPE_SOCK || source->type == SOURCE_TYPE_SHM ||
	       source->type == SOURCE_TYPE_EXTTS;
}

static void complete_values(struct config_source *source)
{
	if (claims_nothing(source) && !is_given(source, "max-error"))
		source->max_error_ns = INFINITY;
	if (!is_given(source, "max-latency"))
		source->max_latency_ns = INFINITY;
	if (!is_given(source, "pin"))
		source->pin = -1;
}

/* An open end of the poll range is the type's default, moved if the other end asks for it. */
static void complete_polls(struct config_source *source)
{
	double min = default_polls[source->type].min_poll_s;
	double max = default_polls[source->type].max_poll_s;

	if (source->min_poll_s == 0)
		source->min_poll_s = source->max_poll_s == 0 ? min : fmin(min, source->max_poll_s);
	if (source->max_poll_s == 0)
		source->max_poll_s = fmax(max, source->min_poll_s);
}

/* Its own page, as a source: it would confirm whatever it says. */
static const char *loop_fault(const struct config *config, const struct config_source *source)
{
	if (source->type != SOURCE_TYPE_VMCLOCK || !source->device[0])
		return NULL;
	return strcmp(source->device, config->page_file) &&
			       strcmp(source->device, "/dev/vmclock_host")
		       ? NULL
		       : "the page that vmclockd itself writes; expected that of the machine below";
}

/* What is wrong with one source in what belongs to its type, or NULL. */
static const char *type_fault(const struct config_source *source)
{
	switch (source->type) {
	case SOURCE_TYPE_NTP:
	case SOURCE_TYPE_POOL:
		return source->host[0] ? NULL : "no address; expected address = HOST[:PORT]";
	case SOURCE_TYPE_PHC:
	case SOURCE_TYPE_EXTTS:
		return !!source->device[0] + !!source->clock_name[0] + !!source->interface[0] == 1
			       ? NULL
			       : "no clock, or more than one; expected one of device, clock-name "
				 "and interface";
	case SOURCE_TYPE_PPS:
		return !source->device[0] == !!source->pps_name[0]
			       ? NULL
			       : "neither or both of device and pps-name; expected one of them";
	case SOURCE_TYPE_LATCH:
		return !source->device[0] == !!source->socket[0]
			       ? NULL
			       : "neither or both of socket and device; expected one of them";
	case SOURCE_TYPE_SOCK:
		return source->socket[0] ? NULL : "no path; expected path = PATH of a socket";
	default:
		return NULL;
	}
}

/* What is wrong with one source, or NULL. */
static const char *source_fault(const struct config_source *source)
{
	const char *fault =
		source->typed ? type_fault(source) : "no type; expected type = TYPE, such as ntp";

	if (fault)
		return fault;
	if (source->min_poll_s > source->max_poll_s)
		return "min-poll is above max-poll; expected min-poll <= max-poll";
	if (source->noselect && (source->prefer || source->trust))
		return "noselect together with prefer or trust; expected one of them";
	if (isfinite(source->max_latency_ns) && isinf(source->max_error_ns))
		return "max-latency without max-error; expected both, or neither";
	return NULL;
}

/* Members of a pool are called NAME.1, NAME.2, ...: is `name` one of theirs? */
static bool is_member_name(const struct config_source *pool, const char *name)
{
	size_t length = strlen(pool->name);

	return pool->type == SOURCE_TYPE_POOL && !strncmp(name, pool->name, length) &&
	       name[length] == '.' && name[length + 1] &&
	       !name[length + 1 + strspn(name + length + 1, "0123456789")];
}

static const char *names_fault(const struct config *config, const struct config_source *source)
{
	for (unsigned int i = 0; i < config->source_count; i++)
		if (is_member_name(&config->sources[i], source->name))
			return "name of a pool's member; expected another name";
	return NULL;
}

static const char *nts_fault(const struct config_source *source)
{
	if (source->nts && source->key)
		return "nts and key; expected one of them";
	if (!source->nts && (is_given(source, "nts-port") || source->nts_trust[0]))
		return "nts-port or nts-trust without NTS; expected nts = on";
	return NULL;
}

/* A second is named by an interval, so that who names it has to have one. */
static const char *lock_fault(const struct config *config, const struct config_source *source)
{
	for (unsigned int i = 0; i < config->source_count && source->lock[0]; i++) {
		const struct config_source *other = &config->sources[i];

		if (other == source || strcmp(other->name, source->lock))
			continue;
		if (claims_nothing(other) && !is_given(other, "max-error"))
			return "lock on a source that has no bound; expected max-error in that "
			       "source";
		return NULL;
	}
	return source->lock[0] ? "lock on a source that is not there; expected the name of another "
				 "source"
			       : NULL;
}

int config_check(struct config *config, char *message, size_t message_size)
{
	unsigned int slots = 0;

	config->tai_offset_set = config->tai_offset_s != 0;
	for (unsigned int i = 0; i < config->source_count; i++) {
		struct config_source *source = &config->sources[i];
		const char *fault;

		complete_polls(source);
		complete_values(source);
		slots += source->type == SOURCE_TYPE_POOL ? source->pool_sources : 1;
		fault = source_fault(source);
		if (!fault)
			fault = names_fault(config, source);
		if (!fault)
			fault = lock_fault(config, source);
		if (!fault)
			fault = loop_fault(config, source);
		if (!fault && source->type == SOURCE_TYPE_SYSTEM && config->host_clock)
			fault = "the host's clock as a source, and [host] clock to make it follow; "
				"expected one of them";
		if (!fault)
			fault = nts_fault(source);
		if (!fault && source->key && !config->ntp_keys[0])
			fault = "key without a file of keys; expected keys = PATH in [ntp]";
		if (!fault && slots > SLOTS_MAX)
			fault = "too many sources; expected at most 64, each pool counted by its "
				"members";
		if (!fault)
			continue;
		return source_fails(source, fault, message, message_size);
	}
	return 0;
}
