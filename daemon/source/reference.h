/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What another program has measured of CLOCK_REALTIME against true time, as an event.
 *
 * For sources that are fed by others (sock, shm). Where the source is locked to another one, or the
 * sample is a pulse, only its place in the second is believed.
 */
#ifndef VMCLOCK_REFERENCE_H
#define VMCLOCK_REFERENCE_H

#include "realtime.h"
#include "source.h"

struct reference_sample {
	int64_t realtime_ns; /* CLOCK_REALTIME at that moment */
	int64_t t_ns; /* true time (UTC) then; of a pulse only the place in the second counts */
	double resolution_ns; /* of the stamps */
	bool pulse;
};

/* Looks at the clock, converts and emits. 0; -ERANGE: the stamp could not be converted, with a
 * problem; else as source_emit(). */
int reference_emit(struct source *source, struct realtime_track *track,
		   const struct reference_sample *sample);

#endif
