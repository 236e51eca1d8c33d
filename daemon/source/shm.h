/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples that another program leaves in NTP shared memory. */
#ifndef VMCLOCK_SHM_H
#define VMCLOCK_SHM_H

#include "shm_segment.h"
#include "source.h"

/* What is called of the system; tests have their own. */
struct shm_calls {
	/* Attaches unit N, made where it is missing. 0 or -errno. */
	int (*attach)(unsigned int unit, volatile struct shm_segment **out);
	void (*detach)(volatile struct shm_segment *segment);
};

/* Type `shm`; as source_start(). */
int shm_start(struct source *source, const struct config_source *config, struct source_env *env);

int shm_start_with(struct source *source, const struct config_source *config,
		   struct source_env *env, const struct shm_calls *calls);

#endif
