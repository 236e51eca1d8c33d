// SPDX-License-Identifier: GPL-2.0-only
/* The reference as a PTP clock, for programs of this host that know how to read one. */
#include <linux/module.h>

#include "counter.h"
#include "vmclock_host.h"

/* Off, so that the numbers of other PTP clocks do not depend on whether we come before them. */
static bool ptp_clock;
module_param(ptp_clock, bool, 0444);
MODULE_PARM_DESC(ptp_clock, "Show the reference as a PTP clock, TAI, read-only (default N)");

/* What a reading consists of: the line, and a value of the counter when that line was in force. */
struct reading {
	struct vmclock_line line;
	u64 counter;
};

static u64 read_counter(struct vmclock_host *host, struct ptp_system_timestamp *sts)
{
	u64 counter;

	ptp_read_system_prets(sts);
#ifdef HAVE_KTIME_GET_SNAPSHOT_ID
	/* What was read for the system's time will do: then all are of the same moment. */
	if (sts && vmclock_host_clock_counts(&host->clock, sts->pre_sts.cs_was_changed_seq)) {
		sts->post_sts = sts->pre_sts;
		return sts->pre_sts.cycles;
	}
#endif
	counter = vmclock_counter_read();
	ptp_read_system_postts(sts);
	return counter;
}

/*
 * As every reader of the page does; but here nobody has to give up, for who writes is never
 * interrupted for long. An odd count cannot be what is found afterwards, unless nothing changed.
 */
static int read_reference(struct vmclock_host *host, struct reading *reading,
			  struct ptp_system_timestamp *sts)
{
	const struct vmclock_abi *page = &host->page.copy;
	struct vmclock_abi copy;
	u32 seq;

	for (;;) {
		seq = le32_to_cpu(READ_ONCE(page->seq_count)) & ~1;
		smp_rmb(); /* The count before the fields: pairs with vmclock_page_end(). */
		data_race(memcpy(&copy, page, sizeof(copy)));
		reading->counter = read_counter(host, sts);
		smp_rmb(); /* The fields before the count: pairs with vmclock_page_begin(). */
		if (le32_to_cpu(READ_ONCE(page->seq_count)) == seq)
			break;
		cpu_relax();
	}
	reading->line = (struct vmclock_line) {
		.counter = le64_to_cpu(copy.counter_value),
		.period = le64_to_cpu(copy.counter_period_frac_sec),
		.shift = copy.counter_period_shift,
		.origin = vmclock_instant_from(le64_to_cpu(copy.time_sec),
					       le64_to_cpu(copy.time_frac_sec)),
	};
	if (copy.clock_status == VMCLOCK_STATUS_UNRELIABLE || !vmclock_counter_stable())
		return -ENODATA;
	return 0;
}

/* Rounded down. */
static struct timespec64 time_of(const struct reading *reading)
{
	vmclock_instant now = vmclock_line_at(&reading->line, reading->counter);
	struct timespec64 ts = {
		.tv_sec = vmclock_instant_sec(now),
		.tv_nsec = mul_u64_u64_shr(vmclock_instant_frac(now), NSEC_PER_SEC, 64),
	};

	return ts;
}

static struct vmclock_host *host_of(struct ptp_clock_info *info)
{
	return container_of(info, struct vmclock_host, ptp.info);
}

static int gettimex64(struct ptp_clock_info *info, struct timespec64 *ts,
		      struct ptp_system_timestamp *sts)
{
	struct reading reading;
	int rc = read_reference(host_of(info), &reading, sts);

	if (!rc)
		*ts = time_of(&reading);
	return rc;
}

struct cross_request {
	struct vmclock_host *host;
	const struct clocksource *clock;
};

static int cross_read(ktime_t *device_time, struct system_counterval_t *system, void *data)
{
	struct cross_request *request = data;
	struct reading reading;
	int rc = read_reference(request->host, &reading, NULL);

	if (rc)
		return rc;
	*device_time = timespec64_to_ktime(time_of(&reading));
	system->cycles = reading.counter;
#ifdef HAVE_CSID_X86_TSC
	system->cs_id = request->clock->id;
	system->use_nsecs = false;
#else
	system->cs = (struct clocksource *)request->clock;
#endif
	return 0;
}

/* -ENODEV where the clocksource is not the counter. */
static int getcrosststamp(struct ptp_clock_info *info, struct system_device_crosststamp *cross)
{
	struct cross_request request = { .host = host_of(info) };

	request.clock = vmclock_host_clock_counter(&request.host->clock);
	if (!request.clock)
		return -ENODEV;
	return get_device_system_crosststamp(cross_read, &request, NULL, cross);
}

static int settime64(struct ptp_clock_info *info, const struct timespec64 *ts)
{
	return -EOPNOTSUPP;
}

static int adjtime(struct ptp_clock_info *info, s64 delta)
{
	return -EOPNOTSUPP;
}

static int adjfine(struct ptp_clock_info *info, long scaled_ppm)
{
	return -EOPNOTSUPP;
}

static int enable(struct ptp_clock_info *info, struct ptp_clock_request *request, int on)
{
	return -EOPNOTSUPP;
}

int vmclock_ptp_init(struct vmclock_host *host)
{
	static const struct ptp_clock_info template = {
		.owner = THIS_MODULE,
		.name = "vmclock_host",
		.gettimex64 = gettimex64,
		.getcrosststamp = getcrosststamp,
		.settime64 = settime64,
		.adjtime = adjtime,
		.adjfine = adjfine,
		.enable = enable,
	};

	if (!ptp_clock)
		return 0;
	host->ptp.info = template;
	host->ptp.clock = ptp_clock_register(&host->ptp.info, NULL);
	return PTR_ERR_OR_ZERO(host->ptp.clock);
}

void vmclock_ptp_exit(struct vmclock_host *host)
{
	if (!IS_ERR_OR_NULL(host->ptp.clock))
		ptp_clock_unregister(host->ptp.clock);
}

u64 vmclock_ptp_features(const struct vmclock_host *host)
{
	return host->ptp.clock ? VMCLOCK_HOST_FEATURE_PTP : 0;
}
