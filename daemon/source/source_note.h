/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a source keeps its books: problems, polls that were answered and polls that were not. */
#ifndef VMCLOCK_SOURCE_NOTE_H
#define VMCLOCK_SOURCE_NOTE_H

#include "source.h"

/* Names the source, its type and what it listens to. */
void source_begin(struct source *source, const struct source_ops *ops,
		  const struct config_source *config, struct source_env *env, const char *address,
		  const char *reference);

/* source_ops.retune of sources that poll every min-poll. */
void source_retune_poll(struct source *source);

/* A new reason why nothing useful comes is told once, not at every poll; "" ends it. */
__attribute__((format(printf, 2, 3))) void source_problem(struct source *source, const char *format,
							  ...);

/* Something usable came; nothing came for so many polls. */
void source_answered(struct source *source);
void source_missed(struct source *source, unsigned int polls);

#endif
