// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts and stops sources by the type that the configuration names. */
#include "source.h"

#include <errno.h>

#include "extts.h"
#include "latch.h"
#include "phc.h"
#include "pool.h"
#include "pps.h"
#include "shm.h"
#include "sock.h"
#include "system.h"
#include "vmclock.h"

unsigned int source_count(const struct config_source *config)
{
	return config->type == SOURCE_TYPE_POOL ? config->pool_sources : 1;
}

int source_start(struct source *sources, const struct config_source *config, struct source_env *env)
{
	for (unsigned int i = 0; i < source_count(config); i++)
		sources[i] = (struct source){.slot = sources[i].slot};
	switch (config->type) {
	case SOURCE_TYPE_NTP:
	case SOURCE_TYPE_POOL:
		return pool_start(sources, config, env);
	case SOURCE_TYPE_SYSTEM:
		return system_start(sources, config, env);
	case SOURCE_TYPE_EXTTS:
		return extts_start(sources, config, env);
	case SOURCE_TYPE_PHC:
		return phc_start(sources, config, env);
	case SOURCE_TYPE_PPS:
		return pps_start(sources, config, env);
	case SOURCE_TYPE_LATCH:
		return latch_start(sources, config, env);
	case SOURCE_TYPE_SOCK:
		return sock_start(sources, config, env);
	case SOURCE_TYPE_SHM:
		return shm_start(sources, config, env);
	case SOURCE_TYPE_VMCLOCK:
		return vmclock_start(sources, config, env);
	}
	return -EINVAL;
}

void source_retune(struct source *source)
{
	if (source->impl && source->ops->retune)
		source->ops->retune(source);
}

void source_stop(struct source *source)
{
	if (source->impl)
		source->ops->stop(source);
}
