// SPDX-License-Identifier: GPL-2.0-or-later
/* Compares configurations key by key, by the table of keys. */
#include "config_change.h"

#include <stdio.h>
#include <string.h>

/* Bytes that a value takes, beginning at its key's offset; 0: it is not stored. */
static size_t stored_size(const struct config_key *key)
{
	switch (key->kind) {
	case CONFIG_WORD:
	case CONFIG_INTEGER:
		return sizeof(int);
	case CONFIG_SWITCH:
		return sizeof(bool);
	case CONFIG_TIME_NS:
	case CONFIG_TIME_S:
	case CONFIG_RATE_PPB:
	case CONFIG_TICKS:
		return sizeof(double);
	case CONFIG_PATH:
	case CONFIG_NAME:
	case CONFIG_TEXT:
	case CONFIG_CPUS:
	case CONFIG_ADDRESS:
		return (size_t)key->max; /* zeros follow the text */
	default:
		return 0;
	}
}

static bool same_value(const struct config_key *key, const void *a, const void *b)
{
	const struct config_source *one = a, *other = b;

	if (key->kind == CONFIG_ADDRESS && one->port != other->port)
		return false;
	return !memcmp((const char *)a + key->offset, (const char *)b + key->offset,
		       stored_size(key));
}

void config_value_copy(const struct config_key *key, const void *from, void *to)
{
	memcpy((char *)to + key->offset, (const char *)from + key->offset, stored_size(key));
	if (key->kind == CONFIG_ADDRESS)
		((struct config_source *)to)->port = ((const struct config_source *)from)->port;
}

/* The number of a key may stay while what the file of keys has under it changes. */
static bool same_secret(const struct ntp_key *a, const struct ntp_key *b)
{
	return a->id == b->id && a->type == b->type && a->length == b->length &&
	       !memcmp(a->secret, b->secret, a->length);
}

static enum source_change compare_source(const struct config_source *before,
					 const struct config_source *after)
{
	enum source_change change = SOURCE_SAME;

	if (!same_secret(&before->secret, &after->secret))
		return SOURCE_AGAIN;
	for (const struct config_key *key = config_keys; key->name; key++) {
		if (strcmp(key->section, "source") || same_value(key, before, after))
			continue;
		if (!key->online)
			return SOURCE_AGAIN;
		change = SOURCE_TUNED;
	}
	return change;
}

static bool find_source(const struct config *config, const char *name, unsigned int *place)
{
	for (*place = 0; *place < config->source_count; ++*place)
		if (!strcmp(config->sources[*place].name, name))
			return true;
	return false;
}

static void compare_sources(const struct config *before, const struct config *after,
			    struct config_change *out)
{
	unsigned int old;

	for (unsigned int i = 0; i < before->source_count; i++)
		out->removed[i] = true;
	for (unsigned int i = 0; i < after->source_count; i++) {
		out->sources[i].what = SOURCE_ADDED;
		if (!find_source(before, after->sources[i].name, &old))
			continue;
		out->sources[i].what = compare_source(&before->sources[old], &after->sources[i]);
		out->sources[i].old = old;
		out->removed[old] = false;
	}
}

void config_compare(const struct config *before, const struct config *after,
		    struct config_change *out)
{
	memset(out, 0, sizeof(*out));
	for (const struct config_key *key = config_keys; key->name; key++) {
		if (!strcmp(key->section, "source") || same_value(key, before, after))
			continue;
		if (key->online)
			out->now[out->now_count++] = key;
		else
			out->later[out->later_count++] = key;
	}
	compare_sources(before, after, out);
}

void config_source_keys_changed(const struct config_source *before,
				const struct config_source *after, char *out, size_t size)
{
	size_t used = 0;
	bool secret = !same_secret(&before->secret, &after->secret);

	out[0] = '\0';
	for (const struct config_key *key = config_keys; key->name && used < size; key++) {
		bool same =
			same_value(key, before, after) && !(secret && !strcmp(key->name, "key"));

		bool fits = !key->types || (key->types & (1u << after->type));

		if (!strcmp(key->section, "source") && fits && !same)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
						 key->name);
	}
}
