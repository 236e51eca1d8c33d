// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon keeps on disk and reads back: the learned rate, and announced leap seconds. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon_parts.h"
#include "log.h"
#include "state.h"

/* A rate kept from the same boot is a hard fact for as long as the promise is taken to hold. */
#define STATE_HARD_AGE_S 3600
/* After another boot the board may be colder or warmer: crystals move by some ppm. */
#define REBOOT_RATE_SD_PPB 5000.0

/* The daemon never believes in a rate farther than this from nominal. */
#define RATE_MAX_PPB 500e3

/* The kept rate told against today's nominal frequency. */
static double rate_against(double rate_ppb, double kept_hz, double nominal_hz)
{
	return ((1 + rate_ppb * 1e-9) * (nominal_hz / kept_hz) - 1) * 1e9;
}

static bool knows_nothing(const struct state *s)
{
	return s->rate_lo_ppb <= -RATE_MAX_PPB && s->rate_hi_ppb >= RATE_MAX_PPB;
}

static void use_state(const struct daemon *d, const struct state *s,
		      struct discipline_config *config)
{
	bool same_boot = d->boot_id[0] && !strcmp(s->boot_id, d->boot_id);
	double age_s = (double)loop_now_ns() * 1e-9 - s->written_monotonic_s;
	double rate_ppb = rate_against(s->rate_ppb, s->nominal_hz, d->counter.nominal_hz);

	if (strcmp(s->counter, d->counter.name) || !(fabs(rate_ppb) < 500e3) || knows_nothing(s))
		return;
	config->prior.rate_ppb = rate_ppb;
	config->prior.rate_sd_ppb = s->rate_sd_ppb + REBOOT_RATE_SD_PPB;
	if (!same_boot || age_s < 0 || age_s > STATE_HARD_AGE_S)
		return;
	config->prior.rate_sd_ppb = s->rate_sd_ppb + config->max_rate_change_ppb;
	config->rate_lo_ppb = rate_against(s->rate_lo_ppb, s->nominal_hz, d->counter.nominal_hz);
	config->rate_hi_ppb = rate_against(s->rate_hi_ppb, s->nominal_hz, d->counter.nominal_hz);
}

void daemon_read_state(struct daemon *d, struct discipline_config *config)
{
	char message[300];
	struct state state;
	int err;

	if (!d->config.state_file[0])
		return;
	err = state_read(&state, d->config.state_file, message, sizeof(message));
	if (!err)
		use_state(d, &state, config);
	if (!err)
		d->utc.announced = (struct leap_entry){state.leap_utc_s, state.leap_tai_offset_s};
	else if (err != -ENOENT)
		log_warning("state file: %s; starting without it", message);
}

/* But for the rate. */
static struct state begin_state(const struct daemon *d)
{
	struct state state = {.nominal_hz = d->counter.nominal_hz,
			      .written_utc_s = daemon_realtime_s(),
			      .written_monotonic_s = (double)loop_now_ns() * 1e-9,
			      .leap_utc_s = d->utc.announced.utc_s,
			      .leap_tai_offset_s = d->utc.announced.tai_offset_s};

	snprintf(state.counter, sizeof(state.counter), "%s", d->counter.name);
	snprintf(state.boot_id, sizeof(state.boot_id), "%s", d->boot_id);
	return state;
}

static void write_file(struct daemon *d, const struct state *state)
{
	int err = state_write(state, d->config.state_file);

	if (err)
		log_warning("state file %s: %s; the one before stays", d->config.state_file,
			    strerror(-err));
}

void daemon_write_state(struct daemon *d)
{
	struct discipline_totals t;
	struct state state = begin_state(d);

	discipline_get_totals(d->discipline, &t);
	if (!d->config.state_file[0] || !t.has_estimate || t.status == DISCIPLINE_UNRELIABLE)
		return;
	state.rate_ppb = t.estimate.rate_ppb;
	state.rate_sd_ppb = fmin(sqrt(t.estimate.rate_var_ppb2), RATE_MAX_PPB);
	state.rate_lo_ppb = fmax(t.interval.rate_lo_ppb, -RATE_MAX_PPB);
	state.rate_hi_ppb = fmin(t.interval.rate_hi_ppb, RATE_MAX_PPB);
	write_file(d, &state);
}

void daemon_forget_rate(struct daemon *d)
{
	struct state state = begin_state(d);

	d->rate_given_up = false;
	if (!d->config.state_file[0] || access(d->config.state_file, F_OK))
		return;
	state.rate_sd_ppb = RATE_MAX_PPB;
	state.rate_lo_ppb = -RATE_MAX_PPB;
	state.rate_hi_ppb = RATE_MAX_PPB;
	write_file(d, &state);
}
