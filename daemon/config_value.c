// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of the configuration: numbers with units, words, paths, addresses, processor lists. */
#include "config_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NTP_PORT = 123, CPUS_MAX = 1024, EXPECTED_MAX = 160 };

struct unit {
	const char *name;
	double scale; /* to ns, to ppb, to ticks */
};

static const struct unit time_units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {0}};
static const struct unit rate_units[] = {{"ppm", 1e3}, {"ppb", 1}, {0}};
static const struct unit tick_units[] = {{"ticks", 1}, {0}};

static const struct unit *units_of(const struct config_key *key)
{
	switch (key->kind) {
	case CONFIG_RATE_PPB:
		return rate_units;
	case CONFIG_TICKS:
		return tick_units;
	default:
		return time_units;
	}
}

static const char *quantity_of(const struct config_key *key)
{
	switch (key->kind) {
	case CONFIG_RATE_PPB:
		return "rate with unit (ppm, ppb)";
	case CONFIG_TICKS:
		return "number with unit (ticks)";
	default:
		return "time with unit (s, ms, us, ns)";
	}
}

/* What one unit of storage is in units of the table. */
static double storage_scale(const struct config_key *key)
{
	return key->kind == CONFIG_TIME_S ? 1e9 : 1;
}

/* A stored value as one would write it: the largest unit in which it is not below 1. */
static void print_quantity(const struct config_key *key, double stored, char *out, size_t size)
{
	const struct unit *unit = units_of(key);
	double value = stored * storage_scale(key);

	while (unit[1].name && (value < 0 ? -value : value) < unit->scale)
		unit++;
	snprintf(out, size, "%g %s", value / unit->scale, unit->name);
}

static void describe_quantity(const struct config_key *key, char *out, size_t size)
{
	char min[32];
	char max[32];

	print_quantity(key, key->min, min, sizeof(min));
	print_quantity(key, key->max, max, sizeof(max));
	snprintf(out, size, "a %s, from %s to %s", quantity_of(key), min, max);
}

/* What the key takes, for the second half of a message. */
static void describe(const struct config_key *key, char *out, size_t size)
{
	const char *joint = key->words ? " or " : "";
	const char *words = key->words ? key->words : "";
	int max = key->max <= INT_MAX ? (int)key->max : 0; /* times may be above */

	switch (key->kind) {
	case CONFIG_TIME_NS:
	case CONFIG_TIME_S:
	case CONFIG_RATE_PPB:
	case CONFIG_TICKS:
		describe_quantity(key, out, size);
		break;
	case CONFIG_INTEGER:
		snprintf(out, size, "%s%sa whole number from %.0f to %.0f", words, joint, key->min,
			 key->max);
		break;
	case CONFIG_PATH:
		snprintf(out, size, "%s%san absolute path of at most %d bytes", words, joint,
			 max - 1);
		break;
	case CONFIG_NAME:
		snprintf(out, size, "%s%sa name of at most %d letters, digits, '.', '_' or '-'",
			 words, joint, max - 1);
		break;
	case CONFIG_TEXT:
		snprintf(out, size, "a text of at most %d bytes", max - 1);
		break;
	case CONFIG_ADDRESS:
		snprintf(out, size, "HOST, HOST:PORT, IPv6 address or [IPv6 address]:PORT");
		break;
	case CONFIG_CPUS:
		snprintf(out, size, "%s%sa list such as 0-3,8 of at most %d bytes", words, joint,
			 max - 1);
		break;
	default:
		snprintf(out, size, "%s", key->kind == CONFIG_SWITCH ? "on|off" : words);
	}
}

/* The place of `word` in "a|b|c", or -1. */
static int word_index(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (int index = 0; words; index++) {
		const char *end = strchr(words, '|');
		size_t here = end ? (size_t)(end - words) : strlen(words);

		if (here == length && !memcmp(words, word, length))
			return index;
		words = end ? end + 1 : NULL;
	}
	return -1;
}

/* Is the value one that a later version may take? */
static bool is_later(const struct config_key *key, const char *text)
{
	return key->later && word_index(key->later, text) >= 0;
}

/* [+-]digits[.digits]; NULL when that is not what `text` starts with, else what follows it. */
static const char *parse_decimal(const char *text, double *out)
{
	const char *at = text + (*text == '+' || *text == '-');
	size_t digits = strspn(at, "0123456789");

	if (digits == 0)
		return NULL;
	at += digits;
	if (*at == '.') {
		digits = strspn(at + 1, "0123456789");
		if (digits == 0)
			return NULL;
		at += 1 + digits;
	}
	*out = strtod(text, NULL);
	return at;
}

/* The fault, or NULL. */
static const char *set_quantity(const struct config_key *key, const char *text, void *field)
{
	const struct unit *unit = units_of(key);
	double number;
	double stored;
	const char *rest = parse_decimal(text, &number);

	if (!rest)
		return "not a number";
	rest += strspn(rest, " \t");
	if (!*rest)
		return "no unit";
	while (unit->name && strcmp(unit->name, rest))
		unit++;
	if (!unit->name)
		return "wrong unit";
	stored = number * unit->scale / storage_scale(key);
	if (!(stored >= key->min && stored <= key->max))
		return "out of range";
	memcpy(field, &stored, sizeof(stored));
	return NULL;
}

static const char *set_integer(const struct config_key *key, const char *text, void *field)
{
	const char *digits = text + (*text == '+' || *text == '-');
	uint32_t value = 0;

	if (word_index(key->words, text) < 0) {
		double number;
		const char *rest = parse_decimal(text, &number);

		if (!rest || *rest || strchr(digits, '.'))
			return "not a whole number";
		if (!(number >= key->min && number <= key->max))
			return "out of range";
		value = (uint32_t)(int64_t)number;
	}
	memcpy(field, &value, sizeof(value));
	return NULL;
}

static const char *set_word(const struct config_key *key, const char *text, void *field)
{
	int index = word_index(key->words, text);

	if (index < 0)
		return "not a word that this key knows";
	memcpy(field, &index, sizeof(index));
	return NULL;
}

static const char *set_switch(const char *text, bool *field)
{
	if (strcmp(text, "on") && strcmp(text, "off"))
		return "neither on nor off";
	*field = !strcmp(text, "on");
	return NULL;
}

static const char *set_text(const struct config_key *key, const char *text, char *field)
{
	if (word_index(key->words, text) >= 0)
		text = strchr(key->words, '|') ? text : "";
	else if (!*text)
		return "empty";
	if (strlen(text) >= (size_t)key->max)
		return "too long";
	memset(field, 0, (size_t)key->max);
	memcpy(field, text, strlen(text));
	return NULL;
}

static const char *set_path(const struct config_key *key, const char *text, char *field)
{
	if (*text && *text != '/' && word_index(key->words, text) < 0)
		return "not an absolute path";
	return set_text(key, text, field);
}

static bool is_name(const char *text)
{
	for (; *text; text++)
		if (!isascii(*text) || (!isalnum((unsigned char)*text) && !strchr("._-", *text)))
			return false;
	return true;
}

static const char *set_name(const struct config_key *key, const char *text, char *field)
{
	return is_name(text) ? set_text(key, text, field) : "not a name";
}

/* One processor number below CPUS_MAX; what follows it, or NULL. */
static const char *parse_cpu(const char *text, int *cpu)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 4)
		return NULL;
	*cpu = atoi(text);
	return *cpu < CPUS_MAX ? text + digits : NULL;
}

static bool is_cpu_list(const char *text)
{
	int first;
	int last;

	for (;;) {
		text = parse_cpu(text, &first);
		if (text && *text == '-') {
			text = parse_cpu(text + 1, &last);
			if (text && last < first)
				return false;
		}
		if (!text || !*text)
			return text != NULL;
		if (*text++ != ',')
			return false;
	}
}

static const char *set_cpus(const struct config_key *key, const char *text, char *field)
{
	if (word_index(key->words, text) < 0 && !is_cpu_list(text))
		return "not a list of processors below 1024";
	return set_text(key, text, field);
}

static bool parse_port(const char *text, uint16_t *port)
{
	size_t digits = strspn(text, "0123456789");
	int value = digits > 0 && digits <= 5 && !text[digits] ? atoi(text) : 0;

	if (value < 1 || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* An IPv6 address, maybe with a scope: "fe80::1%eth0". */
static bool is_ipv6(const char *host)
{
	char plain[INET6_ADDRSTRLEN] = "";
	struct in6_addr six;
	size_t length = strcspn(host, "%");
	const char *scope = host + length;

	if (length >= sizeof(plain) || (*scope && (!scope[1] || !is_name(scope + 1))))
		return false;
	memcpy(plain, host, length);
	return inet_pton(AF_INET6, plain, &six) == 1;
}

/* Splits "HOST[:PORT]", "IPV6" or "[IPV6][:PORT]"; *port stays when there is none. */
static const char *split_address(const char *text, char host[CONFIG_HOST_MAX], uint16_t *port)
{
	bool bracket = *text == '[';
	const char *start = text + bracket;
	const char *end = bracket ? strchr(start, ']') : strrchr(start, ':');
	const char *rest;

	/* More than one colon without brackets is an IPv6 address, never one with a port. */
	if (!bracket && (!end || strchr(start, ':') != end))
		end = start + strlen(start);
	if (!end || end == start || (size_t)(end - start) >= CONFIG_HOST_MAX)
		return "not an address";
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	if ((bracket || strchr(host, ':')) && !is_ipv6(host))
		return "not an IPv6 address";
	rest = end + bracket;
	if (*rest && (*rest != ':' || !parse_port(rest + 1, port)))
		return "wrong port";
	return NULL;
}

static const char *set_address(const char *text, struct config_source *source)
{
	char host[CONFIG_HOST_MAX] = "";
	uint16_t port = NTP_PORT;
	const char *fault = split_address(text, host, &port);

	if (fault)
		return fault;
	if (!strchr(host, ':') && !is_name(host))
		return "not a host name";
	memcpy(source->host, host, sizeof(host));
	source->port = port;
	return NULL;
}

static const char *set(const struct config_key *key, const char *text, void *base)
{
	void *field = (char *)base + key->offset;

	switch (key->kind) {
	case CONFIG_WORD:
		return set_word(key, text, field);
	case CONFIG_SWITCH:
		return set_switch(text, field);
	case CONFIG_TIME_NS:
	case CONFIG_TIME_S:
	case CONFIG_RATE_PPB:
	case CONFIG_TICKS:
		return set_quantity(key, text, field);
	case CONFIG_INTEGER:
		return set_integer(key, text, field);
	case CONFIG_PATH:
		return set_path(key, text, field);
	case CONFIG_NAME:
		return set_name(key, text, field);
	case CONFIG_TEXT:
		return set_text(key, text, field);
	case CONFIG_ADDRESS:
		return set_address(text, base);
	case CONFIG_CPUS:
		return set_cpus(key, text, field);
	default:
		return "not part of this version";
	}
}

int config_value_set(const struct config_key *key, const char *text, void *base, char *why,
		     size_t why_size)
{
	char expected[EXPECTED_MAX];
	const char *fault = set(key, text, base);

	if (!fault)
		return 0;
	describe(key, expected, sizeof(expected));
	if (is_later(key, text))
		fault = "this version of vmclockd does not have that";
	snprintf(why, why_size, "%s; expected %s", fault, expected);
	return -EINVAL;
}
