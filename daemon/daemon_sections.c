// SPDX-License-Identifier: GPL-2.0-or-later
/* Sections [source NAME] of the running daemon: each begins, goes on or ends with its sources. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon_parts.h"
#include "event_log.h"

static struct discipline_source_config slot_config(const struct config_source *config)
{
	return (struct discipline_source_config){.prefer = config->prefer,
						 .trust = config->trust,
						 .noselect = config->noselect,
						 .min_samples = config->min_samples,
						 .pulse = config_marks_seconds(config),
						 .max_jitter_ns = config->max_jitter_ns};
}

static int take_slots(struct daemon *d, struct section *section)
{
	const struct discipline_source_config config = slot_config(&section->config);

	for (unsigned int i = 0; i < section->count; i++) {
		int slot = discipline_add_source(d->discipline, &config);

		section->sources[i].slot = slot;
		if (slot < 0)
			return slot;
	}
	return 0;
}

static void forget_section(struct daemon *d, struct section *section)
{
	for (unsigned int i = 0; i < section->count; i++) {
		discipline_remove_source(d->discipline, section->sources[i].slot);
		utc_scale_claim(&d->utc, section->sources[i].slot, 3);
	}
	explicit_bzero(&section->config, sizeof(section->config)); /* it may hold a key */
	free(section);
}

/* NULL with errno. */
static struct section *start_section(struct daemon *d, const struct config_source *config)
{
	unsigned int count = source_count(config);
	struct section *section = calloc(1, sizeof(*section) + count * sizeof(struct source));
	int err;

	if (!section)
		return NULL;
	section->config = *config;
	section->count = count;
	for (unsigned int i = 0; i < count; i++)
		section->sources[i].slot = -1;
	err = take_slots(d, section);
	if (!err)
		err = source_start(section->sources, &section->config, &d->env);
	if (err) {
		forget_section(d, section);
		errno = -err;
		return NULL;
	}
	for (unsigned int i = 0; i < count; i++) {
		struct source *source = &section->sources[i];

		discipline_set_poll(d->discipline, source->slot, source->poll_s);
		daemon_log_source(d, source);
	}
	return section;
}

static void stop_section(struct daemon *d, struct section *section)
{
	for (unsigned int i = 0; i < section->count; i++)
		source_stop(&section->sources[i]);
	forget_section(d, section);
}

/* While the daemon goes on. */
static void end_section(struct daemon *d, unsigned int place)
{
	struct section *section = d->sections[place];

	for (unsigned int i = 0; i < section->count; i++)
		event_log_remove(d->event_log, section->sources[i].name);
	stop_section(d, section);
	d->sections[place] = NULL;
}

static void tune_section(struct daemon *d, struct section *section)
{
	const struct discipline_source_config config = slot_config(&section->config);

	for (unsigned int i = 0; i < section->count; i++) {
		discipline_tune_source(d->discipline, section->sources[i].slot, &config);
		source_retune(&section->sources[i]);
		daemon_log_source(d, &section->sources[i]);
	}
}

static void list_sources(struct daemon *d)
{
	d->source_count = 0;
	for (unsigned int i = 0; i < d->config.source_count; i++)
		for (unsigned int k = 0; k < d->sections[i]->count; k++)
			d->sources[d->source_count++] = &d->sections[i]->sources[k];
}

/* The slots of all sources that a section has made. */
static uint64_t slots_of(const struct daemon *d, const char *section)
{
	uint64_t slots = 0;

	for (unsigned int i = 0; i < d->source_count; i++)
		if (!strcmp(d->sources[i]->config->name, section))
			slots |= UINT64_C(1) << d->sources[i]->slot;
	return slots;
}

static void set_locks(struct daemon *d)
{
	for (unsigned int i = 0; i < d->source_count; i++) {
		const struct source *source = d->sources[i];

		if (source->config->lock[0])
			discipline_set_lock(d->discipline, source->slot,
					    slots_of(d, source->config->lock));
	}
}

int daemon_start_sources(struct daemon *d, char *message, size_t size)
{
	daemon_init_sources(d);
	for (unsigned int i = 0; i < d->config.source_count; i++) {
		const struct config_source *config = &d->config.sources[i];

		d->sections[i] = start_section(d, config);
		if (d->sections[i])
			continue;
		snprintf(message, size, "source %s: %s", config->name, strerror(errno));
		d->config.source_count = i;
		return EXIT_FAILED;
	}
	list_sources(d);
	set_locks(d);
	return 0;
}

void daemon_stop_sources(struct daemon *d)
{
	for (unsigned int i = 0; i < d->config.source_count && d->sections[i]; i++) {
		stop_section(d, d->sections[i]);
		d->sections[i] = NULL;
	}
	d->config.source_count = d->source_count = 0;
}

/* All that end do so before any begins: they may have the same device, or the same socket. */
static void end_sources(struct daemon *d, const struct config *wanted,
			const struct config_change *change, struct change_report *report)
{
	for (unsigned int i = 0; i < d->config.source_count; i++) {
		if (!change->removed[i])
			continue;
		change_note(report, "source %s: removed", d->sections[i]->config.name);
		end_section(d, i);
	}
	for (unsigned int i = 0; i < wanted->source_count; i++) {
		unsigned int old = change->sources[i].old;
		char keys[300];

		if (change->sources[i].what != SOURCE_AGAIN)
			continue;
		config_source_keys_changed(&d->sections[old]->config, &wanted->sources[i], keys,
					   sizeof(keys));
		change_note(report, "source %s: starts over: %s", wanted->sources[i].name, keys);
		end_section(d, old);
	}
}

/* One that goes on, perhaps with other values for some keys. */
static struct section *keep_section(struct daemon *d, struct section *section,
				    const struct config_source *config, bool tuned,
				    struct change_report *report)
{
	char keys[300];

	if (tuned) {
		config_source_keys_changed(&section->config, config, keys, sizeof(keys));
		change_note(report, "source %s: goes on with its history: %s", config->name, keys);
	}
	section->config = *config;
	if (tuned)
		tune_section(d, section);
	return section;
}

static struct section *begin_section(struct daemon *d, const struct config_source *config,
				     bool added, struct change_report *report)
{
	struct section *section = start_section(d, config);

	if (!section)
		change_note(report, "source %s: cannot be started: %s", config->name,
			    strerror(errno));
	else if (added)
		change_note(report, "source %s: added", config->name);
	return section;
}

void daemon_change_sources(struct daemon *d, const struct config *wanted,
			   const struct config_change *change, struct change_report *report)
{
	struct section *sections[CONFIG_SOURCES_MAX];
	unsigned int count = 0;

	end_sources(d, wanted, change, report);
	for (unsigned int i = 0; i < wanted->source_count; i++) {
		const struct config_source *config = &wanted->sources[i];
		enum source_change what = change->sources[i].what;
		unsigned int old = change->sources[i].old;

		if (what == SOURCE_SAME || what == SOURCE_TUNED)
			sections[count] = keep_section(d, d->sections[old], config,
						       what == SOURCE_TUNED, report);
		else
			sections[count] = begin_section(d, config, what == SOURCE_ADDED, report);
		if (sections[count])
			d->config.sources[count++] = *config;
	}
	memcpy(d->sections, sections, count * sizeof(sections[0]));
	d->config.source_count = count;
	list_sources(d);
	set_locks(d);
}
