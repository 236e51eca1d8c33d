/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sources ask of and tell their environment; every callback but `event` may be absent. */
#ifndef VMCLOCK_SOURCE_ENV_H
#define VMCLOCK_SOURCE_ENV_H

#include "source.h"

static inline int source_emit(struct source *source, const struct event *event)
{
	return source->env->event(source->env->context, source, event);
}

static inline void source_tell_offline(struct source *source)
{
	if (source->env->offline)
		source->env->offline(source->env->context, source);
}

static inline void source_tell_reset(struct source *source)
{
	if (source->env->reset)
		source->env->reset(source->env->context, source);
}

static inline void source_tell_disrupted(struct source *source, const char *why)
{
	if (source->env->disrupted)
		source->env->disrupted(source->env->context, source, why);
}

static inline void source_tell_poll(struct source *source, double poll_s)
{
	source->poll_s = poll_s;
	if (source->env->poll_changed)
		source->env->poll_changed(source->env->context, source, poll_s);
}

static inline double source_poll_hint(struct source *source)
{
	return source->env->poll_hint ? source->env->poll_hint(source->env->context, source) : 1;
}

static inline bool source_is_false(struct source *source)
{
	return source->env->is_false && source->env->is_false(source->env->context, source);
}

#endif
