// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples that another program leaves in NTP shared memory. */
#include "shm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "realtime.h"
#include "reference.h"
#include "source_env.h"
#include "source_note.h"

/* Who else may write is for those to say who make the segment before us. */
enum { SEGMENT_MODE = 0600 };

struct shm {
	struct source *source;
	const struct shm_calls *calls;
	struct loop_timer timer;
	struct realtime_track track;
	volatile struct shm_segment *segment; /* NULL: not attached */
};

static int system_attach(unsigned int unit, volatile struct shm_segment **out)
{
	int id = shmget((key_t)(SHM_KEY + unit), sizeof(struct shm_segment),
			IPC_CREAT | SEGMENT_MODE);
	void *at;

	if (id < 0)
		return -errno;
	at = shmat(id, NULL, 0);
	if (at == (void *)-1)
		return -errno;
	*out = at;
	return 0;
}

static void system_detach(volatile struct shm_segment *segment)
{
	shmdt((const void *)segment);
}

static const struct shm_calls shm_system = {.attach = system_attach, .detach = system_detach};

static void take_sample(struct shm *s)
{
	struct shm_sample taken;
	struct reference_sample sample;
	int err = shm_segment_take(s->segment, &taken);

	if (err) {
		realtime_look(&s->track); /* one of these comes before the next sample */
		if (err == -EBADMSG) {
			s->source->stats.bogus++;
			source_problem(s->source, "what is in the segment is no time");
		}
		source_missed(s->source, 1);
		return;
	}
	sample = (struct reference_sample){.realtime_ns = taken.realtime_ns,
					   .t_ns = taken.t_ns,
					   .resolution_ns = taken.resolution_ns};
	s->source->claims.leap = taken.leap;
	if (reference_emit(s->source, &s->track, &sample))
		s->source->stats.reach = (uint8_t)(s->source->stats.reach << 1);
}

static void poll_due(struct loop_timer *timer, int64_t now_ns)
{
	struct shm *s = timer->context;
	int err = s->segment ? 0 : s->calls->attach(s->source->config->unit, &s->segment);

	loop_arm(s->source->env->loop, timer, now_ns + (int64_t)(s->source->poll_s * 1e9));
	s->source->stats.sent++;
	if (!err) {
		take_sample(s);
		return;
	}
	s->segment = NULL;
	source_problem(s->source, "the segment cannot be attached: %.48s", strerror(-err));
	source_missed(s->source, 1);
	source_tell_offline(s->source);
}

static void shm_stop(struct source *source)
{
	struct shm *s = source->impl;

	loop_disarm(source->env->loop, &s->timer);
	if (s->segment)
		s->calls->detach(s->segment);
	free(s);
	source->impl = NULL;
}

static const struct source_ops shm_ops = {
	.type = "shm", .stop = shm_stop, .retune = source_retune_poll};

int shm_start_with(struct source *source, const struct config_source *config,
		   struct source_env *env, const struct shm_calls *calls)
{
	struct shm *s = calloc(1, sizeof(*s));
	char address[16];

	if (!s)
		return -ENOMEM;
	s->source = source;
	s->calls = calls;
	s->timer = (struct loop_timer){.fire = poll_due, .context = s};
	realtime_start(&s->track, env->counter, env->realtime_steered);
	snprintf(address, sizeof(address), "unit %u", config->unit);
	source_begin(source, &shm_ops, config, env, address, "SHM");
	source->impl = s;
	source_tell_poll(source, config->min_poll_s);
	loop_arm(env->loop, &s->timer, loop_now_ns());
	return 0;
}

int shm_start(struct source *source, const struct config_source *config, struct source_env *env)
{
	return shm_start_with(source, config, env, &shm_system);
}
