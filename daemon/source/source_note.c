// SPDX-License-Identifier: GPL-2.0-or-later
/* How a source keeps its books: problems, polls that were answered and polls that were not. */
#include "source_note.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../log.h"
#include "source_env.h"

void source_begin(struct source *source, const struct source_ops *ops,
		  const struct config_source *config, struct source_env *env, const char *address,
		  const char *reference)
{
	source->ops = ops;
	source->config = config;
	source->env = env;
	source->claims.leap = 3;
	snprintf(source->name, sizeof(source->name), "%s", config->name);
	snprintf(source->claims.address, sizeof(source->claims.address), "%s", address);
	snprintf(source->claims.reference, sizeof(source->claims.reference), "%s", reference);
}

void source_retune_poll(struct source *source)
{
	source_tell_poll(source, source->config->min_poll_s);
}

void source_problem(struct source *source, const char *format, ...)
{
	char *problem = source->claims.problem;
	char before[sizeof(source->claims.problem)];
	va_list arguments;

	memcpy(before, problem, sizeof(before));
	va_start(arguments, format);
	vsnprintf(problem, sizeof(source->claims.problem), format, arguments);
	va_end(arguments);
	if (problem[0] && strcmp(problem, before))
		log_warning("source %s: %s", source->name, problem);
}

void source_answered(struct source *source)
{
	source->stats.received++;
	source->stats.reach = (uint8_t)(source->stats.reach << 1 | 1);
	source->stats.last_reply_ns = loop_now_ns();
	source->claims.problem[0] = '\0';
}

void source_missed(struct source *source, unsigned int polls)
{
	source->stats.lost += polls;
	source->stats.reach = polls < 8 ? (uint8_t)(source->stats.reach << polls) : 0;
}
