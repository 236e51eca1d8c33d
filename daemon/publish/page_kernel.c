// SPDX-License-Identifier: GPL-2.0-or-later
/* Publications into the page of the kernel driver vmclock_host. */
#include "page_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vmclock_host.h>

#include "../clock/sample.h"

/* A module may be loaded at any time, and its readers find no time until then; looking costs one
 * system call. */
#define ABSENT_WAIT_NS INT64_C(1000000000)
#define FIRST_WAIT_NS INT64_C(1000000000)
#define LONGEST_WAIT_NS INT64_C(64000000000)
/* Nominal rates of the kernel and of ours: further apart, one of them is of another counter. */
#define NOMINAL_TOLERANCE 500e-6
/* Another CPU's counter may be a little ahead. */
#define FUTURE_NS 1e6

static int system_open(const char *path, int flags)
{
	return open(path, flags);
}

static int system_ioctl(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument);
}

const struct page_kernel_ops page_kernel_system = {system_open, system_ioctl, close};

void page_kernel_init(struct page_kernel *page, const struct page_kernel_settings *settings,
		      const struct counter *counter, const struct page_kernel_ops *ops)
{
	memset(page, 0, sizeof(*page));
	page->ops = ops;
	page->counter = counter;
	page->host = settings->host;
	page->optional = settings->optional;
	page->fd = -1;
	page->lease_ns = (uint64_t)settings->lease_ns;
	page->unreliable_above_ns = (uint64_t)settings->unreliable_above_ns;
	page->renew_at_ns = INT64_MAX;
	page->retry_at_ns = settings->path[0] ? 0 : INT64_MAX;
	snprintf(page->path, sizeof(page->path), "%s", settings->path);
}

/* A signal that came while another call held the driver's lock is no failure. */
static int request(const struct page_kernel *page, unsigned long number, void *argument)
{
	int rc;

	do
		rc = page->ops->ioctl(page->fd, number, argument);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENXIO || err == -ENODEV;
}

/* Not open now; when to look again, and what to say. Always returns err. */
__attribute__((format(printf, 4, 5))) static int give_up(struct page_kernel *page, int64_t now_ns,
							 int err, const char *format, ...)
{
	va_list arguments;

	page_kernel_close(page);
	if (is_absent(err))
		page->retry_wait_ns = ABSENT_WAIT_NS;
	else if (page->retry_wait_ns < FIRST_WAIT_NS)
		page->retry_wait_ns = FIRST_WAIT_NS;
	else if (page->retry_wait_ns < LONGEST_WAIT_NS)
		page->retry_wait_ns *= 2;
	page->retry_at_ns = now_ns + page->retry_wait_ns;
	va_start(arguments, format);
	vsnprintf(page->problem, sizeof(page->problem), format, arguments);
	va_end(arguments);
	return err;
}

/* Who set the line is most often who has it open for writing. 0: not known. */
static unsigned int other_writer(struct page_kernel *page)
{
	struct vmclock_host_state state = {.size = sizeof(state)};
	unsigned int pid = 0;

	page->fd = page->ops->open(page->path, O_RDONLY | O_CLOEXEC);
	if (page->fd < 0)
		return 0;
	if (!request(page, VMCLOCK_HOST_GET_REFERENCE, &state) &&
	    (state.valid & VMCLOCK_HOST_STATE_REFERENCE))
		pid = state.set_by_pid;
	page_kernel_close(page);
	return pid;
}

static int explain_open(struct page_kernel *page, int64_t now_ns, int err)
{
	unsigned int pid;

	switch (err) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		give_up(page, now_ns, err, "%s: %s: the module vmclock_host is not loaded",
			page->path, strerror(-err));
		if (page->optional)
			page->problem[0] = '\0';
		return err;
	case -EBUSY:
		pid = other_writer(page);
		if (pid)
			return give_up(page, now_ns, err,
				       "%s: somebody else has it open for writing (process %u set "
				       "its line)",
				       page->path, pid);
		return give_up(page, now_ns, err, "%s: somebody else has it open for writing",
			       page->path);
	case -EPERM:
		return give_up(page, now_ns, err,
			       "%s: %s: setting the kernel's page needs CAP_SYS_TIME, and the "
			       "device in the unit's DeviceAllow=",
			       page->path, strerror(-err));
	case -EACCES:
		return give_up(page, now_ns, err,
			       "%s: %s: the udev rule lets the group vmclock write there",
			       page->path, strerror(-err));
	default:
		return give_up(page, now_ns, err, "%s: %s", page->path, strerror(-err));
	}
}

static bool nominal_agrees(const struct page_kernel *page, uint64_t kernel_hz)
{
	double ratio = (double)kernel_hz / page->counter->nominal_hz;

	return fabs(ratio - 1) <= NOMINAL_TOLERANCE;
}

/* What this driver is, and whether that is what we speak. */
static int check_driver(struct page_kernel *page, int64_t now_ns)
{
	struct vmclock_host_info info = {.size = sizeof(info)};
	int err = request(page, VMCLOCK_HOST_GET_INFO, &info);

	if (err)
		return give_up(page, now_ns, -EPROTO,
			       "%s: %s: no vmclock_host driver, or one of another generation",
			       page->path, strerror(-err));
	if (info.abi_version != VMCLOCK_HOST_ABI_VERSION)
		return give_up(page, now_ns, -EPROTO,
			       "%s: the driver's interface has version %u, this vmclockd knows %u: "
			       "install the two from one release",
			       page->path, info.abi_version, VMCLOCK_HOST_ABI_VERSION);
	if (!(info.features & VMCLOCK_HOST_FEATURE_LEASE))
		return give_up(page, now_ns, -EPROTO,
			       "%s: the driver has no leases: its page would not be downgraded "
			       "when the daemon hangs",
			       page->path);
	if (info.counter_id != page->counter->page_id)
		return give_up(page, now_ns, -EPROTO,
			       "%s: the driver counts by counter %u, counter = %s is %u",
			       page->path, info.counter_id, page->counter->name,
			       page->counter->page_id);
	if (!nominal_agrees(page, info.counter_nominal_hz))
		return give_up(page, now_ns, -EPROTO,
			       "%s: the kernel takes the counter to run at %llu Hz, which is more "
			       "than 500 ppm from the %.0f Hz measured",
			       page->path, (unsigned long long)info.counter_nominal_hz,
			       page->counter->nominal_hz);
	if (page->host)
		host_kernel_opened(page->host, info.features & VMCLOCK_HOST_FEATURE_STEER_HOST);
	if (page->lease_ns < info.lease_min_ns)
		page->lease_ns = info.lease_min_ns;
	if (page->lease_ns > info.lease_max_ns)
		page->lease_ns = info.lease_max_ns;
	return 0;
}

static struct vmclock_reference from_kernel(const struct vmclock_host_line *line)
{
	return (struct vmclock_reference){
		.counter_value = line->counter_value,
		.counter_period_frac_sec = line->counter_period_frac_sec,
		.period_esterror = line->period_esterror,
		.period_maxerror = line->period_maxerror,
		.time_sec = line->time_sec,
		.time_frac_sec = line->time_frac_sec,
		.time_esterror_nanosec = line->time_esterror_nanosec,
		.time_maxerror_nanosec = line->time_maxerror_nanosec,
		.flags = line->flags,
		.tai_offset_sec = line->tai_offset_sec,
		.counter_period_shift = line->counter_period_shift,
		.clock_status = line->clock_status,
	};
}

/*
 * The line is of this boot, for it was in the kernel's memory, and the driver forgets it when the
 * machine sleeps or the counter is found unstable. Only a counter that was set is not noticed.
 */
static void read_line(struct page_kernel *page, struct page_resume *resume)
{
	struct vmclock_host_state state = {.size = sizeof(state)};
	struct vmclock_reference ref;
	double ahead_ns;

	if (request(page, VMCLOCK_HOST_GET_REFERENCE, &state) ||
	    !(state.valid & VMCLOCK_HOST_STATE_REFERENCE) ||
	    state.line.time_type != VMCLOCK_TIME_TAI ||
	    state.line.counter_id != page->counter->page_id)
		return;
	ahead_ns = (double)counter_diff(state.line.counter_value, page->counter->read()) *
		   page->counter->ns_per_tick;
	ref = from_kernel(&state.line);
	if (ahead_ns <= FUTURE_NS)
		*resume = reference_resume(&ref, page->counter);
}

int page_kernel_open(struct page_kernel *page, int64_t now_ns, struct page_resume *resume)
{
	int err;

	resume->valid = false;
	page->fd = page->ops->open(page->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (page->fd < 0)
		return explain_open(page, now_ns, -errno);
	err = check_driver(page, now_ns);
	if (err)
		return err;
	read_line(page, resume);
	page_kernel_look(page);
	page->disrupt = true;
	page->retry_at_ns = INT64_MAX;
	page->problem[0] = '\0';
	return 0;
}

static struct vmclock_host_reference to_kernel(const struct page_kernel *page,
					       const struct vmclock_reference *ref)
{
	return (struct vmclock_host_reference){
		.size = sizeof(struct vmclock_host_reference),
		.flags = ref->disrupt || page->disrupt ? VMCLOCK_HOST_REF_DISRUPT : 0,
		.line = {.counter_value = ref->counter_value,
			 .counter_period_frac_sec = ref->counter_period_frac_sec,
			 .period_esterror = ref->period_esterror,
			 .period_maxerror = ref->period_maxerror,
			 .time_sec = ref->time_sec,
			 .time_frac_sec = ref->time_frac_sec,
			 .time_esterror_nanosec = ref->time_esterror_nanosec,
			 .time_maxerror_nanosec = ref->time_maxerror_nanosec,
			 .flags = ref->flags,
			 .tai_offset_sec = ref->tai_offset_sec,
			 .counter_period_shift = ref->counter_period_shift,
			 .leap_indicator = ref->leap_indicator,
			 .smearing_hint = ref->smearing_hint,
			 .clock_status = ref->clock_status,
			 .time_type = VMCLOCK_TIME_TAI,
			 .counter_id = page->counter->page_id},
		.splice_max_ns = SPLICE_MAX_NS,
		.lease_ns = page->lease_ns,
		.unreliable_above_ns = page->unreliable_above_ns,
		.host_clock = VMCLOCK_HOST_CLOCK_NONE,
	};
}

void page_kernel_look(struct page_kernel *page)
{
	struct vmclock_host_state state = {.size = sizeof(state)};

	if (page->fd >= 0 && page->host && page->host->settings.wanted &&
	    !request(page, VMCLOCK_HOST_GET_REFERENCE, &state))
		host_kernel_seen(page->host, &state);
}

/* CLOCK_REALTIME - CLOCK_MONOTONIC, which only a set of the clock changes. */
static bool read_set_offset(const struct page_kernel *page, int64_t *offset_ns)
{
	struct counter_snapshot snapshot;

	if (page_kernel_snapshot(page, &snapshot))
		return false;
	*offset_ns = snapshot.realtime_ns - snapshot.monotonic_ns;
	return true;
}

/* Says by how much the clock was set, if it was. */
static int set_and_step(const struct page_kernel *page, struct vmclock_host_reference *set)
{
	int64_t before_ns, after_ns;
	bool known = read_set_offset(page, &before_ns);
	int err = request(page, VMCLOCK_HOST_SET_REFERENCE, set);
	double by_ns;

	if (err || !known || !read_set_offset(page, &after_ns))
		return err;
	by_ns = (double)(after_ns - before_ns);
	if (fabs(by_ns) > (double)set->step_threshold_ns)
		host_kernel_stepped(page->host, by_ns);
	return 0;
}

static int set_once(const struct page_kernel *page, struct vmclock_host_reference *set)
{
	if (set->host_clock == VMCLOCK_HOST_CLOCK_STEER_STEP)
		return set_and_step(page, set);
	return request(page, VMCLOCK_HOST_SET_REFERENCE, set);
}

/*
 * For the page, and for the kernel's own clock. Refused for the clock, it still is the page's: then
 * it is set again without. *again: it has to be set once more, for the clock.
 */
static int set_line(struct page_kernel *page, struct vmclock_host_reference *set, int64_t now_ns,
		    bool *again)
{
	int err, refused;

	*again = false;
	if (!page->host)
		return request(page, VMCLOCK_HOST_SET_REFERENCE, set);
	page_kernel_look(page);
	*again = host_kernel_ask(page->host, set, now_ns);
	err = set_once(page, set);
	refused = err;
	if (err && err != -ESTALE && set->host_clock != VMCLOCK_HOST_CLOCK_NONE) {
		set->host_clock = VMCLOCK_HOST_CLOCK_NONE;
		set->step_threshold_ns = 0;
		err = set_once(page, set);
	}
	if (err)
		return err;
	host_kernel_taken(page->host, set);
	if (refused)
		host_kernel_refused(page->host, refused, now_ns);
	else if (!page->host->known)
		page_kernel_look(page);
	return 0;
}

/* Readers must at least learn that what they know of the counter is void, and the line with it. */
static void disrupt_alone(const struct page_kernel *page)
{
	struct vmclock_host_disrupt disrupt = {.size = sizeof(disrupt),
					       .reason = VMCLOCK_HOST_REASON_COUNTER};

	request(page, VMCLOCK_HOST_DISRUPT, &disrupt);
}

static int explain_set(struct page_kernel *page, int64_t now_ns, int err)
{
	page->failures++;
	if (err == -ENODEV)
		return give_up(page, now_ns, err,
			       "%s: the kernel takes no line, for it found the counter unstable",
			       page->path);
	return give_up(page, now_ns, err, "%s: the driver refuses the line: %s", page->path,
		       strerror(-err));
}

int page_kernel_publish(struct page_kernel *page, const struct publication *publication,
			const struct page_calendar *calendar, int64_t now_ns, double *raised_ns)
{
	struct vmclock_reference ref;
	struct vmclock_host_reference set;
	bool again;
	int err;

	*raised_ns = 0;
	if (page->fd < 0)
		return -EBADF;
	ref = reference_of(publication, calendar, page->counter, true);
	set = to_kernel(page, &ref);
	err = set_line(page, &set, now_ns, &again);
	if (err == -ESTALE && !(set.flags & VMCLOCK_HOST_REF_DISRUPT))
		return err;
	if (err) {
		if (set.flags & VMCLOCK_HOST_REF_DISRUPT)
			disrupt_alone(page);
		return explain_set(page, now_ns, err);
	}
	*raised_ns = ldexp((double)set.raised_frac_sec, -64) * 1e9;
	page->disrupt = false;
	page->retry_wait_ns = 0;
	page->raised_ns_total += *raised_ns;
	page->renew_at_ns = again ? now_ns : now_ns + (int64_t)(page->lease_ns / 3);
	page->writes++;
	return 0;
}

int page_kernel_snapshot(const struct page_kernel *page, struct counter_snapshot *out)
{
	struct vmclock_host_snapshot snapshot = {.size = sizeof(snapshot)};
	int err = request(page, VMCLOCK_HOST_GET_SNAPSHOT, &snapshot);

	*out = (struct counter_snapshot){.counter = snapshot.counter_value,
					 .realtime_ns = snapshot.realtime_ns,
					 .monotonic_ns = snapshot.monotonic_ns};
	return err;
}

void page_kernel_close(struct page_kernel *page)
{
	if (page->fd >= 0)
		page->ops->close(page->fd);
	page->fd = -1;
	if (page->host)
		host_kernel_closed(page->host);
	page->renew_at_ns = INT64_MAX;
}
