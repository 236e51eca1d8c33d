// SPDX-License-Identifier: GPL-2.0-or-later
/* [process]: processors, real-time priority, locked memory. */
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "log.h"

/* "0,2-3" into a set; the configuration has checked the syntax. */
static void parse_cpu_list(const char *list, cpu_set_t *set)
{
	CPU_ZERO(set);
	for (const char *at = list; *at;) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < CPU_SETSIZE; first++)
			CPU_SET(first, set);
		at = *end == ',' ? end + 1 : end + strlen(end);
	}
}

void process_apply(const struct config *config)
{
	struct sched_param param = {.sched_priority = config->realtime_priority};
	cpu_set_t cpus;

	if (config->cpu_list[0]) {
		parse_cpu_list(config->cpu_list, &cpus);
		if (sched_setaffinity(0, sizeof(cpus), &cpus))
			log_warning("cpu = %s: %s", config->cpu_list, strerror(errno));
	}
	if (config->realtime_priority && sched_setscheduler(0, SCHED_FIFO, &param))
		log_warning("realtime = %d: %s (needs CAP_SYS_NICE)", config->realtime_priority,
			    strerror(errno));
	if (config->lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE))
		log_warning("lock-memory: %s (needs CAP_IPC_LOCK or a higher LimitMEMLOCK=)",
			    strerror(errno));
}
