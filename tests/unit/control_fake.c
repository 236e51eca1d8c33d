// SPDX-License-Identifier: GPL-2.0-or-later
/* The discipline's two report functions, answering what a test has set. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "control_fake.h"

struct control_fake control_fake;

void discipline_get_totals(const struct discipline *d, struct discipline_totals *out)
{
	(void)d;
	*out = control_fake.totals;
}

void discipline_get_source(const struct discipline *d, int slot,
			   struct discipline_source_status *out)
{
	(void)d;
	*out = control_fake.sources[slot];
}

int daemon_reload(struct daemon *daemon, struct change_report *report)
{
	(void)daemon;
	control_fake.reloads++;
	report->used = (size_t)snprintf(report->text, sizeof(report->text), "%s",
					control_fake.reload_error
						? "/etc/vmclockd.conf:3: unknown key"
						: "source b: added\n[page] file: takes effect "
						  "after a restart\n");
	return control_fake.reload_error;
}

/* The parser is the daemon's own; nothing is started. */
static int edit(const char *name, const char *const *settings, unsigned int count, char *message,
		size_t size)
{
	int err = config_parse_source(&control_fake.edited, name, settings, count, message, size);

	if (!err)
		err = config_check(&control_fake.edited, message, size);
	control_fake.edits += !err;
	return err;
}

static bool is_there(const char *name)
{
	return config_find_source(&control_fake.edited, name) < control_fake.edited.source_count;
}

int daemon_add_source(struct daemon *daemon, const char *name, const char *const *settings,
		      unsigned int count, char *message, size_t size)
{
	(void)daemon;
	return is_there(name) ? -EEXIST : edit(name, settings, count, message, size);
}

int daemon_set_source(struct daemon *daemon, const char *name, const char *const *settings,
		      unsigned int count, char *message, size_t size)
{
	(void)daemon;
	return is_there(name) ? edit(name, settings, count, message, size) : -ENOENT;
}

int daemon_remove_source(struct daemon *daemon, const char *name, char *message, size_t size)
{
	(void)daemon;
	(void)message;
	(void)size;
	if (!is_there(name))
		return -ENOENT;
	config_remove_source(&control_fake.edited, config_find_source(&control_fake.edited, name));
	return 0;
}

static uint64_t read_counter(void)
{
	uint64_t now = control_fake.counter;

	control_fake.counter += control_fake.counter_step;
	return now;
}

static void reset_source(void *context, struct source *source)
{
	(void)context;
	control_fake.reset = source;
}

static const struct source_ops ntp_ops = {.type = "ntp"};

static void set_line(struct discipline_totals *t)
{
	t->status = DISCIPLINE_SYNCHRONIZED;
	t->why = "one of three sources is used";
	t->has_line = true;
	t->last.line = (struct line){.counter = 4500000000,
				     .time_ns = 1800000037000000000,
				     .frac_ns = 0.25,
				     .rate_ppb = 2500};
	t->last.est_error_ns = 800;
	t->last.est_rate_error_ppb = 10;
	t->last.max_error_ns = 40000;
	t->last.max_rate_error_ppb = 1000;
	t->last.status = DISCIPLINE_SYNCHRONIZED;
	t->publications = 12;
	t->slew_ppb = 4000;
	t->remaining_ns = -1200;
	t->has_estimate = true;
	t->estimate = (struct estimate){
		.counter = 4500000000,
		.time_ns = 1800000037000000000,
		.rate_ppb = 2400,
		.phase_var_ns2 = 640000,
		.rate_var_ppb2 = 100,
		.wander = 0.8,
	};
	t->interval = (struct interval){
		.counter = 4500000000,
		.base_ns = 1800000037000000000,
		.lo_ns = -39000,
		.hi_ns = 39500,
		.rate_lo_ppb = 1000,
		.rate_hi_ppb = 3000,
	};
	t->truechimers = 1;
	t->falsetickers = 1;
	t->selectable = 2;
}

static void add_source(const char *name, const char *address)
{
	struct daemon *daemon = &control_fake.daemon;
	unsigned int i = daemon->source_count++;
	struct source *source = &control_fake.source_room[i];

	daemon->sources[i] = source;
	source->ops = &ntp_ops;
	source->config = &control_fake.configs[i];
	source->slot = (int)i;
	source->poll_s = 16;
	snprintf(source->name, sizeof(source->name), "%s", name);
	snprintf(source->claims.address, sizeof(source->claims.address), "%s", address);
	source->claims.leap = 3;
	control_fake.sources[i].filter =
		(struct filter_report){.noise_ns = (double)NAN, .delay_ns = (double)NAN};
	control_fake.sources[i].state = SOURCE_UNREACHABLE;
	control_fake.sources[i].why = "no reply yet";
}

static void make_good(unsigned int i)
{
	struct source *source = &control_fake.source_room[i];
	struct discipline_source_status *s = &control_fake.sources[i];

	source->claims.stratum = 2;
	source->claims.leap = 0;
	strcpy(source->claims.reference, "GPS");
	source->claims.root_delay_ns = 15000;
	source->stats.reach = 0xff;
	source->stats.sent = 20;
	source->stats.received = 19;
	source->stats.last_reply_ns = loop_now_ns() - 3000000000;
	s->state = SOURCE_SELECTED;
	s->why = "";
	s->samples = 19;
	s->last_counter = 3000000000;
	s->has_estimate = true;
	s->estimate = control_fake.totals.estimate;
	s->offset_ns = -1200;
	s->has_interval = true;
	s->interval = control_fake.totals.interval;
	s->weight = 1;
	s->filter.noise_ns = 5000;
	s->filter.delay_ns = 78000;
}

void control_fake_init(void)
{
	struct daemon *daemon = &control_fake.daemon;

	memset(&control_fake, 0, sizeof(control_fake));
	control_fake.counter = 5000000000;
	daemon->counter = (struct counter){.name = "tsc",
					   .page_id = 1,
					   .nominal_hz = 1e9,
					   .ns_per_tick = 1,
					   .read = read_counter};
	daemon->env.reset = reset_source;
	daemon->env.loop = &daemon->loop;
	daemon->started_ns = loop_now_ns() - 60000000000;
	daemon->config.unreliable_above_ns = 1e9;
	daemon->config.max_rate_change_ppb = 1000;
	strcpy(daemon->config.page_file, "/run/vmclock/page");
	strcpy(daemon->page.file.path, daemon->config.page_file);
	/* Open, as far as reports look. */
	daemon->page.file.writer = (struct vmclock_writer *)&control_fake;
	strcpy(daemon->page.kernel.path, "/dev/vmclock_host");
	daemon->page.kernel.fd = -1;
	daemon->page.kernel.renew_at_ns = INT64_MAX;
	daemon->page.kernel.lease_ns = 10000000000;
	leap_built_in(&daemon->utc.table);
	set_line(&control_fake.totals);
	add_source("good", "192.0.2.1:123");
	make_good(0);
	add_source("liar", "192.0.2.2:123");
	make_good(1);
	control_fake.sources[1].state = SOURCE_FALSETICKER;
	control_fake.sources[1].why = "50 ms off the others";
	control_fake.sources[1].offset_ns = 50e6;
	control_fake.sources[1].weight = 0;
	add_source("mute", "[2001:db8::3]:123");
}
