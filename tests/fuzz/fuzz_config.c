// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration text: refused with a message that names a line, or within every promised range. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.c"
#include "config_key.c"
#include "config_text.c"
#include "config_value.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static void require_source(const struct config_source *s)
{
	require(s->typed && (unsigned int)s->type < CONFIG_TYPES_MAX && config_type_name(s->type));
	require(s->min_poll_s >= 1 && s->min_poll_s <= s->max_poll_s && s->max_poll_s <= 1024);
	require(s->offset_ns >= -1e9 && s->offset_ns <= 1e9 && s->max_error_ns >= 0);
	require(s->min_samples >= 1 && s->min_samples <= 64);
	require(s->pool_sources >= 1 && s->pool_sources <= 16);
	require(terminated(s->name, sizeof(s->name)) && s->name[0]);
	require(terminated(s->host, sizeof(s->host)) && s->port);
	require(terminated(s->interface, sizeof(s->interface)));
	require(terminated(s->lock, sizeof(s->lock)) && strcmp(s->lock, s->name));
	require(terminated(s->device, sizeof(s->device)));
	require(terminated(s->socket, sizeof(s->socket)));
	require(s->max_latency_ns >= 0 && s->max_jitter_ns >= 1e3 && s->max_jitter_ns <= 1e8);
	require(s->uncertainty_ticks >= 0 && s->uncertainty_ticks <= 1e9 && s->unit <= 255);
}

static void require_config(const struct config *c)
{
	require(c->max_rate_change_ppb >= 1 && c->max_rate_change_ppb <= 500e3);
	require(c->max_slew_ppb >= 100 && c->max_slew_ppb <= 500e3);
	require(c->nesting_horizon_s >= 1 && c->unreliable_above_ns >= 1e3);
	require(c->realtime_priority >= 0 && c->realtime_priority <= 99);
	require(terminated(c->page_file, sizeof(c->page_file)) && c->page_file[0] == '/');
	require(terminated(c->control_socket, sizeof(c->control_socket)));
	require(terminated(c->cpu_list, sizeof(c->cpu_list)));
	require(c->source_count <= CONFIG_SOURCES_MAX);
	for (unsigned int i = 0; i < c->source_count; i++)
		require_source(&c->sources[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	char message[256] = "";
	int err;

	config_defaults(&config);
	err = config_parse(&config, (const char *)data, size, "f", message, sizeof(message));
	if (!err)
		err = config_check(&config, message, sizeof(message));
	if (err)
		require(err == -EINVAL && !strncmp(message, "f:", 2) && message[2] > '0');
	else
		require_config(&config);
	return 0;
}
