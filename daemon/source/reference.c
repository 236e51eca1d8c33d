// SPDX-License-Identifier: GPL-2.0-or-later
/* What another program has measured of CLOCK_REALTIME against true time, as an event. */
#include "reference.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "source_env.h"
#include "source_note.h"

#define SECOND_NS INT64_C(1000000000)

/* Nanoseconds since the nearest whole second: -0.5 s to 0.5 s. */
static int64_t since_second(int64_t t_ns)
{
	int64_t since_ns = (t_ns % SECOND_NS + SECOND_NS) % SECOND_NS;

	return since_ns > SECOND_NS / 2 ? since_ns - SECOND_NS : since_ns;
}

/* The counter at the nearest whole second, whichever that is. */
static void mark_second(const struct reference_sample *sample, const struct stamp *stamp,
			double ns_per_tick, struct event *out)
{
	double since_ns = (double)since_second(sample->t_ns);
	double error_ns = stamp->error_ns + sample->resolution_ns +
			  fabs(since_ns) * STAMP_RATE_TOLERANCE + ns_per_tick;

	out->kind = EVENT_LATCH;
	out->edge = (struct event_edge){
		.c_edge = stamp->counter - (uint64_t)llround(since_ns / ns_per_tick),
		.uncertainty_ticks = error_ns / ns_per_tick,
	};
}

int reference_emit(struct source *source, struct realtime_track *track,
		   const struct reference_sample *sample)
{
	struct event event = {.kind = EVENT_TIME};
	struct stamp stamp;
	int err;

	realtime_look(track);
	if (!realtime_convert(track, sample->realtime_ns, &stamp)) {
		source->stats.stamps_dropped++;
		source_problem(source, "its stamp is not of just now, or the host clock was set");
		return -ERANGE;
	}
	source->stats.stamps_kernel++;
	if (sample->pulse || config_marks_seconds(source->config))
		mark_second(sample, &stamp, source->env->counter->ns_per_tick, &event);
	else
		event.time = (struct event_time){
			.c = stamp.counter,
			.t_ns = sample->t_ns,
			.max_error_ns = stamp.error_ns + sample->resolution_ns,
		};
	err = source_emit(source, &event);
	if (err)
		source->stats.rejected++;
	else
		source_answered(source);
	return err;
}
